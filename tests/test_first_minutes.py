"""A newcomer's first ten minutes, from an empty environment."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "first-minutes"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_everything_works_out_of_the_box():
    done = subprocess.run([SCRIPT], capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " won: NDCG@20 " in done.stdout
    assert "faiss and onnxruntime give" in done.stdout
    assert "the server gives the same" in done.stdout
    assert done.stdout.endswith("All of it works.\n")
