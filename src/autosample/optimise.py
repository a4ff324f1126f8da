"""Optimisers behind one call, so that the training loop has no case for any model."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from autosample.kernels.dense import adam
from autosample.kernels.step import RowGradient, row_adam
from autosample.models.base import Recommender
from autosample.models.view import TableView
from autosample.samplers.base import Sampler


class Optimiser:
    """Adam for a model and for samplers that learn.

    A row-sparse model is updated on the rows of the batch only (see
    :func:`autosample.kernels.step.row_adam`); any other goes backward through its layers, its
    embedding takes :func:`autosample.kernels.dense.adam` and the rest torch's fused Adam. L2 acts
    on the embedding rows that the batch used, once per use.

    Args:
        model: What is learned.
        lr: Learning rate.
        l2: Weight of 0.5 * |row|^2 per positive and use of a row.
    """

    def __init__(self, model: Recommender, *, lr: float, l2: float) -> None:
        self.model, self.lr, self.l2, self.steps = model, lr, l2, 0
        self._moments = {name: torch.zeros_like(model.embedding.detach()) for name in ("m", "v")}
        others = [one for one in model.parameters() if one is not model.embedding]
        self._adam = torch.optim.Adam(others, lr=lr, fused=True) if others else None

    def step(self, view: TableView, gradient: RowGradient, size: int) -> None:
        """Apply the gradient of a batch of ``size`` positives, given by rows of the final table."""
        self.steps += 1
        table, decay = self.model.embedding, self.l2 / size
        m, v = self._moments.values()
        if self.model.row_sparse:
            gradient = view.row_gradient(gradient)
            row_adam(table, m, v, gradient, step=self.steps, lr=self.lr, l2=decay)
            return
        view.backward(gradient)
        if (slope := table.grad) is not None:
            touches = slope.new_zeros(len(slope))
            touches[gradient.rows] = gradient.touches.to(slope.dtype)
            adam(table, m, v, slope, touches, step=self.steps, lr=self.lr, l2=decay)
        if self._adam is not None:
            self._adam.step()
        self.model.zero_grad()

    def state(self) -> dict[str, Tensor]:
        """Moments and step counts as named tensors (shared, not copied)."""
        others = {} if self._adam is None else _adam_state(self._adam)
        return {"steps": torch.tensor(self.steps), **self._moments, **others}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over a state made by :meth:`state` (copied)."""
        self.steps = int(state["steps"])
        for name, moment in self._moments.items():
            moment.copy_(state[name])
        if self._adam is not None:
            _load_adam_state(self._adam, state)


class SamplerSlot:
    """A prepared sampler and, where it learns, the optimiser of its parameters.

    Parameters learn at the ``lr`` of the sampler that has them, also within a sampler of samplers.

    Args:
        sampler: Prepared.
        lr: Learning rate where a sampler has none of its own.
    """

    def __init__(self, sampler: Sampler, *, lr: float) -> None:
        self.sampler, rates = sampler, dict[nn.Parameter, float]()
        for part in sampler.modules():  # the outer ones first
            if isinstance(part, Sampler):
                rates |= dict.fromkeys(part.parameters(), lr if part.lr is None else part.lr)
        groups = [{"params": [one], "lr": rate} for one, rate in rates.items()]
        self._adam = torch.optim.Adam(groups) if groups else None

    def step(self) -> None:
        """Update what the sampler learns; without parameters, nothing."""
        if self._adam is not None:
            self._adam.step()
            self._adam.zero_grad()

    def state(self, *, within_epoch: bool = False) -> dict[str, Tensor]:
        """Buffers, parameters and moments as named tensors (shared, not copied); never empty.

        Args:
            within_epoch: Whether buffers count that are made anew before every epoch.
        """
        kept = self.sampler.state_dict()
        state = {f"own.{name}": value for name, value in kept.items()}
        if within_epoch:
            others = (pair for pair in self.sampler.named_buffers() if pair[0] not in kept)
            state |= {f"epoch.{name}": value for name, value in others}
        moments = {} if self._adam is None else _adam_state(self._adam)
        return {"present": torch.tensor(1)} | state | moments

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over a state made by :meth:`state` (copied)."""
        own = {k.removeprefix("own."): v for k, v in state.items() if k.startswith("own.")}
        self.sampler.load_state_dict(own)
        if self._adam is not None:
            _load_adam_state(self._adam, state)
        for name, buffer in self.sampler.named_buffers():
            if (value := state.get(f"epoch.{name}")) is not None:
                if buffer.shape != value.shape:  # it was made anew of another model
                    buffer.data = buffer.new_empty(value.shape)
                buffer.copy_(value)


def _adam_state(adam: torch.optim.Adam) -> dict[str, Tensor]:
    """Moments and steps by ``number.name``."""
    return {
        f"{number}.{name}": value
        for number, values in adam.state_dict()["state"].items()
        for name, value in values.items()
    }


def _load_adam_state(adam: torch.optim.Adam, state: dict[str, Tensor]) -> None:
    """Take over moments and steps by ``number.name``; other keys are passed over."""
    by_parameter: dict[int, dict[str, Tensor]] = {}
    for key, value in state.items():
        number, _, name = key.partition(".")
        if name and number.isdigit():
            by_parameter.setdefault(int(number), {})[name] = value.clone()
    adam.load_state_dict({"state": by_parameter, "param_groups": adam.state_dict()["param_groups"]})


def copied(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """Detached copies by name, on the CPU."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors}
