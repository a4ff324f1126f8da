"""The grid by which a model's defaults are chosen."""

import json
import sys

from benchmarks import defaults


def test_every_point_of_the_grid_is_trained_once_and_the_test_is_untouched(
    tmp_path, monkeypatch, capsys
) -> None:
    items = {user: [(user * 7 + n * n) % 61 for n in range(8)] for user in range(80)}
    lines = [" ".join(map(str, [user, *had])) for user, had in items.items()]
    (tmp_path / "train.txt").write_text("\n".join(lines) + "\n")
    words = f"defaults.py {tmp_path} mf --l2 0 5 --epochs 2 --results {tmp_path}"
    monkeypatch.setattr(sys, "argv", [*words.split(), "--sampler", "uniform"])
    defaults.main()
    report = json.loads((tmp_path / f"defaults-mf-{tmp_path.name}.json").read_text())
    free, bound = report["runs"]
    assert (free["l2"], bound["l2"], free["lr"]) == (0.0, 5.0, 5e-3)
    assert free["valid"] > bound["valid"]
    assert report["command"].startswith("python benchmarks/defaults.py ")
    assert "valid" in capsys.readouterr().out
