"""The command that looks whether all is well here, and says what to do where it is not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import typer

from autosample.cli import output
from autosample.cli.options import Json

_GIGABYTE = 2**30
_TORCH = (2, 10)  # below, torch has published vulnerabilities
#: Modules that stand for an extra.
_EXTRAS = {
    "tune": "optuna",
    "serve": "fastapi",
    "export": "faiss",
    "frames": "pyarrow",
    "track": "tensorboard",
}
_BROWSERS = ("chromium", "chromium-browser", "chrome")


def doctor(json: Json = False) -> None:
    """Check that everything works here; exit code 1 when something does not."""
    from autosample.kernels.threads import get_threads  # noqa: PLC0415
    from autosample.store import describe  # noqa: PLC0415

    facts = describe(threads=get_threads()) | _resources()
    checks = {name: _outcome(check) for name, check in _CHECKS.items()}
    if json:
        output.print_json({**facts, "checks": checks})
    else:
        output.print_table(("what", "here"), list({**facts, **checks}.items()))
    if any(outcome != "fine" for outcome in checks.values()):
        raise typer.Exit(1)


def _resources() -> dict[str, object]:
    """Cores, memory, disk, and which extras and browser are there; none of these has to be."""
    from autosample.kernels.device import available, described  # noqa: PLC0415
    from autosample.kernels.threads import available_cores  # noqa: PLC0415
    from autosample.memory import free, in_words  # noqa: PLC0415

    devices = ", ".join(described(name) for name in available())
    facts: dict[str, object] = {"device": devices, "cores": available_cores()}
    if (left := free()) is not None:
        facts["free memory"] = in_words(left)
    facts["free disk"] = f"{shutil.disk_usage(Path.cwd()).free / _GIGABYTE:.1f} GB"
    for extra, module in _EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        facts[f"extra {extra}"] = "there" if there else f"pip install 'autosample[{extra}]'"
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    facts["chromium"] = browser or "not there; only the tests of pages need it"
    return facts


def _outcome(check: Callable[[], str]) -> str:
    """``fine``, or what is wrong."""
    try:
        return check() or "fine"
    except Exception as error:
        return f"{type(error).__name__}: {error}: install autosample anew if this stays"


def _cache() -> str:
    """Whether compiled kernels can be kept."""
    from autosample.kernels.cache import PREFIX, cache_folders, writable  # noqa: PLC0415

    folder = next((folder for folder in cache_folders() if writable(folder)), None)
    if folder is None:
        return "no folder for compiled kernels can be written to: set NUMBA_CACHE_DIR"
    if folder.name.startswith(PREFIX):
        return f"kernels are kept in {folder} for want of a better place: set NUMBA_CACHE_DIR"
    return ""


def _folder() -> str:
    """Whether a run folder can be made here."""
    from autosample.errors import StoreError  # noqa: PLC0415
    from autosample.store.files import replace_file  # noqa: PLC0415

    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            replace_file(Path(folder) / "file", lambda path: path.write_text("x"))
    except (OSError, StoreError) as error:
        return f"no folder can be made here ({error}): go to another one, or name one with --out"
    return ""


def _kernels() -> str:
    """Whether compiled kernels agree with torch on drawing, ranking, stepping and propagating."""
    from autosample.cli.selfcheck import differences  # noqa: PLC0415

    return "; ".join(differences())


def _versions() -> str:
    """Whether torch is one without published vulnerabilities."""
    found = tuple(int(part) for part in version("torch").split("+")[0].split(".")[:2])
    return "" if found >= _TORCH else "torch is older than 2.10: pip install --upgrade torch"


def _threads() -> str:
    """Whether no more threads are asked for than there are cores."""
    from autosample.kernels.threads import available_cores  # noqa: PLC0415

    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > available_cores():
        return f"OMP_NUM_THREADS is {asked} on {available_cores()} cores: lower or unset it"
    return ""


def _memory() -> str:
    """Whether there is memory for a small run."""
    from autosample.memory import free  # noqa: PLC0415

    left = free()
    if left is not None and left < _GIGABYTE:
        return "less than 1 GB of memory is free: end other programs, or raise the group's limit"
    return ""


def _disk() -> str:
    """Whether there is room for a run folder."""
    if shutil.disk_usage(Path.cwd()).free < _GIGABYTE:
        return "less than 1 GB of disk is free here: make room, or go to another folder"
    return ""


_CHECKS = {
    "versions": _versions,
    "thread settings": _threads,
    "memory": _memory,
    "disk": _disk,
    "kernel cache": _cache,
    "run folders": _folder,
    "kernels": _kernels,
}
