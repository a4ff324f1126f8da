"""Kernels against their twins over whole trainings."""

import json
import sys

import pytest

from benchmarks import unchanged


def test_means_are_compared() -> None:
    found = unchanged.compared({"torch": [0.1, 0.12], "numba": [0.11, 0.1118]})
    assert found["difference"] == pytest.approx(0.2218 / 0.22 - 1)
    assert found["spread_of_seeds"] == pytest.approx((0.02 / 2**0.5) / 0.11)
    assert found["met"]
    assert not unchanged.compared({"torch": [0.1], "numba": [0.102]})["met"]


def test_both_paths_are_trained(tmp_path, monkeypatch, capsys) -> None:
    items = {user: [(user * 7 + n * n) % 61 for n in range(8)] for user in range(80)}
    lines = [" ".join(map(str, [user, *had])) for user, had in items.items()]
    (tmp_path / "train.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(unchanged, "TRAININGS", {"mf": "--model mf --candidate uniform --epochs 1"})
    file = tmp_path / f"unchanged-{tmp_path.name}.json"
    file.write_text('{"trainings": {"measured before": {}}}')
    words = f"unchanged.py {tmp_path} --seeds 1 --results {tmp_path} --only mf"
    monkeypatch.setattr(sys, "argv", words.split())
    unchanged.main()
    rows = json.loads(file.read_text())["trainings"]
    assert list(rows) == ["measured before", "mf"]
    row = rows["mf"]
    assert [len(values) for values in row["ndcg@20"].values()] == [1, 1]
    assert row["ndcg@20"]["torch"] == pytest.approx(row["ndcg@20"]["numba"], rel=0.05)
    assert "mf: " in capsys.readouterr().out
