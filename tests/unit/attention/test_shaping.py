"""Words for pieces, hidden tokens and what they held, against a slow loop; rows keep their sum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.readings import reading
from xfer_core.attention.shaping import BY, HIDE, shape

TOKENS = ["[CLS]", "jump", "##ing", "is", "fun", ",", "ok", "##ay", "!", "[SEP]"]
HIDINGS = [frozenset(), frozenset({"special"}), frozenset({"punctuation"}), frozenset(HIDE)]
ALL = list(itertools.product(BY, HIDINGS, (False, True)))


def slow(given, by, hide, renormalise):
    """The same by loops over words: weights, and what each row gave to what is hidden."""
    units = [[at] for at in range(len(given.tokens))]
    if by == "word":
        units = []
        for at, word in enumerate(given.words):
            if word is not None and units and given.words[units[-1][0]] == word:
                units[-1].append(at)
            else:
                units.append([at])

    def gone(unit):
        special = any(given.special[at] for at in unit)
        punctuation = not special and all(given.punctuation[at] for at in unit)
        return ("special" in hide and special) or ("punctuation" in hide and punctuation)

    kept = [unit for unit in units if not gone(unit)]
    weights = np.zeros((given.layers, given.heads, len(kept), len(kept)))
    hidden = np.zeros(weights.shape[:3])
    for layer, head in np.ndindex(given.layers, given.heads):
        for row, queries in enumerate(kept):
            for query in queries:
                for unit in units:
                    total = sum(float(given.weights[layer, head, query, key]) for key in unit) / len(queries)
                    if gone(unit):
                        hidden[layer, head, row] += total
                    else:
                        weights[layer, head, row, kept.index(unit)] += total
            if renormalise:
                seen = weights[layer, head, row].sum()
                weights[layer, head, row] *= (seen + hidden[layer, head, row]) / seen
    return weights, hidden


@pytest.mark.parametrize(("by", "hide", "renormalise"), ALL)
def test_as_a_slow_loop_says(by, hide, renormalise):
    given = reading(TOKENS)
    shaped = shape(given, by=by, hide=hide, renormalise=renormalise)
    weights, hidden = slow(given, by, hide, renormalise)
    assert shaped.weights == pytest.approx(weights, abs=1e-6)
    assert shaped.hidden == pytest.approx(hidden, abs=1e-6)
    assert sum(shaped.hidden_by.values(), np.zeros_like(hidden)) == pytest.approx(hidden, abs=1e-6)


@pytest.mark.parametrize(("by", "hide", "renormalise"), ALL)
def test_rows_sum_to_one_with_what_is_hidden_and_outside(by, hide, renormalise):
    given = reading(TOKENS)
    outside = np.full(given.weights.shape[:3], 0.25, np.float32)
    given = reading(TOKENS, weights=given.weights * 0.75, outside=outside, total=40)
    shaped = shape(given, by=by, hide=hide, renormalise=renormalise)
    hidden = 0 if renormalise else shaped.hidden
    assert shaped.weights.sum(-1) + hidden + shaped.outside == pytest.approx(1, abs=1e-6)


def test_nothing_asked_changes_nothing():
    given = reading(TOKENS, split=4, reach=[0])
    shaped = shape(given)
    assert np.array_equal(shaped.weights, given.weights)
    assert (shaped.tokens, shaped.places, shaped.split, shaped.reach) == (TOKENS, list(range(10)), 4, [0])


def test_words_show_their_joints_and_keep_their_place():
    shaped = shape(reading(TOKENS, start=7, total=30, split=3, reach=[0]), by="word", hide=frozenset(HIDE))
    assert shaped.tokens == ["jump·ing", "is", "fun", "ok·ay"]
    assert shaped.places == [8, 10, 11, 13]
    assert (shaped.split, shaped.reach) == (1, [])
    assert shaped.even == 8 + 20  # units of the window, and the tokens outside it


def test_rows_and_columns_of_cross_attention_are_their_own():
    given = reading(["[A]", "x", "##y"], ["[B]", "a", "##b", ".", "[E]"], kind="cross", split=1)
    shaped = shape(given, by="word", hide=frozenset(HIDE), renormalise=True)
    assert (shaped.tokens, shaped.keys) == (["x·y"], ["a·b"])
    assert shaped.keys_split is None
    assert shaped.weights == pytest.approx(1, abs=1e-6)


def test_all_hidden_leaves_nothing():
    shaped = shape(reading(["[CLS]", "!", "[SEP]"]), hide=frozenset(HIDE), renormalise=True)
    assert (shaped.tokens, shaped.weights.shape) == ([], (3, 2, 0, 0))
    assert shaped.header()["tokens"] == []


def test_marginals_follow_the_weights_as_shares_of_the_row():
    given = reading(TOKENS, measure="norm")
    given = reading(TOKENS, measure="norm", weights=given.weights * 3)
    shaped = shape(given, hide=frozenset({"special"}))
    assert shaped.header()["marginals"] == ["special"]
    marginal = np.frombuffer(shaped.coded(), np.uint8)[shaped.weights.size :].reshape(shaped.hidden.shape)
    assert marginal / 255 == pytest.approx(shaped.hidden / 3, abs=0.5 / 255 + 1e-6)
    values = np.frombuffer(shaped.coded(), np.uint8)[: shaped.weights.size].reshape(shaped.weights.shape)
    assert shaped.top * (values / 255.0) ** 2 == pytest.approx(shaped.weights, abs=2 * shaped.top / 255)
