"""The contract over the whole catalogue, and that nothing of it escapes."""

import ast
import inspect
from pathlib import Path

import pytest

import autosample.samplers as package
from autosample.data.interactions import Interactions
from autosample.errors import SamplerError
from autosample.samplers import SAMPLERS
from autosample.samplers.base import Sampler
from autosample.testing import SamplerContract, tiny_batch, tiny_views
from autosample.testing.samplers import Case

FOLDER = Path(inspect.getfile(package)).parent
FILES = {path.stem: ast.parse(path.read_text()) for path in FOLDER.glob("*.py")}


class TestCatalogue(SamplerContract):
    @pytest.fixture(autouse=True, params=SAMPLERS)
    def choose(self, request):
        self.name = request.param

    def make(self):
        return SAMPLERS[self.name]()


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_has_its_own_file_and_test(name):
    assert SAMPLERS[name].__module__ == f"autosample.samplers.{name}"
    assert SAMPLERS[name].name == name
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


def test_no_sampler_class_is_left_out():
    def concrete(cls):
        below = [found for child in cls.__subclasses__() for found in concrete(child)]
        return below if inspect.isabstract(cls) else [cls, *below]

    ours = [c for c in concrete(Sampler) if c.__module__.startswith("autosample.samplers.")]
    assert set(ours) == set(SAMPLERS.values())


def test_every_purpose_draws_from_its_own_stream():
    streams = [
        node.value.value
        for tree in FILES.values()
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("_STREAM")
    ]
    assert len(streams) == len(set(streams))
    assert all(2 <= stream <= 99 for stream in streams)


@pytest.mark.parametrize("name", SAMPLERS)
def test_modules_stay_small(name):
    assert len((FOLDER / f"{name}.py").read_text().splitlines()) <= 130


@pytest.mark.parametrize("name", SAMPLERS)
def test_what_is_kept_of_each_user_is_told(name):
    """As the memory that a run is said to need counts it; nothing else grows with the users."""
    kept = []
    for n_users in (20, 30):
        shown = Interactions.from_pairs([2], [3], n_users, 9)
        sampler = SAMPLERS[name]()
        interactions = Interactions.from_pairs([0, 0, 1], [1, 2, 0], n_users, 9)
        sampler.prepare(interactions.with_exposed(shown), dim=4, n_layers=1)
        kept.append(sum(value.nbytes for value in sampler.state_dict().values()))
    told = sum(getattr(sampler, one) * size for one, size in sampler.remembers.items())
    assert kept[1] - kept[0] == 10 * told


@pytest.mark.parametrize("name", ["adasir", "aobpr", "cohorts", "nscaching", "popularity", "srns"])
def test_what_an_epoch_begins_with_is_missed_by_name(name):
    """A memory that nothing has filled yet is full of item 0."""
    case = Case(SAMPLERS[name](), tiny_views()["flat"])
    with pytest.raises(SamplerError, match=rf"AS303: {name} draws before its first epoch"):
        case.sampler.sample(tiny_batch(), case.view, case.draw(0))
