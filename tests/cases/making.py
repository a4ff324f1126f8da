"""Real files with one thing wrong each, and what the command line says about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from autosample.data import Dataset
from autosample.errors import AutosampleError
from autosample.store import RunFolder

FLAGS = [
    "--dim=4", "--epochs=2", "--window=1", "--batch-size=64", "--lr=0.05", "--candidate=uniform",
    "--candidate=dns:pool=4", "--threads=1", "--out=run",
]  # fmt: skip
CODE = re.compile(r"\bAS\d{3}\b")


class Told(NamedTuple):
    """What a person gets to see."""

    exit: int
    codes: list[str]
    text: str  # standard error
    folder: Path

    def dataset(self) -> Dataset:
        """The data of the run that was made."""
        return RunFolder.open(self.folder).dataset()


def table(
    *extra: str,
    head: str = "user_id,item_id",
    row: Callable[[int, int], str] = lambda user, item: f"u{user},i{item}",
    users: int = 30,
) -> str:
    """Six items for each user, of 23, then the extra lines."""
    rows = [row(user, (user * 3 + n * 5) % 23) for user in range(users) for n in range(6)]
    return "\n".join([head, *rows, *extra]) + "\n"


def timed(time: Callable[[int, int], object]) -> str:
    """The table with a column ``at``."""
    return table(
        head="user_id,item_id,at", row=lambda user, item: f"u{user},i{item},{time(user, item)}"
    )


def rated(rating: Callable[[int, int], object]) -> str:
    """The table with a column ``stars``."""
    return table(
        head="user_id,item_id,stars", row=lambda user, item: f"u{user},i{item},{rating(user, item)}"
    )


def code_of(call: Callable[..., object], *arguments: object, **keywords: object) -> str:
    """The code of the error that a call raises; the error has a cause and a fix."""
    with pytest.raises(AutosampleError) as caught:
        call(*arguments, **keywords)
    assert caught.value.problem
    assert caught.value.fix
    return caught.value.code
