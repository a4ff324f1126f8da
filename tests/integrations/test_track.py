"""Trackers for real: what they stored is read back and is the history."""

import json

import pytest

from autosample import AutoSample
from autosample.integrations import to_mlflow, to_tensorboard, to_wandb
from tests.tiny import QUICK, tiny_dataset

DATA = tiny_dataset()


def fit(on_record, **options):
    return AutoSample(**{**QUICK, "epochs": 4}).fit(DATA, on_record=on_record, **options)


def expected(history, kind, key):
    """(step, value) as a tracker should have it."""
    return [(r["positives_so_far"], r[key]) for r in history if r["kind"] == kind]


def test_every_record_is_passed_on_once_also_from_a_folder(tmp_path):
    told = []
    fitted = fit(told.append, folder=tmp_path / "run")
    assert told == fitted.history_
    again = []
    AutoSample(**{**QUICK, "epochs": 4}).fit(DATA, on_record=again.append)
    assert [r["kind"] for r in again] == [r["kind"] for r in told]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard.*")
def test_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import (  # noqa: PLC0415
        EventAccumulator,
    )
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415

    with SummaryWriter(tmp_path) as writer:
        history = fit(to_tensorboard(writer)).history_
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    for tag, kind, key in (
        ("train/loss", "epoch", "loss"),
        ("train/hardness", "epoch", "hardness"),
        ("valid/metric", "evaluation", "value"),
    ):
        stored = [(event.step, event.value) for event in events.Scalars(tag)]
        steps, values = zip(*expected(history, kind, key), strict=True)
        assert [step for step, _ in stored] == list(steps)
        assert [value for _, value in stored] == pytest.approx(values, rel=1e-6)
    reasons = [
        event.tensor_proto.string_val[0].decode()
        for event in events.Tensors("search/reason/text_summary")
    ]
    assert reasons == [r["reason"] for r in history if r["kind"] == "decision"]


def test_mlflow(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    with mlflow.start_run() as run:
        history = fit(to_mlflow(mlflow)).history_
    client = mlflow.MlflowClient((tmp_path / "mlruns").as_uri())
    stored = client.get_metric_history(run.info.run_id, "valid/metric")
    assert sorted((m.step, m.value) for m in stored) == sorted(
        expected(history, "evaluation", "value")
    )
    last = [r for r in history if r["kind"] == "decision"][-1]
    tags = client.get_run(run.info.run_id).data.tags
    assert tags["search/sampler"] == last["label"]
    assert tags["search/reason"] == last["reason"]


def wandb_records(path):
    """Records of a run's file: LevelDB's log format after 7 bytes of header."""
    block, data, start, parts = 32768, path.read_bytes(), 7, b""
    while start + 7 <= len(data):
        if block - start % block < 7:  # too little room for a record's head
            start += block - start % block
            continue
        size, kind = int.from_bytes(data[start + 4 : start + 6], "little"), data[start + 6]
        parts += data[start + 7 : start + 7 + size]
        start += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


def test_wandb_offline(tmp_path):
    wandb = pytest.importorskip("wandb")
    from wandb.proto.wandb_internal_pb2 import Record  # noqa: PLC0415

    settings = wandb.Settings(silent=True, console="off", x_disable_stats=True)
    with wandb.init(mode="offline", project="p", dir=tmp_path, settings=settings) as run:
        history = fit(to_wandb(run)).history_
    wandb.teardown()  # its process ends, so the file is whole
    rows = []
    for data in wandb_records(next(tmp_path.rglob("run-*.wandb"))):
        record = Record.FromString(data)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append({i.key or "/".join(i.nested_key): i.value_json for i in items})
    last = {}  # one row per step: of several arms the last is kept
    for entry in history:
        named = {"epoch": ("train/loss", "loss"), "evaluation": ("valid/metric", "value")}
        name, key = named.get(entry["kind"], ("search/reason", "reason"))
        last.setdefault(name, {})[entry["positives_so_far"]] = entry[key]
    for name, values in last.items():
        stored = {int(row["_step"]): json.loads(row[name]) for row in rows if name in row}
        assert stored == values
