import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from scipy import stats

from autosample.data import Dataset, Interactions, Note
from autosample.errors import DataError, StoreError
from autosample.evaluate import rank_held_out
from autosample.metrics import per_user
from autosample.report import write_report
from tests.report.making import tiny_dataset, tiny_run, vocabulary

VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = "<script>alert({})</script>"


class Page(HTMLParser):
    """Refuses tags that do not balance; gathers text, attributes and tags."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.text = [], set(), [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


def written(tmp_path, result=None, dataset=None, **settings):
    path = tmp_path / "report.html"
    assert write_report(result or tiny_run(), dataset or tiny_dataset(), path, **settings) == path
    return path.read_text(encoding="utf-8")


def test_page_is_whole_and_asks_for_nothing(tmp_path):
    html = written(tmp_path)
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    policies = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content")]
    assert any(policy.startswith("default-src 'none'") for policy in policies)
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html
    assert "@import" not in html
    links = [value for _, name, value in page.attributes if name in {"href", "src"}]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def test_links_lead_to_sections(tmp_path):
    page = Page(written(tmp_path))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for _, name, value in page.attributes if name == "href"} <= set(ids)


def test_drawings_are_well_formed_and_named(tmp_path):
    drawings = re.findall(r"<svg.*?</svg>", written(tmp_path), flags=re.DOTALL)
    assert len(drawings) >= 9
    for drawing in drawings:
        root = ET.fromstring(drawing)
        assert root[0].tag == "title"
        assert root[0].text
        assert root[1].tag == "desc"


def test_every_decision_and_number_is_there(tmp_path):
    result = tiny_run()
    text = Page(written(tmp_path)).text
    decisions = [record for record in result.history if record["kind"] == "decision"]
    assert decisions
    for record in decisions:
        assert record["reason"] in text
        assert record["purpose"] in text
    for value in result.metrics.values():
        assert f"{value:.4f}" in text
    assert "Repeated pairs were dropped." in text
    assert "candidates=('uniform', 'dns:pool=4', 'popularity')" in text
    assert tiny_dataset().fingerprint()[:16] in text


def test_popularity_is_what_brute_force_says(tmp_path):
    result, dataset = tiny_run(), tiny_dataset()
    gains = []
    for user in np.flatnonzero(dataset.test.user_counts):
        counts = result.seen.item_counts.astype(float)
        counts[result.seen.of(user)] = -1
        order = np.argsort(-counts, kind="stable")[:10]
        held = dataset.test.of(user)
        discount = 1 / np.log2(np.arange(2, 12))
        best = discount[: min(10, len(held))].sum()
        gains.append(discount[np.isin(order, held)].sum() / best)
    own = result.metrics["ndcg@10"]
    text = Page(written(tmp_path)).text
    assert f"{abs(own / np.mean(gains) - 1):.1%} above most popular items" in text


def test_hostile_texts_stay_texts(tmp_path):
    dataset = tiny_dataset(item=HOSTILE)
    noted = replace(dataset, notes=(Note("AS150", HOSTILE.format("note"), 1),))
    result = tiny_run()
    history = [
        {**r, "reason": HOSTILE.format("why"), "evidence": {HOSTILE: {"</svg>": "<img>"}}}
        if r["kind"] == "decision"
        else {**r, "sampler": HOSTILE.format(r["sampler"])}
        for r in result.history
    ]
    html = written(
        tmp_path,
        replace(result, history=history),
        noted,
        title=HOSTILE.format("title") + "\ud800",
        environment={HOSTILE.format("key"): HOSTILE.format("value")},
        against={HOSTILE.format("label"): result},
        command=HOSTILE.format("command"),
    )
    page = Page(html)
    assert "script" not in page.tags
    assert "img" not in page.tags
    for word in ("note", "why", "title", "key", "value", "label", "command"):
        assert HOSTILE.format(word) in page.text
        assert escape(HOSTILE.format(word)) in html
    assert re.search(r"<script>alert\(\d+\)</script>", page.text)  # an item that is recommended


def test_users_are_not_named(tmp_path):
    assert not re.search(r"user \d+\b", Page(written(tmp_path)).text.replace("test users", ""))


def test_comparisons_are_paired_with_the_run(tmp_path):
    result, dataset = tiny_run(), tiny_dataset()
    worst = rank_held_out(-result.user_table, result.item_table, result.seen, dataset.test)
    against = {"upside down": replace(result, ranks=worst), "twin": result}
    text = Page(written(tmp_path, against=against)).text.replace("\u00a0", " ")
    own, other = (per_user(ranks, "ndcg@10") for ranks in (result.ranks, worst))
    p = 2 * stats.ttest_rel(own, other).pvalue  # of two comparisons
    assert p < 0.001
    assert "above upside down (significant, p < .001)" in text
    assert "the same as twin (not significant, p = 1.00)" in text


def test_a_run_alone_says_how_to_compare_it(tmp_path):
    assert "--strategy fixed --candidate uniform" in Page(written(tmp_path)).text
    compared = written(tmp_path, against={"twin": tiny_run()})
    assert "--strategy fixed" not in compared
    assert "Run by run" in compared


def test_other_test_splits_are_refused(tmp_path):
    result = tiny_run()
    other = replace(result, ranks=replace(result.ranks, users=result.ranks.users + 1))
    with pytest.raises(DataError, match="AS145"):
        written(tmp_path, against={"other": other})


def test_without_a_test_split_it_says_so(tmp_path):
    html = written(tmp_path, tiny_run(with_test=False), tiny_dataset(with_test=False))
    page = Page(html)
    assert "there is no test split" in page.text
    assert 'id="quality"' not in html
    assert "chosen in the test" not in page.text


def test_a_single_test_user_has_means_but_no_intervals(tmp_path):
    full, result = tiny_dataset(), tiny_run()
    user = np.flatnonzero(full.test.user_counts)[0]
    items = full.test.of(user)
    one = Interactions.from_pairs([user] * len(items), items, full.n_users, full.n_items)
    ranks = rank_held_out(result.user_table, result.item_table, result.seen, one)
    html = written(tmp_path, replace(result, ranks=ranks), replace(full, test=one))
    assert "On 1 test user its NDCG@10 is" in html
    assert "nan" not in html.replace("dominant", "")
    assert "– to –" in html


def test_equal_runs_give_equal_bytes(tmp_path):
    assert written(tmp_path) == written(tmp_path)


def test_a_path_that_cannot_be_written_is_an_error_for_people(tmp_path):
    with pytest.raises(StoreError, match="AS550"):
        write_report(tiny_run(), tiny_dataset(), tmp_path / "nowhere" / "report.html")


def test_a_million_items_and_a_long_search_stay_under_five_megabytes(tmp_path):
    n_items, n_users = 1_000_000, 40
    random = np.random.default_rng(0)
    parts = [
        Interactions.from_pairs(np.arange(n_users), random.choice(block, n_users), n_users, n_items)
        for block in np.split(np.arange(n_items - 1), 3)
    ]
    names = [
        vocabulary("user {}", n_users),
        vocabulary("a rather long name of an item, number {}", n_items),
    ]
    dataset = Dataset(*parts, *names)
    tables = torch.from_numpy(random.normal(size=(n_users + n_items, 2)).astype(np.float32))
    users, items = tables[:n_users], tables[n_users:]
    seen = dataset.train.union(dataset.valid)
    once = tiny_run().history
    result = replace(
        tiny_run(),
        user_table=users,
        item_table=items,
        seen=seen,
        ranks=rank_held_out(users, items, seen, dataset.test),
        history=[
            {**record, "trial": record["trial"] + 1000 * again}
            for again in range(100)
            for record in once
        ],
    )
    html = written(tmp_path, result, dataset)
    decisions = sum(record["kind"] == "decision" for record in result.history)
    assert html.count('<p class="reason">') == decisions > 300
    assert len(html.encode()) < 5_000_000
