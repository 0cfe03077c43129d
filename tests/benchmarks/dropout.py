"""Does it matter that our frozen layers have no dropout?

    python tests/benchmarks/dropout.py [--json] [--seeds 0,1,2] [--depths 0,1,2] [--keep FILE] [--quick]

Common practice freezes layers with ``requires_grad = False`` alone: they still drop values at random in every
step. Cached states cannot do that, so ours are frozen in eval mode. Both ways train here through
transformers' Trainer from the same weights, head, batches and learning rate, and read the same test texts:

- ``stock``: frozen part in train mode, with its dropout;
- ``ours``: frozen part in eval mode, from cached states;
- ``embeddings`` (depth 0 only): cached states with the embeddings' dropout put back. It is the last thing
  BERT's embeddings do, so at depth 0 this is ``stock`` itself, and its losses must be those of ``stock``.
- ``shuffled`` (if asked for): ``stock`` with the Trainer's own order of texts, in batches of any length.

A difference is judged three ways: by a paired bootstrap over the test texts alone (these very models on other
texts), by one over seeds and texts (other trainings too), and by the exact permutation test over pairs of
runs with the same depth and seed. ``--keep FILE`` adds every finished run to FILE (a line of JSON each) and
takes from it those that are there already, so that several processes can share the work.
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
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core.corpora import Corpus, catalogue, sample
from xfer_core.models.anatomy import anatomy
from xfer_core.models.freezing import freeze
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.models.states import Encodings, layer_states
from xfer_core.models.suffix import suffix
from xfer_core.progress import silent
from xfer_core.tasks import task
from xfer_core.training.sampler import LengthSampler

MAX_LENGTH = 128
WAYS = ("stock", "ours", "embeddings")


class InOurOrder(Trainer):
    """The Trainer with batches of like length, the same for every way and cheaper than the stock order."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        lengths = [len(example["input_ids"]) for example in self.train_dataset]
        return LengthSampler(lengths, self.args.train_batch_size, self.args.seed)


def texts_of(train: int, test: int) -> tuple[Corpus, Corpus]:
    """*train* and *test* tweets with three moods, the same for every run."""
    tweets = catalogue.fetch("tweets", silent)
    once = tweets.take(np.flatnonzero(~tweets.frame["text"].duplicated().to_numpy()))
    drawn = sample(once, train + test, 0)
    order = np.random.default_rng(0).permutation(drawn.n)
    return drawn.take(np.sort(order[:train])), drawn.take(np.sort(order[train : train + test]))


@contextmanager
def frozen(way: str, depth: int, model: Any, examples: list[dict[str, Any]]) -> Iterator[None]:
    """*model* with embeddings and *depth* layers frozen in this way, for the time of the training."""
    if way in ("stock", "shuffled"):
        for module in anatomy(model).frozen(depth):
            module.requires_grad_(False)
        yield
        return
    freeze(model, depth)
    states = layer_states(model, Encodings([e["input_ids"] for e in examples], 0), depth)
    with suffix(model, depth, states):
        if way == "embeddings":
            share = model.config.hidden_dropout_prob
            anatomy(model).embeddings.module.register_forward_hook(
                lambda module, args, output: functional.dropout(output, share, model.training)
            )
        yield


def run(way: str, depth: int, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """One training and what it says of the test texts."""
    train, test = texts_of(args.train, args.test)
    what = task("classification")
    set_seed(seed)
    model, tokenizer = what.load(resolve(BUNDLED), train, None)
    ids = what.encode(tokenizer, train.texts, MAX_LENGTH).input_ids
    examples: list[dict[str, Any]] = [
        {"input_ids": tokens, "labels": label}
        for tokens, label in zip(ids, train.labels.tolist(), strict=True)
    ]
    if way in ("ours", "embeddings"):
        for row, example in enumerate(examples):
            example["rows"] = row
    began, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, frozen(way, depth, model, examples):
        steps = args.epochs * -(-len(examples) // args.batch_size)
        trainer = (Trainer if way == "shuffled" else InOurOrder)(
            model=model,
            args=TrainingArguments(
                output_dir=folder, max_steps=steps, per_device_train_batch_size=args.batch_size,
                learning_rate=args.learning_rate, warmup_steps=-(-steps // 10), weight_decay=0.01, seed=seed,
                eval_strategy="no", save_strategy="no", logging_steps=1, report_to="none", disable_tqdm=True,
                remove_unused_columns=False, use_cpu=not torch.cuda.is_available(),
                dataloader_pin_memory=torch.cuda.is_available(),
            ),
            data_collator=lambda batch: what.collate(batch, tokenizer.pad_token_id),
            train_dataset=examples,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    logits = what.logits(model.eval(), tokenizer, test.texts, MAX_LENGTH)
    return {
        "way": way, "depth": depth, "seed": seed, "work": work(args),
        **{name: round(value, 4) for name, value in what.metrics(logits, test.labels).items()},
        "losses": [round(loss, 4) for loss in losses],
        "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1),
        "predicted": logits.argmax(axis=-1).tolist(),
    }  # fmt: skip


def work(args: argparse.Namespace) -> str:
    return (
        f"{args.train} tweets to train, {args.test} to test, {args.epochs} epochs, batch {args.batch_size},"
        f" learning rate {args.learning_rate:g}"
    )


def all_runs(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Every run asked for, those in ``--keep`` not repeated; seed after seed, so that any stop is fair."""
    rows: list[dict[str, Any]] = []
    if args.keep and args.keep.exists():
        rows = [
            row for row in map(json.loads, args.keep.read_text().splitlines()) if row["work"] == work(args)
        ]
    for seed, depth, way in product(args.seeds, args.depths, args.ways):
        known = {(row["way"], row["depth"], row["seed"]) for row in rows}
        if (way, depth, seed) in known or (way == "embeddings" and depth):
            continue
        rows.append(run(way, depth, seed, args))
        if args.keep:
            with args.keep.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
        found = rows[-1]
        print(
            f"{way} {depth} seed {seed}: {found['macro_f1']:.4f} in {found['cpu_seconds']} s", file=sys.stderr
        )
    return sorted(rows, key=lambda row: (row["depth"], row["seed"]))


def macro_f1(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Macro-F1 of each row of *predicted* [runs, n]; a class in neither counts as 0 (there is none here)."""
    scores = np.zeros(len(predicted))
    for label in range(classes):
        is_label, said = truth == label, predicted == label
        both = (is_label & said).sum(-1)
        scores += 2 * both / np.maximum(is_label.sum() + said.sum(-1), 1)
    return scores / classes


def compare(pairs: list[tuple[int, np.ndarray, np.ndarray]], truth: np.ndarray, draws: int) -> dict[str, Any]:
    """Ours minus stock over *pairs* (depth, ours [n], stock [n]) of runs, with its uncertainty three ways.

    Depths weigh the same. ``texts``: 95 % interval over test texts; ``texts_and_seeds``: over both, a seed
    drawn for both ways at once, because they share its head and its batches. ``p``: exact two-sided sign-flip
    permutation test over the pairs.
    """
    classes = int(truth.max()) + 1
    depths = sorted({depth for depth, *_ in pairs})
    ours = {d: np.stack([a for depth, a, _ in pairs if depth == d]) for d in depths}
    stock = {d: np.stack([b for depth, _, b in pairs if depth == d]) for d in depths}
    differences = np.concatenate(
        [macro_f1(truth, ours[d], classes) - macro_f1(truth, stock[d], classes) for d in depths]
    )
    random = np.random.default_rng(0)
    over_texts, over_both = [], []
    for _ in range(draws):
        texts = random.integers(len(truth), size=len(truth))
        fixed, drawn = [], []
        for d in depths:
            a = macro_f1(truth[texts], ours[d][:, texts], classes)
            b = macro_f1(truth[texts], stock[d][:, texts], classes)
            fixed.append(a.mean() - b.mean())
            drawn.append(random.choice(a - b, len(a)).mean())
        over_texts.append(np.mean(fixed))
        over_both.append(np.mean(drawn))
    found = abs(differences.mean())
    signs = np.array(list(product((1, -1), repeat=len(differences))))
    reached = np.abs((signs * differences).mean(axis=1)) >= found - 1e-12
    return {
        "difference": round(float(differences.mean()), 4),
        "texts": np.percentile(over_texts, [2.5, 97.5]).round(4).tolist(),
        "texts_and_seeds": np.percentile(over_both, [2.5, 97.5]).round(4).tolist(),
        "p": round(float(reached.mean()), 4),
        "pairs": len(differences),
    }


def summary(rows: list[dict[str, Any]], args: argparse.Namespace) -> dict[str, Any]:
    truth = texts_of(args.train, args.test)[1].labels
    by = {(row["way"], row["depth"], row["seed"]): row for row in rows}
    table, pairs = [], []
    for depth in args.depths:
        entry: dict[str, Any] = {"depth": depth}
        for way in args.ways:
            scores = [row["macro_f1"] for row in rows if (row["way"], row["depth"]) == (way, depth)]
            if scores:
                spread = statistics.stdev(scores) if len(scores) > 1 else None
                entry[way] = {"macro_f1": scores, "mean": statistics.mean(scores), "sd": spread}
        here = [
            (depth, np.array(by["ours", depth, seed]["predicted"]), np.array(row["predicted"]))
            for (way, d, seed), row in sorted(by.items())
            if way == "stock" and d == depth and ("ours", depth, seed) in by
        ]
        if here:
            entry["ours_minus_stock"] = compare(here, truth, args.draws)
        pairs += here
        table.append(entry)
    putting_back = [
        max(abs(a - b) for a, b in zip(row["losses"], by["stock", 0, row["seed"]]["losses"], strict=True))
        for row in rows
        if row["way"] == "embeddings" and ("stock", 0, row["seed"]) in by
    ]
    overall = compare(pairs, truth, args.draws) if pairs else None
    return {
        "name": "dropout", "work": work(args), "table": table, "ours_minus_stock": overall,
        "put_back_largest_loss_difference": max(putting_back, default=None),
        "quality": {way: mean_of(rows, way) for way in args.ways},
        "runs": [{name: row[name] for name in row if name not in ("predicted", "losses")} for row in rows],
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
        },
    }  # fmt: skip


def mean_of(rows: list[dict[str, Any]], way: str) -> float | None:
    scores = [row["macro_f1"] for row in rows if row["way"] == way]
    return statistics.mean(scores) if scores else None


def readable(found: dict[str, Any]) -> str:
    lines = [f"macro-F1; {found['work']}"]
    for entry in found["table"]:
        for way, seen in entry.items():
            if isinstance(seen, dict) and "mean" in seen:
                each = " ".join(f"{score:.4f}" for score in seen["macro_f1"])
                spread = "" if seen["sd"] is None else f" ± {seen['sd']:.4f}"
                lines.append(f"depth {entry['depth']} {way:<11}{seen['mean']:.4f}{spread}  ({each})")
        if "ours_minus_stock" in entry:
            lines.append(f"depth {entry['depth']} {told(entry['ours_minus_stock'])}")
    if found["ours_minus_stock"]:
        lines.append(f"all     {told(found['ours_minus_stock'])}")
    if found["put_back_largest_loss_difference"] is not None:
        largest = found["put_back_largest_loss_difference"]
        lines.append(
            f"embeddings' dropout put back at depth 0: losses differ from stock by {largest:g} at most"
        )
    return "\n".join(lines) + "\n"


def told(seen: dict[str, Any]) -> str:
    low, high = seen["texts"]
    lowest, highest = seen["texts_and_seeds"]
    return (
        f"ours - stock {seen['difference']:+.4f}, 95 % over texts {low:+.4f} to {high:+.4f}, over texts and"
        f" seeds {lowest:+.4f} to {highest:+.4f}, p {seen['p']:.3f} ({seen['pairs']} pairs)"
    )


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="a smaller work of the same kind")
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2])
    parser.add_argument("--depths", type=numbers, default=[0, 1, 2])
    parser.add_argument("--ways", type=lambda text: text.split(","), default=list(WAYS))
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--test", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--draws", type=int, default=2000, help="of the bootstrap")
    parser.add_argument("--keep", type=Path, help="a file of finished runs, read and added to")
    args = parser.parse_args()
    if args.quick:
        args.train, args.test, args.epochs, args.seeds, args.depths = 64, 100, 1, [0, 1], [0, 2]
    found = summary(all_runs(args), args)
    sys.stdout.write(json.dumps(found) + "\n" if args.json else readable(found))


if __name__ == "__main__":
    main()
