"""A worker: takes jobs from the table until none is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autosample.bench.jobs import Job
from autosample.bench.table import JobTable, Row
from autosample.data import Dataset
from autosample.errors import AutosampleError, DataError, StoreError
from autosample.search import Progress
from autosample.settings import Settings
from autosample.store import RunFolder
from autosample.store.files import locked
from autosample.store.manifest import LARGE

LEASE = 60.0  # seconds without a sign of life after which a worker counts as dead

Watch = Callable[[Row, str], None]
Show = Callable[[Settings], contextlib.AbstractContextManager[Callable[[Progress], None] | None]]


class Worker:
    """Takes jobs and does them, each in a run folder, so that the next worker can go on with it.

    Args:
        folder: Of the bench.
        lease: Seconds without a sign of life after which others take this worker's job.
        keep: Whether finished runs keep model and data, as `autosample recommend` needs.
        watch: Called with a job and "begun", "done" or what went wrong.
        show: Makes a context in which the progress of a run of given settings is shown.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lease: float = LEASE,
        keep: bool = False,
        watch: Watch = lambda row, what: None,
        show: Show = lambda settings: contextlib.nullcontext(),
    ) -> None:
        self.folder, self.lease, self.keep = folder, lease, keep
        self.watch, self.show = watch, show
        self.name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._table = JobTable(folder)
        self._loaded: tuple[tuple[str, str], Dataset] | None = None

    def work(self) -> int:
        """Do jobs until none waits and none of another worker's could come free; returns how many.

        A job that raises an error waits for a second try, from the beginning, then has failed.
        """
        done = 0
        while True:
            row = self._table.claim(self.name, self.lease)
            if row is not None:
                done += self._do(row)
            elif self._table.counts()["running"]:
                time.sleep(min(1.0, self.lease / 4))
            else:
                return done

    def _do(self, row: Row) -> bool:
        """Do a job; whether it is done."""
        path = run_path(self.folder, row.key)
        self.watch(row, "begun")
        try:
            with beating(self.folder, row.key, self.name, self.lease):
                result = self._carry_out(row.job, path)
        except (KeyboardInterrupt, SystemExit):
            self._table.put_back(row.key, self.name)
            raise
        except Exception as error:
            if isinstance(error, StoreError) and error.code == "AS505":
                self._table.postpone(row.key, self.name, self.lease)
                return False
            known = isinstance(error, AutosampleError)
            told = str(error) if known else f"{type(error).__name__}: {error}"
            shutil.rmtree(path, ignore_errors=True)
            self._table.fail(row.key, self.name, told)
            self.watch(row, told)
            return False
        self._table.finish(row.key, result)
        if not self.keep:
            slim(path)
        self.watch(row, "done")
        return True

    def _carry_out(self, job: Job, path: Path) -> dict[str, Any]:
        folder = _existing(path)
        if folder is None or not folder.finished:
            dataset = self._dataset(job) if folder is None else folder.dataset()
            folder = folder or RunFolder.create(path, dataset, job.settings)
            with self.show(job.settings) as on_progress:
                folder.run(dataset, on_progress=on_progress)
        found: dict[str, Any] = json.loads((path / "result.json").read_text("utf-8"))
        return found

    def _dataset(self, job: Job) -> Dataset:
        """The job's data; the last one stays in memory, since jobs come by dataset.

        Raises:
            DataError: AS147 when it is not what the job was planned with.
        """
        key = (json.dumps(job.source.as_dict()), job.fingerprint)
        if self._loaded is None or self._loaded[0] != key:
            dataset = job.source.load(job.settings.seed)
            if dataset.fingerprint() != job.fingerprint:
                raise DataError(
                    "AS147",
                    f"The data of {job.dataset} is not what it was when the bench was planned.",
                    "Restore it, or plan another bench.",
                )
            self._loaded = key, dataset
        return self._loaded[1]


@contextlib.contextmanager
def beating(folder: Path, key: str, worker: str, lease: float) -> Iterator[None]:
    """Renew the lease on a job, four times in its length, from a thread of its own.

    What fails, such as on a disk that is full for a while, is tried again the next time.
    """
    over = threading.Event()

    def beat() -> None:
        while not over.wait(lease / 4):
            with contextlib.suppress(StoreError), contextlib.closing(JobTable(folder)) as table:
                table.renew(key, worker, lease)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def run_path(folder: Path, key: str) -> Path:
    """Folder of a job's run."""
    return folder / "runs" / key


def slim(path: Path) -> None:
    """Drop what is large of a finished run: its model and its copy of the data."""
    for name in LARGE:
        with contextlib.suppress(OSError):
            (path / name).unlink()


def _existing(path: Path) -> RunFolder | None:
    """The run folder that an earlier worker made; one that was half made is emptied."""
    if not path.exists():
        return None
    try:
        return RunFolder.open(path)
    except StoreError as error:
        if error.code != "AS507":
            raise
    with locked(path):
        for file in path.iterdir():
            if file.name != "lock":
                file.unlink()
    return None
