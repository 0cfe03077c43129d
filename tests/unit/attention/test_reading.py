"""Attention readings against the formula, plain transformers and the model's own blindness."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from tests.readings import reading as made
from tests.tiny import SENTENCES, tiny_folder
from xfer_core.attention import reading
from xfer_core.attention.reading import export, read
from xfer_core.attention.shaping import shape
from xfer_core.attention.tokens import tokens
from xfer_core.errors import BadSetting
from xfer_core.models.anatomy import anatomy
from xfer_core.models.lens import lens
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.settings import LIMITS

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
    shaped = shape(found)
    coded = np.frombuffer(shaped.coded(), np.uint8).reshape(found.weights.shape)
    assert coded / 255 == pytest.approx(np.sqrt(found.weights), abs=0.5 / 255 + 1e-6)
    assert shaped.header()["tokens"] == found.tokens


def test_a_window_is_a_part_of_the_whole_and_says_what_is_outside(home, folders):
    text = "the film was slow, but good. " * 60
    folder = folders["gpt2"]  # reads 80 tokens
    whole = read(folder, text)
    assert (whole.start, whole.total, whole.outside.max()) == (0, 80, 0) and whole.cut > 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "LIMITS", replace(LIMITS, attention_tokens=16))
        found = read(folder, text, start=20)
        last = read(folder, text, start=10**9)
        first = read(folder, text, start=-5)
    assert found.weights == pytest.approx(whole.weights[:, :, 20:36, 20:36], abs=1e-6)
    assert found.weights.sum(-1) + found.outside == pytest.approx(np.ones((3, 4, 16)), abs=1e-5)
    assert (found.start, found.keys_start, found.total) == (20, 20, 80)
    assert found.tokens == found.keys == whole.tokens[20:36] and found.words == whole.words[20:36]
    assert found.reach == [] and whole.reach == [79] and last.reach == [15]
    assert (last.start, first.start) == (64, 0)


def test_values_other_than_weights_are_coded_by_the_largest(home):
    found = read(BUNDLED, TEXT, measure="norm")
    shaped = shape(found)
    coded, header = np.frombuffer(shaped.coded(), np.uint8).reshape(found.weights.shape), shaped.header()
    assert coded.max() == 255 and header["top"] == pytest.approx(found.weights.max())
    assert (header["measure"], header["kind"]) == ("norm", "self")
    shares = found.weights / header["top"]
    assert coded / 255 == pytest.approx(np.sqrt(shares), abs=0.5 / 255 + 1e-6)
    json.dumps(header)


HOSTILE = {
    "markup": "<script>alert('x')</script> **bold** &amp; $x$",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f600\U0001f3fd \U0001f1fa\U0001f1f3",
    "rtl": "مرحبا بالعالم \u202etxet",
    "cjk": "我喜欢这部电影。真的!",
    "long-word": "w" * 10_000,
    "long": "word " * 5_000,
    "controls": "\x00\u200b\ufeff a",
    "combining": "e\u0301" * 50,
    "special": "[SEP] [CLS] [PAD]",
}


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
@pytest.mark.parametrize("family", [None, "gpt2"])
def test_any_text_is_read(home, folders, family, text):
    found = read(folders[family] if family else BUNDLED, text, text[:100])
    n = len(found.tokens)
    assert 0 < n <= LIMITS.attention_tokens and found.weights.shape[2:] == (n, n)
    assert found.weights.sum(-1) + found.outside == pytest.approx(np.ones(found.weights.shape[:3]), abs=1e-4)
    sides = (found.special, found.punctuation, found.words)
    assert {len(side) for side in sides} == {n} and all(found.tokens)
    assert found.total + found.cut >= n and np.isfinite(found.weights).all()
    if text.startswith("[SEP]") and not family:  # what a text spells is not what the tokenizer added
        assert found.special.count(True) == 3


def test_weights_that_were_never_trained_are_known(home, tmp_path):
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(resolve(BUNDLED).folder)
    AutoModel.from_config(config).save_pretrained(tmp_path / "random")
    AutoTokenizer.from_pretrained(resolve(BUNDLED).folder).save_pretrained(tmp_path / "random")
    for measure in ("weight", "norm"):
        assert read(str(tmp_path / "random"), TEXT, measure=measure).uniform
        assert not read(BUNDLED, TEXT, measure=measure).uniform


def test_numbers_leave_as_npz(home, tmp_path):
    found = read(BUNDLED, TEXT, measure="share")
    export(found, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert (stored["weights"] == found.weights).all() and (stored["residual"] == found.residual).all()
        assert stored["tokens"].tolist() == stored["keys"].tolist() == found.tokens
        assert stored["special"].tolist() == found.special and stored["measure"] == "share"
        assert [None if word < 0 else word for word in stored["words"].tolist()] == found.words


def test_numbers_leave_as_a_table(home, tmp_path):
    found = replace(read(BUNDLED, "<b>, 😀 " + TEXT), start=3, keys_start=5)
    export(found, tmp_path / "a.parquet")
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert len(table) == found.weights.size
    n = len(found.tokens)
    for layer, head, query, key in [(0, 0, 0, 0), (5, 11, n - 1, 2), (2, 7, 4, n - 1)]:
        [row] = table[
            (table["layer"] == layer + 1) & (table["head"] == head + 1)
            & (table["query"] == query + 3) & (table["key"] == key + 5)
        ].to_dict("records")  # fmt: skip
        assert row["weight"] == found.weights[layer, head, query, key]
        assert (row["query_token"], row["key_token"]) == (found.tokens[query], found.keys[key])


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


@pytest.mark.parametrize(
    ("changed", "even"),
    [
        ({}, 1 / 3),
        ({"total": 6}, 1 / 6),  # three more tokens are outside the window
        ({"causal": True}, (1 / 2 + 1 / 3) / 2),
        ({"causal": True, "start": 4, "total": 7}, (1 / 6 + 1 / 7) / 2),
    ],
)
def test_an_even_share_is_of_what_a_row_sees(changed, even):
    found = made(["[CLS]", "a", "b"], **changed)
    assert found.on_special()[1] == pytest.approx(even)
