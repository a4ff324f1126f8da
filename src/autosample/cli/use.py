"""Commands that use a finished run: recommend, export, serve, ui."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autosample.cli import options, output
from autosample.cli.options import Json
from autosample.cli.run import use_threads

if TYPE_CHECKING:
    import polars as pl

Host = Annotated[
    str, typer.Option(help="Address to listen at; 0.0.0.0: all of them.", metavar="ADDRESS")
]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to listen at; 0: any free.", metavar="N")
]


def recommend(
    run: options.Run,
    user: Annotated[
        list[str] | None,
        typer.Option(
            help="A user's id; repeat it for more.", metavar="ID", show_default="all users"
        ),
    ] = None,
    users_file: Annotated[
        Path | None, typer.Option(help="Text file with a user's id per line.", metavar="FILE")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="All users, as when none is named.")
    ] = False,
    similar_to: Annotated[
        list[str] | None,
        typer.Option(help="List items similar to this one; repeat it for more.", metavar="ID"),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="Items per list.")] = 10,
    unknown: Annotated[
        str | None,
        typer.Option(
            help=f"What to do with unknown users: {', '.join(options.UNKNOWN)}.",
            metavar="HOW",
            show_default="error; for all users skip",
            autocompletion=options.among(*options.UNKNOWN),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write .parquet, .csv or .jsonl instead of printing.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"Of the output: {', '.join(options.FORMATS)}.",
            metavar="NAME",
            show_default="by the file's ending",
            autocompletion=options.among(*options.FORMATS),
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Recommend items that users have not seen, or list items that are similar."""
    from autosample.export.frames import format_of, print_frames, write_frames  # noqa: PLC0415
    from autosample.lists import Lists  # noqa: PLC0415

    _one_of(user=user, users_file=users_file, all=everybody, similar_to=similar_to)
    if not out:
        _one_of(format=form, json=json)
    written_as = format_of(out, form) if out or form else None
    lists = Lists.load(run)
    if similar_to:
        frames = iter([lists.similar(similar_to, k)])
    else:
        named = user or (_ids_in(users_file) if users_file else None)
        policy = unknown or ("error" if named is not None else "skip")
        frames = lists.blocks(lists.users.names if named is None else named, k, unknown=policy)  # type: ignore[arg-type]  # checked there
    if out and written_as:
        rows = write_frames(frames, out, written_as)
        output.say(f"{rows} rows are in {out}.")
        if json:
            output.print_json({"file": str(out), "rows": rows})
    elif written_as:
        print_frames(frames, sys.stdout, written_as)
    elif json:
        every = [row for frame in frames for row in frame.to_dicts()]
        output.print_json({"recommendations": every})
    else:
        output.print_table(*_table(frames))


def export(
    run: options.Run,
    out: Annotated[Path, typer.Argument(help="Empty folder for the files.", metavar="OUT")],
    to: Annotated[
        str,
        typer.Option(
            help=f"What to write: {', '.join(options.EXPORTS)}.",
            metavar="NAME",
            autocompletion=options.among(*options.EXPORTS),
        ),
    ],
    k: Annotated[
        int, typer.Option("-k", min=1, metavar="N", help="Items per user in a TREC run.")
    ] = 100,
    json: Json = False,
) -> None:
    """Write a finished run in the format of other tools, with a manifest of checksums."""
    from autosample.export import export_run  # noqa: PLC0415

    manifest = export_run(run, to, out, k=k)
    if json:
        output.print_json({"folder": str(out), **manifest})
    else:
        sizes = [(name, facts["bytes"]) for name, facts in manifest["files"].items()]
        output.print_table(("file", "bytes"), sizes)


def serve(
    run: options.Run,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    unknown: Annotated[
        str,
        typer.Option(
            help="What unknown users get: popular items, or an error (404).",
            metavar="HOW",
            autocompletion=options.among("popular", "error"),
        ),
    ] = "popular",
    threads: options.Threads = None,
    json: Json = False,
) -> None:
    """Answer recommendations over HTTP; a new result of RUN is taken as it comes."""
    from autosample.errors import SettingsError  # noqa: PLC0415

    if unknown not in ("popular", "error"):
        raise SettingsError(
            "AS204", f"unknown must be 'popular' or 'error', got {unknown!r}.", "Choose one."
        )
    from autosample.serve.start import serve_run  # noqa: PLC0415

    use_threads(threads)
    serve_run(run, host=host, port=port, unknown=unknown, on_start=_say_address(host, json))  # type: ignore[arg-type]  # checked above


def ui(
    folder: Annotated[
        Path, typer.Argument(help="Folder of runs, or of one.", metavar="FOLDER")
    ] = Path("runs"),
    host: Host = "127.0.0.1",
    port: Port = 8001,
    json: Json = False,
) -> None:
    """Show runs as live pages in a browser; nothing is changed by them."""
    from autosample.serve.start import serve_pages  # noqa: PLC0415

    if not folder.is_dir():
        output.say(f"There is no folder {folder} yet; its runs are shown when they come.")
    serve_pages(folder, host=host, port=port, on_start=_say_address(host, json))


def _say_address(host: str, json: bool) -> Callable[[str], None]:
    """Tells where a server answers."""

    def say(address: str) -> None:
        if json:
            output.print_json({"address": address})
        else:
            typer.echo(f"Answers at {address} until Ctrl-C.")
        if host not in ("127.0.0.1", "::1", "localhost"):
            output.say("Other machines can reach this, and nobody is asked for a password.")

    return say


def _table(frames: Iterable[pl.DataFrame]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Columns and rows of all frames."""
    every = list(frames)
    return every[0].columns, [row for frame in every for row in frame.rows()]


def _ids_in(path: Path) -> list[str]:
    """Ids of a text file, one a line, as they stand there; empty lines are passed over."""
    from autosample.errors import DataError  # noqa: PLC0415

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as cause:
        raise DataError(
            "AS135",
            f"{path} must be a text file in UTF-8 with an id per line: {cause}.",
            "Check its name and encoding.",
        ) from None
    return [line for line in text.split("\n") if line]


def _one_of(**given: object) -> None:
    """Refuse several ways of saying one thing."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if len(named) > 1:
        from autosample.errors import SettingsError  # noqa: PLC0415

        raise SettingsError("AS208", f"{' and '.join(named)} exclude each other.", "Choose one.")
