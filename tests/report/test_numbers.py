import math

import pytest

from autosample.errors import shortened
from autosample.report import numbers


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.083, "0.083 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3900, "1 h 5 min"),
        (math.nan, "–"),
    ],
)
def test_durations_have_units(seconds, words):
    assert numbers.duration(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.4123, "41.2%"),
        (0.0062, "0.62%"),
        (0.000031, "0.0031%"),
        (0.0, "0.0%"),
        (-0.05, "−5.0%"),
        (1.0, "100.0%"),
        (math.nan, "–"),
    ],
)
def test_shares_keep_two_digits(share, words):
    assert numbers.percent(share) == words


def test_small_words():
    assert numbers.metric_name("ndcg@20") == "NDCG@20"
    assert numbers.metric_name("smooth_dcg") == "Smooth DCG"
    assert numbers.signed(0.01234) == "+0.0123"
    assert numbers.signed(-0.01234) == "−0.0123"
    assert numbers.score(math.inf) == "–"
    assert numbers.plural(1, "user") == "1 user"
    assert numbers.plural(2000, "user") == "2,000 users"
    assert numbers.epochs(3, 3) == "epoch 3"
    assert numbers.epochs(3, 7) == "epochs 3–7"
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("p", "words"),
    [(0.0004, "p < .001"), (0.0344, "p = .034"), (0.219, "p = .22"), (1.0, "p = 1.00")],
)
def test_p_values_stay_on_one_line(p, words):
    assert numbers.p_value(p) == words.replace(" ", "\u00a0")


def test_changes_have_a_sign():
    shown = [numbers.change(share) for share in (0.026, -0.0031, 0.0, math.nan)]
    assert shown == ["+2.6%", "−0.31%", "0.0%", "–"]
