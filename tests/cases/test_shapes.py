"""Shapes and splits: cases 36 to 45 of docs/bad-inputs.md."""

from pathlib import Path

import pytest

from autosample import AutoSample
from autosample.data import load_dataset
from tests.cases.making import table, timed

HEAD = "user_id,item_id"


@pytest.mark.parametrize(
    "rows", [[f"u,i{n}" for n in range(9)], [f"u{n},i" for n in range(9)]], ids=["user", "item"]
)
def test_one_user_or_one_item_is_refused(run, rows) -> None:
    told = run("\n".join([HEAD, *rows]))
    assert (told.exit, told.codes) == (3, ["AS127"])


def test_a_user_with_every_item_is_left_out_and_said(run, cli) -> None:
    train = table(*(f"all,i{n}" for n in range(23)))
    Path("test.csv").write_text(f"{HEAD}\nu1,i1\nu2,i1\n")
    told = run(train, "--test=test.csv")
    assert told.exit == 0
    every = load_dataset("events.csv", test_file="test.csv", valid=0)
    assert [note.count for note in every.notes if note.code == "AS170"] == [1]
    code, out, _ = cli("recommend", "run", "--user", "all", "-k", 50)
    assert (code, len(out.splitlines())) == (0, 1)  # the header: nothing is left to recommend


def test_a_user_with_every_item_but_one(run, cli) -> None:
    """Whatever is asked for, the one item that is left comes."""
    told = run(table(*(f"most,i{n}" for n in range(22))))
    assert told.exit == 0
    data = told.dataset()
    number = data.users.numbers(["most"])[0]
    code, out, _ = cli("recommend", "run", "--user", "most", "-k", 50)
    unseen = 23 - len(data.train.of(number)) - len(data.valid.of(number))
    assert (code, len(out.splitlines())) == (0, 1 + unseen)


@pytest.fixture
def cold(run):
    """Held-out rows of a user and of an item that training does not have."""
    Path("test.csv").write_text(f"{HEAD}\nu1,i1\nnewcomer,i1\nu2,novelty\n")
    return lambda *options: run(table(), "--test=test.csv", *options)


def test_users_without_training_are_said_and_can_be_dropped(cold) -> None:
    told = cold()
    assert (told.exit, told.codes.count("AS171")) == (0, 1)
    assert told.dataset().test.user_counts.sum() == 3
    dropped = cold("--cold-users=drop", "--out=dropped")
    assert (dropped.exit, dropped.codes.count("AS174")) == (0, 1)
    assert "AS171" not in dropped.codes
    assert dropped.dataset().test.user_counts.sum() == 2
    assert cold("--cold-users=zero", "--out=other").codes == ["AS243"]


def test_items_without_training_stay_among_the_ranked(cold) -> None:
    told = cold()
    assert told.codes.count("AS172") == 1
    assert "novelty" in told.dataset().items.names


def test_an_empty_core_tells_the_sizes_by_round(run) -> None:
    told = run(table(), "--k-core=50")
    assert (told.exit, told.codes) == (3, ["AS122"])
    assert "180 rows; round 1: 0 rows" in told.text


def test_users_with_one_item_stay_in_train(run) -> None:
    content = timed(lambda user, item: 1_577_836_800 + item) + "lonely,i1,1577836800\n"
    told = run(content, "--time=at", "--split=leave-last")
    assert (told.exit, told.codes.count("AS164")) == (0, 1)
    data = told.dataset()
    lonely = data.users.numbers(["lonely"])[0]
    assert len(data.train.of(lonely)) == 1


@pytest.mark.parametrize("users", [3, 9])
def test_nothing_to_decide_by_is_refused(run, users) -> None:
    """Users with one item each have none to spare for validation."""
    told = run("\n".join([HEAD, *(f"u{n},i{n % 4}" for n in range(users))]))
    assert (told.exit, told.codes[-1]) == (3, "AS144")


def test_parts_with_common_pairs(run) -> None:
    Path("test.csv").write_text(f"{HEAD}\nu1,i3\nu2,i1\n")
    told = run(table(), "--test=test.csv")
    assert (told.exit, told.codes) == (3, ["AS125"])
    assert "1 pairs" in told.text
    assert "('u1', 'i3')" in told.text
    allowed = run(table(), "--test=test.csv", "--allow-overlap")
    assert (allowed.exit, allowed.codes.count("AS169")) == (0, 1)
    assert len(AutoSample.load("run").result_.ranks) == 2  # both held-out users were ranked
    Path("valid.csv").write_text(f"{HEAD}\nu1,i3\nu2,i2\n")
    parts = ["--test=test.csv", "--valid=valid.csv", "--allow-overlap", "--out=third"]
    third = run(table(), *parts)
    assert third.exit == 0
    assert len(third.dataset().valid) == 1


def test_one_file_as_validation_and_test(run) -> None:
    Path("held.csv").write_text(f"{HEAD}\nu1,i1\nu2,i1\n")
    told = run(table(), "--test=held.csv", "--valid=held.csv")
    assert (told.exit, told.codes) == (3, ["AS125"])
    assert "the same" in told.text
    assert run(table(), "--test=held.csv", "--valid=held.csv", "--allow-overlap").exit == 3
