"""A tuned classifier, against plain transformers: its probabilities, its classes, how much it reads."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig

from tests.tiny import SENTENCES, tiny_folder
from xfer_core.errors import BadModel
from xfer_core.files import read_json, write_json
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.tasks.classifier import class_names, classifier, is_classifier

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_folder("bert", tmp_path / "tiny")


def change(path: Path, **values: object) -> None:
    write_json(path, {**read_json(path), **values})


def test_probabilities_equal_plain_transformers(folder: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        rows = [model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1) for text in SENTENCES]
    read = classifier(resolve(str(folder)))
    assert read.label_names == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert read(SENTENCES) == pytest.approx(torch.stack(rows).numpy(), abs=1e-5)


def test_it_is_opened_once_and_again_when_its_files_change(folder: Path) -> None:
    source = resolve(str(folder))
    first = classifier(source)
    assert classifier(source).model is first.model
    change(folder / "config.json", id2label={"0": "a", "1": "b", "2": "c"})
    assert classifier(source).label_names == ("a", "b", "c")


def test_how_much_is_read(folder: Path) -> None:
    """As asked; else as in training; else what all allow; never more than that."""
    source = resolve(str(folder))
    most = 64  # the tokenizer's limit, below the model's 80 positions
    assert classifier(source).max_length == classifier(source, 10_000).max_length == most
    assert classifier(source, 7).max_length == 7
    change(folder / "config.json", xfer_lab={"max_length": 20})
    assert (classifier(source).max_length, classifier(source, 30).max_length) == (20, 30)
    change(folder / "tokenizer_config.json", model_max_length=12)
    assert classifier(source).max_length == 12
    read = classifier(source)
    long = " ".join(SENTENCES)
    assert read.lengths([long, "a"]).tolist()[0] > 12
    ids = read.tokenizer(long, truncation=True, max_length=12, return_tensors="pt")
    with torch.no_grad():
        expected = read.model(**ids).logits.softmax(-1).numpy()
    assert np.allclose(read([long]), expected, atol=1e-5)


def test_layers_alone_are_no_classifier(folder: Path) -> None:
    assert is_classifier(resolve(str(folder))) and not is_classifier(resolve(BUNDLED))
    with pytest.raises(BadModel, match="no trained classifier"):
        classifier(resolve(BUNDLED))


def test_more_than_ten_classes_keep_their_order(tmp_path: Path) -> None:
    names = [f"class {n}" for n in range(12)]
    BertConfig(id2label=dict(enumerate(names))).save_pretrained(tmp_path)
    assert class_names(BertConfig.from_pretrained(tmp_path)) == tuple(names)
