"""Manners in a terminal: help, completion, progress, and silence where nobody watches."""

import os
import re
import shlex
import subprocess
import sys
from typing import get_args

import pytest
import typer

from autosample.cli import app, main, options, output, reading, training
from autosample.data import Note
from autosample.data.load import SplitName
from autosample.data.read import FileFormat
from autosample.export import EXPORTS
from autosample.export.frames import FORMATS
from autosample.lists import Unknown
from autosample.metrics import METRICS
from autosample.models import MODELS
from autosample.search import Progress
from autosample.settings import Settings
from tests.tiny import quick


def leaves(group, *before):
    """Commands by their words, those of groups included."""
    found = {}
    for name, command in group.commands.items():
        inner = hasattr(command, "commands")
        words = (*before, name)
        found |= leaves(command, *words) if inner else {" ".join(words): command}
    return found


COMMANDS = leaves(typer.main.get_command(app))
HEAVY = {"torch", "numba", "polars", "numpy", "scipy", "jinja2"}  # typer itself takes pydantic


def shown(capsys, *arguments):
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_parses_and_json(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(capsys, *name.split(), "--help")
    assert max(map(len, text.splitlines())) <= 80
    example = re.search(r"Example: autosample (.*)", text).group(1)
    assert f"{example} ".startswith(f"{name} ")
    arguments = shlex.split(example.removeprefix(name))
    COMMANDS[name].make_context(name, arguments)  # or an error of use
    assert "--json" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name):
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None), parameter.name


def test_long_help_is_in_panels(capsys):
    text = shown(capsys, "run", "--help")
    places = [text.index(f" {name} ─") for name in ("Data", "Model", "Search", "Output")]
    assert places == sorted(places)
    assert "[default: (adaptive)]" in text


def test_words_that_complete_are_those_that_are_taken():
    fields = Settings.model_fields
    for name, words in (
        ("strategy", training.STRATEGIES),
        ("loss", training.LOSSES),
        ("retrain", training.RETRAINING),
    ):
        assert words == get_args(fields[name].annotation)
    assert set(training.MODELS) == set(MODELS)
    assert get_args(Unknown) == options.UNKNOWN
    assert get_args(FileFormat) == reading.FORMATS
    assert get_args(SplitName) == reading.SPLITS
    assert tuple(FORMATS) == options.FORMATS
    assert tuple(EXPORTS) == options.EXPORTS
    assert set(training.METRICS) < {f"{name}@20" for name in METRICS}


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )


def test_help_and_completion_import_nothing_heavy():
    """All in one process: the help of every command, and words completed for a shell."""
    done = python(
        "import os, sys\n"
        "from autosample.cli import main\n"
        f"for name in {list(COMMANDS)}: assert main([*name.split(), '--help']) == 0, name\n"
        "os.environ.update(_AUTOSAMPLE_COMPLETE='complete_bash', COMP_CWORD='3',\n"
        "    COMP_WORDS='autosample run --strategy ')\n"
        "main([])\n"
        f"print('heavy:', sorted({HEAVY} & set(sys.modules)))"
    )
    assert done.stdout.endswith("heavy: []\n")
    assert set(training.STRATEGIES) <= set(done.stdout.split())


def test_help_takes_less_time_than_importing_torch():
    """In time of the processor, which does not grow when others use the machine."""

    def cost(code):
        before = os.times()
        python(code)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])  # user and system time of children

    assert cost("from autosample.cli import main; main(['--help'])") < cost("import torch")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell, capsys, monkeypatch):
    monkeypatch.setenv("_AUTOSAMPLE_COMPLETE", f"source_{shell}")
    text = shown(capsys)
    assert "_AUTOSAMPLE_COMPLETE=complete_" in text


def test_show_completion_asks_which_shell_this_is(capsys, monkeypatch):
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: ("bash", "/bin/bash"))
    assert "complete -o default -F" in shown(capsys, "--show-completion")


def screen(capsys, monkeypatch, width):
    """Lines of a terminal of a width, as a bar draws them."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    now = Progress(3, "race of all candidates", 2, 5, "mixgcf:pool=16", 1, 5, 0.1234)
    with output.progress(quick(epochs=100, window=5)) as show:
        show(now)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    return [line.rstrip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def test_progress_is_one_line_with_time_memory_and_what_is_done(capsys, monkeypatch):
    *_, line = screen(capsys, monkeypatch, 120)
    assert re.search(r"at most \d+:\d\d:\d\d left, [\d,]+ MB", line)
    assert "ndcg@20 0.1234, mixgcf:pool=16, epoch 1 of 5, race" in line
    narrow = screen(capsys, monkeypatch, 80)
    assert max(map(len, narrow)) <= 80
    assert "0.1234" in narrow[-1]
    assert narrow[-1].endswith("…")


def test_a_narrow_terminal_shows_all_of_a_table(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    row = ("runs/first-20260101-120000", "finished", "60 users, 80 items, 600 pairs", *"abcdefg")
    output.print_table([f"column {n}" for n in range(10)], [row])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert "…" not in plain
    lines = plain.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[1:] for line in lines[:4]] == [
        ["0", row[0]],
        ["1", row[1]],
        ["2", *row[2].split()],
        ["3", "a"],
    ]


def test_a_terminal_that_is_wide_enough_for_words_shows_a_table(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    output.print_table(("run", "data"), [("runs/first", "60 users, 80 items, 600 pairs")])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    head, _, *rest = [line.split() for line in plain.splitlines() if line.strip()]
    assert head == ["run", "data"]
    assert rest[0][:2] == ["runs/first", "60"]


@pytest.mark.parametrize(
    ("message", "count", "ending"),
    [
        ("Times that lie in 1970 or before.", 19, " (19)"),
        ("Read 12 rows.", 1, " (1)"),
        ("Read 12 rows.", 12, ""),
    ],
)
def test_a_note_ends_with_its_count_unless_it_has_it(capsys, message, count, ending):
    output.say_notes([Note("AS173", message, count)])
    assert capsys.readouterr().err == f"AS173: {message}{ending}\n"


def test_nothing_moves_where_nobody_watches(capsys):
    with output.progress(quick()) as show:
        assert show is None
    output.print_table(("a", "b"), [(1, "x")])
    told = capsys.readouterr()
    assert (told.out, told.err) == ("a\tb\n1\tx\n", "")
