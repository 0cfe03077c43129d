"""How time and peak memory of a sweep grow with the number of texts.

    python tests/benchmarks/sweep_growth.py [--json] [--sizes 1000,2000,4000,8000] [--steps N] [--quick]

Every size is a sweep of the same strategies in a process of its own, from an empty cache, so that its peak
memory is its own. One seed and one learning rate each: more of them multiply the time and change nothing
else. ``exponent`` is the slope between two sizes on a double logarithmic scale: 1 is growth in proportion.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core import runs
from xfer_core.corpora import Corpus, catalogue, load, sample, save
from xfer_core.progress import silent
from xfer_core.runs import events
from xfer_core.sweep import results, settings, worker

STRATEGIES = "features-4,head,top-2"


def one(corpus: Corpus, steps: int | None, strategies: str) -> dict[str, Any]:
    """A sweep in this process: seconds of its phases and arms."""
    values = {"strategies": strategies, "seeds": 1, "lr_trials": 1, "steps": steps}
    config = settings.validate(values)
    run = runs.create(settings.KIND, settings.request(config, save(corpus)), "growth")
    began = time.perf_counter()
    run = runs.run_here(run.id, worker.body)
    seconds = time.perf_counter() - began
    written = events.read(run.folder)[0]
    times = [(e["phase"], e["time"]) for e in written if e["kind"] == "phase"]
    ends = [*(at for _, at in times[1:]), written[-1]["time"]]
    sweep = results.load(run.id)
    cached = sum(file.stat().st_size for file in Path(os.environ["XFER_HOME"]).glob("cache/**/*.bin"))
    return {
        "seconds": round(seconds, 2),
        "steps": config.planned_steps(corpus.part("train").n),
        "phases": {
            name: round(end - begin, 2) for (name, begin), end in zip(times, ends, strict=True)
        },
        "arms": {
            arm.strategy: {"seconds": arm.seconds, "state": arm.state, "macro_f1": arm.macro_f1}
            for arm in sweep.chosen
        },
        "states_on_disk_mb": round(cached / 2**20, 1),
    }  # fmt: skip


def apart(corpus: Corpus, args: argparse.Namespace) -> dict[str, Any]:
    """The same in a process of its own, with its peak memory."""
    with tempfile.TemporaryDirectory() as cold:
        os.environ["XFER_HOME"] = cold
        command = [sys.executable, __file__, "--one", save(corpus), "--strategies", args.strategies]
        command += [] if args.steps is None else ["--steps", str(args.steps)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert child.stdout is not None
        told = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"the sweep of {corpus.n} texts failed with status {status}")
    found = json.loads(told.splitlines()[-1])
    return {
        "texts": corpus.n, **found, "peak_memory_mb": round(used.ru_maxrss / 1024),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
    }  # fmt: skip


def exponent(rows: list[dict[str, Any]], measure: str) -> list[float]:
    """Between each size and the next."""
    return [
        round(math.log(b[measure] / a[measure]) / math.log(b["texts"] / a["texts"]), 2)
        for a, b in pairwise(rows)
    ]


def measure(args: argparse.Namespace) -> dict[str, Any]:
    tweets = catalogue.fetch("tweets", silent)
    rows = []
    for size in args.sizes:
        rows.append(apart(sample(tweets, size, 0), args))
        if not args.json:
            print(line(rows[-1]), flush=True)
    return {
        "name": "sweep_growth",
        "work": f"sweeps of {args.strategies} on {', '.join(map(str, args.sizes))} tweets, one seed and rate",
        "exponent": {name: exponent(rows, name) for name in ("seconds", "cpu_seconds", "peak_memory_mb")},
        "runs": rows,
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
            "threads": os.environ.get("OMP_NUM_THREADS"), "load": os.getloadavg()[0],
        },
    }  # fmt: skip


def line(row: dict[str, Any]) -> str:
    arms = ", ".join(f"{name} {arm['seconds'] or 0:.1f}" for name, arm in row["arms"].items())
    return (
        f"{row['texts']} texts, {row['steps']} steps: {row['seconds']} s ({row['cpu_seconds']} of processor"
        f" time; arms {arms}), {row['peak_memory_mb']} MB at most, {row['states_on_disk_mb']} MB of states"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="200 and 400 texts, 5 steps, two strategies")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--steps", type=int, help="of every arm; default: as a sweep has it, 3 epochs or 400")
    parser.add_argument("--strategies", default=STRATEGIES)
    parser.add_argument("--one", metavar="CORPUS", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(load(args.one), args.steps, args.strategies)))
        return
    args.sizes = args.sizes or ([200, 400] if args.quick else [1000, 2000, 4000, 8000])
    if args.quick:
        args.steps, args.strategies = 5, "features-4,head"
    found = measure(args)
    if args.json:
        print(json.dumps(found))
        return
    for name, slopes in found["exponent"].items():
        print(f"{name}: exponents {' '.join(map(str, slopes))}")


if __name__ == "__main__":
    main()
