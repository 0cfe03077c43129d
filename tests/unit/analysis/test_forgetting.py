"""A probe on the second corpus, before and after: against scikit-learn by hand, and where it must fall."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from xfer_core.analysis.forgetting import best_layer, forgetting
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadTable


def second(splits: np.ndarray, labels: np.ndarray) -> Corpus:
    n = len(labels)
    frame = pd.DataFrame(
        {"text": [f"t{i}" for i in range(n)], "label": labels, "domain": 0, "split": splits,
         "row": range(1, n + 1)}
    )  # fmt: skip
    return Corpus("second", frame, ("a", "b"), ())


@pytest.fixture
def corpus():
    rng = np.random.default_rng(0)
    return second(
        rng.choice(["train", "validation", "test"], 400, p=[0.6, 0.2, 0.2]), rng.integers(2, size=400)
    )


@pytest.fixture
def before(corpus):
    """Three layers; the middle one tells the classes best."""
    rng = np.random.default_rng(1)
    signal = (2 * corpus.labels - 1)[None, :, None] * np.array([0.1, 0.6, 0.3])[:, None, None]
    return (rng.normal(size=(3, 400, 8)) + signal).astype(np.float32)


def test_an_unchanged_model_forgets_nothing_and_a_scrambled_layer_everything(corpus, before):
    same = forgetting(before, before, corpus, best_layer(before, corpus))
    assert same["layer"] == best_layer(before, corpus) == 1
    assert (same["before"], same["last_before"]) == (same["after"], same["last_after"])
    assert same["n"] == (corpus.frame["split"] == "test").sum()
    after = before.copy()
    after[1] = np.random.default_rng(2).normal(size=after[1].shape)
    lost = forgetting(before, after, corpus, best_layer(before, corpus))
    assert lost["before"] == same["before"] > 0.85 and lost["after"] < 0.65
    assert lost["last_after"] == lost["last_before"]
    assert lost["corpus"] == corpus.id


def test_the_number_is_that_of_scikit_learn(corpus, before):
    split, labels = corpus.frame["split"].to_numpy(), corpus.labels
    train, test = split == "train", split == "test"
    scaler = StandardScaler().fit(before[1, train])
    reader = LogisticRegression(C=0.01, max_iter=1_000).fit(scaler.transform(before[1, train]), labels[train])
    peer = f1_score(labels[test], reader.predict(scaler.transform(before[1, test])), average="macro")
    assert forgetting(before, before, corpus, best_layer(before, corpus))["before"] == pytest.approx(
        peer, abs=1e-6
    )


def test_only_the_validation_texts_choose_the_layer(corpus, before):
    scrambled = before.copy()
    test = (corpus.frame["split"] == "test").to_numpy()
    scrambled[1, test] = 0
    assert best_layer(scrambled, corpus) == 1


def test_texts_without_labels_are_left_out_and_one_class_is_refused(corpus, before):
    labels = corpus.labels.copy()
    labels[::7] = -1
    split = corpus.frame["split"].to_numpy()
    assert (
        forgetting(before, before, second(split, labels), 1)["n"] == ((split == "test") & (labels >= 0)).sum()
    )
    with pytest.raises(BadTable, match="second"):
        forgetting(before, before, second(split, np.zeros(400, np.int64)), layer=0)
    with pytest.raises(BadTable):
        forgetting(before, before, second(np.full(400, "train"), corpus.labels), layer=0)
