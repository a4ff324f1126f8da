"""A run's result in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load, load_file, save_file

from autosample.data import Dataset
from autosample.metrics import Ranks
from autosample.run import RunResult
from autosample.settings import Settings
from autosample.store.files import replace_file, write_json

#: Everything needed to recommend, the rest of the learner, ranks of the test items, the numbers.
FILES = ("model.safetensors", "state.safetensors", "ranks.safetensors", "result.json")
_NUMBERS = ("valid_metric", "metrics", "positives", "trainings", "seconds")


def save_result(folder: Path, result: RunResult, fingerprint: str) -> dict[str, str]:
    """Write the result; returns the SHA-256 of every file by name.

    Args:
        folder: Where.
        result: What to write, but for its history and data, which the folder has.
        fingerprint: Of the dataset.

    Raises:
        StoreError: AS502, AS503, AS504.
    """
    tables = {"user_table": result.user_table, "item_table": result.item_table}
    tables = {name: table.detach().cpu().clone() for name, table in tables.items()}
    state = {name: tensor.contiguous() for name, tensor in result.state.items()}
    writers = {
        "model.safetensors": lambda path: save_file(tables, path),
        "state.safetensors": lambda path: save_file(state, path),
        "ranks.safetensors": lambda path: save_arrays(_rank_arrays(result.ranks), path),
        "result.json": lambda path: write_json(path, numbers(result, fingerprint)),
    }
    return {name: replace_file(folder / name, write)[1] for name, write in writers.items()}


def numbers(result: RunResult, fingerprint: str) -> dict[str, Any]:
    """The result without its tensors, ready for JSON."""
    return {
        "settings": result.settings.model_dump(mode="json"),
        "data": fingerprint,
        "schedule": [[label, epochs] for label, epochs in result.schedule],
        **{name: getattr(result, name) for name in _NUMBERS},
    }


def load_result(folder: Path, dataset: Dataset) -> RunResult:
    """Read what :func:`save_result` wrote; the caller has compared the checksums."""
    written = json.loads((folder / "result.json").read_text("utf-8"))
    # Read, not mapped: these tables outlive what happens to the file.
    tables = load((folder / "model.safetensors").read_bytes())
    ranks = load_arrays(folder / "ranks.safetensors")
    lines = (folder / "history.jsonl").read_text("utf-8").splitlines()
    return RunResult(
        settings=Settings.of(**written["settings"]),
        schedule=tuple((label, epochs) for label, epochs in written["schedule"]),
        **{name: written[name] for name in _NUMBERS},
        ranks=Ranks(**ranks) if len(ranks["users"]) else None,
        user_table=tables["user_table"],
        item_table=tables["item_table"],
        seen=dataset.train.union(dataset.valid),
        history=[json.loads(line) for line in lines],
        state=load_file(folder / "state.safetensors"),
    )


def _rank_arrays(ranks: Ranks | None) -> dict[str, np.ndarray[Any, Any]]:
    names = ("users", "indptr", "ranks", "n_candidates")
    if ranks is None:
        return {name: np.empty(0, np.int64) for name in names}
    return {name: getattr(ranks, name) for name in names}
