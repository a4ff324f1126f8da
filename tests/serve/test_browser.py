"""The pages in a real browser, from a real server: nothing sticks out, nothing is complained of."""

import shutil

import pytest

from autosample.store import RunFolder
from tests.report.test_browser import BROWSER, FLAGS, sync_api
from tests.serve.making import finished
from tests.serve.test_start import serving
from tests.tiny import quick, tiny_dataset

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium, which is not installed")

PROBE = """() => {
  const box = v => v.getBoundingClientRect(), inside = document.documentElement.clientWidth;
  return {
    overflow: document.documentElement.scrollWidth - inside,
    cut: [...document.querySelectorAll(".scroll")].filter(
      v => v.scrollWidth > v.clientWidth).length,
    charts: [...document.querySelectorAll("svg")].filter(v => box(v).width > 300).length,
    outside: [...document.querySelectorAll("dd, h1, h2, .state")].filter(
      v => box(v).right > inside + 1).map(v => v.textContent),
  };
}"""
LONG = "a-rather-long-name-of-a-run-" * 4


def test_pages_fit_and_lead_to_each_other(tmp_path) -> None:
    shutil.copytree(finished(), tmp_path / LONG)
    RunFolder.create(tmp_path / "new", tiny_dataset(), quick())
    told = []
    with serving("ui", tmp_path) as (address, _), sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        for width in (390, 1280):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: told.append(message.text))
            page.on("pageerror", lambda error: told.append(str(error)))
            page.goto(f"{address}/")
            assert page.evaluate(PROBE) == {"overflow": 0, "cut": 0, "charts": 0, "outside": []}
            with page.expect_navigation():  # a page that loads still has no title
                page.get_by_role("link", name=LONG).click()
            assert page.title() == f"{LONG} · autosample"
            found = page.evaluate(PROBE)
            assert found["charts"] >= 4
            assert (found["overflow"], found["outside"]) == (0, [])
            with page.expect_navigation():
                page.get_by_role("link", name="All runs").click()
            assert page.url == f"{address}/"
            page.get_by_role("link", name="new").click()
            page.get_by_text("Nothing has been recorded yet").first.wait_for()
            page.close()
        browser.close()
    assert [text for text in told if "favicon" not in text and "404" not in text] == []
