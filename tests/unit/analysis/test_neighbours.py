"""Neighbours against scikit-learn; a text's own neighbours, layer by layer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from xfer_core.analysis import neighbours
from xfer_core.analysis.features import features
from xfer_core.analysis.neighbours import nearest, neighbours_of, stays, unit
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import save, synthetic
from xfer_core.errors import BadSetting
from xfer_core.models.sources import BUNDLED


def test_neighbours_equal_an_exhaustive_search_whatever_the_blocks(monkeypatch):
    states = np.random.default_rng(0).normal(size=(120, 10)).astype(np.float32)
    search = NearestNeighbors(n_neighbors=9, metric="cosine", algorithm="brute").fit(states)
    expected_distances, expected = search.kneighbors(states)
    for block in (7, 256):
        monkeypatch.setattr(neighbours, "BLOCK", block)
        indices, distances = nearest(unit(states), 9)
        assert (indices == expected).all()
        assert distances == pytest.approx(expected_distances, abs=1e-6)
    some = np.array([3, 77, 118])
    assert (nearest(unit(states), 9, some)[0] == expected[some]).all()


def test_equal_texts_are_at_distance_zero_and_each_is_its_own_first():
    states = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float32)
    states[5:10] = states[5]
    states[19] = 0
    indices, distances = nearest(unit(states), 5)
    assert (indices[:, 0] == np.arange(20)).all()
    assert (distances[5:10] == 0).all()
    assert np.isfinite(distances).all()


def test_who_stays_is_counted_layer_by_layer():
    assert stays(np.array([[1, 2, 3, 4], [4, 3, 9, 8], [9, 8, 4, 3]])).tolist() == [0.5, 1.0]


@pytest.fixture
def kept(home) -> tuple[str, list[str]]:
    corpus = synthetic.corpus()
    return save(corpus), corpus.texts


def test_the_neighbours_of_a_text_in_every_layer(kept):
    corpus_id, texts = kept
    found = neighbours_of(Reading(BUNDLED, corpus_id), row=7, k=6)
    assert found.layers == tuple(range(7)) and found.rows.shape == (7, 6) and found.stays.shape == (6,)
    states = features(BUNDLED, texts).array
    for layer in (0, 6):
        search = NearestNeighbors(n_neighbors=7, metric="cosine", algorithm="brute").fit(states[layer])
        distances, expected = search.kneighbors(states[layer, [7]])
        assert 7 not in found.rows[layer]
        assert set(found.rows[layer]) == set(expected[0]) - {7}
        assert found.distances[layer] == pytest.approx(distances[0, 1:], abs=1e-5)


def test_a_typed_text_finds_itself_among_them(kept):
    corpus_id, texts = kept
    found = neighbours_of(Reading(BUNDLED, corpus_id), text=texts[12])
    assert all(texts[row] == texts[12] for row in found.rows[:, 0])
    assert found.distances[:, 0] == pytest.approx(np.zeros(7), abs=1e-5)


@pytest.mark.parametrize("asked", [{}, {"text": "  "}, {"row": -1}, {"row": 10**6}])
def test_no_such_text(kept, asked):
    with pytest.raises(BadSetting, match="no such text"):
        neighbours_of(Reading(BUNDLED, kept[0]), **asked)
