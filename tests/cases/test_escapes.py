"""Ids and names that would be code or paths: on every page, in every answer, in exports."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cases.making import table

ITEM, USER = "<img src=x onerror=a({})>", '"><script>alert(2)</script>'
FILE = "<script>alert(3)<'&.csv"
SHORT = ("--dim=4", "--epochs=2", "--window=1", "--batch-size=64", "--seeds=1", "--threads=1")


class Parts(HTMLParser):
    """What a browser would make of a page: tags, handlers, text and policy."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.handlers, self.text, self.policy = set(), set(), "", ""
        self.feed(html)

    def handle_starttag(self, tag, attributes) -> None:
        given = dict(attributes)
        self.tags.add(tag)
        self.handlers |= {name for name in given if name.startswith("on")}
        if given.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = given["content"]

    def handle_data(self, data) -> None:
        self.text += data


def assert_harmless(html: str, policy: str = "") -> str:
    """No code, and a policy against it; the text."""
    page = Parts(html)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "link", "form"}
    assert not page.handlers
    assert "default-src 'none'" in page.policy + policy
    assert "script-src" not in page.policy + policy
    return page.text


def told(answer: object) -> list[object]:
    """Every text in JSON."""
    if isinstance(answer, dict | list):
        parts = answer.values() if isinstance(answer, dict) else answer
        return [text for part in parts for text in told(part)]
    return [answer]


def hostile() -> str:
    """The table with such names for all items and for a user."""
    user = USER.replace('"', '""')
    return table(
        *(f'"{user}","{ITEM.format(n)}"' for n in range(6)),
        row=lambda user, item: f'u{user},"{ITEM.format(item)}"',
    )


@pytest.fixture
def made(run):
    told = run(hostile(), name=FILE)
    assert told.exit == 0, told.text
    assert ITEM.format(1) in told.dataset().items.names
    assert USER in told.dataset().users.names
    return told.folder


def test_pages_of_a_run(made, cli) -> None:
    assert cli("report", made)[0] == 0
    text = assert_harmless((made / "report.html").read_text("utf-8"))
    assert ITEM.partition("{")[0] in text  # an item that is recommended


def test_the_page_of_a_comparison(cli) -> None:
    Path(FILE).write_text(hostile(), "utf-8")
    code, _, err = cli(
        "compare", FILE, *SHORT, "--sampler=uniform", "--sampler=dns:pool=4", "--out=both"
    )
    assert code == 0, err
    text = assert_harmless(Path("both", "compare.html").read_text("utf-8"))
    assert FILE.removesuffix(".csv") in text


def test_live_pages_and_answers(made) -> None:
    pytest.importorskip("fastapi")
    from autosample.serve.app import make_app  # noqa: PLC0415
    from autosample.serve.model import Holder  # noqa: PLC0415
    from autosample.serve.pages import make_pages  # noqa: PLC0415
    from tests.serve.making import Client, fault  # noqa: PLC0415

    shutil.copytree(made, Path("runs") / ITEM)
    pages = Client(make_pages(Path("runs")))
    for path in ("/", f"/run/{ITEM}", f"/run/{ITEM}/report"):
        response = pages.get(path)
        policy = response.headers["content-security-policy"]
        assert ITEM in assert_harmless(response.text, policy), path
    served = Client(make_app(Holder(made)))
    for path, asked in (("/recommend", {"user": USER}), ("/similar", {"item": ITEM.format(1)})):
        response = served.get(path, **asked)
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert next(iter(asked.values())) in told(response.json())
    response = served.get("/similar", item="../../etc/passwd")
    assert (response.status_code, fault(response)) == (404, "AS134")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "/etc/passwd", "a\0b"])
def test_ids_never_become_paths_of_exports(run, cli, name) -> None:
    """Whatever ids are called, an export writes its own names, in its own folder only."""
    assert run(table(*(f'"{name}",i{n}' for n in range(6)), f'u1,"{name}"')).exit == 0
    before = {path for path in Path().rglob("*") if path.is_file()}
    for form in ("embeddings", "trec"):
        code, _, err = cli("export", "run", f"out-{form}", f"--to={form}")
        assert code == 0, err
    made = {path for path in Path().rglob("*") if path.is_file()} - before
    assert {path.parts[0] for path in made} == {"out-embeddings", "out-trec"}
    assert all(len(path.parts) == 2 for path in made)
