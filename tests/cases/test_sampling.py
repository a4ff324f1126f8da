"""Sampling: cases 46 to 54 of docs/bad-inputs.md; 47 and 48 are clauses of the contract."""

import pytest
import torch

from autosample.data import Interactions
from autosample.errors import AutosampleError
from autosample.kernels.draw import Unseen
from autosample.models import guard as models
from autosample.models.mf import MF
from autosample.samplers import Popularity, Sampler, Uniform, make_sampler
from autosample.samplers import guard as samplers
from autosample.samplers.draw import Draw
from autosample.testing import check_sampler, tiny_interactions
from autosample.train import Learner
from autosample.types import Batch, Blend, Negatives
from tests.cases.making import code_of, table


def learner(sampler_lr: float = 0.05) -> Learner:
    data = tiny_interactions()
    return Learner(MF(data, dim=4), data, lr=sampler_lr, batch_size=32)


def test_more_negatives_than_there_are_come_with_replacement() -> None:
    """A user with one unseen item of three: all draws are that item, in bounded time."""
    data = Interactions.from_pairs([0, 0, 1], [0, 2, 1], 2, 3)
    batch = Batch(torch.tensor([0, 1]), torch.tensor([0, 1]), torch.arange(2))
    ids = Draw(Unseen(data), seed=0, epoch=0).unseen(batch, 50)
    assert set(ids[0].tolist()) == {1}
    assert set(ids[1].tolist()) == {0, 2}


@pytest.mark.parametrize("beta", [-4, 0, 0.75, 4])
def test_popularity_has_mass_for_every_item(beta) -> None:
    """Items nobody has count as one interaction; the exponent is bounded, so nothing overflows."""
    counts = Interactions.from_pairs([0] * 3 + [1] * 2, [0, 1, 2, 0, 1], 2, 5)
    weights = Popularity(beta=beta).weigh(counts)
    assert torch.isfinite(weights).all()
    assert (weights > 0).all()
    assert weights[3] == weights[4] == 1


@pytest.mark.parametrize("option", ["popularity:beta=500", "popularity:beta=nan", "dns:pool=0"])
def test_settings_of_samplers_are_bounded(run, option) -> None:
    told = run(table(), f"--candidate={option}")
    assert (told.exit, told.codes) == (4, ["AS220"])


class Odd(Sampler):
    """A sampler from elsewhere that returns what it is told to."""

    name = "odd"

    def __init__(self, *, answer=None) -> None:
        super().__init__()
        self.answer = answer

    def sample(self, batch, view, draw):
        return self.answer(batch, view)


def blend(ids, beyond=0, *, layers=1, shares=2) -> Negatives:
    """A blend of two items whose numbers are ``beyond`` those of ``ids``."""
    items = (ids[:, :1, None] + beyond).repeat(1, 2, layers)
    return Negatives(ids, blend=Blend(items, torch.ones(len(ids), shares, layers)))


def synthetic(batch, view, shape) -> Negatives:
    """A vector for each positive, of any shape."""
    return Negatives(batch.positives[:, None], vectors=torch.zeros(len(batch.users), *shape))


def doubled(batch, view) -> Negatives:
    """The positives' rows in float64."""
    ids = batch.positives[:, None]
    return Negatives(ids, vectors=view.item_layers(ids).double())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda batch, view: 1 / 0, "AS304"),
        (lambda batch, view: batch.nothing, "AS304"),
        (lambda batch, view: None, "AS305"),
        (lambda batch, view: Negatives(batch.positives), "AS305"),
        (lambda batch, view: Negatives(batch.positives[:, None].float()), "AS305"),
        (lambda batch, view: Negatives(batch.positives[:, None].int()), "AS305"),
        (lambda batch, view: Negatives(batch.positives[1:, None]), "AS305"),
        (lambda batch, view: Negatives(batch.positives[:, None][:, :0]), "AS305"),
        (lambda batch, view: Negatives(batch.positives[:, None] + view.n_items), "AS305"),
        (lambda batch, view: Negatives(batch.positives[:, None] - view.n_items), "AS305"),
        (lambda batch, view: Negatives(torch.zeros(0, 1, dtype=torch.int64)), "AS305"),
        (
            lambda batch, view: Negatives(batch.positives[:, None], weights=torch.ones(1)),
            "AS305",
        ),
        (lambda batch, view: blend(batch.positives[:, None], view.n_items), "AS305"),
        (lambda batch, view: blend(batch.positives[:, None], -view.n_items), "AS305"),
        (lambda batch, view: blend(batch.positives[:, None].expand(-1, 3)), "AS305"),
        (lambda batch, view: blend(batch.positives[:, None], layers=2), "AS305"),
        (lambda batch, view: blend(batch.positives[:, None], shares=3), "AS305"),
        (lambda batch, view: synthetic(batch, view, (1, 4)), "AS305"),
        (lambda batch, view: synthetic(batch, view, (3, 1, 4)), "AS305"),
        (lambda batch, view: synthetic(batch, view, (1, 1, 5)), "AS305"),
        (
            lambda batch, view: Negatives(batch.positives[:, None], auxiliary=torch.ones(2)),
            "AS305",
        ),
        (lambda batch, view: Negatives(batch.positives[:, None], auxiliary=0.5), "AS305"),
        (lambda batch, view: Negatives(batch.positives[:, None], weights=[[1.0]]), "AS305"),
        (doubled, "AS305"),
    ],
)
def test_a_broken_sampler_is_named_and_never_reaches_a_kernel(answer, code) -> None:
    with pytest.raises(Exception, match="odd") as caught:
        learner().run_epoch(Odd(answer=answer))
    assert caught.value.code == code


@pytest.mark.parametrize("where", ["prepare", "begin_epoch"])
def test_a_sampler_that_breaks_before_it_samples_is_named(where, monkeypatch) -> None:
    monkeypatch.setattr(Odd, where, lambda *_, **__: 1 / 0)
    with pytest.raises(Exception, match=r"AS304.*odd.*ZeroDivisionError"):
        learner().run_epoch(Odd(answer=lambda batch, view: Negatives(batch.positives[:, None])))


@pytest.mark.parametrize(
    "blame", [lambda: samplers.named(Odd(answer=None), "x"), lambda: models.named("Wide", "x")]
)
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), MemoryError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), RuntimeError),
        (RuntimeError("CUDA out of memory."), RuntimeError),
        (RuntimeError("unsupported memory format"), AutosampleError),
    ],
)
def test_a_lack_of_memory_is_nobodys_mistake(blame, error, kind) -> None:
    with pytest.raises(kind), blame():
        raise error


class Forgetful(Sampler):
    """Counts its calls outside of its buffers, so a resumed run goes on otherwise."""

    name = "forgetful"

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def sample(self, batch, view, draw):
        self.calls += 1
        return Negatives(draw.unseen(batch, self.calls)[:, -1:])


def test_state_outside_the_checkpoint_fails_the_contract() -> None:
    with pytest.raises(AssertionError):
        check_sampler(Forgetful)


@pytest.mark.parametrize(
    "weights", [[0.0, 0.0], [-1.0, 2.0], [float("nan"), 1.0], [float("inf"), 1.0], [1.0]]
)
def test_weights_of_a_mixture_are_guarded(weights) -> None:
    from autosample.search.mixture import Mixture  # noqa: PLC0415

    parts = [Uniform(), make_sampler("dns:pool=4")]
    assert code_of(lambda: Mixture(parts, weights=weights)) == "AS261"


def test_a_pool_larger_than_the_catalogue_works() -> None:
    done = learner().run_epoch(make_sampler("dns:pool=1000"))
    assert done.loss == done.loss
