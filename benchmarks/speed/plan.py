"""What is measured: the rows, who takes part in each, and the targets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LARGE = 16384  # positives a step where a larger batch is measured as well


@dataclass(frozen=True)
class Contender:
    """One peer doing one kind of work in one way.

    Attributes:
        label: Unique within the row; shown and used by targets.
        peer: Whose environment and worker.
        work: Name of the work in the worker.
        threads: Threads; None: those of the run.
        batch: Positives a step.
        source: Another checkout of ours, to be measured in place of this one.
    """

    label: str
    peer: str
    work: str
    threads: int | None = None
    batch: int = 2048
    source: Path | None = None


@dataclass(frozen=True)
class Row:
    """Contenders that alternate.

    Attributes:
        name: Key in the results.
        unit: What a rate counts, per second.
        contenders: Who takes part.
        real: Whether the row is measured on a real dataset too.
    """

    name: str
    unit: str
    contenders: tuple[Contender, ...]
    real: bool = False


@dataclass(frozen=True)
class Target:
    """A ratio of two rates of one row that should be reached.

    Attributes:
        text: What is compared.
        row: Where.
        ours: Labels of ours; the fastest counts.
        rivals: Labels of the others; the fastest counts.
        factor: Least ratio ours : rival. With ``cost``, the largest ratio rival : ours.
        cost: Whether the ratio is told as a cost.
    """

    text: str
    row: str
    ours: tuple[str, ...]
    rivals: tuple[str, ...]
    factor: float
    cost: bool = False


def _peers(work: str, *labels: str) -> tuple[Contender, ...]:
    """Contenders of ``work``, from labels such as ``torch`` or ``torch/sparse-adam``."""
    return tuple(
        Contender(label, peer, f"{work}/{variant}" if variant else work)
        for label in labels
        for peer, _, variant in [label.partition("/")]
    )


def _ours(label: str, work: str, **settings: int) -> Contender:
    return Contender(label, "ours", work, **settings)


_THREADED = ("mf-uniform", "mf-dns32", "lightgcn-uniform", "draws-uniform", "ranking")

ROWS = (
    Row(
        "mf-uniform",
        "positives",
        (
            *_peers("mf-uniform", "ours", "implicit", "cornac", "recbole"),
            *_peers("mf-uniform", "lenskit/sparse-adam", "lenskit/adamw"),
            *_peers("mf-uniform", "torch/sparse-adam", "torch/sparse-sgd", "torch/fused-adam"),
        ),
        real=True,
    ),
    Row("mf-dns32", "positives", _peers("mf-dns32", "ours", "torch", "recbole"), real=True),
    Row(
        "lightgcn",
        "positives",
        (
            *_peers("lightgcn-uniform", "ours", "torch/symmetric", "torch/autograd"),
            *_peers("lightgcn-uniform", "recbole", "lenskit/compiled", "lenskit/eager"),
            _ours("ours, batch 16384", "lightgcn-uniform", batch=LARGE),
            _ours("ours dns32", "lightgcn-dns32"),
            _ours("ours mixgcf32", "lightgcn-mixgcf32"),
            Contender("torch dns32", "torch", "lightgcn-dns32"),
            Contender("recbole dns32", "recbole", "lightgcn-dns32"),
        ),
        real=True,
    ),
    Row(
        "draws-uniform",
        "negatives",
        _peers("draws-uniform", "ours", "lenskit", "torch", "recbole"),
        real=True,
    ),
    Row("draws-uniform32", "negatives", _peers("draws-uniform32", "ours", "lenskit")),
    Row(
        "draws-popularity",
        "negatives",
        _peers("draws-popularity", "ours", "lenskit", "recbole"),
        real=True,
    ),
    Row(
        "ranking",
        "users",
        _peers("ranking", "ours", "implicit", "torch", "recbole", "cornac", "lenskit"),
        real=True,
    ),
    *(
        Row(
            f"shared-pool-{model}",
            "positives",
            (
                _ours("pools 1, 4, 16, 64", f"{model}-shared"),
                _ours("pool 64 alone", f"{model}-pool64"),
            ),
        )
        for model in ("mf", "lightgcn")
    ),
    *(
        Row(
            f"threads-{work}",
            "units",
            (_ours("1 thread", work, threads=1), _ours("2 threads", work, threads=2)),
        )
        for work in _THREADED
    ),
)

_TORCH_GRAPH = ("torch/symmetric", "torch/autograd")

TARGETS = (
    Target("MF training : RecBole", "mf-uniform", ("ours",), ("recbole",), 6),
    Target("MF training : LensKit's best", "mf-uniform", ("ours",),
           ("lenskit/sparse-adam", "lenskit/adamw"), 4),
    Target("MF training : torch SparseAdam", "mf-uniform", ("ours",), ("torch/sparse-adam",), 4),
    Target("MF training : implicit (SGD)", "mf-uniform", ("ours",), ("implicit",), 0.4),
    Target("DNS-32 on MF : RecBole", "mf-dns32", ("ours",), ("recbole",), 10),
    Target("DNS-32 on MF : plain torch", "mf-dns32", ("ours",), ("torch",), 4),
    *(
        Target(f"LightGCN training{name} : {rival}", "lightgcn", (label,), rivals, factor)
        for label, name in (("ours", ""), ("ours, batch 16384", ", batch 16384"))
        for rival, rivals, factor in (
            ("RecBole", ("recbole",), 6),
            ("LensKit", ("lenskit/compiled", "lenskit/eager"), 4),
            ("best plain torch", _TORCH_GRAPH, 2),
        )
    ),
    Target("LightGCN, DNS-32 over uniform", "lightgcn", ("ours dns32",), ("ours",), 1.3, cost=True),
    Target("LightGCN, MixGCF-32 over uniform", "lightgcn", ("ours mixgcf32",), ("ours",), 1.3,
           cost=True),
    Target("uniform draws : LensKit", "draws-uniform", ("ours",), ("lenskit",), 1),
    Target("uniform draws, 32 a user : LensKit", "draws-uniform32", ("ours",), ("lenskit",), 1),
    Target("popularity draws : LensKit", "draws-popularity", ("ours",), ("lenskit",), 1),
    Target("full ranking : implicit", "ranking", ("ours",), ("implicit",), 1.5),
    Target("full ranking : RecBole", "ranking", ("ours",), ("recbole",), 5),
    *(
        Target(f"four pool samplers over the largest, {model}", f"shared-pool-{model}",
               ("pools 1, 4, 16, 64",), ("pool 64 alone",), 1.3, cost=True)
        for model in ("mf", "lightgcn")
    ),
    *(
        Target(f"two threads : one, {work}", f"threads-{work}", ("2 threads",), ("1 thread",), 1.7)
        for work in _THREADED
    ),
)  # fmt: skip
