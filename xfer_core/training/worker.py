"""A run of kind ``train``, from its corpus to its folder: ``python -m xfer_core.training.worker RUN_ID``."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from xfer_core.corpora import corpus as corpora
from xfer_core.errors import Interrupted
from xfer_core.files import write_json
from xfer_core.i18n import N_
from xfer_core.runs import events, worker
from xfer_core.training.results import METRICS, MODEL, PREDICTIONS
from xfer_core.training.settings import FitConfig, validate

if TYPE_CHECKING:
    import numpy as np

    from xfer_core.corpora.corpus import Corpus
    from xfer_core.training.fitted import Fitted


def body(job: worker.Job) -> None:
    """Tune, test, compare, and write the run folder; a stop keeps the best step and skips the references."""
    began = time.monotonic()
    config, corpus = validate(job.config), corpora.load(job.config["corpus"])
    write_json(job.folder / "corpus.json", _about(corpus))
    job.phase(N_("Starting"))
    from xfer_core.training import cost
    from xfer_core.training.fit import fit  # here: it imports torch and transformers' Trainer
    from xfer_core.training.material import Shared

    shared = Shared()
    source = shared.source(config.model)
    predicted = asdict(cost.predict(config, corpus, source))
    try:
        fitted = fit(config, corpus, job, shared=shared)
    except Interrupted:
        return
    seconds = fitted.seconds - shared.pass_seconds
    cost.learn(config, corpus, source, seconds, steps=fitted.steps, memory_mb=fitted.memory_mb)
    job.phase(N_("Reading the test texts"))
    logits = {part: logits_of(config, corpus, fitted, part) for part in ("validation", "test")}
    result = evaluated(config, corpus, fitted, logits["validation"], logits["test"])
    result["predicted"] = predicted
    result["references"] = {} if job.stop_requested() else compared(corpus, fitted, job)
    result["seconds_in_all"] = time.monotonic() - began
    save(config, corpus, fitted, result, logits["test"], job)


def logits_of(config: FitConfig, corpus: Corpus, fitted: Fitted, part: str) -> np.ndarray:
    """What the tuned model says of every text of a *part* of the corpus, float32 [n, classes]; not scored."""
    from xfer_core.tasks import task

    texts = corpus.part(part).texts
    return task(config.task).logits(fitted.model, fitted.tokenizer, texts, fitted.max_length)


def evaluated(
    config: FitConfig, corpus: Corpus, fitted: Fitted, validation: np.ndarray, test: np.ndarray
) -> dict[str, Any]:
    """Reports of the two parts' logits, the verdict and the cost: ``metrics.json`` but for the references."""
    import numpy as np

    from xfer_core.tasks import task
    from xfer_core.training.verdict import solved, verdict

    what = task(config.task)
    labels = corpus.part("train").labels
    majority = float(np.bincount(labels).max() / len(labels))
    judged = (solved if fitted.plan.solver else verdict)(fitted.curve, majority)
    return {
        "strategy": config.strategy,
        "validation": what.report(corpus.part("validation"), validation),
        "test": what.report(corpus.part("test"), test),
        "majority": majority,
        "verdict": judged.as_dict(),
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
        "peak_memory_mb": fitted.memory_mb,
        "seed": config.seed,
        "references": {},
    }


def compared(corpus: Corpus, fitted: Fitted, job: worker.Job) -> dict[str, Any]:
    """What the model has to beat, on the same split."""
    from xfer_core.training.references import references

    return references(corpus, fitted.source, fitted.max_length, job.report)


def save(
    config: FitConfig,
    corpus: Corpus,
    fitted: Fitted,
    result: dict[str, Any],
    test: np.ndarray,
    job: worker.Job,
) -> None:
    """The whole folder of a finished run: ``model/`` as plain transformers loads it, its card, the numbers.

    Parameters
    ----------
    result : dict
        What :func:`evaluated` gave, ``references`` and ``predicted`` added where they are known.
    test : float32 [n, classes]
        Logits of the test texts, for ``predictions.parquet``.
    job : Job
        Of this run; a curve that it has not told yet is told now (a sweep trains before it makes the run).
    """
    from transformers.utils import logging

    from xfer_core.files import whole
    from xfer_core.tasks import task
    from xfer_core.training.card import card

    job.phase(N_("Saving the model"))
    logging.disable_progress_bar()
    what = task(config.task)
    write_json(job.folder / "corpus.json", _about(corpus))
    if not any(event["kind"] == "metric" for event in events.read(job.folder)[0]):
        for point in fitted.curve:
            job.event("metric", **point)
    with whole(job.folder / PREDICTIONS) as draft:
        what.predictions(corpus.part("test"), test).to_parquet(draft, index=False)
    folder = job.folder / MODEL
    fitted.model.config.xfer_lab = {"max_length": fitted.max_length}  # for whoever classifies with it
    try:
        fitted.model.save_pretrained(folder)
        fitted.tokenizer.save_pretrained(folder)
    except BaseException:  # half a model takes room and serves nobody
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for weights in folder.glob("*.safetensors"):
        weights.chmod(0o644)  # written as 0600, unlike its neighbours
    (folder / "README.md").write_text(card(config, corpus, result), encoding="utf-8")
    write_json(job.folder / METRICS, events.plain({"run": job.run.id, **result}))
    job.metrics(
        **{name: result["test"][name] for name in what.measures},
        verdict=result["verdict"]["kind"],
        best_step=result["best_step"],
        seconds=result["seconds"],
    )


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
