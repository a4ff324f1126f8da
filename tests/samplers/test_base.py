"""Settings, labels and moves along the hardness."""

import numpy as np
import pytest

from autosample.errors import SettingsError
from autosample.samplers.base import check_at_least, check_at_most
from autosample.samplers.dns import DNS
from autosample.samplers.popularity import Popularity
from autosample.samplers.softmax import PoolSoftmax
from autosample.samplers.uniform import Uniform


def test_labels_show_what_differs_and_the_hardness():
    assert Uniform().label == "uniform"
    assert Uniform(k=3).label == "uniform:k=3"
    assert DNS().label == "dns:pool=16"
    assert repr(PoolSoftmax(pool=8)) == "softmax:pool=8:temperature=1.0"


class Renaming(Uniform):
    def __init__(self, *, size: int = 2) -> None:
        super().__init__(k=size)


def test_an_argument_kept_under_another_name_is_named():
    for asked in (Renaming.settings.fget, Renaming.label.fget, repr):
        with pytest.raises(SettingsError, match=r"AS226.*Renaming must keep .* no 'size'"):
            asked(Renaming())


def test_with_settings_leaves_the_original():
    one = Popularity(beta=0.5, k=2)
    two = one.with_settings(beta=1.0)
    assert (one.settings, two.settings) == ({"beta": 0.5, "k": 2}, {"beta": 1.0, "k": 2})


@pytest.mark.parametrize(
    ("sampler", "factor", "moved"),
    [
        (DNS(pool=16), 2.0, 32),
        (DNS(pool=16), 0.5, 8),
        (DNS(pool=1), 0.5, None),
        (DNS(pool=1), 1.2, None),
        (DNS(pool=1024), 2.0, None),
        (PoolSoftmax(temperature=2.0), 4.0, 0.5),
        (PoolSoftmax(temperature=2), 4.0, 0.5),
        (Popularity(beta=1), 0.5, 0.5),
        (PoolSoftmax(temperature=0.0), 2.0, None),
        (PoolSoftmax(temperature=float("inf")), 2.0, None),
        (Uniform(), 2.0, None),
    ],
)
def test_scaling(sampler, factor, moved):
    result = sampler.scaled(factor)
    assert (result and getattr(result, result.hardness)) == moved


def test_whole_numbers_of_numpy_stay_whole():
    moved = DNS(pool=np.int64(8)).scaled(4.0)
    assert moved.label == "dns:pool=32"


def test_a_class_may_refuse_a_hardness_by_python_s_own_error():
    class Strict(DNS):
        def __init__(self, *, pool=16):
            if pool > 64:
                raise ValueError("pool must be at most 64")
            super().__init__(pool=pool)

    assert Strict(pool=16).scaled(4).pool == 64
    assert Strict(pool=64).scaled(4) is None


def test_bounds_refuse_what_is_not_a_number():
    for check in (check_at_least, check_at_most):
        check(DNS, pool=(3, 3))
        with pytest.raises(SettingsError, match=r"AS220: dns: pool must be at"):
            check(DNS, pool=(float("nan"), 3))
