"""All freeze depths on 1,000 tweets: our fit on cached states, without padding, against a stock Trainer loop.

    python tests/benchmarks/sweep.py --json [--bf16] [--seeds 3] [--threads N] [--quick]

The peer is what one writes today: transformers' Trainer, ``requires_grad=False`` on embeddings and the first
K layers, its default collator and order of texts. Both take batches of 16, 2 epochs, an evaluation of 500
texts after each, AdamW, 1e-4 falling linearly after 10 % warm-up. Depth by depth the two take turns. Ours
begins with an empty cache, and the one pass that fills it is in its time. Unlike the peer's, our frozen
layers have no dropout; macro-F1 on the 500 texts is shown for both. ``ratio`` is of wall time; ``cpu_ratio``,
of processor time, is what to look at while others use the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
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
from xfer_core.tasks import task
from xfer_core.training import fit
from xfer_core.training.material import Shared
from xfer_core.training.phases import Stages
from xfer_core.training.settings import validate

BATCH, EPOCHS, RATE, MAX_LENGTH = 16, 2, 1e-4, 128
KEEP = {"report_to": "none", "disable_tqdm": True, "save_strategy": "no", "logging_strategy": "no"}


class Clock:
    """Wall and processor seconds of the block, children included."""

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--bf16", action="store_true", help="our side in bfloat16; the peer stays in float32")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--depths", default="0,1,2,3,4,5,6")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="depths 3 to 6, 200 texts")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    texts, held = (200, 100) if args.quick else (args.texts, args.texts // 2)
    depths = [3, 4, 5, 6] if args.quick else [int(k) for k in args.depths.split(",")]
    corpus = tweets(texts, held, 0)
    measure = task("classification").metrics
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XFER_HOME"] = folder  # an empty cache
        source = resolve(BUNDLED)
        with Clock() as filling:
            shared = fill(corpus, depths, 0, args.bf16)
        for seed in range(args.seeds):
            for k in depths:
                with Clock() as peer:
                    logits = stock(corpus, source, k, seed, False, folder)
                with Clock() as own:
                    found = ours(corpus, k, seed, args.bf16, shared, folder)
                labels = corpus.part("validation").labels
                rows.append(
                    {
                        "depth": k, "seed": seed, "peer": peer.wall, "ours": own.wall, "peer_cpu": peer.cpu,
                        "ours_cpu": own.cpu,
                        "macro_f1": {
                            "peer": measure(logits, labels)["macro_f1"],
                            "ours": measure(found, labels)["macro_f1"],
                        },
                    }
                )  # fmt: skip
                if not args.json:
                    _show(rows[-1])
    result = _summary(rows, filling, depths, args, texts, held)
    if args.json:
        print(json.dumps(result))
    else:
        line = "all: {peer:.1f} s, ours {ours:.1f} s, {ratio:.2f}x; by CPU {peer_cpu:.1f}, {ours_cpu:.1f}"
        print((line + ", {cpu_ratio:.2f}x").format(**result))


def _show(row: dict[str, Any]) -> None:
    scores = row["macro_f1"]
    print(
        f"depth {row['depth']} seed {row['seed']}: {row['peer']:6.1f} s, ours {row['ours']:6.1f} s "
        f"({row['peer'] / row['ours']:.1f}x, by CPU {row['peer_cpu'] / row['ours_cpu']:.1f}x); "
        f"macro-F1 {scores['peer']:.3f}, ours {scores['ours']:.3f}",
        flush=True,
    )


def _summary(
    rows: list[dict[str, Any]],
    filling: Clock,
    depths: list[int],
    args: argparse.Namespace,
    texts: int,
    held: int,
) -> dict[str, Any]:
    def total(key: str) -> float:
        """Medians over the seeds, summed over the depths."""
        return sum(statistics.median(row[key] for row in rows if row["depth"] == k) for k in depths)

    wall, cpu = total("ours") + filling.wall, total("ours_cpu") + filling.cpu
    return {
        "name": "sweep",
        "work": f"freeze depths {depths}, {texts} tweets, {EPOCHS} epochs, {held} evaluated after each, "
        f"{args.seeds} seed(s), ours in {'bf16' if args.bf16 else 'fp32'}",
        "peer": total("peer"), "ours": wall, "ratio": total("peer") / wall,
        "peer_cpu": total("peer_cpu"), "ours_cpu": cpu, "cpu_ratio": total("peer_cpu") / cpu,
        "filling_the_cache": {"wall": filling.wall, "cpu": filling.cpu},
        "quality": {
            side: {
                str(k): [row["macro_f1"][side] for row in rows if row["depth"] == k] for k in depths
            }
            for side in ("peer", "ours")
        },
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "machine": {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
                    "threads": args.threads, "load": os.getloadavg()},
        "runs": rows,
    }  # fmt: skip


if __name__ == "__main__":
    main()
