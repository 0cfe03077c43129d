"""Texts of the reader's own on a map that is there already."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from xfer_core.corpora import Corpus
from xfer_core.ui.feature_form import Choice, Drawn
from xfer_core.ui.language import number, t
from xfer_core.ui.waiting import ready, submit

MOST = 20
CHARACTERS = 4_000
Places = tuple[npt.NDArray[np.float32], ...]


def typed() -> tuple[str, ...]:
    """One text a line, as typed below the map."""
    lines = [line.strip() for line in str(st.session_state.get("place", "")).splitlines()]
    return tuple(line for line in lines if line)[:MOST]


def placed(drawn: Drawn, choice: Choice, corpus: Corpus) -> tuple[tuple[str, ...], Places]:
    """The typed texts and their places, of each set float32 [layers, m, 2]; none on a mere sketch."""
    texts = typed()
    if not texts or drawn.waiting:
        return (), ()
    jobs: list[Any] = []
    for maps in drawn.sets:
        jobs.append(
            submit(
                "xfer_core.analysis.placing:places_of", lane="long",
                reading=choice.reading(corpus, maps.model), new=list(texts), hold=choice.hold,
                base_model=maps.base_model,
            )
        )  # fmt: skip
    for job in jobs:
        if not ready(job, t("Placing your texts")):
            return (), ()
    return texts, tuple(job.result for job in jobs)


def place() -> None:
    with st.expander(t("Place texts of your own on the map"), key="placing", icon=":material/add_location:"):
        st.text_area(
            t("One text a line, at most {n}").format(n=number(MOST)), key="place", max_chars=CHARACTERS,
            height=100,
            help=t("Each comes to lie among its nearest neighbours in the layer; no other point moves."),
        )  # fmt: skip
