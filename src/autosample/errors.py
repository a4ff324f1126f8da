"""What can go wrong, said so that a person can act on it.

Every error has a stable code, states what must hold and what was given, and says what to do. The
command line prints the message alone; a traceback is for programming errors only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class AutosampleError(Exception):
    """Base of all errors raised on purpose.

    Args:
        code: Stable identifier, ``AS`` and three digits. AS1xx: data; AS2xx: settings; AS3xx:
            samplers; AS4xx: training; AS5xx: run folders.
        problem: What must hold and what was given, one sentence.
        fix: What to do about it, one sentence.
        examples: A few offending rows, ids or values; at most five are shown.
    """

    exit_code = 1

    def __init__(self, code: str, problem: str, fix: str, examples: Iterable[object] = ()) -> None:
        self.code = code
        self.problem = problem
        self.fix = fix
        self.examples = [_shorten(example) for example in list(examples)[:5]]
        shown = f" For example: {', '.join(self.examples)}." if self.examples else ""
        super().__init__(f"{code}: {problem}{shown} {fix}".rstrip())

    def as_dict(self) -> dict[str, Any]:
        """For programs: what a server and ``--json`` answer."""
        fault = {name: getattr(self, name) for name in ("code", "problem", "fix", "examples")}
        return {"error": fault}


class DataError(AutosampleError):
    """The interactions cannot be used as they are."""

    exit_code = 3


class SettingsError(AutosampleError):
    """A setting is unknown or out of its range."""

    exit_code = 4


class SamplerError(AutosampleError):
    """A sampler broke its contract."""

    exit_code = 5


class TrainingError(AutosampleError):
    """Training cannot go on: numbers that are not finite, or nothing to learn from."""

    exit_code = 6


class StoreError(AutosampleError):
    """A run folder cannot be read or written."""

    exit_code = 7


def did_you_mean(word: str, known: Iterable[str], ask: str = " Did you mean") -> str:
    """A question with the nearest of the known words, empty where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"{ask} {near[0]!r}?" if near else ""


def _shorten(value: object, limit: int = 60) -> str:
    """The printable form of ``value``, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
