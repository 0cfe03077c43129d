"""Seven comparable maps, one a layer, against one plain UMAP fit, seven of them, and AlignedUMAP.

    python tests/benchmarks/umap.py [--json] [--texts N] [--rounds N] [--slow N] [--quick]

The work is the seven layers of the bundled model for texts of four domains; features are computed before.
The peer is the plain seeded fit, ``umap.UMAP(random_state=0).fit_transform``, of *one* layer; ours makes all
seven, with their quality and noise. They take turns *rounds* times; seven plain fits, which cannot be
compared with each other, and ``umap.AlignedUMAP`` join in the first *slow* rounds. Everything is compiled
before, but for AlignedUMAP, which compiles at each fit; every side has one BLAS thread, which is faster for
all. Medians of wall and of processor time, which is what to look at while others use the machine.

Quality is scikit-learn's trustworthiness for 15 neighbours by cosine, as ours looks for them, and by
Euclidean distance, as the plain fit does. *drift* is the mean step of a point from layer to layer, in radii
of the map; *drift_by_chance* the mean step between ours and ours with another seed. Fewer texts than 2,000
are given more epochs, for quality, so that ``--quick`` has another share.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.pop(0)  # this folder, where "umap" is this file
sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core.analysis.features import features
from xfer_core.analysis.projection import maps
from xfer_core.corpora import catalogue, sample
from xfer_core.models.sources import BUNDLED
from xfer_core.progress import silent
from xfer_core.threads import single_threaded

K = 15


def plain(states: np.ndarray) -> np.ndarray:
    import umap

    return umap.UMAP(random_state=0).fit_transform(states)


def aligned(states: np.ndarray) -> np.ndarray:
    import umap

    same = {i: i for i in range(states.shape[1])}
    fit = umap.AlignedUMAP(random_state=0).fit(list(states), relations=[same] * (len(states) - 1))
    return np.stack(fit.embeddings_)


def trust(states: np.ndarray, points: np.ndarray) -> dict[str, float]:
    """Mean and least over the layers, by either distance."""
    from sklearn.manifold import trustworthiness

    found: dict[str, float] = {}
    for metric in ("cosine", "euclidean"):
        layers = [
            trustworthiness(state, place, n_neighbors=K, metric=metric)
            for state, place in zip(states, points, strict=True)
        ]
        found |= {metric: round(float(np.mean(layers)), 4), f"{metric}_min": round(float(min(layers)), 4)}
    return found


def drift(one: np.ndarray, other: np.ndarray) -> float:
    radius = np.linalg.norm(one - one.mean(axis=-2, keepdims=True), axis=-1).mean()
    return round(float(np.linalg.norm(one - other, axis=-1).mean() / radius), 3)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, processor seconds, result."""
    began, busy = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - began, time.process_time() - busy, result


def measure(states: np.ndarray, rounds: int, slow: int, with_aligned: bool) -> dict[str, Any]:
    last = len(states) - 1
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "plain": (lambda: plain(states[last]), rounds),
        "ours": (lambda: maps(states), rounds),
        "plain_seven": (lambda: np.stack([plain(state) for state in states]), slow),
        "aligned": (lambda: aligned(states), slow * with_aligned),
    }
    plain(states[last, :50]), maps(states[:, :50])  # compiles
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, Any] = {}
    for turn in range(rounds):
        for name, (way, times) in ways.items():
            if turn < times:
                seconds, busy, found[name] = timed(way)
                wall[name].append(seconds)
                cpu[name].append(busy)
    middle = {name: statistics.median(each) for name, each in wall.items() if each}
    busy_middle = {name: statistics.median(each) for name, each in cpu.items() if each}
    points = {"ours": found["ours"].points} | {
        name: found[name] for name in ("plain_seven", "aligned") if name in found
    }
    again = maps(states, seed=1).points
    return {
        "seconds": {name: round(value, 3) for name, value in middle.items()},
        "cpu_seconds": {name: round(value, 3) for name, value in busy_middle.items()},
        "peer": round(middle["plain"], 3),
        "ours": round(middle["ours"], 3),
        "ratio": round(middle["plain"] / middle["ours"], 3),
        "share": round(middle["ours"] / middle["plain"], 3),
        "cpu_share": round(busy_middle["ours"] / busy_middle["plain"], 3),
        "quality": {name: trust(states, each) for name, each in points.items()}
        | {"drift": {name: drift(each[:-1], each[1:]) for name, each in points.items()}}
        | {"drift_by_chance": drift(found["ours"].points, again), "noise": round(found["ours"].noise, 3)},
        "same_bytes": bool(maps(states).points.tobytes() == found["ours"].points.tobytes()),
        "runs": {"seconds": wall, "cpu_seconds": cpu},
    }


def readable(found: dict[str, Any]) -> str:
    lines = [
        found["work"],
        f"one plain fit {found['peer']} s, ours of all layers {found['ours']} s: {found['share']} of its time"
        f" ({found['cpu_share']} by processor time)",
    ]
    for name, quality in found["quality"].items():
        if isinstance(quality, dict) and "cosine" in quality:
            lines.append(
                f"{name}: {found['seconds'][name]} s, trustworthiness {quality['cosine']} by cosine"
                f" (least {quality['cosine_min']}), {quality['euclidean']} by Euclidean distance,"
                f" drift {found['quality']['drift'][name]}"
            )
    lines.append(f"same seed, same bytes: {found['same_bytes']}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="1,000 texts, 3 rounds, without AlignedUMAP")
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow", type=int, default=1, help="rounds of seven plain fits and AlignedUMAP")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", module="umap")
    n, rounds, slow = (1_000, 3, 1) if args.quick else (args.texts, args.rounds, args.slow)
    texts = sample(catalogue.fetch("four-domains", silent), n, 0).texts
    states = np.array(features(BUNDLED, texts).array)
    with single_threaded():
        measured = measure(states, rounds, slow, not args.quick)
    found = {
        "name": "umap",
        "work": f"{len(states)} layers of {n} texts, {states.shape[2]} numbers each; the peer maps one layer",
        **measured,
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(), "threads": 1,
            "load": os.getloadavg()[0],
        },
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n" if args.json else readable(found))


if __name__ == "__main__":
    main()
