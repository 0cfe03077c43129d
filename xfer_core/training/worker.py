"""A run of kind ``train``, from its corpus to its folder: ``python -m xfer_core.training.worker RUN_ID``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from xfer_core.corpora import corpus as corpora
from xfer_core.errors import Interrupted
from xfer_core.files import write_json
from xfer_core.i18n import N_
from xfer_core.runs import events, worker
from xfer_core.training.results import METRICS, MODEL, PREDICTIONS
from xfer_core.training.settings import FitConfig, validate

if TYPE_CHECKING:
    from xfer_core.corpora.corpus import Corpus
    from xfer_core.training.fit import Fitted


def body(job: worker.Job) -> None:
    """Tune, test, compare, and write the run folder; a stop keeps the best step and skips the references."""
    began = time.monotonic()
    config, corpus = validate(job.config), corpora.load(job.config["corpus"])
    write_json(job.folder / "corpus.json", _about(corpus))
    job.phase(N_("Starting"))
    from xfer_core.training.fit import fit  # here: it imports torch and transformers' Trainer

    try:
        fitted = fit(config, corpus, job)
    except Interrupted:
        return
    result = {"strategy": config.strategy, **evaluated(config, corpus, fitted, job)}
    result["references"] = {} if job.stop_requested() else compared(corpus, fitted, job)
    result["seconds_in_all"] = time.monotonic() - began
    result["peak_memory_mb"] = peak_memory_mb()
    save(config, corpus, fitted, result, job)


def evaluated(config: FitConfig, corpus: Corpus, fitted: Fitted, job: worker.Job) -> dict[str, Any]:
    """Test and validation reports, the verdict and the cost; writes ``predictions.parquet``."""
    import numpy as np

    from xfer_core.files import whole
    from xfer_core.tasks import task
    from xfer_core.training.verdict import verdict

    job.phase(N_("Reading the test texts"))
    what = task(config.task)
    reports = {}
    for name in ("validation", "test"):
        texts = corpus.part(name)
        logits = what.logits(fitted.model, fitted.tokenizer, texts.texts, fitted.max_length)
        reports[name] = what.report(texts, logits)
    with whole(job.folder / PREDICTIONS) as draft:
        what.predictions(texts, logits).to_parquet(draft, index=False)
    labels = corpus.part("train").labels
    majority = float(np.bincount(labels).max() / len(labels))
    return {
        **reports,
        "majority": majority,
        "verdict": verdict(fitted.curve, majority).as_dict(),
        "model": config.model,
        "trainable_parameters": fitted.trainable_parameters,
        "parameters": fitted.parameters,
        "frozen_layers": fitted.frozen_layers,
        "cached_states": fitted.cached,
        "learning_rate": config.rate,
        "steps": fitted.steps,
        "best_step": fitted.best_step,
        "stopped": fitted.stopped,
        "max_length": fitted.max_length,
        "truncated": fitted.truncated,
        "truncated_share": fitted.truncated / corpus.n,
        "seconds": fitted.seconds,
        "seed": config.seed,
    }


def compared(corpus: Corpus, fitted: Fitted, job: worker.Job) -> dict[str, Any]:
    """What the model has to beat, on the same split."""
    from xfer_core.training.references import references

    return references(corpus, fitted.source, fitted.max_length, job.report)


def save(config: FitConfig, corpus: Corpus, fitted: Fitted, result: dict[str, Any], job: worker.Job) -> None:
    """``model/`` as plain transformers loads it, with its card, and ``metrics.json``."""
    from transformers.utils import logging

    from xfer_core.tasks import task
    from xfer_core.training.card import card

    job.phase(N_("Saving the model"))
    logging.disable_progress_bar()
    folder = job.folder / MODEL
    fitted.model.config.xfer_lab = {"max_length": fitted.max_length}  # for whoever classifies with it
    fitted.model.save_pretrained(folder)
    fitted.tokenizer.save_pretrained(folder)
    for weights in folder.glob("*.safetensors"):
        weights.chmod(0o644)  # written as 0600, unlike its neighbours
    (folder / "README.md").write_text(card(config, corpus, result), encoding="utf-8")
    write_json(job.folder / METRICS, events.plain({"run": job.run.id, **result}))
    job.metrics(
        **{name: result["test"][name] for name in task(config.task).measures},
        verdict=result["verdict"]["kind"],
        best_step=result["best_step"],
        seconds=result["seconds"],
    )


def peak_memory_mb() -> float:
    """The most memory this process has held so far."""
    import sys

    import psutil

    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _about(corpus: Corpus) -> dict[str, Any]:
    return {
        "id": corpus.id,
        "name": corpus.name,
        "rows": corpus.n,
        "parts": {name: corpus.part(name).n for name in ("train", "validation", "test")},
        "label_names": corpus.label_names,
        "domain_names": corpus.domain_names,
        "source": corpus.source,
        "notes": corpus.notes,
    }


if __name__ == "__main__":
    worker.main(body)
