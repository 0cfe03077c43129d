"""Compare: what is the best use of this model on these texts? Asked in one click, or arm by arm."""

import streamlit as st

from xfer_core.ui import pick
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry

st.title(t(entry("compare").title))
st.caption(t(entry("compare").help))
corpus = pick.corpus()
st.markdown(
    t("Corpus **{name}**: {n} texts, {classes} classes").format(
        name=lit(corpus.name), n=number(corpus.n), classes=number(len(corpus.label_names))
    )
)
