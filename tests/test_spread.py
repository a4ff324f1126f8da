"""Commands whose parameters are groups of options."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from autosample.cli import app, main
from autosample.cli.reading import Reading
from autosample.cli.spread import spread
from autosample.data import load_dataset

COMMANDS = typer.main.get_command(app).commands


@dataclass(frozen=True)
class Size:
    """How much."""

    width: Annotated[int, typer.Option("--wide", help="Across.")] = 3
    names: Annotated[list[str] | None, typer.Option(help="All.")] = None


@spread
def draw(what: str, size: Size, *, loud: bool = False) -> None:
    """Draw."""
    typer.echo(f"{what} {size} {loud}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x"], "x Size(width=3, names=None) False"),
        (["x", "--wide", "5", "--loud"], "x Size(width=5, names=None) True"),
        (["x", "--names", "a", "--names", "b"], "x Size(width=3, names=['a', 'b']) False"),
    ],
)
def test_a_group_comes_filled_in(arguments, said, capsys):
    one = typer.Typer()
    one.command()(draw)
    with pytest.raises(SystemExit) as end:
        one(arguments)
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == said


def test_commands_that_read_events_have_the_same_options():
    """Which are arguments of ``load_dataset``, with its defaults."""
    parameters = inspect.signature(load_dataset).parameters
    fields = Reading.__dataclass_fields__
    assert {name: field.default for name, field in fields.items()} == {
        name: parameters[name].default for name in fields
    }
    planned = COMMANDS["bench"].commands["plan"]
    for command in (COMMANDS["run"], COMMANDS["compare"], planned):
        options = {one.name: one for one in command.params}
        assert fields.keys() <= options.keys()
        assert "--min-rating" in options["minimum_rating"].opts


def test_a_bench_reads_its_data_as_told(tmp_path, capsys):
    rows = [f"u{user};i{(user + step) % 7}" for user in range(8) for step in range(5)]
    (tmp_path / "events.txt").write_text("\n".join(["who;what", *rows]))
    where = [str(tmp_path / "bench"), "--data", str(tmp_path / "events.txt")]
    command = ["bench", "plan", *where, "--strategy", "fixed:uniform", "--seeds", "1"]
    assert main(command) == 3
    assert "AS104" in capsys.readouterr().err
    assert main([*command, "--user", "who", "--item", "what", "--separator", ";"]) == 0
    assert "Added 1 of 1 jobs" in capsys.readouterr().out
