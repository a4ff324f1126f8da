"""Samplers and models of other packages, found as pip would have installed them."""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.tiny import write_events

CODE = '''
"""Somebody else's package."""

import torch

from autosample.models import MF, LightGCN, Recommender
from autosample.samplers import Sampler
from autosample.samplers.uniform import Uniform


class Wide(MF):
    """Factorisation that starts from larger values."""

    name = "wide"
    initial_scale = 0.3


class Even(Uniform):
    """Uniform negatives under another name."""

    name = "even"


class Nameless(Uniform):
    """A sampler without a name of its own would be taken for uniform."""


class Deep(LightGCN):
    """Passes its settings on."""

    name = "deep"

    def __init__(self, interactions, **settings):
        super().__init__(interactions, **settings)


class Hollow(Recommender):
    """Has no layers."""

    name = "hollow"
    n_layers = 1


class Wrong(Hollow):
    """Has a slip in its layers."""

    name = "wrong"

    def layers(self):
        return (self.embeding,)


class Short(Hollow):
    """Has no rows of items."""

    name = "short"

    def layers(self):
        return (self.embedding[: self.n_users],)


class Narrowing(Hollow):
    """Has a second layer of half the width."""

    name = "narrowing"
    pooling = "concat"
    n_layers = 2

    def layers(self):
        return self.embedding, self.embedding[:, ::2]


class Thief(MF):
    """Wants the name of a model that is there."""

    name = "mf"
'''


@pytest.fixture
def site(tmp_path):
    """A folder with a package and its metadata, on the path of new processes."""
    (tmp_path / "others.py").write_text(CODE)
    info = tmp_path / "others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        textwrap.dedent("""\
        [autosample.models]
        wide = others:Wide
        mf = others:Thief
        deep = others:Deep
        hollow = others:Hollow
        wrong = others:Wrong
        short = others:Short
        narrowing = others:Narrowing

        [autosample.samplers]
        even = others:Even
        nameless = others:Nameless
        """)
    )
    return tmp_path


def run(site, *arguments):
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        cwd=site,
        check=False,
    )


def test_they_train_and_are_loaded_again(site):
    write_events(site / "events.csv")
    code = textwrap.dedent("""
    from autosample import AutoSample
    from autosample.models import MF, model_class, model_classes
    from autosample.samplers import sampler_classes
    auto = AutoSample(model="wide", candidates=["even"], strategy="fixed", epochs=2, dim=4)
    auto.fit("events.csv", folder="run")
    again = AutoSample.load("run")
    assert again.schedule_[0][0].startswith("even")
    assert again.recommend("u1").equals(auto.recommend("u1"))
    assert abs(again.result_.state["model/embedding"].std() - 0.3) < 0.05
    assert model_class("mf") is MF is model_classes()["mf"]
    own, sound = {"mf", "lightgcn", "ngcf"}, {"wide", "deep"}
    assert model_classes().keys() == own | sound | {"hollow", "wrong", "short", "narrowing"}
    assert "even" in sampler_classes()
    """)
    done = run(site, "-c", code)
    assert done.returncode == 0, done.stderr


def test_the_command_line_lists_them(site):
    done = run(site, "-m", "autosample", "models")
    assert "wide\t" in done.stdout
    assert "Factorisation that starts from larger values." in done.stdout


def test_a_sampler_under_another_name_than_its_own_is_refused(site):
    done = run(site, "-c", "from autosample import make_sampler; make_sampler('nameless:k=2')")
    assert "AS224: The class Nameless must have the name of its entry point" in done.stderr
    assert "and has 'uniform'" in done.stderr


def test_depth_reaches_a_graph_model_that_passes_its_settings_on(site):
    code = """
    from autosample import Interactions
    from autosample.run import make_model
    from autosample.settings import Settings
    train = Interactions.from_pairs([0, 1], [0, 1], 2, 3)
    assert make_model(Settings.of(model="deep", depth=1), train).n_layers == 2
    assert make_model(Settings.of(model="wide", depth=1), train).n_layers == 1
    """
    done = run(site, "-c", textwrap.dedent(code))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("hollow", "AS406: The model Hollow must be made from"),
        ("wrong", "AS406: The model Wrong must compute its layers and raised AttributeError"),
        ("short", "AS406: The model Short must return 1 tables of"),
        ("narrowing", "AS406: The model Narrowing must return 2 tables of"),
    ],
)
def test_an_incomplete_model_is_refused_by_its_name(site, model, told):
    write_events(site / "events.csv")
    done = run(site, "-m", "autosample", "run", "events.csv", "--model", model, "--epochs", "2")
    assert (done.returncode, "AS900" in done.stderr) == (6, False)
    assert told in done.stderr


def test_a_plug_in_that_cannot_be_imported_is_named_and_leaves_reports_alone(site):
    points = site / "others-1.0.dist-info" / "entry_points.txt"
    points.write_text(f"{points.read_text()}gone = others:Gone\n")
    write_events(site / "events.csv")
    done = run(site, "-m", "autosample", "samplers")
    assert done.returncode == 4
    assert "AS225: The package others must have others:Gone" in done.stderr
    short = ["--epochs", "2", "--dim", "4", "--candidate", "uniform", "--out", "run"]
    assert run(site, "-m", "autosample", "run", "events.csv", *short).returncode == 0
    assert run(site, "-m", "autosample", "report", "run").returncode == 0
