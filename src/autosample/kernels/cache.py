"""Where compiled kernels are kept, decided before numba is imported.

Numba keeps them beside the source, else in the user's cache folder, and refuses to go on where it
can write to neither, as under a read-only home.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
PREFIX = "autosample-kernels-"  # of folders for want of a better place


def choose_cache() -> None:
    """Send numba's cache to a temporary folder where it can write to no other."""
    if not any(writable(folder) for folder in cache_folders()):
        os.environ[VARIABLE] = str(_private_folder())


def cache_folders() -> list[Path]:
    """Where numba keeps kernels, the most preferred first: as told, or its defaults."""
    if told := os.environ.get(VARIABLE):
        return [Path(told)]
    folders = [Path(__file__).parent / "__pycache__"]
    with contextlib.suppress(RuntimeError):  # a user without a home
        folders.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "numba")
    return folders


def writable(folder: Path) -> bool:
    """Whether the folder can be written to, or made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _private_folder() -> Path:
    """A folder that nobody else can write to, since what is in it is run."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{owner}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix=PREFIX))
    if stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o022:
        return folder
    return Path(tempfile.mkdtemp(prefix=PREFIX))
