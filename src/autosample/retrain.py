"""What the final training starts from, once a search has found a schedule of samplers."""

from __future__ import annotations

from collections.abc import Callable

from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, MAIN
from autosample.search.baselines import Fixed
from autosample.search.engine import JOIN, Engine, Schedule, SearchResult, average
from autosample.train import Learner


def final_training(
    kind: str,
    engine: Engine,
    *,
    epochs: int,
    window: int,
    patience: int,
) -> SearchResult:
    """Settle the final parameters after a search; the learner ends in them.

    - ``continue``: the search's best parameters are final. Training has gone on from the winner of
      every trial, as in a curriculum (after Lyu et al. 2023), so nothing is trained again.
    - ``rewind``: the schedule's last sampler trains on from the parameters after the schedule's
      first window, trained anew.
    - ``scratch``: the schedule's last sampler trains from the initial parameters.
    - ``replay``: nothing here; see :func:`replay`.

    Args:
        kind: One of the four.
        engine: The engine of the search; its books go on.
        epochs: Most epochs, those of the starting point included.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which training ends.
    """
    found = engine.result
    if kind in ("continue", "replay") or not found.schedule:
        return found
    engine.result = SearchResult(
        state=engine.states[INITIAL],
        positives=found.positives,
        seconds=found.seconds,
        history=found.history,
    )
    start, left = INITIAL, epochs
    if kind == "rewind":
        head = min(window, found.schedule[0][1])
        engine.run(Fixed(engine.sampler(found.schedule[0][0]), epochs=head, window=head))
        start, left = MAIN, epochs - head
    if left > 0:
        last = engine.sampler(found.schedule[-1][0])
        engine.run(Fixed(last, epochs=left, window=window, patience=patience, start=start))
    return engine.result


def replay(learner: Learner, schedule: Schedule, samplers: Callable[[str], Sampler]) -> int:
    """Train a fresh learner, made for training and validation together, along a found schedule.

    Forks that the search averaged are trained and averaged again. There is nothing held out to stop
    by: the schedule's length is the length of the training. Returns the positives processed.
    """
    positives = 0
    for joined, epochs in schedule:
        start, forks = learner.snapshot(), []
        for label in joined.split(JOIN):
            learner.restore(start)
            for _ in range(epochs):
                positives += learner.run_epoch(samplers(label)).positives
            forks.append(learner.snapshot())
        if len(forks) > 1:
            learner.restore(average(forks))
    return positives
