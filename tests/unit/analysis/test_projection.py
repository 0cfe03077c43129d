"""Maps: repeatable, aligned, honest about quality and chance, and not upset by duplicate texts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from xfer_core.analysis.layout import onto
from xfer_core.analysis.projection import LayerMaps, maps, maps_of, sketch, sketch_of
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import save, synthetic
from xfer_core.errors import BadModel, BadSetting, BadTable
from xfer_core.models.sources import BUNDLED


@pytest.fixture(scope="module")
def drawn(layered) -> LayerMaps:
    return maps(layered[0], seed=1)


def test_same_seed_same_bytes_another_seed_another_map(layered, drawn):
    again = maps(layered[0], seed=1)
    assert again.points.tobytes() == drawn.points.tobytes() and again.noise == drawn.noise
    assert maps(layered[0], seed=2).points.tobytes() != drawn.points.tobytes()


def test_layers_stay_where_nothing_changes(layered):
    """Two equal layers are one map; a different layer moves the points."""
    states = layered[0]
    same = maps(np.stack([states[1], states[1], states[0]]), seed=0).points
    assert (same[0] == same[1]).all()
    assert np.linalg.norm(same[2] - same[0], axis=1).mean() > 0.05 * np.abs(same[0]).max()


def test_labels_part_in_the_layer_that_knows_them(layered, drawn):
    labels, domains = layered[1:]
    rows = domains == 1

    def own_label(layer: int) -> float:
        """Share of points whose nearest point on the map has their label: .5 by chance."""
        of = drawn.points[layer, rows]
        apart = np.linalg.norm(of[:, None] - of[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        return float((labels[rows][apart.argmin(axis=1)] == labels[rows]).mean())

    assert own_label(1) > 0.8 > 0.65 > own_label(0)


def test_duplicate_texts_do_not_break_seeding(layered):
    states = layered[0].copy()
    states[:, 100:160] = states[:, [100]]
    states[:, 200:203] = 0  # texts of unknown tokens only
    first = maps(states, seed=5)
    assert first.points.tobytes() == maps(states, seed=5).points.tobytes()
    assert len(np.unique(first.points[0, 100:160], axis=0)) > 1  # drawn side by side
    for values in (first.points, first.trustworthiness, first.continuity, first.kept, first.noise):
        assert np.isfinite(values).all()


def test_texts_that_are_all_equal_give_a_map_all_the_same():
    states = np.ones((2, 40, 8), np.float32)
    for found in (maps(states), sketch(states)):
        assert np.isfinite(found.points).all()
        assert found.trustworthiness.tolist() == [1, 1]  # none is nearer in the layer than another
    assert maps(states).points.tobytes() == maps(states).points.tobytes()


def test_fewest_texts(layered):
    assert maps(layered[0][:, :10]).points.shape == (3, 10, 2)
    with pytest.raises(BadTable, match="at least 10 texts; there are 9"):
        maps(layered[0][:, :9])
    with pytest.raises(BadTable, match="at least 10 texts; there are 9"):
        sketch(layered[0][:, :9])


def test_features_that_are_not_numbers_are_told_by_layer(layered):
    states = layered[0].copy()
    states[1, [3, 9], 2] = np.nan
    states[1, 9, 4] = np.inf
    for make in (maps, sketch):
        with pytest.raises(BadModel, match="In layer 1 the model gives 2 of the texts"):
            make(states)


@pytest.mark.parametrize("hold", [-0.1, 1.5, float("nan")])
def test_hold_is_a_share(layered, hold):
    with pytest.raises(BadSetting, match=r"0 .* to 1"):
        maps(layered[0], hold=hold)


@pytest.fixture(scope="module")
def tuned() -> tuple[np.ndarray, np.ndarray]:
    """Two layers [2, 300, 24] of which tuning has drawn the last far apart by label, and the labels."""
    rng = np.random.default_rng(11)
    labels = np.arange(300) % 3
    states = rng.normal(size=(1, 300, 24)).astype(np.float32).repeat(4, axis=0)
    states[-1, :, :3] += 12 * np.eye(3, dtype=np.float32)[labels]
    return states, labels


def test_held_still_a_map_hides_what_tuning_did_and_free_it_shows_it(tuned):
    from sklearn.metrics import silhouette_score

    states, labels = tuned
    steps, apart = [], []
    for hold in (0.0, 0.5, 1.0):
        points = maps(states, hold=hold).points
        steps.append(float(np.linalg.norm(points[-1] - points[0], axis=1).mean()))
        apart.append(float(silhouette_score(points[-1], labels)))
    assert steps == sorted(steps, reverse=True) and steps[2] < 0.8 * steps[0]
    assert apart == sorted(apart, reverse=True) and apart[0] > apart[2] + 0.1


def test_maps_start_from_another_models_and_lie_on_them(layered, drawn):
    states = layered[0]
    same = maps(states, seed=1, base=drawn.points)
    free = maps(states, seed=9)
    step = np.linalg.norm(same.points - drawn.points, axis=2).mean()
    assert step < np.linalg.norm(free.points - drawn.points, axis=2).mean() / 2
    assert step < same.noise
    fewer = maps(states[1:], seed=1, base=drawn.points)  # another depth: first on first, last on last
    for layer, on in ((0, 0), (1, 2)):
        assert onto(fewer.points[layer], drawn.points[on]) == pytest.approx(fewer.points[layer], abs=1e-3)
    assert maps(states, seed=1, base=drawn.points[0]).points.shape == (3, 240, 2)


def test_noise_is_what_another_seed_moves(layered, drawn):
    """Layers that are the same but for a trifle move less than the floor; layers that differ, more."""
    rng = np.random.default_rng(0)
    state = layered[0][1]
    trifle = state + rng.normal(scale=1e-4, size=state.shape).astype(np.float32)
    found = maps(np.stack([state, trifle, layered[0][0]]))
    steps = np.linalg.norm(found.points[1:] - found.points[0], axis=2)
    assert (steps[0] < found.noise).mean() > 0.8
    assert (steps[1] > found.noise).mean() > 0.3


def test_a_sketch_is_all_principal_components_in_one_plane(layered):
    from sklearn.decomposition import PCA

    states = layered[0]
    found = sketch(states, seed=3)
    assert found.points.tobytes() == sketch(states, seed=3).points.tobytes()
    assert np.isnan(found.noise)
    for layer, state in enumerate(states):
        unit = state / np.linalg.norm(state, axis=1, keepdims=True)
        exact = PCA(n_components=2).fit_transform(unit)
        exact *= np.linalg.norm(found.points[layer]) / np.linalg.norm(exact)
        turned = onto(exact, found.points[layer])
        assert np.linalg.norm(turned - found.points[layer]) < 0.02 * np.linalg.norm(exact)


def test_a_sketch_needs_no_umap(tmp_path):
    code = (
        "import sys, numpy as np; from xfer_core.analysis.projection import sketch;"
        "sketch(np.random.default_rng(0).normal(size=(2, 50, 8)).astype(np.float32));"
        "print([name for name in ('umap', 'numba', 'sklearn', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_maps_of_a_kept_corpus_say_what_they_are(home):
    corpus = synthetic.corpus()
    corpus_id = save(corpus)
    first = sketch_of(Reading(BUNDLED, corpus_id, texts=80, seed=4))
    found = maps_of(Reading(BUNDLED, corpus_id, texts=80, seed=4))
    assert (first.stage, found.stage) == ("sketch", "map")
    assert (first.rows == found.rows).all() and first.points.shape == found.points.shape == (7, 80, 2)
    assert found.separated_by == "label" and found.measured == 80
    assert (first.separation_features == found.separation_features).all()
    for values in (found.continuity, found.kept, found.separation_map, found.separation_features):
        assert values.shape == (7,) and np.isfinite(values).all()
    assert 0 < found.noise < np.abs(found.points).max()
    beside = maps_of(Reading(BUNDLED, corpus_id, texts=80, seed=4), base_model=BUNDLED)
    assert beside.base_model == BUNDLED and beside.points.tobytes() != found.points.tobytes()
    assert np.linalg.norm(beside.points - found.points, axis=2).mean() < found.noise
