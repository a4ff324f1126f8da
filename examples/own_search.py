"""The search in a loop of your own: it asks for trials, you train, it is told the scores.

A trial has arms. Each starts from a saved state, trains with its sampler, and is saved under a
name. The search decides from the scores of held-out users which state goes on.
"""

import copy

import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from autosample import Interactions, NegativeSampling, Pairs, make_sampler, view
from autosample.data.simulate import simulate
from autosample.evaluate import rank_held_out
from autosample.losses import bpr
from autosample.metrics import per_user, summarise
from autosample.search import Adaptive, Arm, Outcome

DIM, EPOCHS, WINDOW = 32, 8, 2
State = tuple[dict[str, Tensor], dict, int]  # model, optimiser, epochs so far


class Trainer:
    """Your training, able to save and restore its state."""

    def __init__(self, train: Interactions) -> None:
        self.train = train
        self.tables = nn.ModuleList(nn.Embedding(n, DIM) for n in (train.n_users, train.n_items))
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.1)
        self.adam = torch.optim.Adam(self.tables.parameters(), lr=0.02)
        self.epoch = 0

    def save(self) -> State:
        return copy.deepcopy((self.tables.state_dict(), self.adam.state_dict(), self.epoch))

    def restore(self, state: State) -> None:
        tables, adam, self.epoch = copy.deepcopy(state)
        self.tables.load_state_dict(tables)
        self.adam.load_state_dict(adam)

    def run(self, arm: Arm, epochs: int) -> None:
        sampling = NegativeSampling(copy.deepcopy(arm.sampler), self.train, dim=DIM, epochs=EPOCHS)
        pairs = Pairs(self.train)
        order = BatchSampler(RandomSampler(pairs), 512, drop_last=False)
        loader = DataLoader(pairs, batch_size=None, sampler=order)  # whole batches
        for _ in range(epochs):
            sampling.begin_epoch(self.epoch, view(*self.tables))
            for batch in loader:
                seen = view(*self.tables)
                negatives = sampling(batch, seen)
                positive, negative = seen.pair(batch, negatives)  # any kind of sampler
                self.adam.zero_grad()
                bpr(positive, negative, negatives).mean().backward()
                self.adam.step()
            self.epoch += 1

    def rank(self, seen: Interactions, held: Interactions):
        return rank_held_out(*(table.weight.detach() for table in self.tables), seen, held)


def main() -> float:
    torch.manual_seed(0)
    data = simulate(n_users=400, n_items=500, seed=0)
    trainer = Trainer(data.train)
    candidates = [make_sampler(text) for text in ("uniform", "dns:pool=8")]
    search = Adaptive(candidates, epochs=EPOCHS, window=WINDOW)
    states = {"initial": trainer.save(), "main": trainer.save()}
    best, kept = 0.0, states["main"]
    while (trial := search.ask()) is not None:
        outcomes = []
        for arm in trial.arms:
            trainer.restore(states[arm.start])
            trainer.run(arm, trial.epochs)
            states[arm.save] = trainer.save()
            ranks = trainer.rank(data.train, data.valid)
            outcomes.append(Outcome(arm.sampler.label, ranks.users, per_user(ranks, "ndcg@20")))
            if outcomes[-1].mean > best:
                best, kept = outcomes[-1].mean, states[arm.save]
        decision = search.tell(outcomes)
        states |= {new: states[old] for new, old in decision.keep.items()}
        if decision.adopt is not None:
            states["main"] = states[decision.adopt]
        print(f"{trial.purpose}: {decision.label}. {decision.reason}")

    trainer.restore(kept)
    ranks = trainer.rank(data.train.union(data.valid), data.test)
    ndcg = summarise(ranks, ["ndcg@20"])["ndcg@20"]
    print(f"test NDCG@20: {ndcg:.4f}")
    return ndcg


if __name__ == "__main__":
    main()
