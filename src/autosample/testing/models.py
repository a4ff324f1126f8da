"""What every model must do, as a test class to inherit from.

A model's author writes::

    class TestMine(ModelContract):
        def make(self, interactions, *, dim, seed):
            return Mine(interactions, dim=dim, seed=seed)
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.evaluate import rank_held_out
from autosample.losses import bpr
from autosample.models.base import Recommender
from autosample.models.view import TableView
from autosample.objective import differentiate
from autosample.samplers.uniform import Uniform
from autosample.testing.checks import global_states, require
from autosample.testing.fixtures import tiny_batch, tiny_interactions
from autosample.testing.pretend import DEVICE, pretended_device
from autosample.train import Learner
from autosample.types import Batch, Negatives

_KINDS = ("items", "mixture", "synthetic")
_SHARES = (0.2, 0.5, 0.3)  # of three negatives in a mixture
_BLEND = 0.3  # share of the positive in a synthetic negative


class ModelContract:
    """Inherit, define :meth:`make`, and pytest runs every ``test_`` method."""

    def make(self, interactions: Interactions, *, dim: int, seed: int) -> Recommender:
        """A new model."""
        raise NotImplementedError

    def tiny(self, seed: int = 0) -> Recommender:
        """A new model of the tiny interactions."""
        return self.make(tiny_interactions(), dim=4, seed=seed)

    def test_scores_are_dot_products(self) -> None:
        """The view scores as the final tables do, and knows their sizes; they are of its layers."""
        model, batch = self.tiny(), tiny_batch()
        view, (users, items) = model.view(), model.tables()
        sizes = (view.n_users, view.n_items, view.n_layers)
        require(sizes == (len(users), len(items), model.n_layers), f"sizes of the view: {sizes}")
        columns = torch.arange(len(items)).repeat(len(batch.users), 1)
        expected = users[batch.users].double() @ items.double().T
        close = torch.allclose(view.scores(batch.users, columns).double(), expected, atol=1e-5)
        require(close, "scores are not the dot products of the final tables")
        with torch.no_grad():
            final = model.final(model.layers())
        same = torch.allclose(final, torch.cat([users, items]), atol=1e-5)
        require(same, "the final tables are not those of the layers")

    def test_layers_pool_to_the_tables(self) -> None:
        """Rows by layer pool to the final rows, and scores by layer add up to the scores."""
        model, batch = self.tiny(), tiny_batch()
        view, (users, items) = model.view(), model.tables()
        columns = torch.stack([batch.positives, batch.positives.flip(0)], dim=1)
        with torch.no_grad():
            left, right = view.user_layers(batch.users), view.item_layers(columns)
        require(left.shape == (len(columns), view.n_layers, 4), "user_layers: (B, L, D)")
        require(torch.allclose(view.pool(left), users[batch.users]), "users do not pool")
        require(torch.allclose(view.pool(right), items[columns]), "items do not pool")
        summed = view.layer_scores(batch.users, columns).sum(dim=2)
        summed = summed / (view.n_layers if model.pooling == "mean" else 1)
        close = torch.allclose(summed, view.scores(batch.users, columns), atol=1e-5)
        require(close, "scores by layer do not add up to the scores")

    def test_gradients(self) -> None:
        """Gradients reach every parameter and agree with finite differences in float64.

        For negatives that are items, mixtures of items, and synthetic vectors.
        """
        batch, ids = _small_batch()
        for kind in _KINDS:
            gradient = gradients(self.tiny(), batch, ids, kind)
            slopes = numeric_slopes(self.tiny().double(), batch, ids, kind)
            for name, (directions, expected) in slopes.items():
                require(bool(expected.any()), f"{kind}: no gradient reaches {name}")
                answer = directions.flatten(1) @ gradient[name].double().flatten()
                error = float((answer - expected).abs().max() / expected.abs().max())
                require(error < 1e-4, f"{kind}: gradient of {name} is off by {error:.2g}")

    def test_learns_the_checkerboard(self) -> None:
        """Even users like even items, odd ones odd; the withheld item of each comes first."""
        n = 12
        train, held = _checkerboard(n)
        learner = Learner(self.make(train, dim=8, seed=0), train, lr=0.03, l2=1e-3, batch_size=32)
        for _ in range(25):
            learner.run_epoch(Uniform())
        ranks = rank_held_out(*learner.model.tables(), train, held).ranks
        require(bool((ranks == 1).all()), f"ranks of the withheld items: {ranks.tolist()}")

    def test_state_survives(self) -> None:
        """A model with other values that loads the state has the same tables."""
        first, second = self.tiny(seed=1), self.tiny(seed=2)
        second.load_state_dict(first.state_dict())
        same = all(map(torch.equal, first.tables(), second.tables()))
        require(same, "tables differ after load_state_dict")

    def test_trains_on_another_device(self) -> None:
        """On a pretended GPU an epoch brings what it brings on the CPU, but for rounding.

        Tensors that are neither parameters nor buffers must be made on the embedding's device.
        """
        states = []
        with pretended_device():
            for device in ("cpu", DEVICE):
                learner = Learner(self.tiny().to(device), tiny_interactions(), batch_size=64)
                learner.run_epoch(Uniform())
                states.append(learner.snapshot())
        for name, value in states[0].items():
            close = torch.allclose(value.double(), states[1][name].double(), atol=1e-4)
            require(close, f"{name} is another on another device")

    def test_seed(self) -> None:
        """Initial values depend on the seed alone; no global random state is read or moved."""
        before = global_states()
        first = self.tiny(seed=1)
        require(before == global_states(), "a global random state has moved")
        torch.rand(1)  # whatever the global states, the same values
        second, other = self.tiny(seed=1), self.tiny(seed=2)
        same = all(map(torch.equal, first.parameters(), second.parameters()))
        require(same, "same seed, different values")
        require(not torch.equal(first.embedding, other.embedding), "seeds make no difference")


def check_model(factory: Callable[..., Recommender]) -> None:
    """Run the whole contract on the models that ``factory(interactions, dim=, seed=)`` makes.

    Raises:
        AssertionError: At the first clause that is broken.
    """
    made = isinstance(factory, Recommender)  # which can be called as well, being a module
    require(not made, "give the class, or a function that makes models, not one that is made")
    contract = ModelContract()
    contract.make = factory  # type: ignore[method-assign]
    for name in dir(contract):
        if name.startswith("test_"):
            getattr(contract, name)()


def gradients(model: Recommender, batch: Batch, ids: Tensor, kind: str) -> dict[str, Tensor]:
    """Gradients of the mean loss by parameter name, made as the training loop makes them."""
    view = model.view()
    derivative = differentiate(view, batch, _negatives(view, batch, ids, kind), bpr)
    by_rows = view.score_gradient(batch.users, derivative.items, derivative.coefficient)
    if not model.row_sparse:
        view.backward(by_rows)
        return {
            name: torch.zeros_like(value) if value.grad is None else value.grad
            for name, value in model.named_parameters()
        }
    total = view.row_gradient(by_rows)
    dense = torch.zeros_like(model.embedding).index_add_(0, total.rows, total.values)
    return {"embedding": dense.detach()}


@torch.no_grad()
def numeric_slopes(
    model: Recommender, batch: Batch, ids: Tensor, kind: str, *, n: int = 4, step: float = 1e-6
) -> dict[str, tuple[Tensor, Tensor]]:
    """(n, ...) random directions and (n,) slopes of the loss along them, by parameter name.

    By central differences, for a model in float64.
    """
    generator = torch.Generator().manual_seed(0)
    answer = {}
    for name, parameter in model.named_parameters():
        start, slopes = parameter.clone(), []
        directions = torch.randn(n, *start.shape, generator=generator, dtype=start.dtype)
        for direction in directions:
            parameter.copy_(start + step * direction)
            above = mean_loss(model, batch, ids, kind)
            parameter.copy_(start - step * direction)
            slopes.append((above - mean_loss(model, batch, ids, kind)) / (2 * step))
        parameter.copy_(start)
        answer[name] = directions, torch.tensor(slopes, dtype=start.dtype)
    return answer


def mean_loss(model: Recommender, batch: Batch, ids: Tensor, kind: str) -> float:
    """Mean BPR loss written out with the layers themselves, without views."""
    layers = torch.stack(model.layers(), dim=1)  # (N, L, D)
    concat = model.pooling == "concat"
    users, items = layers[: model.n_users][batch.users], layers[model.n_users :]
    positives, negatives = items[batch.positives], items[ids]
    if kind == "synthetic":
        negatives = _BLEND * positives[:, None] + (1 - _BLEND) * negatives
    if kind == "mixture":
        shares = torch.tensor(_SHARES, dtype=layers.dtype)
        negatives = torch.einsum("k,bkld->bld", shares, negatives)[:, None]
    final = [
        part.flatten(-2) if concat else part.mean(-2) for part in (users, positives, negatives)
    ]
    gaps = torch.einsum("bd,bkd->bk", final[0], final[2] - final[1][:, None])
    return float(torch.log1p(gaps.exp()).mean())


def _negatives(view: TableView, batch: Batch, ids: Tensor, kind: str) -> Negatives:
    """The negatives of a kind as a sampler would return them."""
    if kind == "mixture":
        return Negatives(ids, instance_weights=torch.tensor(_SHARES).repeat(len(ids), 1))
    if kind == "synthetic":
        positives = view.item_layers(batch.positives)[:, None]
        return Negatives(ids, vectors=_BLEND * positives + (1 - _BLEND) * view.item_layers(ids))
    return Negatives(ids)


def _small_batch() -> tuple[Batch, Tensor]:
    """A batch of five with repeated users, and (5, 3) items for it, some of them repeated."""
    batch = tiny_batch().take(torch.tensor([0, 1, 14, 25, 26]))
    return batch, torch.tensor([[1, 3, 5], [9, 11, 1], [2, 2, 3], [7, 9, 1], [13, 1, 22]])


def _checkerboard(n: int) -> tuple[Interactions, Interactions]:
    """Pairs of equal parity but (u, u), and the pairs (u, u): n users, n items each."""
    pairs = [(u, i) for u in range(n) for i in range(u % 2, n, 2) if u != i]
    users, items = zip(*pairs, strict=True)
    own = range(n)
    return Interactions.from_pairs(users, items, n, n), Interactions.from_pairs(own, own, n, n)
