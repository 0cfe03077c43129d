"""All freeze depths on 1,000 tweets: our fit on cached states, without padding, against a stock Trainer loop.

    python tests/benchmarks/sweep.py --json [--bf16] [--seeds 3] [--threads N] [--hands N] [--quick]

The peer is what one writes today: one loop over transformers' Trainer with all threads,
``requires_grad=False`` on embeddings and the first K layers, its default collator and order of texts. Both
take batches of 16, 2 epochs, an evaluation of 500 texts after each, AdamW, 1e-4 falling linearly after 10 %
warm-up. Unlike the peer's, our frozen layers have no dropout; macro-F1 on the 500 texts is shown for both.

Ours trains as many depths side by side as a sweep would, ``--hands``, in processes that share the same
threads; they are started before the clock, as the peer's imports are. It begins with an empty cache, and the
one pass that fills it, with all threads, is in its time, which is the wall time from there to the end of the
last depth. A depth's own seconds are those beside others; with ``--hands 1`` they are those alone.

``ratio`` is of wall time; ``cpu_ratio``, of processor time of all processes, is what to look at while others
use the machine. It does not show what going side by side gains.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from transformers import (
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core.corpora import catalogue, sample
from xfer_core.corpora.corpus import Corpus
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, Source, resolve
from xfer_core.progress import silent
from xfer_core.sweep import crew
from xfer_core.tasks import task
from xfer_core.training import cost, fit
from xfer_core.training.material import Shared
from xfer_core.training.phases import Stages
from xfer_core.training.settings import validate

BATCH, EPOCHS, RATE, MAX_LENGTH = 16, 2, 1e-4, 128
KEEP = {"report_to": "none", "disable_tqdm": True, "save_strategy": "no", "logging_strategy": "no"}


class Clock:
    """Wall seconds of the block, and processor seconds of this process."""

    def __enter__(self) -> Clock:
        self.began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = (
            now - then
            for now, then in zip((time.perf_counter(), time.process_time()), self.began, strict=True)
        )


def tweets(train: int, validation: int, seed: int) -> Corpus:
    drawn = sample(catalogue.fetch("tweets", silent), train + validation, seed)
    frame = drawn.frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    frame["split"] = ["train"] * train + ["validation"] * (len(frame) - train)
    return Corpus(drawn.name, frame, drawn.label_names, drawn.domain_names, drawn.source, drawn.notes)


def stock(corpus: Corpus, source: Source, k: int, seed: int, bf16: bool, folder: str) -> np.ndarray:
    """The peer's logits of the validation texts after training."""
    set_seed(seed)
    model, tokenizer = load(source, "classifier", label_names=corpus.label_names)
    model.base_model.embeddings.requires_grad_(False)
    for layer in model.base_model.encoder.layer[:k]:
        layer.requires_grad_(False)
    parts = {}
    for name in ("train", "validation"):
        part = corpus.part(name)
        ids = tokenizer(part.texts, truncation=True, max_length=MAX_LENGTH)["input_ids"]
        parts[name] = [
            {"input_ids": row, "labels": label} for row, label in zip(ids, part.labels.tolist(), strict=True)
        ]
    steps = -(-len(parts["train"]) // BATCH) * EPOCHS
    arguments = TrainingArguments(
        folder, num_train_epochs=EPOCHS, per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH,
        learning_rate=RATE, warmup_steps=-(-steps // 10), weight_decay=0.01, seed=seed, bf16=bf16,
        eval_strategy="epoch", use_cpu=True, **KEEP,
    )  # fmt: skip
    trainer = Trainer(
        model, arguments, train_dataset=parts["train"], eval_dataset=parts["validation"],
        data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=_keep,
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)  # standard output is ours
    trainer.train()
    return _keep.logits


def fill(corpus: Corpus, depths: list[int], seed: int, bf16: bool) -> Shared:
    """What all depths share, tokens and states from one pass included."""
    shared = Shared(layers=set(depths))
    source = shared.source(BUNDLED)
    model, tokenizer = load(source, "classifier", label_names=corpus.label_names)
    material = shared.material(corpus, task("classification"), tokenizer, MAX_LENGTH, seed)
    shared.states(model, source, material.encodings, depths, max_length=MAX_LENGTH, bf16=bf16, report=silent)
    return shared


def ours(corpus: Corpus, k: int, seed: int, bf16: bool, shared: Shared, folder: str) -> np.ndarray:
    """As a run of strategy freeze-K is wired, but evaluated as the peer is; logits in the corpus's order."""
    config = validate(
        {
            "strategy": f"freeze-{k}", "seed": seed, "learning_rate": RATE, "epochs": EPOCHS,
            "batch_size": BATCH, "max_length": MAX_LENGTH, "precision": "bf16" if bf16 else "fp32",
            "patience": 0,
        }
    )  # fmt: skip
    what, source = task(config.task), shared.source(config.model)
    model, tokenizer = fit._fresh(config, corpus, what, source)
    plan = config.parsed.plan(source.layers)
    material = shared.material(corpus, what, tokenizer, MAX_LENGTH, seed)
    states = shared.states(
        model, source, material.encodings, {k}, max_length=MAX_LENGTH, bf16=bf16, report=silent
    )
    arguments = fit.arguments(config, len(material.train), len(material.validation), Path(folder))
    arguments.eval_steps = arguments.max_steps // EPOCHS
    arguments.eval_on_start = arguments.load_best_model_at_end = False
    arguments.save_strategy, arguments.metric_for_best_model = "no", None
    arguments.include_for_metrics = []
    stages = Stages(model, plan, states, arguments.max_steps)
    trainer = fit.wire(config, what, tokenizer, material, TrainerCallback(), arguments, stages)  # type: ignore[arg-type]
    trainer.eval_dataset, trainer.compute_metrics = material.validation, _keep
    with stages:
        trainer.train()
    rows = np.array([example["rows"] for example in material.validation]) - len(material.train)
    return _keep.logits[np.argsort(rows)]


class _Keep:
    """A Trainer's measure that keeps the logits of the latest evaluation."""

    logits: np.ndarray

    def __call__(self, seen: Any) -> dict[str, float]:
        self.logits = seen.predictions[0] if isinstance(seen.predictions, tuple) else seen.predictions
        return {}


_keep = _Keep()


@dataclass(frozen=True)
class Own:
    """What one of our depths gave, and its seconds in the process that trained it."""

    logits: np.ndarray
    wall: float
    cpu: float


_bench: tuple[Corpus, Shared, str] | None = None
"""Of a hand: the texts, and what it shares between the depths that it trains."""


def _begin(corpus: Corpus, folder: str, threads: int, started: Any) -> None:
    """A hand is ready: everything is imported, and its texts are there."""
    global _bench
    torch.set_num_threads(threads)
    _bench = corpus, Shared(), folder
    started.wait()


def _one(k: int, seed: int, bf16: bool) -> Own:
    """A depth, in a hand."""
    assert _bench is not None
    corpus, shared, folder = _bench
    with Clock() as clock:
        logits = ours(corpus, k, seed, bf16, shared, folder)
    return Own(logits, clock.wall, clock.cpu)


def _ready() -> None:
    """Asked for once for each hand, which makes the pool start it."""


def hands(stack: ExitStack, n: int, corpus: Corpus, folder: str, threads: int) -> Callable[..., Any]:
    """A map over depths by *n* processes with their share of *threads*; here, if *n* is 1."""
    global _bench
    if n == 1:
        _bench = corpus, Shared(), folder
        return map
    context = multiprocessing.get_context("spawn")
    started = context.Barrier(n + 1)
    given = corpus, folder, max(threads // n, 1), started
    pool = stack.enter_context(ProcessPoolExecutor(n, context, initializer=_begin, initargs=given))
    for _ in range(n):
        pool.submit(_ready)
    started.wait()
    return pool.map


def as_a_sweep(corpus: Corpus, depths: list[int], threads: int) -> int:
    """How many hands a sweep of these depths would have on this machine now."""
    config, source = validate({"strategy": f"freeze-{min(depths)}"}), resolve(BUNDLED)
    memory = cost.predict(config, corpus, source).memory_mb
    free = psutil.virtual_memory().available / 2**20
    return crew.most(len(depths), threads, free, memory, card=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--bf16", action="store_true", help="our side in bfloat16; the peer stays in float32")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of either side in all")
    parser.add_argument("--hands", type=int, help="our depths side by side; default: as many as a sweep's")
    parser.add_argument("--depths", default="0,1,2,3,4,5,6")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="depths 3 to 6, 200 texts")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    texts, held = (200, 100) if args.quick else (args.texts, args.texts // 2)
    depths = [3, 4, 5, 6] if args.quick else [int(k) for k in args.depths.split(",")]
    corpus = tweets(texts, held, 0)
    args.hands = args.hands or as_a_sweep(corpus, depths, args.threads)
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ["XFER_HOME"] = folder  # an empty cache
        each = hands(stack, args.hands, corpus, folder, args.threads)
        with Clock() as filling:
            fill(corpus, depths, 0, args.bf16)
        walls = []
        for seed in range(args.seeds):
            with Clock() as block:
                found = list(each(partial(_one, seed=seed, bf16=args.bf16), depths))
            walls.append(block.wall)
            for k, own in zip(depths, found, strict=True):
                rows.append(_beside(corpus, k, seed, own, folder))
                if not args.json:
                    _show(rows[-1])
    result = _summary(rows, filling, walls, depths, args, texts, held)
    if args.json:
        print(json.dumps(result))
    else:
        line = "all: {peer:.1f} s, ours {ours:.1f} s, {ratio:.2f}x; by CPU {peer_cpu:.1f}, {ours_cpu:.1f}"
        print((line + ", {cpu_ratio:.2f}x").format(**result))


def _beside(corpus: Corpus, k: int, seed: int, own: Own, folder: str) -> dict[str, Any]:
    """A row: the peer trains the same depth, while nothing of ours does anything."""
    measure, labels = task("classification").metrics, corpus.part("validation").labels
    with Clock() as peer:
        logits = stock(corpus, resolve(BUNDLED), k, seed, False, folder)
    scores = {"peer": measure(logits, labels)["macro_f1"], "ours": measure(own.logits, labels)["macro_f1"]}
    return {
        "depth": k, "seed": seed, "peer": peer.wall, "ours": own.wall, "peer_cpu": peer.cpu,
        "ours_cpu": own.cpu, "macro_f1": scores,
    }  # fmt: skip


def _show(row: dict[str, Any]) -> None:
    scores = row["macro_f1"]
    print(
        f"depth {row['depth']} seed {row['seed']}: {row['peer']:6.1f} s, ours {row['ours']:6.1f} s "
        f"beside others (by CPU {row['peer_cpu'] / row['ours_cpu']:.1f}x); "
        f"macro-F1 {scores['peer']:.3f}, ours {scores['ours']:.3f}",
        flush=True,
    )


def _summary(
    rows: list[dict[str, Any]],
    filling: Clock,
    walls: list[float],
    depths: list[int],
    args: argparse.Namespace,
    texts: int,
    held: int,
) -> dict[str, Any]:
    def total(key: str) -> float:
        """Medians over the seeds, summed over the depths."""
        return sum(statistics.median(row[key] for row in rows if row["depth"] == k) for k in depths)

    wall, cpu = statistics.median(walls) + filling.wall, total("ours_cpu") + filling.cpu
    return {
        "name": "sweep",
        "work": f"freeze depths {depths}, {texts} tweets, {EPOCHS} epochs, {held} evaluated after each, "
        f"{args.seeds} seed(s), ours in {'bf16' if args.bf16 else 'fp32'}, {args.hands} at once",
        "peer": total("peer"), "ours": wall, "ratio": total("peer") / wall,
        "peer_cpu": total("peer_cpu"), "ours_cpu": cpu, "cpu_ratio": total("peer_cpu") / cpu,
        "filling_the_cache": {"wall": filling.wall, "cpu": filling.cpu},
        "quality": {
            side: {
                str(k): [row["macro_f1"][side] for row in rows if row["depth"] == k] for k in depths
            }
            for side in ("peer", "ours")
        },
        "hands": args.hands, "threads_a_hand": max(args.threads // args.hands, 1),
        "all_depths_wall": walls,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "peak_memory_mb_of_a_hand": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "machine": {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
                    "threads": args.threads, "load": os.getloadavg()},
        "runs": rows,
    }  # fmt: skip


if __name__ == "__main__":
    main()
