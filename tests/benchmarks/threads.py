"""Spinning against sleeping OpenMP threads: a training step of the bundled model beside other work.

    python tests/benchmarks/threads.py --json

Each way is a process of its own, because OpenMP reads its settings when it is loaded; the two take turns.
Meanwhile ``--busy N`` other processes (default: as many as there are cores; 0: an idle machine) train too, in
the same way, as runs, helpers of pages and other people's runs do.
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
print("ready", flush=True)
while not {steps} or len(times) <= {steps}:
    began = time.perf_counter()
    model.zero_grad()
    model(input_ids=ids, labels=labels).loss.backward()
    times.append(time.perf_counter() - began)
print(sorted(times[1:])[len(times) // 2])
"""


def start(policy: str, steps: int) -> subprocess.Popen[str]:
    """A training under an ``OMP_WAIT_POLICY`` (empty: the library's default); 0 steps: without end."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if policy:
        environment["OMP_WAIT_POLICY"] = policy
    process = subprocess.Popen(
        [sys.executable, "-c", STEP.format(steps=steps)],
        env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def step(policy: str, steps: int, busy: int) -> float:
    """Median seconds of a step beside *busy* other trainings."""
    others = [start(policy, 0) for _ in range(busy)]
    try:
        return float(start(policy, steps).communicate()[0])
    finally:
        for other in others:
            other.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="one round of a few steps")
    parser.add_argument("--busy", type=int, default=os.cpu_count())
    args = parser.parse_args()
    rounds, steps = (1, 4) if args.quick else (3, 10)
    runs = [
        {"peer": step("", steps, args.busy), "ours": step("PASSIVE", steps, args.busy)} for _ in range(rounds)
    ]
    peer, ours = (statistics.median(run[way] for run in runs) for way in ("peer", "ours"))
    result = {
        "name": "threads", "work": f"step, batch 16 of 32 tokens, beside {args.busy} other trainings",
        "peer": peer, "ours": ours, "ratio": peer / ours, "runs": runs,
        "machine": {"cores": os.cpu_count(), "cpu": platform.machine(), "threads": os.cpu_count()},
    }  # fmt: skip
    if args.json:
        print(json.dumps(result))
        return
    print(f"{result['work']}: spinning {peer:.2f} s, sleeping {ours:.2f} s, {result['ratio']:.1f} times")


if __name__ == "__main__":
    main()
