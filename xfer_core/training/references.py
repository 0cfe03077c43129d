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
from xfer_core.tasks.baselines import (
    PROBE_STRENGTHS,
    WORD_STRENGTHS,
    regression,
    standardised,
    word_counts,
)
from xfer_core.threads import single_threaded

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
    counter = word_counts(parts[0].texts)
    arrays = [counter.transform(part.texts) for part in parts]
    with single_threaded():
        _, chosen = best(arrays, [part.labels for part in parts], WORD_STRENGTHS)
    return {
        **chosen, "texts": parts[0].n, "features": len(counter.vocabulary_),
        "seconds": time.monotonic() - began,
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
    layers = []
    with single_threaded():
        for layer, features in enumerate(states):
            arrays = np.split(features.astype(np.float64), cuts)
            scaler = standardised(arrays[0])
            scaled = [scaler.transform(array) for array in arrays]
            validated, chosen = best(scaled, [part.labels for part in parts], PROBE_STRENGTHS)
            layers.append((validated, {"layer": layer, **chosen}))
    top = max(layers, key=lambda pair: pair[0])[1]
    return {**top, "last_layer": layers[-1][1], "texts": parts[0].n, "seconds": time.monotonic() - began}


def best(
    arrays: list[Any], labels: list[np.ndarray], strengths: tuple[float, ...]
) -> tuple[float, dict[str, Any]]:
    """The logistic regression whose strength does best on validation: that macro-F1, and its test numbers.

    *arrays* and *labels* hold training, validation and test part.
    """
    from sklearn.metrics import accuracy_score, f1_score

    def score(model: Any, part: int) -> float:
        return float(f1_score(labels[part], model.predict(arrays[part]), average="macro", zero_division=0))

    fitted = [regression(strength).fit(arrays[0], labels[0]) for strength in strengths]
    validated = [score(model, 1) for model in fitted]
    chosen = int(np.argmax(validated))
    accuracy = float(accuracy_score(labels[2], fitted[chosen].predict(arrays[2])))
    return validated[chosen], {
        "accuracy": accuracy, "macro_f1": score(fitted[chosen], 2), "C": strengths[chosen],
    }  # fmt: skip
