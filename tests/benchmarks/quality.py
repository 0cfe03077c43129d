"""How good the defaults are: head-only and full fine-tuning against TF-IDF on 2,000 tweets.

    python tests/benchmarks/quality.py --json

Every run is an ordinary one, with the default settings of its strategy, in this process; the data folder is
the user's (``XFER_HOME``), so that the corpus is fetched once. ``--samples N`` draws N samples of the tweets
instead of one, because one test part of 400 texts has a standard error of about 0.025.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core import runs
from xfer_core.corpora import catalogue, sample, save
from xfer_core.progress import silent
from xfer_core.training import results, worker
from xfer_core.training.settings import request, validate


def measure(strategy: str, texts: int, seed: int, **settings: Any) -> dict[str, Any]:
    """One run on the sample of *seed*: its numbers, those of the references, and the seconds."""
    corpus = sample(catalogue.fetch("tweets", silent), texts, seed)
    config = validate({"strategy": strategy, "seed": seed, **settings})
    run = runs.create("train", request(config, save(corpus)), name=f"quality-{strategy}-{seed}")
    run = runs.run_here(run.id, worker.body)
    result = results.result(run.id)
    references = result["references"]
    return {
        "stock_tfidf": stock_tfidf(corpus),
        "run": run.id, "strategy": strategy, "seed": seed, "learning_rate": config.rate,
        "macro_f1": result["test"]["macro_f1"], "accuracy": result["test"]["accuracy"],
        "tfidf": references["tfidf"]["macro_f1"], "untuned_probe": references["untuned_probe"]["macro_f1"],
        "steps": result["steps"], "best_step": result["best_step"], "verdict": result["verdict"]["kind"],
        "seconds": result["seconds"], "seconds_in_all": result["seconds_in_all"],
        "test_texts": result["test"]["n"],
    }  # fmt: skip


def stock_tfidf(corpus: Any) -> float:
    """Macro-F1 of scikit-learn's TF-IDF and logistic regression as they come, nothing chosen."""
    train, test = corpus.part("train"), corpus.part("test")
    plain = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(train.texts, train.labels)
    return float(f1_score(test.labels, plain.predict(test.texts), average="macro"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="head only, 500 texts")
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first sample")
    parser.add_argument("--strategies", default="head,full")
    args = parser.parse_args()
    texts = 500 if args.quick else 2000
    strategies = ["head"] if args.quick else args.strategies.split(",")
    seeds = range(args.seed, args.seed + args.samples)
    rows = [measure(s, texts, seed) for seed in seeds for s in strategies]
    peer = statistics.mean(row["tfidf"] for row in rows)
    stock = statistics.mean(row["stock_tfidf"] for row in rows)
    found = {s: statistics.mean(r["macro_f1"] for r in rows if r["strategy"] == s) for s in strategies}
    result = {
        "name": "quality", "work": f"{texts} tweets, default settings, {args.samples} sample(s)",
        "quality": {"peer": peer, "stock_peer": stock, "ours": found}, "runs": rows,
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.machine(), "threads": os.environ.get("OMP_NUM_THREADS"),
        },
    }  # fmt: skip
    if args.json:
        print(json.dumps(result))
        return
    print(f"macro-F1 on the test part of {result['work']}\nTF-IDF {peer:.3f}, stock {stock:.3f}")
    for strategy, score in found.items():
        print(f"{strategy} {score:.3f} ({score - peer:+.3f})")


if __name__ == "__main__":
    main()
