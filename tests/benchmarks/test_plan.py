"""The plan fits the workers and the targets."""

import ast

import pytest
from benchmarks.speed import environments
from benchmarks.speed.plan import ROWS, TARGETS
from benchmarks.speed.run import RESULTS, parse


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_labels_are_unique_and_peers_known(row) -> None:
    labels = [one.label for one in row.contenders]
    assert len(set(labels)) == len(labels)
    for one in row.contenders:
        assert environments.worker_of(one.peer).exists()
        assert one.peer == "ours" or one.peer in environments.REQUIREMENTS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.text)
def test_targets_name_contenders_of_their_row(target) -> None:
    (row,) = (row for row in ROWS if row.name == target.row)
    labels = {one.label for one in row.contenders}
    assert labels >= {*target.ours, *target.rivals}


@pytest.mark.parametrize("peer", sorted(environments.REQUIREMENTS))
def test_workers_know_the_works_that_are_asked_of_them(peer: str) -> None:
    """Read from the source: the peers are not installed where tests run."""
    tree = ast.parse(environments.worker_of(peer).read_text())
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for row in ROWS:
        for one in row.contenders:
            if one.peer == peer:
                assert one.work in names or one.work.rpartition("/")[2] in names, one


def test_torch_is_pinned_in_the_command_that_needs_it() -> None:
    for peer in ("lenskit", "recbole", "torch"):
        assert environments.TORCH in environments.REQUIREMENTS[peer]


def test_some_rows_do_not_take_the_place_of_all(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["run.py"])
    assert parse().out == RESULTS / "speed.json"
    monkeypatch.setattr("sys.argv", ["run.py", "--rows", "ranking", "--out", "some.json"])
    assert str(parse().out) == "some.json"
    monkeypatch.setattr("sys.argv", ["run.py", "--rows", "ranking"])
    with pytest.raises(SystemExit):
        parse()
    assert "--out" in capsys.readouterr().err
