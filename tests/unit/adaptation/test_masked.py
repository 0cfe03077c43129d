"""The head for masked words, and what continued pretraining leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny import tiny_folder
from xfer_core.errors import BadModel
from xfer_core.models.load import load
from xfer_core.models.masked import head, masked, masked_loss, only
from xfer_core.models.sources import resolve


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "mpnet", "deberta-v2", "modernbert"])
def test_the_loss_is_transformers_own(family: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, fresh = masked(resolve(str(tiny_folder(family, tmp_path / family))))
    assert fresh  # a classifier brings no head for words
    ids = torch.randint(5, 150, (3, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    labels = torch.full_like(ids, -100)
    labels[0, 2], labels[1, 4], labels[2, 8] = 7, 11, 13
    whole = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    found = masked_loss(model, {"input_ids": ids, "attention_mask": mask, "labels": labels})
    assert torch.allclose(found, whole, atol=1e-5)
    assert model(input_ids=ids).logits.shape[1] == 9  # nothing is left hanging in the model


def test_a_new_head_is_tied_and_learns_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, _ = masked(resolve(str(tiny_folder("bert", tmp_path / "bert"))))
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    new = sum(parameter.numel() for parameter in head(model))
    words, width = model.get_input_embeddings().weight.shape
    assert new == width * width + width + 2 * width + words  # a layer, its norm, a bias a word
    with only(model, head(model)):
        assert not any(parameter.requires_grad for parameter in model.base_model.parameters())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_model_with_its_own_head_keeps_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = tiny_folder("bert", tmp_path / "bert")
    model, _ = masked(resolve(str(folder)))
    model.save_pretrained(folder)
    again, fresh = masked(resolve(str(folder)))
    assert not fresh
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_a_decoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="decoder"):
        masked(resolve(str(tiny_folder("gpt2", tmp_path / "gpt2"))))


def test_no_masked_word_is_no_loss(tmp_path: Path) -> None:
    model, _ = masked(resolve(str(tiny_folder("bert", tmp_path / "bert"))))
    ids = torch.randint(5, 150, (2, 4))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.full_like(ids, -100)}
    assert masked_loss(model, batch).item() == 0.0


def test_the_pretrained_body_goes_under_the_encoder(tmp_path: Path) -> None:
    from xfer_core.adaptation.pretrain import _leave

    source = resolve(str(tiny_folder("bert", tmp_path / "bert")))
    model, _ = masked(source)
    with torch.no_grad():
        model.base_model.encoder.layer[0].output.dense.bias.add_(1.0)
    _leave(model, source, tmp_path / "out")
    before, after = (load(each, "encoder")[0] for each in (source, resolve(str(tmp_path / "out"))))
    name = "encoder.layer.0.output.dense.bias"
    assert torch.allclose(after.state_dict()[name], before.state_dict()[name] + 1.0)
    assert torch.equal(after.embeddings.word_embeddings.weight, before.embeddings.word_embeddings.weight)
