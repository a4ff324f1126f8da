"""Matrix factorisation as a Lightning module, with negatives of any sampler.

The sampler is a submodule: what it remembers or learns is in Lightning's checkpoints.
"""

import warnings

import lightning
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from autosample import Interactions, NegativeSampling, Pairs, view
from autosample.data.simulate import simulate
from autosample.evaluate import rank_held_out
from autosample.losses import bpr
from autosample.metrics import summarise

DIM, EPOCHS = 32, 12


class MatrixFactorisation(lightning.LightningModule):
    def __init__(self, train: Interactions, sampler: str) -> None:
        super().__init__()
        self.users, self.items = (
            nn.Embedding(n, DIM, _weight=torch.randn(n, DIM) * 0.1)
            for n in (train.n_users, train.n_items)
        )
        self.negatives = NegativeSampling(sampler, train, dim=DIM, epochs=EPOCHS)

    def on_train_epoch_start(self) -> None:
        self.negatives.begin_epoch(self.current_epoch, view(self.users, self.items))

    def training_step(self, batch):
        seen = view(self.users, self.items)
        negatives = self.negatives(batch, seen)
        positive, negative = seen.pair(batch, negatives)
        loss = bpr(positive, negative, negatives).mean()
        return loss if negatives.auxiliary is None else loss + negatives.auxiliary

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.02)


def main(**trainer) -> float:
    lightning.seed_everything(0, verbose=False)
    data = simulate(n_users=400, n_items=500, seed=0)
    model = MatrixFactorisation(data.train, "dns:pool=4")
    pairs = Pairs(data.train)
    whole_batches = BatchSampler(RandomSampler(pairs), 512, drop_last=False)
    quiet = dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary"), False)
    with warnings.catch_warnings():  # Lightning advises on loader workers, which are not needed
        warnings.filterwarnings("ignore", module="lightning")
        lightning.Trainer(
            max_epochs=EPOCHS, accelerator="cpu", enable_checkpointing=False, **quiet, **trainer
        ).fit(model, DataLoader(pairs, batch_size=None, sampler=whole_batches))

    tables = model.users.weight.detach(), model.items.weight.detach()
    ranks = rank_held_out(*tables, data.train.union(data.valid), data.test)
    ndcg = summarise(ranks, ["ndcg@20"])["ndcg@20"]
    print(f"test NDCG@20: {ndcg:.4f}")
    return ndcg


if __name__ == "__main__":
    main()
