"""The two baselines choose by validation and measure once, as scikit-learn alone does."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from xfer_core.tasks.baselines import (
    PROBE_STRENGTHS,
    WORD_STRENGTHS,
    WORDS,
    Reading,
    read_states,
    read_words,
)


def expected(arrays, labels, strengths):
    """By the book: fit every strength, take the first that is best on validation, look at the test once."""
    models = [LogisticRegression(C=c, max_iter=1_000).fit(arrays[0], labels[0]) for c in strengths]
    scores = [f1_score(labels[1], model.predict(arrays[1]), average="macro") for model in models]
    best = scores.index(max(scores))
    given = models[best].predict(arrays[2])
    return (
        strengths[best], given, scores[best],
        f1_score(labels[2], given, average="macro"), accuracy_score(labels[2], given),
    )  # fmt: skip


def same(found: Reading, wanted) -> None:
    strength, given, validated, macro_f1, accuracy = wanted
    assert found.strength == strength and (found.predicted == given).all()
    assert found.numbers["validation_macro_f1"] == pytest.approx(validated)
    assert (found.numbers["macro_f1"], found.numbers["accuracy"]) == pytest.approx((macro_f1, accuracy))


@pytest.mark.parametrize("noise", [1.0, 6.0])
def test_a_probe(noise):
    random = np.random.default_rng(0)
    labels = [random.integers(0, 3, n) for n in (80, 60, 70)]
    states = [
        (np.eye(40)[y] * 5 + noise * random.normal(size=(len(y), 40)) + 9).astype(np.float32) for y in labels
    ]
    scaler = StandardScaler().fit(states[0].astype(float))
    arrays = [scaler.transform(part.astype(float)) for part in states]
    found = read_states(states, labels)
    same(found, expected(arrays, labels, PROBE_STRENGTHS))
    assert len(found.validation_predicted) == 60


def test_words():
    random = np.random.default_rng(1)
    words = np.array([f"word{i}" for i in range(30)])
    labels = [random.integers(0, 2, n) for n in (60, 40, 50)]
    texts = [[" ".join([*random.choice(words, 6), f"sign{y * (random.random() < 0.7)}"]) for y in part]
             for part in labels]  # fmt: skip
    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORDS).fit(texts[0])
    found, features = read_words(texts, labels)
    same(found, expected([counter.transform(part) for part in texts], labels, WORD_STRENGTHS))
    assert features == len(counter.get_feature_names_out())
