"""A served run, made once, and ways to ask it."""

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest

pytest.importorskip("fastapi")

from autosample.serve.app import make_app
from autosample.serve.model import Holder
from autosample.store import RunFolder
from tests.tiny import quick, tiny_dataset


@cache
def finished(seed: int = 0) -> Path:
    """A run of the tiny dataset."""
    path = Path(mkdtemp(prefix="autosample-served-")) / "run"
    RunFolder.create(path, tiny_dataset(), quick(seed=seed)).run()
    return path


def replace_run(path: Path, other: Path) -> None:
    """Put another run in the place of one, file after file as a copy does, the manifest last."""
    for file in sorted(other.iterdir(), key=lambda one: one.name == "manifest.json"):
        shutil.copy(file, path / file.name)


JSON = {"content-type": "application/json"}


class Client:
    """Asks an application in this process, many requests at a time if wanted."""

    def __init__(self, app, host="127.0.0.1", raises=True):
        transport = httpx.ASGITransport(app, raise_app_exceptions=raises, client=(host, 1))
        self.open = lambda: httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def all(self, *requests):
        import asyncio  # noqa: PLC0415

        async with self.open() as client:
            return await asyncio.gather(*(client.request(*r[:2], **r[2]) for r in requests))

    def ask(self, method, path, **options):
        import asyncio  # noqa: PLC0415

        return asyncio.run(self.all((method, path, options)))[0]

    def get(self, path, **params):
        return self.ask("GET", path, params=params)

    def post(self, path, body=None):
        """JSON in ASCII, which can say what UTF-8 cannot."""
        content = None if body is None else json.dumps(body)
        return self.ask("POST", path, content=content, headers=JSON)


def client(path=None, **options) -> Client:
    return Client(make_app(Holder(path or finished()), **options))


def items(answer) -> list[str]:
    return [scored["item"] for scored in answer["items"]]


def fault(response) -> str:
    """The code of an answer that is an error, which is JSON as it should be."""
    error = json.loads(response.content)["error"]
    assert error.keys() == {"code", "problem", "fix", "examples"}
    return error["code"]
