"""How data is read: the options that all commands have which read events."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from autosample.cli.options import DATA, among

option = partial(typer.Option, rich_help_panel=DATA)
SPLITS = ("ratio", "leave-last", "temporal")
FORMATS = ("auto", "table", "lightgcn")


@dataclass(frozen=True)
class Reading:
    """Arguments of :func:`autosample.data.load_dataset`, by its names."""

    test_file: Annotated[
        Path | None,
        option(
            "--test",
            help="Test interactions, if given apart.",
            metavar="FILE",
            show_default="a share of EVENTS",
        ),
    ] = None
    valid_file: Annotated[
        Path | None,
        option(
            "--valid",
            help="Validation interactions, with --test.",
            metavar="FILE",
            show_default="a share of EVENTS",
        ),
    ] = None
    user: Annotated[str, option(help="Column of user ids.", metavar="NAME")] = "user_id"
    item: Annotated[str, option(help="Column of item ids.", metavar="NAME")] = "item_id"
    rating: Annotated[
        str | None,
        option(help="Column of ratings; see --min-rating.", metavar="NAME"),
    ] = None
    minimum_rating: Annotated[
        float | None,
        option("--min-rating", help="Lowest positive rating.", metavar="NUMBER"),
    ] = None
    time: Annotated[
        str | None,
        option(help="Column of times, to split by.", metavar="NAME"),
    ] = None
    split: Annotated[
        str,
        option(
            help=f"How to set test and validation apart: {', '.join(SPLITS)}.",
            metavar="HOW",
            autocompletion=among(*SPLITS),
        ),
    ] = "ratio"
    k_core: Annotated[
        int,
        option(min=0, help="Least items of a user, users of an item.", metavar="N"),
    ] = 0
    separator: Annotated[
        str | None,
        option(
            help=r"Between the columns of a text file; \t: a tab.",
            metavar="TEXT",
            show_default="by ending, or guessed",
        ),
    ] = None
    header: Annotated[
        bool,
        option(" /--no-header", help="The first line is data already.", show_default=False),
    ] = True
    encoding: Annotated[str, option(help="Of text files.", metavar="NAME")] = "utf-8"
    file_format: Annotated[
        str,
        option(
            help=f"Of text files: {', '.join(FORMATS)}.",
            metavar="NAME",
            autocompletion=among(*FORMATS),
        ),
    ] = "auto"
    skip_bad_lines: Annotated[
        bool,
        option("--skip-bad-lines", help="Drop and count bad rows."),
    ] = False
    normalize_ids: Annotated[
        str | None,
        option(help="nfc: one form for accents in ids.", metavar="FORM"),
    ] = None
    exposed: Annotated[
        Path | None,
        option(help="What users were shown, for the sampler `exposure`.", metavar="FILE"),
    ] = None
    allow_overlap: Annotated[
        bool,
        option("--allow-overlap", help="Take parts with common pairs."),
    ] = False
    cold_users: Annotated[
        str,
        option(help="Users without training: keep or drop.", metavar="HOW"),
    ] = "keep"

    def arguments(self) -> dict[str, Any]:
        """What was given, ready for JSON."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if given.get("separator") == r"\t":  # as a shell passes it on
            given["separator"] = "\t"
        return {name: str(v) if isinstance(v, Path) else v for name, v in given.items()}
