"""The comparison with published results."""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.fidelity import Published, command_of, judge

from benchmarks import fidelity

LINE = Published("small", "--model mf --epochs 3", 0.2, 0.1, "a paper", 0.05, minutes=60)


@pytest.mark.parametrize(
    ("recall", "minutes", "met"),
    [(0.2, 1, True), (0.191, 1, True), (0.189, 1, False), (0.3, 61, False)],
)
def test_short_of_the_published_or_too_late_is_missed(
    recall: float, minutes: float, met: bool
) -> None:
    report = judge(LINE, {"recall@20": recall, "ndcg@20": 0.1}, minutes)
    assert report["met"] is met
    assert report["difference"] == pytest.approx(recall / 0.2 - 1)


def test_later_settings_win() -> None:
    words = command_of(LINE, Path("data"), "--threads 2", "--epochs 7")
    assert words[:5] == ["autosample", "run", "data/small/train.txt", "--test",
                         "data/small/test.txt"]  # fmt: skip
    assert words[-5:] == ["--threads", "2", "--epochs", "7", "--json"]


def test_a_whole_run_leaves_its_numbers_and_its_log(tmp_path, monkeypatch, capsys) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    items = {user: [(user * 7 + n * n) % 61 for n in range(8)] for user in range(80)}
    for part, cut in (("train", slice(0, 6)), ("test", slice(6, 8))):
        lines = [" ".join(map(str, [user, *had[cut][user % 2 :]])) for user, had in items.items()]
        (folder / f"{part}.txt").write_text("\n".join(lines) + "\n")
    line = replace(LINE, settings="--strategy fixed --candidate uniform --epochs 1")
    monkeypatch.setitem(fidelity.RUNS, "small", line)
    out = tmp_path / "results"
    words = f"fidelity.py {tmp_path} small --threads 1 --results {out}"
    monkeypatch.setattr(sys, "argv", words.split())
    fidelity.main()
    report = json.loads((out / "fidelity-small.json").read_text())
    assert report["recall@20"] == report["run"]["metrics"]["recall@20"]
    assert report["validation"]
    assert report["minutes"] > 0
    log = (out / report["log"]).read_text()
    assert "evaluation" in log
    assert "Running in run." in log
    assert tempfile.gettempdir() not in log.replace(str(tmp_path), "") + json.dumps(report["run"])
    assert "small: recall@20" in capsys.readouterr().out
