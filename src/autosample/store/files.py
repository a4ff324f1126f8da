"""Files that are there whole or not at all, and a lock against a second writer."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn, TextIO

from polars.exceptions import PolarsError
from safetensors import SafetensorError

from autosample.errors import StoreError

try:
    import fcntl
except ImportError:  # pragma: no cover  only where there is no such call
    fcntl = None  # type: ignore[assignment]

PART = ".part"  # ending of files that are being written
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


def replace_file(
    path: Path, write: Callable[[Path], object], *, expected: str | None = None
) -> tuple[Path, str]:
    """Let ``write`` make a file and put it in the place of ``path`` in one step.

    The content is on disk before the name is, and the name before this returns. A process that
    dies in between leaves the old file, or a ``.part`` file that nothing reads.

    Args:
        path: Where; ``{digest}`` in the name becomes the first 16 digits of the SHA-256.
        write: Writes the whole content to the path it is given.
        expected: SHA-256 that the content must have when it is read back.

    Returns:
        The path written and the SHA-256 of its content.

    Raises:
        StoreError: AS502 when the disk is full, AS503 when it may not be written, AS504 for any
            other fault; the old file is then as it was.
    """
    part = path.with_name(path.name + PART)
    with storing(path):
        try:
            write(part)
            digest = checksum(part)
            if expected not in (None, digest):
                raise OSError(errno.EIO, "what is read back is not what was written")
            _flush(part)
            final = path.with_name(path.name.replace("{digest}", digest[:16]))
            os.replace(part, final)
            _flush(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    return final, digest


def replace_json(path: Path, value: object) -> str:
    """Put indented JSON in the place of ``path`` as :func:`replace_file` does; its SHA-256."""
    return replace_file(path, lambda part: write_json(part, value))[1]


def write_json(path: Path, value: object) -> None:
    """Write indented JSON."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def replace_bytes(path: Path, content: bytes) -> tuple[Path, str]:
    """Put ``content`` in the place of ``path`` as :func:`replace_file` does."""

    def write(part: Path) -> None:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
        finally:
            os.close(handle)

    return replace_file(path, write, expected=hashlib.sha256(content).hexdigest())


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn faults of the file system into errors for people."""
    try:
        yield
    except (OSError, SafetensorError, PolarsError) as error:
        told = re.search(r"os error (\d+)", str(error))  # by libraries in Rust, without errno
        number = getattr(error, "errno", None) or (int(told[1]) if told else None)
        if number is None and isinstance(error, PolarsError):
            raise
        _refuse(path, number, getattr(error, "strerror", None) or str(error))


def _refuse(path: Path, number: int | None, reason: str) -> NoReturn:
    name = path.parent / path.name
    if number in _FULL:
        raise StoreError(
            "AS502",
            f"There must be room for {name}, and the disk is full.",
            "Free some space, then resume: what was written before is intact.",
        ) from None
    if number in _FORBIDDEN:
        raise StoreError(
            "AS503",
            f"{name} must be writable, got: {reason}.",
            "Choose another folder with --out, or change the permissions.",
        ) from None
    if number == errno.ENOENT and not path.parent.is_dir():
        raise StoreError(
            "AS504",
            f"There is no folder {path.parent} for {path.name}.",
            "Make it, or choose another with --out.",
        ) from None
    raise StoreError(
        "AS504",
        f"{name} must be readable and writable, got: {reason}.",
        "Look at the disk; what was written before is intact.",
    ) from None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock; it is released when the process ends, however it ends.

    Yields:
        False where the file system knows no locks.

    Raises:
        StoreError: AS505 when another process holds it.
    """
    with storing(folder / "lock"), (folder / "lock").open("a") as file:
        held = fcntl is not None
        if fcntl is not None:
            try:
                _take(file)
            except BlockingIOError:
                raise StoreError(
                    "AS505",
                    f"Another process is writing to {folder}.",
                    "Wait until it has ended, or choose another folder.",
                ) from None
            except OSError:
                held = False
        yield held


def _take(file: TextIO) -> None:
    """Lock it; who only looks whether it is locked holds it for an instant, so try thrice."""
    how = fcntl.LOCK_EX | fcntl.LOCK_NB
    for pause in (0.01, 0.05):
        try:
            fcntl.flock(file, how)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return
    fcntl.flock(file, how)


def _flush(path: Path) -> None:
    """Have the system put a file or a folder's names on disk."""
    if path.is_dir() and os.name == "nt":  # pragma: no cover  folders cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
