"""Carrying out a run's searches with checkpoints, and bringing them back to the last one."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autosample.data import Note
from autosample.errors import StoreError
from autosample.samplers.base import Sampler
from autosample.search import Decision, Engine, Outcome, Search, SearchResult, Trial
from autosample.search.base import INITIAL
from autosample.store.checkpoints import (
    Checkpoint,
    Checkpoints,
    Part,
    as_result,
    describe,
    summary,
)
from autosample.store.pace import Pace


class Recorded(Search):
    """A search that writes down what it is asked and told, and goes on from what was written.

    Args:
        search: A new one.
        written: What it was told before; its next trial must be the one written as asked, if any.

    Raises:
        StoreError: AS510 when the search does not ask for what was written.
    """

    name = "recorded"

    def __init__(self, search: Search, written: Part) -> None:
        self.search, self.part = search, Part()
        self.samplers: dict[str, Sampler] = {}  # by label
        self.decisions: list[Decision] = []
        self._expected: dict[str, Any] | None
        for trial, outcomes in written.told:
            self._expected = trial
            self.ask()
            self.tell(outcomes)
        self._expected = written.asked

    @property
    def keeps(self) -> frozenset[str]:
        """States that the search may name again."""
        return self.search.keeps

    def ask(self) -> Trial | None:
        """The search's next trial."""
        trial = self.search.ask()
        self.part.asked = None if trial is None else describe(trial)
        if self._expected not in (None, self.part.asked):
            raise StoreError(
                "AS510",
                f"Trial {len(self.part.told) + 1} was written as {_in_words(self._expected)}, and "
                f"the search asks for {_in_words(self.part.asked)}.",
                "Resume with the version in environment.json, or `autosample repeat` the run.",
            )
        self._expected = None
        if trial is not None:
            self.samplers |= {arm.sampler.label: arm.sampler for arm in trial.arms}
        return trial

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Note the outcomes and pass them on."""
        assert self.part.asked is not None  # noqa: S101  for the type checker
        self.part.told.append((self.part.asked, outcomes))
        self.part.asked = None
        self.decisions.append(self.search.tell(outcomes))
        return self.decisions[-1]


class Keeper:
    """Carries out the searches of one run, one after the other, with checkpoints.

    Args:
        folder: The run's.
        pace: When to make them.
        should_stop: Asked after every batch; when true, a checkpoint is made and the run ends.

    Raises:
        StoreError: AS503, AS504 when a checkpoint cannot be read now.

    Attributes:
        notes: AS520 for a damaged checkpoint, AS521 from where the run goes on, AS522 when it
            starts again.
        history: Records up to the checkpoint that the run goes on from; empty in a new run.
        seconds: Time that lies behind it.
    """

    def __init__(self, folder: Path, pace: Pace, should_stop: Callable[[], bool] | None) -> None:
        self.folder, self.pace, self.should_stop = folder, pace, should_stop
        self.checkpoints = Checkpoints(folder)
        self.notes: list[Note] = []
        self._parts: list[Part] = []
        self._found = self._newest()
        self.history: list[dict[str, Any]] = []
        self.seconds = 0.0
        if self._found is not None:
            self.history = self._found.books["history"]
            self.seconds = self._found.books["result"]["seconds"]

    def carry_out(self, engine: Engine, search: Search) -> SearchResult:
        """Do what ``engine.run(search)`` does.

        Raises:
            StoreError: AS510 when the search does not ask for what was written; AS511 when the run
                was asked to stop; AS502, AS503, AS504 when a checkpoint cannot be written.
        """
        found = self._found
        written = Part() if found is None else found.parts[len(self._parts)]
        recorded = Recorded(search, written)
        engine.samplers |= recorded.samplers
        self._parts.append(recorded.part)
        if found is not None and written.end is not None:
            recorded.part.end = written.end
            engine.result = as_result(written.end, engine.states[INITIAL], self.history)
            return engine.result
        if found is not None:
            found.restore(engine)
            self._found = None
        engine.on_step = lambda over: self._step(engine, over)
        result = engine.run(recorded)
        recorded.part.end = summary(result)
        return result

    def _step(self, engine: Engine, over: bool) -> None:
        stop = self.should_stop is not None and self.should_stop()
        if stop or self.pace.due(over=over):
            self.pace.keep(lambda: self.checkpoints.save(engine, self._parts))
        if stop:
            raise StoreError(
                "AS511",
                f"The run in {self.folder} was asked to stop, and has stopped after a checkpoint.",
                f"Go on with `autosample resume {shlex.quote(str(self.folder))}`.",
            )

    def _newest(self) -> Checkpoint | None:
        files = self.checkpoints.files()
        for path in files:
            try:
                found = self.checkpoints.load(path)
            except StoreError as error:
                if error.code != "AS506":  # refused now, which says nothing of its content
                    raise
                self.notes.append(Note("AS520", f"{error.problem} It was passed over.", 1))
                path.unlink()
                continue
            trials, within = found.books["trials"], found.books["within"]
            text = f"Went on from the checkpoint {'in' if within else 'after'} trial {trials}."
            self.notes.append(Note("AS521", text, trials))
            return found
        if files:
            self.notes.append(Note("AS522", "No checkpoint was readable: started again.", 1))
        return None


def _in_words(trial: dict[str, Any] | None) -> str:
    if trial is None:
        return "nothing"
    return f"{', '.join(label for label, _, _ in trial['arms'])} for {trial['epochs']} epochs"
