"""The shared ridge against scikit-learn's, and shuffled labels that must stay at chance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from xfer_core.analysis.controls import FOLDS, PENALTIES, Ridge, folds, groups, held_out, question

RNG = np.random.default_rng


def left_out(x, y):
    """scikit-learn's ridge with the penalty by leaving one out, from the same penalties."""
    scale = np.linalg.eigvalsh(x.T @ x if x.shape[1] <= len(x) else x @ x.T)
    return RidgeCV(alphas=PENALTIES * scale[scale > 1e-8].mean()).fit(x, y)


@pytest.mark.parametrize("shape", [(60, 7), (90, 120)], ids=["more texts", "more columns"])
def test_scores_are_scikit_learns_discriminant_of_its_ridge_at_the_penalty_of_leaving_one_out(shape):
    rng = RNG(0)
    states, asked = rng.normal(size=shape) * 3 + 1, rng.normal(size=(9, shape[1]))
    codes = (states[:, 0] + rng.normal(size=shape[0]) > 1).astype(np.int64) + (states[:, 1] > 3)
    scaler = StandardScaler().fit(states)
    x, new = scaler.transform(states), scaler.transform(asked)
    known, answers = [], []
    for code in range(2):
        y = (codes == code).astype(float)
        ridge = left_out(x, y)
        known.append(ridge.predict(x))
        answers.append(ridge.predict(new))
    expected = LinearDiscriminantAnalysis(solver="lsqr").fit(np.transpose(known), codes)
    scores = Ridge(states).scores(codes[None], 3, asked)[0]
    assert scores.argmax(axis=1).tolist() == expected.predict(np.transpose(answers)).tolist()
    if shape[0] > shape[1]:  # with more columns the answers may leave no spread within classes
        logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        assert logs == pytest.approx(expected.predict_log_proba(np.transpose(answers)), abs=1e-5)


def test_fewer_texts_than_features_are_not_learnt_by_heart():
    """Generalised cross-validation would take the least penalty here, and half of the accuracy with it."""
    rng = RNG(6)
    states = rng.normal(size=(400, 200))
    codes = (states[:, :4].sum(axis=1) + 0.5 * rng.normal(size=400) > 0).astype(np.int64)
    ridge = Ridge(states[:100])
    said = ridge.scores(codes[None, :100], 2, states[100:])[0].argmax(axis=1)
    scaler = StandardScaler().fit(states[:100])
    theirs = left_out(scaler.transform(states[:100]), codes[:100].astype(float))
    expected = theirs.predict(scaler.transform(states[100:])) > 0.5
    assert (said == codes[100:]).mean() >= (expected == codes[100:]).mean() - 0.02
    assert theirs.alpha_ > PENALTIES[0] * np.linalg.eigvalsh(np.cov(states[:100].T))[-99:].mean()


def test_a_class_between_two_others_is_seen():
    """Three classes on one line: the largest answer of a regression would never be the middle one's."""
    codes = np.arange(600) % 3
    states = RNG(4).normal(size=(600, 4)) + 6 * codes[:, None] * np.array([1, 0, 0, 0])
    said = Ridge(states).scores(codes[None], 3, states)[0].argmax(axis=1)
    assert (said == codes).mean() > 0.98
    assert (said == LinearDiscriminantAnalysis().fit(states, codes).predict(states)).mean() > 0.99


def test_many_label_sets_at_once_are_each_alone():
    rng = RNG(1)
    states, asked = rng.normal(size=(50, 6)), rng.normal(size=(5, 6))
    codes = rng.integers(0, 9, size=(70, 50))  # more indicators than are solved for at once
    ridge = Ridge(states)
    together = ridge.scores(codes, 9, asked)
    for place in range(0, 70, 10):
        assert np.allclose(together[place], ridge.scores(codes[[place]], 9, asked)[0])


def test_columns_states_and_classes_that_say_nothing():
    rng = RNG(2)
    states = np.hstack([rng.normal(size=(40, 3)), np.full((40, 2), 0.1)])
    codes = (states[:, 0] > 0.3).astype(np.int64)[None]
    alone = Ridge(states[:, :3]).scores(codes, 2, states[:, :3])
    assert np.allclose(Ridge(states).scores(codes, 2, states), alone)
    flat = Ridge(np.full((40, 5), 0.1)).scores(codes, 2, np.ones((2, 5)))[0]
    assert np.exp(flat) == pytest.approx(np.tile([1 - codes.mean(), codes.mean()], (2, 1)))
    absent = Ridge(states).scores(codes, 4, states)[0]  # two classes that no text has
    assert set(absent.argmax(axis=1)) == {0, 1} and np.isfinite(absent).all()


def test_folds_keep_identical_texts_together_and_every_group_even():
    texts = [f"text {i}" for i in range(200)] + ["text 3"] * 7
    same = groups(texts)
    labels, domains = np.arange(207) % 2, np.arange(207) % 4 // 2
    labels[200:], domains[200:] = labels[3], domains[3]
    fold = folds(same, labels, domains, seed=5)
    assert len(set(fold[same == 3])) == 1
    for label in range(2):
        for domain in range(2):
            counts = np.bincount(
                fold[:200][(labels[:200] == label) & (domains[:200] == domain)], minlength=FOLDS
            )
            assert counts.max() - counts.min() <= 1


def test_shuffles_keep_what_the_domain_alone_tells_and_the_type_of_a_text():
    labels = np.array([0] * 30 + [1] * 10 + [1] * 40)
    domains = np.repeat([0, 1], 40)
    same = groups(["twice", "twice", *(f"text {i}" for i in range(78))])
    asked = question(labels, domains, same, seed=0)
    assert asked.truth.tolist() == labels.tolist() and asked.classes == 2
    assert (asked.codes[1:, :40] != labels[:40]).any()
    for shuffled in asked.codes[1:]:
        assert (shuffled[40:] == 1).all()  # domain 1 knows one label, shuffled or not
        assert shuffled[0] == shuffled[1]
        assert abs(int(shuffled[:40].sum()) - 10) <= 1


def test_held_out_texts_are_told_by_probes_that_have_not_seen_them():
    """Every text has a column of its own: by heart all is known, held out nothing."""
    rng = RNG(3)
    labels = rng.integers(0, 2, 120)
    asked = question(labels, np.zeros_like(labels), np.arange(120), seed=0)
    fold = folds(np.arange(120), labels, np.zeros_like(labels), seed=0)
    [found] = held_out(np.eye(120) + 1e-3 * rng.normal(size=(120, 120)), fold, [asked])
    assert abs((found.predicted[0] == labels).mean() - 0.5) < 0.15
    assert Ridge(np.eye(120)).scores(labels[None], 2, np.eye(120))[0].argmax(1).tolist() == labels.tolist()


def test_labels_of_unrelated_states_stay_within_the_floor(layered):
    """In layer 0 of the fixture the label is not there; in layer 1 it is."""
    states, labels, domains = layered
    same = np.arange(len(labels))
    asked = question(labels, domains, same, seed=1)
    fold = folds(same, labels, domains, seed=1)

    def right(layer):
        [found] = held_out(states[layer], fold, [asked])
        return (found.predicted == asked.codes).mean(axis=1)

    noise, known = right(0), right(1)
    assert noise[0] <= np.quantile(noise[1:], 0.95) + 0.05
    assert known[0] > 0.95 and np.quantile(known[1:], 0.95) < 0.62
