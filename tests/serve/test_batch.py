import asyncio
import threading

import numpy as np
import pytest
import torch

from autosample.data import Interactions
from autosample.errors import SettingsError
from autosample.evaluate import recommend
from autosample.serve import batch
from autosample.serve.batch import Batcher, Job, score

TABLES = [torch.randn(size, 4, generator=torch.Generator().manual_seed(size)) for size in (30, 50)]


def job(seed: int) -> Job:
    numbers = np.random.default_rng(seed)
    table = TABLES[seed % 2]
    rows = torch.from_numpy(numbers.normal(size=(1 + seed % 3, 4)).astype(np.float32))
    left_out = [numbers.integers(0, len(table), size=seed % 5) for _ in rows]
    return Job(table, lambda: rows, left_out, 1 + seed % 30)


def alone(one: Job):
    """Without other jobs: by the library's own function, each user apart."""
    for row, left_out in zip(one.rows(), one.left_out, strict=True):
        zeros = np.zeros(len(left_out), int)
        seen = Interactions.from_pairs(zeros, left_out, 1, len(one.table))
        items, scores = recommend(row[None], one.table, seen, [0], one.k)
        yield items[0], scores[0]


def assert_right(one: Job, found) -> None:
    expected = list(alone(one))
    np.testing.assert_array_equal(found[0], [items for items, _ in expected])
    np.testing.assert_array_equal(found[1], [scores for _, scores in expected])


def test_jobs_done_together_are_as_if_done_alone() -> None:
    jobs = [job(seed) for seed in range(40)]
    for one, found in zip(jobs, score(jobs), strict=True):
        assert_right(one, found)


def test_what_comes_meanwhile_is_the_next_block(monkeypatch) -> None:
    blocks, go = [], threading.Event()

    def slowly(jobs):
        blocks.append(len(jobs))
        assert go.wait(20)
        return score(jobs)

    monkeypatch.setattr(batch, "score", slowly)

    async def ask():
        batcher = Batcher(block=8, most=30)
        tasks = [asyncio.create_task(batcher.answer(job(0)))]
        await asyncio.sleep(0.05)
        jobs = [job(seed) for seed in range(30)]
        tasks += [asyncio.create_task(batcher.answer(one)) for one in jobs]
        await asyncio.sleep(0)
        with pytest.raises(SettingsError, match="AS295"):
            await batcher.answer(job(1))
        tasks[3].cancel()
        go.set()
        return jobs, await asyncio.gather(*tasks[1:], return_exceptions=True)

    jobs, found = asyncio.run(ask())
    assert blocks[0] == 1
    assert sum(blocks) == 31
    assert max(blocks) <= 8
    assert isinstance(found[2], asyncio.CancelledError)
    for place, (one, best) in enumerate(zip(jobs, found, strict=True)):
        if place != 2:
            assert_right(one, best)


def test_a_failing_block_fails_its_jobs_and_no_other() -> None:
    async def ask():
        batcher = Batcher()
        broken = Job(TABLES[0], lambda: torch.full((1, 4), torch.nan), [np.empty(0, int)], 3)
        with pytest.raises(Exception, match="AS410"):
            await batcher.answer(broken)
        return await batcher.answer(job(2))

    assert_right(job(2), asyncio.run(ask()))
