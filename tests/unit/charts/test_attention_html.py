"""The attention file stands alone, shows hostile text as text, and holds the weights it was given."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import zlib
from typing import Any

import numpy as np
import pytest

from tests.readings import reading as made
from xfer_core.attention.reading import AttentionReading
from xfer_core.attention.shaping import shape
from xfer_core.charts.attention_html import LOOK, WORDS, page
from xfer_core.settings import root

TOKENS = ["[CLS]", "</script><script>alert(1)</script>", "<!--", "‮txet", "{title}", "w" * 10_000, "é\u2028&"]


@pytest.fixture
def reading() -> AttentionReading:
    return made(
        TOKENS,
        shape=(2, 3),
        prediction={"<b>good</b>": 0.9, "bad": 0.1},
        cut=5,
        reach=[0],
        model="<img src=x>",
    )


def header(text: str) -> dict[str, Any]:
    return json.loads(re.search(r'id="header">(.*?)</script>', text, re.S)[1])


def body(text: str) -> np.ndarray:
    packed = base64.b64decode(re.search(r'id="body">(.*?)</script>', text)[1])
    return np.frombuffer(zlib.decompress(packed), np.uint8)


def scripts(text: str) -> dict[str, str]:
    """Name → text of each module in the file."""
    imports = json.loads(re.search(r'type="importmap">(.*?)</script>', text, re.S)[1])["imports"]
    return {
        name: base64.b64decode(each.removeprefix("data:text/javascript;base64,")).decode()
        for name, each in imports.items()
    }


def test_scripts_end_where_ours_end(reading):
    text = page(reading, title="a </title><script>alert(2)</script>")
    assert text.count("<script") == text.count("</script>") == 4
    assert "<!--" not in text and "<img" not in text and "<b>" not in text
    assert text.count("</title>") == 1


def test_tokens_and_weights_arrive_whole(reading):
    text = page(reading)
    told = header(text)
    assert told["tokens"] == TOKENS
    assert (told["layers"], told["heads"], told["maps"][0]["reach"]) == (2, 3, [0])
    assert body(text).reshape(2, 3, 7, 7) / 255 == pytest.approx(
        np.sqrt(reading.weights), abs=0.5 / 255 + 1e-6
    )


def test_nothing_is_asked_from_outside(reading):
    text = page(reading)
    assert not re.search(r"""<[^>]*(src|href)=|https?://|url\(""", text)
    assert "default-src 'none'" in text
    found = scripts(text)
    assert "export function mount" in found["xfer/heads"]
    named = {
        name
        for each in found.values()
        for name in re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)""", each)
    }
    assert named <= set(found)  # every module it asks for is in the file, once


def test_what_was_cut_and_predicted_is_said_in_the_readers_language(reading):
    said = page(reading, language="zh", t=lambda message: "译" + message)
    assert '<html lang="zh">' in said
    assert "译Tokens the model did not see: 5." in said
    assert "译Prediction: &lt;b&gt;good&lt;/b&gt; (90.0%)." in said
    assert header(said)["words"]["each head"] == "译each head"


def test_it_opens_as_the_reader_had_it(reading):
    look = {
        "layer": 2,
        "head": 3,
        "row": 7,
        "column": 1,
        "range": "row",
        "scale": "log",
        "drawing": "lines",
        "mass": 90,
    }
    hide = {"by": "word", "hide": frozenset({"special"}), "renormalise": True}
    text = page(reading, look=look | {"html": "<b>"}, shaping=hide)
    told = header(text)
    assert {name: told[name] for name in look} == look and "html" not in told
    assert told["tokens"] == shape(reading, **hide).tokens and told["marginals"] == ["special"]
    assert body(text).tobytes() == shape(reading, **hide).coded()


def test_two_models_share_one_code(reading):
    doubled = dataclasses.replace(reading, measure="norm", weights=reading.weights * 2, model="after")
    text = page(doubled, before=dataclasses.replace(reading, measure="norm", reach=None))
    told = header(text)
    assert told["maps"] == [{"name": "<img src=x>", "reach": None}, {"name": "after", "reach": [0]}]
    before, after = told["top"] * (body(text).reshape(2, *reading.weights.shape) / 255) ** 2
    assert after == pytest.approx(2 * reading.weights, abs=2 * told["top"] / 255)
    assert before == pytest.approx(reading.weights, abs=2 * told["top"] / 255)


def test_every_word_of_the_scripts_can_be_translated(reading):
    said = {
        message
        for name, script in scripts(page(reading)).items()
        if name not in ("xfer/common", "xfer/picture", "xfer/markers")  # shared with the map
        for message in re.findall(r'say\(\s*"((?:[^"\\]|\\.)*)"', script)
    }
    assert said == set(WORDS)


def test_names_of_what_a_reader_chooses_are_those_of_the_script():
    source = (root() / "assets" / "web" / "headlook.js").read_text(encoding="utf-8")
    told = re.search(r"const FIRST = \{(.*?)\};", source)[1]
    assert {*re.findall(r"(\w+):", told), "layer", "head", "row", "column"} == set(LOOK)
