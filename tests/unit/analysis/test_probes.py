"""Probes against a straightforward scikit-learn pipeline, and what the summary says of known layers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from xfer_core.analysis.probes import at_most, divide, transfer
from xfer_core.analysis.transfer import TFIDF, Transfer
from xfer_core.errors import BadTable
from xfer_core.tasks.baselines import PROBE_STRENGTH, WORD_STRENGTH

NAMES = ["shop", "film", "news"]


def texts(labels):
    words = [["dull", "slow", "poor"], ["fine", "warm", "rich"]]
    return [f"{words[label][i % 3]} thing number {i % 11}" for i, label in enumerate(labels)]


@pytest.fixture(scope="module")
def result(layered) -> Transfer:
    states, labels, domains = layered
    return transfer(states, texts(labels), labels, domains, NAMES, ["bad", "good"], seed=3)


def test_cells_equal_a_plain_pipeline(result, layered):
    states, labels, domains = layered
    rng = np.random.default_rng(3)
    halves = [divide(labels, np.flatnonzero(domains == d), rng) for d in range(3)]
    for s, (train, _) in enumerate(halves):
        for layer in range(3):
            scaler = StandardScaler().fit(states[layer, train])
            probe = LogisticRegression(C=PROBE_STRENGTH, max_iter=1_000)
            probe.fit(scaler.transform(states[layer, train]), labels[train])
            for t, (_, test) in enumerate(halves):
                predicted = probe.predict(scaler.transform(states[layer, test]))
                expected = f1_score(labels[test], predicted, average="macro")
                assert result.macro_f1[s, t, layer] == pytest.approx(expected, abs=1e-12)
                assert result.accuracy[s, t, layer] == accuracy_score(labels[test], predicted)


def test_the_reference_counts_words(result, layered):
    _, labels, domains = layered
    rng = np.random.default_rng(3)
    train, test = divide(labels, np.flatnonzero(domains == 0), rng)
    said = np.array(texts(labels), dtype=object)
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\w\w+")
    reader = LogisticRegression(C=WORD_STRENGTH, max_iter=1_000).fit(
        words.fit_transform(said[train]), labels[train]
    )
    expected = f1_score(labels[test], reader.predict(words.transform(said[test])), average="macro")
    assert result.macro_f1[0, 0, TFIDF] == pytest.approx(expected)


def test_train_and_test_share_no_text_and_keep_the_classes():
    labels = np.array([0] * 50 + [1] * 11 + [2])
    rows = np.arange(len(labels))
    train, test = divide(labels, rows, np.random.default_rng(0))
    assert sorted([*train, *test]) == list(rows)
    assert [int((labels[train] == c).sum()) for c in range(3)] == [35, 8, 1]


def test_at_most_caps_every_class_of_every_domain():
    labels = np.array([0] * 30 + [1] * 5 + [0] * 8 + [-1] * 9)
    domains = np.array([0] * 35 + [1] * 17)
    rows = at_most(labels, domains, 6, seed=1)
    assert (labels[rows] >= 0).all()
    counted = {(d, c): int(((domains == d) & (labels == c))[rows].sum()) for d in (0, 1) for c in (0, 1)}
    assert counted == {(0, 0): 6, (0, 1): 5, (1, 0): 6, (1, 1): 0}
    assert (rows == at_most(labels, domains, 6, seed=1)).all()


def test_summary_names_the_layer_that_travels(result):
    found = result.summary()
    assert found.pairs == 6
    assert found.travels_best == 1
    assert found.middle_above_last == 6
    assert set(found.best_layer.values()) == {1}
    off = [result.macro_f1[s, t] for s in range(3) for t in range(3) if s != t]
    assert found.mean == pytest.approx(np.mean(off, axis=0)[:-1])
    assert found.tfidf == pytest.approx(np.mean(off, axis=0)[-1])


def test_intervals_hold_the_score_and_shrink_with_more_texts(result):
    cells = list(result.cells())
    assert len(cells) == 9 * 4
    assert all(cell.low <= cell.macro_f1 <= cell.high for cell in cells)
    assert {cell.n for cell in cells} == {24}


def test_a_domain_of_one_class_trains_nothing_and_is_named(layered):
    states, labels, domains = layered
    labels = np.where(domains == 2, 1, labels)
    found = transfer(states, texts(labels), labels, domains, NAMES, ["bad", "good"])
    assert np.isnan(found.macro_f1[2]).all()
    assert not np.isnan(found.macro_f1[:2]).any()
    assert found.notes[0]["values"] == {"domain": "news"}
    assert found.summary().pairs == 4


def test_one_domain_still_has_its_layers(layered):
    states, labels, domains = layered
    rows = domains == 0
    found = transfer(
        states[:, rows], texts(labels[rows]), labels[rows], domains[rows], ["all"], ["bad", "good"]
    )
    assert found.summary().pairs == 0
    assert found.summary().travels_best == 1


def test_nothing_to_tell_apart_is_refused(layered):
    states, labels, domains = layered
    with pytest.raises(BadTable, match="two classes"):
        transfer(states, texts(labels), np.zeros_like(labels), domains, NAMES, ["only"])


def test_progress_rises_to_the_end_and_the_result_is_plain(layered):
    states, labels, domains = layered
    seen: list[float] = []
    found = transfer(
        states[1:], texts(labels), labels, domains, NAMES, ["bad", "good"], layers=[4, 6],
        report=lambda fraction, message: seen.append(fraction),
    )  # fmt: skip
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) == 9
    assert found.layers == (4, 6) and found.summary().travels_best == 4
    again = pickle.loads(pickle.dumps(found))
    assert list(again.cells()) == list(found.cells())
    assert {cell["layer"] for cell in found.as_dict()["cells"]} == {4, 6, TFIDF}
