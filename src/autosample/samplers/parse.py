"""Samplers from text."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from autosample.errors import SettingsError
from autosample.samplers.base import Sampler


def parse_sampler(spec: str, classes: Mapping[str, type[Sampler]]) -> Sampler:
    """Build the sampler that ``name[:key=value]...`` names.

    Raises:
        SettingsError: AS221 for an unknown name, AS222 for an unknown setting, AS223 for a value
            of the wrong type or given twice.
    """
    name, *parts = (part.strip() for part in spec.split(":"))
    if name not in classes:
        near = difflib.get_close_matches(name.lower(), list(classes), n=1, cutoff=0.0)
        raise SettingsError(
            "AS221",
            f"There is no sampler named {name!r}.",
            f"Did you mean {near[0]}? `autosample samplers` lists all.",
        )
    defaults = _defaults(classes[name])
    settings: dict[str, Any] = {}
    for part in parts:
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if key not in defaults:
            raise SettingsError(
                "AS222",
                f"{name} has no setting {key!r}.",
                f"Its settings are {', '.join(defaults) or 'none'}.",
            )
        if not equals or key in settings:
            problem = "is given twice" if equals else "has no value"
            raise SettingsError("AS223", f"{name}: {key} {problem}.", f"Write {key}=value, once.")
        settings[key] = _value(f"{name}: {key}", text, defaults[key])
    return classes[name](**settings)


def _defaults(sampler: type[Sampler]) -> dict[str, Any]:
    """Settings of a class with their defaults."""
    parameters = inspect.signature(sampler.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.name != "self"}


def _value(what: str, text: str, default: object) -> object:
    """The value that ``text`` writes, of the type of ``default``.

    Raises:
        SettingsError: AS223 when the text is not of that type.
    """
    kind = "text" if default is inspect.Parameter.empty else type(default).__name__
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(default, int | float):
            return type(default)(text)
    except (KeyError, ValueError):
        raise SettingsError(
            "AS223", f"{what} must be of type {kind}, got {text!r}.", f"The default is {default}."
        ) from None
    return text
