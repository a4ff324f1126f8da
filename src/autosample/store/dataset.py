"""A dataset in files: three parts as tensors, two vocabularies as lines, the rest as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save_file

from autosample.data import Dataset, Interactions, Note, Vocabulary
from autosample.store.files import replace_file, write_json

PARTS = ("train", "valid", "test")
FILES = ("data.safetensors", "users.jsonl", "items.jsonl", "data.json")


def save_dataset(folder: Path, dataset: Dataset) -> dict[str, str]:
    """Write the dataset; returns the SHA-256 of every file by name.

    Raises:
        StoreError: AS502, AS503, AS504.
    """
    arrays = {
        f"{name}_{field}": array
        for name in PARTS
        for field, array in _arrays(getattr(dataset, name)).items()
    }
    if dataset.train.exposed is not None:
        shown = _arrays(dataset.train.exposed)
        arrays |= {f"exposed_{field}": array for field, array in shown.items()}
    writers = {
        "data.safetensors": lambda path: save_file(arrays, path),
        "users.jsonl": dataset.users.save,
        "items.jsonl": dataset.items.save,
        "data.json": lambda path: write_json(path, dataset.summary()),
    }
    return {name: replace_file(folder / name, write)[1] for name, write in writers.items()}


def load_dataset(folder: Path) -> Dataset:
    """Read what :func:`save_dataset` wrote; the caller has compared the checksums."""
    arrays = load_file(folder / "data.safetensors")
    users, items = (Vocabulary.load(folder / f"{role}.jsonl") for role in ("users", "items"))
    train, valid, test = (
        Interactions(arrays[f"{name}_indptr"], arrays[f"{name}_items"], len(items))
        for name in PARTS
    )
    if "exposed_indptr" in arrays:
        shown = Interactions(arrays["exposed_indptr"], arrays["exposed_items"], len(items))
        train = train.with_exposed(shown)
    notes = json.loads((folder / "data.json").read_text("utf-8"))["notes"]
    return Dataset(train, valid, test, users, items, tuple(Note(**note) for note in notes))


def _arrays(part: Interactions) -> dict[str, Any]:
    return {"indptr": part.indptr, "items": part.items}
