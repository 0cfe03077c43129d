"""What a classifier says of texts, against plain transformers, and when it is called right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig

from tests.tiny import SENTENCES, tiny_folder
from xfer_core.analysis.predictions import class_names, correctness, is_classifier, predictions
from xfer_core.models.sources import BUNDLED, resolve


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


def test_probabilities_equal_plain_transformers(home, folder, expected):
    found = predictions(resolve(folder), SENTENCES, max_length=64)
    assert found.label_names == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert found.probabilities == pytest.approx(expected, abs=1e-5)


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
    assert not is_classifier(resolve(BUNDLED))
    assert correctness(BUNDLED, SENTENCES, labels, ["a"], 64) is None
    assert correctness(folder, SENTENCES, labels, ["a"], 64) is None


def test_more_than_ten_classes_keep_their_order(tmp_path):
    names = [f"class {n}" for n in range(12)]
    BertConfig(id2label=dict(enumerate(names))).save_pretrained(tmp_path)
    assert class_names(BertConfig.from_pretrained(tmp_path)) == tuple(names)
