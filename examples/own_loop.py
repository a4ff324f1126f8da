"""A sampler in a plain PyTorch loop: no engine, no run folder, any optimiser.

A view is all that a sampler needs of a model: tables of users and items, one per layer.
"""

import torch
from torch import nn

from autosample import make_sampler
from autosample.data.batches import Batches
from autosample.data.simulate import simulate
from autosample.evaluate import rank_held_out
from autosample.kernels.draw import Unseen
from autosample.losses import bpr
from autosample.metrics import summarise
from autosample.models import TableView
from autosample.samplers import Draw

DIM, EPOCHS, SEED = 32, 12, 0


def main() -> float:
    data = simulate(n_users=400, n_items=500, seed=SEED)
    n_users, n_items = data.train.n_users, data.train.n_items
    torch.manual_seed(SEED)
    rows = nn.Embedding(n_users + n_items, DIM)  # users first, then items
    nn.init.normal_(rows.weight, std=0.1)
    adam = torch.optim.Adam(rows.parameters(), lr=0.02)

    sampler = make_sampler("dns:pool=4")
    sampler.prepare(data.train, dim=DIM, n_layers=1)
    unseen = Unseen(data.train)
    batches = Batches(data.train, batch_size=512, seed=SEED)
    for epoch in range(EPOCHS):
        draw = Draw(unseen, seed=SEED, epoch=epoch, epochs=EPOCHS)
        for batch in batches.epoch(epoch):
            view = TableView((rows.weight,), rows.weight, n_users, "mean")
            negatives = sampler.sample(batch, view, draw)  # ids (B, K), never a training item
            user = rows(batch.users)
            positive = (user * rows(batch.positives + n_users)).sum(dim=1)
            negative = (user[:, None] * rows(negatives.ids + n_users)).sum(dim=2)
            adam.zero_grad()
            bpr(positive, negative, negatives).mean().backward()
            adam.step()

    users, items = rows.weight.detach().split([n_users, n_items])
    ranks = rank_held_out(users, items, data.train.union(data.valid), data.test)
    ndcg = summarise(ranks, ["ndcg@20"])["ndcg@20"]
    print(f"test NDCG@20: {ndcg:.4f}")
    return ndcg


if __name__ == "__main__":
    main()
