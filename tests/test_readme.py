"""README and CONTRIBUTING say what is so: commands exist, code runs, numbers come from results."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autosample.samplers import SAMPLERS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_two_commands_are_there_and_ci_runs_the_second():
    demo, check = [line.split()[0] for line in blocks(README, "")[0].splitlines()]
    for command in (demo, check):
        assert os.access(ROOT / command, os.X_OK)
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith(check)


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_python_blocks_run(number, tmp_path):
    code = blocks(README, "python")[number]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ndcg@20" in done.stdout
    assert "u1" in done.stdout


def test_commands_that_texts_name_exist():
    texts = [README, (ROOT / "CONTRIBUTING.md").read_text()]
    texts += [path.read_text() for path in (ROOT / "docs").glob("*.md")]
    named = {
        name
        for text in texts
        for name in re.findall(r"(?:`|^)autosample ([a-z]+)", text, re.MULTILINE)
    }
    helped = subprocess.run(
        [sys.executable, "-m", "autosample", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert {"run", "recommend", "resume"} <= named
    for name in named:
        assert f" {name} " in helped, name


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_results_table_is_that_of_the_json_file():
    report = json.loads((ROOT / "benchmarks/results/matrix.json").read_text())
    for cell in report["cells"]:
        (line,) = (x for x in README.splitlines() if x.startswith(f"| {cell['dataset']}, ")
                   and f", {cell['model']} |" in x.lower())  # fmt: skip
        for row in (row for row in cell["rows"] if not row["fixed"]):
            assert f"{row['gain']:+.1%}".replace("-", "−") in line
        (own,) = (row for row in cell["rows"] if row["label"] == "adaptive")
        assert f"{own['test']:.4f}"[1:] in line
        assert f"{own['trainings']:.1f} trainings" in line
    assert all(command.startswith("autosample bench ") for command in report["commands"])


def test_the_published_result_is_beaten_by_what_the_json_file_says():
    name = "fidelity-yelp2018-lightgcn-adaptive.json"
    found = json.loads((ROOT / "benchmarks/results" / name).read_text())
    assert found["met"]
    told = [f"{found[m]:.4f}"[1:] for m in ("recall@20", "ndcg@20")]
    told += [str(found["published"][m])[1:] for m in ("recall@20", "ndcg@20")]
    told += [f"{found['minutes']:.0f} minutes"]
    for page in (README, (ROOT / "docs/how-the-search-works.md").read_text()):
        assert name in page
        assert all(number in page for number in told)


def test_the_figures_of_mf_on_yelp2018_are_those_of_the_json_file():
    report = json.loads((ROOT / "benchmarks/results/matrix.json").read_text())
    (test,) = (
        run["test"]
        for run in report["runs"]
        if (run["dataset"], run["model"], run["label"]) == ("yelp2018", "mf", "adaptive")
    )
    page = " ".join((ROOT / "docs/how-the-search-works.md").read_text().split())
    recall, ndcg = (f"{test[name]:.4f}"[1:] for name in ("recall@20", "ndcg@20"))
    assert f"With MF, without a replay, the search has {recall} and {ndcg} " in page


def test_the_sampler_count_is_right():
    assert f"{len(SAMPLERS)} of them" in README
    assert f"- {len(SAMPLERS)} samplers" in (ROOT / "CHANGELOG.md").read_text()


def test_the_figures_of_the_server_under_load_are_those_of_the_json_file():
    found = json.loads((ROOT / "benchmarks/results/serve-load.json").read_text())
    page = " ".join((ROOT / "docs/use.md").read_text().split())
    assert found["errors"] == 0
    assert f"{found['clients']} clients" in page
    assert f"over {found['items']:,} items" in page
    assert f"{found['requests_per_second']:.0f} answers per second" in page
    assert (
        f"half of them within {found['p50_ms']:.0f} ms and 99 % within {found['p99_ms']:.0f}"
        in page
    )
    assert f"replaced {found['swaps']} times" in page


def test_the_speed_table_is_that_of_the_docs():
    page = (ROOT / "docs" / "speed.md").read_text().partition("## Rates")[0]
    ratio = dict(re.findall(r"^\| ([^|]+) \| at least [^|]+ \| ([\d.]+)x", page, re.MULTILINE))
    rows = {
        "MF, uniform": ["MF training : RecBole", "MF training : LensKit's best",
                        "MF training : torch SparseAdam"],
        "MF, hardest": ["DNS-32 on MF : RecBole", "DNS-32 on MF : plain torch"],
        "LightGCN, its": [f"LightGCN training, batch 16384 : {rival}"
                          for rival in ("RecBole", "LensKit", "best plain torch")],
        "full ranking": ["full ranking : RecBole", "full ranking : implicit"],
        "uniform draws": ["uniform draws : LensKit", "popularity draws : LensKit"],
    }  # fmt: skip
    for start, names in rows.items():
        (line,) = (line for line in README.splitlines() if line.startswith(f"| {start}"))
        told = [float(number) for number in re.findall(r"[\d.]+", line.split("|")[3])]
        assert told == [float(f"{float(ratio[name]):.2g}") for name in names]
