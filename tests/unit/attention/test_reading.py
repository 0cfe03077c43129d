"""Attention readings against the formula, plain transformers and the model's own blindness."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny import SENTENCES, tiny_folder
from xfer_core.attention.reading import export, read
from xfer_core.attention.tokens import tokens
from xfer_core.errors import BadSetting
from xfer_core.models.anatomy import anatomy
from xfer_core.models.lens import lens
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve

TEXT = SENTENCES[0]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {
        family: str(tiny_folder(family, tmp_path_factory.mktemp("models") / family))
        for family in ("bert", "deberta-v2", "gpt2", "modernbert")
    }


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "gpt2", "modernbert"])
def test_rows_sum_to_one_and_the_prediction_is_the_models_own(home, folders, family):
    found = read(folders[family], TEXT)
    n = len(found.tokens)
    assert found.weights.shape == (3, 4, n, n)
    assert found.weights.sum(-1) == pytest.approx(np.ones((3, 4, n)), abs=1e-5)
    model = AutoModelForSequenceClassification.from_pretrained(folders[family]).eval()
    tokenizer = AutoTokenizer.from_pretrained(folders[family])
    with torch.no_grad():
        shares = model(**tokenizer(TEXT, return_tensors="pt")).logits[0].softmax(-1)
    assert list(found.prediction.values()) == pytest.approx(shares.tolist(), abs=1e-5)
    assert found.causal == (family == "gpt2")


def test_weights_are_the_softmax_of_queries_times_keys(home):
    found = read(BUNDLED, TEXT)
    model, tokenizer = load(resolve(BUNDLED))
    with torch.no_grad(), lens(model) as seen:
        model(**tokenizer(TEXT, return_tensors="pt"))
    for layer in range(6):
        query, key = seen[layer].query[0], seen[layer].key[0]
        expected = (query @ key.transpose(-1, -2) / math.sqrt(32)).softmax(-1)
        assert found.weights[layer] == pytest.approx(expected.numpy(), abs=1e-6)


@pytest.mark.parametrize("family", ["bert", "gpt2", "modernbert"])
def test_rows_said_not_to_reach_the_prediction_do_not(home, folders, family):
    found = read(folders[family], TEXT)
    model, tokenizer = load(resolve(folders[family]), "classifier")
    batch = tokenizer(TEXT, return_tensors="pt")
    touched: list[int] = []

    def disturb(module, args, output):
        states = (output[0] if isinstance(output, tuple) else output).clone()
        states[:, touched, ::2] += 5  # not all columns: a LayerNorm would take that back
        return (states, *output[1:]) if isinstance(output, tuple) else states

    anatomy(model).stack[-1].register_forward_hook(disturb)
    with torch.no_grad():
        before = model(**batch).logits
        touched[:] = [row for row in range(len(found.tokens)) if row not in found.reach]
        assert torch.equal(model(**batch).logits, before)
        touched[:] = found.reach
        assert not torch.allclose(model(**batch).logits, before, atol=1e-3)


def test_two_texts_read_together(home):
    found = read(BUNDLED, "A fine film.", "Unlike the book.")
    assert found.split == found.tokens.index("[SEP]") + 1
    assert [token for token, flag in zip(found.tokens, found.special, strict=True) if flag] == [
        "[CLS]", "[SEP]", "[SEP]",
    ]  # fmt: skip
    assert read(BUNDLED, "A fine film.").split is None


def test_what_was_cut_is_said(home):
    found = read(BUNDLED, "word " * 600)
    assert found.total == 512 and found.cut == 90 and len(found.tokens) == 256
    assert found.prediction is None and found.reach is None


def test_no_text_is_refused(home, folders):
    for model in (BUNDLED, folders["gpt2"]):
        with pytest.raises(BadSetting, match="no text"):
            read(model, "  \n ")


def test_a_byte_is_a_root_of_a_weight(home):
    found = read(BUNDLED, TEXT)
    coded = np.frombuffer(found.coded(), np.uint8).reshape(found.weights.shape)
    assert coded / 255 == pytest.approx(np.sqrt(found.weights), abs=0.5 / 255 + 1e-6)
    assert found.header()["tokens"] == found.tokens


def test_numbers_leave_as_npz(home, tmp_path):
    found = read(BUNDLED, TEXT)
    export(found, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert (stored["weights"] == found.weights).all()
        assert list(stored["tokens"]) == found.tokens


def test_byte_level_tokens_read_as_text():
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        ["good film"] * 9, trainers.BpeTrainer(vocab_size=262, initial_alphabet=alphabet)
    )
    text = "good café 😀"
    encoding = core.encode(text)
    assert "Ġ" in "".join(encoding.tokens)
    shown = tokens(encoding, text, None, as_spelt=False).shown
    assert not set("ĠÃ") & set("".join(shown))
    assert shown[0] == "good" or shown[0] == "go"
    assert "".join(shown).replace("##", "") == "good␣café␣😀"  # a character of several tokens is shown once
    assert shown[[start for start, _ in encoding.offsets].index(6)] == "##a"  # the second letter of café
