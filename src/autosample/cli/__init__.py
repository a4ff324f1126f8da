"""The command line. Nothing heavy is imported before a command needs it.

Exit codes: 0 done; 1 `doctor` found something or a job of a comparison failed; 2 the command was
misspelt; 3 data; 4 settings; 5 samplers; 6 training; 7 run folders; 70 a mistake in autosample
itself; 130 Ctrl-C; 143 SIGTERM.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata

import typer

from autosample.cli import bench, check, compare, crash, doctor, run, runs, show, use

app = typer.Typer(
    name="autosample",
    help="Choose the negative sampler of a recommender while it trains.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

#: Panel of the help, command, name, example.
_COMMANDS: tuple[tuple[str, Callable[..., None], str, str], ...] = (
    ("Train", run.demo, "demo", "autosample demo"),
    ("Train", run.start, "run", "autosample run events.csv --model lightgcn --out runs/first"),
    ("Train", run.resume, "resume", "autosample resume runs/first"),
    ("Train", run.repeat, "repeat", "autosample repeat runs/first --out runs/again"),
    ("Train", compare.compare, "compare", "autosample compare events.csv --sampler uniform"),
    ("Use", runs.runs, "runs", "autosample runs"),
    ("Use", show.report, "report", "autosample report runs/first --against runs/uniform"),
    ("Use", use.recommend, "recommend", "autosample recommend runs/first --user alice -k 10"),
    ("Use", use.export, "export", "autosample export runs/first scorer --to onnx"),
    ("Use", use.serve, "serve", "autosample serve runs/first --port 8000"),
    ("Use", use.ui, "ui", "autosample ui runs"),
    ("Look up", show.samplers, "samplers", "autosample samplers"),
    ("Look up", show.models, "models", "autosample models"),
    ("Look up", check.explain, "explain", "autosample explain AS120"),
    ("Look up", doctor.doctor, "doctor", "autosample doctor"),
)
for _panel, _command, _name, _example in _COMMANDS:
    app.command(_name, rich_help_panel=_panel, epilog=f"Example: {_example}")(_command)
app.add_typer(bench.app, name="bench", rich_help_panel="Train")


def version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"autosample {metadata.version('autosample')}")
        raise typer.Exit


@app.callback()
def root(
    show_version: bool = typer.Option(
        False, "--version", callback=version, is_eager=True, help="Print the version and exit."
    ),
    debug: bool = typer.Option(False, "--debug", help="Print tracebacks of errors as well."),
) -> None:
    """Choose the negative sampler of a recommender while it trains."""
    crash.debug = debug


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit code.

    Errors are printed to standard error as one message without a traceback, and with ``--json`` to
    standard output as one object.
    """
    given = sys.argv[1:] if arguments is None else arguments
    crash.debug, crash.as_json = False, "--json" in given
    crash.survive_any_locale()
    try:
        ended: int | None = app(
            given, prog_name="autosample", obj=given, standalone_mode=not crash.as_json
        )
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:  # the reader has seen enough, as in `autosample samplers | head -1`
        return 0
    except KeyboardInterrupt:  # before a command has begun
        return 130
    except BaseException as error:  # a panic of a library in Rust is no Exception
        return crash.show(error)
    return ended or 0
