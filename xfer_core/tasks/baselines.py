"""What a layer or a tuned model has to beat: counting words, and a linear probe on untuned states.

The first page, every run and every sweep use these same two, each a fitted preparation and a logistic
regression on it. They differ only in how the regression's strength is found:
:mod:`xfer_core.analysis.probes` trains on one domain and tests on others, without validation texts, and so
takes the fixed strengths below; runs and sweeps have a validation part and choose from the lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xfer_core.threads import single_threaded

WORDS = r"(?u)[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w\w+"
"""Words of two letters or more, and single characters of scripts written without spaces."""
RARE_WORDS_UP_TO = 2_000
"""Texts beyond which words and pairs of a single text are not counted: there are millions of them."""

WORD_STRENGTH = 10.0
"""Inverse regularisation ``C`` where it is not chosen on validation texts.

Within the domains of the four-domain corpus, so without a look at any other domain, 10 gave macro-F1 .705
and .702 where 1.0 gave .702 and .695 (two seeds).
"""
WORD_STRENGTHS = (1.0, 3.0, 10.0, 30.0)

PROBE_STRENGTH = 0.01
"""The same for probes.

Standardised states have hundreds of columns for a few hundred texts: at scikit-learn's 1.0 a probe learns
them by heart. Within the domains of the four-domain corpus .01 gave macro-F1 .81 where 1.0 gave .77 and .001
gave .81 (last layer, two seeds).
"""
PROBE_STRENGTHS = (0.001, 0.01, 0.1, 1.0)

STRENGTHS = (1e-4, *PROBE_STRENGTHS)
"""Of a classifier on features: all layers side by side need a stronger penalty than a single one."""


def word_counts(texts: Sequence[str]) -> Any:
    """TF-IDF of words and word pairs of *texts*, fitted: ``transform`` gives a sparse matrix [n, features].

    Where no text holds a word (smileys only, say), single signs are counted.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    counter = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=1 if len(texts) <= RARE_WORDS_UP_TO else 2,
        sublinear_tf=True,
        token_pattern=WORDS,
    )
    try:
        return counter.fit(texts)
    except ValueError:
        return counter.set_params(token_pattern=r"\S", min_df=1).fit(texts)


def standardised(states: Any) -> Any:
    """Columns of *states* [n, hidden] brought to mean 0 and variance 1, fitted: ``transform`` does it."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(states)


def regression(strength: float) -> Any:
    """The logistic regression, not fitted yet, with ``C`` *strength*."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=1_000)


@dataclass(frozen=True)
class Reading:
    """What a classifier makes of texts: one label a text of two parts, and how good they are.

    *strength* is the ``C`` that validation chose; *numbers* has ``macro_f1`` and ``accuracy`` of the test
    texts, and with ``validation_`` before them those of the validation texts.
    """

    strength: float
    predicted: np.ndarray
    validation_predicted: np.ndarray
    numbers: dict[str, float]


def read_words(texts: Sequence[Sequence[str]], labels: Sequence[np.ndarray]) -> tuple[Reading, int]:
    """By words, and how many words and pairs; *texts* and *labels* of training, validation and test part."""
    counter = word_counts(texts[0])
    arrays = [counter.transform(part) for part in texts]
    return _read(arrays, labels, WORD_STRENGTHS), len(counter.vocabulary_)


def read_states(states: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> Reading:
    """By a probe on *states* [n, hidden] of training, validation and test part."""
    arrays = [part.astype(np.float64) for part in states]
    scaler = standardised(arrays[0])
    return _read([scaler.transform(part) for part in arrays], labels, PROBE_STRENGTHS)


def _read(arrays: Sequence[Any], labels: Sequence[np.ndarray], strengths: Sequence[float]) -> Reading:
    with single_threaded():
        fitted = [regression(strength).fit(arrays[0], labels[0]) for strength in strengths]
        validated = [model.predict(arrays[1]) for model in fitted]
        scores = [_measures(labels[1], given) for given in validated]
        best = max(range(len(fitted)), key=lambda i: scores[i]["macro_f1"])
        predicted = fitted[best].predict(arrays[2])
    numbers = _measures(labels[2], predicted)
    numbers |= {f"validation_{name}": value for name, value in scores[best].items()}
    return Reading(strengths[best], predicted, validated[best], numbers)


def _measures(labels: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score

    return {
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(labels, predicted)),
    }
