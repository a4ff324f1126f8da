"""Bringing a search back to where its last checkpoint was made."""

from __future__ import annotations

from pathlib import Path

from autosample.data import Note
from autosample.errors import StoreError
from autosample.search import Engine, Outcome
from autosample.store.checkpoints import Recorded, checkpoint_files, load_checkpoint


def restore(folder: Path, engine: Engine, search: Recorded) -> list[Note]:
    """Bring engine and search to the newest readable checkpoint; without one, leave them new.

    Returns:
        What a person should know: AS520 for a damaged checkpoint, AS521 from where the search goes
        on, AS522 when it starts again.

    Raises:
        StoreError: AS510 when the search does not ask for what was written.
    """
    notes = []
    for path in checkpoint_files(folder):
        try:
            checkpoint = load_checkpoint(path)
        except StoreError as error:
            notes.append(Note("AS520", f"{error.problem} It was passed over.", 1))
            path.unlink()
            continue
        _replay(engine, search, checkpoint.outcomes())
        checkpoint.restore(engine)
        text = f"Went on from the checkpoint after trial {engine.trials}."
        return [*notes, Note("AS521", text, engine.trials)]
    if notes:
        notes.append(Note("AS522", "No checkpoint was readable: started again.", 1))
    return notes


def _replay(engine: Engine, search: Recorded, told: list[list[Outcome]]) -> None:
    """Tell the search what it was told before."""
    for number, outcomes in enumerate(told, 1):
        trial = search.ask()
        asked = [] if trial is None else [arm.sampler.label for arm in trial.arms]
        written = [outcome.label for outcome in outcomes]
        averages = len(written) - len(asked)  # one outcome more where the arms were averaged
        if trial is None or asked != written[: len(asked)] or averages not in (0, 1):
            raise StoreError(
                "AS510",
                f"Trial {number} was written with {written}, and the search asks for {asked}.",
                "Resume with the version in environment.json, or `autosample repeat` the run.",
            )
        engine.samplers |= {arm.sampler.label: arm.sampler for arm in trial.arms}
        search.tell(outcomes)
