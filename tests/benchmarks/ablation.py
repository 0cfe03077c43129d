"""All 72 heads of the bundled model switched off: batches that begin where they differ, against one by one.

    python tests/benchmarks/ablation.py [--json] [--texts N] [--rounds N] [--threads N] [--quick]

The work is what the attention page asks for: one real text, and its logits with each head off, beside those
with all on. The classifier on the bundled model has a seeded random head, which costs what a tuned one does.
The peer is plain transformers with its own fast attention: for each head one pass, a hook on the matrix that
joins the heads setting the head's part to 0. Ours reads the text once and then each layer's heads as one
batch, from that layer on. Both have the model and the text's tokens ready. They take turns, text after text;
the ratio is that of the sums of the best of each text's rounds. Quality: the largest difference of any logit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from transformers import AutoModelForSequenceClassification, AutoTokenizer

from xfer_core.attention.ablation import each_off
from xfer_core.attention.looking import encode
from xfer_core.attention.opened import Opened, open_model
from xfer_core.attention.switching import read_whole
from xfer_core.corpora import catalogue, sample
from xfer_core.models.anatomy import anatomy
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.progress import silent


def classifier(folder: str) -> Opened:
    """The bundled model with a seeded random head of three classes."""
    source = resolve(BUNDLED).folder
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_pretrained(source, num_labels=3).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return open_model(folder)


def one_by_one(opened: Opened, batch: dict[str, torch.Tensor]) -> np.ndarray:
    """Logits with each head off, [layers, heads, classes], and before them a pass with all on."""
    layers, heads = opened.source.layers, opened.source.heads
    size = opened.source.hidden // heads
    found = np.empty((layers, heads, len(opened.class_names)))
    with torch.inference_mode():
        opened.network(**batch)
        for layer, module in enumerate(anatomy(opened.network).stack):
            for head in range(heads):

                def off(_: Any, args: Any, part: slice = slice(head * size, (head + 1) * size)) -> Any:
                    given = args[0].clone()
                    given[..., part] = 0
                    return (given,)

                hook = module.attention.output.dense.register_forward_pre_hook(off)
                found[layer, head] = opened.network(**batch).logits[0]
                hook.remove()
    return found


def in_batches(opened: Opened, text: str) -> np.ndarray:
    whole = read_whole(opened, text, None)
    return each_off(opened, whole, [output.new_zeros(1, 1, 1, 1) for output in whole.heads])


def timed(work: Callable[[], np.ndarray]) -> tuple[float, float, np.ndarray]:
    """Wall seconds, processor seconds, logits."""
    began, busy = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - began, time.process_time() - busy, found


def measure(opened: Opened, texts: list[str], rounds: int) -> list[dict[str, Any]]:
    rows = []
    for number, text in enumerate(texts):
        batch, _ = encode(opened, text, None)
        ways = {
            "peer": lambda batch=batch: one_by_one(opened, batch),
            "ours": lambda text=text: in_batches(opened, text),
        }
        for turn in range(rounds):
            found = {}
            row: dict[str, Any] = {"text": number, "tokens": batch["input_ids"].shape[1], "round": turn}
            for side in sorted(ways, reverse=bool(turn % 2)):
                row[f"{side}_wall"], row[f"{side}_cpu"], found[side] = timed(ways[side])
            row["difference"] = float(np.abs(found["ours"] - found["peer"]).max())
            rows.append(row)
    return rows


def best(rows: list[dict[str, Any]], key: str) -> float:
    """The sum over texts of the best round."""
    return sum(min(row[key] for row in rows if row["text"] == text) for text in {row["text"] for row in rows})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--texts", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="3 texts, 1 round")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    n, rounds = (3, 1) if args.quick else (args.texts, args.rounds)
    drawn = sample(catalogue.fetch("four-domains", silent), n, 0).texts
    with tempfile.TemporaryDirectory() as folder:
        opened = classifier(folder)
        measure(opened, drawn[:1], 1)  # what is imported and allocated once
        rows = measure(opened, list(drawn), rounds)
    peer, ours = best(rows, "peer_wall"), best(rows, "ours_wall")
    result = {
        "name": "ablation",
        "work": f"{n} texts of four domains, {opened.source.layers * opened.source.heads} heads off in turn",
        "peer": peer, "ours": ours, "ratio": peer / ours,
        "cpu_ratio": best(rows, "peer_cpu") / best(rows, "ours_cpu"),
        "quality": {"largest_difference_of_logits": max(row["difference"] for row in rows)},
        "machine": {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
                    "threads": args.threads, "load": os.getloadavg()},
        "runs": rows,
    }  # fmt: skip
    if args.json:
        print(json.dumps(result))
        return
    print("one by one {peer:.2f} s, in batches {ours:.2f} s: {ratio:.1f}x".format(**result))
    print("by CPU {cpu_ratio:.1f}x; {quality}".format(**result))


if __name__ == "__main__":
    main()
