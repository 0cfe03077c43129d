"""Spinning against sleeping OpenMP threads: a training step of the bundled model beside other work.

    python tests/benchmarks/threads.py --json

Each way is a process of its own, because OpenMP reads its settings when it is loaded; the two take turns.
``--busy N`` keeps N other processes at work meanwhile (default: as many as there are cores; 0: an idle
machine).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEP = """
import time, torch
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
model, _ = load(resolve(BUNDLED), "classifier", label_names=("a", "b"))
model.train()
ids = torch.randint(5, 30_000, (16, 32), generator=torch.Generator().manual_seed(0))
labels = torch.zeros(16, dtype=torch.int64)
times = []
for _ in range({steps} + 1):
    began = time.perf_counter()
    model.zero_grad()
    model(input_ids=ids, labels=labels).loss.backward()
    times.append(time.perf_counter() - began)
print(sorted(times[1:])[len(times) // 2])
"""
BUSY = "while True: pass"


def step(policy: str, steps: int) -> float:
    """Median seconds of a step under an ``OMP_WAIT_POLICY``; empty: the library's default."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if policy:
        environment["OMP_WAIT_POLICY"] = policy
    done = subprocess.run(
        [sys.executable, "-c", STEP.format(steps=steps)],
        env=environment, cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="one round of a few steps")
    parser.add_argument("--busy", type=int, default=os.cpu_count())
    args = parser.parse_args()
    rounds, steps = (1, 4) if args.quick else (3, 10)
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(args.busy)]
    try:
        runs = [{"peer": step("", steps), "ours": step("PASSIVE", steps)} for _ in range(rounds)]
    finally:
        for other in others:
            other.kill()
    peer, ours = (statistics.median(run[way] for run in runs) for way in ("peer", "ours"))
    result = {
        "name": "threads", "work": f"training step, batch 16 of 32 tokens, beside {args.busy} busy processes",
        "peer": peer, "ours": ours, "ratio": peer / ours, "runs": runs,
        "machine": {"cores": os.cpu_count(), "cpu": platform.machine(), "threads": os.cpu_count()},
    }  # fmt: skip
    if args.json:
        print(json.dumps(result))
        return
    print(f"{result['work']}: spinning {peer:.2f} s, sleeping {ours:.2f} s, {result['ratio']:.1f} times")


if __name__ == "__main__":
    main()
