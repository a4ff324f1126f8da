"""A finished run in other people's formats: tables, an index, a scorer, lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from autosample.data import Dataset
from autosample.errors import SettingsError, did_you_mean
from autosample.export import scorer, tables, text
from autosample.export.target import Target
from autosample.lists import Lists
from autosample.store import RunFolder

Write = Callable[[Lists, Dataset, Target, int, str], dict[str, Any]]
EXPORTS: dict[str, Write] = {
    "embeddings": lambda lists, dataset, target, k, name: tables.embeddings(lists, target),
    "faiss": lambda lists, dataset, target, k, name: tables.faiss(lists, target),
    "onnx": lambda lists, dataset, target, k, name: scorer.onnx(lists, target),
    "trec": lambda lists, dataset, target, k, name: text.trec(lists, dataset, target, k),
    "recbole": lambda lists, dataset, target, k, name: text.recbole(lists, dataset, target, name),
}


def export_run(run: str | Path, to: str, out: str | Path, *, k: int = 100) -> dict[str, Any]:
    """Write a finished run in another format, into an empty folder.

    Args:
        run: Folder of the run.
        to: One of :data:`EXPORTS`; see the functions behind them for files and shapes.
        out: The folder to write to. Its name is that of RecBole's dataset.
        k: Length of the lists of a TREC run.

    Returns:
        What ``manifest.json`` says: the facts, and size and SHA-256 of every file.

    Raises:
        SettingsError: AS271 for an unknown format, AS270 when its extra is not installed.
        StoreError: AS501 when ``out`` is not empty; AS506 to AS509 when there is no whole result.
    """
    if to not in EXPORTS:
        told = f"There is no export {to!r}.{did_you_mean(to, EXPORTS)}"
        raise SettingsError("AS271", told, f"Choose one of {', '.join(EXPORTS)}.")
    folder = RunFolder.open(run)
    dataset = folder.dataset()
    lists = Lists.of(folder.result(dataset), dataset)
    target = Target(Path(out))
    facts = EXPORTS[to](lists, dataset, target, lists.length(k), target.path.resolve().name)
    return target.finish(export=to, data=dataset.fingerprint(), **facts)


__all__ = ["EXPORTS", "export_run"]
