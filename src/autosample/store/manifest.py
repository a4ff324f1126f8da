"""The list of a run folder's files with their checksums: what is not on it does not count."""

from __future__ import annotations

import json
from pathlib import Path

from autosample.errors import StoreError
from autosample.store import dataset, result
from autosample.store.files import checksum, replace_json, storing

FORMAT = 2
_READ = (1, FORMAT)  # the first had other checkpoints
_NAME = "manifest.json"
_OWN = ("settings.json", "environment.json", "history.jsonl")
_FILES = frozenset((*_OWN, *dataset.FILES, *result.FILES))
#: Of a finished run a bench keeps what statistics need, and drops this, which reports need.
LARGE = ("data.safetensors", "items.jsonl", "model.safetensors", "state.safetensors")


def write_manifest(folder: Path, sums: dict[str, str]) -> None:
    """List files by name with their SHA-256.

    Raises:
        StoreError: AS502, AS503, AS504 when it cannot be written.
    """
    replace_json(folder / _NAME, {"format": FORMAT, "sha256": sums})


def read_manifest(folder: Path) -> dict[str, str]:
    """SHA-256 by name of the listed files that a run can have.

    Raises:
        StoreError: AS507 when there is no list, AS508 when another version made it.
    """
    try:
        manifest = json.loads((folder / _NAME).read_text("utf-8"))
        made_by, sums = manifest["format"], dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(
            "AS507",
            f"{folder} must be the folder of a run, and it has no readable {_NAME}.",
            "See `autosample runs`; a run that ended before it began has to be started anew.",
        ) from None
    if made_by not in _READ:
        raise StoreError(
            "AS508",
            f"The folder has format {made_by}, and this version reads up to {FORMAT}.",
            "Use the version of autosample that made it, or a later one.",
        )
    return {name: value for name, value in sums.items() if name in _FILES}


def verified(folder: Path, name: str) -> Path:
    """The path of a listed file whose content is what was written.

    Raises:
        StoreError: AS506 when it is not, or is gone; see also :func:`read_manifest`.
    """
    path, expected = folder / name, read_manifest(folder).get(name)
    if not path.exists():
        raise StoreError(
            "AS506",
            f"{path} must be there, and it is not.",
            "A bench drops the data and model of its runs unless `autosample bench work` is told "
            "to --keep them. Otherwise restore the folder from a copy, or run again.",
        )
    with storing(path):
        if checksum(path) != expected:
            raise StoreError(
                "AS506",
                f"{name} does not have the checksum it was written with.",
                "Restore the folder from a copy, or run again.",
            )
    return path
