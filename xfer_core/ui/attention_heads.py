"""Every head of every layer for one text: ``draw(model, text, pair)``."""

from __future__ import annotations

import shlex

import streamlit as st

from xfer_core.attention.reading import AttentionReading
from xfer_core.ui import downloads
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.heads import heads
from xfer_core.ui.language import number, percent, t
from xfer_core.ui.waiting import result_of, submit


def draw(model: str, text: str, pair: str) -> None:
    job = submit("xfer_core.attention.reading:read", model=model, text=text, pair=pair or None)
    reading = result_of(job, t("Reading the text"))
    if reading.prediction:
        _prediction(reading.prediction)
    heads(reading, job.key)
    _remarks(reading)
    with st.container(horizontal=True):
        st.download_button(
            t("Picture as a page (HTML)"), downloads.attention_page(reading), "attention.html", "text/html",
            key="download-page", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            t("Weights (.npz)"), downloads.attention_weights(reading), "attention.npz",
            key="download-weights", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    pairing = f" --pair {shlex.quote(pair)}" if pair else ""
    show_command(
        f"xfer attention {shlex.quote(model)} --text {shlex.quote(text)}{pairing} --out attention.html"
    )


def _prediction(shares: dict[str, float]) -> None:
    st.subheader(t("What the model says of this text"))
    st.dataframe(
        {t("Class"): list(shares), t("Probability"): list(shares.values())},
        key="prediction", hide_index=True, width=480,
        column_config={
            t("Probability"): st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
        },
    )  # fmt: skip


def _remarks(reading: AttentionReading) -> None:
    if reading.cut:
        st.warning(
            t("The model read the first {read} tokens. Cut off after them: {cut}.").format(
                read=number(len(reading.tokens)), cut=number(reading.cut)
            )
        )
    sink, uniform = reading.on_special()
    st.caption(
        t(
            "Here {share} of the attention of words and word pieces goes to special tokens such as [CLS]; an"
            " even spread would give {uniform}. A head with nothing to do must still look somewhere: read it"
            " as rest."
        ).format(share=percent(sink), uniform=percent(uniform))
    )
