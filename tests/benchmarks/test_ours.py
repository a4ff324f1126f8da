"""Our own worker does what the plan asks of it."""

import sys
from types import ModuleType

import numpy as np
import pytest
from benchmarks.speed import environments, feedback
from benchmarks.speed.plan import ROWS
from benchmarks.speed.scaling import points


@pytest.fixture(scope="module")
def ours() -> ModuleType:
    """The worker as a module, without its hold on the threads of the process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(environments.WORKERS))
        import protocol  # noqa: PLC0415

        patch.setattr(protocol, "limit_threads", lambda: 1)
        import ours  # noqa: PLC0415

        yield ours
    for name in ("protocol", "ours"):
        del sys.modules[name]


def options(ours: ModuleType, threads: int = 1):
    arrays = dict(feedback.simulate(600, 700, 9000))
    arrays = {name: np.asarray(value) for name, value in arrays.items()}
    return ours.Options("", threads, dim=8, batch=512, seconds=0.0, arrays=arrays)


def test_every_work_of_the_plan_is_known(ours: ModuleType) -> None:
    asked = {one.work for row in ROWS for one in row.contenders if one.peer == "ours"}
    assert set(ours.WORKS) >= asked | {point.work for point in points()} | {"mf-epochs"}


@pytest.mark.parametrize(
    ("work", "units"),
    [
        ("mf-uniform", 7200),  # every positive once
        ("mf-epochs", 7200),
        ("mf-shared", 7200),
        ("lightgcn-mixgcf32", 7200),
        ("draws-uniform", 7200),
        ("draws-popularity", 7200),
        ("draws-uniform32", 6250 * 32),
    ],
)
def test_units_are_counted(ours: ModuleType, use_threads, work: str, units: int) -> None:
    assert ours.WORKS[work](options(ours)).do() == units


def test_ranking_counts_users_with_something_to_rank(ours: ModuleType, use_threads) -> None:
    given = options(ours)
    users = len(np.unique(given.test_users))
    assert ours.WORKS["ranking"](given).do() == users


@pytest.mark.parametrize("work", ["mf-dns32", "lightgcn-uniform", "draws-popularity", "ranking"])
def test_digests_are_of_the_work_and_not_of_the_threads(
    ours: ModuleType, use_threads, work: str
) -> None:
    one, two = (ours.WORKS[work](options(ours, threads)) for threads in (1, 2))
    assert one.facts["digest"] == two.facts["digest"]


def test_a_chunk_ends_an_epoch_early(ours: ModuleType, use_threads, monkeypatch) -> None:
    monkeypatch.setitem(ours.CHUNK, "mf", 1000)
    assert ours.WORKS["mf-uniform"](options(ours)).do() == 1024


def test_needed_memory_by_hand(ours: ModuleType, use_threads) -> None:
    facts = ours.WORKS["mf-uniform"](options(ours)).facts
    parameters = (600 + 700) * 8
    assert facts["needed_mb"] == (3 * 4 * parameters + 4 * 7200 + 8 * 600) / 2**20
