"""Settings of a run: strict at the border, plain arguments inside."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from autosample.errors import SettingsError, did_you_mean

#: Easiest first: ties in a search go to the earlier one. ``dns:pool=1`` is uniform sampling, from
#: which a search can move along hardness.
DEFAULT_CANDIDATES = ("dns:pool=1", "dns:pool=4", "dns:pool=16", "dns:pool=64", "mixgcf:pool=16")
DEFAULT_METRICS = ("ndcg@20", "recall@20", "ndcg@10", "recall@10", "hit@20", "precision@20",
                   "mrr@20", "map@20")  # fmt: skip
#: Strategies that take a budget; the others are one training.
BUDGETED = ("adaptive", "random", "halving", "tpe", "exhaustive")


class Settings(BaseModel):
    """Everything that a run's result depends on, beside the data.

    ``lr``, ``l2`` and ``batch_size`` are the model's own defaults when left out; ``window`` is a
    twentieth of ``epochs``; ``fixed`` trains the first of the candidates alone; ``budget``, in
    trainings, is for the strategies adaptive, random, halving and tpe (3 when left out) and
    exhaustive (one per candidate); adaptive needs one that pays for its race and the training after
    it. ``device`` is where training takes place: ``cpu``, ``cuda``,
    ``cuda:1`` or ``auto``, which is the first CUDA device, or else the CPU; what is kept is its
    full name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = "mf"
    dim: Annotated[int, Field(ge=1, le=4096)] = 64
    depth: Annotated[int, Field(ge=0, le=16)] = 3
    loss: Literal["bpr", "softmax"] = "bpr"
    lr: Annotated[float, Field(gt=0, lt=10)] | None = None
    l2: Annotated[float, Field(ge=0, lt=10)] | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None
    strategy: Literal[
        "adaptive",
        "weighted",
        "fixed",
        "uniform-mixture",
        "exhaustive",
        "random",
        "halving",
        "tpe",
    ] = "adaptive"
    candidates: Annotated[tuple[str, ...], Field(min_length=1)] = DEFAULT_CANDIDATES
    epochs: Annotated[int, Field(ge=1)] = 100
    window: Annotated[int, Field(ge=1)] | None = None
    patience: Annotated[int, Field(ge=1)] = 50
    budget: Annotated[float, Field(gt=0, lt=10_000)] | None = None
    metric: str = "ndcg@20"
    metrics: Annotated[tuple[str, ...], Field(min_length=1)] = DEFAULT_METRICS
    retrain: Literal["continue", "rewind", "scratch", "replay"] = "continue"
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    device: str = "cpu"

    @field_validator("budget")
    @classmethod
    def _goes_with_the_strategy(cls, budget: float | None, info: ValidationInfo) -> float | None:
        strategy = info.data.get("strategy")
        if budget is not None and strategy not in (None, *BUDGETED):
            raise ValueError(f"is for {', '.join(BUDGETED)}; {strategy} is one training")
        return budget

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Settings from loose values; None means the default.

        Raises:
            SettingsError: AS202 listing every unknown name and every value out of range, AS216 for
                no device.
        """
        given = {name: value for name, value in values.items() if value is not None}
        if isinstance(name := given.get("device"), str) and name != "cpu":
            from autosample.kernels import device  # noqa: PLC0415  torch, which help must not load

            given["device"] = device.settled(name)
        try:
            return cls(**given)
        except ValidationError as error:
            problems = "; ".join(cls._problem(dict(e)) for e in error.errors())
            raise SettingsError(
                "AS202", f"Settings must fit: {problems}.", "See `autosample run --help`."
            ) from None

    @classmethod
    def _problem(cls, error: dict[str, Any]) -> str:
        name = ".".join(str(part) for part in error["loc"])
        if error["type"] != "extra_forbidden":
            words = get_args(cls.model_fields[str(error["loc"][0])].annotation)
            known = (word for word in words if isinstance(word, str))
            near = did_you_mean(str(error["input"]), known, ", did you mean")
            return f"{name}: {error['msg']}, got {error['input']!r}{near}"
        return f"unknown setting {name!r}{did_you_mean(name, cls.model_fields, ', did you mean')}"

    @property
    def trial_window(self) -> int:
        """Epochs per trial."""
        return self.window or max(1, self.epochs // 20)
