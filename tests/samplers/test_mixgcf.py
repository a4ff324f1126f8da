import pytest
import torch

from autosample.samplers.mixgcf import _STREAM, MixGCF
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case
from autosample.types import Batch


def by_the_paper(case, batch, pool, epoch):
    """All candidates mixed with the positive, then the argmax by layer, one row at a time."""
    view, draw = case.view, case.draw(epoch)
    layers = [layer.detach() for layer in view._layers]
    share = draw.uniform(batch, len(layers), stream=_STREAM)
    candidates = draw.unseen(batch, pool)
    rows = []
    for b in range(len(batch.users)):
        user, positive = batch.users[b], batch.positives[b]
        mixed = []
        for level, table in enumerate(layers):
            meets = table[user] if view._pooling == "concat" else view.table[user]
            a = share[b, level]
            blends = [a * table[8 + positive] + (1 - a) * table[8 + n] for n in candidates[b]]
            mixed.append(max(blends, key=lambda blend, meets=meets: float(meets @ blend)))
        rows.append(torch.stack(mixed))
    return torch.stack(rows)


@pytest.mark.parametrize("name", ["flat", "mean", "concat"])
def test_same_instances_as_the_paper_makes(name):
    case, batch = Case(MixGCF(pool=5), tiny_views()[name]), tiny_batch()
    vectors = case.run(batch).instances(case.view)[:, 0]
    assert torch.allclose(vectors, by_the_paper(case, batch, 5, epoch=1), atol=1e-6)


def test_gradient_reaches_positive_and_chosen_rows_by_share():
    case = Case(MixGCF(pool=4), tiny_views()["mean"])
    batch = Batch(torch.tensor([2]), torch.tensor([2]), torch.tensor([9]))
    answer = case.run(batch, epochs=1)
    answer.instances(case.view).sum().backward()
    positive, chosen = (leaf.grad[0, :, 0] for _, leaf in case.view._taken)
    share = case.draw(0).uniform(batch, 3, stream=_STREAM)[0]
    assert torch.allclose(positive, share)
    assert torch.allclose(chosen, 1 - share)


def test_id_is_the_item_of_most_layers():
    case, batch = Case(MixGCF(pool=3), tiny_views()["mean"]), tiny_batch()
    ids = case.run(batch).ids
    candidates = case.draw(1).unseen(batch, 3)
    best = case.view.layer_scores(batch.users, candidates).argmax(dim=1)
    for b, picks in enumerate(candidates.gather(1, best).tolist()):
        counts = [picks.count(item) for item in picks]
        assert picks.count(ids[b].item()) == max(counts)
