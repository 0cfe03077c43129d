"""Mean-pooled features of every layer, against sentence-transformers' last layer alone.

    python tests/benchmarks/features.py [--json] [--texts N] [--rounds N] [--threads N] [--quick]

The work is real and mixed: seven of ten texts from the four domains (sentences and snippets), three of ten
drug reviews (long ones are cut at 128 tokens). Both sides begin with texts and end with vectors; the model is
loaded before. The peer is ``SentenceTransformer.encode`` as it comes (batches of 32); ours gives all seven
layers, in float32 and once more in bfloat16. They take turns; medians of wall time, and of processor time,
which is what to look at while others use the machine. The speed of one bare matrix product of the model's own
shape in either precision says what bounds both: where bfloat16 is not fast, it can only cost time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core.corpora import catalogue, sample
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.models.states import encode, pooled
from xfer_core.progress import silent

MAX_LENGTH = 128


def texts_of(n: int) -> list[str]:
    """*n* texts, the same every time, in random order."""
    reviews = n * 3 // 10
    drawn = [
        *sample(catalogue.fetch("four-domains", silent), n - reviews, 0).texts,
        *sample(catalogue.fetch("drug-reviews", silent), reviews, 0).texts,
    ]
    return [drawn[i] for i in np.random.default_rng(0).permutation(len(drawn))]


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of each pair of vectors, along the last axis."""
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return (a * b).sum(-1) / norms


def gigaflops(dtype: torch.dtype, hidden: int, tokens: int = 1024) -> float:
    """The best rate of a product [tokens, hidden] · [hidden, 4 hidden] on the threads torch has, in 10⁹/s."""
    x, weight = torch.randn(tokens, hidden).to(dtype), torch.randn(4 * hidden, hidden).to(dtype)
    best = min(timed(lambda: torch.nn.functional.linear(x, weight))[0] for _ in range(20))
    return 2 * tokens * hidden * 4 * hidden / best / 1e9


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, processor seconds, result."""
    began, busy = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - began, time.process_time() - busy, result


def measure(texts: list[str], rounds: int) -> dict[str, Any]:
    from sentence_transformers import SentenceTransformer

    source = resolve(BUNDLED)
    model, tokenizer = load(source)
    peer = SentenceTransformer(str(source.folder), device="cpu")
    peer.max_seq_length = MAX_LENGTH
    ways: dict[str, Callable[[], Any]] = {
        "peer": lambda: peer.encode(texts, show_progress_bar=False),
        "ours": lambda: pooled(model, tokenizer, texts, max_length=MAX_LENGTH),
        "ours_bf16": lambda: pooled(model, tokenizer, texts, max_length=MAX_LENGTH, bf16=True),
    }
    for way in ways.values():  # the first call of anything pays for what later ones find ready
        way()
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds, busy, found[name] = timed(way)
            wall[name].append(seconds)
            cpu[name].append(busy)
    seconds = {name: statistics.median(each) for name, each in wall.items()}
    busy_seconds = {name: statistics.median(each) for name, each in cpu.items()}
    tokens = encode(tokenizer, texts, MAX_LENGTH).tokens
    weights = sum(p.numel() for layer in model.encoder.layer for p in layer.parameters() if p.dim() == 2)
    speed = {name: gigaflops(dtype, source.hidden) for name, dtype in DTYPES.items()}
    return {
        "name": "features",
        "work": f"{len(texts)} mixed texts, {tokens} tokens; the peer gives the last layer, ours all"
        f" {source.layers + 1}",
        **{name: round(value, 3) for name, value in seconds.items()},
        "ratio": round(seconds["peer"] / seconds["ours"], 2),
        "share": round(seconds["ours"] / seconds["peer"], 3),
        "share_bf16": round(seconds["ours_bf16"] / seconds["peer"], 3),
        "cpu_share": round(busy_seconds["ours"] / busy_seconds["peer"], 3),
        "cpu_share_bf16": round(busy_seconds["ours_bf16"] / busy_seconds["peer"], 3),
        "products_alone": {  # seconds of the matrix products of our pass at the machine's own speed
            name: round(2 * weights * tokens / rate / 1e9, 3) for name, rate in speed.items()
        },
        "quality": {
            "cosine_to_peer": float(cosines(found["ours"][-1], found["peer"]).min()),
            "cosine_of_bf16_to_fp32": [
                round(float(each.min()), 6) for each in cosines(found["ours_bf16"], found["ours"])
            ],
        },
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(), "load": os.getloadavg()[0],
            "gigaflops": {name: round(rate) for name, rate in speed.items()},
        },
        "runs": {"seconds": wall, "cpu_seconds": cpu},
    }  # fmt: skip


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def readable(found: dict[str, Any]) -> str:
    rate, alone, quality = found["machine"]["gigaflops"], found["products_alone"], found["quality"]
    return (
        f"{found['work']}\n"
        f"sentence-transformers {found['peer']} s, ours {found['ours']} s: {found['share']} of its time"
        f" ({found['cpu_share']} by processor time); cosine {quality['cosine_to_peer']:.6f} or more\n"
        f"ours in bf16 {found['ours_bf16']} s: {found['share_bf16']} ({found['cpu_share_bf16']}); cosine to"
        f" fp32 {min(quality['cosine_of_bf16_to_fp32']):.6f} or more\n"
        f"matrix products alone: fp32 {alone['fp32']} s at {rate['fp32']} GF/s, bf16 {alone['bf16']} s at"
        f" {rate['bf16']} GF/s\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="100 texts, 2 rounds")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = measure(texts_of(100 if args.quick else args.texts), 2 if args.quick else args.rounds)
    sys.stdout.write(json.dumps(found) + "\n" if args.json else readable(found))


if __name__ == "__main__":
    main()
