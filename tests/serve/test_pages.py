import os
import re
import shutil
import sys
import urllib.parse
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from autosample.bench.work import slim
from autosample.errors import StoreError
from autosample.report import words
from autosample.serve.pages import make_pages
from autosample.store import RunFolder
from tests.serve.making import Client, fault, finished
from tests.tiny import quick, tiny_dataset

HOSTILE = "<script>alert(1)<%2Fscript>&\"' é"


class Tags(HTMLParser):
    """Tags and links of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs")
    shutil.copytree(finished(), path / "good")
    shutil.copytree(finished(), path / HOSTILE)
    RunFolder.create(path / "new", tiny_dataset(), quick())
    shutil.copytree(finished(), path / "torn")
    (path / "torn" / "settings.json").write_text("{")
    return path


@pytest.fixture(scope="module")
def http(folder):
    return Client(make_pages(folder))


def test_the_list_has_every_run_with_state_metric_and_cost(http) -> None:
    response = http.get("/")
    text = re.sub(r"<[^>]+>", " ", response.text.partition("<main>")[2])
    assert [word for word in text.split() if word in ("finished", "unfinished", "damaged")] == [
        "finished", "finished", "unfinished", "damaged"
    ]  # fmt: skip
    result = RunFolder.open(finished()).result()
    assert f"{result.metrics['ndcg@20']:.4f}" in text
    assert words.trainings(result.trainings) in text
    assert result.schedule[-1][0] in text
    assert 'http-equiv="refresh" content="30"' in response.text


def test_every_link_of_the_list_leads_to_a_run(http) -> None:
    links = Tags(http.get("/").text).links
    assert len(links) == 4
    for link in links:
        page = http.get(urllib.parse.urljoin("/", link))
        assert page.status_code == 200
        assert urllib.parse.urljoin(str(page.url.path), "../") == "/"
        assert "../" in Tags(page.text).links


def test_a_run_shows_its_curves_and_decisions(http) -> None:
    page = http.get("/run/good").text
    result = RunFolder.open(finished()).result()
    assert page.count("<svg") == 5
    assert f"{result.metrics['ndcg@20']:.4f}" in page
    last = [record for record in result.history if record["kind"] == "decision"][-1]
    assert last["reason"].split(".")[0].replace("'", "&#39;")[:20] in page
    assert "refresh" not in page, "a run that is over stays as it is"
    assert "Nothing has been recorded yet" in http.get("/run/new").text
    assert "cannot be read" in http.get("/run/torn").text


def test_the_report_is_that_of_the_run(http) -> None:
    response = http.get("/run/good/report")
    assert "How good it is" in response.text
    assert http.get("/run/good/report").content == response.content
    response = http.get("/run/new/report")
    assert (response.status_code, fault(response)) == (500, "AS509")


def test_who_won_is_said_in_the_list_and_in_the_report(tmp_path) -> None:
    """Of runs that were tested alike; the report has the others beside the run."""
    shutil.copytree(finished(), tmp_path / "search")
    settings = quick(strategy="fixed", candidates=("uniform",), epochs=1)
    RunFolder.create(tmp_path / "plain", tiny_dataset(), settings).run()
    RunFolder.create(tmp_path / "new", tiny_dataset(), quick())
    labels = {"search": "adaptive", "plain": "uniform"}
    reached = {name: RunFolder.open(tmp_path / name).result().metrics["ndcg@20"] for name in labels}
    worse, best = sorted(reached, key=reached.get)
    client = Client(make_pages(tmp_path))
    rows = client.get("/").text.partition("<tbody>")[2].split("</tr>")
    marked = [row for row in rows if ">best</span>" in row]
    assert len(marked) == 1
    assert f">{best}</a>" in marked[0]
    assert "Full report, beside 1 other run" in client.get(f"/run/{best}").text
    lost = client.get(f"/run/{worse}/report").text
    assert f"{labels[best]} won." in lost
    assert f"{labels[worse]} minus others" in lost
    assert re.search(r"\((not )?significant, p", lost)


def test_a_comparison_has_pages_of_its_own(tmp_path) -> None:
    """Its runs by sampler and seed, the sentence, and the page that it wrote."""
    place = tmp_path / "runs" / "compare-a b"
    for seed in (1, 0):
        settings = quick(strategy="fixed", candidates=("uniform",), epochs=1, seed=seed)
        RunFolder.create(place / "runs" / f"{seed}abc", tiny_dataset(), settings).run()
    (place / "bench.sqlite").touch()
    client = Client(make_pages(tmp_path / "runs"))
    assert "2 of 2 finished" in client.get("/").text
    (link,) = Tags(client.get("/").text).links
    assert fault(client.get(f"/{link}compared")) == "AS296"
    (place / "compare.json").write_text('{"says": "uniform won <by far>"}')
    (place / "compare.html").write_text("the page")
    assert "uniform won &lt;by far&gt;" in client.get("/").text
    listed = client.get(f"/{link}")
    assert "uniform won &lt;by far&gt;" in listed.text
    up, page, *runs = (urllib.parse.urljoin(f"/{link}", one) for one in Tags(listed.text).links)
    assert (up, client.get(page).text) == ("/", "the page")
    assert [one[-4:] for one in runs] == ["0abc", "1abc"]
    assert "uniform, seed 1" in client.get(runs[1]).text
    assert "All runs" in client.get(runs[1]).text
    assert urllib.parse.urljoin(runs[1], "../") == f"/{link}"
    assert "uniform" in client.get(f"{runs[1]}/report").text
    alone = Client(make_pages(place)).get("/").text
    assert "uniform, seed 0" in alone
    assert "uniform won" in alone
    for path in ("/compare/none/", f"/{link}run/none", "/compare/%2e%2e/compared"):
        assert fault(client.get(path)) in ("AS292", "AS296")


def test_no_report_is_promised_of_runs_whose_bench_dropped_their_data(tmp_path) -> None:
    """Neither of them, nor of others beside them: its link led to an error."""
    place = tmp_path / "bench"
    for name in ("kept", "slim"):
        shutil.copytree(finished(), place / "runs" / name)
    slim(place / "runs" / "slim")
    (place / "bench.sqlite").touch()
    client = Client(make_pages(place))
    assert "Full report" not in client.get("/run/slim").text
    assert "--keep" in client.get("/run/slim").text
    assert "Full report</a>" in client.get("/run/kept").text
    assert client.get("/run/kept/report").status_code == 200


def test_names_are_shown_as_text_and_nothing_runs(http) -> None:
    for path in ("/", f"/run/{urllib.parse.quote(HOSTILE)}", "/run/good/report"):
        response = http.get(path)
        assert response.status_code == 200
        assert "script" not in Tags(response.text).tags
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "http://" not in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/run/none",
        "/run/%2e%2e",
        "/run/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/run/good%2f..%2ftorn",
        "/run/good/manifest.json",
        "/run/%00",
        "/openapi.json",
        "/docs",
    ],
)
def test_no_address_becomes_a_path(http, path) -> None:
    response = http.get(path)
    assert response.status_code == 404
    assert fault(response) in ("AS292", "AS296")


def test_nothing_is_taken_or_changed(http, folder) -> None:
    before = sorted(path.stat().st_mtime_ns for path in folder.rglob("*"))
    assert http.ask("POST", "/", content=b"x").status_code == 413
    refused = http.ask("DELETE", "/run/good")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert http.ask("GET", "/", headers={"host": "evil.example"}).status_code == 403
    http.get("/run/good")
    assert sorted(path.stat().st_mtime_ns for path in folder.rglob("*")) == before


def test_commands_can_be_typed_whatever_the_folder_is_called(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "my run", tiny_dataset(), quick(epochs=2))
    pages, quoted = Client(make_pages(tmp_path)), escape(f"'{folder.path}'")
    assert f"autosample resume {quoted}" in pages.get("/run/my run").text
    with pytest.raises(StoreError, match=r"resume '.*my run'"):
        folder.result()
    folder.run()
    assert f"autosample repeat {quoted}" in pages.get("/run/my run/report").text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are bytes there")
def test_a_folder_whose_name_is_no_text_does_not_end_the_list(tmp_path) -> None:
    for name in (b"good", b"caf\xe9"):
        shutil.copytree(finished(), os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    client = Client(make_pages(tmp_path))
    links = Tags(client.get("/").text).links
    assert len(links) == 2
    assert all("finished" in client.get(f"/{link}").text for link in links)


def test_an_empty_folder_waits_for_runs(tmp_path) -> None:
    page = Client(make_pages(tmp_path)).get("/").text
    assert "There are no runs here yet" in page
    assert 'http-equiv="refresh"' in page
