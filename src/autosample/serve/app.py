"""Recommendations over HTTP: JSON in, JSON out, nothing that reaches the file system."""

from __future__ import annotations

from collections.abc import Container, Sequence
from importlib.metadata import version
from typing import Annotated, Any, Literal

import numpy as np
import torch
from fastapi import Depends, FastAPI, Query, Request

from autosample.data import Interactions
from autosample.errors import DataError, SettingsError, did_you_mean
from autosample.evaluate import IntArray
from autosample.serve import schemas
from autosample.serve.batch import Batcher, Job
from autosample.serve.faults import LOOPBACK, Gate, install
from autosample.serve.model import Holder, Model
from autosample.serve.schemas import Exclude, Id, K, Users

Policy = Literal["popular", "error"]
MOST_BYTES = 2**20
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.Problem} for status in (400, 403, 404, 413, 422, 503)
}


def make_app(
    holder: Holder, *, unknown: Policy = "popular", hosts: Container[str] | None = LOOPBACK
) -> FastAPI:
    """The application.

    Args:
        holder: Whose model answers.
        unknown: What users get of whom nothing is known: the items with the most interactions,
            flagged ``cold``, or an error with status 404.
        hosts: Names under which it is asked; None: any.
    """
    app = FastAPI(
        title="autosample",
        version=version("autosample"),
        description="Recommendations of one model.",
        responses=_PROBLEMS,
        docs_url=None,  # those pages fetch scripts from elsewhere
        redoc_url=None,
        dependencies=[Depends(_refuse_unknown_names)],
    )
    install(app)
    app.add_middleware(Gate, most=MOST_BYTES, hosts=hosts)
    answers = Answers(holder, unknown)

    @app.get("/recommend")
    async def recommend(
        user: Annotated[Users, Query(description="A user's id; repeatable.")],
        k: Annotated[K, Query()] = 10,
        exclude: Annotated[Exclude, Query()] = [],  # noqa: B006  pydantic copies it
    ) -> schemas.Recommendations:
        """The best items that users have not seen."""
        return await answers.recommend(user, k, exclude)

    @app.post("/recommend")
    async def recommend_many(wanted: schemas.Wanted) -> schemas.Recommendations:
        """The same, for longer lists of users."""
        return await answers.recommend(wanted.users, wanted.k, wanted.exclude)

    @app.post("/fold-in")
    async def fold_in(new: schemas.NewUser) -> schemas.NewUserList:
        """The best items for a user who was not there in training, from the user's items."""
        return await answers.fold_in(new.items, new.k, new.exclude)

    @app.get("/similar")
    async def similar(item: Id, k: Annotated[K, Query()] = 10) -> schemas.Similar:
        """Items that the model places near an item."""
        return await answers.similar(item, k)

    @app.get("/health")
    async def health() -> schemas.Health:
        """What answers."""
        model = holder.model
        sizes = {"users": len(model.users), "items": len(model.items)}
        return schemas.Health(revision=model.revision, problem=holder.problem, **sizes)

    @app.post("/reload")
    def reload(request: Request) -> schemas.Reloaded:
        """Take the run's present result; asked from this machine only."""
        if request.client is None or request.client.host not in LOOPBACK:
            raise SettingsError("AS293", "Reload is asked from this machine.", "Ask 127.0.0.1.")
        changed = holder.refresh()
        revision, problem = holder.model.revision, holder.problem
        return schemas.Reloaded(revision=revision, changed=changed, problem=problem)

    return app


class Answers:
    """Answers in terms of ids; each is computed from one model."""

    def __init__(self, holder: Holder, unknown: Policy) -> None:
        self._holder, self._unknown = holder, unknown
        self._batcher = Batcher()

    async def recommend(
        self, users: Sequence[str], k: int, exclude: Sequence[str]
    ) -> schemas.Recommendations:
        """Lists for users."""
        if len(users) * k > schemas.MOST_CELLS:
            limit = f"Users times k must be at most {schemas.MOST_CELLS}, got {len(users) * k}."
            raise SettingsError("AS290", limit, "Ask in parts.")
        model = self._holder.model
        numbers = np.array([model.users.get(user, -1) for user in users])
        known = numbers[numbers >= 0]
        if len(known) < len(users):
            self._refuse_unknown(users, numbers)
        unwanted = _numbers(model, exclude)
        seen, table = model.lists.seen, model.lists.user_table
        job = Job(
            model.lists.item_table,
            lambda: table[torch.from_numpy(known)],
            [np.concatenate([seen.of(number), unwanted]) for number in known],
            model.lists.length(k),
        )
        found = iter(await self._lists(model, job))
        popular = _popular(model, k, unwanted) if len(known) < len(users) else []

        def cold(user: str) -> list[schemas.Scored]:
            if user not in model.others:
                return popular
            return _popular(model, k, np.concatenate([seen.of(model.others[user]), unwanted]))

        lists = [
            schemas.UserList(
                user=user, cold=number < 0, items=cold(user) if number < 0 else next(found)
            )
            for user, number in zip(users, numbers, strict=True)
        ]
        return schemas.Recommendations(
            revision=model.revision,
            recommendations=lists,
            unknown_exclude=_unknown(model, exclude),
        )

    async def fold_in(
        self, items: Sequence[str], k: int, exclude: Sequence[str]
    ) -> schemas.NewUserList:
        """A list for somebody who has some items."""
        model = self._holder.model
        numbers = _numbers(model, [item for item in items if model.trained(item)])
        left_out = _numbers(model, [*items, *exclude])
        unknown = [item for item in items if not model.trained(item)]
        cold = not len(numbers)
        if cold and self._unknown == "error":
            raise DataError("AS134", "No item is known.", "Give others.", unknown)
        own = Interactions.from_pairs(np.zeros_like(numbers), numbers, 1, len(model.names))
        job = Job(
            model.lists.item_table,
            lambda: model.lists.fold_in.rows(own),
            [left_out],
            model.lists.length(k),
        )
        found = _popular(model, k, left_out) if cold else (await self._lists(model, job))[0]
        return schemas.NewUserList(
            revision=model.revision,
            cold=cold,
            unknown=unknown,
            unknown_exclude=_unknown(model, exclude),
            items=found,
        )

    async def similar(self, item: str, k: int) -> schemas.Similar:
        """Items near an item."""
        model = self._holder.model
        if not model.trained(item):
            raise DataError("AS134", "The item must have been trained on.", "Ask another.", [item])
        number = np.array([model.items[item]])
        table = model.lists.directions
        job = Job(table, lambda: table[torch.from_numpy(number)], [number], model.lists.length(k))
        found = (await self._lists(model, job))[0]
        return schemas.Similar(revision=model.revision, item=item, items=found)

    async def _lists(self, model: Model, job: Job) -> list[list[schemas.Scored]]:
        """Ids and scores of a job's lists."""
        if not job.left_out:
            return []
        items, scores = await self._batcher.answer(job)
        return [
            [
                schemas.Scored(item=model.names[item], score=value)
                for item, value in zip(row, values, strict=True)
                if item >= 0
            ]
            for row, values in zip(items.tolist(), scores.tolist(), strict=True)
        ]

    def _refuse_unknown(self, users: Sequence[str], numbers: IntArray) -> None:
        if self._unknown == "error":
            unknown = [user for user, number in zip(users, numbers, strict=True) if number < 0]
            raise DataError("AS133", "Every user must be known.", "Ask for others.", unknown)


async def _refuse_unknown_names(request: Request) -> None:
    """Refuse parameters that do not exist, such as misspelt ones, as names in a body are."""
    known = [one.alias for one in request.scope["route"].dependant.query_params]
    for name in request.query_params.keys() - known:
        told = f"There is no parameter {name!r} here.{did_you_mean(name, known)}"
        raise SettingsError("AS290", told, "See /openapi.json.")


def _numbers(model: Model, items: Sequence[str]) -> IntArray:
    """Numbers of the items that the model has."""
    return np.array([model.items[item] for item in items if item in model.items], np.int64)


def _unknown(model: Model, items: Sequence[str]) -> list[str]:
    """The items that the model does not have, each once."""
    return list(dict.fromkeys(item for item in items if item not in model.items))


def _popular(model: Model, k: int, unwanted: IntArray) -> list[schemas.Scored]:
    """The items with the most interactions."""
    best = model.lists.popular_beside(unwanted, k)
    return [schemas.Scored(item=model.names[item], score=None) for item in best]
