"""Features on the bundled model: cached by content, cut where said, exported for other tools."""

from __future__ import annotations

import json
import pickle
import re
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from xfer_core.analysis import features as module
from xfer_core.analysis import reading as reading_module
from xfer_core.analysis.features import check_drawing, check_format, chosen, export, features
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import save, synthetic
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


def test_features_are_written_some_texts_at_a_time(home, monkeypatch):
    whole = features(BUNDLED, TEXTS).array
    monkeypatch.setattr(module, "TEXTS_AT_ONCE", 2)
    parts = features(BUNDLED, [*TEXTS, "One more."])
    assert parts.array[:, :3] == pytest.approx(np.array(whole), abs=1e-5)
    assert parts.truncated == 0 and np.abs(parts.array[:, 3]).max() > 0


def test_export_to_numpy(home, tmp_path):
    found = features(BUNDLED, TEXTS, layers=[0, 6], max_length=8)
    out = tmp_path / "features.npz"
    export(found, TEXTS, out, {"label": ["good", None, "bad"]})
    with np.load(out) as arrays:  # nothing in it is pickled
        assert (arrays["layer_6"] == found.array[1]).all()
        about = json.loads(arrays["about"].tobytes())
    assert about["columns"] == {"text": TEXTS, "label": ["good", None, "bad"]}
    assert (about["pool"], about["truncated"]) == ("mean", 1)


@pytest.mark.parametrize("name", ["projector", "projector.zip"])
def test_export_for_the_embedding_projector(home, tmp_path, name):
    found = features(BUNDLED, TEXTS, layers=[0, 6])
    out = tmp_path / name
    texts = ["A\tfine\nfilm.", *TEXTS[1:]]
    export(found, texts, out, {"label": ["good", None, float("nan")]})
    if out.suffix:
        with ZipFile(out) as archive:
            archive.extractall(tmp_path / "unpacked")
        out = tmp_path / "unpacked"
    vectors = np.loadtxt(out / "layer_6" / "vectors.tsv", delimiter="\t")
    assert vectors == pytest.approx(found.array[1], rel=1e-5, abs=1e-9)
    lines = (out / "layer_6" / "metadata.tsv").read_text().split("\n")
    assert lines == ["text\tlabel", "A fine film.\tgood", f"{TEXTS[1]}\t", f"{TEXTS[2]}\t", ""]
    config = (out / "projector_config.pbtxt").read_text()
    paths = re.findall(r'_path: "([^"]+)"', config)
    assert len(paths) == 4 and all((out / path).is_file() for path in paths)


def test_another_ending_is_refused_before_anything_is_read(home, tmp_path):
    with pytest.raises(BadSetting, match=r"“features\.csv”.*\.npz"):
        check_format(tmp_path / "features.csv")


def test_a_corpus_draws_the_same_texts_each_time(home, monkeypatch):
    corpus = synthetic.corpus()
    corpus_id = save(corpus)
    monkeypatch.setattr(reading_module, "LIMITS", type(module.LIMITS)(features_texts=30))
    reading = Reading(BUNDLED, corpus_id, texts=40, seed=2)
    some, rows = reading.draw()
    found = reading.features(some.texts)
    assert len(rows) == 30 and found.array.shape == (7, 30, 384)
    assert some.texts == [corpus.texts[row] for row in rows]
    assert (reading.draw()[1] == rows).all()


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


@pytest.mark.parametrize(("asked", "said"), [
    ({"seed": -1}, "seed is -1"), ({"per_class": 1}, "1 texts of a class"), ({"max_length": 1}, "1 tokens"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused_with_a_sentence(asked, said):
    with pytest.raises(BadSetting, match=said):
        check_drawing(**asked)
