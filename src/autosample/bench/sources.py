"""Where a bench's data comes from: a file of events, or a folder with its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autosample.data import Dataset, load_dataset
from autosample.errors import DataError


@dataclass(frozen=True)
class Source:
    """Data by its place and how to read it.

    Attributes:
        path: A file of events, or a folder with ``train.*``, ``test.*`` and perhaps ``valid.*``.
        options: Further arguments of :func:`autosample.data.load_dataset`, ready for JSON.
    """

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's name, or the file's without its endings; that of its folder for train.*."""
        if self.path.is_dir():
            return self.path.resolve().name
        name = self.path.name.partition(".")[0]
        return self.path.resolve().parent.name if name == "train" else name

    def load(self, seed: int) -> Dataset:
        """Read and split, by ``seed``, or by that of the options, where parts are drawn.

        Raises:
            DataError: AS146 for a folder with several files for a part; see ``load_dataset``.
        """
        parts: dict[str, Any] = {}
        source = self.path
        if self.path.is_dir() and (train := self._part("train")) is not None:
            source = train
            parts = {"test_file": self._part("test"), "valid_file": self._part("valid")}
            parts = {name: path for name, path in parts.items() if path is not None}
        return load_dataset(source, **{"seed": seed, **self.options, **parts})

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; a worker in any folder finds it."""
        files = {"test_file", "valid_file", "exposed"} & self.options.keys()
        there = {name: str(Path(self.options[name]).resolve()) for name in files}
        return {"path": str(self.path.resolve()), "options": {**self.options, **there}}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Source:
        """What :meth:`as_dict` made."""
        return cls(Path(written["path"]), written["options"])

    def _part(self, name: str) -> Path | None:
        found = sorted(self.path.glob(f"{name}.*"))
        if len(found) > 1:
            raise DataError(
                "AS146",
                f"A folder must have one file {name}.*, and {self.path.name} has {len(found)}.",
                "Move the others away.",
                [path.name for path in found],
            )
        return found[0] if found else None
