"""The neighbours of one text in every layer, and who of them stays."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xfer_core.analysis.neighbours import Neighbours
from xfer_core.analysis.projection import Maps
from xfer_core.charts.neighbours import neighbours
from xfer_core.corpora import Corpus
from xfer_core.ui.feature_form import Choice
from xfer_core.ui.language import listed, number, percent, t
from xfer_core.ui.state import query
from xfer_core.ui.waiting import ready, submit

MOST = 10
CHARACTERS = 4_000
CUT = 300


def nearby(maps: Maps, corpus: Corpus, choice: Choice) -> None:
    st.subheader(t("Neighbours of a text, layer by layer"))
    typed = st.text_input(
        t("A text of your own, or choose one in the table above"), key="near_text", bind="query-params",
        max_chars=CHARACTERS, icon=":material/hub:",
    )  # fmt: skip
    asked = query("near")
    row = int(asked) if asked.isdecimal() and len(asked) < 7 and int(asked) < len(maps.rows) else None
    if not typed.strip() and row is None:
        st.caption(
            t("Neighbours are found in the features of a layer, all of its dimensions, not on the flat map.")
        )
        return
    if not typed.strip() and row is not None:
        st.text(corpus.texts[int(maps.rows[row])][:CUT])
    job = submit(
        "xfer_core.analysis.neighbours:neighbours_of", reading=choice.reading(corpus),
        row=None if typed.strip() else row, text=typed, k=MOST,
    )  # fmt: skip
    if ready(job, t("Looking for its neighbours")):
        show(job.result, maps, corpus)


def show(near: Neighbours, maps: Maps, corpus: Corpus) -> None:
    frame = corpus.take(maps.rows).table()
    labels = [label or "" for label in frame["label"]]
    st.plotly_chart(
        neighbours(near, frame["text"].tolist(), labels, t), key="neighbours",
        alt=t("Ranks of the nearest texts in each layer; a line where a text stays among them"),
    )  # fmt: skip
    kept = t(
        "A line is a text that stays a neighbour; the share above is how many of {k} do from one layer to the"
        " next: on average {share}."
    )
    if len(near.stays):
        st.caption(kept.format(k=number(near.rows.shape[1]), share=percent(float(near.stays.mean()))))
    if near.truncated:
        st.caption(t("The model read only the beginning of your text."))
    made = table(near, frame)
    st.dataframe(
        made, hide_index=True, key="neighbours-table",
        alt=t("Neighbours, and the layers in which they are near"),
        column_config={t("Text"): st.column_config.TextColumn(width="large")},
    )  # fmt: skip


def table(near: Neighbours, frame: pd.DataFrame) -> pd.DataFrame:
    """Each neighbour once: those near in most layers first."""
    rows = []
    for row in sorted(set(near.rows.ravel().tolist())):
        layers = [layer for layer, found in zip(near.layers, near.rows, strict=True) if row in found]
        best = min(int((found == row).argmax()) + 1 for found in near.rows if row in found)
        rows.append((row, layers, best))
    rows.sort(key=lambda each: (-len(each[1]), each[2]))
    taken = frame.iloc[[row for row, _, _ in rows]]
    return pd.DataFrame(
        {
            t("Row"): taken["row"].tolist(),
            t("Text"): [text[:CUT] for text in taken["text"]],
            t("Label"): taken["label"].tolist(),
            t("Domain"): taken["domain"].tolist(),
            t("Near in layers"): [listed(str(layer) for layer in layers) for _, layers, _ in rows],
            t("Best rank"): [best for _, _, best in rows],
        }
    )
