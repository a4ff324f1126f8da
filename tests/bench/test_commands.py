"""The commands of a bench, as typed."""

import contextlib
import json
import shutil
import sqlite3

import pytest

from autosample.bench import gather
from autosample.cli import main
from tests.bench.making import SAMPLERS, SHORT, write_parts

SETTINGS = [f"--set={name.replace('_', '-')}={value}" for name, value in SHORT.items()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bench of two seeds that is done, and the command that planned it."""
    top = tmp_path_factory.mktemp("bench")
    data = write_parts(top / "shop")
    planned = ["bench", "plan", str(top / "bench"), "--data", str(data), "--seeds", "2", *SETTINGS]
    planned += [f"--candidate={sampler}" for sampler in SAMPLERS]
    assert main(planned) == 0
    assert main(["bench", "work", str(top / "bench")]) == 0
    return top / "bench", planned


def test_a_bench_from_plan_to_results(made, capsys, tmp_path):
    folder, planned = made
    out = tmp_path / "results.json"
    assert main(["bench", "results", str(folder), "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["commands"][0] == " ".join(["autosample", *planned])
    assert found["commands"][1].startswith(f"autosample bench results {folder}")
    assert [run["label"] for run in found["runs"]] == [*SAMPLERS, "adaptive"] * 2
    assert all(run["test"].keys() >= {"ndcg@20", "recall@20"} for run in found["runs"])
    (cell,) = found["cells"]
    assert (cell["dataset"], cell["model"], cell["seeds"]) == ("shop", "mf", [0, 1])
    assert found["summary"][0]["label"] == "adaptive"
    assert found["unfinished"] == []
    assert found["environments"][0]["threads"] == 1
    assert "6 runs are in" in capsys.readouterr().err


def test_results_of_several_folders_are_joined_and_count_once(made, capsys):
    folder, _ = made
    assert main(["bench", "results", str(folder), str(folder), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 6


def test_the_table_says_who_gained_what(made, capsys):
    folder, _ = made
    assert main(["bench", "results", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "shop, mf, 2 seeds" in out
    assert "Mean over cells" in out
    assert all(label in out for label in (*SAMPLERS, "adaptive"))


def test_a_seed_is_compared_when_all_its_fixed_samplers_are_over(made, tmp_path, capsys):
    folder = shutil.copytree(made[0], tmp_path / "bench")
    found = gather([folder])
    first = next(run for run in found["runs"] if run["label"] == SAMPLERS[0] and run["seed"] == 1)
    set_state(folder, first["key"], "waiting")
    (cell,) = (open_seed := gather([folder]))["cells"]
    assert cell["seeds"] == [0]
    assert len(open_seed["runs"]) == 5
    assert [job["label"] for job in open_seed["unfinished"]] == [SAMPLERS[0]]
    assert main(["bench", "results", str(folder)]) == 0
    assert "1 run is not done" in capsys.readouterr().err
    both = gather([folder, made[0]])  # where it is done
    assert both["cells"][0]["seeds"] == [0, 1]
    assert both["unfinished"] == []
    set_state(folder, first["key"], "failed")
    assert gather([folder])["cells"][0]["seeds"] == [0, 1]
    assert main(["bench", "results", str(folder)]) == 0
    assert "once its fixed samplers are done or have failed" in capsys.readouterr().err


def set_state(folder, key, state):
    with contextlib.closing(sqlite3.connect(folder / "bench.sqlite")) as table, table:
        table.execute("UPDATE jobs SET state = ? WHERE key = ?", (state, key))


def test_planning_again_adds_what_is_new(made, capsys):
    folder, planned = made
    assert main([*planned, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == 0
    assert main([*planned, "--strategy", "tpe:budget=1", "--strategy", "fixed", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["planned"], told["added"], told["waiting"]) == (6, 2, 2)
    assert main(["bench", "status", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 6


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["work", "nowhere"], 7, "AS531"),
        (["plan", "here", "--data", "nowhere.csv", "--set", "epochs"], 4, "AS209"),
        (["plan", "here", "--data", "nowhere.csv"], 3, "AS101"),
        (["plan", "here"], 2, "--data"),
    ],
)
def test_errors_are_one_message_and_a_code(capsys, tmp_path, monkeypatch, arguments, code, word):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == code
    assert word in capsys.readouterr().err
    assert not (tmp_path / "here").exists()
