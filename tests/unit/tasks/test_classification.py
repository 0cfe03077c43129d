"""The classification task: batches, order, metrics, and corpora it cannot use."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from tests.tiny import SENTENCES, tiny
from xfer_core.corpora import Corpus
from xfer_core.errors import BadSetting, BadTable
from xfer_core.tasks import task

CLASSIFICATION = task("classification")


def corpus(labels: list[int], splits: list[str]) -> Corpus:
    texts = ["text"] * len(labels)
    frame = pd.DataFrame({"text": texts, "label": labels, "domain": 0, "split": splits, "row": 1})
    return Corpus("mine", frame, label_names=("no", "yes"))


def test_unknown_task() -> None:
    with pytest.raises(BadSetting, match="translation"):
        task("translation")


@pytest.mark.parametrize(
    ("labels", "splits", "words"),
    [
        ([0, 1, 0], ["train", "train", "test"], "validation part"),
        ([0, -1, 0, 1], ["train", "train", "test", "validation"], "without a label"),
        ([0, 0, 0, 1], ["train", "train", "test", "validation"], "same label"),
    ],
)
def test_a_corpus_without_a_lesson_is_refused(labels: list[int], splits: list[str], words: str) -> None:
    with pytest.raises(BadTable, match=words):
        CLASSIFICATION.check(corpus(labels, splits))
    CLASSIFICATION.check(corpus([0, 1, 1, 0], ["train", "train", "test", "validation"]))


@pytest.mark.parametrize("family", ["bert", "gpt2", "modernbert"])
def test_logits_are_those_of_each_text_alone(family: str) -> None:
    model, tokenizer = tiny(family)
    texts = SENTENCES * 3
    found = CLASSIFICATION.logits(model, tokenizer, texts, 32)
    with torch.no_grad():
        for text, logits in zip(texts, found, strict=True):
            alone = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
            expected = model(input_ids=alone["input_ids"], attention_mask=alone["attention_mask"]).logits[0]
            assert np.allclose(logits, expected.numpy(), atol=1e-4)


def test_metrics_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(50, 4)), random.integers(0, 4, 50)
    predicted = logits.argmax(1)
    assert CLASSIFICATION.metrics(logits, labels) == {
        "accuracy": accuracy_score(labels, predicted),
        "macro_f1": f1_score(labels, predicted, average="macro"),
    }
