"""``corpus() -> Corpus``: the current corpus; without one, one click to the sample of the first page."""

from __future__ import annotations

import streamlit as st

from xfer_core.corpora import Corpus
from xfer_core.ui import pick
from xfer_core.ui.language import t
from xfer_core.ui.state import adopt
from xfer_core.ui.waiting import result_of, submit

WANTED, OFFLINE = "sample-wanted", "sample-offline"


def corpus() -> Corpus:
    if pick.corpus_id() is None:
        _offer()
    chosen = pick.corpus()
    if st.session_state.get(OFFLINE) == chosen.id:
        st.warning(
            t(
                "The four-domain corpus could not be fetched; this is the small synthetic one. It shows how"
                " to read the picture, not what real text does."
            )
        )
    return chosen


def _offer() -> None:
    st.button(
        t("Use the four-domain sample"), type="primary", key="sample", icon=":material/download:",
        on_click=st.session_state.update, args=({WANTED: True},),
    )  # fmt: skip
    st.caption(t("Rated English sentences of four kinds: tweets, film reviews, shop reviews, news."))
    if st.session_state.get(WANTED):
        job = submit("xfer_core.corpora.catalogue:first_corpus", lane="long")
        fetched, offline = result_of(job, t("Fetching four kinds of rated texts"))
        del st.session_state[WANTED]
        st.session_state[OFFLINE] = fetched.id if offline else ""
        adopt(fetched.id)
