"""Markdown made from the code: a page says ``<!-- generated: commands -->`` where it goes."""

import inspect
import re
from importlib import import_module

import typer
from typer.cli import get_docs_for_click

import autosample
import autosample.cli
import autosample.integrations
import autosample.testing
import autosample.types
from autosample.models import MODELS
from autosample.samplers import SAMPLERS
from autosample.settings import Settings


def fill(page: str) -> str:
    """The page with every mark replaced by what it names."""
    return re.sub(r"<!-- generated: (\w+) -->", lambda mark: GENERATORS[mark[1]](), page)


def commands() -> str:
    """Every command with its arguments and options, from the command line itself."""
    command = typer.main.get_command(autosample.cli.app)
    context = typer.Context(command, info_name="autosample")
    text = get_docs_for_click(obj=command, ctx=context, name="autosample")
    return text[text.index("\n## ") :]


def samplers() -> str:
    """A table of all samplers, then each with its docstring."""
    lines = [
        "| sampler | kind | cost per positive | needs | made harder by |",
        "|---|---|---|---|---|",
    ]
    for name, one in SAMPLERS.items():
        needs = ", ".join(sorted(one.needs)) or "nothing"
        cells = (f"[`{name}`](#sampler-{name})", one.kind, one.cost, needs, one.hardness or "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_sections("sampler", SAMPLERS)])


def models() -> str:
    """Each model with its docstring."""
    return "\n".join(_sections("model", MODELS))


def settings() -> str:
    """A table of all settings."""
    said = _arguments(autosample.AutoSample)
    lines = ["| setting | default | values | what |", "|---|---|---|---|"]
    schema = Settings.model_json_schema()["properties"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ", ".join(default) if isinstance(default, tuple) else str(default)
        lines.append(f"| `{name}` | {shown} | {_values(schema[name])} | {said[name]} |")
    return "\n".join(lines)


def api() -> str:
    """Public names of the package, of the integrations, of the contracts and of the types."""
    groups = {
        "autosample": [name for name in autosample.__all__ if not name.startswith("_")],
        "autosample.integrations": autosample.integrations.__all__,
        "autosample.testing": ["check_model", "check_sampler"],
        "autosample.types": ["Batch", "Negatives", "View"],
    }
    done, parts = set(), []
    for module, names in groups.items():
        parts.append(f"\n## {module}\n")
        for name in names:
            thing = getattr(import_module(module), name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                parts += [] if thing in done else [_auto(thing, members=True)]
                done.add(thing)
    return "\n".join(parts)


GENERATORS = {one.__name__: one for one in (commands, samplers, models, settings, api)}


def _sections(kind: str, classes: dict[str, type]) -> list[str]:
    """A section for each class, to be linked as ``kind-name``."""
    return [f"\n({kind}-{name})=\n## `{name}`\n\n{_auto(one)}" for name, one in classes.items()]


def _auto(thing: object, *, members: bool = False) -> str:
    """Sphinx's own directive for a class or function, where it is defined."""
    kind = "class" if inspect.isclass(thing) else "function"
    lines = [f".. auto{kind}:: {thing.__module__}.{thing.__name__}"]
    lines += ["   :members:"] if members and kind == "class" else []
    return "\n".join(["```{eval-rst}", *lines, "```", ""])


def _arguments(thing: type) -> dict[str, str]:
    """Descriptions in the Args section of a docstring, by name."""
    section = inspect.getdoc(thing).partition("Args:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _values(schema: dict) -> str:
    """Allowed values in words, from the JSON schema of a setting."""
    one = schema.get("anyOf", [schema])[0]
    if "enum" in one:
        return ", ".join(one["enum"])
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {one[key]}" for key, sign in signs.items() if key in one]
    return " and ".join([one["type"], *bounds])


def plain(lines: list[str]) -> None:
    """Let the bars of |x| in docstrings be bars; in reStructuredText they name substitutions."""
    lines[:] = [re.sub(r"(``.*?``)|\|", lambda m: m[1] or r"\|", line) for line in lines]
