"""Errors as sentences.

- ``failure(error)``: one red box with what is wrong and how to mend it, in place
- ``sentence(error)``: its words alone, as they are
- ``boundary()``: a context that turns an :class:`XferError` into that box (the shell puts it round each page)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from xfer_core.errors import XferError
from xfer_core.ui.language import t
from xfer_core.ui.literal import lit


def failure(error: BaseException | None) -> None:
    """A user's error in its own words; of a defect of ours only that it happened (the log has the rest)."""
    if isinstance(error, XferError):
        st.error(lit(sentence(error)))
    else:
        st.error(t("Something inside Xfer Lab went wrong, not your data. The server's log says what it was."))


def sentence(error: XferError) -> str:
    return error.sentence(t)


@contextmanager
def boundary() -> Iterator[None]:
    try:
        yield
    except XferError as error:
        failure(error)
