"""What pages and commands call, with a kept corpus and a real or tiny model, as the engine calls it."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import umap
from sklearn.manifold import trustworthiness

from tests.tiny import tiny_folder
from xfer_core.analysis import projection
from xfer_core.analysis.features import features
from xfer_core.analysis.probes import transfer_of
from xfer_core.analysis.projection import maps, maps_of
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import Corpus, catalogue, sample, save, synthetic
from xfer_core.errors import BadModel, NotFound
from xfer_core.models.sources import BUNDLED
from xfer_core.threads import single_threaded


@pytest.fixture
def kept(home) -> Corpus:
    corpus = synthetic.corpus()
    save(corpus)
    return corpus


def test_transfer_of_a_kept_corpus(kept):
    seen: list[float] = []
    found = transfer_of(
        BUNDLED,
        kept.id,
        per_class=20,
        layers=[0, 3, 6],
        seed=1,
        report=lambda fraction, _: seen.append(fraction),
    )
    assert seen == sorted(seen) and seen[-1] == 1
    assert found.layers == (0, 3, 6) and found.domains == kept.domain_names
    assert found.tested.tolist() == [6 * len(kept.label_names)] * len(kept.domain_names)
    used = int((found.trained + found.tested).sum())
    assert found.notes[0]["values"] == {"used": used, "available": kept.n, "per_class": 20}
    again = transfer_of(BUNDLED, kept.id, per_class=20, layers=[0, 3, 6], seed=1)
    assert (again.macro_f1 == found.macro_f1).all() and (again.low == found.low).all()
    assert len(pickle.dumps(found)) < 50_000


def test_maps_of_a_classifier_know_who_is_right(kept, tmp_path, monkeypatch):
    folder = str(tiny_folder("bert", tmp_path / "tiny"))
    names = ["LABEL_0", "LABEL_1"]
    frame = pd.DataFrame(
        {"text": [f"text number {n} is good" for n in range(40)], "label": np.arange(40) % 2, "domain": 0,
         "split": "train", "row": np.arange(2, 42)}
    )  # fmt: skip
    corpus = save(Corpus("forty", frame, tuple(names), ()))
    found = maps_of(Reading(folder, corpus, texts=30, seed=2))
    assert found.points.shape == (4, 30, 2) and found.points.dtype == np.float32
    assert found.rows.shape == found.correct.shape == (30,)
    assert set(found.correct.tolist()) <= {0, 1}
    monkeypatch.setattr(projection, "maps", lambda *args, **named: pytest.fail("laid out again"))
    assert maps_of(Reading(folder, corpus, texts=30, seed=2)).points.tobytes() == found.points.tobytes()


def test_maps_of_real_layers_are_as_trustworthy_as_plain_umap(home):
    corpus = catalogue.first_corpus()[0]  # real text, or where there is no network the synthetic one
    states = features(BUNDLED, sample(corpus, 400, seed=0).texts).array
    drawn = maps(states)
    points, trust = drawn.points, drawn.trustworthiness
    for layer in (0, 3, 6):
        with single_threaded():
            plain = umap.UMAP(random_state=0, metric="cosine").fit_transform(states[layer])
            ours, theirs = (
                trustworthiness(states[layer], place, n_neighbors=15, metric="cosine")
                for place in (points[layer], plain)
            )
        assert trust[layer] == pytest.approx(ours, abs=1e-4)
        assert ours > theirs - 0.02


def test_what_is_not_there_is_said(home):
    with pytest.raises(NotFound):
        transfer_of(BUNDLED, "no-such-corpus")
    with pytest.raises(BadModel):
        features("no-such-model", ["text"])
