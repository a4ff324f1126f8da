import asyncio

import pytest

from autosample.serve import faults
from autosample.serve.app import MOST_BYTES
from tests.serve.making import Client, client, fault

APP = client()


async def parts(*sizes, pause=0.0):
    for size in sizes:
        await asyncio.sleep(pause)
        yield b"x" * size


def test_large_bodies_are_refused_before_they_are_read() -> None:
    response = APP.ask("POST", "/recommend", content=b"x" * (MOST_BYTES + 1))
    assert (response.status_code, fault(response)) == (413, "AS291")

    async def endless():
        for _ in range(10**6):
            yield b"x" * 2**16
            assert read.append(1) or len(read) < 100

    read = []
    response = APP.ask("POST", "/recommend", content=endless())  # without a length
    assert (response.status_code, fault(response)) == (413, "AS291")
    assert 15 < len(read) < 20


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5000])
def test_lengths_that_lie_are_refused(length) -> None:
    response = APP.ask("POST", "/recommend", content=b"{}", headers={"content-length": length})
    assert (response.status_code, fault(response)) == (413, "AS291")


def test_slow_bodies_are_given_up(monkeypatch) -> None:
    monkeypatch.setattr(faults, "_SECONDS", 0.05)
    response = APP.ask("POST", "/recommend", content=parts(1, 1, 1, pause=0.04))
    assert (response.status_code, fault(response)) == (413, "AS291")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("[::1]:9", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
        ("[", 403),
    ],
)
def test_only_names_of_this_machine_are_answered(host, status) -> None:
    response = APP.ask("GET", "/health", headers={"host": host})
    assert response.status_code == status
    assert status == 200 or fault(response) == "AS293"
    anywhere = client(hosts=None)
    assert anywhere.ask("GET", "/health", headers={"host": "shop.example"}).status_code == 200


def test_reload_is_asked_from_this_machine() -> None:
    from autosample.serve.app import make_app  # noqa: PLC0415
    from autosample.serve.model import Holder  # noqa: PLC0415
    from tests.serve.making import finished  # noqa: PLC0415

    app = make_app(Holder(finished()))
    response = Client(app, host="10.0.0.7").post("/reload")
    assert (response.status_code, fault(response)) == (403, "AS293")
    assert Client(app).post("/reload").json()["changed"] is False
