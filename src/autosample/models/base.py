"""What a model is: one embedding table, and layers computed from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from autosample.border import checked
from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.kernels import random
from autosample.models.guard import check_layers, named
from autosample.models.view import TableView


class Recommender(nn.Module, ABC):
    """Scores are dot products of user rows and item rows of one final table.

    A model is one class with :attr:`n_layers` and :meth:`layers`. Rows are nodes: users first, then
    items, N = U + I. The final table is the mean or the concatenation of the layers.

    Args:
        interactions: Training interactions; graphs are built from nothing else.
        dim: Width D of the embedding.
        seed: Seed of the initial values.

    Raises:
        SettingsError: AS210 when ``dim`` is not positive.
    """

    name: ClassVar[str]
    pooling: ClassVar[Literal["mean", "concat"]] = "mean"
    #: True when the final table is the embedding itself, so that gradients stay row-sparse.
    row_sparse: ClassVar[bool] = False
    #: Standard deviation of the initial embedding.
    initial_scale: ClassVar[float] = 0.1
    #: Learning rate and L2 weight used when none is given.
    default_lr: ClassVar[float] = 1e-3
    default_l2: ClassVar[float] = 1e-4

    @checked
    def __init__(self, interactions: Interactions, *, dim: int = 64, seed: int = 0) -> None:
        super().__init__()
        if dim < 1:
            raise SettingsError("AS210", f"dim must be at least 1, got {dim}.", "64 is common.")
        self.n_users, self.n_items, self.dim = interactions.n_users, interactions.n_items, dim
        self.generator = torch.Generator().manual_seed(random.make_key(seed, 1) >> 1)
        values = torch.randn(self.n_users + self.n_items, dim, generator=self.generator)
        self.embedding = nn.Parameter(values * self.initial_scale)

    @classmethod
    def default_batch_size(cls, n_positives: int) -> int:
        """Positives per step when none are given, for this many training positives."""
        return 2048

    @property
    @abstractmethod
    def n_layers(self) -> int:
        """Number of layers L, the embedding included."""

    @abstractmethod
    def layers(self) -> tuple[Tensor, ...]:
        """L differentiable tables (N, D); the first is the embedding."""

    def final(self, layers: tuple[Tensor, ...]) -> Tensor:
        """The final table from the layers: (N, D), or (N, L * D) when concatenated."""
        if len(layers) == 1:
            return layers[0]
        if self.pooling == "concat":
            return torch.cat(layers, dim=1)
        total = layers[0] + layers[1]
        for layer in layers[2:]:
            total += layer
        return total.div_(len(layers))

    def view(self) -> TableView:
        """Propagate once and freeze the result for one step (or for evaluation).

        Raises:
            TrainingError: AS406 when :meth:`layers` raises or returns what it must not.
        """
        name = type(self).__name__
        with named(name, "compute its layers"):
            layers = self.layers()
            check_layers(name, layers, self.n_layers, self.n_users + self.n_items)
            final = self.final(layers)
        return TableView(layers, final, self.n_users, self.pooling)

    @torch.no_grad()
    def tables(self) -> tuple[Tensor, Tensor]:
        """Final user rows (U, .) and item rows (I, .), detached: all that ranking needs."""
        final = self.view().table
        return final[: self.n_users], final[self.n_users :]
