"""Samplers in a loop of your own: pairs for a ``DataLoader``, and a sampler that is ready."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from autosample.border import checked
from autosample.data.batches import Batches
from autosample.data.interactions import Interactions
from autosample.errors import SamplerError, SettingsError
from autosample.kernels.draw import Unseen
from autosample.samplers import Draw, Sampler, make_sampler
from autosample.types import Batch, Negatives, View


class Pairs(Dataset[Batch]):
    """The positives of training as a PyTorch dataset.

    Pairs of users who have every item are left out, since they have no negatives. A ``DataLoader``
    with its usual settings gives a :class:`autosample.types.Batch` per step. A list of positions
    gives a whole batch at once, which is faster: ``DataLoader(pairs, batch_size=None,
    sampler=BatchSampler(RandomSampler(pairs), 2048, drop_last=False))``.

    Args:
        interactions: Training interactions.

    Raises:
        TrainingError: AS401 when there is nothing to learn from.

    Example:
        >>> from torch.utils.data import DataLoader
        >>> from autosample import Interactions, Pairs
        >>> pairs = Pairs(Interactions.from_pairs([0, 0, 1], [2, 3, 4], n_users=2, n_items=5))
        >>> next(iter(DataLoader(pairs, batch_size=3))).positives
        tensor([2, 3, 4])
    """

    @checked
    def __init__(self, interactions: Interactions) -> None:
        self._batches = Batches(interactions, batch_size=1, seed=0)
        self._index = self._batches.index.numpy()
        self._columns = interactions.users, interactions.items

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self._batches)

    def __getitem__(self, position: int | Sequence[int]) -> Batch:
        """One pair as three whole numbers, or the batch of several positions."""
        if isinstance(position, int | np.integer) or getattr(position, "ndim", 1) == 0:
            index = self._index[int(position)]  # type: ignore[arg-type]
            return Batch(*(int(column[index]) for column in self._columns), int(index))  # type: ignore[call-arg, arg-type]
        return self._batches.at(self._batches.index[position])


class NegativeSampling(nn.Module):
    """A sampler prepared for your data, to be called with a batch and a view.

    A module, so that what a sampler remembers or learns is in your model's ``state_dict`` and its
    parameters, if any, in your optimiser; such samplers return an ``auxiliary`` loss to be added.

    Args:
        sampler: A sampler or its text, such as ``"dns:pool=16"``.
        interactions: Training interactions; no negative is one of them.
        dim: Width D of the model's tables.
        n_layers: Number L of tables per side.
        epochs: Planned number of epochs, for samplers with a curriculum.
        seed: Seed of the draws: functions of (seed, epoch, position of the positive).
        device: Where batches and views will be; negatives are drawn there.

    Raises:
        SettingsError: AS220 to AS223 for the sampler, AS284 for an argument of another type.

    Example:
        >>> import torch
        >>> from torch.utils.data import DataLoader
        >>> from autosample import Interactions, NegativeSampling, Pairs, view
        >>> train = Interactions.from_pairs([0, 0, 1], [2, 3, 4], n_users=2, n_items=5)
        >>> negatives = NegativeSampling("uniform", train, dim=8)
        >>> seen = view(torch.randn(2, 8), torch.randn(5, 8))
        >>> negatives.begin_epoch(0, seen)
        >>> for batch in DataLoader(Pairs(train), batch_size=3):
        ...     print(negatives(batch, seen).ids.shape)
        torch.Size([3, 1])
    """

    @checked
    def __init__(
        self,
        sampler: str | Sampler,
        interactions: Interactions,
        *,
        dim: int,
        n_layers: int = 1,
        epochs: int = 100,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.sampler = make_sampler(sampler)
        self.sampler.prepare(interactions, dim=dim, n_layers=n_layers)
        self.epochs, self.seed = epochs, seed
        self.to(device)
        self._unseen = Unseen(interactions, device)
        self._sizes = interactions.n_users, interactions.n_items
        self._draw: Draw | None = None

    def begin_epoch(self, epoch: int, view: View) -> None:
        """Start epoch number ``epoch``, from 0, with the model as it is now.

        Raises:
            SettingsError: AS280 as for a batch.
        """
        self._check(view)
        self._draw = Draw(self._unseen, seed=self.seed, epoch=epoch, epochs=self.epochs)
        self.sampler.begin_epoch(view, self._draw)

    def forward(self, batch: Batch, view: View) -> Negatives:
        """Negatives of a batch: ids (B, K), and vectors or weights where the sampler has them.

        Raises:
            SamplerError: AS303 before the first :meth:`begin_epoch`.
            SettingsError: AS280 when the view has fewer users or items than the interactions,
                AS283 when the batch has others than they, or is not of (B,) whole numbers.
        """
        self._check(view)
        if problem := self._problem(batch):
            raise SettingsError(
                "AS283",
                f"A batch {problem}.",
                "Pairs(interactions) gives such; load_dataset numbers users and items from 0.",
            )
        if self._draw is None:
            raise SamplerError(
                "AS303",
                "Draws are keyed by the epoch, and none has begun.",
                "Call begin_epoch(epoch, view) before an epoch's first batch.",
            )
        negatives: Negatives = self.sampler.sample(batch, view, self._draw)
        return negatives

    def _problem(self, batch: Batch) -> str:
        """What is wrong with a batch, or nothing; other devices check bounds themselves."""
        parts = {name: getattr(batch, name) for name in Batch._fields}
        for name, part in parts.items():
            wanted = f"must have {name} as a (B,) tensor of whole numbers"
            if not isinstance(part, Tensor):
                return f"{wanted}, got {type(part).__name__}"
            if part.is_floating_point() or part.dim() != 1:
                return f"{wanted}, got {tuple(part.shape)} {part.dtype}"
        if len({len(part) for part in parts.values()}) > 1:
            lengths = {name: len(part) for name, part in parts.items()}
            return f"must have one length, got {lengths}"
        if len(batch.users) == 0 or batch.users.device.type != "cpu":
            return ""
        for name, size in zip(("users", "positives"), self._sizes, strict=True):
            least, most = (int(end) for end in parts[name].aminmax())
            if least < 0 or most >= size:
                return f"must have {name} from 0 to {size - 1}, got {least} to {most}"
        return ""

    def _check(self, view: View) -> None:
        """Compiled kernels check no bounds, and would read beyond the view's tables."""
        users, items = self._sizes
        if view.n_users < users or view.n_items < items:
            raise SettingsError(
                "AS280",
                f"A view must have the {users} users and {items} items of the interactions, got "
                f"{view.n_users} and {view.n_items}.",
                "Give view(users, items) tables with a row for each, users first.",
            )
