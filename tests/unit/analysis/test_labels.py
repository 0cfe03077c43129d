"""Doubtful labels: flipped ones are found, folds are honest, rare labels are said, nothing is printed."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from xfer_core.analysis.labels import check, conflicts, examine, folds_of, held_out
from xfer_core.corpora import Corpus, catalogue, relabel, sample, save
from xfer_core.corpora.health import imbalance
from xfer_core.errors import BadTable
from xfer_core.models.sources import BUNDLED


def corpus(texts: list[str], labels: list[int], names: tuple[str, ...] = ("a", "b")) -> Corpus:
    frame = pd.DataFrame(
        {"text": texts, "label": labels, "domain": 0, "split": "train", "row": range(len(texts))}
    )
    return Corpus("c", frame, names, ())


def numbered(n: int) -> list[str]:
    return [f"text number {i}" for i in range(n)]


def test_flipped_labels_of_real_texts_are_found_far_above_chance(home):
    """Of the 20 most doubtful, six times as many had been flipped as chance finds, and half of all are found.

    The texts have wrong labels of their own, and those count as misses here.
    """
    clean = sample(catalogue.first_corpus()[0], 800, seed=0)
    rng = np.random.default_rng(1)
    flipped = rng.choice(clean.n, clean.n // 20, replace=False)
    noisy = relabel(clean, {int(i): clean.label_names[1 - clean.labels[i]] for i in flipped})
    found = check(save(noisy), BUNDLED, max_length=64)
    right = np.isin(found.positions, flipped)
    assert right[:20].mean() >= 6 * 0.05
    assert right.sum() >= len(flipped) / 2
    assert (found.suggested[right] == clean.labels[found.positions[right]]).all()
    assert (found.suggested != noisy.labels[found.positions]).all()
    assert (np.diff(found.given) >= 0).all() and (found.probability > found.given).all()
    assert found.layers[0] == int(np.argmax(found.by_layer)) and len(found.by_layer) == 7
    assert len(pickle.dumps(found)) < 100_000


def test_equal_texts_share_a_fold_and_labels_are_spread():
    texts = numbered(60) + numbered(15)
    labels = np.array([0] * 40 + [1] * 17 + [2] * 3 + [0] * 15)
    fold = folds_of(texts, labels, 5, seed=3)
    assert (fold[:15] == fold[60:]).all()
    assert np.bincount(fold[:60]).tolist() == [12] * 5
    for label, n in ((0, 40), (1, 17), (2, 3)):
        counts = np.bincount(fold[:60][labels[:60] == label], minlength=5)
        assert counts.sum() == n and counts.max() - counts.min() <= 1
    assert (fold == folds_of(texts, labels, 5, seed=3)).all()
    assert (fold != folds_of(texts, labels, 5, seed=4)).any()


def test_no_probe_has_seen_the_text_it_judges(layered):
    """States that tell only which text it is: by heart would be at 1, held out is at chance."""
    labels = np.resize([0, 1], 80)
    states = np.eye(80, dtype=np.float32) * 100
    fold = folds_of(numbered(80), labels, 5, seed=0)
    own = held_out(states, labels, fold)[np.arange(80), labels]
    assert own.max() < 0.6
    states, labels, _ = layered
    found = held_out(states[1], labels, folds_of(numbered(240), labels, 5, seed=0))
    assert np.allclose(found.sum(axis=1), 1) and (found.argmax(axis=1) == labels).mean() > 0.9


def test_the_best_layer_is_read_and_both_scores_are_of_held_out_texts(layered):
    states, labels, _ = layered
    found = examine(states, numbered(240), labels, ["a", "b"], seed=2)
    fold = folds_of(numbered(240), labels, 5, seed=2)
    scores = [
        f1_score(labels, held_out(each, labels, fold).argmax(axis=1), average="macro") for each in states
    ]
    assert found.by_layer == pytest.approx(scores) and found.layers[0] == 1
    assert found.plain.macro_f1 == pytest.approx(max(scores))


def test_class_weights_help_the_small_label():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 400 + [1] * 40)
    states = rng.normal(size=(1, 440, 8)).astype(np.float32)
    states[0, :, 0] += 1.2 * labels
    found = examine(states, numbered(440), labels, ["many", "few"])
    assert found.weighted.macro_f1 > found.plain.macro_f1 + 0.05
    assert found.gain[0] < found.weighted.macro_f1 - found.plain.macro_f1 < found.gain[1]
    unequal = imbalance(corpus(numbered(440), labels.tolist(), ("many", "few")))
    assert unequal.counts == {"many": 400, "few": 40} and unequal.ratio == 10 and unequal.offered
    assert not imbalance(corpus(numbered(8), [0] * 6 + [1] * 2)).offered  # 3 : 1 is not above it


def test_labels_with_fewer_texts_than_folds_are_judged_by_fewer_or_left_out(layered):
    states, labels, _ = layered
    labels = labels.copy()
    labels[:3], labels[3], labels[4:6] = 2, 3, 4
    texts = numbered(240)
    texts[5] = texts[4]  # two rows, one text: nothing else can judge it
    found = examine(states, texts, labels, ["a", "b", "three", "one", "twice the same", "none"])
    said = {note["message"].split(",")[0]: note["values"]["labels"] for note in found.notes}
    assert said == {
        "Left out": ["one", "twice the same"],
        "Labels with fewer texts than the {folds} folds": ["three"],
    }
    assert set(range(240)) - set(found.read.tolist()) == {3, 4, 5}
    assert found.folds == 5 and set(found.suggested.tolist()) <= {0, 1, 2}


def test_a_handful_of_texts_takes_fewer_folds():
    rng = np.random.default_rng(0)
    states = rng.normal(size=(2, 6, 4)).astype(np.float32)
    found = examine(states, numbered(6), np.array([0, 1] * 3), ["a", "b"])
    assert found.folds == 3 and len(found.read) == 6


@pytest.mark.parametrize(
    "labels, texts", [([0] * 8, numbered(8)), ([0] * 7 + [1], numbered(8)), ([0, 1] * 4, ["x"] * 8)]
)
def test_nothing_to_compare_is_refused(labels, texts):
    with pytest.raises(BadTable, match="two different texts"):
        examine(np.ones((1, 8, 4), np.float32), texts, np.array(labels), ["a", "b"])


def test_a_corpus_without_labels_is_refused_before_any_model_is_loaded(home):
    with pytest.raises(BadTable, match="no labels"):
        check(save(corpus(numbered(6), [-1] * 6, ())), "no-such-model")


def test_nothing_is_printed_or_warned_and_clean_labels_give_no_doubt(capfd, layered):
    states, labels, _ = layered
    apart = states + 40 * labels[None, :, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(examine(apart, numbered(240), labels, ["a", "b"]).positions) == 0
        examine(states, numbered(240), labels, ["a", "b"])
    assert capfd.readouterr() == ("", "")


def test_contradicting_copies_and_what_most_of_them_say():
    texts = ["same", "other", "same", "tie", "same", "tie", "alone", "other"]
    at, most = conflicts(corpus(texts, [0, 1, 1, 0, 0, 1, 0, 1]))
    assert at.tolist() == [0, 2, 4, 3, 5] and most.tolist() == [0, 0, 0, -1, -1]
    assert [part.tolist() for part in conflicts(corpus(numbered(4), [0, 1, 0, 1]))] == [[], []]
