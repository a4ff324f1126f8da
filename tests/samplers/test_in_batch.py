import torch

from autosample.samplers.in_batch import InBatch
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case
from autosample.types import Batch


def test_unseen_positives_of_the_next_rows_are_taken():
    case, batch = Case(InBatch(k=3), tiny_views()["flat"]), tiny_batch()
    ids, size = case.run(batch).ids, len(batch.users)
    histories = [set(tiny_interactions().of(user).tolist()) for user in range(8)]
    kept = 0
    for b in range(size):
        for step in range(3):
            item = batch.positives[(b + step + 1) % size].item()
            if item not in histories[batch.users[b]]:
                assert ids[b, step] == item
                kept += 1
    assert 0 < kept < 3 * size


def test_alone_in_its_batch_a_positive_gets_popular_unseen_items():
    case = Case(InBatch(k=4000), tiny_views()["flat"])
    batch = Batch(torch.tensor([3]), torch.tensor([3]), torch.tensor([0]))
    ids = case.run(batch).ids[0]
    counts = torch.from_numpy(tiny_interactions().item_counts).double()
    counts[tiny_interactions().of(3).tolist()] = 0
    assert chi_square(ids, counts / counts.sum()) > 1e-4


def test_log_q_is_the_distribution_over_shuffled_batches():
    case, user = Case(InBatch(k=1), tiny_views()["flat"]), 4
    everyone = tiny_batch(users=tuple(range(8)))
    generator = torch.Generator().manual_seed(0)
    other = torch.randint(len(everyone.users), (6000,), generator=generator)
    # rows of user 4 alternate with random rows of the data
    mine = Batch(torch.full((6000,), user), torch.full((6000,), user), torch.arange(6000))
    pairs = zip(mine, everyone.take(other), strict=True)
    batch = Batch(*(torch.stack(pair, dim=1).flatten() for pair in pairs))
    batch = batch._replace(index=torch.arange(12000))
    batch = batch._replace(users=torch.full((12000,), user))
    answer = case.run(batch, epochs=1)
    ids, log_q = answer.ids[::2, 0], answer.log_q[::2, 0]
    chance = torch.zeros(24, dtype=torch.float64)
    chance[ids] = log_q.exp().double()
    assert chi_square(ids, chance / chance.sum()) > 1e-4
    assert abs(float(chance.sum()) - 1) < 1e-3


def test_items_without_interactions_hardly_ever_come():
    weights = InBatch().weigh(tiny_interactions())
    counts = tiny_interactions().item_counts
    assert weights.tolist() == [max(count, 1e-3) for count in counts.tolist()]
