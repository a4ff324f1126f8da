"""How many sampled negatives are liked in truth, and what NDCG they lead to, on simulated data.

    python benchmarks/false_negatives.py

The data is that of ``autosample demo``, where the truth is known; every sampler is trained alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autosample.demo import compare
from autosample.kernels import threads

RESULT = Path(__file__).parent / "results" / "false-negatives.json"
SEEDS = (0, 1, 2)
SAMPLERS = (
    *(f"dns:pool={pool}" for pool in (1, 2, 4, 8, 16, 32, 64)),
    *(f"bns:candidates={candidates}" for candidates in (4, 16, 64)),
    "popularity",
    "softmax",
)


def main() -> None:
    threads.set_threads(1)
    rows: list[dict[str, Any]] = []
    for seed in SEEDS:
        for row in compare(seed=seed, alone=SAMPLERS):
            rows.append({"seed": seed, **row.as_dict()})
            print(seed, *row.cells(), f"{row.seconds:.0f} s", flush=True)
            report = {"command": "python benchmarks/false_negatives.py", "rows": rows}
            RESULT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
