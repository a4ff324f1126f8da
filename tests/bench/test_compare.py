"""One command from events to a verdict, and the same command after a kill."""

import json
import shutil
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autosample.bench import JobTable, gather
from autosample.bench.verdict import verdict, winner
from autosample.bench.work import Worker
from autosample.cli import main
from autosample.run import run
from autosample.store import RunFolder
from tests.bench.making import SAMPLERS, SHORT, write_file
from tests.bench.test_commands import set_state
from tests.tiny import assert_same

FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in SHORT.items()]
FLAGS += [f"--sampler={sampler}" for sampler in SAMPLERS]


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    top = tmp_path_factory.mktemp("compare")
    events = write_file(top / "events.csv")
    return ["compare", str(events), *FLAGS, "--seeds", "2", "--out", str(top / "out")]


@pytest.fixture(scope="module")
def done(command):
    """Stopped after two of six jobs, then done by the same command."""
    real, left = Worker._carry_out, [2]

    def stop(worker, job, path):
        if not left[0]:
            signal.raise_signal(signal.SIGTERM)
        left[0] -= 1
        return real(worker, job, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "_carry_out", stop)
        assert main(command) == 143
    assert main(command) == 0
    return command


def told(capsys, *arguments):
    assert main(list(arguments)) == 0
    return capsys.readouterr()


def test_everything_is_trained_once_and_told(done, capsys):
    found = json.loads(told(capsys, *done, "--json").out)
    assert [r["label"] for r in found["runs"]] == [*SAMPLERS, "adaptive"] * 2
    assert [r["seed"] for r in found["runs"]] == [0] * 3 + [1] * 3
    assert len({r["fingerprint"] for r in found["runs"]}) == 1  # one split for all seeds
    assert found["commands"][0] == " ".join(["autosample", *done])
    assert found["says"] == verdict(found["cells"][0])


def test_people_see_a_table_a_sentence_and_where_the_page_is(done, capsys):
    out = told(capsys, *done).out
    lines = out.splitlines()
    assert lines[0].startswith("label\tndcg@20\tgain")
    assert [line.split("\t")[0] for line in lines[1:4]] == [*SAMPLERS, "adaptive"]
    assert " won: NDCG@20 0." in lines[4]
    assert "It cost" in lines[4]
    assert "compare.html" in lines[5]
    assert "p adjusted (Holm) for these comparisons" in lines[6]  # the page has others
    page = (Path(done[-1]) / "compare.html").read_text("utf-8")
    assert "adjusted for these 2 comparisons (Holm)" in page


def test_the_page_is_that_of_the_winner_and_compares_all(done, capsys):
    cell = json.loads(told(capsys, *done, "--json").out)["cells"][0]
    best = max(cell["rows"], key=lambda row: row["test"])["label"]
    page = (Path(done[-1]) / "compare.html").read_text("utf-8")
    assert f"{best} won among 3 on events" in page
    assert "this run" not in page
    assert all(f"against {label}" in page.replace("the best fixed sampler, ", "")
               for label in {*SAMPLERS, "adaptive"} - {best})  # fmt: skip
    assert "<script" not in page


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_shows_who_won_by_how_much_in_a_browser(done, width):
    """Bars as long as what was reached, and a paired difference to every other."""
    from tests.report import test_browser as chromium  # noqa: PLC0415  skips without playwright

    if chromium.BROWSER is None:
        pytest.skip("needs chromium, which is not installed")
    cell = json.loads((Path(done[-1]) / "compare.json").read_text("utf-8"))["cells"][0]
    rows = sorted(cell["rows"], key=lambda row: -row["test"])
    best = rows[0]["label"]
    said = []
    with chromium.sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.BROWSER, args=chromium.FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.goto((Path(done[-1]) / "compare.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        reached = page.get_by_role("img", name="NDCG@20 on test users", exact=True)
        bars = [one.bounding_box()["width"] for one in reached.locator("rect").all()]
        apart = page.get_by_role("img", name=f"NDCG@20: {best} minus others", exact=True)
        assert apart.locator("circle").count() == len(rows) - 1
        lead = page.locator(".lead").first.inner_text()
        browser.close()
    assert max(bars) == bars[0]
    shares = sorted(bar / bars[0] for bar in bars)
    assert shares == pytest.approx(sorted(r["test"] / rows[0]["test"] for r in rows), abs=0.01)
    assert " won" in lead
    assert said == []


def test_a_run_of_the_comparison_is_a_run(done, capsys):
    found = json.loads(told(capsys, *done, "--json").out)
    last = found["runs"][-1]
    folder = RunFolder.open(f"{done[-1]}/runs/{last['key']}")
    assert_same(folder.result(), run(folder.dataset(), folder.settings()))


def row(label, test, gain=None, p=0.01, **more):
    users = {} if gain is None else {"gain": gain, "users": {"p_holm": p}}
    return {"label": label, "test": test, "trainings": 2.2, "seconds": 45.0,
            "share_of_exhaustive": 0.4, **users, **more}  # fmt: skip


def test_its_page_is_written_again_by_report(done, capsys, tmp_path):
    folder = Path(done[-1])
    out = tmp_path / "again.html"
    assert told(capsys, "report", str(folder), "--out", str(out)).out == f"Wrote {out}\n"
    assert out.read_bytes() == (folder / "compare.html").read_bytes()
    assert main(["report", str(folder), "--against", str(folder)]) == 4
    assert "AS208" in capsys.readouterr().err


def test_of_one_that_was_stopped_the_page_has_the_seeds_that_can_be_compared(
    done, capsys, tmp_path
):
    folder = shutil.copytree(done[-1], tmp_path / "stopped")
    runs = {run["label"]: run["key"] for run in gather([folder])["runs"] if run["seed"] == 1}
    set_state(folder, runs[SAMPLERS[0]], "waiting")
    assert "3 runs are not over or not compared yet" in told(capsys, "report", str(folder)).err
    assert "seed 1" not in (folder / "compare.html").read_text("utf-8")
    for one in gather([folder])["runs"]:
        set_state(folder, one["key"], "done" if one["label"] == SAMPLERS[1] else "waiting")
    assert main(["report", str(folder)]) == 7  # one of two samplers is over with every seed
    assert "AS509" in capsys.readouterr().err


def test_runs_lists_it_as_unfinished_while_jobs_have_not_begun(done, capsys, tmp_path):
    folder = shutil.copytree(done[-1], tmp_path / "more")
    table = JobTable(folder)
    (first, *_) = (row.job for row in table.rows())
    later = replace(first, settings=first.settings.model_copy(update={"seed": 9}))
    table.add([later], "autosample compare")
    table.close()
    (one,) = json.loads(told(capsys, "runs", str(tmp_path), "--json").out)["rows"]
    assert (one["state"], one["strategy"]) == ("unfinished", "6 of 7 compared")


def test_runs_lists_it_as_one_and_its_runs_by_sampler(done, capsys):
    folder = Path(done[-1])
    (one,) = json.loads(told(capsys, "runs", str(folder.parent), "--json").out)["rows"]
    rows = json.loads(told(capsys, "runs", str(folder), "--json").out)["rows"]
    assert (one["run"], one["state"]) == (str(folder), "finished")
    assert one["strategy"] == f"{len(rows)} compared" == "6 compared"
    assert one["test"] == max(row["test"] for row in rows)
    assert one["cost"] == pytest.approx(sum(row["cost"] for row in rows))
    names = {(row["strategy"], row["seed"]) for row in rows}
    fixed = [f"fixed:{sampler}" for sampler in SAMPLERS]
    assert names == {(name, seed) for name in [*fixed, "adaptive"] for seed in (0, 1)}


def test_what_one_page_cannot_show_is_said(tmp_path, capsys):
    events = write_file(tmp_path / "events.csv")
    out = str(tmp_path / "bench")
    plan = ["bench", "plan", out, "--data", str(events), "--seeds", "1", "--strategy", "fixed"]
    for dim in (4, 8):
        sets = ["--set", f"dim={dim}", "--set", "epochs=1", "--candidate", "uniform"]
        assert main([*plan, *sets]) == 0
    assert main(["report", out]) == 7
    assert "AS509" in capsys.readouterr().err
    with (
        closing(JobTable(Path(out))) as typed,
        closing(JobTable(tmp_path / "code", create=True)) as added,
    ):
        added.add(row.job for row in typed.rows())
    assert main(["report", str(tmp_path / "code")]) == 7
    assert f"Go on with: autosample bench work {tmp_path / 'code'}" in capsys.readouterr().err
    assert main(["bench", "work", out, "--keep"]) == 0
    assert main(["report", out]) == 7
    told = capsys.readouterr().err
    assert "AS533" in told
    assert "For example: 'dim 4', 'dim 8'." in told


def test_strategies_under_other_settings_are_refused_before_anything_is_trained(tmp_path, capsys):
    events, out = str(write_file(tmp_path / "events.csv")), tmp_path / "out"
    more = ["--strategy", "adaptive", "--strategy", "adaptive:patience=3"]
    assert main(["compare", events, *FLAGS, *more, "--out", str(out)]) == 4
    assert "AS209" in capsys.readouterr().err
    assert not out.exists()
    one = ["--strategy", "adaptive:retrain=scratch", "--seeds", "1"]
    assert main(["compare", events, *FLAGS, *one, "--out", str(out)]) == 0


def test_sentences():
    fixed = row("dns:pool=4", 0.2)
    cell = {"metric": "ndcg@20", "best_fixed": {0: "dns:pool=4"}}
    won = verdict({**cell, "rows": [fixed, row("adaptive", 0.21, 0.05)]})
    assert won.replace("\u00a0", " ") == (
        "adaptive won: NDCG@20 0.2100 on the test users, +5.0% against dns:pool=4, the best "
        "sampler alone by validation (significant, p = .010). It cost 2.2 trainings and 45 s, 40% "
        "of training each sampler alone."
    )
    lost = verdict({**cell, "rows": [fixed, row("adaptive", 0.19, -0.05, p=0.4)]})
    assert lost.startswith(
        "dns:pool=4 won: NDCG@20 0.2000 on the test users; no other is above it."
    )
    assert "Next is adaptive, −5.0% against it (not significant, p\u00a0=\u00a0.40)" in lost
    tied = {**cell, "rows": [fixed, row("adaptive", 0.2, 0.0, p=1.0)]}
    assert verdict(tied).startswith(f"{winner(tied)} won")  # the page says so too
    assert "too few users" in verdict({**cell, "rows": [fixed, row("adaptive", 0.21, 0.05, None)]})
    assert "no test split" in verdict({**cell, "rows": [row("adaptive", None)]})
    assert verdict({**cell, "rows": [fixed]}).startswith("dns:pool=4 won")
