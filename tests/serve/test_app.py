"""Answers over HTTP are those of the library, whatever is asked."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from autosample import AutoSample
from autosample.data import Interactions
from autosample.lists import Lists
from autosample.store import RunFolder
from tests.serve.making import JSON, Client, client, fault, finished, items
from tests.tiny import quick, tiny_dataset

APP = client()


@pytest.fixture(scope="module")
def lists() -> Lists:
    return Lists.load(finished())


def test_lists_are_those_of_the_library(lists) -> None:
    expected = AutoSample.load(finished()).recommend(["u3", "u1"], k=4)
    told = APP.post("/recommend", {"users": ["u3", "u1"], "k": 4}).json()
    rows = [
        (one["user"], scored["item"], rank, scored["score"])
        for one in told["recommendations"]
        for rank, scored in enumerate(one["items"], 1)
    ]
    assert rows == expected.rows()
    assert not any(one["cold"] for one in told["recommendations"])
    assert APP.get("/recommend", user=["u3", "u1"], k=4).json() == told


def test_excluded_items_give_way_to_the_next(lists) -> None:
    plain = items(APP.get("/recommend", user="u3", k=6).json()["recommendations"][0])
    body = {"users": ["u3"], "k": 4, "exclude": [plain[0], plain[2], "no such item"]}
    told = APP.post("/recommend", body).json()
    assert items(told["recommendations"][0]) == [plain[1], *plain[3:]]
    assert told["unknown_exclude"] == ["no such item"]
    told = APP.get("/recommend", user="u3", exclude=["b", plain[0], "a", "b"]).json()
    assert told["unknown_exclude"] == ["b", "a"]


def test_unknown_users_get_what_is_popular_and_are_flagged(lists) -> None:
    popular = lists.items.ids(lists.popular[:3])
    body = {"users": ["nobody", "u1"], "k": 2, "exclude": [popular[1]]}
    cold, known = APP.post("/recommend", body).json()["recommendations"]
    assert (cold["cold"], known["cold"]) == (True, False)
    assert items(cold) == [popular[0], popular[2]]
    assert cold["items"][0]["score"] is None
    only = APP.get("/recommend", user="nobody", k=1).json()["recommendations"]
    assert [items(one) for one in only] == [[popular[0]]]


def test_unknown_users_are_refused_where_that_is_the_policy() -> None:
    strict = client(unknown="error")
    response = strict.post("/recommend", {"users": ["u1", "nobody"]})
    assert (response.status_code, fault(response)) == (404, "AS133")
    assert response.json()["error"]["examples"] == ["'nobody'"]
    response = strict.post("/fold-in", {"items": ["nothing"]})
    assert (response.status_code, fault(response)) == (404, "AS134")


def test_lists_end_where_items_do(lists) -> None:
    told = APP.get("/recommend", user="u3", k=1000).json()["recommendations"][0]
    seen = lists.seen.user_counts[lists.users.numbers(["u3"])[0]]
    assert len(items(told)) == len(set(items(told))) == 80 - seen


def test_similar_items(lists) -> None:
    item = lists.items.ids(lists.popular[:1])[0]
    told = APP.get("/similar", item=item, k=5).json()
    expected = lists.similar([item], 5)
    assert items(told) == expected["similar"].to_list()
    assert [one["score"] for one in told["items"]] == expected["score"].to_list()
    response = APP.get("/similar", item="nothing")
    assert (response.status_code, fault(response)) == (404, "AS134")


def test_new_users_are_folded_in(lists) -> None:
    own = lists.items.ids(lists.seen.of(5))
    told = APP.post("/fold-in", {"items": [*own, "nothing", own[0]], "k": 6}).json()
    assert (told["cold"], told["unknown"]) == (False, ["nothing"])
    found = items(told)
    assert len(found) == 6
    assert not set(found) & set(own)
    excluded = APP.post("/fold-in", {"items": own, "k": 5, "exclude": [found[0], "new"]}).json()
    assert items(excluded) == found[1:]
    assert (excluded["unknown"], excluded["unknown_exclude"]) == ([], ["new"])
    cold = APP.post("/fold-in", {"items": ["nothing"], "k": 2}).json()
    assert (cold["cold"], items(cold)) == (True, lists.items.ids(lists.popular[:2]))


def test_an_item_nobody_was_trained_on_is_left_out_when_asked(tmp_path) -> None:
    """It can come, since the catalogue is ranked whole; as a new user's own it says nothing."""
    data = tiny_dataset()
    users, own = data.train.users, data.train.items
    kept = own != 7
    train = Interactions.from_pairs(users[kept], own[kept], data.n_users, data.n_items)
    nothing = train.without(train)
    folder = RunFolder.create(tmp_path / "run", replace(data, train=train, test=nothing), quick())
    folder.run()
    app = client(folder.path)
    bare = Lists.load(folder.path)
    (name,) = bare.items.ids([7])
    assert not bare.trained[7]
    user = bare.users.ids([int(np.flatnonzero(train.user_counts)[0])])[0]
    every = {"users": [user], "k": 80}
    assert name in items(app.post("/recommend", every).json()["recommendations"][0])
    told = app.post("/recommend", {**every, "exclude": [name]}).json()
    assert name not in items(told["recommendations"][0])
    cold = app.post("/recommend", {**every, "users": ["nobody"], "exclude": [name]}).json()
    assert name not in items(cold["recommendations"][0])
    for others in ([], bare.items.ids(bare.popular[:1])):
        told = app.post("/fold-in", {"items": [name, *others], "k": 80}).json()
        assert (told["cold"], told["unknown"]) == (not others, [name])
        assert name not in items(told)
    assert fault(app.get("/similar", item=name)) == "AS134"


def test_a_user_whom_validation_alone_has_does_not_get_those_items_again(tmp_path) -> None:
    data = tiny_dataset()
    user = int(data.valid.users[0])
    kept = data.train.users != user
    train = Interactions.from_pairs(
        data.train.users[kept], data.train.items[kept], data.n_users, data.n_items
    )
    folder = RunFolder.create(tmp_path / "run", replace(data, train=train), quick())
    folder.run()
    (name,) = data.users.ids([user])
    told = client(folder.path).post("/recommend", {"users": [name], "k": 80}).json()
    (listed,) = told["recommendations"]
    had = set(data.items.ids(data.valid.of(user)))
    assert listed["cold"]
    assert set(items(listed)) == set(data.items.names) - had
    library = AutoSample.load(folder.path).recommend(name, k=80, unknown="popular")
    assert items(listed) == library["item"].to_list()


def test_requests_at_the_same_time_get_their_own_answers() -> None:
    def request(n):
        if n % 5 == 4:
            return "GET", "/similar", {"params": {"item": f"i{n % 80}", "k": 1 + n % 7}}
        users = [f"u{(n + step) % 60}" for step in range(1 + n % 3)]
        return "POST", "/recommend", {"json": {"users": users, "k": 1 + n % 9}}

    requests = [request(n) for n in range(200)]
    together = asyncio.run(APP.all(*requests))
    for asked, response in list(zip(requests, together, strict=True))[::7]:
        assert response.json() == APP.ask(*asked[:2], **asked[2]).json()


def test_health_says_what_answers() -> None:
    told = APP.get("/health").json()
    assert (told["users"], told["problem"]) == (60, "")
    assert told["revision"] == APP.get("/recommend", user="u1").json()["revision"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"users": []},
        {"users": [7]},
        {"users": "u1"},
        {"users": ["\ud800"]},
        {"users": ["u1"], "k": 0},
        {"users": ["u1"], "k": -1},
        {"users": ["u1"], "k": 10**9},
        {"users": ["u1"], "k": 1.5},
        {"users": ["u1"], "more": 1},
        {"users": ["u1"] * 1001},
        {"users": ["u1"] * 900, "k": 900},
        {"users": ["u" * 10_001]},
        {"users": ["u1"], "exclude": ["i1"] * 1001},
        {"users": None},
    ],
)
def test_requests_out_of_bounds_are_refused(body) -> None:
    response = APP.post("/recommend", body)
    assert (response.status_code, fault(response)) == (422, "AS290")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_json_that_is_not_said_to_be_is_told_so(kind) -> None:
    """As curl -d sends it."""
    headers = {"content-type": kind} if kind else {}
    response = APP.ask("POST", "/recommend", content=b'{"users": ["u1"]}', headers=headers)
    assert (response.status_code, fault(response)) == (422, "AS290")
    assert "content-type: application/json" in response.json()["error"]["fix"]
    body = APP.post("/recommend", {"users": "u1"}).json()
    assert "content-type" not in body["error"]["fix"]


def test_misspelt_parameters_are_refused() -> None:
    for path, name in (("/recommend?user=u1", "exclud"), ("/similar?item=i1", "limit")):
        response = APP.ask("GET", f"{path}&{name}=i1")
        assert (response.status_code, fault(response)) == (422, "AS290")
        assert f"no parameter '{name}'" in response.json()["error"]["problem"]
    assert "Did you mean 'exclude'?" in APP.get("/recommend", user="u1", exclud="i1").text
    assert fault(APP.ask("POST", "/recommend?k=3", content=b"{}", headers=JSON)) == "AS290"


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b"null", b"", b"NaN"])
def test_what_is_no_json_is_refused(content) -> None:
    for path in ("/recommend", "/fold-in"):
        response = APP.ask("POST", path, content=content, headers=JSON)
        assert response.status_code in (400, 422)
        assert fault(response) == "AS290"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/%2e%2e/manifest.json", 404),
        ("DELETE", "/recommend", 405),
        ("GET", "/reload", 405),
    ],
)
def test_other_paths_are_not_there(method, path, status) -> None:
    response = APP.ask(method, path)
    assert (response.status_code, fault(response)) == (status, "AS292")


def test_faults_of_our_own_are_json_too(monkeypatch) -> None:
    from autosample.serve import app as module  # noqa: PLC0415
    from autosample.serve.model import Holder  # noqa: PLC0415

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "_popular", fail)
    careful = Client(module.make_app(Holder(finished())), raises=False)
    response = careful.get("/recommend", user="nobody")
    assert (response.status_code, fault(response)) == (500, "AS294")
