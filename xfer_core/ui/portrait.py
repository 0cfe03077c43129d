"""``portrait(corpus)``: what a corpus is made of, as numbers, two charts and what should be looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from xfer_core.charts.balance import balance
from xfer_core.charts.lengths import lengths
from xfer_core.corpora import Corpus, health
from xfer_core.corpora.split import UNLABELLED
from xfer_core.i18n import N_
from xfer_core.models import sources, tokens
from xfer_core.settings import LIMITS
from xfer_core.ui.language import filled, listed, number, percent, t
from xfer_core.ui.literal import lit

MEASURED = 5_000
"""Texts whose tokens are counted: enough for a histogram, and under a second."""
SHOWN = 50
PARTS = {"train": N_("Train"), "validation": N_("Validation"), "test": N_("Test")}
CUTS = (32, 64, 128, 256, LIMITS.max_length)


def portrait(corpus: Corpus) -> None:
    _numbers(corpus)
    left, right = st.columns(2, gap="medium")
    with left:
        _balance(corpus)
        for note in corpus.notes:
            st.caption(lit(filled(note["message"], note["values"])))
    with right:
        _lengths(corpus)
    _care(corpus)


def _numbers(corpus: Corpus) -> None:
    with st.grid(6, min_column_width=110):
        st.metric(t("Texts"), number(corpus.n), border=True)
        st.metric(t("Labels"), number(len(corpus.label_names)), border=True)
        st.metric(t("Domains"), number(len(corpus.domain_names)), border=True)
        for part, title in PARTS.items():
            st.metric(t(title), number(int((corpus.frame["split"] == part).sum())), border=True)
        if n := int((corpus.frame["split"] == UNLABELLED).sum()):
            st.metric(t("No label"), number(n), border=True)
    if corpus.others:
        kept = t("Further columns, which maps can be coloured by: {columns}.")
        st.caption(kept.format(columns=lit(listed(name[:60] for name in corpus.others))))


def _balance(corpus: Corpus) -> None:
    st.subheader(t("Labels and domains"))
    st.plotly_chart(
        balance(corpus, t=t), key="balance", alt=t("Number of texts of each label in each domain")
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _tokens(identifier: str, _texts: list[str]) -> npt.NDArray[np.int32]:
    """Cached by the corpus's id, which names its content."""
    return tokens.lengths(sources.resolve(sources.BUNDLED), _texts)


def _lengths(corpus: Corpus) -> None:
    st.subheader(t("Length in tokens"))
    texts = corpus.texts
    if len(texts) > MEASURED:
        picked = np.sort(np.random.default_rng(0).choice(len(texts), MEASURED, replace=False))
        texts = [texts[i] for i in picked]
    counts = _tokens(corpus.id, texts)
    limit = st.selectbox(
        t("Cut texts after"), CUTS, index=CUTS.index(128), key="cut-at", width=200,
        format_func=lambda n: t("{n} tokens").format(n=n),
    )  # fmt: skip
    st.plotly_chart(
        lengths(counts, limit, t=t), key="lengths", alt=t("Histogram of the texts' length in tokens")
    )
    said = t("{share} of the texts are longer than {limit} tokens and would be cut there.")
    words = said.format(share=percent(float((counts > limit).mean()), 1), limit=number(limit))
    if len(texts) < corpus.n:
        words += " " + t("Measured on {n} texts drawn at random.").format(n=number(len(texts)))
    st.caption(words)


@st.cache_data(max_entries=16, show_spinner=False)
def _found(identifier: str, _corpus: Corpus) -> dict[str, npt.NDArray[np.int64]]:
    """Positions of what a person should look at before training, by the sentence that says what it is."""
    return {
        N_("Texts that occur more than once: {n}"): health.duplicates(_corpus),
        N_("Texts that stand with different labels: {n}"): health.conflicts(_corpus),
        N_("Texts that stand in more than one part of the split: {n}"): health.leaks(_corpus),
    }


def _care(corpus: Corpus) -> None:
    found = {sentence: rows for sentence, rows in _found(corpus.id, corpus).items() if len(rows)}
    for sentence, rows in found.items():
        with st.expander(t(sentence).format(n=number(len(rows)))):
            _rows(corpus, rows)
    if not found:
        st.caption(t("No text occurs twice, and none stands with two labels."))


def _rows(corpus: Corpus, rows: npt.NDArray[np.int64]) -> None:
    part = corpus.frame.iloc[rows[:SHOWN]]
    table = pd.DataFrame({t("Row"): part["row"], t("Text"): part["text"]})
    if corpus.label_names:
        table[t("Label")] = [corpus.label_names[code] if code >= 0 else "" for code in part["label"]]
    if corpus.domain_names:
        table[t("Domain")] = [corpus.domain_names[code] for code in part["domain"]]
    st.dataframe(table, hide_index=True, alt=t("Texts to look at"))
    if len(rows) > SHOWN:
        st.caption(t("The first {n} are shown.").format(n=SHOWN))
