"""What a run records, for experiment trackers: pass the result as ``on_record``.

The step of every number is the count of positives trained on so far, which never goes back, also
where a search trains several arms from one state. You open and close the tracker's run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Record = dict[str, Any]
OnRecord = Callable[[Record], None]
_OF_EPOCHS = ("loss", "hardness", "gap", "seconds")


def to_tensorboard(writer: Any) -> OnRecord:
    """Records for TensorBoard: scalars, and every decision as text.

    Args:
        writer: A ``torch.utils.tensorboard.SummaryWriter``.
    """

    def on_record(record: Record) -> None:
        step = record["positives_so_far"]
        for name, value in numbers(record).items():
            writer.add_scalar(name, value, step)
        for name, text in words(record).items():
            writer.add_text(name, text, step)

    return on_record


def to_mlflow(mlflow: Any) -> OnRecord:
    """Records for MLflow: metrics, and the last decision as tags.

    Args:
        mlflow: The module, with a run started, or an object with its ``log_metrics`` and
            ``set_tags``.
    """

    def on_record(record: Record) -> None:
        if values := numbers(record):
            mlflow.log_metrics(values, step=record["positives_so_far"])
        if texts := words(record):
            mlflow.set_tags(texts)

    return on_record


def to_wandb(run: Any) -> OnRecord:
    """Records for Weights & Biases: numbers and words in the run's history.

    Args:
        run: What ``wandb.init`` returns, online or offline.
    """

    def on_record(record: Record) -> None:
        if values := numbers(record) | words(record):
            run.log(values, step=record["positives_so_far"])

    return on_record


def numbers(record: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a record by name: ``train/...`` of epochs, ``valid/metric`` of rankings."""
    if record["kind"] == "epoch":
        return {f"train/{name}": record[name] for name in _OF_EPOCHS}
    return {"valid/metric": record["value"]} if record["kind"] == "evaluation" else {}


def words(record: Mapping[str, Any]) -> dict[str, Any]:
    """What was decided and why; empty for other records."""
    if record["kind"] != "decision":
        return {}
    return {"search/sampler": record["label"], "search/reason": record["reason"]}
