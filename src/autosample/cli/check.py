"""The command that explains codes."""

from __future__ import annotations

import difflib
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

    wanted = f"AS{code}" if code.isdigit() else code.upper()
    if wanted not in CODES:
        near = difflib.get_close_matches(wanted, CODES, n=3, cutoff=0.0)
        raise SettingsError("AS207", f"There is no code {code!r}.", f"Near are {', '.join(near)}.")
    if json:
        output.print_json({"code": wanted, "text": CODES[wanted]})
    else:
        typer.echo(f"{wanted}: {CODES[wanted]}")
