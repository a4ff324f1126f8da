import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from autosample.data import Dataset, Interactions, Vocabulary
from autosample.evaluate import rank_held_out
from autosample.fold_in import UNOBSERVED, FoldIn
from autosample.metrics import summarise
from autosample.run import run
from tests.tiny import quick, tiny_dataset


def test_the_row_minimises_the_loss_that_is_written() -> None:
    """Against a general optimiser on the written-out sum."""
    table = np.random.default_rng(0).normal(size=(9, 3)) * [1, 0.3, 2]
    own = [1, 4, 5]

    def loss(row):
        scores = table @ row
        spread = np.trace(table.T @ table) / 3
        everything = (scores**2).sum() + spread * (row**2).sum()
        return ((1 - scores[own]) ** 2).sum() + UNOBSERVED * everything

    best = minimize(loss, np.zeros(3), tol=1e-12).x
    items = Interactions.from_pairs([0, 0, 0], own, 2, 9)
    rows = FoldIn(torch.tensor(table), torch.ones(9, dtype=torch.bool)).rows(items)
    np.testing.assert_allclose(rows[0], best, atol=1e-5)
    assert not rows[1].any(), "nothing is known of a user without items"


def test_the_scale_of_the_model_changes_no_order() -> None:
    table = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    items = Interactions.from_pairs([0, 0, 1], [3, 7, 2], 2, 20)
    every = torch.ones(20, dtype=torch.bool)
    orders = [
        (FoldIn(scale * table, every).rows(items) @ table.T).argsort(dim=1) for scale in (1, 1e-3)
    ]
    assert torch.equal(*orders)


def test_untrained_items_and_empty_tables_do_no_harm() -> None:
    table, items = torch.zeros(4, 2), Interactions.from_pairs([0], [1], 1, 4)
    assert not FoldIn(table, torch.zeros(4, dtype=torch.bool)).rows(items).any()
    table[3] = 1e6  # nobody had it
    trained = torch.tensor([True, True, True, False])
    assert FoldIn(table, trained).rows(items).isfinite().all()


@pytest.mark.parametrize("model", ["mf", "lightgcn"])
def test_users_who_were_not_there_get_better_than_what_is_popular(model) -> None:
    data = tiny_dataset(seed=5)
    new = np.arange(data.n_users) % 4 == 0

    def part(of: Interactions, who: np.ndarray) -> Interactions:
        taken = who[of.users]
        place = np.cumsum(who) - 1
        pairs = (place[of.users[taken]], of.items[taken])
        return Interactions.from_pairs(*pairs, int(who.sum()), data.n_items)

    parts = [part(one, ~new) for one in (data.train, data.valid, data.test)]
    users = Vocabulary(data.users.names.filter(~new))
    result = run(Dataset(*parts, users, data.items), quick(model=model, dim=16, epochs=20))
    had, test = part(data.train.union(data.valid), new), part(data.test, new)
    rows = FoldIn(result.item_table, torch.from_numpy(result.seen.item_counts > 0)).rows(had)
    counts = torch.from_numpy(result.seen.item_counts).float()[:, None]
    ours, popular = (
        summarise(rank_held_out(left, right, had, test), ["ndcg@10"])["ndcg@10"]
        for left, right in ((rows, result.item_table), (torch.ones(len(rows), 1), counts))
    )
    assert ours > 1.2 * popular
