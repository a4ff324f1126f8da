"""docs/bad-inputs.md is true: all 80 cases are there, their codes and tests exist."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autosample import cli
from autosample.cli import crash
from autosample.codes import CODES
from autosample.errors import AutosampleError

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "bad-inputs.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_all_eighty_cases_are_there_once() -> None:
    assert [int(row[0]) for row in ROW.findall(PAGE)] == list(range(1, 81))


def test_every_code_exists() -> None:
    for number, _, _, codes, _ in ROW.findall(PAGE):
        named = [] if codes == "—" else codes.split()
        assert set(named) <= set(CODES), number


def test_every_test_exists_and_would_be_collected() -> None:
    for number, _, _, _, test in ROW.findall(PAGE):
        found = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", test)
        assert found, f"case {number}: {test}"
        path = ROOT / found[1]
        assert path.name.startswith("test_"), path
        tree = ast.parse(path.read_text("utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert found[2] in defined, f"case {number}: {test}"


def test_no_test_of_a_case_can_be_skipped() -> None:
    """For want of the real data or of a browser."""
    for number, _, _, _, test in ROW.findall(PAGE):
        path, _, name = test.strip("`").partition("::")
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
        whole = [node for node in tree.body if isinstance(node, ast.Assign)]
        text = "\n".join(map(ast.unparse, [function, *whole]))
        assert not re.search(r"importorskip|skipif|pytest\.(mark\.)?skip", text), number


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_case_has_run(tmp_path) -> None:
    """All 80 now, in a process of their own: `pytest -m slow tests/test_bad_inputs.py`."""
    tests = sorted({test.strip("`") for *_, test in ROW.findall(PAGE)})
    out = tmp_path / "told.xml"
    command = [sys.executable, "-m", "pytest", "-n0", f"--junitxml={out}", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    cases = list(ElementTree.parse(out).iter("testcase"))
    assert not [case for case in cases if case.find("skipped") is not None]
    ran = {f"{case.get('classname')}::{case.get('name').partition('[')[0]}" for case in cases}
    assert ran == {test.replace(".py", "").replace("/", ".") for test in tests}


def test_what_is_refused_or_said_has_a_code() -> None:
    for number, _, what, codes, _ in ROW.findall(PAGE):
        if re.search(r"\b(refuses|says)\b", what):
            assert codes != "—", number


def test_exit_codes_are_those_in_the_text() -> None:
    assert cli.__doc__
    kinds = {kind.exit_code for kind in AutosampleError.__subclasses__()}
    for code in {0, 2, crash.EXIT_CODE, 130, 143} | kinds:
        assert re.search(rf"\b{code} ", PAGE), code
        assert re.search(rf"\b{code} ", cli.__doc__), code
