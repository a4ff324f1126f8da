import pytest
import torch

from autosample.samplers.curriculum import Curriculum
from autosample.samplers.dns import DNS
from autosample.samplers.draw import Draw
from autosample.samplers.uniform import Uniform
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


@pytest.mark.parametrize(
    ("epoch", "same"), [(0, DNS(pool=10)), (1, DNS(pool=7)), (3, DNS(pool=2)), (4, Uniform())]
)
def test_four_epochs_with_a_pool_of_ten(epoch, same):
    # the planned number of epochs is four: 10, floor(7.5), 5, floor(2.5), then 1
    view = tiny_views()["flat"]
    answers = [
        Case(s, view).run(tiny_batch(), first=epoch, epochs=1).ids
        for s in (Curriculum(pool=10), same)
    ]
    assert torch.equal(*answers)


def test_the_pool_shrinks_by_the_formula():
    # (1 - 8 / 10) * 10 is 2, and 1.9999999999999996 in floating point
    case, sizes = Case(Curriculum(pool=10), tiny_views()["flat"]), []
    for epoch in range(12):
        draw = Draw(case.unseen, seed=3, epoch=epoch, epochs=10)
        case.sampler.sample(tiny_batch(), case.view, draw)
        sizes.append(draw._pool[2].ids.shape[1])
    assert sizes == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1]
