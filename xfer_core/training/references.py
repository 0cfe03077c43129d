"""What a tuned model has to beat on the same split: counting words, and the same model untuned.

Both are those of :mod:`xfer_core.tasks.baselines`; strength and layer are chosen on the validation part, and
the choice is measured once on the test part.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from xfer_core.corpora.corpus import Corpus, sample
from xfer_core.files import fingerprint, read_json, write_json
from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.progress import Report, silent
from xfer_core.settings import LIMITS, home
from xfer_core.tasks.baselines import Reading, read_states, read_words

VERSION = "2"
"""Part of the cache's key: raise it when the same corpus and model would give other numbers."""


def references(corpus: Corpus, source: Source, max_length: int, report: Report = silent) -> dict[str, Any]:
    """:func:`tfidf` and :func:`untuned_probe`, kept in the data folder for the next run on the same corpus.

    The model counts as the same while its files are; ``seconds`` are those of the first time.
    """
    files = sorted(source.folder.iterdir())
    state = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    key = fingerprint(VERSION, corpus.id, str(source.folder), *state, str(max_length))
    kept = home() / "cache" / "references" / f"{key}.json"
    if kept.exists():
        return dict(read_json(kept))
    report(0.0, N_("Comparing with word counts"))
    words = tfidf(corpus)
    found = {"tfidf": words, "untuned_probe": untuned_probe(corpus, source, max_length, report)}
    write_json(kept, found)
    return found


def bounded(corpus: Corpus, part: str, seed: int = 0) -> Corpus:
    """A part of the corpus, or ``LIMITS.reference_texts`` of it drawn at random."""
    whole = corpus.part(part)
    return whole if whole.n <= LIMITS.reference_texts else sample(whole, LIMITS.reference_texts, seed)


def tfidf(corpus: Corpus) -> dict[str, Any]:
    """TF-IDF of words and word pairs, then logistic regression.

    Returns ``accuracy`` and ``macro_f1`` on the test part, ``texts`` learnt from, ``features``, ``C``,
    ``seconds``.
    """
    began = time.monotonic()
    parts = [bounded(corpus, part) for part in ("train", "validation", "test")]
    reading, features = read_words([part.texts for part in parts], [part.labels for part in parts])
    return {
        **_told(reading), "texts": parts[0].n, "features": features, "seconds": time.monotonic() - began,
    }  # fmt: skip


def untuned_probe(corpus: Corpus, source: Source, max_length: int, report: Report = silent) -> dict[str, Any]:
    """A linear probe on the mean-pooled layers of the pretrained model, for every layer.

    Returns ``accuracy`` and ``macro_f1`` on the test part for the layer that is best on the validation part
    (``layer``; 0 = embeddings), ``last_layer`` with the same numbers for the last one, ``texts`` learnt from,
    ``seconds``.
    """
    from xfer_core.models.load import load
    from xfer_core.models.states import pooled

    began = time.monotonic()
    parts = [bounded(corpus, part) for part in ("train", "validation", "test")]
    model, tokenizer = load(source, "encoder")
    texts = [text for part in parts for text in part.texts]

    def comparing(fraction: float, message: str) -> None:
        report(fraction, N_("Comparing with the untuned model"))

    states = pooled(model, tokenizer, texts, pool="mean", max_length=max_length, report=comparing)
    cuts = np.cumsum([part.n for part in parts])[:2]
    labels = [part.labels for part in parts]
    readings = [read_states(np.split(features, cuts), labels) for features in states]
    best = max(range(len(readings)), key=lambda layer: readings[layer].numbers["validation_macro_f1"])
    last = {"layer": len(readings) - 1, **_told(readings[-1])}
    return {
        "layer": best, **_told(readings[best]), "last_layer": last, "texts": parts[0].n,
        "seconds": time.monotonic() - began,
    }  # fmt: skip


def _told(reading: Reading) -> dict[str, Any]:
    return {
        "accuracy": reading.numbers["accuracy"], "macro_f1": reading.numbers["macro_f1"],
        "C": reading.strength,
    }  # fmt: skip
