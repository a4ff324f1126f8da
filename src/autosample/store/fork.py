"""A run gone on with elsewhere under other settings, from its checkpoint where that is sound."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from autosample.data import Dataset, Note
from autosample.errors import StoreError
from autosample.run import make_search
from autosample.samplers.base import Sampler
from autosample.settings import Settings
from autosample.store.checkpoints import Checkpoint, Checkpoints
from autosample.store.files import locked, replace_file
from autosample.store.folder import RunFolder
from autosample.store.keeper import Recorded

#: Settings that change nothing before the end, and those whose past is told by replaying it.
_LATE = {"metrics"}
_ROUNDING = {"device"}  #: changes the last digits only
_REPLAYED = {"epochs", "window", "patience", "retrain"}


def changes(old: Settings, new: Settings) -> dict[str, tuple[object, object]]:
    """What differs: old and new values by name."""
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in Settings.model_fields}
    return {name: (one, other) for name, (one, other) in pairs.items() if one != other}


def refuse(folder: RunFolder, changed: dict[str, tuple[object, object]]) -> None:
    """Refuse to go on with a run in its own folder under other settings.

    Raises:
        StoreError: AS512 listing old and new values, when there are any.
    """
    if changed:
        told = "; ".join(f"{name} was {old}, is {new}" for name, (old, new) in changed.items())
        raise StoreError(
            "AS512",
            f"A run goes on with the settings it began with, and here {told}.",
            "Leave them out, or name a new folder with --fork to go on there.",
        )


def fork(folder: RunFolder, path: str | Path, settings: Settings) -> RunFolder:
    """A new run folder with the same data and other settings.

    It has the newest checkpoint of the old one if an uninterrupted run with the new settings would
    have come there too, to the bit or, on another device, but for the last digits; otherwise it
    starts anew. Its notes say which (AS525).

    Raises:
        StoreError: AS501 when there is something at ``path``; AS505 while the old run goes on;
            AS506 when its data was damaged.
    """
    if Path(path).resolve() == folder.path.resolve():
        raise StoreError(
            "AS501", f"A run is forked to another folder, got {path}, its own.", "Name a new one."
        )
    with locked(folder.path):
        dataset = folder.dataset()
        new = RunFolder.create(path, dataset, settings)
        manifest, found = _newest(Checkpoints(folder.path))
        why = _objection(folder.settings(), settings, dataset, found)
        if manifest is not None and found is not None and not why:
            _copy(manifest, found, new)
    how = f"Starts from the beginning: {why}" if why else f"Goes on from where {folder.path} is"
    if not why and (was := folder.settings().device) != settings.device:
        how += f", on {settings.device} after {was}: last digits are those of neither alone"
    new.notes.append(Note("AS525", f"{how}.", 1))
    return new


def _newest(checkpoints: Checkpoints) -> tuple[Path | None, Checkpoint | None]:
    for path in checkpoints.files():
        try:
            return path, checkpoints.load(path)
        except StoreError:
            continue
    return None, None


def _objection(old: Settings, new: Settings, dataset: Dataset, found: Checkpoint | None) -> str:
    """Why the checkpoint is not one of a run with the new settings; empty when it is."""
    if found is None:
        return "the run has no checkpoint, or is over"
    changed = changes(old, new).keys() - _LATE - _ROUNDING
    if changed - _REPLAYED:
        return f"{', '.join(sorted(changed - _REPLAYED))} matters from the first batch"
    if len(found.parts) > 1 and changed:
        return "the run is in its final training"
    return _search_objection(new, dataset, found, "epochs" in changed)


def _search_objection(settings: Settings, dataset: Dataset, found: Checkpoint, epochs: bool) -> str:
    """Why a new search could not have done what the old one did, up to its present trial."""
    told = found.parts[0]
    try:
        search = Recorded(make_search(settings, dataset), told)
        if told.asked is not None:
            search.ask()
    except StoreError:
        return "the search would have asked for other trials"
    if not _decided_so(search, found):
        return "the search would have decided otherwise"
    if epochs and any(map(_has_curriculum, search.samplers.values())):
        return "a sampler goes by the number of epochs"
    return ""


def _decided_so(search: Recorded, found: Checkpoint) -> bool:
    """Whether the search's decisions leave the states that the checkpoint has."""
    written = (record for record in found.books["history"] if record["kind"] == "decision")
    same = all(
        (made.adopt, made.keep, made.trail) == tuple(map(record.get, ("adopt", "keep", "trail")))
        for made, record in zip(search.decisions, written, strict=False)
    )
    return same and (len(found.parts) > 1 or search.keeps <= found.books["states"].keys())


def _has_curriculum(sampler: Sampler) -> bool:
    parts = (part for part in sampler.modules() if isinstance(part, Sampler))
    return any("epoch" in part.needs for part in parts)


def _copy(manifest: Path, found: Checkpoint, new: RunFolder) -> None:
    target = Checkpoints(new.path).folder
    target.mkdir()
    names = [f"{name}.safetensors" for name in found.blobs]
    for name in [*names, manifest.name]:
        replace_file(target / name, partial(shutil.copyfile, manifest.parent / name))
