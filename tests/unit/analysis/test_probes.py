"""Probes against a straightforward scikit-learn pipeline, and what the summary says of known layers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from xfer_core.analysis.compared import guessing
from xfer_core.analysis.probes import at_most, divide, transfer
from xfer_core.analysis.transfer import BEST, OTHERS, OWN, TFIDF, Transfer, chosen
from xfer_core.errors import BadTable
from xfer_core.tasks.baselines import PROBE_STRENGTH, WORD_STRENGTH

NAMES = ["shop", "film", "news"]


def texts(labels):
    words = [["dull", "slow", "poor"], ["fine", "warm", "rich"]]
    return [f"{words[label][i % 3]} thing number {i}" for i, label in enumerate(labels)]


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
    assert result.ranking.layer == 1 and result.ranking.rivals == ()
    assert found.middle_above_last == 6
    assert set(found.best_layer.values()) == {1}
    off = [result.macro_f1[s, t] for s in range(3) for t in range(3) if s != t]
    assert result.ranking.score.value == pytest.approx(np.mean(off, axis=0)[:-1])
    assert found.tfidf == pytest.approx(np.mean(off, axis=0)[-1])


def test_intervals_hold_the_score_and_shrink_with_more_texts(result):
    cells = list(result.cells())
    assert len(cells) == 9 * 4 == len(list(result.cells(all_but=True)))
    assert all(cell.low <= cell.macro_f1 <= cell.high for cell in cells)
    assert {cell.n for cell in cells} == {24}


def test_a_domain_of_one_class_is_left_out_and_named(layered):
    states, labels, domains = layered
    labels = np.where(domains == 2, 1, labels)
    found = transfer(states, texts(labels), labels, domains, NAMES, ["bad", "good"])
    assert np.isnan(found.macro_f1[2]).all() and np.isnan(found.macro_f1[:, 2]).all()
    assert not np.isnan(found.macro_f1[:2, :2]).any()
    assert [note["values"] for note in found.notes] == [{"domain": "news", "n": 80, "labels": 1}]
    assert found.summary().pairs == 2 == found.ranking.pairs and found.sources == ("shop", "film")


def test_one_domain_has_nothing_to_travel_to(layered):
    states, labels, domains = layered
    rows = domains == 0
    with pytest.raises(BadTable, match="one domain"):
        transfer(states[:, rows], texts(labels[rows]), labels[rows], domains[rows], ["all"], ["bad", "good"])


def test_nothing_to_tell_apart_is_refused(layered):
    states, labels, domains = layered
    with pytest.raises(BadTable, match="two labels"):
        transfer(states, texts(labels), np.zeros_like(labels), domains, NAMES, ["only"])


def test_progress_rises_to_the_end_and_the_result_is_plain(layered):
    states, labels, domains = layered
    seen: list[float] = []
    found = transfer(
        states[1:], texts(labels), labels, domains, NAMES, ["bad", "good"], layers=[4, 6],
        report=lambda fraction, message: seen.append(fraction),
    )  # fmt: skip
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) == 18  # three domains, all but each
    assert found.layers == (4, 6) and found.ranking.layer == 4
    again = pickle.loads(pickle.dumps(found))
    assert list(again.cells()) == list(found.cells())
    assert {cell["layer"] for cell in found.as_dict()["cells"]} == {4, 6, TFIDF}


def test_all_but_one_learns_from_every_other_domain(result, layered):
    states, labels, domains = layered
    rng = np.random.default_rng(3)
    halves = [divide(labels, np.flatnonzero(domains == d), rng) for d in range(3)]
    for left_out in range(3):
        train = np.concatenate([halves[d][0] for d in range(3) if d != left_out])
        scaler = StandardScaler().fit(states[1, train])
        probe = LogisticRegression(C=PROBE_STRENGTH, max_iter=1_000)
        probe.fit(scaler.transform(states[1, train]), labels[train])
        for target, (_, test) in enumerate(halves):
            predicted = probe.predict(scaler.transform(states[1, test]))
            expected = f1_score(labels[test], predicted, average="macro")
            assert result.macro_f1[3 + left_out, target, 1] == pytest.approx(expected, abs=1e-12)


def test_two_domains_have_no_row_for_all_but_one(layered):
    states, labels, domains = layered
    rows = domains < 2
    found = transfer(states[:, rows], texts(labels[rows]), labels[rows], domains[rows], NAMES[:2], ["a", "b"])
    assert found.macro_f1.shape == (2, 2, 4) and not found.rest_pairs() and found.rest_means == ()
    assert found.choice(OTHERS)[0, 1] == -1  # no pair without either of them
    assert found.choice(found.default_choice)[0, 1] == found.macro_f1[0, 0, :TFIDF].argmax()


def test_gap_and_lead_hold_within_their_paired_bounds(result):
    own = np.array([result.macro_f1[t, t] for t in range(3)])
    assert np.allclose(result.gap[1, 2], own[2] - result.macro_f1[1, 2])
    assert np.allclose(result.lead[0, 1], result.macro_f1[0, 1] - result.macro_f1[0, 1, 2])
    assert (result.gap_low <= result.gap + 1e-12).all() and (result.gap <= result.gap_high + 1e-12).all()
    assert np.allclose(result.gap_low[[0, 1, 2], [0, 1, 2]], 0)  # against itself there is no doubt
    assert np.allclose(result.lead_high[:, :, 2], 0)
    # layer 1 knows the labels, layer 2 less; layer 0 is noise, of which 24 texts leave some doubt
    assert result.means[1].lead_low > 0 > result.means[0].lead


def test_means_are_those_of_the_pairs(result):
    means = {mean.how: mean for mean in result.means}
    assert list(means) == [0, 1, 2, TFIDF, OTHERS, OWN, BEST]
    summary = result.summary()
    assert [means[layer].macro_f1 for layer in range(3)] == pytest.approx(result.ranking.score.value.tolist())
    assert means[TFIDF].macro_f1 == pytest.approx(summary.tfidf)
    assert means[1].low < means[1].macro_f1 < means[1].high
    assert means[1].lead == pytest.approx(result.ranking.lost_by_last.value) and means[1].lead_low > 0
    # layer 1 is first whatever is drawn, and together the layers are first once in every draw
    assert result.ranking.first[1] > 0.99 and result.ranking.first.sum() == pytest.approx(1)
    off = [(s, t) for s in range(3) for t in range(3) if s != t]
    assert means[1].gap == pytest.approx(np.mean([result.gap[s, t, 1] for s, t in off]))
    rest = {mean.how: mean for mean in result.rest_means}
    assert rest[1].macro_f1 == pytest.approx(np.mean([result.macro_f1[3 + t, t, 1] for t in range(3)]))


def test_a_choice_without_the_target_never_reads_its_column():
    rng = np.random.default_rng(5)
    scores = rng.uniform(0.3, 0.9, size=(8, 4, 6))
    for how in (OTHERS, OWN):
        before = chosen(scores, how)
        for target in range(4):
            other = scores.copy()
            other[:, target] = rng.uniform(0.3, 0.9, size=(8, 6))
            sources = [s for s in range(4) if s != target] + [4 + target]
            assert (chosen(other, how)[sources, target] == before[sources, target]).all()
    off = [scores[a, b, :TFIDF] for a in (0, 1, 3) for b in (0, 1, 3) if a != b]
    assert chosen(scores, OTHERS)[1, 2] == np.mean(off, axis=0).argmax()
    assert chosen(scores, OWN)[1, 2] == scores[1, 1, :TFIDF].argmax()
    assert chosen(scores, BEST)[1, 2] == scores[1, 2, :TFIDF].argmax()


def test_a_domain_of_two_texts_is_left_out_and_says_so(layered):
    states, labels, domains = layered
    keep = np.concatenate([np.flatnonzero(domains < 2), np.flatnonzero(domains == 2)[:2]])
    found = transfer(
        states[:, keep], texts(labels[keep]), labels[keep], domains[keep], NAMES, ["bad", "good"]
    )
    assert found.tested[2] == 0 and np.isnan(found.macro_f1[:, 2]).all() and np.isnan(found.macro_f1[2]).all()
    assert found.notes[0]["values"] == {"domain": "news", "n": 2, "labels": 2}
    assert set(found.pairs()) == {(0, 1), (1, 0)}
    assert np.isfinite([mean.low for mean in found.means]).all()


def test_very_few_texts_are_not_bounded_as_if_they_said_something(layered):
    states, labels, domains = layered
    keep = np.concatenate([np.flatnonzero(domains < 2), np.flatnonzero(domains == 2)[:12]])
    found = transfer(
        states[:, keep], texts(labels[keep]), labels[keep], domains[keep], NAMES, ["bad", "good"]
    )
    assert found.tested[2] == 4
    assert (found.low[:2, 2] == 0).all() and (found.high[:2, 2] == 1).all()
    assert {"domain": "news", "n": 4} in [note["values"] for note in found.notes]


def test_a_label_that_the_target_lacks_is_said_and_counted(layered):
    states, labels, domains = layered
    third = labels.copy()
    third[(domains != 2) & (np.arange(240) % 4 == 0)] = 2
    found = transfer(states, texts(labels), third, domains, NAMES, ["bad", "good", "odd"])
    assert {"domain": "news", "labels": ["odd"]} in [note["values"] for note in found.notes]
    assert np.isfinite(found.macro_f1[0, 2]).all()


def test_equal_states_say_nothing_and_break_nothing():
    labels, domains = np.tile([0, 1], 30), np.repeat([0, 1, 2], 20)
    found = transfer(
        np.ones((3, 60, 4), np.float32),
        [f"the same {i}" for i in range(60)],
        labels,
        domains,
        NAMES,
        ["bad", "good"],
    )
    assert np.allclose(found.macro_f1, 1 / 3)  # one class of two, always
    assert found.chance == pytest.approx([0.5] * 3)


def test_states_that_are_not_finite_are_left_out_or_refused(layered):
    states, labels, domains = (each.copy() for each in layered)
    states[1, :7, 3] = np.nan
    found = transfer(states, texts(labels), labels, domains, NAMES, ["bad", "good"])
    assert found.notes[0]["values"] == {"n": 7} and int((found.trained + found.tested).sum()) == 233
    assert np.isfinite(found.macro_f1).all()
    states[:] = np.inf
    with pytest.raises(BadTable, match="not finite"):
        transfer(states, texts(labels), labels, domains, NAMES, ["bad", "good"])


def test_guessing_is_what_guesses_score():
    true = np.repeat([0, 1, 2], [50, 30, 20])
    rng = np.random.default_rng(0)
    scores = [f1_score(true, rng.integers(0, 3, 100), average="macro") for _ in range(3_000)]
    assert guessing(true) == pytest.approx(np.mean(scores), abs=0.01)


@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_a_domain_without_labels_does_not_count_whoever_asks(layered, home, order):
    states, labels, domains = layered
    labels = np.where(domains == 2, -1, labels)  # the last domain has none

    def asked(*, all_domains: bool) -> Transfer:
        rows = np.arange(len(labels)) if all_domains else np.flatnonzero(domains < 2)
        given = [texts(labels)[row] for row in rows]
        names = NAMES if all_domains else NAMES[:2]
        return transfer(
            states[:, rows], given, labels[rows], domains[rows], names, ["bad", "good"], key="kept"
        )

    first, second = (asked(all_domains=each) for each in order)
    for found in (first, second):
        assert found.domains == tuple(NAMES[:2]) and found.macro_f1.shape[:2] == (2, 2)
    np.testing.assert_array_equal(first.macro_f1, second.macro_f1)
    everything = first if order[0] else second
    assert [note["values"]["domain"] for note in everything.notes if "domain" in note["values"]] == [NAMES[2]]
