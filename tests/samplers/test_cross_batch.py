import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.cross_batch import CrossBatch
from autosample.samplers.in_batch import InBatch
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case
from autosample.types import Batch


def shuffled(seed, n=None):
    """All pairs of users who have negatives, in a random order."""
    batch = tiny_batch()
    order = torch.randperm(len(batch.users), generator=torch.Generator().manual_seed(seed))
    return batch.take(order[:n])


def kept(case):
    """Items in the queue, the oldest first."""
    return case.sampler.memory[case.sampler.queue - int(case.sampler.filled) :].tolist()


def test_the_oldest_positives_leave_first():
    case = Case(CrossBatch(queue=50, k=1), tiny_views()["flat"])
    case.sampler.begin_epoch(case.view, case.draw(0))
    passed = []
    for seed in range(4):
        batch = shuffled(seed, 20)
        case.sampler.sample(batch, case.view, case.draw(0))
        passed += batch.positives.tolist()
        assert kept(case) == passed[-50:]
    case.sampler.sample(shuffled(9), case.view, case.draw(0))  # longer than the queue
    assert kept(case) == shuffled(9).positives.tolist()[-50:]


def test_unseen_negatives_come_from_the_queue_uniformly():
    """Items of the queue that the user lacks, plus the replacements of the others, by hand."""
    case = Case(CrossBatch(queue=30, k=400), tiny_views()["flat"])
    case.sampler.begin_epoch(case.view, case.draw(0))
    case.sampler.sample(shuffled(1, 30), case.view, case.draw(0))
    user, item = 3, 3
    one = Batch(*(torch.full((30,), v) for v in (user, item, 0)))._replace(index=torch.arange(30))
    case.sampler.memory.copy_(torch.tensor([1] * 12 + [2] * 8 + [3] * 10))  # user 3 has item 3
    case.sampler.sample = InBatch.sample.__get__(case.sampler)  # leaves the queue as it is
    ids = case.sampler.sample(one, case.view, case.draw(0)).ids.flatten()
    counts = torch.from_numpy(tiny_interactions().item_counts).double()
    counts[tiny_interactions().of(user).tolist()] = 0
    expected = 10 / 30 * counts / counts.sum()
    expected[1] += 12 / 30
    expected[2] += 8 / 30
    assert chi_square(ids, expected) > 1e-4


def test_a_queue_of_one_batch_draws_as_in_batch():
    """Random rows of a random batch: by the popularity of unseen items, which log_q states."""
    everyone, n = tiny_batch(users=tuple(range(8))), 12000
    rows = torch.randint(len(everyone.users), (n,), generator=torch.Generator().manual_seed(3))
    batch = Batch(torch.full((n,), 4), everyone.positives[rows], torch.arange(n))
    answers = [
        Case(sampler, tiny_views()["flat"]).run(batch, epochs=1)
        for sampler in (CrossBatch(queue=n, k=1), InBatch(k=1))
    ]
    counts = torch.from_numpy(tiny_interactions().item_counts).double()
    counts[tiny_interactions().of(4).tolist()] = 0
    chance = counts / counts.sum()
    for answer in answers:
        assert chi_square(answer.ids[:, 0], chance) > 1e-4
        torch.testing.assert_close(
            answer.log_q.double(), chance[answer.ids].log(), atol=1e-5, rtol=0
        )


def test_out_of_range_is_refused():
    with pytest.raises(SettingsError, match=r"AS220"):
        CrossBatch(queue=0)
