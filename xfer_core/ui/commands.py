"""``show_command(line, caption="")``: the command that repeats what the page did, ready to copy.

*caption* says what it does where that is not the same as what the page shows.
"""

from __future__ import annotations

import streamlit as st

from xfer_core.ui.language import t


def show_command(line: str, caption: str = "") -> None:
    st.caption(caption or t("The same from a terminal"))
    st.code(line, language=None, wrap_lines=True)  # the colours of a language are too pale
