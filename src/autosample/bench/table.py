"""The table of jobs in SQLite, which several workers share.

A worker that takes a job has a lease on it, which it renews while it lives. When a lease runs out
the worker is dead, or as good as dead, and the next one takes the job. Every change is a
transaction that is on disk before it returns.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autosample.bench.jobs import Job
from autosample.bench.sources import Source
from autosample.errors import StoreError
from autosample.settings import Settings
from autosample.store.files import storing

NAME = "bench.sqlite"
FORMAT = 1
State = Literal["waiting", "running", "done", "failed"]

_TRIES = 2  # failures after which a job has failed
_LONGEST = 3600.0  # seconds; a lease that ends later was given before the clock was set back
_FAULTS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
_DEATHS = 5  # workers that died at a job, after which it has failed

_SCHEMA = """
CREATE TABLE jobs (
    place INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    dataset TEXT NOT NULL,
    label TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    settings TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    worker TEXT,
    lease REAL NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    result TEXT
) STRICT;
CREATE TABLE commands (place INTEGER PRIMARY KEY, command TEXT NOT NULL UNIQUE) STRICT;
"""


@dataclass(frozen=True)
class Row:
    """A job and what became of it."""

    key: str
    job: Job
    state: State
    error: str | None
    result: dict[str, Any] | None


class JobTable:
    """The jobs of a bench.

    Args:
        folder: Of the bench.
        create: Make the table where there is none.

    Raises:
        StoreError: AS501 in the folder of a run, AS531 when there is no table, AS532 when another
            version made it; AS502, AS503, AS504, here and from every method, when it cannot be read
            and written.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        path = folder / NAME
        if not create and not path.exists():
            raise StoreError(
                "AS531",
                f"{folder} must be the folder of a bench.",
                "Make one: autosample bench plan.",
            )
        if create and not path.exists() and (folder / "manifest.json").exists():
            raise StoreError(
                "AS501",
                f"A bench needs a folder of its own, and {folder} has a manifest.json, as those of "
                "runs and exports have.",
                "Name another.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._asking():
            self._base = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._base.row_factory = sqlite3.Row
            for pragma in ("journal_mode = WAL", "synchronous = FULL"):
                self._base.execute(f"PRAGMA {pragma}")
        with self._change():
            (found,) = self._base.execute("PRAGMA user_version").fetchone()
            if found == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._base.execute(statement)
                self._base.execute(f"PRAGMA user_version = {FORMAT}")
        if found not in (0, FORMAT):
            raise StoreError(
                "AS532",
                f"The table has format {found}, and this version reads {FORMAT}.",
                "Use the version of autosample that made it.",
            )

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def add(self, jobs: Iterable[Job], command: str | None = None) -> int:
        """Add what is not there yet; returns how many that were."""
        before = self._base.total_changes
        rows = [
            (
                job.key,
                job.dataset,
                job.label,
                job.fingerprint,
                job.settings.model_dump_json(),
                json.dumps(job.source.as_dict()),
            )
            for job in jobs
        ]
        with self._change():
            self._base.executemany(
                "INSERT OR IGNORE INTO jobs (key, dataset, label, fingerprint, settings, source) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            added = self._base.total_changes - before
            if command is not None:
                self._base.execute(
                    "INSERT OR IGNORE INTO commands (command) VALUES (?)", (command,)
                )
        return added

    def claim(self, worker: str, lease: float) -> Row | None:
        """Take the next job for ``lease`` seconds: one that waits, or whose worker is dead.

        Several machines may share a table, so leases go by the clock on the wall. When it is set
        forward, a job is taken too early, finds its run's folder locked, and is postponed; when it
        is set back, the job of a dead worker waits an hour at most.
        """
        now = time.time()
        with self._change():
            row = self._base.execute(
                "SELECT * FROM jobs WHERE state = 'waiting' "
                "OR (state = 'running' AND lease NOT BETWEEN ? AND ?) "
                "ORDER BY failures, place LIMIT 1",
                (now, now + _LONGEST),
            ).fetchone()
            if row is None:
                return None
            deaths = row["deaths"] + (row["state"] == "running")
            state = "failed" if deaths >= _DEATHS else "running"
            error = f"{deaths} workers died at it, the last was {row['worker']}"
            self._base.execute(
                "UPDATE jobs SET state = ?, worker = ?, lease = ?, deaths = ?, error = ? "
                "WHERE key = ?",
                (
                    state,
                    worker,
                    now + lease,
                    deaths,
                    error if state == "failed" else row["error"],
                    row["key"],
                ),
            )
        return _read(row) if state == "running" else self.claim(worker, lease)

    def renew(self, key: str, worker: str, lease: float) -> None:
        """Go on holding a job for ``lease`` seconds from now."""
        self._update(key, "lease = ?", time.time() + lease, worker=worker)

    def put_back(self, key: str, worker: str) -> None:
        """Let others take a job that was begun."""
        self._update(key, "state = 'waiting', worker = NULL", worker=worker)

    def postpone(self, key: str, worker: str, lease: float) -> None:
        """Leave a job alone for ``lease`` seconds: the worker it was taken from still lives."""
        values = (time.time() + lease,)
        self._update(key, "lease = ?, deaths = max(deaths - 1, 0)", *values, worker=worker)

    def finish(self, key: str, result: dict[str, Any]) -> None:
        """Write a result; it is the same whichever worker found it."""
        values = "state = 'done', worker = NULL, error = NULL, result = ?"
        with self._change():
            self._base.execute(
                f"UPDATE jobs SET {values} WHERE key = ?",  # noqa: S608  no outside text
                (json.dumps(result), key),
            )

    def fail(self, key: str, worker: str, error: str) -> None:
        """Note a failure; after the second the job has failed."""
        state = f"CASE WHEN failures + 1 >= {_TRIES} THEN 'failed' ELSE 'waiting' END"
        values = f"state = {state}, failures = failures + 1, worker = NULL, error = ?"
        self._update(key, values, error, worker=worker)

    def retry(self) -> int:
        """Let failed jobs wait again; returns how many that were."""
        with self._change():
            return self._base.execute(
                "UPDATE jobs SET state = 'waiting', failures = 0, deaths = 0 WHERE state = 'failed'"
            ).rowcount

    def rows(self) -> list[Row]:
        """All jobs in their order."""
        with self._asking():
            found = self._base.execute("SELECT * FROM jobs ORDER BY place").fetchall()
        return [_read(row) for row in found]

    def commands(self) -> list[str]:
        """What was typed to plan, in order."""
        with self._asking():
            found = self._base.execute("SELECT command FROM commands ORDER BY place").fetchall()
        return [command for (command,) in found]

    def counts(self) -> dict[State, int]:
        """Number of jobs by state."""
        query = "SELECT state, count(*) FROM jobs GROUP BY state"
        with self._asking():
            found = self._base.execute(query).fetchall()
        states: tuple[State, ...] = ("waiting", "running", "done", "failed")
        return {state: dict(map(tuple, found)).get(state, 0) for state in states}

    def _update(self, key: str, values: str, *given: object, worker: str) -> None:
        """Change a running job, if it still is this worker's."""
        with self._change():
            self._base.execute(
                f"UPDATE jobs SET {values} "  # noqa: S608  no outside text
                "WHERE key = ? AND worker = ? AND state = 'running'",
                (*given, key, worker),
            )

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """A transaction that holds the only right to write from its beginning."""
        with self._asking():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._base.in_transaction:  # SQLite itself ends it when the disk is full
                    self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn faults of the file into errors for people."""
        with storing(self._path):
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise OSError(_FAULTS.get(error.sqlite_errorcode & 0xFF), str(error)) from None


def _read(row: sqlite3.Row) -> Row:
    job = Job(
        dataset=row["dataset"],
        label=row["label"],
        fingerprint=row["fingerprint"],
        settings=Settings.of(**json.loads(row["settings"])),
        source=Source.from_dict(json.loads(row["source"])),
    )
    result = None if row["result"] is None else json.loads(row["result"])
    return Row(row["key"], job, row["state"], row["error"], result)
