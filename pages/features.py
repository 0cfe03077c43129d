"""How the texts of a corpus lie in every layer of a model."""

import streamlit as st

from xfer_core.ui import pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.feature_form import choose, maps_of, watch
from xfer_core.ui.feature_neighbours import nearby
from xfer_core.ui.feature_quality import trust
from xfer_core.ui.feature_view import explore, names, predictions
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry
from xfer_core.ui.state import adopt
from xfer_core.ui.waiting import result_of, submit


def sample() -> None:
    """Without a corpus: one click to the sample that the first page uses."""
    label = t("Use the four-domain sample")
    if st.button(label, type="primary", key="sample", icon=":material/download:"):
        st.session_state["sample-wanted"] = True
    st.caption(t("Rated English sentences of four kinds: tweets, film reviews, shop reviews, news."))
    if st.session_state.get("sample-wanted"):
        job = submit("xfer_core.corpora.catalogue:first_corpus", lane="long")
        corpus, offline = result_of(job, t("Fetching four kinds of rated texts"))
        del st.session_state["sample-wanted"]
        st.session_state["sample-offline"] = corpus.id if offline else ""
        adopt(corpus.id)


st.title(t(entry("features").title))
st.markdown(
    t(
        "Each point is a text. Move the slider through the layers and watch what gathers: kinds of text,"
        " labels, or neither."
    ),
    width=760,
)
if pick.corpus_id() is None:
    sample()
corpus = pick.corpus()
if st.session_state.get("sample-offline") == corpus.id:
    st.warning(
        t(
            "The four-domain corpus could not be fetched; this is the small synthetic one. It shows how to"
            " read the map, not what real text does."
        )
    )
choice = choose()
drawn = maps_of(choice, corpus)
explore(drawn, corpus, choice, predictions(drawn, corpus, choice))
watch(drawn)
if not drawn.waiting:
    nearby(drawn.sets[0], corpus, choice)
    trust(drawn.sets, names(choice), corpus)
show_command(choice.command(corpus), t("From a terminal: the features of all texts, without the map"))
