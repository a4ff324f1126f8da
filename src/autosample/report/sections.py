"""Parts of the page that need the tables of the model or the ranks of the test items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autosample.beyond import coverage, gini, popularity_lift
from autosample.data import Dataset
from autosample.evaluate import recommend
from autosample.metrics import Ranks, parse_metric, per_user
from autosample.report import words
from autosample.report.figures import (
    Figure,
    curve_figures,
    difference_figure,
    group_figure,
    share_figure,
)
from autosample.report.measure import (
    IntArray,
    Mean,
    cut,
    difference,
    mean,
    most_recommended,
    popularity_ranks,
    share_by_group,
    spread_users,
)
from autosample.report.numbers import (
    duration,
    metric_name,
    percent,
    plural,
    score,
    short,
    signed,
    whole,
)
from autosample.report.story import stretches
from autosample.report.tables import Table, metric_table
from autosample.run import RunResult

THIS = "this run"
_MOST_USERS = 20_000  # whose lists are made to see what is recommended
_POPULARITY = "users of an item before the test"


def quality(
    result: RunResult, dataset: Dataset, against: Mapping[str, RunResult]
) -> dict[str, Any]:
    """Metrics on the test split, alone, against others and by groups of users and items.

    Differences are to the runs given, or else to recommending what is popular.
    """
    metric = result.settings.metric
    if result.ranks is None:
        return {"sentences": [words.how_good(result, None, None)], "metrics": None, "own": None}
    compare = {name: other.ranks for name, other in against.items() if other.ranks is not None}
    popular = popularity_ranks(result.seen, dataset.test)
    ranks = {THIS: result.ranks, **compare, words.POPULAR: popular}
    others = compare or {words.POPULAR: popular}
    differences = {label: difference(result.ranks, one, metric) for label, one in others.items()}
    own, base = (mean(per_user(one, metric)) for one in (result.ranks, popular))
    told = [words.how_good(result, own, base), words.against(differences, metric)]
    return {
        "sentences": [sentence for sentence in told if sentence],
        "own": own,
        "metrics": metric_table(result.settings, ranks),
        "curves": curve_figures(ranks),
        "differences": difference_figure(differences, metric),
        "sides": [
            (
                short(label),
                f"{signed(d.mean.value)} ({signed(d.mean.low)} to {signed(d.mean.high)})",
                percent(d.better),
                percent(d.worse),
            )
            for label, d in differences.items()
        ],
        "groups": _groups(result, result.ranks, dataset),
    }


def _groups(result: RunResult, ranks: Ranks, dataset: Dataset) -> list[Figure]:
    """Results by activity of users and by popularity of items."""
    metric, k = result.settings.metric, _cutoff(result)
    activity, popularity = result.seen.user_counts[ranks.users], result.seen.item_counts
    by_user = cut(activity, lowest=int(activity.min()))
    by_item = cut(popularity[result.seen.items], lowest=int(popularity.min()))
    found = (ranks.ranks <= k).astype(np.float64)
    return [
        group_figure(
            f"{metric_name(metric)} by activity of users",
            "About a fifth of the test users per bar, by how many items they have; with 95% "
            "intervals.",
            "items of a user before the test",
            by_user.labels,
            by_user.means(activity, per_user(ranks, metric)),
        ),
        group_figure(
            "Test items found, by popularity of items",
            f"Share of the test interactions whose item is in the first {k} places. Each bar's "
            "items hold about a fifth of the earlier interactions.",
            _POPULARITY,
            by_item.labels,
            by_item.means(popularity[dataset.test.items], found),
            whiskers=False,
        ),
    ]


def lists(result: RunResult, dataset: Dataset) -> dict[str, Any]:
    """What is recommended: reach, concentration, popularity, and the items most seen."""
    k, seen = _cutoff(result), result.seen
    users = np.flatnonzero(dataset.test.user_counts if len(dataset.test) else seen.user_counts)
    users = spread_users(users, _MOST_USERS)
    given, _ = recommend(result.user_table, result.item_table, seen, users, k)
    held, counts = dataset.test.items.astype(np.int64), seen.item_counts
    groups = cut(counts[seen.items], lowest=int(counts.min()))
    shares = {"recommended": share_by_group(groups, counts, given).tolist()}
    if len(held):
        shares["chosen in the test"] = share_by_group(groups, counts, held).tolist()
    return {
        "lists_of": f"Lists of {plural(k, 'item')} for {plural(len(users), 'user')}.",
        "reach": _reach(given, held, counts),
        "shares": share_figure(
            "Popular or not",
            "Items of each group hold about a fifth of the earlier interactions. Where the first "
            "bar is taller, the model shows more of them than people chose.",
            _POPULARITY,
            groups.labels,
            shares,
        ),
        "most": _most(given, dataset, counts),
    }


def _reach(given: IntArray, held: IntArray, counts: IntArray) -> Table:
    n_items = len(counts)
    rows = [
        ["Coverage: share of all items that anybody is shown", percent(coverage(given, n_items))],
        [
            "Gini coefficient: 0 when all items are shown equally often, 1 when one item is all",
            f"{gini(given, n_items):.3f}",
        ],
        [
            "Popularity of shown items against that of earlier interactions",
            _change(popularity_lift(given, counts)),
        ],
    ]
    if len(held):
        words_ = "The same for items chosen in the test"
        rows.append([words_, _change(popularity_lift(held, counts))])
    return Table(["", ""], rows)


def _change(share: float) -> str:
    return f"+{percent(share)}" if share > 0 else percent(share)


def _most(given: IntArray, dataset: Dataset, counts: IntArray) -> Table:
    top = most_recommended(given, len(counts), 10)
    names = dataset.items.ids([item for item, _ in top])
    rows = [
        [short(name), percent(times / len(given)), whole(int(counts[item]))]
        for name, (item, times) in zip(names, top, strict=True)
    ]
    return Table(["Item", "In lists", "Users before the test"], rows)


def _cutoff(result: RunResult) -> int:
    """Length of the lists: the deciding metric's, or 20; never more than there are items."""
    return min(parse_metric(result.settings.metric)[1] or 20, result.seen.n_items)


def tiles(result: RunResult, own: Mean | None) -> list[tuple[str, str, str]]:
    """(value, what it is, a word more) of the main numbers."""
    name = metric_name(result.settings.metric)
    best = (score(result.valid_metric), f"{name} on validation users", "samplers were chosen by it")
    if own is not None:
        best = (score(own.value), f"{name} on test users", "ranked once, at the end")
    parts = stretches(result.schedule)
    samplers = {label for part in parts for label in part.labels}
    kept = plural(sum(count for _, count in result.schedule), "epoch")
    return [
        best,
        (plural(len(samplers), "sampler"), f"in {kept}", "of the final model"),
        (f"{result.trainings:.1f}×", "the work of one training", "search and final training"),
        (duration(result.seconds), "in all", "training and ranking"),
    ]


def python(result: RunResult, dataset: Dataset) -> str:
    """Code that repeats the run on the same dataset."""
    changed = result.settings.model_dump(exclude_defaults=True)
    given = ", ".join(f"{name}={value!r}" for name, value in changed.items())
    return (
        "from autosample.run import run\n"
        "from autosample.settings import Settings\n\n"
        f"# a dataset whose fingerprint() begins with {dataset.fingerprint()[:16]}\n"
        f"result = run(dataset, Settings.of({given}))\n"
    )
