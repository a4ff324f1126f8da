"""Samplers from text, and from other packages."""

import sys

import pytest

from autosample.errors import SettingsError
from autosample.samplers import SAMPLERS, make_sampler, sampler_classes
from autosample.samplers.dns import DNS
from autosample.samplers.dns_top import DNSTop
from autosample.samplers.softmax import PoolSoftmax


def test_names_and_settings():
    assert isinstance(make_sampler("dns"), DNS)
    top = make_sampler(" dns_top : top = 3 : pool=9 ")
    assert isinstance(top, DNSTop)
    assert top.settings == {"pool": 9, "top": 3}


@pytest.mark.parametrize("text", ["0.5", "5e-1", ".5", "inf", "2"])
def test_floats(text):
    assert make_sampler(f"softmax:temperature={text}").temperature == float(text)


def test_a_sampler_stays_itself():
    sampler = DNS(pool=3)
    assert make_sampler(sampler) is sampler


@pytest.mark.parametrize("changes", [{}, {"pool": 5}, {"temperature": 1 / 3, "pool": 2}])
def test_labels_read_back(changes):
    sampler = PoolSoftmax(**changes)
    assert make_sampler(sampler.label).settings == sampler.settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dsn", r"AS221: There is no sampler named 'dsn'\. Did you mean dns\?"),
        ("Mixgfc:pool=3", r"AS221.*Did you mean mixgcf"),
        ("", r"AS221"),
        ("dns:size=3", r"AS222: dns has no setting 'size'\. Its settings are pool\."),
        ("dns:pool=many", r"AS223: dns: pool must be of type int, got 'many'\. The default is 16"),
        ("dns:pool=1.5", r"AS223.*int"),
        ("softmax:temperature=cold", r"AS223.*float"),
        ("dns:pool", r"AS223: dns: pool has no value"),
        ("dns:pool=3:pool=4", r"AS223: dns: pool is given twice"),
        ("softmax_v:rho=inf", r"AS220.*rho must be at most 1000000.0, got inf"),
        ("dns:pool=0", r"AS220.*pool must be at least 1, got 0"),
    ],
)
def test_mistakes_are_explained(text, message):
    with pytest.raises(SettingsError, match=message):
        make_sampler(text)


MODULE = '''
"""A sampler of somebody else."""
from autosample.samplers.uniform import Uniform

class Lazy(Uniform):
    name = "lazy"
    def __init__(self, *, eager: bool = False) -> None:
        super().__init__()
        self.eager = eager
'''


@pytest.fixture
def other_package(tmp_path, monkeypatch):
    (tmp_path / "lazy_package.py").write_text(MODULE)
    info = tmp_path / "lazy_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lazy-package\nVersion: 1.0\n")
    points = "[autosample.samplers]\nlazy = lazy_package:Lazy\ndns = lazy_package:Lazy\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("lazy_package", None)


@pytest.mark.usefixtures("other_package")
def test_samplers_of_other_packages_are_found():
    assert make_sampler("lazy").name == "lazy"
    assert make_sampler("lazy:eager=TRUE").eager is True
    with pytest.raises(SettingsError, match=r"AS223.*bool"):
        make_sampler("lazy:eager=1")


@pytest.mark.usefixtures("other_package")
def test_nobody_takes_our_names():
    assert sampler_classes()["dns"] is DNS
    assert set(sampler_classes()) == {*SAMPLERS, "lazy"}
