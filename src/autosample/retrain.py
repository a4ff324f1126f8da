"""What the final training starts from, once a search has found a schedule of samplers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, MAIN, TRAIL, Arm, Decision, Outcome, Search, Trial
from autosample.search.baselines import Fixed
from autosample.search.engine import Engine, Schedule, SearchResult

#: Carries out a search, as ``Engine.run`` does.
CarryOut = Callable[[Engine, Search], SearchResult]


def final_training(
    kind: str,
    engine: Engine,
    *,
    epochs: int,
    window: int,
    patience: int,
    carry_out: CarryOut = Engine.run,
) -> SearchResult:
    """Settle the final parameters after a search; the learner ends in them.

    - ``continue``: the search's best parameters are final. Training has gone on from the winner of
      every trial, as in a curriculum (after Lyu et al. 2023), so nothing is trained again.
    - ``rewind``: the schedule's last sampler trains on from the parameters after the schedule's
      first window, trained anew.
    - ``scratch``: the schedule's last sampler trains from the initial parameters.
    - ``replay``: nothing here; see :class:`Replay`.

    Args:
        kind: One of the four.
        engine: The engine of the search; its books go on.
        epochs: Most epochs, those of the starting point included.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which training ends.
        carry_out: How trainings are carried out.
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
    for books in (engine.states, engine.schedules):
        books.pop(TRAIL, None)  # the mean belongs to the search
    start, left = INITIAL, epochs
    if kind == "rewind":
        head = min(window, found.schedule[0][1])
        carry_out(engine, Fixed(engine.samplers[found.schedule[0][0]], epochs=head, window=head))
        start, left = MAIN, epochs - head
    if left > 0:
        last = engine.samplers[found.schedule[-1][0]]
        again = Fixed(last, epochs=left, window=window, patience=patience, start=start)
        carry_out(engine, again)
    return engine.result


class Replay(Search):
    """A found schedule again, such as by a fresh learner on training and validation together.

    The mean that the result was taken from is made again. There is nothing held out to stop by: the
    schedule's length is the length of the training.

    Args:
        schedule: What was found.
        samplers: By label.
        window: Epochs between two points of the mean.
        trail: Weight of the newest point in it; 1: the last point is the result.
        mean_from: Epochs after which the mean begins.
    """

    name: ClassVar[str] = "replay"

    def __init__(
        self,
        schedule: Schedule,
        samplers: Mapping[str, Sampler],
        *,
        window: int,
        trail: float = 1.0,
        mean_from: int = 0,
    ) -> None:
        self._left, self._samplers = _by_window(schedule, window), samplers
        self._trail, self._ahead = trail, mean_from  # epochs until the mean begins

    def ask(self) -> Trial | None:
        """The next entry of the schedule."""
        if not self._left:
            return None
        label, epochs = self._left[0]
        return Trial((Arm(self._samplers[label]),), epochs, "replay of the schedule")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Go on with what was trained."""
        label, epochs = self._left.pop(0)
        self._ahead -= epochs
        reason = f"{label} trained for {epochs} epochs again"
        return Decision(MAIN, label, reason, trail=1.0 if self._ahead >= 0 else self._trail)


def _by_window(schedule: Schedule, window: int) -> list[tuple[str, int]]:
    """The schedule with longer entries cut into windows."""
    return [
        (label, min(window, epochs - start))
        for label, epochs in schedule
        for start in range(0, epochs, window)
    ]
