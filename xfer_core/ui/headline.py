"""``headline(ranking, said, notes)``: the answer that Home, Universality and Transfer share, in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xfer_core.analysis.ranking import Ranking
from xfer_core.i18n import Said
from xfer_core.ui.language import filled
from xfer_core.ui.literal import lit

WIDTH = 760  # pixels: a line of running text that an eye can follow


def headline(ranking: Ranking, said: Sequence[Said], notes: Sequence[Said] = ()) -> None:
    """The answer in one line, what is *said* of it and around it, and small below what was left out."""
    if (title := ranking.title) is not None:
        st.subheader(lit(filled(title["message"], title["values"])))
    with st.container(gap="xsmall"):
        for each in said:
            st.markdown(lit(filled(each["message"], each["values"])), width=WIDTH)
    for note in notes:
        st.caption(lit(filled(note["message"], note["values"])), width=WIDTH)
