"""One more linear probe on cached features, against a stock head-only run, on 1,000 tweets.

    python tests/benchmarks/probe.py --json [--seeds 3] [--threads N] [--quick]

The peer is the head-only arm of ``sweep``: a Trainer, ``requires_grad=False`` on all layers, 2 epochs. Ours
is what every further probe costs once the features of all layers are on disk: finding them, standardising and
a logistic regression at the program's fixed strength, then reading 500 texts. The seven layers are probed in
turn; ``ours`` is the median, ``filling_the_cache`` what the first one costs on top. The two are different
classifiers of different readings (the mean of a layer; the pooler of the first token): macro-F1 is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.sweep import MAX_LENGTH, Clock, stock, tweets
from xfer_core.analysis.features import features
from xfer_core.corpora.corpus import Corpus
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.tasks import task
from xfer_core.tasks.baselines import PROBE_STRENGTH, regression, standardised
from xfer_core.threads import single_threaded


def probe(corpus: Corpus, layer: int) -> float:
    """Macro-F1 on the validation texts of a probe on *layer*."""
    states = features(BUNDLED, corpus.texts, layers=[layer], max_length=MAX_LENGTH).array[0]
    split = corpus.frame["split"].to_numpy()
    train, validation = states[split == "train"], states[split == "validation"]
    with single_threaded():
        scaler = standardised(train)
        solved = regression(PROBE_STRENGTH).fit(scaler.transform(train), corpus.part("train").labels)
        logits = solved.decision_function(scaler.transform(validation))
    return task("classification").metrics(logits, corpus.part("validation").labels)["macro_f1"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=1, help="stock runs; a probe has no seed")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="200 texts")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    texts, held = (200, 100) if args.quick else (1000, 500)
    corpus = tweets(texts, held, 0)
    measure = task("classification").metrics
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XFER_HOME"] = folder
        source = resolve(BUNDLED)
        with Clock() as filling:
            features(BUNDLED, corpus.texts, max_length=MAX_LENGTH)
        probe(corpus, 0)  # scikit-learn is imported
        for seed in range(args.seeds):
            with Clock() as peer:
                logits = stock(corpus, source, source.layers, seed, False, folder)
            score = measure(logits, corpus.part("validation").labels)["macro_f1"]
            rows.append({"side": "peer", "seed": seed, "wall": peer.wall, "cpu": peer.cpu, "macro_f1": score})
            for layer in range(source.layers + 1):
                with Clock() as own:
                    score = probe(corpus, layer)
                rows.append(
                    {"side": "ours", "layer": layer, "wall": own.wall, "cpu": own.cpu, "macro_f1": score}
                )

    def middle(side: str, key: str) -> float:
        return statistics.median(row[key] for row in rows if row["side"] == side)

    result = {
        "name": "probe", "work": f"{texts} tweets, {held} evaluated; one probe against a head-only run",
        "peer": middle("peer", "wall"), "ours": middle("ours", "wall"),
        "ratio": middle("peer", "wall") / middle("ours", "wall"),
        "cpu_ratio": middle("peer", "cpu") / middle("ours", "cpu"),
        "filling_the_cache": {"wall": filling.wall, "cpu": filling.cpu},
        "quality": {
            "peer": middle("peer", "macro_f1"),
            "ours": {str(row["layer"]): row["macro_f1"] for row in rows if row["side"] == "ours"},
        },
        "machine": {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(),
                    "threads": args.threads, "load": os.getloadavg()},
        "runs": rows,
    }  # fmt: skip
    if args.json:
        print(json.dumps(result))
        return
    print("head-only run {peer:.2f} s, one more probe {ours:.3f} s: {ratio:.0f}x".format(**result))
    print("by CPU {cpu_ratio:.0f}x; macro-F1 {quality}".format(**result))


if __name__ == "__main__":
    main()
