"""Tensors in files that are named by their content, so that each is written once."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Container
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from autosample.errors import StoreError
from autosample.store.files import checksum, replace_bytes, storing

Tensors = dict[str, Tensor]
_ENDING = ".safetensors"


class Blobs:
    """Named tensors by the SHA-256 of the file that holds them.

    Args:
        folder: Where the files are; it must exist when something is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[int, tuple[Tensors, str]] = {}  # by identity; what was put or got
        self._whole: set[str] = set()  # names whose files this process has written or compared

    def put(self, tensors: Tensors) -> str:
        """The name of the file with these tensors, which are not to be changed afterwards.

        Raises:
            StoreError: AS502, AS503, AS504.

        Cost: a write when they are new, a look-up when the very same dictionary was put before.
        """
        if id(tensors) in self._names:
            return self._names[id(tensors)][1]
        content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        with storing(path):
            if name not in self._whole and not (path.exists() and checksum(path) == name):
                replace_bytes(path, content)
        self._whole.add(name)
        self._names[id(tensors)] = (tensors, name)
        return name

    def get(self, name: str) -> Tensors:
        """The tensors of a file.

        Raises:
            StoreError: AS506 when its content is not what was written, or it is gone.
        """
        path = self._path(name)
        with storing(path):
            content = path.read_bytes() if path.is_file() else b""
        tensors: Tensors | None = None
        if hashlib.sha256(content).hexdigest() == name:
            with contextlib.suppress(SafetensorError):
                tensors = {key: tensor.clone() for key, tensor in load(content).items()}
        if tensors is None:
            raise StoreError(
                "AS506",
                f"{path.name} does not have the content it was written with.",
                "The checkpoint before is used if it is whole.",
            )
        self._whole.add(name)
        self._names[id(tensors)] = (tensors, name)
        return tensors

    def sweep(self, needed: Container[str], known: Container[str]) -> None:
        """Delete files whose names are not ``needed``, and forget tensors that are not ``known``.

        Raises:
            StoreError: AS503, AS504.
        """
        self._names = {key: pair for key, pair in self._names.items() if pair[1] in known}
        with storing(self.folder):
            for path in self.folder.glob(f"*{_ENDING}"):
                if path.stem not in needed:
                    path.unlink()
                    self._whole.discard(path.stem)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"
