"""Requests that come at the same time are scored as one block.

A product of rows and items costs the same for one row as for a block of them (see
:mod:`autosample.evaluate`). So while one block is scored, what comes is collected, and is the next
block. Nothing waits for a timer: a lone request is scored at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autosample.data import Interactions
from autosample.errors import SettingsError
from autosample.evaluate import IntArray, recommend
from autosample.lists import Best


@dataclass(frozen=True)
class Job:
    """Lists that a request asks for.

    Attributes:
        table: (I, D) rows that are ranked; jobs with the same one go together.
        rows: Makes the (n, D) rows that they are ranked for, outside the event loop.
        left_out: n arrays of item numbers that are not to come.
        k: Length of the lists, at most I.
    """

    table: Tensor
    rows: Callable[[], Tensor]
    left_out: Sequence[IntArray]
    k: int


class Batcher:
    """Collects jobs and scores them together, one block at a time.

    Args:
        block: Lists per block, about.
        most: Jobs that may wait.
    """

    def __init__(self, *, block: int = 1024, most: int = 4096) -> None:
        self._block, self._most = block, most
        self._waiting: list[tuple[Job, asyncio.Future[Best]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def answer(self, job: Job) -> Best:
        """(n, k) item numbers, -1 for none, and their scores.

        Raises:
            SettingsError: AS295 when too many jobs wait.
        """
        if len(self._waiting) >= self._most:
            raise SettingsError("AS295", "Too many requests wait.", "Come back later.")
        future: asyncio.Future[Best] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            taken = self._take()
            try:
                found = await asyncio.to_thread(score, [job for job, _ in taken])
            except Exception as error:
                for _, future in taken:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), best in zip(taken, found, strict=True):
                if not future.done():  # its client may have gone
                    future.set_result(best)

    def _take(self) -> list[tuple[Job, asyncio.Future[Best]]]:
        """The jobs of the next block, first come first served."""
        lists = np.cumsum([len(job.left_out) for job, _ in self._waiting])
        count = 1 + int(np.searchsorted(lists, self._block))
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken


def score(jobs: Sequence[Job]) -> list[Best]:
    """Do jobs; the lists of those that rank the same table are made together."""
    found: dict[int, Best] = {}
    for table in {id(job.table): job.table for job in jobs}.values():
        places = [place for place, job in enumerate(jobs) if job.table is table]
        found |= zip(places, _together([jobs[place] for place in places], table), strict=True)
    return [found[place] for place in range(len(jobs))]


def _together(jobs: Sequence[Job], table: Tensor) -> list[Best]:
    """Longer lists begin as shorter ones do, so all are made as long as the longest."""
    rows = torch.cat([job.rows() for job in jobs])
    lists = [items for job in jobs for items in job.left_out]
    owners = np.repeat(np.arange(len(lists)), [len(items) for items in lists])
    left_out = Interactions.from_pairs(
        owners, np.concatenate([np.empty(0, np.int64), *lists]), len(lists), len(table)
    )
    every = np.arange(len(lists))
    items, scores = recommend(rows, table, left_out, every, max(job.k for job in jobs))
    ends = np.cumsum([len(job.left_out) for job in jobs])
    cut = zip(jobs, np.split(items, ends[:-1]), np.split(scores, ends[:-1]), strict=True)
    return [(found[:, : job.k], best[:, : job.k]) for job, found, best in cut]
