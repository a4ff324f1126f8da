"""A sampler in a plain PyTorch loop: your model, your ``DataLoader``, your optimiser.

Of a model a sampler needs its tables only, which ``view`` wraps.
"""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from autosample import NegativeSampling, Pairs, view
from autosample.data.simulate import simulate
from autosample.evaluate import rank_held_out
from autosample.metrics import summarise

DIM, EPOCHS = 32, 12


class TwoTables(nn.Module):
    """Any module will do, as long as its scores are dot products of two tables."""

    def __init__(self, n_users: int, n_items: int) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(n_users, DIM), nn.Embedding(n_items, DIM)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, K) -> (B, K)"""
        return torch.einsum("bd,bkd->bk", self.users(users), self.items(items))


def main() -> float:
    torch.manual_seed(0)
    data = simulate(n_users=400, n_items=500, seed=0)
    model = TwoTables(data.train.n_users, data.train.n_items)
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    sampling = NegativeSampling("dns:pool=4", data.train, dim=DIM, epochs=EPOCHS)
    loader = DataLoader(Pairs(data.train), batch_size=512, shuffle=True)
    for epoch in range(EPOCHS):
        sampling.begin_epoch(epoch, view(model.users, model.items))
        for batch in loader:
            negatives = sampling(batch, view(model.users, model.items))  # never a training item
            positive = model(batch.users, batch.positives[:, None])  # (B, 1)
            negative = model(batch.users, negatives.ids)  # (B, K)
            adam.zero_grad()
            nn.functional.softplus(negative - positive).mean().backward()
            adam.step()

    tables = model.users.weight.detach(), model.items.weight.detach()
    ranks = rank_held_out(*tables, data.train.union(data.valid), data.test)
    ndcg = summarise(ranks, ["ndcg@20"])["ndcg@20"]
    print(f"test NDCG@20: {ndcg:.4f}")
    return ndcg


if __name__ == "__main__":
    main()
