"""The map with what is chosen on it: one fragment, so that a lasso draws the rest of the page not again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from xfer_core.analysis.predictions import Predicted
from xfer_core.charts.map_canvas import Picture
from xfer_core.charts.map_columns import columns
from xfer_core.corpora import Corpus
from xfer_core.runs.models import tuned
from xfer_core.ui import downloads
from xfer_core.ui.components.scatter import chosen_on_map, present, scatter, view
from xfer_core.ui.feature_form import Choice, Drawn
from xfer_core.ui.feature_placing import place, placed
from xfer_core.ui.feature_texts import chosen_texts, movers
from xfer_core.ui.language import number, t
from xfer_core.ui.waiting import submit

CHOSEN = "_chosen"
Made = Callable[[], str] | Callable[[], bytes]


@st.fragment
def explore(drawn: Drawn, corpus: Corpus, choice: Choice, predicted: Predicted | None) -> None:
    """Draw the map, the search, the chosen texts, what moved, and texts of the reader's own."""
    texts, places = placed(drawn, choice, corpus)
    picture = Picture(
        drawn.sets, names(choice), corpus, columns(drawn.sets[0], corpus, predicted, t), texts, places
    )  # fmt: skip
    content = f"{choice} {corpus.id}"
    wanted = st.text_input(
        t("Find texts that contain"), key="find", bind="query-params", icon=":material/search:",
        placeholder=t("a word, or part of one"),
    )  # fmt: skip
    if wanted:
        found: list[int] = containing(corpus, drawn.sets[0].rows, wanted)
        scatter(picture, content, found, _choose)
    else:
        kept, positions = st.session_state.get(CHOSEN, ("", []))
        found = [at for at in positions if kept == corpus.id and at < len(drawn.sets[0].rows)]
        scatter(picture, content, None if kept == corpus.id else [], _choose)
    if picture.characters < 300:
        st.caption(
            t("Of each text its first {n} characters are sent to the browser; tables show all of it.").format(
                n=number(picture.characters)
            )
        )
    exports(picture)
    chosen_texts(picture, found, choice, wanted)
    movers(picture)
    place()


def exports(picture: Picture) -> None:
    """The map and what it is made of, as files; PNG and SVG of what is seen are buttons of the map itself."""
    maps, corpus = picture.sets[0], picture.corpus
    files: dict[str, tuple[str, Made]] = {
        "map.html": (t("Map as a page (HTML)"), downloads.map_page(picture, view(present()))),
        "points.csv": (t("Points (CSV)"), downloads.map_points(picture)),
        "features.parquet": (t("Features (Parquet)"), downloads.map_features(maps, corpus, ".parquet")),
        "features.npz": (t("Features (NumPy)"), downloads.map_features(maps, corpus, ".npz")),
        "features.zip": (t("Features (Embedding Projector)"), downloads.map_features(maps, corpus, ".zip")),
    }
    with st.container(horizontal=True):
        for name, (label, made) in files.items():
            _file(name, label, made)


def _file(name: str, label: str, made: Made) -> None:
    st.download_button(
        label, made, name, key=f"download-{name}", icon=":material/download:", on_click="ignore"
    )


def names(choice: Choice) -> tuple[str, ...]:
    return (choice.model, choice.base) if choice.base else (choice.model,)


def containing(corpus: Corpus, rows: npt.NDArray[np.int64], wanted: str) -> list[int]:
    """Positions on the map of the texts that hold *wanted*, whatever the case."""
    texts: Sequence[str] = corpus.frame["text"].iloc[rows].tolist()
    return [at for at, text in enumerate(texts) if wanted.casefold() in text.casefold()]


def predictions(drawn: Drawn, corpus: Corpus, choice: Choice) -> Predicted | None:
    """What the model says of each text, once the map is there; None where it is no classifier or not yet."""
    if drawn.waiting or (drawn.sets[0].correct is None and choice.model not in tuned()):
        return None
    reading = replace(choice.reading(corpus), max_length=drawn.sets[0].max_length)
    job = submit("xfer_core.analysis.predictions:predictions_of", lane="long", reading=reading)
    job.wait(5.0)  # kept on disk since the map was made
    return job.result if job.state == "done" else None


def _choose() -> None:
    """A line drawn on the map takes the place of a search."""
    corpus = st.session_state.get("corpus")
    positions = chosen_on_map()
    st.session_state[CHOSEN] = (corpus, positions)
    st.session_state["find"] = ""
