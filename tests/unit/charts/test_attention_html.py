"""The attention file stands alone, shows hostile text as text, and holds the weights it was given."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from xfer_core.attention.reading import AttentionReading
from xfer_core.charts.attention_html import page

TOKENS = ["[CLS]", "</script><script>alert(1)</script>", "<!--", "‮txet", "{title}", "w" * 10_000, "é\u2028&"]


@pytest.fixture
def reading() -> AttentionReading:
    weights = np.random.default_rng(0).dirichlet(np.ones(7), size=(2, 3, 7)).astype(np.float32)
    return AttentionReading(
        tokens=TOKENS, special=[True] + [False] * 6, weights=weights,
        prediction={"<b>good</b>": 0.9, "bad": 0.1}, cut=5, split=None, causal=False, reach=[0],
        model="<img src=x>",
    )  # fmt: skip


def test_scripts_end_where_ours_end(reading):
    text = page(reading, title="a </title><script>alert(2)</script>")
    assert text.count("<script") == text.count("</script>") == 3
    assert "<!--" not in text and "<img" not in text and "<b>" not in text
    assert text.count("</title>") == 1


def test_tokens_and_weights_arrive_whole(reading):
    text = page(reading)
    header = json.loads(re.search(r'id="header">(.*?)</script>', text, re.S)[1])
    assert header["tokens"] == TOKENS
    assert (header["layers"], header["heads"], header["reach"]) == (2, 3, [0])
    coded = np.frombuffer(base64.b64decode(re.search(r'id="body">(.*?)</script>', text)[1]), np.uint8)
    assert coded.reshape(2, 3, 7, 7) / 255 == pytest.approx(np.sqrt(reading.weights), abs=0.5 / 255 + 1e-6)


def test_nothing_is_asked_from_outside(reading):
    text = page(reading)
    assert not re.search(r"""<[^>]*(src|href)=|https?://|url\(""", text)
    assert "default-src 'none'" in text
    module = re.search(r'from "data:text/javascript;base64,([^"]+)"', text)[1]
    script = base64.b64decode(module).decode()
    assert "export function mount" in script
    assert not re.search(r"""(from|import)\s*\(?\s*["'](?!data:)""", script)


def test_what_was_cut_and_predicted_is_said_in_the_readers_language(reading):
    said = page(reading, language="zh", t=lambda message: "译" + message)
    assert '<html lang="zh">' in said
    assert "译Tokens the model did not see: 5." in said
    assert "译Prediction: &lt;b&gt;good&lt;/b&gt; (90.0%)." in said
    header = json.loads(re.search(r'id="header">(.*?)</script>', said, re.S)[1])
    assert header["words"]["each head"] == "译each head"
