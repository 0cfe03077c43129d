"""When a classifier is called right, against plain transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny import SENTENCES, tiny_folder
from xfer_core.analysis.predictions import correctness
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
