"""``lit(text) -> str``: any text as Markdown that shows exactly that text.

Streamlit reads Markdown in every label, alert, metric, tab and table header, so a class named ``**bold**`` or
an image link in a tweet would change the page, and the image would call its host. Whatever the user gave goes
through here, or into an element that does not read Markdown (``st.text``, ``st.code(language=None)``,
``st.dataframe``).
"""

from __future__ import annotations

import re

_MARK = re.compile(r"([!-$&-+/:-@\[-`{-~]|(?<!\w)[.,%]|[.,%](?![ \d]|$)|(?<![^\W_])-|-(?![^\W_]))")
"""All ASCII punctuation but what means nothing where it stands, for ids, numbers and sentences are copied:

a hyphen inside a word; a full stop, comma or % that ends one or stands within a number.
"""
_LIST = re.compile(r"^(\d{1,9})(\.)(?!\d)")
"""What would number the items of a list, at the beginning only."""
_WWW = re.compile(r"\b(w)(ww)(?=\.)", re.IGNORECASE)
_JOINER = "\u2060"
"""Word joiner: shows nothing and allows no line break. It parts what a backslash alone leaves together."""


def lit(text: object) -> str:
    r"""*text* with nothing left for Markdown to interpret, on one line.

    A backslash alone still lets ``www.a.b`` become a link, ``->`` an arrow and ``:smile:`` a picture, so each
    mark that could mean something also stands between word joiners. Runs of white space become one space, as
    in HTML; otherwise four leading spaces would start a code block that shows the backslashes.
    """
    line = " ".join(str(text).split())
    marked = _MARK.sub(rf"{_JOINER}\\\1{_JOINER}", _WWW.sub(rf"\1{_JOINER}\2", line))
    return _LIST.sub(rf"\1{_JOINER}\\\2{_JOINER}", marked)
