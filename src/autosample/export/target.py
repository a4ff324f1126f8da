"""A folder that exported files go to, with a manifest that is written last."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autosample.data import Vocabulary
from autosample.errors import StoreError
from autosample.store.dataset import write_json
from autosample.store.files import replace_file, storing

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

    def add_ids(self, name: str, ids: Vocabulary) -> Path:
        """Write ids as a JSON array of text; the id of row k comes k-th."""
        return self.add_json(name, ids.names.to_list())

    def finish(self, **facts: Any) -> dict[str, Any]:
        """Write the manifest: the facts, and size and SHA-256 of every file."""
        manifest = {"made_by": f"autosample {version('autosample')}", **facts, "files": self._files}
        replace_file(self.path / MANIFEST, lambda path: write_json(path, manifest))
        return manifest
