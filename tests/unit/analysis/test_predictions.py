"""When a classifier is called right, against plain transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny import SENTENCES, tiny_folder
from xfer_core import corpora
from xfer_core.analysis import predictions
from xfer_core.analysis.predictions import correctness, predicted, predictions_of
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import synthetic
from xfer_core.corpora.corpus import drawn
from xfer_core.models.sources import BUNDLED


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_folder("bert", tmp_path_factory.mktemp("models") / "bert"))


@pytest.fixture(scope="module")
def expected(folder):
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        rows = [model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1) for text in SENTENCES]
    return torch.stack(rows).numpy()


def test_right_wrong_and_not_to_be_said(home, folder, expected):
    names = ["LABEL_2", "elsewhere", "LABEL_0", "LABEL_1"]
    labels = np.array([0, 1, 2, 3, -1, 0, 2, 3])
    own = {0: 2, 2: 0, 3: 1}
    wanted = [
        -1 if label not in own else int(expected[i].argmax() == own[label]) for i, label in enumerate(labels)
    ]
    found = correctness(folder, SENTENCES, labels, names, 64)
    assert found.dtype == np.int8 and list(found) == wanted


def test_nothing_to_say_without_a_classifier_or_a_shared_class(home, folder):
    labels = np.zeros(len(SENTENCES), np.int64)
    assert correctness(BUNDLED, SENTENCES, labels, ["a"], 64) is None
    assert correctness(folder, SENTENCES, labels, ["a"], 64) is None


def test_classes_and_confidence_are_those_of_transformers_and_are_kept(home, folder, expected, monkeypatch):
    found = predicted(folder, SENTENCES, 64)
    assert found.codes.tolist() == expected.argmax(axis=1).tolist()
    np.testing.assert_allclose(found.confidence, expected.max(axis=1), atol=1e-5)
    monkeypatch.setattr(predictions, "classifier", None)  # a second pass would call it
    again = predicted(folder, SENTENCES, 64)
    assert again.label_names == found.label_names and np.array_equal(again.confidence, found.confidence)


def test_predictions_are_of_the_texts_on_the_map(home, folder):
    corpus = synthetic.corpus()
    found = predictions_of(Reading(folder, corpora.save(corpus), texts=20, max_length=64, seed=3))
    rows = drawn(corpus, 20, 3)
    assert found.codes.tolist() == predicted(folder, corpus.take(rows).texts, 64).codes.tolist()
