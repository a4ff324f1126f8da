"""NGCF: propagation with learned transforms and feature interaction."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from autosample.data.interactions import Interactions
from autosample.kernels.product import table_product
from autosample.models.graph import GraphRecommender


class NGCF(GraphRecommender):
    """E_l = leaky((A + 1) E W1 + b1 + (A E * E) W2 + b2), E = E_{l-1} (Wang et al. 2019).

    Layers after the first are scaled to rows of length one, and all are concatenated.

    Differs from the paper: no message dropout, so that a step is a pure function of its batch; the
    slope of the leaky rectifier is 0.2; the feature interaction uses A E * E, which is the paper's
    matrix form.
    """

    name: ClassVar[str] = "ngcf"
    pooling: ClassVar[Literal["mean", "concat"]] = "concat"

    def __init__(
        self, interactions: Interactions, *, dim: int = 64, depth: int = 3, seed: int = 0
    ) -> None:
        super().__init__(interactions, dim=dim, depth=depth, seed=seed)
        weights = torch.empty(depth, 2, dim, dim)
        for weight in weights.flatten(0, 1):
            nn.init.xavier_uniform_(weight, generator=self.generator)
        self.weights = nn.Parameter(weights)  # (depth, 2, D, D)
        self.biases = nn.Parameter(torch.zeros(depth, 2, dim))

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding and the normalised outputs of every propagation, each (N, D)."""
        current: Tensor = self.embedding
        tables = [current]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            around = self.adjacency(current)
            summed = table_product(around + current, weight[0]) + bias[0]
            crossed = table_product(around * current, weight[1]) + bias[1]
            current = functional.leaky_relu(summed + crossed, 0.2)
            tables.append(functional.normalize(current, dim=1))
        return tuple(tables)
