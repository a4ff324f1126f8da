"""Random choices against their exact distributions."""

import itertools
import math

import torch

from autosample.kernels.random import make_key, uniform_torch
from autosample.samplers.choice import choose, choose_distinct
from autosample.testing.checks import chi_square

LOGITS = torch.tensor([0.5, -1.0, 2.0, -torch.inf, 0.0])


def uniforms(n):
    return uniform_torch(torch.arange(20_000), n, make_key(2))


def test_with_replacement():
    picks = choose(LOGITS.expand(20_000, -1), uniforms(2))
    chance = LOGITS.double().softmax(dim=0)
    for column in range(2):
        assert chi_square(picks[:, column], chance) > 1e-3


def test_edges_of_the_uniform_range():
    extremes = torch.tensor([[0.0, 1.0 - 2.0**-24]])
    assert choose(torch.tensor([[0.0, 0.0, 0.0]]), extremes).tolist() == [[0, 2]]


def test_without_replacement_pairs_by_hand():
    picks = choose_distinct(LOGITS.expand(20_000, -1), uniforms(5), 2)
    weight = [math.exp(x) for x in LOGITS.tolist()]
    chance = torch.zeros(25, dtype=torch.float64)
    for first, second in itertools.permutations(range(5), 2):
        rest = sum(weight) - weight[first]
        chance[5 * first + second] = weight[first] / sum(weight) * weight[second] / rest
    assert chi_square(5 * picks[:, 0] + picks[:, 1], chance) > 1e-3


def test_without_replacement_extremes_are_finite():
    extremes = torch.tensor([[0.0, 1.0 - 2.0**-24, 0.5]])
    picks = choose_distinct(torch.zeros(1, 3), extremes, 3)
    assert sorted(picks[0].tolist()) == [0, 1, 2]
    assert picks[0, 0] == 0  # a uniform of 0 means an arrival time of 0: first
