"""A folder that exported files go to, with a manifest that is written last."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from autosample.data import Vocabulary
from autosample.errors import StoreError
from autosample.store.files import replace_file, replace_json, storing

FloatArray = npt.NDArray[np.float32]
MANIFEST = "manifest.json"


class Target:
    """An empty folder.

    Raises:
        StoreError: AS501 when something is there already; AS502, AS503, AS504 when it cannot be
            written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[str, dict[str, object]] = {}
        with storing(path):
            path.mkdir(parents=True, exist_ok=True)
            full = any(path.iterdir())
        if full:
            raise StoreError(
                "AS501", f"An export needs an empty folder, and {path} is not.", "Name a new one."
            )

    def add(self, name: str, write: Callable[[Path], object]) -> Path:
        """Let ``write`` make a file, whole or not at all."""
        path, digest = replace_file(self.path / name, write)
        self._files[name] = {"sha256": digest, "bytes": path.stat().st_size}
        return path

    def add_json(self, name: str, value: Any) -> Path:
        """Write a value as JSON."""
        text = json.dumps(value, ensure_ascii=False)
        return self.add(name, lambda part: part.write_text(f"{text}\n", "utf-8", newline="\n"))

    def add_ids(self, name: str, ids: Vocabulary, rows: FloatArray | None = None) -> None:
        """Write ids as ``NAME.json``, an array whose k-th is the id of row k, and as a table.

        ``NAME.parquet`` has the columns ``row`` and ``id``, and with ``rows`` (n, D) the column
        ``embedding``, an array of D float32.
        """
        self.add_json(f"{name}.json", ids.names.to_list())
        table = pl.DataFrame({"row": np.arange(len(ids)), "id": ids.names})
        if rows is not None:
            table = table.with_columns(pl.Series("embedding", rows))
        self.add(f"{name}.parquet", table.write_parquet)

    def finish(self, **facts: Any) -> dict[str, Any]:
        """Write the manifest: the facts, and size and SHA-256 of every file."""
        manifest = {"made_by": f"autosample {version('autosample')}", **facts, "files": self._files}
        replace_json(self.path / MANIFEST, manifest)
        return manifest
