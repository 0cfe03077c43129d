"""Encoder-decoders: three kinds of attention on this page, and a sentence everywhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tests.tiny import ENCODER_DECODERS, SENTENCES, tiny_folder
from xfer_core.attention.looking import WRITTEN
from xfer_core.attention.reading import read
from xfer_core.errors import BadModel, BadSetting
from xfer_core.models import sources
from xfer_core.models.sources import models_folder, resolve

TEXT, PAIR = SENTENCES[0], SENTENCES[1]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    where = tmp_path_factory.mktemp("two-stacks")
    return {family: str(tiny_folder(family, where / family)) for family in ENCODER_DECODERS}


@pytest.mark.parametrize("family", ENCODER_DECODERS)
def test_three_kinds_are_those_of_transformers(home, folders, family):
    model = AutoModelForSeq2SeqLM.from_pretrained(folders[family], attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folders[family])
    ids, labels = (tokenizer(text, return_tensors="pt")["input_ids"] for text in (TEXT, PAIR))
    begin = torch.tensor([[model.config.decoder_start_token_id]])
    with torch.no_grad():
        expected = model(
            input_ids=ids, decoder_input_ids=torch.cat([begin, labels[:, :-1]], 1), output_attentions=True
        )
    sizes = {"encoder": ids.shape[1], "decoder": labels.shape[1]}
    for kind, queries, keys in (
        ("encoder", "encoder", "encoder"), ("decoder", "decoder", "decoder"), ("cross", "decoder", "encoder"),
    ):  # fmt: skip
        found = read(folders[family], TEXT, PAIR, kind=kind)
        assert (
            found.weights.shape[2:] == (sizes[queries], sizes[keys]) == (len(found.tokens), len(found.keys))
        )
        theirs = torch.cat(expected[f"{kind}_attentions"]).numpy()
        assert found.weights == pytest.approx(theirs, abs=1e-5)
        assert found.causal == (kind == "decoder") and found.kinds == ("encoder", "decoder", "cross")
        assert found.prediction is None and found.reach is None
        assert len(found.words) == len(found.tokens) and len(found.keys_words) == len(found.keys)
    assert found.tokens[0] == tokenizer.convert_ids_to_tokens(begin.item()) and found.special[0]
    assert found.keys == read(folders[family], TEXT).tokens  # the encoder is shown where no kind is named


def test_without_a_second_text_the_decoder_writes_its_own(home, folders):
    first, second = (read(folders["bart"], TEXT, kind="cross") for _ in range(2))
    assert 1 < len(first.tokens) <= 2 * WRITTEN and first.tokens == second.tokens
    assert (first.weights == second.weights).all()


def test_a_kind_the_model_lacks_is_a_sentence(home, folders):
    with pytest.raises(BadSetting, match="encoder, decoder, cross"):
        read(folders["t5"], TEXT, kind="self")
    with pytest.raises(BadSetting, match="no text"):
        read(folders["t5"], " ", PAIR)


def test_a_long_source_and_a_long_target_have_windows_of_their_own(home, folders):
    found = read(folders["t5"], "good film " * 200, "again", kind="cross", start=100)
    assert (found.start, found.keys_start) == (0, 100) and len(found.keys) == 256
    assert found.weights.sum(-1) + found.outside == pytest.approx(np.ones_like(found.outside), abs=1e-5)


@pytest.mark.parametrize("family", ENCODER_DECODERS)
def test_everything_else_refuses_with_a_sentence(home, folders, family):
    with pytest.raises(BadModel, match=r"an encoder and a decoder.*Attention page"):
        resolve(folders[family])
    source = resolve(folders[family], encoder_decoders=True)
    assert (source.layers, source.heads, source.hidden) == (3, 4, 32) and not source.decoder
    assert source.encoder_decoder


def test_only_who_asks_for_them_finds_them_among_the_models(home):
    tiny_folder("bart", models_folder() / "translator")
    assert [each.id for each in sources.listing()] == [sources.BUNDLED]
    assert "translator" in sources.survey()[1]
    assert "translator" in [each.id for each in sources.listing(encoder_decoders=True)]
