"""What requests may say and what answers say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_K, MOST_USERS, MOST_ITEMS, MOST_CELLS = 1000, 1000, 1000, 50_000

Id = Annotated[str, Field(max_length=10_000)]
K = Annotated[int, Field(ge=1, le=MOST_K, description="Items per list, at most.")]
Users = Annotated[list[Id], Field(min_length=1, max_length=MOST_USERS)]
Exclude = Annotated[
    list[Id], Field(max_length=MOST_ITEMS, description="Items that are not to come.")
]


class Wanted(BaseModel):
    """Lists for users by their ids."""

    model_config = ConfigDict(extra="forbid")
    users: Users
    k: K = 10
    exclude: Exclude = []


class NewUser(BaseModel):
    """A list for somebody of whom only items are known."""

    model_config = ConfigDict(extra="forbid")
    items: Annotated[list[Id], Field(min_length=1, max_length=MOST_ITEMS)]
    k: K = 10
    exclude: Exclude = []


class Scored(BaseModel):
    """An item with its score; none where it comes for being popular."""

    item: str
    score: float | None


class UserList(BaseModel):
    """A user's list, best first; ``cold`` when nothing is known of the user."""

    user: str
    cold: bool
    items: list[Scored]


class Recommendations(BaseModel):
    """Lists in the order that users were asked for; ``revision`` names the model.

    ``unknown_exclude`` are those of the items to leave out that the model does not know.
    """

    revision: str
    recommendations: list[UserList]
    unknown_exclude: list[str]


class NewUserList(BaseModel):
    """A new user's list; ``unknown`` are those of the given items that the model does not know.

    ``unknown_exclude`` are likewise those of the items to leave out.
    """

    revision: str
    cold: bool
    unknown: list[str]
    unknown_exclude: list[str]
    items: list[Scored]


class Similar(BaseModel):
    """Items with the highest cosine to an item."""

    revision: str
    item: str
    items: list[Scored]


class Health(BaseModel):
    """What answers, and why its replacement failed if it did."""

    revision: str
    users: int
    items: int
    problem: str


class Reloaded(BaseModel):
    """Whether another model was taken."""

    revision: str
    changed: bool
    problem: str


class Fault(BaseModel):
    """What went wrong: `autosample explain CODE` says more."""

    code: str
    problem: str
    fix: str
    examples: list[str]


class Problem(BaseModel):
    """An answer with a status of 400 or above."""

    error: Fault
