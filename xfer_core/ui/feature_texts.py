"""Tables beside a map: the texts that are chosen on it, and those that moved furthest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from xfer_core.charts.map_canvas import Picture
from xfer_core.corpora import Corpus, listing, save
from xfer_core.corpora.selection import selected
from xfer_core.errors import XferError
from xfer_core.ui.components.scatter import present
from xfer_core.ui.errors import failure
from xfer_core.ui.feature_form import Choice
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link
from xfer_core.ui.state import choose_corpus, remember

SHOWN = 1_000
"""Rows of a table."""
CUT = 300
"""Characters of a text in a table; the text itself is shown below."""
LINKED = 2_000
"""Characters of a text in a link."""
MOVERS = 20
NEWS = "_selection-news"


def chosen_texts(picture: Picture, chosen: Sequence[int], choice: Choice, wanted: str) -> None:
    if not chosen:
        if wanted:
            st.caption(t("No text of the map contains that."))
        else:
            st.caption(
                t(
                    "Choose texts: draw round them with the lasso, click names in the legend and choose"
                    " those, or search. They appear here as a table."
                )
            )
        _saved()
        return
    st.subheader(t("Chosen texts: {n}").format(n=number(len(chosen))))
    if len(chosen) > SHOWN:
        st.caption(t("The first {n} are listed.").format(n=number(SHOWN)))
    listed = list(chosen[:SHOWN])
    event = st.dataframe(
        table(picture, listed), hide_index=True, key="chosen-texts", on_select="rerun",
        selection_mode="single-row", height=min(400, 60 + 35 * len(listed)),
        column_config={t("Text"): st.column_config.TextColumn(width="large")},
        alt=t("The chosen texts, with all that is known of each"),
    )  # fmt: skip
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(listed):
        one_text(picture, listed[rows[0]], choice)
    else:
        st.caption(
            t("Click the left edge of a row to read a text whole, see its attention or its neighbours.")
        )
    own_corpus(picture, chosen)


def table(picture: Picture, positions: Sequence[int]) -> pd.DataFrame:
    """Text, cut, and what each column says of it."""
    frame = picture.corpus.frame.iloc[picture.sets[0].rows[list(positions)]]
    cut = [text if len(text) <= CUT else text[:CUT] + "…" for text in frame["text"]]
    made: dict[str, list[Any]] = {t("Row"): frame["row"].tolist(), t("Text"): cut}
    for column in picture.columns:
        if column.key != "row":
            made[column.title] = [column.word(at) for at in positions]
    return pd.DataFrame(made).round(3)


def one_text(picture: Picture, at: int, choice: Choice) -> None:
    position = int(picture.sets[0].rows[at])
    text = picture.corpus.texts[position]
    with st.container(border=True):
        st.text(text)
        with st.container(horizontal=True):
            link("attention", t("Open in Attention"), text=text[:LINKED], model=choice.model)
            st.button(
                t("Its neighbours in each layer"), key="near-this", on_click=look_near, args=(at,),
                icon=":material/hub:",
            )  # fmt: skip


def look_near(at: int) -> None:
    st.session_state["near_text"] = ""
    remember("near", str(at))


def own_corpus(picture: Picture, chosen: Sequence[int]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("Name of a corpus of these texts"),
            t("chosen texts"),
            key="selection-name",
            max_chars=60,
            width=280,
        )
        st.button(
            t("Make these a corpus of their own"), key="make-corpus", icon=":material/library_add:",
            on_click=_save, args=(picture.corpus, [int(picture.sets[0].rows[at]) for at in chosen], name),
        )  # fmt: skip
    _saved()


def _save(corpus: Corpus, positions: list[int], name: str) -> None:
    try:
        st.session_state[NEWS] = save(selected(corpus, positions, name=name.strip() or "chosen"))
    except XferError as error:
        st.session_state[NEWS] = error


def _saved() -> None:
    """What came of making a corpus, until another is chosen."""
    news = st.session_state.get(NEWS)
    if isinstance(news, XferError):
        failure(news)
        del st.session_state[NEWS]
    elif news and news != st.session_state.get("corpus") and news in {each.id for each in listing()}:
        st.success(t("Saved as {corpus}.").format(corpus=lit(news)))
        st.button(t("Work on it"), key="to-selection", on_click=choose_corpus, args=(news,))


def movers(picture: Picture) -> None:
    """Where two maps stand beside each other: the texts that moved furthest, none below the noise floor."""
    shown = present()
    floor = picture.floor
    if shown["show"] != "two" or floor is None:
        return
    left = picture.sets[-1]
    right = picture.sets[0]
    before = left.points[_layer(shown["layer"], len(left.points))]
    after = right.points[_layer(shown["right"], len(right.points))]
    moved = np.linalg.norm(after.astype(float) - before, axis=1)
    furthest = np.argsort(-moved, kind="stable")[:MOVERS]
    furthest = furthest[moved[furthest] > floor]
    st.subheader(t("What moved"))
    said = t(
        "{n} of {all} texts moved further than {floor} units of the map: the length that 95 % of the points"
        " stay below when the last layer, the freest, is only drawn again with another seed. Other layers are"
        " steadier: between them smaller moves may be true too."
    ).format(n=number(int((moved > floor).sum())), all=number(len(moved)), floor=number(floor, 2))
    st.caption(said)
    if len(furthest):
        made = table(picture, furthest.tolist())
        made.insert(1, t("Times the noise"), (moved[furthest] / max(floor, 1e-9)).round(1))
        st.dataframe(
            made, hide_index=True, key="movers", alt=t("Texts that moved furthest between the two maps"),
            column_config={t("Text"): st.column_config.TextColumn(width="large")},
        )  # fmt: skip


def _layer(asked: str, layers: int) -> int:
    """The layer the address names, the last where it names none that is there."""
    return min(int(asked), layers - 1) if asked.isdecimal() and len(asked) < 6 else layers - 1
