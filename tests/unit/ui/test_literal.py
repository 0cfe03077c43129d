"""What ``lit`` gives must hold nothing that Markdown reads, and lose nothing that the reader sees.

Streamlit's own parser runs in the browser, so only the form of the result is held here.
"""

import re

import pytest

from xfer_core.ui.literal import lit

HOSTILE = [
    "**bold** _it_ ~~no~~", "![x](https://evil.example/a.png)", "[l](javascript:alert(1))", "https://evil.example",
    "www.evil.example", "WWW.evil.example", "a@evil.example", "<https://evil.example>", ":red[hi]", ":smile:",
    ":material/home:", ":blue-badge[x]", "$x^2$", "$$x$$", "# head", "- item", "1. item", "> quote", "`code`",
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "a -> b -- c >= d", "&amp; &lt;",
    "    indented", "=1+1", "file_name_x.py", "C:\\temp\\*x", "___",
    "line\nbreak\n\n# two", "[^1]", "🙂 中文 **粗**",
]  # fmt: skip


def seen(markdown: str) -> str:
    """What is left once each backslash has done its work and the joiners, which show nothing, are gone."""
    plain, escaped = "", False
    for character in markdown.replace("\u2060", ""):
        if character == "\\" and not escaped:
            escaped = True
            continue
        plain, escaped = plain + character, False
    return plain


@pytest.mark.parametrize("text", HOSTILE)
def test_shows_every_character(text):
    assert seen(lit(text)) == " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_every_mark_is_escaped_and_stands_alone(text):
    # A hyphen within a word is no mark, nor is a full stop or comma that ends one.
    result = re.sub(r"(?<=[a-z])-(?=[a-z])|(?<=\w)[.,](?= |$)", "", lit(text))
    marks = [i for i, c in enumerate(result) if c.isascii() and not c.isalnum() and c != " "]
    # Marks come in pairs, a backslash and what it escapes, each pair between two joiners.
    assert len(marks) % 2 == 0
    for first, second in zip(marks[::2], marks[1::2], strict=True):
        assert result[first] == "\\" and second == first + 1
        assert result[first - 1] == "\u2060" and result[second + 1] == "\u2060"
    assert "\n" not in result and "www" not in result.lower()


def test_ids_can_be_copied():
    assert lit("four-domains-ce381537") == "four-domains-ce381537"
    assert lit("a--b -c d- ---").count("\\-") == 2 + 1 + 1 + 3


def test_numbers_and_sentences_can_be_copied():
    for plain in ("3,200 of 19,459 texts.", "macro-F1 0.75, 12.5% more", "0.75", "at 0.75."):
        assert lit(plain) == plain
    for listed in ("1. item", "12. item", "2026. It was"):
        assert "\\." in lit(listed)


def test_plain_words_stay_as_they_are():
    assert lit("plain words 中文 é") == "plain words 中文 é"
    assert lit(7) == "7"
