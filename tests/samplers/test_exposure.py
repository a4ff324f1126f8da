from dataclasses import replace

import pytest
import torch

from autosample.data import Interactions
from autosample.errors import AutosampleError, SettingsError
from autosample.kernels.member import contains
from autosample.run import run
from autosample.samplers.exposure import Exposure
from autosample.samplers.uniform import Uniform
from autosample.store.dataset import load_dataset, save_dataset
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case
from tests.tiny import quick, tiny_dataset


def shown_dataset():
    dataset = tiny_dataset()
    shown = Interactions.from_pairs([0, 1, 1], [2, 3, 4], dataset.n_users, dataset.n_items)
    return replace(dataset, train=dataset.train.with_exposed(shown))


def test_with_all_the_share_negatives_are_what_was_shown_and_not_taken():
    """User 1 has 1, 4, 7, .. and was shown 0, 5, 10, 15, 20; it did not take 0, 5, 15 and 20."""
    case, batch = Case(Exposure(share=1.0, k=60), tiny_views()["flat"]), tiny_batch(users=(1, 2))
    answer = case.run(batch)
    assert set(answer.ids[batch.users == 1].flatten().tolist()) == {0, 5, 15, 20}
    assert torch.allclose(answer.log_q[batch.users == 1].exp(), torch.tensor(0.25))
    assert len(answer.ids[batch.users == 2].unique()) > 10  # was shown nothing


def test_without_a_share_it_is_uniform():
    batch, answers = tiny_batch(), []
    for sampler in (Exposure(share=0.0, k=3), Uniform(k=3)):
        case = Case(sampler, tiny_views()["flat"])
        answers.append((case.run(batch).ids, sampler.probability(batch, case.view, case.draw(1))))
    assert torch.equal(answers[0][0], answers[1][0])
    torch.testing.assert_close(answers[0][1], answers[1][1])


def test_the_chance_by_hand():
    case, batch = Case(Exposure(share=0.6), tiny_views()["flat"]), tiny_batch(users=(1,))
    case.run(batch)
    chance = case.sampler.probability(batch, case.view, case.draw(1))[0]
    assert chance[[0, 1, 2]].tolist() == pytest.approx([0.6 / 4 + 0.4 / 16, 0, 0.4 / 16])


def test_without_a_table_it_is_refused_before_any_training():
    sampler, bare = Exposure(), replace(tiny_interactions(), exposed=None)
    with pytest.raises(AutosampleError, match=r"AS306"):
        sampler.prepare(bare, dim=6, n_layers=1)
    epochs = []
    with pytest.raises(AutosampleError, match=r"AS306"):
        run(
            tiny_dataset(),
            quick(candidates=["uniform", "exposure"], strategy="exhaustive"),
            on_progress=epochs.append,
        )
    assert epochs == []


def test_the_table_is_kept_with_the_dataset(tmp_path):
    dataset = shown_dataset()
    save_dataset(tmp_path, dataset)
    again = load_dataset(tmp_path)
    assert again.train.exposed.of(1).tolist() == [3, 4]
    assert again.fingerprint() == dataset.fingerprint() != tiny_dataset().fingerprint()
    assert again.train.union(again.valid).exposed is again.train.exposed


def test_a_run_takes_it_as_a_candidate():
    told = run(shown_dataset(), quick(candidates=["exposure"], strategy="fixed", epochs=2))
    assert told.schedule[0][0].startswith("exposure")


def test_out_of_range_is_refused():
    with pytest.raises(SettingsError, match=r"AS220"):
        Exposure(share=1.5)


def test_what_was_shown_is_searched_as_it_is_kept(monkeypatch):
    """A copy in every step would cost more than the draw."""
    case, searched = Case(Exposure(), tiny_views()["flat"]), []

    def noted(starts, shown, *asked):
        searched.append(shown)
        return contains(starts, shown, *asked)

    monkeypatch.setattr("autosample.samplers.exposure.contains", noted)
    case.run(tiny_batch(), epochs=1)
    assert [one is case.sampler.shown for one in searched] == [True]
