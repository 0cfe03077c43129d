"""Runs as they lie in the store, made by the same functions as real ones, without a worker."""

from __future__ import annotations

import time

import numpy as np

from xfer_core import corpora
from xfer_core.corpora import Corpus
from xfer_core.files import write_json
from xfer_core.runs import events, store
from xfer_core.runs.store import Run
from xfer_core.tasks.classification import Classification
from xfer_core.training import settings
from xfer_core.training.results import METRICS, MODEL, PREDICTIONS
from xfer_core.training.verdict import verdict

CURVE = [
    {
        "step": step, "epoch": step / 10, "train_loss": 0.7 - step / 100, "validation_loss": 0.7 - step / 200,
        "train_accuracy": 0.5 + step / 100, "validation_accuracy": 0.5 + step / 150,
        "validation_macro_f1": 0.45 + step / 150,
    }
    for step in range(0, 31, 5)
]  # fmt: skip


def started(corpus: Corpus, state: str = "running", **chosen: object) -> Run:
    """A training run with its curve, in any state, with nothing behind it."""
    config = settings.validate(chosen)
    run = store.create(
        "train", settings.request(config, corpora.save(corpus)), f"{corpus.name}-{config.strategy}"
    )
    store.update(run.id, state="running", started=time.time() - 60, step=30, steps=60)
    for point in CURVE:
        events.append(run.folder, {"kind": "metric", **point})
    if state != "running":
        store.update(run.id, state=state)
    return store.get(run.id)


def finished(corpus: Corpus, wrong: int = 1, **chosen: object) -> Run:
    """A finished run that reads the last *wrong* test texts as another label."""
    run = started(corpus, **chosen)
    test = corpus.part("test")
    logits = 3.0 * np.eye(len(corpus.label_names))[test.labels]
    logits[test.n - wrong :] = np.roll(logits[test.n - wrong :], 1, axis=1)
    report = Classification().report(test, logits)
    Classification().predictions(test, logits).to_parquet(run.folder / PREDICTIONS, index=False)
    (run.folder / MODEL).mkdir()
    write_json(run.folder / MODEL / "config.json", {})
    probe = {"macro_f1": 0.5, "accuracy": 0.5, "layer": 4}
    result = {
        "run": run.id, "strategy": run.config["strategy"], "test": report, "validation": report,
        "references": {"tfidf": {"macro_f1": 0.25, "accuracy": 0.3}, "untuned_probe": probe},
        "verdict": verdict(CURVE, 0.5).as_dict(), "trainable_parameters": 1234, "parameters": 5678,
        "best_step": 30, "steps": 30, "seconds": 12.5, "truncated": 3, "truncated_share": 0.25,
        "max_length": 128, "cached_states": "all", "peak_memory_mb": 812.0,
        "predicted": {"trainable": 1234, "seconds": 20.0, "memory_mb": 900.0},
    }  # fmt: skip
    write_json(run.folder / METRICS, events.plain(result))
    store.update(
        run.id, state="finished", metrics={"macro_f1": report["macro_f1"], "accuracy": report["accuracy"]}
    )
    return store.get(run.id)
