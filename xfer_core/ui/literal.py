"""``lit(text) -> str``: any text as Markdown that shows exactly that text.

Streamlit reads Markdown in every label, alert, metric, tab and table header, so a class named ``**bold**`` or
an image link in a tweet would change the page, and the image would call its host. Whatever the user gave goes
through here, or into an element that does not read Markdown (``st.text``, ``st.code(language=None)``,
``st.dataframe``).
"""

from __future__ import annotations

import re

_MARK = re.compile(r"([!-,./:-@\[-`{-~]|(?<![a-z0-9])-|-(?![a-z0-9]))")
"""All ASCII punctuation, but not a hyphen inside a word: it means nothing to Markdown, and ids are copied."""
_WWW = re.compile(r"\b(w)(ww)(?=\.)", re.IGNORECASE)
_JOINER = "\u2060"
"""Word joiner: shows nothing and allows no line break. It parts what a backslash alone leaves together."""


def lit(text: object) -> str:
    r"""*text* with nothing left for Markdown to interpret, on one line.

    A backslash alone still lets ``www.a.b`` become a link, ``->`` an arrow and ``:smile:`` a picture, so each
    ASCII punctuation mark, except a hyphen within a word, also stands between word joiners. Runs of white
    space become one space, as in HTML; otherwise four leading spaces would start a code block that shows the
    backslashes.
    """
    line = " ".join(str(text).split())
    return _MARK.sub(rf"{_JOINER}\\\1{_JOINER}", _WWW.sub(rf"\1{_JOINER}\2", line))
