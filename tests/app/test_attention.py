"""Attention of a text: what is asked of the core, what is shown, and what the address restores."""

import json
import struct
import time

import numpy as np
import pytest

from tests.app.corpora import small
from xfer_core import corpora, engine
from xfer_core.attention.reading import AttentionReading
from xfer_core.errors import BadModel
from xfer_core.i18n import N_

HOSTILE = "**bold** <img src=x onerror=alert(1)>"


def reading(**changed):
    weights = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 2, 4)).astype(np.float32)
    values = {
        "tokens": ["[CLS]", HOSTILE, "film", "[SEP]"], "special": [True, False, False, True],
        "weights": weights, "prediction": None, "cut": 0, "split": None, "causal": False, "reach": None,
        "model": "bundled:minilm",
    }  # fmt: skip
    return AttentionReading(**values | changed)


@pytest.fixture
def read(answers):
    answers["read"] = reading()
    return answers


def buffer(page):
    """Header and body of what the component was sent."""
    [sent] = page.get("bidi_component")
    data = sent.proto.bytes
    length = struct.unpack("<I", data[:4])[0]
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def words(page):
    return " ".join(
        each.value for kind in (page.markdown, page.caption, page.warning, page.error) for each in kind
    )


def test_opens_with_a_picture_of_an_example(open_page, read):
    page = open_page("attention")
    assert not page.exception
    header, body = buffer(page)
    assert (header["layers"], header["heads"], header["tokens"][1]) == (3, 2, HOSTILE)
    coded = np.frombuffer(body, np.uint8).reshape(3, 2, 4, 4)
    assert np.allclose((coded / 255.0) ** 2, reading().weights, atol=2 / 255)


def test_the_address_says_what_is_open(open_page, read):
    header, _ = buffer(open_page("attention", layer="2", head="1", text="Hello"))
    assert (header["layer"], header["head"]) == (2, 1)


@pytest.mark.parametrize("layer", ["x", "-1", "1e9", "٣", "9" * 40])
def test_a_broken_address_opens_the_default(open_page, read, layer):
    page = open_page("attention", layer=layer)
    assert not page.exception
    assert buffer(page)[0]["layer"] in (None, 3)


def test_the_command_repeats_it_even_with_quotes(open_page, read):
    page = open_page("attention", text="It's; $HOME")
    assert """--text 'It'"'"'s; $HOME'""" in page.code[0].value
    assert "--pair" not in page.code[0].value


def test_what_was_cut_is_said(open_page, answers):
    answers["read"] = reading(cut=1_234)
    assert "Cut off after them: 1,234." in words(open_page("attention"))


def test_the_prediction_of_a_tuned_model_stands_beside(open_page, answers):
    answers["read"] = reading(prediction={HOSTILE: 0.25, "good": 0.75})
    [table] = open_page("attention").dataframe
    assert table.value.to_numpy().tolist() == [[HOSTILE, 0.25], ["good", 0.75]]


def test_share_on_special_tokens(open_page, answers):
    weights = np.zeros((1, 1, 4, 4), np.float32)
    weights[..., 1, :] = [0.5, 0.25, 0.25, 0.0]
    weights[..., 2, :] = [0.0, 0.5, 0.25, 0.25]
    answers["read"] = reading(weights=weights)
    # (.5 + .25) / 2 of the two ordinary rows; special tokens are 2 of 4
    assert "38%" in words(open_page("attention")) and "50%" in words(open_page("attention"))


def test_a_model_that_cannot_be_read_is_a_sentence(open_page, answers):
    answers["read"] = BadModel(N_("There is no model “{model}”."), model=HOSTILE)
    page = open_page("attention")
    assert not page.exception and "<img" not in page.error[0].value.replace("\\", "").replace("\u2060", "x")


def test_a_text_of_the_corpus_can_be_taken(open_page, read):
    corpus = small()
    corpora.save(corpus)
    page = open_page("attention", corpus=corpus.id)
    page.number_input(key="place").set_value(3).run()
    page.button(key="take").click().run()
    assert not page.exception
    assert page.text_area(key="text").value == corpus.texts[2]
    assert corpus.texts[2].split()[0] in page.code[0].value


def test_in_chinese_too(open_page, read):
    page = open_page("attention", lang="zh")
    assert not page.exception
    assert buffer(page)[0]["language"] == "zh"


def test_the_bundled_model_for_real(open_page):
    try:
        page = open_page("attention", text="A good film.", pair="I liked it.")
        until = time.monotonic() + 120
        while not page.get("bidi_component") and time.monotonic() < until:
            assert not page.exception and page.get("progress")
            time.sleep(0.5)
            page.run()
    finally:
        engine.close()
    header, body = buffer(page)
    assert (header["layers"], header["heads"]) == (6, 12)
    assert header["tokens"] == ["[CLS]", "a", "good", "film", ".", "[SEP]", "i", "liked", "it", ".", "[SEP]"]
    assert header["split"] == 6
    coded = np.frombuffer(body, np.uint8).reshape(6, 12, 11, 11)
    assert np.allclose(((coded / 255.0) ** 2).sum(-1), 1, atol=0.02)
