"""The pages are built without a warning, and what they show runs as it stands."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autosample.cli import main
from autosample.data.simulate import simulate
from autosample.samplers import SAMPLERS
from autosample.settings import Settings
from tests.tiny import write_events

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```(python|shell|toml)\n(.*?)^```", re.DOTALL | re.MULTILINE)
#: Commands that wait for requests; their pages are tried by the tests of the server.
WAITING = {"serve", "ui"}


@pytest.fixture
def desk(tmp_path, monkeypatch, use_threads):
    """A folder with the files that the pages speak of."""
    use_threads(1)
    monkeypatch.chdir(tmp_path)
    events = write_events(tmp_path / "events.csv").read_text().splitlines()[1:]
    rows = [f"{row},{n % 7 % 5 + 1},{1_600_000_000 + n}" for n, row in enumerate(events)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating,time", *rows]))
    inter = tmp_path / "dataset" / "small" / "small.inter"
    inter.parent.mkdir(parents=True)
    inter.write_text("user_id:token\titem_id:token\n" + "\n".join(events).replace(",", "\t"))
    data = simulate(n_users=60, n_items=80, interactions_per_user=10, n_clusters=8, seed=0)
    (tmp_path / "gowalla").mkdir()
    for name, part in (("train", data.train), ("test", data.test)):
        lines = [" ".join(map(str, (user, *part.of(user)))) for user in range(part.n_users)]
        (tmp_path / "gowalla" / f"{name}.txt").write_text("\n".join(lines))
    return tmp_path


def run_block(language: str, code: str, names: dict) -> None:
    """Python in the page's namespace; commands in this process; TOML by parsing."""
    if language == "toml":
        assert tomllib.loads(code)
    elif language == "python":
        exec(compile(code, "page", "exec"), names)
    else:
        for line in code.splitlines():
            program, command, *rest = shlex.split(line, comments=True)
            assert program == "autosample"
            if command not in WAITING:
                assert main([command, *rest]) == 0, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_runs(page, desk, capsys):
    """In order, as a reader would try them in one sitting."""
    names = {"__name__": "__main__"}
    for language, code in BLOCK.findall(page.read_text()):
        run_block(language, code, names)
    if page.stem in ("quick-start", "tutorial", "migrate"):
        assert "ndcg" in capsys.readouterr().out


def test_blocks_without_a_test_are_text():
    for page in PAGES:
        fences = set(re.findall(r"^```(\S+)$", page.read_text(), re.MULTILINE))
        known = {"python", "shell", "toml", "text", "json", "{toctree}"}
        assert fences <= known, f"{page.name}: {fences - known} are not tried by any test"


def test_the_example_sampler_and_model_are_as_short_as_said():
    for page, limit in (("write-a-sampler", 30), ("write-a-model", 60)):
        text = (DOCS / f"{page}.md").read_text()
        first = BLOCK.search(text)[2].split("class ", 1)[1]
        assert len(first.strip().splitlines()) <= limit
        assert f"in {limit} lines" in text


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages as HTML, built as CI does: a warning is an error."""
    source, out = (tmp_path_factory.mktemp(name) for name in ("docs", "html"))
    shutil.copytree(DOCS, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build"))
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", source, out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


def test_generated_references_are_whole(site):
    samplers = (site / "samplers.html").read_text()
    assert all(f'id="{one.__module__}.{one.__name__}"' in samplers for one in SAMPLERS.values())
    settings = (site / "settings.html").read_text()
    assert all(name in settings for name in Settings.model_fields)
    commands = (site / "commands.html").read_text()
    assert all(f"autosample {name}" in commands for name in ("run", "resume", "recommend"))
    api = (site / "api.html").read_text()
    assert all(name in api for name in ("AutoSample.recommend", "NegativeSampling", "to_wandb"))


def test_every_page_is_reached_from_the_index(site):
    index = (site / "index.html").read_text()
    assert all(f'href="{page.stem}.html"' in index for page in PAGES if page.stem != "index")
