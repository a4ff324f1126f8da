"""Without the packages of an extra, what needs it fails with one line that names the extra."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tiny import write_events

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]

#: The import system as it would be without some packages: nothing finds them.
HIDING = """
import contextlib, io, json, sys

HIDDEN = {hidden}


class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] in HIDDEN
        return None if hidden else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
told = {{}}


def command(*words):
    from autosample.cli import main
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
    told[" ".join(words[:1] + words[-1:])] = [code, err.getvalue()]


def python(name, call):
    try:
        call()
        told[name] = [0, ""]
    except Exception as error:
        told[name] = [type(error).__name__, str(error)]


def imported(name):
    __import__(name)
"""

USING = """
from autosample import AutoSample, RunFolder
from autosample.export import export_run

auto = AutoSample(strategy="fixed", candidates=["uniform"], epochs=1, dim=4)
auto.fit("events.csv", folder="run")
command("run", "events.csv", "--out", "tuned", "--epochs", "1", "--strategy", "tpe")
command("compare", "events.csv", "--out", "c", "--epochs", "1", "--strategy", "tpe")
python("tpe", lambda: AutoSample(strategy="tpe", epochs=1, dim=4).fit("events.csv"))
for command_name in ("serve", "ui"):
    command(command_name, "run")
for module in ("app", "pages", "start"):
    python(module, lambda: imported(f"autosample.serve.{module}"))
for to in ("faiss", "onnx"):
    command("export", "run", f"out-{to}", "--to", to)
    python(to, lambda: export_run("run", to, f"api-{to}"))
for frame in ("pandas", "arrow"):
    python(frame, lambda: auto.recommend("u1", frame=frame))
command("recommend", "run", "--user", "u1", "--json")
command("export", "run", "embedded", "--to", "embeddings")
import pathlib
left = {path.name for path in pathlib.Path().iterdir()}
print(json.dumps({"told": told, "left": sorted(left)}))
"""
NEEDS = {
    **dict.fromkeys(["run tpe", "compare tpe", "tpe"], "tune"),
    **dict.fromkeys(["serve run", "ui run", "app", "pages", "start"], "serve"),
    **dict.fromkeys(["export faiss", "faiss", "export onnx", "onnx"], "export"),
    **dict.fromkeys(["pandas", "arrow"], "frames"),
}


def packages(extra):
    """Names to import of an extra's packages."""
    names = [line.partition(">")[0] for line in PROJECT["optional-dependencies"][extra]]
    return {{"faiss-cpu": "faiss", "mlflow-skinny": "mlflow"}.get(name, name) for name in names}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What commands and calls say in a process that has none of the extras."""
    place = tmp_path_factory.mktemp("bare")
    write_events(place / "events.csv")
    hidden = set.union(*(packages(e) for e in ("tune", "serve", "export", "frames", "track")))
    done = subprocess.run(
        [sys.executable, "-c", HIDING.format(hidden=hidden) + USING],
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not {"tuned", "c"} & set(found["left"]), "refused before anything is written"
    return found["told"]


def test_what_needs_an_extra_names_it_in_one_line(told):
    for what, extra in NEEDS.items():
        code, text = told[what]
        assert code in (4, "SettingsError"), (what, code, text)
        line = text.strip().splitlines()[-1]
        assert "AS270" in line, (what, text)
        assert f"pip install 'autosample[{extra}]'" in line, (what, text)


def test_the_rest_works_without(told):
    assert told.keys() == {*NEEDS, "recommend --json", "export embeddings"}
    assert told["recommend --json"][0] == told["export embeddings"][0] == 0


def test_every_extra_that_code_needs_is_tried():
    """Those of trackers are handed over by the caller; docs and dev are not for users."""
    extras = PROJECT["optional-dependencies"].keys()
    assert set(NEEDS.values()) == extras - {"track", "docs", "dev"}
