import json
import math
import os
import shutil
import time
from dataclasses import replace

import pytest

from autosample.errors import AutosampleError
from autosample.serve.live import look, rivals
from autosample.store import RunFolder
from tests.serve.making import finished
from tests.tiny import quick, tiny_dataset


def test_a_run_that_is_over() -> None:
    live, folder = look("one", finished()), RunFolder.open(finished())
    result = folder.result()
    assert (live.name, live.state, live.tested) == ("one", "finished", True)
    assert live.value == result.metrics["ndcg@20"]
    assert (live.schedule, live.trainings) == (result.schedule, result.trainings)
    assert list(live.history) == result.history
    assert live.settings == result.settings


def test_a_run_that_goes_on(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick())
    new = look("run", folder.path)
    assert (new.state, new.trainings, new.epochs) == ("unfinished", 0.0, 0)
    assert math.isnan(new.value)
    seen = []

    def watch(progress):
        seen.append(look("run", folder.path))

    result = folder.run(on_progress=watch)
    assert [one.epochs for one in seen] == list(range(1, len(seen) + 1))
    assert {one.state for one in seen} == {"running"}
    assert seen[-1].trainings == pytest.approx(result.trainings)
    values = [one.value for one in seen if not math.isnan(one.value)]
    assert values == sorted(values)
    assert values[-1] <= result.valid_metric
    assert not seen[-1].tested


def test_the_schedule_is_that_of_the_last_checkpoint(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick())
    assert look("run", folder.path).schedule == ()
    with pytest.raises(AutosampleError, match="AS511"):
        folder.run(should_stop=lambda: look("run", folder.path).epochs > 20)
    live = look("run", folder.path)
    records = [record for record in live.history if record["kind"] == "evaluation"]
    best = max(records, key=lambda record: record["value"])
    assert sum(epochs for _, epochs in live.schedule) == best["epochs"] > 0
    assert best["sampler"] == live.schedule[-1][0]


def test_rivals_were_tested_alike(tmp_path) -> None:
    live = look("one", finished())
    other, new = replace(live, name="two"), replace(live, name="new", tested=False)
    elsewhere = replace(live, name="three", data="other data")
    assert rivals(live, [live, other, new, elsewhere]) == [other]
    assert live.data == RunFolder.open(finished()).dataset().fingerprint()
    assert live.label == "adaptive"


def test_an_unfinished_run_and_a_line_cut_off(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick())
    records = RunFolder.open(finished()).result().history[:3]
    text = "".join(f"{json.dumps(record)}\n" for record in records)
    (folder.path / "history.jsonl").write_text(text + '{"kind": "epo')
    os.utime(folder.path / "history.jsonl", (0, time.time() - 3600))
    live = look("run", folder.path)
    assert live.state == "unfinished"
    assert 3590 < live.seconds < 3700
    assert live.history == records


@pytest.mark.parametrize("name", ["manifest.json", "settings.json", "history.jsonl", "result.json"])
@pytest.mark.parametrize("content", ["{", "[]", '"x"\n', '{"sha256": 3}\n', "\x00"])
def test_damage_is_said_and_does_no_harm(tmp_path, name, content) -> None:
    path = shutil.copytree(finished(), tmp_path / "run")
    (path / name).write_text(content)
    live = look("run", path)
    if name != "history.jsonl" or content.endswith("\n"):  # else it is a line cut off
        assert live.state == "damaged"
