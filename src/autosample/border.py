"""Arguments of public calls, looked at once where they come in."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from types import UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from autosample.errors import SettingsError, did_you_mean

_P = ParamSpec("_P")
_R = TypeVar("_R")


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a function refuse keywords that it does not have, and types that it does not say.

    Looked at is what an annotation says by classes, or None. What a sequence holds, numbers out of
    range and words that mean nothing are the function's own matter. Whole numbers are real ones,
    and numbers of numpy are handed on as Python's own.

    Raises:
        SettingsError: When the function is called, AS284 naming the argument.
    """
    parameters = inspect.signature(function).parameters
    name = function.__qualname__.removesuffix(".__init__")
    passes_on = any(one.kind is one.VAR_KEYWORD for one in parameters.values())

    @cache
    def kinds() -> dict[str, tuple[type, ...]]:
        hints = get_type_hints(function)  # when first called: classes name themselves
        return {one: _classes(hints.get(one, Any)) for one in parameters}

    def plain(argument: str, value: Any) -> Any:
        known = kinds().get(argument)
        if not known:
            return value
        value = value.item() if isinstance(value, np.generic) else value
        if isinstance(value, known):
            return value
        wanted, got = " or ".join(kind.__name__ for kind in known), type(value).__name__
        hint = f" What is read is {argument}_file." if f"{argument}_file" in parameters else ""
        raise _refused(name, f"must have {argument} as {wanted}, got {got}", hint)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not passes_on:
            for one in kwargs.keys() - parameters.keys():
                raise _refused(name, f"has no argument {one!r}", did_you_mean(one, parameters))
        args = (*map(plain, parameters, args), *args[len(parameters) :])
        return function(*args, **{one: plain(one, value) for one, value in kwargs.items()})

    return call


def _refused(name: str, problem: str, hint: str = "") -> SettingsError:
    return SettingsError("AS284", f"{name} {problem}.{hint}", f"help({name}) says what it takes.")


def _classes(annotation: Any) -> tuple[type, ...]:
    """The classes of which a value must be one; nothing where that cannot be told."""
    if get_origin(annotation) in (Union, UnionType):
        parts = [_classes(part) for part in get_args(annotation)]
        return tuple(kind for part in parts for kind in part) if all(parts) else ()
    kind = get_origin(annotation) or annotation
    if kind is Any or not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return ()
    return (float, int) if kind is float else (kind,)
