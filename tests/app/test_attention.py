"""Attention of a text: what is asked of the core, what is shown, and what the address restores."""

import json
import struct
import time

import numpy as np
import pytest

from tests.app.corpora import small
from tests.readings import reading as made
from xfer_core import corpora, engine
from xfer_core.charts import attention_html
from xfer_core.errors import BadModel
from xfer_core.i18n import N_

HOSTILE = "**bold** <img src=x onerror=alert(1)>"


def reading(**changed):
    return made(["[CLS]", HOSTILE, "film", "[SEP]"], **changed)


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


SEEN = {
    "layer": ("2", 2), "head": ("2", 2), "row": ("3", 3), "column": ("1", 1), "mass": ("90", 90),
    "range": ("row", "row"), "scale": ("log", "log"), "drawing": ("lines", "lines"),
    "compare": ("blink", "blink"),
}  # fmt: skip


@pytest.mark.parametrize("name", attention_html.LOOK)
def test_the_picture_gets_every_choice_of_the_address_and_only_those(open_page, read, name):
    code, value = SEEN[name]
    assert buffer(open_page("attention", **{name: code}))[0][name] == value
    assert not buffer(open_page("attention"))[0][name]


def test_tokens_are_shaped_as_the_address_says(open_page, answers):
    answers["read"] = made(["[CLS]", "jump", "##ing", ".", "[SEP]"])
    pieces, _ = buffer(open_page("attention"))
    assert pieces["tokens"] == ["[CLS]", "jump", "##ing", ".", "[SEP]"] and pieces["marginals"] == []
    words, _ = buffer(open_page("attention", by="word"))
    assert words["tokens"] == ["[CLS]", "jump·ing", ".", "[SEP]"]
    hidden, _ = buffer(open_page("attention", hide="special"))
    assert hidden["tokens"] == ["jump", "##ing", "."] and hidden["marginals"] == ["special"]
    both, apart = buffer(open_page("attention", hide="special,punctuation"))
    shared_header, shared = buffer(open_page("attention", hide="special,punctuation", held="shared"))
    assert both["tokens"] == shared_header["tokens"] == ["jump", "##ing"]
    sums = [
        ((np.frombuffer(each[:24], np.uint8) / 255.0) ** 2).reshape(3, 2, 2, 2).sum(-1)
        for each in (apart, shared)
    ]
    assert (sums[0] < 0.95).all() and np.allclose(sums[1], 1, atol=0.01)


def test_all_hidden_is_a_sentence(open_page, answers):
    answers["read"] = made(["[CLS]", "!", "[SEP]"])
    page = open_page("attention", hide="special,punctuation")
    assert not page.exception and not page.get("bidi_component")
    assert "hidden" in page.info[0].value


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, {"measure": "weight", "kind": "", "start": 0}),
        ({"measure": "norm"}, {"measure": "norm", "kind": "", "start": 0}),
        ({"start": "129"}, {"measure": "weight", "kind": "", "start": 128}),
        ({"measure": "<b>", "start": "-1", "kind": "cross"}, {"measure": "weight", "kind": "", "start": 0}),
    ],
)
def test_what_the_core_is_asked(open_page, read, monkeypatch, query, asked):
    seen = []
    submit = engine.submit

    def spy(function, **values):
        seen.append(values)
        return submit(function, **values)

    monkeypatch.setattr(engine, "submit", spy)
    open_page("attention", **query)
    assert {name: seen[-1][name] for name in asked} == asked


def test_a_window_of_a_long_text_can_be_moved(open_page, answers):
    answers["read"] = reading(total=300, start=100)
    page = open_page("attention", start="101")
    [first] = page.number_input
    assert (first.value, first.max) == (101, 297)
    assert "Tokens 101 to 104 of 300." in buffer(page)[0]["notes"]
    first.set_value(1).run()
    assert not page.exception and "start" not in page.query_params
    first.set_value(200).run()
    assert page.query_params["start"] in ("200", ["200"])


def test_the_command_has_what_the_address_says(open_page, read):
    read["read"] = reading(measure="norm")
    page = open_page(
        "attention", by="word", hide="special", held="shared", layer="2", head="1", measure="norm"
    )
    for flag in ("--measure norm", "--by word", "--hide special", "--renormalise", "--layer 2", "--head 1"):
        assert flag in page.code[0].value
    read["read"] = reading()
    plain = open_page("attention").code[0].value
    assert "--out attention.html" in plain and plain.count("--") == 2  # --text and --out


def test_the_command_leaves_out_what_an_address_asks_for_in_vain(open_page, read):
    wrong = {"measure": "foo", "kind": "cross", "start": "99", "by": "pi", "hide": "zz", "held": "shared"}
    command = open_page("attention", **wrong, layer="99", head="99").code[0].value
    assert command.count("--") == 2  # --text and --out


def test_an_untrained_model_is_said_to_look_so(open_page, answers):
    answers["read"] = reading(uniform=True)
    assert "untrained" in words(open_page("attention"))
    answers["read"] = reading()
    assert "untrained" not in words(open_page("attention"))


def test_small_weights_beyond_the_size_of_a_head_are_said_to_tell_nothing(open_page, answers):
    answers["read"] = reading(total=33, head_size=32)
    assert "Small weights are no information" in words(open_page("attention"))
    answers["read"] = reading(total=32, head_size=32)
    assert "Small weights are no information" not in words(open_page("attention"))


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
