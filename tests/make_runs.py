"""Writes the run folders in tests/folders: ``python -m tests.make_runs``, once for each format."""

import shutil
from pathlib import Path

from autosample.errors import StoreError
from autosample.store import RunFolder
from autosample.store.manifest import FORMAT
from tests.tiny import quick, tiny_dataset

RUNS = Path(__file__).parent / "folders"
SETTINGS = {
    "strategy": "exhaustive",
    "candidates": ["dns:pool=2", "nscaching"],
    "epochs": 4,
    "dim": 4,
}


def main() -> None:
    for state, steps in (("finished", 10**6), ("unfinished", 25)):
        path = RUNS / f"format-{FORMAT}-{state}"
        shutil.rmtree(path, ignore_errors=True)
        asked = iter(range(steps))
        folder = RunFolder.create(path, tiny_dataset(), quick(**SETTINGS))
        try:
            folder.run(should_stop=lambda asked=asked: next(asked, None) is None)
        except StoreError as error:
            print(error)
        (path / "lock").unlink()


if __name__ == "__main__":
    main()
