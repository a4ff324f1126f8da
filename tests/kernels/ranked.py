"""Cases for ranks and lists, and the declared order by Python's sort."""

import numpy as np
import torch

from autosample.data.interactions import Interactions

INF = float("inf")


def pairs(*items_by_user, n_items):
    users = [user for user, items in enumerate(items_by_user) for _ in items]
    items = [item for items in items_by_user for item in items]
    return Interactions.from_pairs(users, items, len(items_by_user), n_items)


def best_first(scores, seen):
    """Unseen items of one user in the declared order, by Python's sort."""
    unseen = set(range(len(scores))) - set(seen.tolist())
    return sorted(unseen, key=lambda item: (-scores[item], item))


def random_case(seed, *, values, n_users=9, n_items=40):
    """Scores with many ties, and disjoint seen and held-out items; some users lack either."""
    rng = np.random.default_rng(seed)
    scores = rng.choice(np.array(values, np.float32), (n_users, n_items))
    role = rng.choice(3, (n_users, n_items), p=[0.5, 0.3, 0.2])
    role[0], role[1][role[1] == 1], role[2][role[2] == 2] = 1, 0, 0
    seen, held = (Interactions.from_pairs(*np.nonzero(role == r), n_users, n_items) for r in (1, 2))
    return torch.from_numpy(scores), seen, held


def tables(scores):
    """Rows of users and items with these scores, which may be infinite: finite numbers."""
    if not scores.isinf().any():
        return torch.eye(len(scores)), scores.T.contiguous()
    return 2 * torch.eye(len(scores)), (scores / 2).clamp(-3e38, 3e38).T.contiguous()


def tables_with_nan(n_users, n_items, user, item):
    """Rows of one number: a user's scores are all infinite but for one that is not a number."""
    left, right = torch.ones(n_users, 1), torch.ones(n_items, 1)
    left[user], right[item] = INF, 0.0
    return left, right
