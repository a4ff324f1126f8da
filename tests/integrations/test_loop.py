"""Pairs and a ready sampler in the loops of others."""

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Subset

from autosample import NegativeSampling, Pairs, make_sampler, view
from autosample.errors import SamplerError, SettingsError
from autosample.kernels.draw import Unseen
from autosample.samplers import Draw
from autosample.testing import FULL_USER, tiny_interactions, tiny_views
from autosample.types import Batch

TRAIN = tiny_interactions()


def pairs_of(loader) -> list[tuple[int, int, int]]:
    batches = list(loader)
    assert all(isinstance(batch, Batch) for batch in batches)
    assert all(column.dtype == torch.int64 for batch in batches for column in batch)
    columns = (torch.cat(column).tolist() for column in zip(*batches, strict=True))
    return sorted(zip(*columns, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_loader_gives_every_pair_once(workers):
    """Single pairs collated by torch, and whole batches, are the same pairs."""
    pairs = Pairs(TRAIN)
    one_by_one = DataLoader(pairs, batch_size=7, shuffle=True, num_workers=workers)
    whole = BatchSampler(RandomSampler(pairs), 7, drop_last=False)
    found = pairs_of(one_by_one)
    assert found == pairs_of(DataLoader(pairs, batch_size=None, sampler=whole))
    expected = [
        (user, item, index)
        for index, (user, item) in enumerate(zip(TRAIN.users, TRAIN.items, strict=True))
        if user != FULL_USER
    ]
    assert found == expected
    assert len(pairs) == len(expected)


def test_a_part_chosen_by_numpy_is_collated_as_any_other():
    chosen = [4, 0, 2]
    parts = (Subset(Pairs(TRAIN), indices) for indices in (chosen, np.array(chosen)))
    mine, its = (next(iter(DataLoader(part, batch_size=3))) for part in parts)
    assert all(map(torch.equal, mine, its))


def test_it_draws_what_the_sampler_draws():
    model = tiny_views()["flat"]
    batch = Pairs(TRAIN)[list(range(20))]
    sampling = NegativeSampling("dns:pool=3", TRAIN, dim=6, epochs=5, seed=4)
    sampling.begin_epoch(2, model)
    plain = make_sampler("dns:pool=3")
    plain.prepare(TRAIN, dim=6, n_layers=1)
    expected = plain.sample(batch, model, Draw(Unseen(TRAIN), seed=4, epoch=2, epochs=5))
    assert torch.equal(sampling(batch, model).ids, expected.ids)


def test_its_state_is_the_samplers():
    one, other = (NegativeSampling("nscaching", TRAIN, dim=6, seed=s) for s in (0, 1))
    seen = view(torch.randn(8, 6), torch.randn(24, 6))
    one.begin_epoch(0, seen)
    other.begin_epoch(0, seen)
    one(Pairs(TRAIN)[[0, 5, 9]], seen)
    assert one.state_dict()
    other.load_state_dict(one.state_dict())
    assert all(
        torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items()
    )


def test_an_epoch_must_have_begun():
    sampling = NegativeSampling("uniform", TRAIN, dim=6)
    with pytest.raises(SamplerError, match=r"AS303.*begin_epoch"):
        sampling(Pairs(TRAIN)[[0]], tiny_views()["flat"])


def test_a_view_of_other_tables_is_refused_before_a_kernel_reads_beyond_them():
    users, items = torch.zeros(TRAIN.n_users, 6), torch.zeros(TRAIN.n_items, 6)
    sampling = NegativeSampling("dns:pool=3", TRAIN, dim=6)
    padded = view(users, torch.zeros(TRAIN.n_items + 1, 6))  # a row more harms nothing
    sampling.begin_epoch(0, padded)
    batch = Pairs(TRAIN)[list(range(20))]
    assert sampling(batch, padded).ids.max() < TRAIN.n_items
    for wrong in (view(items, users), view(users, items[1:])):
        with pytest.raises(SettingsError, match=r"AS280.*users and .* items"):
            sampling.begin_epoch(0, wrong)
        with pytest.raises(SettingsError, match="AS280"):
            sampling(batch, wrong)


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("users", [0, 8], "users from 0 to 7, got 0 to 8"),
        ("users", [-1, 0], "users from 0 to 7, got -1 to 0"),
        ("positives", [1, 24], "positives from 0 to 23, got 1 to 24"),
        ("index", [0], "one length, got {'users': 2, 'positives': 2, 'index': 1}"),
        ("users", [[0, 1]], "users as a .B,. tensor of whole numbers, got .1, 2. torch.int64"),
        ("users", [0.0, 1.0], "users as .* got .2,. torch.float32"),
    ],
)
@pytest.mark.parametrize("sampler", ["uniform", "srns"])
def test_a_batch_of_others_is_refused_before_a_kernel_reads_beyond(part, value, told, sampler):
    seen = tiny_views()["flat"]
    sampling = NegativeSampling(sampler, TRAIN, dim=6)
    sampling.begin_epoch(0, seen)
    batch = Pairs(TRAIN)[[0, 5]]
    assert len(sampling(batch, seen).ids) == 2
    with pytest.raises(SettingsError, match=f"AS283: A batch must have {told}"):
        sampling(batch._replace(**{part: torch.tensor(value)}), seen)


def test_a_batch_of_arrays_is_refused_and_one_of_nothing_taken():
    seen = tiny_views()["flat"]
    sampling = NegativeSampling("dns:pool=3", TRAIN, dim=6)
    sampling.begin_epoch(0, seen)
    batch = Pairs(TRAIN)[[0, 5]]
    with pytest.raises(SettingsError, match=r"AS283.*users as .* got ndarray"):
        sampling(batch._replace(users=batch.users.numpy()), seen)
    assert sampling(batch.take(torch.tensor([], dtype=torch.int64)), seen).ids.shape == (0, 1)
    narrow = type(batch)(*(part.int() for part in batch))
    assert torch.equal(sampling(narrow, seen).ids, sampling(batch, seen).ids)


def test_it_can_be_saved_whole_within_an_epoch(tmp_path):
    seen = tiny_views()["flat"]
    sampling = NegativeSampling("dns:pool=3", TRAIN, dim=6)
    sampling.begin_epoch(1, seen)
    batch = Pairs(TRAIN)[[0, 5, 9]]
    ids = sampling(batch, seen).ids
    torch.save(sampling, tmp_path / "sampling.pt")
    again = torch.load(tmp_path / "sampling.pt", weights_only=False)
    assert torch.equal(again(batch, seen).ids, ids)
    assert torch.equal(sampling(batch, seen).ids, ids)


def test_one_number_of_any_kind_is_one_pair():
    pairs = Pairs(TRAIN)
    for one in (3, np.int64(3), np.array(3), torch.tensor(3)):
        assert pairs[one] == pairs[3]
        assert isinstance(pairs[one].users, int)
    parts = [Subset(pairs, chosen) for chosen in ([4, 0, 2], torch.tensor([4, 0, 2]))]
    mine, its = (next(iter(DataLoader(part, batch_size=3))) for part in parts)
    assert all(map(torch.equal, mine, its))
