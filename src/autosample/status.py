"""What the folder of a run says of it, as it stands: nothing is written, nothing heavy is loaded.

Files are read without their checksums, so that a run can be looked at while it goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

try:
    import fcntl
except ImportError:  # pragma: no cover  only where there is no such call
    fcntl = None  # type: ignore[assignment]

State = Literal["finished", "running", "unfinished", "damaged"]
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)  # what damage leads to


@dataclass(frozen=True)
class Status:
    """What is known of a run.

    Attributes:
        path: Its folder.
        state: "running" while a process holds its lock; "unfinished" is for `autosample resume`.
        settings: What it was asked.
        data: Sizes and fingerprint of its dataset.
        result: What it found; nothing before it is over.
    """

    path: Path
    state: State
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def test(self) -> float | None:
        """The deciding metric on test users of a run that is over; None where there are none."""
        value: float | None = self.result["metrics"].get(self.settings["metric"])
        return value


def status(path: Path) -> Status:
    """What the folder of a run shows now.

    Raises:
        UNREADABLE: one of these, where its files are damaged.
    """
    listed = _read(path / "manifest.json")["sha256"]
    settings, data = (dict(_read(path / f"{name}.json")) for name in ("settings", "data"))
    if "result.json" in listed:
        return Status(path, "finished", settings, data, dict(_read(path / "result.json")))
    return Status(path, "running" if lock_is_held(path) else "unfinished", settings, data)


def runs_below(folder: Path) -> dict[str, Path]:
    """Folders of runs by name: those in a folder, those of a comparison, or a run's own."""
    if _is_run(folder):
        return {_name(folder.resolve()): folder}
    inside = folder / "runs" if is_comparison(folder) else folder
    return {_name(path): path for path in sorted(inside.glob("*")) if _is_run(path)}


def comparisons_below(folder: Path) -> dict[str, Path]:
    """Folders of comparisons and benches in a folder, by name."""
    return {_name(path): path for path in sorted(folder.glob("*")) if is_comparison(path)}


def is_comparison(folder: Path) -> bool:
    """Whether `autosample compare` or `autosample bench` made the folder."""
    return (folder / "bench.sqlite").is_file()


def together(states: Collection[State], waiting: int = 0) -> State:
    """The state of a comparison with runs in these states, and with jobs that wait for one."""
    order: tuple[State, ...] = ("running", "damaged", "unfinished", "finished")
    known = {*states, *(["unfinished"] if waiting else [])}
    return next((state for state in order if state in known), "unfinished")


def not_begun(folder: Path) -> int:
    """Jobs of a comparison without a run; 0 where its table cannot be read."""
    import sqlite3  # noqa: PLC0415  not needed to list runs

    path = folder.absolute() / "bench.sqlite"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as table:
            keys = [key for (key,) in table.execute("SELECT key FROM jobs")]
    except sqlite3.Error:
        return 0
    return sum(not (folder / "runs" / key).exists() for key in keys)


def verdict(folder: Path) -> str | None:
    """The sentence in which a comparison that is over says who won."""
    try:
        return str(_read(folder / "compare.json")["says"])
    except UNREADABLE:
        return None


def lock_is_held(folder: Path) -> bool:
    """Whether a process works in the run's folder; False where the file system knows no locks."""
    path = folder / "lock"
    if fcntl is None or not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def _name(folder: Path) -> str:
    """A folder's name as text, also where its bytes are none."""
    return os.fsencode(folder.name).decode("utf-8", "replace")


def _is_run(folder: Path) -> bool:
    """Whether a folder is of a run, if a damaged one; exports and web pages have manifests too."""
    path = folder / "manifest.json"
    try:
        listed = _read(path)
        return "sha256" in listed and "export" not in listed
    except UNREADABLE:
        return path.is_file()


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
