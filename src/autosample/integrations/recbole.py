"""A RecBole configuration and its atomic files, as a dataset and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autosample.data import Dataset, load_dataset
from autosample.errors import SettingsError
from autosample.settings import Settings

_MODELS = {"BPR": "mf", "LightGCN": "lightgcn", "NGCF": "ngcf"}
_DIRECT = {
    "embedding_size": "dim",
    "n_layers": "depth",
    "learning_rate": "lr",
    "train_batch_size": "batch_size",
    "epochs": "epochs",
    "seed": "seed",
}
#: Keys by which RecBole would train otherwise: the value that changes nothing, and what to do.
_ALWAYS: dict[str, tuple[Any, str]] = {
    "learner": ("adam", "Leave it out: training is by Adam"),
    "weight_decay": (0, "Leave it out: L2 acts on the rows of a batch, as reg_weight does"),
    "neg_sampling": (None, "Use train_neg_sample_args, which came in its place"),
}
_NOT_KNOWN = object()


class FromRecBole(NamedTuple):
    """What became of a configuration.

    Attributes:
        dataset: Read, filtered and split as it says.
        settings: Model, training and metrics as it says.
        left_out: Keys that have no counterpart and were not used.
    """

    dataset: Dataset
    settings: Settings
    left_out: tuple[str, ...]


def from_recbole(config: Any) -> FromRecBole:
    """Read what a RecBole configuration describes.

    Taken are the ``.inter`` file or the parts of ``benchmark_filename``, field names,
    ``val_interval`` of the rating, equal bounds of ``user_inter_num_interval`` and
    ``item_inter_num_interval`` (as a k-core), ``eval_args``, the model, sizes
    (``hidden_size_list`` of NGCF as a depth), ``stopping_step``, ``valid_metric``, ``metrics`` and
    ``topk``. ``train_neg_sample_args``, where given, becomes the fixed sampler it describes;
    without it the sampler is searched for. ``reg_weight`` is left out: its scale is another.

    Args:
        config: A mapping, such as a YAML file read, or a ``recbole.config.Config``.

    Raises:
        SettingsError: AS282 for what has no counterpart and would change the result: another
            model or optimiser, sampled evaluation, splits within users by time; also for what is
            no configuration, such as the path of one.
        DataError: when the files cannot be used.

    Example:
        >>> from autosample.integrations import from_recbole
        >>> from_recbole({"dataset": "ml", "eval_args": {"mode": "uni100"}})
        Traceback (most recent call last):
        autosample.errors.SettingsError: AS282: eval_args: mode must be 'full', got 'uni100'. ...
    """
    mapping = getattr(config, "final_config_dict", config)
    if not isinstance(mapping, Mapping):
        what = f"a configuration must be a mapping or a Config, got {type(config).__name__}"
        raise _no_counterpart(what, "Read the file first: yaml.safe_load(path.read_text())")
    keys = _Keys(mapping)
    settings, reading = _settings(keys), _reading(keys)
    folder, name = Path(keys.get("data_path", "dataset/")), keys.get("dataset")
    if not hasattr(config, "final_config_dict"):  # whose data_path names the dataset's own folder
        folder /= name
    reading |= _files(folder, name, keys.get("benchmark_filename", None))
    dataset = load_dataset(seed=settings.seed, **reading)
    return FromRecBole(dataset, settings, keys.unused())


class _Keys:
    """A mapping that knows which of its keys were asked for."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config, self._asked = config, set[str]()

    def get(self, key: str, default: Any = _NOT_KNOWN) -> Any:
        self._asked.add(key)
        value = self._config.get(key)
        if value is None and default is _NOT_KNOWN:
            raise _no_counterpart(f"{key} must be given", "Add it")
        return default if value is None else value

    def unused(self) -> tuple[str, ...]:
        return tuple(sorted(set(self._config) - self._asked))


def _settings(keys: _Keys) -> Settings:
    model = keys.get("model", "BPR")
    if model not in _MODELS:
        known = ", ".join(_MODELS)
        raise _no_counterpart(f"model must be one of {known}, got {model!r}", "Choose one of these")
    for key, (value, advice) in _ALWAYS.items():
        got = keys.get(key, None)
        if (got.lower() if isinstance(got, str) else got) not in (None, value):
            raise _no_counterpart(f"there is no {key} {got!r}", advice)
    given = {ours: keys.get(theirs, None) for theirs, ours in _DIRECT.items()}
    if model == "NGCF" and (widths := keys.get("hidden_size_list", None)):
        if set(widths) != {given["dim"] or Settings().dim}:
            what = f"hidden_size_list must hold the embedding_size only, got {widths}"
            raise _no_counterpart(what, "Make the sizes equal")
        given["depth"] = len(widths)
    cuts = keys.get("topk", [10])
    cuts = cuts if isinstance(cuts, Sequence) else [cuts]
    names = keys.get("metrics", ["Recall", "MRR", "NDCG", "Hit", "Precision"])
    names = [names] if isinstance(names, str) else names
    return Settings.of(
        **{"epochs": 300, "depth": 2 if model == "LightGCN" else 3}
        | {name: value for name, value in given.items() if value is not None},
        model=_MODELS[model],
        metric=str(keys.get("valid_metric", "MRR@10")).lower(),
        metrics=tuple(f"{name.lower()}@{cut}" for cut in cuts for name in names),
        patience=keys.get("stopping_step", 10) * keys.get("eval_step", 1),
        **_sampler(keys.get("train_neg_sample_args", None)),
    )


def _sampler(arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fixed sampler of ``train_neg_sample_args``; nothing, to search for one."""
    if not arguments:
        return {}
    kind = arguments.get("distribution", "uniform")
    if arguments.get("dynamic"):
        if (kind, arguments.get("sample_num", 1)) != ("uniform", 1):
            what = (
                "train_neg_sample_args: with dynamic, distribution must be uniform and sample_num 1"
            )
            raise _no_counterpart(what, "Leave them out")
        text = f"dns:pool={arguments.get('candidate_num', 1)}"
    elif kind == "popularity":
        text = f"popularity:beta={arguments.get('alpha', 1.0)}:k={arguments.get('sample_num', 1)}"
    elif kind == "uniform":
        text = f"uniform:k={arguments.get('sample_num', 1)}"
    else:
        what = f"train_neg_sample_args: distribution must be uniform or popularity, got {kind!r}"
        raise _no_counterpart(what, "Leave train_neg_sample_args out to search for the sampler")
    return {"strategy": "fixed", "candidates": (text,)}


def _reading(keys: _Keys) -> dict[str, Any]:
    """Arguments of ``load_dataset``, but the files and the seed."""
    reading: dict[str, Any] = {
        "user": keys.get("USER_ID_FIELD", "user_id"),
        "item": keys.get("ITEM_ID_FIELD", "item_id"),
        "separator": keys.get("field_separator", "\t"),
    }
    rating, time = keys.get("RATING_FIELD", "rating"), keys.get("TIME_FIELD", "timestamp")
    if interval := keys.get("val_interval", {}):
        if set(interval) != {rating}:
            raise _no_counterpart(f"val_interval can be of {rating} only", "Filter the file first")
        reading |= {"rating": rating, "minimum_rating": _lower_bound("rating", interval[rating])}
    bounds = [keys.get(f"{side}_inter_num_interval", "[0,inf)") for side in ("user", "item")]
    least = {int(_lower_bound("inter_num_interval", bound)) for bound in bounds}
    if len(least) > 1:
        raise _no_counterpart("user and item bounds of a k-core must be equal", "Make them equal")
    arguments = keys.get("eval_args", {})
    _check_mode(arguments)
    # parts that are given are not split, by RecBole neither
    split = {} if keys.get("benchmark_filename", None) else _split(arguments)
    if split.get("split") in ("leave-last", "temporal"):
        reading["time"] = time
    return reading | split | {"k_core": least.pop()}


def _check_mode(arguments: Mapping[str, Any]) -> None:
    """Refuse evaluation by sampled items."""
    mode = arguments.get("mode", "full")
    if set(mode.values() if isinstance(mode, Mapping) else [mode]) != {"full"}:
        advice = "Rank all items: sampled metrics order models differently"
        raise _no_counterpart(f"eval_args: mode must be 'full', got {mode!r}", advice)


def _split(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Split, and shares where there are any, of ``eval_args``."""
    order, group = arguments.get("order", "RO"), arguments.get("group_by", "user")
    split = arguments.get("split") or {"RS": [0.8, 0.1, 0.1]}
    if not isinstance(split, Mapping) or len(split) != 1:
        what = f"eval_args: split must be one entry such as RS: [0.8, 0.1, 0.1], got {split!r}"
        raise _no_counterpart(what, "Write it as a mapping")
    ((kind, shares),) = split.items()
    if (kind, order, shares) == ("LS", "TO", "valid_and_test"):
        return {"split": "leave-last"}
    found = {("RO", "user"): "ratio", ("TO", "none"): "temporal"}.get((order, group or "none"))
    if kind != "RS" or found is None or len(shares) != 3:
        raise _no_counterpart(
            f"eval_args: there is no split {kind} {shares} in order {order} by {group}",
            "Use RS of three shares with RO by user or TO by none, or LS valid_and_test with TO",
        )
    _, valid, test = (share / sum(shares) for share in shares)
    return {"split": found, "valid": valid, "test": test}


def _files(folder: Path, name: str, parts: Sequence[str] | None) -> dict[str, Any]:
    if not parts:
        return {"source": folder / f"{name}.inter"}
    roles = ("source", "valid_file", "test_file")
    if len(parts) != len(roles):
        raise _no_counterpart("benchmark_filename must name train, valid and test", "Name three")
    return {role: folder / f"{name}.{part}.inter" for role, part in zip(roles, parts, strict=True)}


def _lower_bound(what: str, interval: str) -> float:
    """3.0 for ``[3,inf)``."""
    found = re.fullmatch(r"\[\s*([\d.]+)\s*,\s*inf\s*[)\]]", str(interval))
    if not found:
        problem = f"{what}: an interval must be like '[3,inf)', got {interval!r}"
        raise _no_counterpart(problem, "Filter the file first")
    return float(found[1])


def _no_counterpart(problem: str, advice: str) -> SettingsError:
    return SettingsError("AS282", f"{problem}.", f"{advice}.")
