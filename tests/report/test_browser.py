"""The page in a real browser: nothing sticks out, everything is drawn, colours can be read."""

import json
import re
import shutil
import struct
import subprocess
from dataclasses import replace
from html import escape, unescape

import pytest

from autosample.data import Note
from autosample.report import write_report
from tests.report.making import tiny_dataset, tiny_run

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (390, 768, 1280)
LIGHT, DARK = 1, 0

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium, which is not installed")

#: Frames of several widths, and what is to be known of each, written where --dump-dom shows it.
PROBE = """
<body>%s<pre id="found"></pre><script>
const ask = frame => {
  const page = frame.contentDocument, css = v => frame.contentWindow.getComputedStyle(v);
  const box = v => v.getBoundingClientRect();
  const charts = [...page.querySelectorAll("svg")];
  const inside = page.documentElement.clientWidth;
  return {
    overflow: page.documentElement.scrollWidth - inside,
    flat: charts.filter(v => box(v).width < 100 || box(v).height < 20).length,
    charts: charts.length,
    outside: [...page.querySelectorAll("svg text")].filter(
      v => box(v).left < -1 || box(v).right > inside + 1).map(v => v.textContent),
    small: Math.min(...[...page.querySelectorAll("svg.chart")].map(v => box(v).width / 400 * 11.5)),
    paper: css(page.body).backgroundColor, ink: css(page.body).color,
    muted: css(page.querySelector(".note")).color,
    link: css(page.querySelector("a")).color,
  };
};
onload = () => {
  const frames = [...document.querySelectorAll("iframe")];
  document.getElementById("found").textContent = JSON.stringify(frames.map(ask));
};
</script></body>
"""


def browse(tmp_path, page, *flags):
    profile = tmp_path / "profile"
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    dataset = tiny_dataset(item="<script>alert({})</script>" + "long" * 20)
    note = Note("AS150", "a-path-without-any-place-to-break/" * 10, 7)
    return write_report(
        tiny_run(),
        replace(dataset, notes=(note,)),
        tmp_path_factory.mktemp("page") / "report.html",
        title="A title of many words that has to find its place on a small screen as well",
        against={"another-run-with-a-rather-long-label-" * 3: tiny_run()},
        environment={"torch": "2.10.0"},
        command="autosample run " + "--option=value " * 20,
    )


def probed(tmp_path, report, scheme):
    html = escape(report.read_text(), quote=True)
    frames = [f'<iframe width="{w}" height="900" srcdoc="{html}"></iframe>' for w in WIDTHS]
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE % "".join(frames))
    flags = ("--dump-dom", f"--blink-settings=preferredColorScheme={scheme}")
    dom = browse(tmp_path, probe, *flags)
    return json.loads(unescape(re.search(r'<pre id="found">(.*?)</pre>', dom).group(1)))


def contrast(first, second):
    """Ratio of WCAG 2.2 for colours like "rgb(1, 2, 3)"."""

    def luminance(colour):
        parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_page_fits_and_can_be_read(tmp_path, report, scheme):
    drawings = report.read_text().count("<svg")
    for width, found in zip(WIDTHS, probed(tmp_path, report, scheme), strict=True):
        assert found["overflow"] <= 0, width
        assert found["charts"] == drawings
        assert found["flat"] == 0
        assert found["outside"] == [], width
        assert found["small"] > 9, "text of drawings in CSS pixels"
        for colour in ("ink", "muted", "link"):
            assert contrast(found[colour], found["paper"]) > 4.5, colour
        dark = contrast(found["paper"], "rgb(0, 0, 0)") < 2
        assert dark == (scheme == DARK)


def test_screenshot_is_not_blank(tmp_path, report):
    picture = tmp_path / "picture.png"
    browse(tmp_path, report, f"--screenshot={picture}", "--window-size=1280,2400")
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1280, 2400)
    assert len(data) > 100_000  # a blank page of this size has about 15 kB
