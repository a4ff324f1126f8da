"""What a negative sampler is."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from numbers import Integral
from typing import Any, ClassVar, Literal, Self

from torch import Tensor, nn

from autosample.data.interactions import Interactions
from autosample.errors import SamplerError, SettingsError
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class Sampler(nn.Module, ABC):
    """One class, one method: :meth:`sample` draws K negatives for each positive of a batch.

    A sampler sees the model only through a read-only view, takes all its randomness from ``draw``,
    and keeps what it must remember in buffers, so that its state survives ``state_dict``.
    Constructor arguments are keyword-only and stored unchanged under their names.
    """

    name: ClassVar[str]
    #: "item": returns items; "instance": returns synthetic vectors.
    kind: ClassVar[Literal["item", "instance"]] = "item"
    #: What it uses: "popularity", "scores", "layers", "epoch", "memory", "parameters",
    #: "exposed".
    needs: ClassVar[frozenset[str]] = frozenset()
    #: Work per positive beyond looking up K rows, in the letters of the types module.
    cost: ClassVar[str] = "O(K)"
    #: Learning rate of the sampler's own parameters; None: the model's.
    lr: float | None = None
    #: The constructor argument that makes negatives harder, and whether larger is harder.
    hardness: ClassVar[str | None] = None
    harder_is_larger: ClassVar[bool] = True
    #: Smallest and largest sensible value of that argument.
    hardness_range: ClassVar[tuple[float, float]] = (1, 1024)
    #: Bytes kept of each user between epochs per unit of an argument, such as a cache's length.
    remembers: ClassVar[dict[str, int]] = {}
    #: False for approximate samplers, which may return a training item now and then.
    exact: ClassVar[bool] = True
    #: True when a positive's negatives depend on the rest of its batch.
    whole_batch: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Negatives for a batch: ``ids`` (B, K), never a training item of the row's user."""

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Gather what depends on the training data; called once before the first epoch.

        Args:
            interactions: Training interactions only: no statistic may see held-out data.
            dim: Width D of the model's layers.
            n_layers: Number L of the model's layers.
        """

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Refresh what is kept between epochs; called before an epoch's first batch."""

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """Chance of each item to be a given negative: (B, I) float64, or None if not declared.

        For tests and plots on small data: U x I numbers are made.
        """
        return None

    @property
    def settings(self) -> dict[str, Any]:
        """Constructor arguments by name.

        Raises:
            SettingsError: AS226 when the class keeps one under another name, or not at all.
        """
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        if absent := [name for name in names if not hasattr(self, name)]:
            kind = type(self).__name__  # an AttributeError would be told of `settings` itself
            raise SettingsError(
                "AS226",
                f"The class {kind} must keep its arguments under their names, and has no "
                f"{absent[0]!r}.",
                f"Write self.{absent[0]} = {absent[0]} in its constructor.",
            )
        return {name: getattr(self, name) for name in names}

    @property
    def label(self) -> str:
        """Name and settings that differ from the defaults, as ``make_sampler`` reads them."""
        defaults = inspect.signature(type(self).__init__).parameters
        shown = [
            f"{name}={value}"
            for name, value in self.settings.items()
            if value != defaults[name].default or name == self.hardness
        ]
        return ":".join([self.name, *shown])

    def with_settings(self, **changes: Any) -> Self:
        """A new, unprepared sampler of the same class with some settings changed."""
        return type(self)(**{**self.settings, **changes})

    def with_hardness(self, value: float) -> Self | None:
        """The sampler with another hardness; None where it has none or its class refuses the value.

        A class refuses by AS220, as :func:`check_at_least` does, or by a ``ValueError``. Rounded
        where the argument takes whole numbers: it is one, and so is its default.
        """
        if self.hardness is None:
            return None
        default = inspect.signature(type(self).__init__).parameters[self.hardness].default
        own = getattr(self, self.hardness)
        whole = isinstance(own, Integral) and not isinstance(default, float)
        try:
            return self.with_settings(**{self.hardness: round(value) if whole else value})
        except (SettingsError, ValueError):
            return None

    def scaled(self, factor: float) -> Self | None:
        """The sampler with its hardness multiplied by ``factor``; None where it cannot move.

        A factor above 1 is harder, whichever way the argument runs. None also for a move that
        changes nothing or leaves ``hardness_range``.
        """
        if self.hardness is None:
            return None
        value = getattr(self, self.hardness)
        moved = self.with_hardness(value * factor if self.harder_is_larger else value / factor)
        if moved is None:
            return None
        low, high = self.hardness_range
        reached = getattr(moved, self.hardness)
        return moved if reached != value and low <= reached <= high else None

    def harder_than(self, other: Sampler) -> bool:
        """Whether this is ``other``'s class with its hardness moved up."""
        if type(self) is not type(other) or self.hardness is None:
            return False
        mine, theirs = (getattr(sampler, self.hardness) for sampler in (self, other))
        return bool(mine > theirs if self.harder_is_larger else mine < theirs)

    def __repr__(self) -> str:
        return self.label


def check_begun(sampler: Sampler, begun: object) -> None:
    """Refuse a draw before the first epoch.

    Raises:
        SamplerError: AS303 naming the sampler.
    """
    if not begun:
        raise SamplerError(
            "AS303",
            f"{sampler.name} draws before its first epoch.",
            "Call prepare() once and begin_epoch() before each epoch.",
        )


def check_at_least(sampler: type[Sampler], **bounds: tuple[float, float]) -> None:
    """Refuse arguments below their bound, given as ``name=(value, bound)``.

    Raises:
        SettingsError: AS220 naming the sampler, the argument, the bound and the value.
    """
    for name, (value, bound) in bounds.items():
        if not value >= bound:
            raise SettingsError(
                "AS220",
                f"{sampler.name}: {name} must be at least {bound}, got {value}.",
                "See `autosample samplers`.",
            )


def check_exposed(sampler: Sampler, interactions: Interactions) -> Interactions:
    """What users were shown, for samplers that need it.

    Raises:
        SamplerError: AS306 when the interactions come without it.
    """
    if interactions.exposed is None:
        raise SamplerError(
            "AS306",
            f"{sampler.name} needs the items that users were shown, and none were given.",
            "Give them (exposed=..., --exposed FILE), or leave the sampler out.",
        )
    return interactions.exposed


def check_at_most(sampler: type[Sampler], **bounds: tuple[float, float]) -> None:
    """Refuse arguments above their bound, given as ``name=(value, bound)``.

    Raises:
        SettingsError: AS220 naming the sampler, the argument, the bound and the value.
    """
    for name, (value, bound) in bounds.items():
        if not value <= bound:
            raise SettingsError(
                "AS220",
                f"{sampler.name}: {name} must be at most {bound}, got {value}.",
                "See `autosample samplers`.",
            )
