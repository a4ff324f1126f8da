"""Small data on disk, and benches of runs that take a fraction of a second."""

from pathlib import Path

from autosample.bench import JobTable, Source, plan
from tests.tiny import QUICK, tiny_dataset, write_events

SHORT = {**QUICK, "epochs": 4, "window": 1}
SAMPLERS = ("uniform", "dns:pool=4")


def write_parts(folder: Path, seed: int = 0) -> Path:
    """Train and test of the tiny dataset as files of a folder."""
    dataset = tiny_dataset(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", dataset.train), ("test", dataset.test)):
        names = (dataset.users.ids(part.users), dataset.items.ids(part.items))
        rows = [f"{user},{item}" for user, item in zip(*names, strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["user_id,item_id", *rows]))
    return folder


def write_file(path: Path) -> Path:
    return write_events(path)


def jobs(path: Path, strategies=("fixed", "adaptive"), seeds=(0,), **settings):
    return list(
        plan(
            [Source(path)],
            models=["mf"],
            strategies=strategies,
            seeds=seeds,
            candidates=SAMPLERS,
            settings={**SHORT, **settings},
        )
    )


def table_of(folder: Path, planned) -> JobTable:
    table = JobTable(folder, create=True)
    table.add(planned, "autosample bench plan")
    return table
