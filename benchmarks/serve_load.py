"""Requests to a server of its own process, with the model replaced meanwhile; loopback only.

python benchmarks/serve_load.py --seconds 20 --clients 16
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from autosample.data.simulate import simulate
from autosample.demo import as_dataset
from autosample.settings import Settings
from autosample.store import RunFolder

RESULTS = Path(__file__).parent / "results"


def make_run(path: Path, users: int, items: int, seed: int) -> Path:
    """A short training: what is served is as large as a long one's."""
    dataset = as_dataset(simulate(n_users=users, n_items=items, interactions_per_user=10))
    settings = Settings.of(strategy="fixed", candidates=("uniform",), epochs=1, dim=64, seed=seed)
    RunFolder.create(path, dataset, settings).run(dataset)
    return path


def put(source: Path, target: Path) -> None:
    """Copy a run over another, the manifest last."""
    for file in sorted(source.iterdir(), key=lambda one: one.name == "manifest.json"):
        shutil.copy(file, target / file.name)


async def ask(
    address: str, end: float, client: int, users: int, found: list[tuple[float, int, str]]
) -> None:
    """One client: a request at a time, over one connection."""
    number = np.random.default_rng(client)
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        while time.perf_counter() < end:
            params = {"user": f"u{number.integers(users)}", "k": 10}
            started = time.perf_counter()
            try:
                response = await http.get("/recommend", params=params)
                answer = response.json()
                fine = len(answer["recommendations"][0]["items"]) == 10
                status, revision = response.status_code if fine else -1, answer["revision"]
            except (httpx.HTTPError, KeyError, ValueError):
                status, revision = -1, ""
            found.append((time.perf_counter() - started, status, revision))


async def swap(end: float, every: float, live: Path, others: list[Path]) -> int:
    """Put another result in the served folder again and again; the server finds it by itself."""
    count = 0
    while time.perf_counter() + every < end:
        await asyncio.sleep(every)
        count += 1
        await asyncio.to_thread(put, others[count % len(others)], live)
    return count


async def load(address: str, live: Path, others: list[Path], options: Any) -> dict[str, Any]:
    found: list[tuple[float, int, str]] = []
    warm = time.perf_counter() + 1.0
    await asyncio.gather(*(ask(address, warm, 99, options.users, []) for _ in range(2)))
    end = time.perf_counter() + options.seconds
    clients = (ask(address, end, n, options.users, found) for n in range(options.clients))
    swaps, *_ = await asyncio.gather(swap(end, options.swap_every, live, others), *clients)
    seconds = np.array([one[0] for one in found])
    return {
        "requests": len(found),
        "requests_per_second": round(len(found) / options.seconds, 1),
        "p50_ms": round(1000 * float(np.quantile(seconds, 0.5)), 2),
        "p99_ms": round(1000 * float(np.quantile(seconds, 0.99)), 2),
        "max_ms": round(1000 * float(seconds.max()), 2),
        "errors": sum(status != 200 for _, status, _ in found),
        "swaps": swaps,
        "models_seen": len({revision for _, _, revision in found if revision}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--items", type=int, default=10000)
    parser.add_argument("--swap-every", type=float, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        others = [
            make_run(folder / f"run{n}", options.users, options.items, seed=n) for n in range(2)
        ]
        live = shutil.copytree(others[0], folder / "live")
        command = ["autosample", "serve", str(live), "--port", "0", "--json"]
        server = subprocess.Popen(
            [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["address"]
            report = asyncio.run(load(address, live, others, options))
        finally:
            server.terminate()
            server.wait(60)
    told = {"command": f"python benchmarks/serve_load.py {' '.join(sys.argv[1:])}".strip()}
    report = {**told, **vars(options), "dim": 64, "k": 10, **report}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "serve-load.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
