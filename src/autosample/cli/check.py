"""Commands about the program itself: explain, doctor."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autosample.cli import output
from autosample.cli.options import Json


def explain(
    code: Annotated[str, typer.Argument(help="Such as AS120, as errors begin.", metavar="CODE")],
    json: Json = False,
) -> None:
    """Explain the code of an error or a note."""
    from autosample.codes import CODES  # noqa: PLC0415
    from autosample.errors import SettingsError  # noqa: PLC0415

    wanted = code.upper()
    if wanted not in CODES:
        near = difflib.get_close_matches(wanted, CODES, n=3, cutoff=0.0)
        raise SettingsError("AS207", f"There is no code {code!r}.", f"Near are {', '.join(near)}.")
    if json:
        output.print_json({"code": wanted, "text": CODES[wanted]})
    else:
        typer.echo(f"{wanted}: {CODES[wanted]}")


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
    """Cores, memory and disk."""
    from autosample.kernels.threads import available_cores  # noqa: PLC0415

    facts: dict[str, object] = {"cores": available_cores()}
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        facts["free memory"] = f"{free / 2**30:.1f} GB"
    facts["free disk"] = f"{shutil.disk_usage(Path.cwd()).free / 2**30:.1f} GB"
    return facts


def _outcome(check: Callable[[], str]) -> str:
    """``fine``, or what is wrong."""
    try:
        return check() or "fine"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


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
    from autosample.store.files import replace_file  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        replace_file(Path(folder) / "file", lambda path: path.write_text("x"))
    return ""


def _kernels() -> str:
    """Whether compiled kernels agree with torch on drawing, ranking, stepping and propagating."""
    from autosample.cli.selfcheck import differences  # noqa: PLC0415

    return "; ".join(differences())


_CHECKS = {"kernel cache": _cache, "run folders": _folder, "kernels": _kernels}
