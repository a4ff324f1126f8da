"""What a user would write in plain torch, with no library of ours or of others."""

from __future__ import annotations

import protocol

THREADS = protocol.limit_threads()

from collections.abc import Callable, Iterator  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from protocol import METRICS_K, Options, Work  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

L2, LR, DEPTH = 1e-4, 1e-3, 3
STEPS = {"mf": 40, "lightgcn": 4}  # batches between two looks at the clock
RANKED = 4096  # users of one ranking


class Batches:
    """Endless shuffled batches, and negatives drawn again where they are items of their user."""

    def __init__(self, options: Options) -> None:
        torch.set_num_threads(options.threads)
        torch.manual_seed(0)
        self.users = torch.from_numpy(options.users.astype(np.int64))
        self.items = torch.from_numpy(options.items.astype(np.int64))
        self.n_users, self.n_items = options.n_users, options.n_items
        self.keys = self.users * self.n_items + self.items  # ascending
        self.batch = options.batch
        self.order = self.endless()

    def endless(self) -> Iterator[Tensor]:
        while True:
            order = torch.randperm(len(self.users))
            yield from (part for part in torch.split(order, self.batch) if len(part) == self.batch)

    def next(self) -> tuple[Tensor, Tensor]:
        rows = next(self.order)
        return self.users[rows], self.items[rows]

    def seen(self, users: Tensor, items: Tensor) -> Tensor:
        wanted = users * self.n_items + items
        place = torch.searchsorted(self.keys, wanted).clamp_max(len(self.keys) - 1)
        return self.keys[place] == wanted

    def negatives(self, users: Tensor, n: int) -> Tensor:
        """(B, n) verified uniform negatives."""
        owners = users[:, None].expand(-1, n)
        items = torch.randint(self.n_items, owners.shape)
        while (bad := self.seen(owners, items)).any():
            items[bad] = torch.randint(self.n_items, (int(bad.sum()),))
        return items


class MF(nn.Module):
    """Two embedding tables."""

    def __init__(self, batches: Batches, dim: int, *, sparse: bool) -> None:
        super().__init__()
        self.user = nn.Embedding(batches.n_users, dim, sparse=sparse)
        self.item = nn.Embedding(batches.n_items, dim, sparse=sparse)
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.1)

    def rows(self) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
        return self.user, self.item


class Symmetric(torch.autograd.Function):
    """Product with a symmetric sparse matrix: backward is the same product."""

    @staticmethod
    def forward(context, matrix, table):
        context.matrix = matrix
        return matrix @ table

    @staticmethod
    def backward(context, gradient):
        return None, context.matrix @ gradient


class LightGCN(nn.Module):
    """One table, propagated through a CSR matrix."""

    def __init__(self, batches: Batches, dim: int, *, symmetric: bool) -> None:
        super().__init__()
        self.n_users, self.symmetric = batches.n_users, symmetric
        nodes = batches.n_users + batches.n_items
        self.table = nn.Parameter(0.1 * torch.randn(nodes, dim))
        ends = torch.stack([batches.users, batches.items + batches.n_users])
        edges = torch.cat([ends, ends.flip(0)], dim=1)
        scale = torch.bincount(edges[0], minlength=nodes).clamp_min(1).float().rsqrt()
        values = scale[edges[0]] * scale[edges[1]]
        self.matrix = torch.sparse_coo_tensor(edges, values, (nodes, nodes)).to_sparse_csr()

    def rows(self) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
        layer, total = self.table, self.table
        for _ in range(DEPTH):
            layer = Symmetric.apply(self.matrix, layer) if self.symmetric else self.matrix @ layer
            total = total + layer
        final = total / (DEPTH + 1)
        return (lambda users: final[users]), (lambda items: final[items + self.n_users])


def optimiser(name: str, model: nn.Module) -> torch.optim.Optimizer:
    if name == "sparse-adam":
        return torch.optim.SparseAdam(list(model.parameters()), lr=LR)
    if name == "sparse-sgd":
        return torch.optim.SGD(model.parameters(), lr=LR)
    return torch.optim.Adam(model.parameters(), lr=LR, fused=True)


def train(
    model: str, optimise: str, pool: int, options: Options, *, symmetric: bool = True
) -> Work:
    """Positives trained with the hardest of ``pool`` verified uniform negatives."""
    batches = Batches(options)
    if model == "mf":
        network: MF | LightGCN = MF(batches, options.dim, sparse=optimise.startswith("sparse"))
    else:
        network = LightGCN(batches, options.dim, symmetric=symmetric)
    adam = optimiser(optimise, network)

    def step() -> int:
        users, positives = batches.next()
        negatives = batches.negatives(users, pool)
        of_users, of_items = network.rows()
        left = of_users(users)
        if pool > 1:
            with torch.no_grad():
                scores = torch.einsum("bd,bmd->bm", left, of_items(negatives))
                negatives = negatives.gather(1, scores.argmax(1, keepdim=True))
        right, wrong = of_items(positives), of_items(negatives[:, 0])
        margin = (left * right).sum(1) - (left * wrong).sum(1)
        decay = 0.5 * L2 * sum(rows.square().sum() for rows in (left, right, wrong)) / len(users)
        adam.zero_grad()
        (functional.softplus(-margin).mean() + decay).backward()
        adam.step()
        return len(users)

    def do() -> float:
        return sum(step() for _ in range(STEPS[model]))

    do()
    return Work(do)


def draw(options: Options) -> Work:
    """Verified uniform negatives, one a positive."""
    batches = Batches(options)
    users = batches.users[torch.randperm(len(batches.users))[:200_000]]

    def do() -> float:
        return batches.negatives(users, 1).numel()

    return Work(do)


def rank(options: Options) -> Work:
    """Users ranked over all items by torch's top-K, with five measures at 20."""
    batches = Batches(options)
    tables = [torch.randn(size, options.dim) for size in (batches.n_users, batches.n_items)]
    test = torch.from_numpy(options.test_users.astype(np.int64))
    test_keys = test * batches.n_items + torch.from_numpy(options.test_items.astype(np.int64))
    relevant = torch.bincount(test, minlength=batches.n_users)
    users = torch.nonzero(relevant).flatten()[:RANKED]
    starts = torch.searchsorted(batches.users, torch.arange(batches.n_users + 1))
    discount = 1 / torch.log2(torch.arange(METRICS_K) + 2.0)
    best = torch.cat([torch.zeros(1), discount.cumsum(0)])

    def block(part: Tensor) -> Tensor:
        scores = tables[0][part] @ tables[1].T
        lengths = starts[part + 1] - starts[part]
        rows = torch.repeat_interleave(torch.arange(len(part)), lengths)
        offsets = torch.arange(len(rows)) - torch.repeat_interleave(
            lengths.cumsum(0) - lengths, lengths
        )
        scores[rows, batches.items[starts[part][rows] + offsets]] = -torch.inf
        top = scores.topk(METRICS_K).indices
        wanted = part[:, None] * batches.n_items + top
        hit = torch.isin(wanted, test_keys).float()
        count = relevant[part]
        first = torch.where(hit.any(1), 1 / (hit.argmax(1) + 1.0), 0.0)
        dcg = (hit * discount).sum(1) / best[count.clamp_max(METRICS_K)]
        hits = hit.sum(1)
        return torch.stack([hits / count, first, dcg, hit.amax(1), hits / METRICS_K]).sum(1)

    def do() -> float:
        torch.stack([block(part) for part in torch.split(users, 256)]).sum(0)
        return len(users)

    return Work(do)


WORKS = {
    **{
        f"mf-uniform/{name}": partial(train, "mf", name, 1)
        for name in ("sparse-adam", "sparse-sgd", "fused-adam")
    },
    "mf-dns32": partial(train, "mf", "sparse-adam", 32),
    "lightgcn-uniform/symmetric": partial(train, "lightgcn", "fused-adam", 1),
    "lightgcn-uniform/autograd": partial(train, "lightgcn", "fused-adam", 1, symmetric=False),
    "lightgcn-dns32": partial(train, "lightgcn", "fused-adam", 32),
    "draws-uniform": draw,
    "ranking": rank,
}

if __name__ == "__main__":
    protocol.serve(WORKS, ("torch", "numpy"))
