"""The one loading function: equal to plain transformers on good folders, a sentence on every bad one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel, AutoModelForSequenceClassification

from tests.tiny import DECODERS, FAMILIES, tiny, tiny_folder
from xfer_core.errors import BadModel
from xfer_core.models import load as loading
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.tasks import task
from xfer_core.tasks.classifier import open_classifier

LABELS = ("LABEL_0", "LABEL_1", "LABEL_2")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def ask(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"loading asked the network for {args}")

    monkeypatch.setattr(socket, "getaddrinfo", ask)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tuned_classifier_is_loaded_as_transformers_does(family: str, tmp_path: Path) -> None:
    folder = tiny_folder(family, tmp_path / "model")
    model, tokenizer = load(resolve(str(folder)), "classifier")
    reference = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    batch = tokenizer(["good film", "the battery died"], padding=True, return_tensors="pt")
    batch = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        assert torch.equal(model(**batch).logits, reference(**batch).logits)
    assert not model.training
    assert tokenizer.padding_side == "right"
    assert tokenizer.model_max_length <= 80


def test_an_encoder_is_loaded_without_its_head(bert_folder: Path) -> None:
    model, _ = load(resolve(str(bert_folder)))
    assert type(model) is type(AutoModel.from_pretrained(bert_folder))
    assert model.dtype == torch.float32


def test_every_way_of_opening_a_model_puts_it_on_the_one_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A processor plays the graphics card by the name of "meta", where tensors have no numbers."""
    source = resolve(str(tiny_folder("bert", tmp_path / "model")))
    corpus = SimpleNamespace(label_names=LABELS)
    monkeypatch.setattr(loading, "device", lambda: torch.device("meta"))
    opened = [load(source), task("classification").load(source, corpus, None), open_classifier(source)]  # type: ignore[arg-type]
    for model, _ in opened:
        assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


def test_new_classes_begin_a_new_head_on_the_same_encoder(bert_folder: Path) -> None:
    old, _ = tiny("bert")
    for names in (("bad", "good"), ("bad", "good", "fair")):  # of another number, of the same number
        torch.manual_seed(1)
        model, _ = load(resolve(str(bert_folder)), "classifier", label_names=names)
        assert model.config.id2label == dict(enumerate(names))
        assert model.config.label2id == {name: i for i, name in enumerate(names)}
        assert model.classifier.out_features == len(names)
        assert not torch.equal(model.classifier.weight[:2], old.classifier.weight[:2])
        assert 0.1 < model.classifier.weight.std() < 0.3  # initializer_range of the tiny models: 0.2
        assert torch.equal(
            model.bert.encoder.layer[0].output.dense.weight, old.bert.encoder.layer[0].output.dense.weight
        )


def test_the_same_classes_keep_their_head(bert_folder: Path) -> None:
    model, _ = load(resolve(str(bert_folder)), "classifier", label_names=LABELS)
    assert torch.equal(model.classifier.weight, tiny("bert")[0].classifier.weight)


def test_the_same_seed_gives_the_same_head() -> None:
    heads = []
    for _ in range(2):
        torch.manual_seed(7)
        heads.append(load(resolve(BUNDLED), "classifier", label_names=["a", "b"])[0].classifier.weight)
    assert torch.equal(heads[0], heads[1])


def test_a_model_without_classifier_says_so() -> None:
    with pytest.raises(BadModel, match=r"no trained classifier.*Fine-tune it first"):
        load(resolve(BUNDLED), "classifier")


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_sets_every_probability(family: str, tmp_path: Path) -> None:
    source = resolve(str(tiny_folder(family, tmp_path / "model")))
    model, _ = load(source, "classifier", dropout=0.0)
    assert all(module.p == 0.0 for module in model.modules() if isinstance(module, nn.Dropout))
    torch.manual_seed(0)
    ids = torch.tensor([[2, 9, 12, 40, 3]])
    with torch.no_grad():
        assert torch.equal(model.train()(input_ids=ids).logits, model.eval()(input_ids=ids).logits)
    wet, _ = load(source, "classifier", dropout=0.5)
    with torch.no_grad():
        assert not torch.equal(wet.train()(input_ids=ids).logits, wet.eval()(input_ids=ids).logits)


@pytest.mark.parametrize("family", DECODERS)
def test_decoders_get_a_padding_token(family: str, tmp_path: Path) -> None:
    model, words = tiny(family)
    model.config.pad_token_id = None
    model.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    config = tmp_path / "tokenizer_config.json"
    config.write_text(config.read_text().replace('"pad_token": "[PAD]"', '"pad_token": null'))
    model, tokenizer = load(resolve(str(tmp_path)), "classifier")
    assert tokenizer.pad_token_id is not None
    assert model.config.pad_token_id == tokenizer.pad_token_id


def change(folder: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    edit(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
    return folder


WEIGHT = "bert.encoder.layer.1.output.dense.weight"


def test_a_missing_encoder_weight(broken: Path) -> None:
    change(broken, lambda tensors: tensors.pop(WEIGHT))
    for kind in ("encoder", "classifier"):
        with pytest.raises(
            BadModel, match=r"1 weights of the model .* missing .*layer\.1\.output\.dense\.weight"
        ):
            load(resolve(str(broken)), kind, label_names=LABELS if kind == "classifier" else None)


def test_an_encoder_weight_of_the_wrong_size(broken: Path) -> None:
    change(broken, lambda tensors: tensors.update({WEIGHT: torch.zeros(3, 3)}))
    with pytest.raises(BadModel, match="missing or of the wrong size"):
        load(resolve(str(broken)), "classifier")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers(broken: Path, value: float) -> None:
    change(broken, lambda tensors: tensors[WEIGHT].__setitem__((0, 0), value))
    with pytest.raises(BadModel, match="holds NaN or infinity"):
        load(resolve(str(broken)), "classifier")


def test_missing_pooler_is_begun_afresh(broken: Path) -> None:
    """Checkpoints of masked-language models have none; it is part of the head here."""
    change(broken, lambda tensors: [tensors.pop(name) for name in list(tensors) if "pooler" in name])
    load(resolve(str(broken)), "encoder")
    load(resolve(str(broken)), "classifier", label_names=LABELS)


def test_a_config_that_does_not_fit(configure: Callable[..., Path]) -> None:
    with pytest.raises(BadModel):
        load(resolve(str(configure(intermediate_size=40))), "classifier")
    with pytest.raises(BadModel, match="cannot be opened"):
        load(resolve(str(configure(intermediate_size=48, layer_norm_eps="tiny"))), "classifier")


def test_code_in_the_folder_is_not_run(configure: Callable[..., Path]) -> None:
    folder = configure(
        auto_map={"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Model"}
    )
    (folder / "evil.py").write_text("raise SystemExit('code of the folder was run')")
    load(resolve(str(folder)), "classifier")


def test_a_tokenizer_of_another_model(configure: Callable[..., Path]) -> None:
    folder = configure(vocab_size=20)
    change(folder, lambda t: t.update({k: v[:20].clone() for k, v in t.items() if "word_embeddings" in k}))
    with pytest.raises(BadModel, match=r"tokenizer of the model .* belongs to another"):
        load(resolve(str(folder)), "classifier")
