"""Numbers as people read them: rounded, with units."""

from __future__ import annotations

import math

from autosample.metrics import parse_metric

_NAMES = {
    "ndcg": "NDCG",
    "mrr": "MRR",
    "map": "MAP",
    "hit": "Hit rate",
    "recall": "Recall",
    "precision": "Precision",
    "smooth_dcg": "Smooth DCG",
}
MISSING = "–"


def metric_name(metric: str) -> str:
    """``"ndcg@20"`` as "NDCG@20"."""
    name, k = parse_metric(metric)
    return _NAMES.get(name, name) + (f"@{k}" if k else "")


def score(value: float) -> str:
    """A metric, four decimals."""
    return f"{value:.4f}" if math.isfinite(value) else MISSING


def signed(value: float) -> str:
    """A difference of metrics, four decimals and always a sign."""
    return f"{value:+.4f}".replace("-", "−") if math.isfinite(value) else MISSING


def whole(value: int) -> str:
    """A count with separators: "12,345"."""
    return f"{value:,}"


def percent(share: float) -> str:
    """A share with about three digits: "41.2%", "0.62%", "0.0031%"."""
    if not math.isfinite(share):
        return MISSING
    size = abs(100 * share)
    decimals = 1 if size == 0 or size >= 1 else min(1 - math.floor(math.log10(size)), 12)
    return f"{share:.{decimals}%}".replace("-", "−")


def change(share: float) -> str:
    """A relative difference with its sign: "+2.6%", "−0.31%"."""
    return f"+{percent(share)}" if share > 0 else percent(share)


def p_value(p: float) -> str:
    """A p-value that no line breaks: "p < .001", "p = .034", "p = .22"."""
    if not math.isfinite(p):
        return f"p {MISSING}"
    if p < 0.001:
        return "p\u00a0<\u00a0.001"
    return f"p\u00a0=\u00a0{p:.{3 if p < 0.0995 else 2}f}".replace("0.", ".")


def duration(seconds: float) -> str:
    """Wall time: "0.8 s", "41 s", "2 min 3 s", "1 h 5 min"."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 9.95:
        return f"{seconds:.2g} s" if seconds < 0.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def epochs(first: int, last: int) -> str:
    """Epochs in words: "epoch 3" or "epochs 3–7"."""
    return f"epoch {first}" if first == last else f"epochs {first}–{last}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 user", "2,000 users"."""
    return f"{whole(count)} {noun}{'s' * (count != 1)}"
