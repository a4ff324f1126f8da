"""Examples run as they stand, and learn."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, capsys, use_threads):
    """A random order of 500 items has an NDCG@20 of about .02."""
    use_threads(1)
    ndcg = runpy.run_path(str(path))["main"]()
    assert ndcg > 0.06
    assert f"{ndcg:.4f}" in capsys.readouterr().out


def test_there_are_examples():
    assert EXAMPLES
