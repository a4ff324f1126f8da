"""The only training loop."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import Tensor

from autosample.border import checked
from autosample.data.batches import Batches
from autosample.data.interactions import Interactions
from autosample.errors import DataError, SettingsError, TrainingError
from autosample.kernels.draw import Unseen
from autosample.kernels.threads import one_torch_thread
from autosample.losses import Loss, bpr
from autosample.models.base import Recommender
from autosample.objective import BINS, differentiate
from autosample.optimise import Optimiser, SamplerSlot, copied
from autosample.samplers import guard
from autosample.samplers.base import Sampler
from autosample.samplers.draw import Draw
from autosample.types import Batch


@dataclass(frozen=True)
class Epoch:
    """What one epoch of training was."""

    epoch: int
    loss: float  # mean over positives, without L2
    positives: int
    seconds: float
    hardness: float  # mean over positives of sigmoid(negative score - positive score)
    gap: float  # mean bound on loss mixing minus instance mixing; 0 without a mixture
    hardness_shares: list[float]  # (BINS,) share of the negatives in each tenth of hardness
    longest_row: float  # of the embedding, after the epoch


@dataclass
class Begun:
    """An epoch in the middle of which training stands.

    Attributes:
        batches: How many are done.
        totals: (3 + BINS,) sums over their positives of what :meth:`Learner.step` returns.
        seconds: Time they took.
        slots: States of the samplers, by label, where the epoch was begun by another call.
    """

    batches: int = 0
    totals: Tensor = field(default_factory=lambda: torch.zeros(3 + BINS, dtype=torch.float64))
    seconds: float = 0.0
    slots: dict[str, dict[str, Tensor]] = field(default_factory=dict)


class Learner:
    """A model in training: parameters, optimiser state and the number of epochs behind it.

    Samplers come and go between epochs; the state carries over. Everything of a step is on the
    model's device: move the model there before. Snapshots are on the CPU.

    Args:
        model: What is learned.
        interactions: Training interactions.
        loss: Function of scores, see :mod:`autosample.losses`.
        lr: Learning rate of Adam.
        l2: Weight of the squared length of the embedding rows in the batch.
        batch_size: Positives per step, B.
        epochs: Planned number of epochs, for samplers with a curriculum.
        seed: Seed of order and draws.

    Raises:
        DataError: AS142 when the model was made for other users and items.
        SettingsError: AS213 when ``lr`` or ``l2`` is out of range, AS212 for the batch size.
        TrainingError: AS401 when there is nothing to learn from.
    """

    @checked
    def __init__(
        self,
        model: Recommender,
        interactions: Interactions,
        *,
        loss: Loss = bpr,
        lr: float = 1e-3,
        l2: float = 1e-4,
        batch_size: int = 2048,
        epochs: int = 100,
        seed: int = 0,
    ) -> None:
        if not 0 < lr < 10 or not 0 <= l2 < 10:
            raise SettingsError(
                "AS213",
                f"lr must lie in (0, 10) and l2 in [0, 10), got {lr} and {l2}.",
                "Common values are 1e-3 and 1e-4.",
            )
        own, theirs = ((one.n_users, one.n_items) for one in (model, interactions))
        if own != theirs:
            raise DataError(
                "AS142",
                "Model and interactions must have the same users and items, got "
                f"{own[0]} x {own[1]} and {theirs[0]} x {theirs[1]}.",
                "Use the interactions the model was built for.",
            )
        self.model, self.interactions, self.loss = model, interactions, loss
        self.optimiser = Optimiser(model, lr=lr, l2=l2)
        self.device = model.embedding.device
        self.batches = Batches(interactions, batch_size=batch_size, seed=seed, device=self.device)
        self.unseen = Unseen(interactions, self.device)
        self.epochs, self.seed = epochs, seed
        self.epoch = 0
        self.begun: Begun | None = None
        self.slots: dict[str, SamplerSlot] = {}
        self._unused: dict[str, dict[str, Tensor]] = {}  # restored states, samplers not used yet

    def slot(self, sampler: Sampler) -> SamplerSlot:
        """This learner's own prepared copy of a sampler, by its label, with its state.

        Raises:
            SamplerError: AS304 when it raises what is not an error of this package.
        """
        if sampler.label not in self.slots:
            own = copy.deepcopy(sampler)
            with guard.named(own, "prepare itself"):
                own.prepare(self.interactions, dim=self.model.dim, n_layers=self.model.n_layers)
            own.to(self.device)
            slot = SamplerSlot(own, lr=self.optimiser.lr)
            if (state := self._unused.pop(sampler.label, None)) is not None:
                slot.load_state(state)
            self.slots[sampler.label] = slot
        return self.slots[sampler.label]

    @checked
    def run_epoch(self, sampler: Sampler, on_batch: Callable[[int], None] | None = None) -> Epoch:
        """Train one epoch with negatives of ``sampler``, or the rest of one that was begun.

        Args:
            sampler: Draws the negatives; in the rest of an epoch the one that began it.
            on_batch: Called with the number of positives after every batch; a snapshot made in it
                goes on with the next batch when it is restored.

        Raises:
            TrainingError: AS402 when the loss is not finite, naming the step.
            SamplerError: AS304, AS305 when the sampler raises or returns what it must not.
        """
        draw = Draw(self.unseen, seed=self.seed, epoch=self.epoch, epochs=self.epochs)
        slot, begun = self.slot(sampler), self.begun or Begun()
        started = time.perf_counter() - begun.seconds
        with guard.named(slot.sampler, "begin an epoch"):
            slot.sampler.begin_epoch(self.model.view(), draw)
        if begun.slots:  # what begin_epoch saw at the time was another model
            slot.load_state(begun.slots[sampler.label])
        self.begun = begun
        try:
            for batch in islice(self.batches.epoch(self.epoch), begun.batches, None):
                begun.totals += self.step(batch, slot, draw) * len(batch.index)
                begun.batches += 1
                begun.seconds = time.perf_counter() - started
                if on_batch is not None:
                    on_batch(len(batch.index))
        finally:
            self.begun = None
        self.epoch += 1
        loss, hardness, gap, *shares = (begun.totals / len(self.batches)).tolist()
        shares = [round(share, 4) for share in shares]
        n, longest = len(self.batches), self.longest_row()
        return Epoch(self.epoch, loss, n, begun.seconds, hardness, gap, shares, longest)

    @one_torch_thread()
    def step(self, batch: Batch, slot: SamplerSlot, draw: Draw) -> Tensor:
        """One update; returns the batch's means, see :class:`autosample.objective.Derivative`."""
        view = self.model.view()
        negatives = guard.sample(slot.sampler, batch, view, draw)
        report, items, coefficient = differentiate(view, batch, negatives, self.loss)
        if not math.isfinite(report[0].item()):
            raise self._diverged(report[0].item(), batch, slot.sampler)
        gradient = view.score_gradient(batch.users, items, coefficient)
        self.optimiser.step(view, gradient, len(batch.index))
        slot.step()
        return report

    def _diverged(self, loss: float, batch: Batch, sampler: Sampler) -> TrainingError:
        """The error that names the step, its length, the longest row and the batch."""
        pairs = zip(batch.users.tolist(), batch.positives.tolist(), strict=True)
        return TrainingError(
            "AS402",
            f"The loss must be finite and is {loss} in step {self.optimiser.steps + 1}, epoch "
            f"{self.epoch + 1}, with {sampler.label}, lr {self.optimiser.lr:g}, a batch of "
            f"{len(batch.users)} pairs and an embedding row of length {self.longest_row():g}.",
            "Lower --lr. What was kept before this step, as the last checkpoint, is intact.",
            [f"user {user}, item {item}" for user, item in pairs],
        )

    def longest_row(self) -> float:
        """Length of the longest embedding row; it grows without end when training diverges."""
        return float(self.model.embedding.detach().norm(dim=1).max())

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of everything that training changes, on the CPU; also within an epoch."""
        begun = self.begun
        parts = {"model": self.model.state_dict(), "optimiser": self.optimiser.state()}
        parts |= {f"sampler/{label}": state for label, state in self._unused.items()}
        parts |= {
            f"sampler/{label}": slot.state(within_epoch=begun is not None)
            for label, slot in self.slots.items()
        }
        state = {f"{part}/{k}": v for part, values in parts.items() for k, v in values.items()}
        state["epoch"] = torch.tensor(self.epoch)
        if begun is not None:
            state |= {"batches": torch.tensor(begun.batches), "totals": begun.totals}
            state["seconds"] = torch.tensor(begun.seconds, dtype=torch.float64)
        return copied(state.items())

    def restore(self, snapshot: dict[str, Tensor]) -> None:
        """Go back to a snapshot, also one made by another process or on another device."""
        parts: dict[str, dict[str, Tensor]] = {}
        for key, value in snapshot.items():
            part, _, name = key.rpartition("/")
            parts.setdefault(part, {})[name] = value
        own = parts.pop("")
        self.epoch = int(own["epoch"])
        self.model.load_state_dict(parts.pop("model"))
        self.optimiser.load_state(parts.pop("optimiser"))
        states = {part.removeprefix("sampler/"): values for part, values in parts.items()}
        self.begun = None
        if "batches" in own:
            done, seconds = int(own["batches"]), float(own["seconds"])
            self.begun = Begun(done, own["totals"].clone(), seconds, states)
        self.slots = {label: slot for label, slot in self.slots.items() if label in states}
        self._unused = {label: v for label, v in states.items() if label not in self.slots}
        for label, slot in self.slots.items():
            slot.load_state(states[label])
