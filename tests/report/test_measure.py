import numpy as np
import pytest
from scipy import stats

from autosample.data import Interactions
from autosample.errors import DataError
from autosample.metrics import Ranks, per_user
from autosample.report import measure
from tests.report.making import tiny_dataset, tiny_run


def ranks_of(*rows):
    """Ranks of users 0, 1, ... from one list each."""
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    users, flat = np.arange(len(rows)), np.concatenate(rows).astype(np.int32)
    return Ranks(users, indptr, flat, np.full(len(rows), 100))


def test_interval_of_a_mean_is_that_of_students_test():
    values = np.random.default_rng(0).normal(0.3, 1.0, 40)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = measure.mean(values)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.value == pytest.approx(values.mean())


def test_one_value_has_no_interval_and_none_no_mean():
    assert measure.mean(np.array([0.5])).value == 0.5
    assert np.isnan(measure.mean(np.array([0.5])).low)
    assert np.isnan(measure.mean(np.array([])).value)


def test_differences_are_paired_by_user():
    random = np.random.default_rng(1)
    run, other = (ranks_of(*random.integers(1, 30, (50, 1))) for _ in range(2))
    found = measure.difference(run, other, "ndcg@20")
    a, b = per_user(run, "ndcg@20"), per_user(other, "ndcg@20")
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.mean.low, found.mean.high) == pytest.approx((expected.low, expected.high))
    assert found.better == (a > b).mean()
    assert found.worse == (a < b).mean()


def test_other_users_or_items_cannot_be_compared():
    with pytest.raises(DataError, match="AS145"):
        measure.difference(ranks_of([1], [2]), ranks_of([1]), "ndcg@20")
    with pytest.raises(DataError, match="AS145"):
        measure.difference(ranks_of([1, 3], [2]), ranks_of([1], [2, 3]), "ndcg@20")


def test_popularity_ranks_by_hand():
    seen = Interactions.from_pairs([0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2], 3, 4)
    test = Interactions.from_pairs([0, 0, 1], [2, 3, 3], 3, 4)
    # user 0 has item 0; left are 1 (two users), 2 (one), 3 (none); user 1 has 0 and 1
    found = measure.popularity_ranks(seen, test)
    assert found.ranks.tolist() == [2, 3, 2]


def test_curve_rises_to_one_when_every_item_is_in_the_list():
    ranks = ranks_of([1, 4], [3])
    points = dict(measure.curve(ranks, "recall"))
    assert points[1] == 0.25
    assert points[3] == 0.75
    assert points[100] == 1.0


def test_curve_ends_with_the_catalogue():
    ranks = Ranks(np.array([0]), np.array([0, 1]), np.array([2], np.int32), np.array([7]))
    assert [k for k, _ in measure.curve(ranks, "ndcg")] == [1, 2, 3, 5, 7]


def test_cut_by_hand():
    groups = measure.cut(np.arange(1, 11), lowest=0)
    assert groups.labels == ["0–2", "3–4", "5–6", "7–8", "9+"]
    assert groups.of(np.array([0, 2, 3, 8, 9, 99])).tolist() == [0, 0, 1, 3, 4, 4]


def test_cut_of_equal_numbers_has_fewer_groups():
    assert measure.cut(np.array([5, 5, 5]), lowest=5).labels == ["5+"]
    groups = measure.cut(np.array([1, 1, 1, 1, 1, 1, 2]), lowest=1)
    assert groups.labels == ["1", "2+"]


def test_group_means_are_those_of_their_members():
    groups = measure.cut(np.arange(1, 11), lowest=1)
    values, scores = np.array([1, 2, 10]), np.array([0.2, 0.4, 0.9])
    found = groups.means(values, scores)
    assert [m.value for m in found] == pytest.approx(
        [0.3, np.nan, np.nan, np.nan, 0.9], nan_ok=True
    )


def test_shares_of_groups_leave_out_empty_places():
    groups = measure.cut(np.arange(1, 11), lowest=1)
    of_item = np.array([1, 5, 10])
    shares = measure.share_by_group(groups, of_item, np.array([[0, 1], [0, -1]]))
    assert shares.tolist() == pytest.approx([2 / 3, 0, 1 / 3, 0, 0])


def test_users_are_spread_over_all():
    assert measure.spread_users(np.arange(5), 9).tolist() == [0, 1, 2, 3, 4]
    assert measure.spread_users(np.arange(101), 3).tolist() == [0, 50, 100]


def test_most_recommended_by_hand():
    lists = np.array([[2, 1], [2, 0], [1, -1]])
    assert measure.most_recommended(lists, 4, 3) == [(1, 2), (2, 2), (0, 1)]


def test_groups_of_a_run_hold_all_its_users():
    ranks, seen = tiny_run().ranks, tiny_run().seen
    counts = seen.user_counts[ranks.users]
    groups = measure.cut(counts, lowest=int(counts.min()))
    sizes = np.bincount(groups.of(counts), minlength=len(groups.labels))
    assert sizes.sum() == (tiny_dataset().test.user_counts > 0).sum()
    assert sizes.min() > 0


def test_p_values_are_those_of_the_paired_test_and_of_no_spread():
    random = np.random.default_rng(2)
    own, theirs = random.normal(size=30), random.normal(0.3, size=30)
    found = measure.paired(own, theirs)
    assert found.p == pytest.approx(stats.ttest_rel(own, theirs).pvalue)
    assert found.relative == pytest.approx(own.mean() / theirs.mean() - 1)
    assert measure.paired(own, own).p == 1
    assert measure.paired(np.ones(5), np.zeros(5)).p == 0
    assert np.isnan(measure.paired(np.ones(1), np.zeros(1)).p)


def test_p_values_are_adjusted_as_holm_did_by_hand():
    nothing = measure.Mean(0, 0, 0)
    given = [measure.Difference(nothing, 0, 0, 1, p) for p in (0.04, 0.01, 0.03, 0.8)]
    assert [d.p for d in measure.holm(given)] == pytest.approx([0.09, 0.04, 0.09, 0.8])
    assert [d.significant for d in measure.holm(given)] == [False, True, False, False]
    assert measure.holm([]) == []
