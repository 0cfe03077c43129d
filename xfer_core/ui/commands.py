"""``show_command(line)``: the command that repeats what the page did, ready to copy."""

from __future__ import annotations

import streamlit as st

from xfer_core.ui.language import t


def show_command(line: str) -> None:
    st.caption(t("The same from a terminal"))
    st.code(line, language=None, wrap_lines=True)  # the colours of a language are too pale
