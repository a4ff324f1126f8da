"""Parts of the page that need the tables of the model or the ranks of the test items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autosample.beyond import coverage, gini, popularity_lift
from autosample.data import Dataset
from autosample.errors import shortened
from autosample.evaluate import recommend
from autosample.metrics import Ranks, parse_metric, per_user
from autosample.report import words
from autosample.report.figures import (
    Figure,
    curve_figures,
    difference_figure,
    group_figure,
    reached_figure,
    share_figure,
)
from autosample.report.measure import (
    Difference,
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
    MISSING,
    change,
    duration,
    metric_name,
    percent,
    plural,
    score,
    whole,
)
from autosample.report.parties import Party, differences, named
from autosample.report.story import kept_epochs
from autosample.report.tables import Table, comparison_table, metric_table
from autosample.run import RunResult

_MOST_USERS = 20_000  # whose lists are made to see what is recommended
_POPULARITY = "users of an item before the test"


def quality(result: RunResult, dataset: Dataset, parties: Sequence[Party]) -> dict[str, Any]:
    """Metrics on the test split, alone, against others and by groups of users and items.

    Differences are to the other parties, or else to recommending what is popular.
    """
    metric = result.settings.metric
    if result.ranks is None:
        return {"found": words.quality(result, None, {}), "own": None, "metrics": None}
    popular = popularity_ranks(result.seen.without(dataset.test), dataset.test)
    ranks = {party.label: party.ranks for party in parties} | {words.POPULAR: [popular]}
    changes = dict(zip((p.label for p in parties[1:]), differences(parties, metric), strict=True))
    if not changes:
        changes = {words.POPULAR: difference(result.ranks, popular, metric)}
    own = mean(parties[0].per_user(metric))
    return {
        "found": words.quality(result, own, named(parties, changes), len(parties[0].runs)),
        "own": own,
        "changes": changes,
        "metrics": metric_table(result.settings, ranks),
        "curves": curve_figures(ranks),
        "reached": _reached(parties, metric),
        "differences": difference_figure(changes, metric, parties[0].label),
        "comparison": comparison_table(parties, changes, metric) if parties[1:] else None,
        "groups": _groups(result, result.ranks, dataset),
    }


def _reached(parties: Sequence[Party], metric: str) -> Figure | None:
    """What everybody reached, where there is somebody else."""
    if not parties[1:]:
        return None
    return reached_figure({p.label: mean(p.per_user(metric)) for p in parties}, metric)


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
            change(popularity_lift(given, counts)),
        ],
    ]
    if len(held):
        words_ = "The same for items chosen in the test"
        rows.append([words_, change(popularity_lift(held, counts))])
    return Table(["", ""], rows)


def _most(given: IntArray, dataset: Dataset, counts: IntArray) -> Table:
    top = most_recommended(given, len(counts), 10)
    names = dataset.items.ids([item for item, _ in top])
    rows = [
        [shortened(name), percent(times / len(given)), whole(int(counts[item]))]
        for name, (item, times) in zip(names, top, strict=True)
    ]
    return Table(["Item", "In lists", "Users before the test"], rows)


def _cutoff(result: RunResult) -> int:
    """Length of the lists: the deciding metric's, or 20; never more than there are items."""
    return min(parse_metric(result.settings.metric)[1] or 20, result.seen.n_items)


def tiles(
    parties: Sequence[Party], own: Mean | None, changes: Mapping[str, Difference]
) -> list[tuple[str, str, str]]:
    """(value, what it is, a word more) of the main numbers."""
    result = parties[0].runs[0]
    name, counts = metric_name(result.settings.metric), kept_epochs(result.schedule)
    most = max(counts, key=lambda label: counts[label], default=MISSING)
    kept = plural(sum(count for _, count in result.schedule), "epoch")
    part = "took part most" if len(counts) > 1 else "trained alone"
    told = [(shortened(most, 24), part, f"{counts.get(most, 0)} of {kept} of the model")]
    if own is None:
        told.append((score(result.valid_metric), f"{name} on validation users", "they decided"))
    else:
        ends = f"95% interval {score(own.low)} to {score(own.high)}"
        told.append((score(own.value), f"{name} on test users", ends))
    for label, one in list(named(parties, changes).items())[:3]:
        told.append((change(one.relative), f"against {shortened(label, 60)}", words.verdict(one)))
    time = f"{duration(parties[0].seconds)} in all"
    return [*told, (f"{parties[0].trainings:.1f}×", "the work of one training", time)]


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
