"""The contract accepts a sound sampler and catches each way of breaking it."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from autosample.samplers.base import Sampler
from autosample.samplers.mixgcf import MixGCF
from autosample.samplers.uniform import Uniform
from autosample.testing import SamplerContract, check_sampler
from autosample.types import Negatives


class Sound(Sampler):
    """Uniform items (nobody 2020).

    Args:
        k: Negatives per positive.

    Shapes: ids (B, K). Cost: none.
    """

    name = "sound"

    def __init__(self, *, k: int = 2) -> None:
        super().__init__()
        self.k = k

    def ids(self, batch, draw):
        return draw.unseen(batch, self.k)

    def sample(self, batch, view, draw):
        return Negatives(ids=self.ids(batch, draw))


class TestSound(SamplerContract):
    def make(self):
        return Sound()


def test_check_sampler_accepts_a_sound_one():
    check_sampler(Sound)


class Bare(Sampler):
    """A uniform item (nobody 2020). Shapes: ids (B, 1). Cost: none."""

    name = "bare"

    def sample(self, batch, view, draw):
        return Negatives(ids=draw.unseen(batch, 1))


def test_a_sampler_without_settings_needs_no_constructor():
    check_sampler(Bare)
    assert (Bare().settings, Bare().label) == ({}, "bare")


class Careless(Sound):
    __doc__ = Sound.__doc__

    def ids(self, batch, draw):
        return (draw.uniform(batch, 1) * draw.n_items).long()


class Floating(Sound):
    __doc__ = Sound.__doc__

    def ids(self, batch, draw):
        return super().ids(batch, draw).float()


class Global(Sound):
    __doc__ = Sound.__doc__

    def ids(self, batch, draw):
        return super().ids(batch, draw)[:, torch.randperm(2)]


class Vandal(Sound):
    __doc__ = Sound.__doc__

    def ids(self, batch, draw):
        answer = super().ids(batch, draw)
        batch.positives.zero_()
        return answer


class Neighbours(Sound):
    __doc__ = Sound.__doc__

    def ids(self, batch, draw):
        return draw.unseen(batch._replace(index=torch.arange(len(batch.users))), self.k)


class Forgetful(Sound):
    __doc__ = Sound.__doc__
    count = 0

    def begin_epoch(self, view, draw):
        self.count += 1

    def ids(self, batch, draw):
        return draw.unseen(batch, self.k + self.count)[:, self.count :]


class Secretive(Sound):
    """Something."""


class Rounding(Sound):
    __doc__ = Sound.__doc__

    def __init__(self, *, k: int = 2) -> None:
        super().__init__(k=k)
        self.k = 2 * (k // 2) + 1


class Squeezed(Sound):
    __doc__ = Sound.__doc__

    def ids(self, batch, draw):
        return super().ids(batch, draw)[:, :1].squeeze().reshape(-1, 1).squeeze(0)


class Unfair(Uniform):
    __doc__ = Uniform.__doc__

    def sample(self, batch, view, draw):
        return Negatives(ids=draw.unseen(batch, 2).min(dim=1, keepdim=True).values)


class Backwards(Sound):
    __doc__ = Sound.__doc__
    needs = frozenset({"scores"})
    hardness = "k"

    def __init__(self, *, k: int = 8) -> None:
        super().__init__(k=k)

    def sample(self, batch, view, draw):
        pool = draw.pool(batch, view, self.k)
        return Negatives(ids=pool.ids.gather(1, pool.scores.argmin(dim=1, keepdim=True)))


class Mislabelled(Sound):
    __doc__ = Sound.__doc__
    kind = "instance"


class Blending(MixGCF):
    __doc__ = MixGCF.__doc__

    def sample(self, batch, view, draw):
        answer = super().sample(batch, view, draw)
        nodes = answer.blend.items + view.n_users  # where numbers of items are asked for
        return replace(answer, blend=answer.blend._replace(items=nodes))


class Boastful(Sound):
    __doc__ = Sound.__doc__
    remembers: ClassVar = {"cache": 4}  # has none


@pytest.mark.parametrize(
    ("broken", "clause"),
    [
        (Careless, "never_a_training_item"),
        (Careless, "user_with_all_items_is_refused"),
        (Floating, "shapes_and_types"),
        (Mislabelled, "shapes_and_types"),
        (Blending, "shapes_and_types"),
        (Global, "same_key_same_answer"),
        (Vandal, "inputs_are_left_alone"),
        (Neighbours, "independent_of_the_cut"),
        (Forgetful, "state_survives"),
        (Secretive, "docstring"),
        (Rounding, "settings"),
        (Boastful, "settings"),
        (Squeezed, "batches_of_one"),
        (Unfair, "distribution_is_the_declared_one"),
        (Backwards, "harder_is_harder"),
    ],
)
def test_each_clause_catches_its_breach(broken, clause):
    contract = SamplerContract()
    contract.make = broken
    with pytest.raises(AssertionError):
        getattr(contract, f"test_{clause}")()
    with pytest.raises(AssertionError):
        check_sampler(broken)


def test_training_items_are_told_before_the_one_unseen_item_that_was_not_drawn():
    contract = SamplerContract()
    contract.make = Careless
    with pytest.raises(AssertionError, match="training items among negatives"):
        contract.test_never_a_training_item()


class Plain(Sound):
    __doc__ = Sound.__doc__

    def sample(self, batch, view, draw):
        return self.ids(batch, draw)


def test_what_is_no_answer_is_told():
    with pytest.raises(AssertionError, match="must return Negatives, got Tensor"):
        check_sampler(Plain)


def test_a_sampler_that_is_made_is_refused():
    with pytest.raises(AssertionError, match="give the class"):
        check_sampler(Sound())
