"""Time to a right recommendation, against the full grid somebody would run with a stock Trainer.

    python tests/benchmarks/recommendation.py [--json] [--texts N] [--corpus NAME] [--check] [--quick]

Ours is a whole sweep of mode "answer", from an empty cache to the recommendation and a model to classify
with. The peer is every depth 0 … L with four learning rates and three seeds, each a plain transformers
Trainer with ``requires_grad=False``, the same batches a step, as many steps, and one look at the validation
texts an epoch. Nobody waits for that here: for every depth some steps and one such look are measured, and an
arm's time is said to be ``steps × step + epochs × look``. **The peer's time is extrapolated**, the ratio too.

Right is a recommendation that a grid of ours over the same depths, rates and seeds does not overrule on the
test texts: nothing in it is better by more than the margin that recommendations allow. ``--check`` runs that
grid (hours for 2,000 texts); without it, ``right`` is null.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core import runs
from xfer_core.corpora import Corpus, catalogue, sample, save
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.progress import silent
from xfer_core.runs import events
from xfer_core.sweep import results, settings, worker
from xfer_core.sweep.comparison import compare
from xfer_core.sweep.recommend import MARGIN

RATES, SEEDS = 4, 3
UNCOUNTED = 3
"""First steps that are not timed: they find caches empty."""


class Watch(TrainerCallback):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.perf_counter())


def stock_arm(corpus: Corpus, depth: int, steps: int, batch: int) -> dict[str, float]:
    """Seconds of a step and of a look at the validation texts, embeddings and *depth* layers frozen."""
    model, tokenizer = load(resolve(BUNDLED), "classifier", label_names=corpus.label_names)
    model.base_model.embeddings.requires_grad_(False)
    for layer in model.base_model.encoder.layer[:depth]:
        layer.requires_grad_(False)
    parts = {}
    for name in ("train", "validation"):
        part = corpus.part(name)
        ids = tokenizer(part.texts, truncation=True, max_length=128)["input_ids"]
        parts[name] = [
            {"input_ids": row, "labels": label} for row, label in zip(ids, part.labels.tolist(), strict=True)
        ]
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model,
            TrainingArguments(
                folder, max_steps=steps, per_device_train_batch_size=batch, per_device_eval_batch_size=batch,
                eval_strategy="no", save_strategy="no", logging_strategy="no", report_to="none",
                disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
            ),
            data_collator=DataCollatorWithPadding(tokenizer), train_dataset=parts["train"],
            eval_dataset=parts["validation"], callbacks=[watch],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        began = time.perf_counter()
        trainer.evaluate()
        look = time.perf_counter() - began
    gaps = [b - a for a, b in pairwise(watch.ends)][UNCOUNTED - 1 :]
    return {"step": statistics.mean(gaps), "look": look}


def grid_of_stock(corpus: Corpus, config: settings.SweepConfig, measured: int) -> dict[str, Any]:
    """What the full stock grid would take, from a few measured steps of every depth."""
    texts, layers = corpus.part("train").n, resolve(BUNDLED).layers
    steps = config.planned_steps(texts)
    epochs = -(-steps * config.batch_size // texts)
    arms = []
    for depth in range(layers + 1):
        found = stock_arm(corpus, depth, measured, config.batch_size)
        arms.append({"depth": depth, **found, "arm": steps * found["step"] + epochs * found["look"]})
    return {
        "seconds": sum(arm["arm"] for arm in arms) * RATES * SEEDS,
        "arms": arms, "steps": steps, "epochs": epochs, "measured_steps": measured,
    }  # fmt: skip


def swept(corpus: Corpus, config: settings.SweepConfig) -> tuple[results.Sweep, dict[str, float]]:
    """A sweep to its end in this process, and when what was there, in seconds from its start."""
    began, clock = time.time(), time.perf_counter()
    run = runs.create(settings.KIND, settings.request(config, save(corpus)), f"benchmark-{config.mode}")
    run = runs.run_here(run.id, worker.body)
    seconds = time.perf_counter() - clock
    written = (run.folder / results.EVIDENCE).stat().st_mtime - began
    ended = [
        e["time"] - began for e in events.read(run.folder)[0] if e["kind"] == "arm" and e["state"] == "done"
    ]
    return results.load(run.id), {
        "evidence": round(written, 1), "first_arm": round(min(ended), 1), "all": round(seconds, 1),
    }  # fmt: skip


def judged(answer: results.Sweep, corpus: Corpus, config: settings.SweepConfig) -> dict[str, Any]:
    """The full grid of ours, and whether it overrules the *answer*."""
    layers = answer.depth
    names = ("head", *(f"freeze-{depth}" for depth in range(layers - 1, -1, -1)))
    values = {**settings.request(config, ""), "mode": settings.GRID, "strategies": names, "lr_trials": RATES}
    grid, when = swept(corpus, settings.validate({**values, "seeds": SEEDS}))
    scores = {row.strategy: row.macro_f1 for row in compare(grid).rows}
    assert answer.recommendation is not None
    given = answer.recommendation["strategy"]
    own = {row.strategy: row.macro_f1 for row in compare(answer).rows}
    references = {name: seen["macro_f1"] for name, seen in answer.references.items()}
    best = max(scores, key=lambda name: scores[name])
    reached = {**references, **scores, **own}[given]
    return {
        "right": scores[best] - reached <= MARGIN, "best": best, "best_macro_f1": scores[best],
        "macro_f1": scores, "seconds": when["all"],
    }  # fmt: skip


def measure(corpus: Corpus, config: settings.SweepConfig, steps: int, check: bool) -> dict[str, Any]:
    answer, when = swept(corpus, config)
    advice = answer.recommendation
    grid = grid_of_stock(corpus, config, steps)
    verdict = judged(answer, corpus, config) if check else None
    return {
        "name": "recommendation",
        "work": f"{corpus.n} texts of {corpus.name}; the peer's {len(grid['arms'])} depths x {RATES} rates x"
        f" {SEEDS} seeds of {grid['steps']} steps are extrapolated from {steps} measured steps of each depth",
        "peer": round(grid["seconds"], 1), "ours": when["all"],
        "ratio": round(grid["seconds"] / when["all"], 1),
        "extrapolated": True,
        "when": when,
        "recommendation": None if advice is None else advice["strategy"],
        "sentence": None if advice is None else advice["sentence"],
        "right": None if verdict is None else verdict["right"],
        "quality": {
            "ours": {row.strategy: round(row.macro_f1, 4) for row in compare(answer).rows},
            "references": {name: round(seen["macro_f1"], 4) for name, seen in answer.references.items()},
            "full_grid": verdict,
        },
        "runs": {
            "ours": [
                {"arm": arm.id, "rate": arm.learning_rate, "state": arm.state, "seconds": arm.seconds}
                for arm in answer.arms
            ],
            "peer": grid,
        },
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(), "load": os.getloadavg()[0],
        },
    }  # fmt: skip


def readable(found: dict[str, Any]) -> str:
    when = found["when"]
    lines = [
        found["work"],
        f"ours: first evidence after {when['evidence']} s, first arm {when['first_arm']} s, recommendation"
        f" {found['recommendation']} after {when['all']} s",
        f"full stock grid, extrapolated: {found['peer']} s; ratio {found['ratio']}",
        f"{found['sentence']}",
    ]
    if found["right"] is not None:
        grid = found["quality"]["full_grid"]
        lines.append(
            f"{'right' if found['right'] else 'WRONG'}: the best of our full grid is {grid['best']} with"
            f" {grid['best_macro_f1']:.3f} ({grid['seconds']} s)"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="150 texts and few steps: no fair ratio")
    parser.add_argument("--corpus", default="tweets", help="a sample corpus")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measured", type=int, default=60, help="stock steps measured at every depth")
    parser.add_argument("--check", action="store_true", help="run our full grid and say if it agrees")
    args = parser.parse_args()
    values: dict[str, Any] = {"mode": settings.ANSWER, "seed": args.seed}
    if args.quick:
        args.texts, args.measured = 150, UNCOUNTED + 2
        values |= {"steps": 5, "lr_trials": 1, "seeds": 1}
    corpus = sample(catalogue.fetch(args.corpus, silent), args.texts, args.seed)
    with tempfile.TemporaryDirectory() as cold:  # nothing cached
        os.environ["XFER_HOME"] = cold
        found = measure(corpus, settings.validate(values), args.measured, args.check)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n" if args.json else readable(found))
    return 1 if found["right"] is False else 0


if __name__ == "__main__":
    sys.exit(main())
