"""Cells: the runs of one dataset and model, compared with the best fixed sampler.

Within a seed, the *best fixed* sampler is the candidate whose training alone reached the best
validation value: what trying all of them one by one would hand to a user. Test scores play no part
in it. The gain of a run is its mean test score relative to that of the seed's best fixed sampler;
over a score of 0 there is none. The gain of several seeds is that of their mean scores, as the ends
of its intervals are.

Two tests go with a gain of several seeds. *Over users*: every user's difference, averaged over the
seeds in which the user is tested, so that a user counts once; it says how far other users could
change the picture. *Over seeds*: the mean differences of the seeds; it says how far other seeds
could. Both are paired t-tests, with Holm's correction over all comparisons of all cells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autosample.bench.jobs import Job
from autosample.bench.runs import Run
from autosample.errors import DataError
from autosample.settings import Settings
from autosample.significance import finite, holm, paired

_OWN = {"strategy", "candidates", "seed"}  # of a run, not of its cell
_NAMED = ("budget", "retrain")  # likewise where its label has them, as in tpe:budget=2


@dataclass(frozen=True)
class Cell:
    """Runs that differ in sampler or strategy and in seed only.

    Attributes:
        dataset: Name of the data.
        model: Name of the model.
        settings: What they have in common.
        runs: By label and seed.
    """

    dataset: str
    model: str
    settings: Mapping[str, Any]
    runs: Mapping[tuple[str, int], Run]

    @property
    def labels(self) -> list[str]:
        """Samplers that trained alone, then strategies."""
        runs = sorted(self.runs.items(), key=lambda item: not item[1].fixed)
        return list(dict.fromkeys(label for (label, _), _ in runs))

    @property
    def seeds(self) -> list[int]:
        """In order."""
        return sorted({seed for _, seed in self.runs})

    def best_fixed(self, seed: int) -> Run | None:
        """The run of the candidate that is best alone, by validation."""
        return max(self._alone(seed), key=lambda run: run.valid, default=None)

    def exhaustive(self, seed: int) -> int:
        """Positives processed in training every candidate alone."""
        return sum(run.positives for run in self._alone(seed))

    def _alone(self, seed: int) -> list[Run]:
        """The candidates' trainings alone."""
        of_seed = (run for (_, own), run in self.runs.items() if own == seed)
        candidates = self.settings["candidates"]
        return [run for run in of_seed if run.fixed and run.label in candidates]


def cells_of(runs: Iterable[Run]) -> list[Cell]:
    """Cells in the order of their first runs.

    Strategies that choose from other candidates are in other cells; a sampler's training alone is
    in every cell whose candidates it is one of, and in all of them where it is nowhere a candidate.
    Other data with the same name is another cell too.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault(place_of(run)[:2], []).append(run)
    found = []
    for group in (part for named in groups.values() for part in _by_data(named)):
        sets = dict.fromkeys(run.settings.candidates for run in group if not run.fixed)
        listed = {label for candidates in sets for label in candidates}
        for candidates in sets or [tuple(dict.fromkeys(run.label for run in group))]:
            own = [
                run
                for run in group
                if (
                    run.label in candidates or run.label not in listed
                    if run.fixed
                    else run.settings.candidates == candidates
                )
            ]
            by_place = {(run.label, run.settings.seed): run for run in own}
            common = {**_common(own[0]), "candidates": list(candidates)}
            found.append(Cell(own[0].dataset, common["model"], common, by_place))
    return found


def _by_data(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs by what their data is: of one seed, equal data has equal fingerprints."""
    found: list[tuple[dict[int, str], list[Run]]] = []
    for run in runs:
        seed, own = run.settings.seed, run.fingerprint
        fitting = [each for each in found if each[0].get(seed, own) == own]
        place = max(fitting, key=lambda each: seed in each[0], default=({}, []))
        if not fitting:
            found.append(place)
        place[0][seed] = own
        place[1].append(run)
    return [group for _, group in found]


def place_of(run: Run | Job) -> tuple[str, str, int]:
    """Data, what a cell's runs have in common, and seed: what a best fixed sampler is of."""
    return run.dataset, json.dumps(_common(run)), run.settings.seed


def _common(run: Run | Job) -> dict[str, Any]:
    named = [name for name in _NAMED if f":{name}=" in run.label]
    settings = run.settings.model_dump(mode="json") | Settings().model_dump(include=set(named))
    return {k: v for k, v in settings.items() if k not in _OWN}


def compare_cells(runs: Iterable[Run]) -> dict[str, Any]:
    """``cells`` with a row per label, and their ``summary``, ready for JSON."""
    cells = [_compared(cell) for cell in cells_of(runs)]
    for kind in ("users", "seeds"):
        tests = [row[kind] for cell in cells for row in cell["rows"] if row.get(kind)]
        corrected = holm([np.nan if t["p"] is None else t["p"] for t in tests])
        for test, p in zip(tests, corrected, strict=True):
            test["p_holm"] = finite(p)
    return {"cells": cells, "summary": summary(cells)}


def _compared(cell: Cell) -> dict[str, Any]:
    scores = {place: run.scores() for place, run in cell.runs.items() if run.test}
    return {
        "dataset": cell.dataset,
        "model": cell.model,
        "metric": cell.settings["metric"],
        "seeds": cell.seeds,
        "best_fixed": {
            seed: best.label for seed in cell.seeds if (best := cell.best_fixed(seed)) is not None
        },
        "settings": cell.settings,
        "rows": [_row(cell, label, scores) for label in cell.labels],
    }


def _row(cell: Cell, label: str, scores: Mapping[tuple[str, int], pl.DataFrame]) -> dict[str, Any]:
    """Means over seeds, and the comparison with the best fixed sampler of each seed."""
    runs = [cell.runs[label, seed] for seed in cell.seeds if (label, seed) in cell.runs]
    metric = cell.settings["metric"]

    def mean(of: Callable[[Run], float]) -> float:
        return float(np.mean([of(run) for run in runs]))

    row: dict[str, Any] = {
        "label": label,
        "fixed": runs[0].fixed,
        "runs": len(runs),
        "valid": mean(lambda run: run.valid),
        "test": mean(lambda run: run.test[metric]) if all(run.test for run in runs) else None,
        "trainings": mean(lambda run: run.trainings),
        "positives": mean(lambda run: run.positives),
        "seconds": mean(lambda run: run.seconds),
    }
    against = [
        (run, best)
        for run in runs
        if (best := cell.best_fixed(run.settings.seed)) is not None
        and run.test
        and best.test.get(metric)
    ]
    if against:
        row |= _against(cell, against, scores)
    return row


def _against(
    cell: Cell,
    pairs: Sequence[tuple[Run, Run]],
    scores: Mapping[tuple[str, int], pl.DataFrame],
) -> dict[str, Any]:
    """Gain over, and tests against, other runs of the same seeds."""
    metric = cell.settings["metric"]
    gains = [run.test[metric] / best.test[metric] - 1 for run, best in pairs]
    base = float(np.mean([best.test[metric] for _, best in pairs]))
    told: dict[str, Any] = {
        "gain": float(np.mean([run.test[metric] for run, _ in pairs])) / base - 1,
        "gains": {run.settings.seed: gain for (run, _), gain in zip(pairs, gains, strict=True)},
        "share_of_exhaustive": float(
            np.mean([run.positives / cell.exhaustive(run.settings.seed) for run, _ in pairs])
        ),
    }
    if all(run.key == best.key for run, best in pairs):
        return told  # nothing is compared with itself
    by_seed = {
        run.settings.seed: difference(
            scores[run.label, run.settings.seed], scores[best.label, best.settings.seed]
        )
        for run, best in pairs
    }
    tests = {
        "users": by_user(by_seed.values()),
        "seeds": np.array([each["difference"].mean() for each in by_seed.values()]),
    }
    for name, differences in tests.items():
        found = paired(np.asarray(differences, np.float64))
        relative = {f"gain_{end}": finite(getattr(found, end) / base) for end in ("low", "high")}
        told[name] = {**found.as_dict(), **relative}
    told["p_by_seed"] = {
        seed: finite(paired(each["difference"].to_numpy()).p) for seed, each in by_seed.items()
    }
    return told


def difference(run: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Columns ``user`` and ``difference`` of two runs on the same test users.

    Raises:
        DataError: AS145 when they are not the same.
    """
    both = run.join(other, on="user", how="inner", validate="1:1", suffix="_other")
    if not len(run) == len(other) == len(both):
        raise DataError(
            "AS145",
            f"Runs are compared on the same test users, got {len(run)} and {len(other)}, "
            f"{len(both)} of them in both.",
            "Plan the bench anew where data has changed.",
        )
    return both.select("user", difference=pl.col("score") - pl.col("score_other"))


def by_user(seeds: Iterable[pl.DataFrame]) -> pl.Series:
    """Every user's difference, averaged over the seeds in which the user is tested."""
    joined = pl.concat(seeds).group_by("user", maintain_order=True)
    return joined.agg(pl.col("difference").mean())["difference"]


def summary(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For every strategy: means over the cells, each counting once, with the gain's interval."""
    labels = dict.fromkeys(
        row["label"] for cell in cells for row in cell["rows"] if not row["fixed"] and "gain" in row
    )
    found = []
    for label in labels:
        rows = [r for c in cells for r in c["rows"] if r["label"] == label and "gain" in r]
        gains = paired(np.array([row["gain"] for row in rows]))
        found.append(
            {
                "label": label,
                "cells": len(rows),
                "gain": gains.mean,
                "gain_low": finite(gains.low),
                "gain_high": finite(gains.high),
                "p": finite(gains.p),
                "worst": min(row["gain"] for row in rows),
                "best": max(row["gain"] for row in rows),
                "below_minus_1_percent": sum(row["gain"] < -0.01 for row in rows),
                "significantly_better": _significant(rows, better=True),
                "significantly_worse": _significant(rows, better=False),
                "trainings": float(np.mean([row["trainings"] for row in rows])),
                "seconds": float(np.mean([row["seconds"] for row in rows])),
                "share_of_exhaustive": float(np.mean([r["share_of_exhaustive"] for r in rows])),
            }
        )
    return found


def _significant(rows: Sequence[Mapping[str, Any]], *, better: bool) -> int:
    """Cells with a corrected p-value over users below 5 % on one side."""
    tests = [row["users"] for row in rows if row.get("users")]
    return sum(
        test["p_holm"] is not None and test["p_holm"] < 0.05 and (test["mean"] > 0) == better
        for test in tests
    )
