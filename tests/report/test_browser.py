"""The page in a real browser: nothing sticks out, overlaps or errs, and all can be read."""

import re
import shutil
import struct
from dataclasses import replace

import pytest

from autosample.data import Note
from autosample.report import write_report
from tests.report.making import tiny_dataset, tiny_run

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
WIDTHS = (390, 768, 1280)
SCHEMES = ("light", "dark")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium, which is not installed")

#: What is to be known of a page, as one object.
PROBE = """() => {
  const css = v => getComputedStyle(v), box = v => v.getBoundingClientRect();
  const charts = [...document.querySelectorAll("svg")];
  const inside = document.documentElement.clientWidth;
  const hit = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  const pairs = chart => {
    const texts = [...chart.querySelectorAll("text")].filter(v => v.textContent);
    return texts.flatMap((a, i) => texts.slice(i + 1).filter(b => hit(box(a), box(b)))
      .map(b => a.textContent + " | " + b.textContent));
  };
  return {
    overflow: document.documentElement.scrollWidth - inside,
    flat: charts.filter(v => box(v).width < 100 || box(v).height < 20).length,
    outside: [...document.querySelectorAll("svg text")].filter(
      v => box(v).left < -1 || box(v).right > inside + 1).map(v => v.textContent),
    overlap: charts.flatMap(pairs),
    small: Math.min(...[...document.querySelectorAll("svg.chart")].map(
      v => box(v).width / 400 * 11.5)),
    paper: css(document.body).backgroundColor, ink: css(document.body).color,
    muted: css(document.querySelector(".note")).color,
    link: css(document.querySelector("a")).color,
    hues: [0, 1, 2, 3, 4, 5, 6, 7].map(n => {
      const probe = document.createElement("p");
      probe.style.color = `var(--s${n})`;
      document.body.append(probe);
      const found = css(probe).color;
      probe.remove();
      return found;
    }),
  };
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    dataset = tiny_dataset(item="<script>alert({})</script>" + "long" * 20)
    note = Note("AS150", "a-path-without-any-place-to-break/" * 10, 7)
    settings = tiny_run().settings
    runs = [
        replace(tiny_run(), settings=settings.model_copy(update={"strategy": name, "seed": seed}))
        for name in ("fixed", "weighted")
        for seed in (0, 1)
    ]
    split = "split(dns:pool=1 dns:pool=4 dns:pool=16 dns:pool=64 mixgcf:pool=16)"
    history = [
        {**r, "sampler": r["sampler"].replace("uniform", split)} if "sampler" in r else r
        for r in tiny_run().history
    ]
    assert any(r.get("sampler") == split for r in history)
    long = {"another-run-with-a-rather-long-label-" * 3 + str(n): r for n, r in enumerate(runs)}
    return write_report(
        replace(tiny_run(), history=history),
        replace(dataset, notes=(note,)),
        tmp_path_factory.mktemp("page") / "report.html",
        title="A title of many words that has to find its place on a small screen as well",
        against=long,
        environment={"torch": "2.10.0"},
        command="autosample run " + "--option=value " * 20,
    )


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, report):
    """Open the page; anything the console says or the network is asked for is an error."""
    contexts, told = [], []

    def call(width=1280, scheme="light"):
        viewport = {"width": width, "height": 900}
        contexts.append(chromium.new_context(viewport=viewport, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        asked = []
        page.goto(report.as_uri())
        assert asked == [report.as_uri()]
        return page

    yield call
    for context in contexts:
        context.close()
    assert told == []


def contrast(first, second):
    """Ratio of WCAG 2.2 for colours like "rgb(1, 2, 3)"."""

    def luminance(colour):
        parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_page_fits_and_can_be_read(opened, width, scheme):
    found = opened(width, scheme).evaluate(PROBE)
    assert found["overflow"] <= 0
    assert found["flat"] == 0
    assert found["outside"] == []
    assert found["overlap"] == []
    assert found["small"] > 9, "text of drawings in CSS pixels"
    for colour in ("ink", "muted", "link"):
        assert contrast(found[colour], found["paper"]) > 4.5, colour
    assert min(contrast(hue, found["paper"]) for hue in found["hues"]) > 3
    dark = contrast(found["paper"], "rgb(0, 0, 0)") < 2
    assert dark == (scheme == "dark")


def test_what_was_found_is_on_the_first_screen_of_a_phone(opened):
    page = opened(390)
    for text in ("of the model", "significant, p", "It cost as much as"):
        box = page.get_by_text(text).first.bounding_box()
        assert box["y"] + box["height"] < 900


def test_every_drawing_and_region_has_an_accessible_name(opened, report):
    page = opened()
    drawings = page.get_by_role("img")
    titles = re.findall(r"<svg[^>]*><title>([^<]*)</title>", report.read_text())
    assert drawings.count() == len(titles) > 9
    for title in titles:
        assert page.get_by_role("img", name=title, exact=True).count() >= 1
    regions = page.get_by_role("region")
    assert regions.count() == page.locator(".scroll").count()
    assert page.get_by_role("region", name="Run by run").count() == 1


def test_print_is_light_whole_and_without_links_to_click(opened):
    page = opened(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    found = page.evaluate(PROBE)
    assert contrast(found["paper"], "rgb(255, 255, 255)") < 1.1
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF-")


@pytest.mark.parametrize("width", [390, 1280])
def test_screenshot_is_not_blank(opened, width):
    data = opened(width).screenshot(full_page=True)
    across, down = struct.unpack(">II", data[16:24])
    assert across == width
    assert down > 3000
    assert len(data) > 100_000  # a blank page of this size has about 15 kB
