"""New texts come to lie among their neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.analysis.neighbours import unit
from xfer_core.analysis.placing import place, places_of
from xfer_core.analysis.projection import maps_of
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import save, synthetic
from xfer_core.errors import BadSetting
from xfer_core.models.sources import BUNDLED


def test_a_known_text_lies_on_itself_and_a_new_one_among_its_neighbours(layered):
    states = layered[0][1]
    points = np.random.default_rng(0).normal(size=(240, 2)).astype(np.float32)
    assert place(points, states, states[[4, 200]]) == pytest.approx(points[[4, 200]], abs=1e-4)
    points[[4, 9]] = [[3, 3], [3, 3.2]]
    halfway = unit(states[[4]]) + unit(states[[9]])  # equally near to both, nearer than any other
    assert place(points, states, halfway, k=2)[0] == pytest.approx([3, 3.1], abs=0.02)


def test_between_two_places_it_is_put_into_the_fuller_one_not_between_them():
    rng = np.random.default_rng(1)
    states = (np.ones(6) + rng.normal(scale=0.01, size=(10, 6))).astype(np.float32)
    points = np.repeat([[-5.0, 0.0], [5.0, 0.0]], [3, 7], axis=0).astype(np.float32)
    assert place(points, states, np.ones((1, 6), np.float32), k=10)[0] == pytest.approx([5, 0], abs=0.01)


def test_held_out_texts_find_their_cluster(layered):
    states, labels, domains = layered
    points = np.stack([labels * 10.0, domains * 10.0], axis=1).astype(np.float32)
    old, new = np.split(np.random.default_rng(0).permutation(240), 2)
    placed = place(points[old], states[1][old], states[1][new])
    assert ((placed[:, 0] > 5) == labels[new]).mean() > 0.8
    assert (np.abs(placed[:, 1] - points[new, 1]) < 5).mean() > 0.5  # by chance 0.33


def test_typed_texts_are_placed_in_every_layer_and_the_old_ones_stay(home):
    corpus = synthetic.corpus()
    corpus_id = save(corpus)
    before = maps_of(Reading(BUNDLED, corpus_id, texts=60))
    known = corpus.texts[before.rows[5]]
    found = places_of(Reading(BUNDLED, corpus_id, texts=60), [known, "Nothing like the others at all."])
    assert found.shape == (7, 2, 2) and found.dtype == np.float32 and np.isfinite(found).all()
    assert found[:, 0] == pytest.approx(before.points[:, 5], abs=1e-2)
    assert maps_of(Reading(BUNDLED, corpus_id, texts=60)).points.tobytes() == before.points.tobytes()
    with pytest.raises(BadSetting, match="no text to place"):
        places_of(Reading(BUNDLED, corpus_id), ["", " "])
