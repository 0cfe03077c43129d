"""How the texts of a corpus lie in every layer of a model."""

import streamlit as st

from xfer_core.ui import sample
from xfer_core.ui.commands import show_command
from xfer_core.ui.feature_form import choose, maps_of, watch
from xfer_core.ui.feature_neighbours import nearby
from xfer_core.ui.feature_quality import trust
from xfer_core.ui.feature_view import explore, names, predictions
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry

st.title(t(entry("features").title))
st.markdown(
    t(
        "Each point is a text. Move the slider through the layers and watch what gathers: kinds of text,"
        " labels, or neither."
    ),
    width=760,
)
corpus = sample.corpus()
choice = choose()
drawn = maps_of(choice, corpus)
explore(drawn, corpus, choice, predictions(drawn, corpus, choice))
watch(drawn)
if not drawn.waiting:
    nearby(drawn.sets[0], corpus, choice)
    trust(drawn.sets, names(choice), corpus)
show_command(
    choice.command(corpus),
    t("From a terminal: the map as a page; as .csv, .parquet or .npz, its coordinates"),
)
