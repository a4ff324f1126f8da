import pytest
import torch

from autosample.errors import SettingsError
from autosample.models.view import TableView
from autosample.samplers.midx import MIDX
from autosample.samplers.multi_index import MultiIndex
from autosample.samplers.popularity import Popularity
from autosample.testing import SamplerContract, tiny_batch, tiny_views
from autosample.testing.fixtures import N_ITEMS, N_USERS, tiny_interactions
from autosample.testing.samplers import Case

ONE_EACH = torch.tensor([0, 15, 25, 35, 40])


class TestBothKinds(SamplerContract):
    @pytest.fixture(autouse=True, params=[0.0, 1.0])
    def choose(self, request):
        self.beta = request.param

    def make(self):
        return MIDX(codewords=3, beta=self.beta, k=2)


def chances(sampler, view, batch):
    case = Case(sampler, view)
    case.run(batch)
    return case.sampler.probability(batch, view, case.draw(1))


@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_one_codeword_is_popularity(beta):
    batch = tiny_batch().take(ONE_EACH)
    for view in tiny_views().values():
        mine = chances(MIDX(codewords=1, beta=beta), view, batch)
        torch.testing.assert_close(mine, chances(Popularity(beta=beta), view, batch))


def test_a_codeword_per_item_is_the_softmax():
    """Where every item has a cell to itself, what is not seen is drawn by its exact score."""
    view, batch = tiny_views()["flat"], tiny_batch().take(ONE_EACH)
    found = chances(MIDX(codewords=N_ITEMS, temperature=0.5), view, batch)
    users, items = view.table[batch.users].double(), view.table[N_USERS:].double()
    softmax = (users @ items.T / 0.5).softmax(dim=1)
    for row, user in enumerate(batch.users.tolist()):
        seen = torch.zeros(N_ITEMS, dtype=torch.bool)
        seen[tiny_interactions().of(user).tolist()] = True
        expected = softmax[row] + softmax[row, seen].sum() / (~seen).sum()
        torch.testing.assert_close(found[row], expected * ~seen, atol=1e-6, rtol=1e-5)


def test_the_chance_of_cells_by_hand():
    """Four items on the corners of a rectangle, two on one corner; one cell stays empty."""
    rows = torch.tensor([[5.0, 1.0], [5.0, 1.0], [-5.0, 1.0], [-5.0, -1.0]])
    user = torch.tensor([[0.2, 0.4]])
    made = MultiIndex(rows, torch.ones(4).double(), torch.tensor([[0, 0], [2, 3]]))
    logits = made.left_logits(*made.scores(user))[0]
    up, down = torch.tensor([0.4, -0.4]).double().exp()
    expected = torch.stack([2 * up, up + down]).log() + torch.tensor([1.0, -1.0]).double()
    torch.testing.assert_close(logits, expected, atol=1e-6, rtol=1e-6)
    assert made.starts.diff().tolist() == [2, 0, 1, 1]


@pytest.mark.parametrize("width", [1, 5])
def test_odd_widths(width):
    table = torch.randn(N_USERS + N_ITEMS, width, generator=torch.Generator().manual_seed(2))
    chance = chances(MIDX(codewords=4), TableView((table,), table, N_USERS, "mean"), tiny_batch())
    torch.testing.assert_close(chance.sum(dim=1), torch.ones(len(chance)).double())


def test_large_scores_stay_finite():
    table = tiny_views()["flat"].table * 300
    case = Case(MIDX(codewords=4, k=50), TableView((table,), table, N_USERS, "mean"))
    answer = case.run(tiny_batch())
    assert torch.isfinite(answer.log_q).all()


@pytest.mark.parametrize("temperature", [0.01, 0.001])
def test_the_least_temperatures_keep_a_distribution(temperature):
    """Scores of codewords are then so far apart that products of their exp are 0."""
    for view in tiny_views().values():
        chance = chances(MIDX(codewords=8, temperature=temperature), view, tiny_batch())
        torch.testing.assert_close(chance.sum(dim=1), torch.ones(len(chance)).double())


def test_codewords_far_apart_by_hand():
    """The best left codeword has no cell with the best right one, yet the best cell."""
    rows = torch.tensor([[-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    made = MultiIndex(rows, torch.ones(3).double(), torch.tensor([[0, 0], [1, 1]]))
    logits = made.left_logits(*made.scores(torch.tensor([[1600.0, 400.0]])))
    assert logits.tolist() == [[-1600 + 400, 1600 - 400]]  # what e^-400 adds to e^400 is lost


WRONG = [{"codewords": 0}, {"temperature": 0.0}, {"beta": -5.0}, {"beta": 5.0}]


@pytest.mark.parametrize("wrong", WRONG)
def test_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"AS220"):
        MIDX(**wrong)
