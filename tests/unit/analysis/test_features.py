"""Features on the bundled model: cached by content, cut where said, exported for other tools."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from xfer_core.analysis import features as module
from xfer_core.analysis.features import chosen, export, features
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadSetting
from xfer_core.models.sources import BUNDLED

TEXTS = ["A fine film.", "a", "The battery died after two days and the shop would not take it back."]


def test_mean_pooling_of_the_last_layer_equals_the_models_own_states(home):
    import torch

    from xfer_core.models.load import load
    from xfer_core.models.sources import resolve

    found = features(BUNDLED, TEXTS)
    assert found.array.shape == (7, 3, 384) and found.array.dtype == np.float32
    model, tokenizer = load(resolve(BUNDLED))
    for i, text in enumerate(TEXTS):
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        assert found.array[6, i] == pytest.approx(states.mean(0).numpy(), abs=1e-5)


def test_the_second_time_nothing_is_computed(home, monkeypatch):
    first = features(BUNDLED, TEXTS)
    monkeypatch.setattr(module, "_compute", lambda *args: pytest.fail("computed again"))
    again = features(BUNDLED, TEXTS, layers=[0, 4])
    assert again.key == first.key
    assert (again.array == first.array[[0, 4]]).all()
    assert isinstance(first.array, np.memmap) and not first.array.flags.writeable


def test_other_texts_pooling_or_length_are_other_features(home):
    keys = {
        features(BUNDLED, TEXTS).key,
        features(BUNDLED, TEXTS[::-1]).key,
        features(BUNDLED, TEXTS, pool="cls").key,
        features(BUNDLED, TEXTS, max_length=8).key,
    }
    assert len(keys) == 4


def test_cut_texts_are_counted(home):
    assert features(BUNDLED, TEXTS).truncated == 0
    assert features(BUNDLED, TEXTS, max_length=8).truncated == 1


def test_only_the_path_crosses_processes(home):
    found = features(BUNDLED, TEXTS)
    packed = pickle.dumps(found)
    assert len(packed) < 1_000
    assert (pickle.loads(packed).array == found.array).all()


def test_the_cache_drops_the_oldest_when_full(home, monkeypatch):
    limits = type(module.LIMITS)(features_cache_mb=0)
    first = features(BUNDLED, TEXTS)
    monkeypatch.setattr(module, "LIMITS", limits)
    second = features(BUNDLED, TEXTS[:1])
    assert not first.path.exists()
    assert second.path.exists()


@pytest.mark.parametrize("layers", [[7], [-1], [0, 99]])
def test_layers_that_are_not_there(layers):
    with pytest.raises(BadSetting, match=r"0 \(the embeddings\) to 6"):
        chosen(layers, 7)


def test_unknown_pooling_is_refused(home):
    with pytest.raises(BadSetting, match="median"):
        features(BUNDLED, TEXTS, pool="median")


def test_export_has_one_row_a_text_and_one_column_a_layer(home, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)  # so that three texts need two groups
    found = features(BUNDLED, TEXTS, layers=[0, 6])
    out = tmp_path / "features.parquet"
    export(found, TEXTS, out, {"label": ["good", None, "bad"]})
    table = pq.read_table(out)
    assert table.column_names == ["text", "label", "layer_0", "layer_6"]
    assert table["text"].to_pylist() == TEXTS and table["label"].to_pylist() == ["good", None, "bad"]
    states = table["layer_6"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
    assert (states == found.array[1]).all()
    assert np.stack(pd.read_parquet(out)["layer_0"]) == pytest.approx(found.array[0])
    assert json.loads(table.schema.metadata[b"xfer"])["pool"] == "mean"


def test_a_corpus_is_exported_with_its_names(home, tmp_path):
    frame = pd.DataFrame(
        {
            "text": TEXTS,
            "label": [1, -1, 0],
            "domain": [0, 0, 1],
            "split": ["train", "test", "train"],
            "row": [2, 3, 9],
        }
    )
    corpus = Corpus("three", frame, ("bad", "good"), ("film", "shop"))
    out = tmp_path / "features.parquet"
    beside = corpus.table().drop(columns="text").to_dict("list")
    export(features(BUNDLED, corpus.texts, layers=[6]), corpus.texts, out, beside)
    read = pd.read_parquet(out)
    assert list(read["label"].fillna("none")) == ["good", "none", "bad"]
    assert list(read["domain"]) == ["film", "film", "shop"]
    assert list(read["row"]) == [2, 3, 9]
