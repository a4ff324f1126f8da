"""An environment for every peer, made from PyPI, and what it weighs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

WORKERS = Path(__file__).parent / "workers"
REPOSITORY = Path(__file__).parents[2]
TORCH = "torch==2.13.0"  # always in the same command, so that nothing else picks the build

#: What pip installs for each peer. RecBole needs what was current when it was written.
REQUIREMENTS = {
    "implicit": ["implicit==0.7.3"],
    "cornac": ["cornac==3.0.1"],
    "lenskit": ["lenskit==2025.8.1", TORCH],
    "recbole": ["recbole==1.2.1", TORCH, "setuptools<81", "numpy<2", "pandas<3", "scipy<1.13"],
    "torch": [TORCH, "numpy==2.4.6"],
}
OURS = "ours"

#: What a user imports first, by the name of the distribution.
IMPORTS = {
    "autosample": "from autosample import AutoSample",
    "implicit": "import implicit.bpr",
    "cornac": "import cornac",
    "lenskit": "import lenskit.flexmf",
    "recbole": "import recbole.quick_start",
    "torch": "import torch",
}
_INSTALL_SECONDS, _RUN_SECONDS = 1800, 120


def python_of(peer: str, work: Path) -> Path:
    """The interpreter that runs a peer's worker; ours is the current one."""
    return Path(sys.executable) if peer == OURS else work / "venvs" / peer / "bin" / "python"


def worker_of(peer: str, source: Path | None = None) -> Path:
    """The file that does a peer's work, or ours in another checkout."""
    folder = WORKERS if source is None else source / WORKERS.relative_to(REPOSITORY)
    return folder / ("ours.py" if peer == OURS else f"with_{peer}.py")


def prepare(peer: str, work: Path) -> str | None:
    """Install a peer unless that was done before; returns what went wrong."""
    folder, wanted = work / "venvs" / peer, REQUIREMENTS[peer]
    done = folder / "requirements.json"
    if done.exists() and json.loads(done.read_text()) == wanted:
        return None
    venv.create(folder, clear=True, with_pip=True)
    command = [str(python_of(peer, work)), "-m", "pip", "install", "--quiet", *wanted]
    try:
        subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        return f"pip took more than {error.timeout} s"
    except subprocess.CalledProcessError as error:
        return f"pip: {error.stderr.strip()[-500:]}"
    done.write_text(json.dumps(wanted))
    return None


def describe(peer: str, work: Path) -> dict[str, Any]:
    """Size with all that it depends on, in MB, and seconds of the first import (median of 3)."""
    python, name = str(python_of(peer, work)), "autosample" if peer == OURS else peer
    try:
        size = subprocess.run(
            [python, WORKERS / "footprint.py", name],
            capture_output=True,
            text=True,
            check=True,
            timeout=_RUN_SECONDS,
        )
        imports = sorted(seconds_of([python, "-c", IMPORTS[name]]) for _ in range(3))
    except subprocess.CalledProcessError as error:
        return {"error": str(error.stderr).strip()[-500:]}
    return {**json.loads(size.stdout), "import_seconds": imports[1]}


def seconds_of(command: list[str], **options: Any) -> float:
    """Wall time of a command, from its start to its end."""
    started = time.perf_counter()
    subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=_RUN_SECONDS, **options
    )
    return time.perf_counter() - started
