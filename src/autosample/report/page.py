"""One self-contained HTML file per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from autosample.border import checked
from autosample.data import Dataset
from autosample.errors import StoreError
from autosample.report import figures, sections, tables, words
from autosample.report.learning import learning_figures, price_figures
from autosample.report.numbers import metric_name
from autosample.report.parties import THIS, Party, gather, named
from autosample.report.story import choices, samplers_of
from autosample.run import RunResult


@checked
def write_report(
    result: RunResult,
    dataset: Dataset,
    path: str | Path,
    *,
    title: str = "Search for a negative sampler",
    name: str = THIS,
    environment: Mapping[str, object] | None = None,
    against: Mapping[str, RunResult] | None = None,
    command: str | None = None,
) -> Path:
    """Write what a run found as one HTML file: no scripts, nothing fetched, far under 5 MB.

    Equal arguments give equal bytes. Ids of items are shown, those of users are not.

    Args:
        result: The run.
        dataset: What it ran on.
        path: Where to write; an existing file is replaced.
        title: Heading of the page.
        name: What the run is called beside the others.
        environment: Versions and the like, shown as given.
        against: Other runs on the same test split by a label, for paired differences. Those that
            differ in their seed alone are taken together.
        command: What to type to repeat the run; a piece of Python is always given.

    Raises:
        DataError: AS145 when ``against`` is not of the same test split.
        StoreError: AS550 when the file cannot be written.

    Cost: two full rankings, of the test users by popularity and of at most 20,000 for their lists.
    """
    content = _content(
        result, dataset, title, environment or {}, gather(result, against or {}, name), command
    )
    _write(Path(path), templates("report").get_template("page.html.j2").render(content))
    return Path(path)


def _write(path: Path, html: str) -> None:
    try:
        path.write_text(html, encoding="utf-8", errors="replace", newline="\n")
    except OSError as cause:
        raise StoreError(
            "AS550",
            f"The report cannot be written to {str(path)!r}: {cause.strerror}.",
            "Choose a file in a folder that exists and may be written.",
        ) from cause


def templates(*packages: str) -> Environment:
    """The templates of some of our packages, the first's before the second's."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(f"autosample.{name}", ".") for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _how(strategy: str) -> str:
    return "one sampler" if strategy == "fixed" else f"{strategy} search"


def _seeds(party: Party) -> str:
    seeds = sorted({run.settings.seed for run in party.runs})
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _content(
    result: RunResult,
    dataset: Dataset,
    title: str,
    environment: Mapping[str, object],
    parties: Sequence[Party],
    command: str | None,
) -> dict[str, Any]:
    """Everything that the template shows."""
    settings = result.settings
    quality = sections.quality(result, dataset, parties)
    found, own, changes = quality.pop("found"), quality.pop("own"), quality.pop("changes", {})
    return {
        "title": title,
        "about": [settings.model.upper(), _how(settings.strategy), _seeds(parties[0])],
        "found": [words.winner(result, named(parties, changes)), found, words.cost(parties)],
        "tiles": sections.tiles(parties, own, changes),
        "alone": not parties[1:],
        "metric": metric_name(settings.metric),
        "who": words.who(result),
        "schedule": figures.schedule_figure(result),
        "glossary": words.glossary(samplers_of(result.history)),
        "replayed": settings.retrain == "replay",
        **quality,
        "learning": learning_figures(parties),
        **sections.lists(result, dataset),
        "price": price_figures(parties),
        "efforts": tables.effort_table(result),
        "costs": tables.cost_table(result),
        "data": tables.data_table(dataset),
        "notes": tables.note_table(dataset),
        "choices": [(choice, tables.evidence_words(choice)) for choice in choices(result.history)],
        "settings": tables.settings_table(settings),
        "environment": tables.environment_table(environment),
        "command": command,
        "python": sections.python(result, dataset),
    }
