"""Your own tables as samplers see a model, with gradients that flow as in any PyTorch code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from autosample.errors import SettingsError
from autosample.kernels.score import pair_scores
from autosample.objective import mix_instances
from autosample.types import Batch, Negatives

Table = Tensor | nn.Embedding
Tables = Table | Sequence[Table]


def view(
    users: Tables, items: Tables, *, pooling: Literal["mean", "concat"] = "mean"
) -> AttachedView:
    """What a sampler may see of a model whose scores are dot products.

    Make a new one in every step, after the parameters have changed. A bias b of an item is one
    more column: ``torch.cat([items, b], 1)`` against ``torch.cat([users, ones], 1)``.

    Args:
        users: (U, D) table of all users, a tensor or an ``nn.Embedding``, or L tables, one per
            layer.
        items: (I, D) likewise.
        pooling: How the final table comes from several layers.

    Raises:
        SettingsError: AS280 when the tables do not fit each other, or are none of real numbers.

    Example:
        >>> import torch
        >>> from autosample import view
        >>> seen = view(torch.eye(2, 3), torch.ones(4, 3))
        >>> seen.n_users, seen.n_items, seen.n_layers
        (2, 4, 1)
        >>> seen.scores(torch.tensor([0]), torch.tensor([[3, 1]]))
        tensor([[1., 1.]])
    """
    return AttachedView(_layers(users), _layers(items), pooling)


class AttachedView:
    """The :class:`autosample.types.View` of two sets of tables.

    Scores come without gradient; rows that are asked for stay attached to the tables' graph, so
    that ``loss.backward()`` reaches the model without further steps.

    Args:
        users: L tables (U, D).
        items: L tables (I, D).
        pooling: See :func:`view`.

    Raises:
        SettingsError: AS280 when the tables do not fit each other.
    """

    def __init__(
        self,
        users: tuple[Tensor, ...],
        items: tuple[Tensor, ...],
        pooling: Literal["mean", "concat"],
    ) -> None:
        left, right = ([tuple(table.shape) for table in side] for side in (users, items))
        flat = all(len(shape) == 2 for shape in left + right)
        alike = len(left) == len(right) and len(set(left)) == len(set(right)) == 1
        if not flat or not alike or left[0][1] != right[0][1]:
            raise SettingsError(
                "AS280",
                "A view needs as many tables of users as of items, of one shape on a side and "
                f"of one width, got {left} and {right}.",
                "Give (U, D) and (I, D) tables, or one such pair per layer.",
            )
        if pooling not in ("mean", "concat"):
            raise SettingsError(
                "AS280",
                f"pooling must be mean or concat, got {pooling!r}.",
                "Scores of a sum of L layers are L * L times those of their mean.",
            )
        self._users, self._items, self._pooling = users, items, pooling
        self._user_table = self.pool(torch.stack([t.detach() for t in users], dim=1)).float()
        self._item_table = self.pool(torch.stack([t.detach() for t in items], dim=1)).float()

    @property
    def n_users(self) -> int:
        """Number of users, U."""
        return len(self._users[0])

    @property
    def n_items(self) -> int:
        """Number of items, I."""
        return len(self._items[0])

    @property
    def n_layers(self) -> int:
        """Number of layers, L."""
        return len(self._users)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, M) -> (B, M) float32, no gradient.

        Raises:
            IndexError: When a number is that of no user or item.
        """
        return pair_scores(self._user_table, self._item_table, users, items)

    def layer_scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, M) -> (B, M, L) float32, no gradient; see the protocol for the meaning."""
        mean = self._pooling == "mean"
        columns = [
            pair_scores(self._user_table if mean else left.float(), right.float(), users, items)
            for left, right in zip(self._users, self._items, strict=True)
        ]
        return torch.stack(columns, dim=2)

    def user_layers(self, users: Tensor) -> Tensor:
        """(B,) -> (B, L, D), attached."""
        return torch.stack([table[users] for table in self._users], dim=-2)

    def item_layers(self, items: Tensor) -> Tensor:
        """(B,) or (B, M) -> (..., L, D), attached."""
        return torch.stack([table[items] for table in self._items], dim=-2)

    def item_hops(self, items: Tensor) -> Tensor:
        """(B, L) -> (B, L, D), attached: row l of item ``items[:, l]``."""
        rows = [table[items[..., layer]] for layer, table in enumerate(self._items)]
        return torch.stack(rows, dim=-2)

    def pool(self, layers: Tensor) -> Tensor:
        """(..., L, D) -> (..., D) for mean pooling, (..., L * D) for concatenation."""
        return layers.mean(dim=-2) if self._pooling == "mean" else layers.flatten(-2)

    def pair(self, batch: Batch, negatives: Negatives) -> tuple[Tensor, Tensor]:
        """Attached scores for a loss, whatever the sampler: items, vectors or a mixture.

        Returns:
            (B,) scores of the positives and (B, K) scores of the negatives; K is 1 where several
            instances are added up to one.
        """
        user = self.pool(self.user_layers(batch.users))
        positive = (user * self.pool(self.item_layers(batch.positives))).sum(dim=-1)
        rows = self.pool(negatives.instances(self))
        negative = torch.einsum("bd,bkd->bk", user, rows)
        if negatives.instance_weights is not None:
            negative, _ = mix_instances(negative, negatives.instance_weights)
        return positive, negative


def _layers(tables: Tables) -> tuple[Tensor, ...]:
    several = not isinstance(tables, Tensor) and isinstance(tables, Iterable)
    return tuple(map(_table, tables if several else (tables,)))  # type: ignore[arg-type]


def _table(given: Table) -> Tensor:
    """A table as a tensor."""
    table = given.weight if isinstance(given, nn.Embedding) else given
    if not isinstance(table, Tensor) or not table.is_floating_point():
        got = table.dtype if isinstance(table, Tensor) else type(table).__name__
        problem = f"A view needs tables of real numbers, tensors or nn.Embedding, got {got}."
        raise SettingsError("AS280", problem, "Give (U, D) and (I, D) tables.")
    return table
