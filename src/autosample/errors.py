"""What can go wrong, said so that a person can act on it.

Every error has a stable code, states what must hold and what was given, and says what to do. The
command line prints the message alone; a traceback is for programming errors only.
"""

from __future__ import annotations

import copyreg
import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

#: What libraries say that have no class for a lack of memory.
_NO_MEMORY = ("can't allocate memory", "out of memory", "unable to allocate")


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
        self.examples = [shortened(repr(example)) for example in list(examples)[:5]]
        shown = f" For example: {', '.join(self.examples)}." if self.examples else ""
        super().__init__(f"{code}: {problem}{shown} {fix}".rstrip())

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is made of the message: other processes pass on errors of theirs by pickling."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

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


@contextmanager
def named(
    kind: type[AutosampleError], code: str, who: Callable[[], str], task: str, fix: str
) -> Iterator[None]:
    """Refuse what somebody else's code raises at a task by its name.

    Args:
        kind: Of the error.
        code: Its code.
        who: Tells whose code it is; asked when it raised.
        task: What it must do.
        fix: What to do about it.

    Raises:
        AutosampleError: The error; one of this package and a lack of memory pass as they are.
    """
    try:
        yield
    except Exception as cause:
        if isinstance(cause, AutosampleError) or lacks_memory(cause):
            raise
        told = f"{who()} must {task} and raised {type(cause).__name__}: {cause}."
        raise kind(code, told, fix) from cause


def lacks_memory(error: BaseException) -> bool:
    """Whether it says that the system gave no more memory; torch has no class for it on a CPU."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY)


def did_you_mean(word: str, known: Iterable[str], ask: str = " Did you mean") -> str:
    """A question with the nearest of the known words, empty where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"{ask} {near[0]!r}?" if near else ""


def shortened(text: str, limit: int = 60) -> str:
    """At most ``limit`` characters of a text."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
