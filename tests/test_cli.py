import errno
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autosample import AutoSample, __version__
from autosample.cli import app, doctor, output, selfcheck
from autosample.cli.run import start
from autosample.data import Vocabulary
from autosample.errors import StoreError
from autosample.kernels import cache
from autosample.models import MODELS
from autosample.run import run
from autosample.samplers import SAMPLERS
from autosample.settings import Settings
from autosample.store import RunFolder
from autosample.store.files import locked
from tests.report import making
from tests.report.test_browser import BROWSER
from tests.tiny import QUICK, assert_same, quick, tiny_dataset, write_events

ROOT = Path(__file__).parent.parent
FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.items()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "run"
    RunFolder.create(path, tiny_dataset(), quick()).run()
    return path


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_run_does_what_fit_does(cli, tmp_path) -> None:
    events = write_events(tmp_path / "events.csv")
    code, out, err = cli("run", events, *FLAGS, "--out", "kept", "--json")
    assert code == 0
    told = json.loads(out)
    fitted = AutoSample(**QUICK).fit(events)
    assert told["metrics"] == fitted.metrics_
    assert told["schedule"] == [list(row) for row in fitted.schedule_]
    assert told["folder"] == "kept"
    assert told["dataset"]["users"] == 60
    assert "AS150: Read" in err
    assert_same(AutoSample.load("kept").result_, fitted.result_)


def test_what_it_says_to_type_can_be_typed(cli, tmp_path) -> None:
    """Also with a space in the folder's name."""
    where = tmp_path / "ein Lauf"
    code, out, err = cli("run", write_events(tmp_path / "e.csv"), *FLAGS, "--out", where)
    assert code == 0, err
    *_, line = out.splitlines()
    program, *words = shlex.split(line)
    assert (program, cli(*words)[0]) == ("autosample", 0)
    assert (where / "report.html").exists()


def test_run_takes_what_users_were_shown(cli, tmp_path) -> None:
    events = write_events(tmp_path / "events.csv")
    shown = tmp_path / "shown.csv"
    shown.write_text("".join(events.read_text().splitlines(keepends=True)[:9]))
    alone = ("--strategy=fixed", "--candidate=exposure", "--epochs=1", "--json", "--out")
    code, _, err = cli("run", events, "--exposed", shown, *alone, "with")
    assert code == 0
    assert "AS175: 8 pairs" in err
    code, _, err = cli("run", events, *alone, "without")
    assert code == 5
    assert "AS306" in err
    assert not Path("without").exists()


def test_run_says_what_it_found_and_where(cli, tmp_path) -> None:
    code, out, _ = cli(
        "run", write_events(tmp_path / "my events.csv"), *FLAGS, "--candidate", "dns:pool=2",
        "--candidate", "uniform", "--strategy", "exhaustive",
    )  # fmt: skip
    folder = next((tmp_path / "runs").iterdir())
    assert code == 0
    assert folder.name.startswith("my-events-")
    result = RunFolder.open(folder).result()
    assert result.settings.candidates == ("dns:pool=2", "uniform")
    assert f"{result.metrics['recall@10']:.4f}" in out
    assert result.schedule[0][0] in out
    assert f"autosample recommend runs/{folder.name} --user" in out


@pytest.mark.parametrize("goes_on", [False, True])
def test_runs_begun_in_one_second_get_folders_of_their_own(
    cli, tmp_path, monkeypatch, goes_on
) -> None:
    """Another takes the name after this one has looked whether it is free."""
    create = RunFolder.create

    def late(path, data, settings):
        monkeypatch.setattr(RunFolder, "create", create)
        create(path, data, settings)
        with locked(path) if goes_on else nullcontext():
            return create(path, data, settings)

    monkeypatch.setattr(RunFolder, "create", late)
    events = write_events(tmp_path / "events.csv")
    code, out, err = cli("run", events, *FLAGS, "--json")
    assert code == 0, err
    taken, own = sorted(Path("runs").iterdir())
    assert own.name == f"{taken.name}-2"
    assert json.loads(out)["folder"] == str(own)


def test_options_are_the_settings() -> None:
    """Every setting can be given, and the help shows the true defaults."""
    options = {p.name: p for p in command("run").params}
    for name, field in Settings.model_fields.items():
        if name == "metrics":  # all that a test reports
            continue
        shown = options[name].show_default
        if isinstance(shown, str) and field.default is not None and name != "candidates":
            assert shown == str(field.default), name
    assert start.__doc__


def command(name: str):
    import typer  # noqa: PLC0415

    return typer.main.get_command(app).commands[name]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["run", "nowhere.csv"], 3, "AS101"),
        (["run", "nowhere.csv", "--epochs", "0"], 4, "AS202"),
        (["run", "nowhere.csv", "--candidate", "dsn"], 4, "AS221"),
        (["run", "nowhere.csv", "--epochs", "many"], 2, "--epochs"),
        (["resume", "nowhere"], 7, "AS507"),
        (["recommend", "nowhere"], 7, "AS507"),
        (["explain", "AS999"], 4, "AS207"),
        (["run"], 2, "EVENTS"),
        (["trian"], 2, "trian"),
    ],
)
def test_errors_are_one_message_and_a_code(cli, arguments, code, word) -> None:
    got, out, err = cli(*arguments)
    assert (got, out) == (code, "")
    assert word.lower() in err.lower()
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["run", "event.csv"], "Did you mean 'events.csv'?"),
        (["run", "events.csv", "--strategy", "adaptve"], "did you mean 'adaptive'?"),
        (["run", "events.csv", "--model", "lightgcnn"], "Did you mean 'lightgcn'?"),
        (["run", "events.csv", "--split", "temporal"], "--time"),
        (["run", "events.csv", "--user", "user_idd"], "Did you mean 'user_id'?"),
    ],
)
def test_misspelt_words_are_answered_with_the_nearest(cli, arguments, hint, tmp_path) -> None:
    write_events(tmp_path / "events.csv")
    code, out, err = cli(*arguments)
    assert code in (3, 4)
    assert out == ""
    assert hint in err


@pytest.mark.parametrize(
    ("arguments", "code", "fix"),
    [
        (["run", "nowhere.csv"], "AS101", "Check the path."),
        (["run", "nowhere.csv", "--epochs", "many"], "AS200", "See `autosample run --help`."),
        (["bench", "wrok"], "AS200", "See `autosample bench --help`."),
        (["trian"], "AS200", "See `autosample --help`."),
    ],
)
def test_errors_are_json_as_well_where_that_was_asked_for(cli, arguments, code, fix) -> None:
    plain, _, _ = cli(*arguments)
    got, out, err = cli(*arguments, "--json")
    told = json.loads(out)["error"]
    assert got == plain
    assert (told["code"], told["fix"]) == (code, fix)
    assert err.strip() == f"{code}: {told['problem']} {fix}"


def test_a_mistake_in_the_program_is_json_too(cli, monkeypatch) -> None:
    monkeypatch.setattr("autosample.samplers.sampler_classes", lambda: 1 / 0)
    code, out, err = cli("samplers", "--json")
    told = json.loads(out)["error"]
    assert (code, told["code"]) == (70, "AS900")
    assert "ZeroDivisionError" in told["problem"]
    assert err.startswith("AS900")


def test_resume_of_a_finished_run_shows_it(cli, finished) -> None:
    code, out, err = cli("resume", finished, "--json")
    assert code == 0
    assert json.loads(out)["metrics"] == RunFolder.open(finished).result().metrics
    assert "is over" in err
    assert "Running" not in err


def test_resume_goes_on(cli, finished, tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "cut", tiny_dataset(), quick())

    def stop(progress):
        if progress.trial == 2:
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        folder.run(on_progress=stop)
    code, _, err = cli("resume", folder.path)
    assert code == 0
    assert "AS521" in err
    assert_same(folder.result(), RunFolder.open(finished).result())


@pytest.mark.parametrize("name", ["", "result.json"])
def test_repeat_gives_the_same(cli, finished, name) -> None:
    code, out, err = cli("repeat", finished / name, "--out", "again", "--json")
    assert code == 0
    assert "the same" in err
    told = json.loads(out)
    assert (told["folder"], told["same"]) == ("again", True)
    assert_same(RunFolder.open("again").result(), RunFolder.open(finished).result())


@pytest.mark.parametrize("with_test", [True, False])
def test_repeat_says_when_validation_ends_otherwise(cli, tmp_path, with_test) -> None:
    data, settings = making.tiny_dataset(with_test=with_test), quick(epochs=2)
    folder = RunFolder.create(tmp_path / "old", data, settings)
    folder.finish(replace(run(data, settings), valid_metric=0.5), data)
    _, out, err = cli("repeat", folder.path, "--json")
    assert "The metrics are other than in" in err
    assert json.loads(out)["same"] is False


def test_recommend_prints_or_writes(cli, finished) -> None:
    expected = AutoSample.load(finished).recommend(["u3", "u1"], k=2)
    code, out, _ = cli("recommend", finished, "--user", "u3", "--user", "u1", "-k", 2, "--json")
    assert code == 0
    assert json.loads(out)["recommendations"] == expected.to_dicts()
    _, out, _ = cli("recommend", finished, "--user", "u3", "-k", 2)
    assert out.splitlines()[0].split("\t") == expected.columns
    assert len(out.splitlines()) == 3
    readers = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}
    for ending, read in readers.items():
        code, out, _ = cli("recommend", finished, "-k", 2, "--out", f"all.{ending}")
        assert (code, out) == (0, "")
        assert read(f"all.{ending}")["user"].n_unique() == 60
    assert cli("recommend", finished, "--out", "all.xls")[0] == 4
    assert cli("recommend", finished, "--user", "nobody")[0] == 3
    assert cli("recommend", finished, "--user", "nobody", "--unknown", "popular", "-k", 2)[0] == 0


def test_recommend_takes_users_from_a_file_or_all(cli, finished) -> None:
    Path("ids.txt").write_text("\ufeffu3\r\nnobody\n\nu1", encoding="utf-8")
    code, out, err = cli("recommend", finished, "--users-file", "ids.txt")
    assert (code, out) == (3, "")
    assert "'nobody'" in err
    options = ("--users-file", "ids.txt", "--unknown", "skip", "-k", 2)
    _, out, _ = cli("recommend", finished, *options, "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == ["u3", "u3", "u1", "u1"]
    _, out, _ = cli("recommend", finished, "--all", "--format", "jsonl", "-k", 1)
    assert len({json.loads(line)["user"] for line in out.splitlines()}) == 60
    told = json.loads(cli("recommend", finished, "--out", "all.csv", "--json", "-k", 3)[1])
    assert told == {"file": "all.csv", "rows": 180}
    for wrong, code in (
        (["--all", "--user", "u1"], 4),
        (["--users-file", "none.txt"], 3),
        (["--format", "parquet"], 4),
        (["--format", "csv", "--json"], 4),
    ):
        assert cli("recommend", finished, *wrong)[0] == code


def test_recommend_lists_similar_items(cli, finished) -> None:
    item = AutoSample.load(finished).recommend("u1", k=1)["item"][0]
    _, out, _ = cli("recommend", finished, "--similar-to", item, "-k", 2, "--json")
    rows = json.loads(out)["recommendations"]
    assert [(row["item"], row["rank"]) for row in rows] == [(item, 1), (item, 2)]
    assert rows[0]["score"] >= rows[1]["score"]
    assert cli("recommend", finished, "--similar-to", "nothing")[0] == 3


def test_export(cli, finished) -> None:
    _, out, _ = cli("export", finished, "trec", "--to", "trec", "-k", 5)
    assert [line.split("\t")[0] for line in out.splitlines()] == ["file", "run.trec", "qrels.trec"]
    told = json.loads(cli("export", finished, "shop", "--to", "recbole", "--json")[1])
    assert (told["folder"], told["export"], told["name"]) == ("shop", "recbole", "shop")
    code, _, err = cli("export", finished, "other", "--to", "onyx")
    assert code == 4
    assert "Did you mean 'onnx'?" in err


def test_lists(cli, finished) -> None:
    for name, known in (("samplers", SAMPLERS), ("models", MODELS)):
        rows = json.loads(cli(name, "--json")[1])["rows"]
        assert [next(iter(row.values())) for row in rows] == list(known)
        assert all(row["what"] for row in rows)
        assert len(cli(name)[1].splitlines()) == len(known) + 1
    shutil.copytree(finished, "runs/good")
    RunFolder.create("runs/open", tiny_dataset(), quick())
    shutil.copytree(finished, "runs/torn")
    Path("runs/torn/settings.json").write_text("{")
    with pytest.raises(StoreError, match="AS511"):
        RunFolder.create("runs/stopped", tiny_dataset(), quick()).run(should_stop=lambda: True)
    before = time.time() - 7300
    for path in Path("runs/stopped/checkpoints").iterdir():
        os.utime(path, (before, before))
    rows = json.loads(cli("runs", "--json")[1])["rows"]
    assert [row["state"] for row in rows] == ["finished", "unfinished", "unfinished", "damaged"]
    good, new, stopped, _ = rows
    result = RunFolder.open(finished).result()
    assert (good["test"], good["cost"]) == (result.metrics["ndcg@20"], result.trainings)
    assert new["checkpoint"] is None
    assert 7300 <= stopped["checkpoint"] < 7400
    assert new["data"].startswith("60 users, 80 items, ")
    table = [line.split("\t") for line in cli("runs")[1].splitlines()]
    assert table[0] == list(good)
    assert table[1][-2:] == [f"{good['test']:.4f}", f"{good['cost']:.1f}"]
    assert table[3][2] == "2 h ago"
    with locked(Path("runs/open")):
        assert "running" in cli("runs")[1]
    Path("elsewhere").mkdir()
    code, out, err = cli("runs", "elsewhere")
    assert (code, out, err) == (0, "", "There are no runs in elsewhere.\n")


def test_a_folder_of_runs_that_is_named_must_be_there(cli) -> None:
    """One that is not named comes with the first run."""
    code, out, err = cli("runs")
    assert (code, out, err) == (0, "", "There are no runs in runs.\n")
    Path("file").touch()
    for name in ("nowhere", "file"):
        code, out, err = cli("runs", name)
        assert (code, out, err.startswith(f"AS516: There is no folder {name}.")) == (7, "", True)
    assert json.loads(cli("runs", "nowhere", "--json")[1])["error"]["code"] == "AS516"


def test_report_is_written_and_compares_runs(cli, finished, tmp_path) -> None:
    page = tmp_path / "page.html"
    code, out, err = cli("report", finished, "--out", page, "--against", finished, "--json")
    assert code == 0, err
    assert json.loads(out) == {"report": str(page), "bytes": page.stat().st_size}
    text = page.read_text("utf-8")
    assert "numba" in text  # the environment
    assert f"autosample repeat {finished}" in text
    others = [tmp_path / parent / "same" for parent in ("one", "two")]
    for folder, pool in zip(others, (2, 3), strict=True):
        settings = quick(strategy="fixed", candidates=[f"dns:pool={pool}"], epochs=1)
        RunFolder.create(folder, tiny_dataset(), settings).run()
    against = [word for folder in others for word in ("--against", folder)]
    assert cli("report", finished, "--out", page, *against)[0] == 0
    text = page.read_text("utf-8")
    assert all(f"dns:pool={pool}" in text for pool in (2, 3)), "folders of one name are both shown"
    code, _, err = cli("report", str(tmp_path / "none"))
    assert code == 7
    assert "AS5" in err


def test_a_report_beside_a_run_on_another_test_is_refused(cli, finished) -> None:
    """Also where every user has as many test items in both."""
    data = tiny_dataset()
    renamed = replace(data, items=Vocabulary(data.items.names.reverse()))
    RunFolder.create("other", renamed, quick(strategy="fixed", epochs=1)).run()
    code, _, err = cli("report", finished, "--against", "other")
    assert (code, err.startswith("AS145")) == (3, True)


def test_explain(cli) -> None:
    for written in ("as120", "120"):
        code, out, _ = cli("explain", written)
        assert code == 0
        assert "--min-rating" in out


def test_version(cli) -> None:
    assert cli("--version")[1] == f"autosample {__version__}\n"


def test_help_does_not_load_torch() -> None:
    done = python(
        "import sys; from autosample.cli import main; code = main(['--help']);"
        "heavy = {'torch', 'numba', 'polars', 'numpy', 'pydantic'} & set(sys.modules);"
        "print(code, sorted(heavy), file=sys.stderr)"
    )
    assert done.stderr == "0 []\n"
    assert "recommend" in done.stdout


def test_module_can_be_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autosample", "explain", "AS501"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("AS501: A new run")


def test_without_a_writable_cache_kernels_go_to_a_temporary_folder(tmp_path) -> None:
    """A read-only home, played by folders that cannot be."""
    code = (
        "import os; os.access = lambda *a: False;"
        "import autosample; print(os.environ['NUMBA_CACHE_DIR'])"
    )
    folder = Path(python(code, TMPDIR=str(tmp_path)).stdout.strip())
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o077 == 0


def test_a_cache_that_others_could_fill_is_not_used(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    planted = tmp_path / f"autosample-kernels-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    assert cache._private_folder() != planted
    planted.chmod(0o700)
    assert cache._private_folder() == planted


def test_doctor(cli, monkeypatch) -> None:
    code, out, _ = cli("doctor", "--json")
    facts = json.loads(out)
    assert code == 0, facts
    assert set(facts["checks"].values()) == {"fine"}
    assert not facts.keys() & facts["checks"].keys()  # the table shows both
    assert facts["torch"]
    assert facts["cores"] >= 1
    assert facts["chromium"] == (BROWSER or "not there; only the tests of pages need it")
    monkeypatch.setattr(selfcheck, "pair_scores", lambda *a: selfcheck.pair_scores_torch(*a) + 1)
    code, out, _ = cli("doctor")
    assert code == 1
    assert "score differs from torch" in out


def test_schedules_in_words() -> None:
    assert output._in_words(()) == "nothing better than no training"
    assert output._in_words((("a", 1), ("b", 3))) == "a for 1 epoch, then b for 3 epochs"
    long = tuple((name, 2) for name in "abcd")
    assert output._in_words(long) == "8 epochs in 4 steps from a to d"


@pytest.mark.parametrize(
    ("settings", "trials"),
    [
        ({"strategy": "exhaustive", "candidates": ["uniform", "popularity"]}, 8),
        ({"strategy": "halving", "candidates": ["uniform", "popularity", "dns"]}, 5),
        ({"strategy": "fixed"}, 4),
    ],
)
def test_the_expected_trials_are_those_of_a_run_without_early_stopping(settings, trials) -> None:
    seen = []
    from autosample.run import run  # noqa: PLC0415

    run(tiny_dataset(), quick(**settings), on_progress=seen.append)
    assert output.expected_trials(quick(**settings)) == seen[-1].trial == trials


def test_demo_prints_its_table(cli, monkeypatch) -> None:
    from autosample import demo  # noqa: PLC0415

    compare = demo.compare
    monkeypatch.setattr(
        demo, "compare", lambda seed: compare(n_users=40, n_items=60, epochs=2, dim=4, seed=seed)
    )
    code, out, err = cli("demo")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()[1:-1]] == [*demo.CANDIDATES, "search"]
    assert "Simulating who likes what" in err
    told = json.loads(cli("demo", "--json")[1])
    assert np.isfinite([row["ndcg"] for row in told["rows"]]).all()


@pytest.mark.parametrize(
    ("name", "change", "fix"),
    [
        (
            "versions",
            lambda patch: patch.setattr(doctor, "version", lambda name: "2.9.1+cpu"),
            "pip",
        ),
        ("thread settings", lambda patch: patch.setenv("OMP_NUM_THREADS", "4096"), "unset"),
        ("memory", lambda patch: patch.setattr("autosample.memory.free", lambda *_: 9), "end"),
        ("disk", lambda patch: patch.setattr(doctor.shutil, "disk_usage", no_room), "make room"),
        (
            "run folders",
            lambda patch: patch.setattr(doctor.tempfile, "TemporaryDirectory", read_only),
            "go to another one",
        ),
    ],
)
def test_doctor_says_what_to_do(name, change, fix, monkeypatch) -> None:
    assert doctor._CHECKS[name]() == ""
    change(monkeypatch)
    assert fix in doctor._CHECKS[name]()


def no_room(path):
    return shutil._ntuple_diskusage(10, 10, 0)


def read_only(**_):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_doctor_names_the_extra_to_install(monkeypatch) -> None:
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    told = doctor._resources()
    for extra in ("serve", "export", "frames", "track", "tune"):
        assert told[f"extra {extra}"] == f"pip install 'autosample[{extra}]'"
