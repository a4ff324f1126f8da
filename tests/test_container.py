"""Limits of control groups, from files as the kernel writes them."""

import math

import pytest

from autosample import container, memory
from autosample.kernels import threads

V1 = "4:memory:/batch/job\n1:cpu,cpuacct:/batch/job\n0::/\n"
V2 = "0::/batch/job\n"


@pytest.fixture
def groups(tmp_path):
    """Write the groups' files, and the one that names the process's own."""

    def write(own: str, files: dict[str, str]) -> dict:
        (tmp_path / "own").write_text(own)
        for name, content in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return {"root": tmp_path / "cgroup", "own": tmp_path / "own"}

    return write


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        (V2, {"batch/job/cpu.max": "150000 100000\n"}, 1.5),
        (V2, {"batch/job/cpu.max": "max 100000\n"}, None),
        (V2, {"batch/job/cpu.max": "max 100000\n", "cpu.max": "50000 100000\n"}, 0.5),
        (V2, {"other/cpu.max": "50000 100000\n"}, None),
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4.0),
        (V1, {"cpu/batch/cpu.cfs_quota_us": "200000", "cpu/batch/cpu.cfs_period_us": "50000"}, 4.0),
        (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "50000"}, None),
        ("", {}, None),
    ],
)  # fmt: skip
def test_cores(groups, own, files, expected) -> None:
    assert container.cores(**groups(own, files)) == expected


@pytest.mark.parametrize(
    ("own", "most", "now", "stat", "expected"),
    [
        (V2, "1000", "400", "anon 300\ninactive_file 60\nactive_file 40\n", 660),
        (V2, "1000", "1400", "", 0),
        (V2, "max", "400", "", None),
        (V1, "1000", "400", "inactive_file 9\ntotal_inactive_file 60\n", 660),
    ],
)
def test_free_memory(groups, own, most, now, stat, expected) -> None:
    names = {
        V2: ("batch/memory.max", "batch/memory.current", "batch/memory.stat"),
        V1: (
            "memory/batch/job/memory.limit_in_bytes",
            "memory/batch/job/memory.usage_in_bytes",
            "memory/batch/job/memory.stat",
        ),
    }[own]
    files = dict(zip(names, (most, now, stat), strict=True))
    assert container.free_memory(**groups(own, files)) == expected


def test_the_lower_limit_holds(groups) -> None:
    files = {"memory.max": "900", "memory.current": "500"}
    files |= {"batch/memory.max": "800", "batch/memory.current": "100"}
    assert container.free_memory(**groups(V2, files)) == 400


def test_threads_and_memory_go_by_it(monkeypatch) -> None:
    """A box of many cores of which the container has one and a half."""
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda pid: set(range(32)), raising=False)
    for quota, expected in ((1.5, 2), (0.1, 1), (64.0, 32), (None, 32)):
        monkeypatch.setattr(container, "cores", lambda quota=quota: quota)
        assert threads.available_cores() == expected
    monkeypatch.setattr(container, "free_memory", lambda: 12345)
    assert memory.free() == 12345


def test_this_process_has_sensible_limits() -> None:
    assert (container.cores() or math.inf) > 0
    assert (container.free_memory() or math.inf) >= 0
