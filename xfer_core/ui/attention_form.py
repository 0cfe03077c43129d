"""What the attention page works on: ``choices() -> (model, text, pair)``."""

from __future__ import annotations

import streamlit as st

from xfer_core.corpora import Corpus
from xfer_core.ui import pick
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link

EXAMPLE = "The film was not bad at all, and I would watch it again if my friends asked me to."
CHARACTERS = 4_000
PREVIEW = 300


def choices() -> tuple[str, str, str]:
    """Model, text and second text."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        text = st.text_area(
            t("Text"), EXAMPLE, key="text", bind="query-params", max_chars=CHARACTERS, height=110
        )
        with st.popover(t("Take a text from the corpus"), icon=":material/table_rows:", key="from-corpus"):
            _from_corpus()
    with right:
        model = pick.model(encoder_decoders=True)
        pair = st.text_input(
            t("Second text, read together with the first (optional)"),
            key="pair", bind="query-params", max_chars=CHARACTERS,
        )  # fmt: skip
    return model, text, pair


def _from_corpus() -> None:
    if pick.corpus_id() is None:
        st.caption(t("No corpus is chosen."))
        link("data", t("Bring a table or fetch a sample"))
        return
    corpus = pick.corpus()
    label = t("Text number, 1 to {n}").format(n=number(corpus.n))
    place = int(st.number_input(label, 1, corpus.n, key="place")) - 1
    text = corpus.texts[place]
    st.text(text[:PREVIEW] + ("…" if len(text) > PREVIEW else ""))
    _describe(corpus, place)
    st.button(t("Read this text"), key="take", on_click=_take, args=(text[:CHARACTERS],))


def _describe(corpus: Corpus, place: int) -> None:
    label, domain = int(corpus.labels[place]), int(corpus.domains[place])
    if label >= 0:
        st.caption(t("Label: {label}").format(label=lit(corpus.label_names[label])))
    if len(corpus.domain_names) > 1:
        st.caption(t("Domain: {domain}").format(domain=lit(corpus.domain_names[domain])))


def _take(text: str) -> None:
    st.session_state["text"] = text
    st.session_state["pair"] = ""
