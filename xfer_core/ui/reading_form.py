"""``choices() -> (model, pool, texts of a class and domain, seed)``: what Universality and Transfer read."""

from __future__ import annotations

import streamlit as st

from xfer_core.settings import LIMITS
from xfer_core.ui import pick
from xfer_core.ui.language import number, t
from xfer_core.ui.state import linked

COUNTS = (50, 100, 200, LIMITS.transfer_texts_per_class, 1_000)


def choices() -> tuple[str, str, int, int]:
    """Each stands in the address, so that the two pages, asked alike, speak of the same numbers."""
    with st.grid(4, min_column_width=200):
        model = pick.model()
        pool = pick.pool()
        count = st.selectbox(
            t("Texts of a class and domain"), format_func=number,
            help=t(
                "At most so many are read. Between domains 70 % of them train and 30 % test. The more, the"
                " narrower the bounds, and the longer it takes."
            ),
            **linked("read", COUNTS, LIMITS.transfer_texts_per_class, int),
        )  # fmt: skip
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params",
            help=t("Chooses the texts and what is tested; the same seed gives the same numbers."),
        )  # fmt: skip
    return model, pool, count, int(seed)
