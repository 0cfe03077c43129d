"""What a reader takes away from a page.

- ``picture(name)``: the ``config`` of a chart, whose one button saves it as SVG
- ``files(name, numbers, table, page)``: a table and the whole page, made when their buttons are pressed
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from xfer_core.ui.language import t


def picture(name: str) -> dict[str, Any]:
    return {
        "modeBarButtons": [["toImage"]],
        "displaylogo": False,
        "toImageButtonOptions": {"format": "svg", "filename": name},
    }


def files(name: str, numbers: str, table: Callable[[], str], page: Callable[[], str]) -> None:
    """*name* without ending; *numbers*: label of the button of the *table*."""
    with st.container(horizontal=True):
        st.download_button(
            numbers, table, f"{name}.csv", "text/csv", key="download-csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            t("Words and pictures (HTML)"), page, f"{name}.html", "text/html", key="download-html",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
