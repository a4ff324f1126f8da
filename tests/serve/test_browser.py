"""The pages in a real browser: nothing sticks out at the width of a phone or of a desk."""

import json
import re
import shutil
from html import escape, unescape

import pytest

from autosample.serve.pages import make_pages
from autosample.store import RunFolder
from tests.report.test_browser import BROWSER, browse
from tests.serve.making import Client, finished
from tests.tiny import quick, tiny_dataset

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium, which is not installed")

PROBE = """<body>%s<pre id="found"></pre><script>
onload = () => {
  const ask = frame => {
    const page = frame.contentDocument, box = v => v.getBoundingClientRect();
    const inside = page.documentElement.clientWidth;
    return {
      width: inside, overflow: page.documentElement.scrollWidth - inside,
      charts: [...page.querySelectorAll("svg")].filter(v => box(v).width > 300).length,
      outside: [...page.querySelectorAll("dd, h1, h2, .state")].filter(
        v => box(v).right > inside + 1).map(v => v.textContent),
    };
  };
  document.getElementById("found").textContent =
    JSON.stringify([...document.querySelectorAll("iframe")].map(ask));
};
</script></body>"""


def test_pages_fit(tmp_path) -> None:
    long = tmp_path / "runs" / ("a-rather-long-name-of-a-run-" * 4)
    shutil.copytree(finished(), long)
    RunFolder.create(tmp_path / "runs" / "new", tiny_dataset(), quick())
    http = Client(make_pages(tmp_path / "runs"))
    pages = [http.get(path).text for path in ("/", f"/run/{long.name}")]
    frames = [
        f'<iframe width="{width}" height="900" srcdoc="{escape(page)}"></iframe>'
        for page in pages
        for width in (390, 1280)
    ]
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE % "".join(frames))
    dom = browse(tmp_path, probe, "--dump-dom")
    found = json.loads(unescape(re.search(r'<pre id="found">(.*?)</pre>', dom).group(1)))
    assert [one["width"] > 1000 for one in found] == [False, True, False, True]
    assert [one["charts"] for one in found] == [0, 0, 5, 5]
    for one in found:
        assert one["overflow"] <= 0
        assert one["outside"] == []
