"""What the control groups of this process let it have: cores and memory. Linux only, v1 and v2.

A container, a batch system or systemd puts a process in a group; each group above it may have a
lower limit. See the kernel's cgroup-v2.rst and cgroup-v1/.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_ROOT, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cores(root: Path = _ROOT, own: Path = _OWN) -> float | None:
    """Cores' worth of time that the process may use; None without a limit."""
    found = []
    for folder in _groups("cpu", root, own):
        quota, period, *_ = [
            *_words(folder / "cpu.max"),
            *_words(folder / "cpu.cfs_quota_us"),
            *_words(folder / "cpu.cfs_period_us"),
            "max",
            "max",
        ]
        if quota.isdigit() and period.isdigit():  # "max" and "-1" are no limit
            found.append(int(quota) / int(period))
    return min(found, default=None)


def free_memory(root: Path = _ROOT, own: Path = _OWN) -> int | None:
    """Bytes that the process can still take; None without a limit.

    Files that the system keeps in memory and can drop count as free.
    """
    found = []
    for folder in _groups("memory", root, own):
        for most, now, droppable in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, used = _words(folder / most), _words(folder / now)
            if limit and used and limit[0].isdigit():
                words = _words(folder / "memory.stat")
                kept = dict(zip(words[::2], words[1::2], strict=False)).get(droppable, "0")
                found.append(max(0, int(limit[0]) - int(used[0]) + int(kept)))
    return min(found, default=None)


def _groups(controller: str, root: Path, own: Path) -> Iterator[Path]:
    """Folders of the process's group and of those above it."""
    for line in _lines(own):
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        base = root / controller if names else root
        here = base / path.lstrip("/")
        yield from (folder for folder in (here, *here.parents) if folder.is_relative_to(base))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]
