"""``scatter(maps, corpus)``: the texts of a corpus as points, one map a layer, drawn in the browser.

Layer, from 0 for the embeddings, and colouring stand in the address.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xfer_core.analysis.projection import Maps
from xfer_core.corpora import Corpus
from xfer_core.i18n import N_
from xfer_core.ui.components.base import component
from xfer_core.ui.components.buffer import pack
from xfer_core.ui.components.opening import follow, opening, whole
from xfer_core.ui.language import language, t

_MOUNT = component("scatter")
KEY = "scatter"
NAMES = ("layer", "colour")
CHARACTERS = 301
"""Of each text: one more than is shown, so that the browser knows it was cut."""

WORDS = (
    N_("Layer"),
    N_("Layer {layer}"),
    N_("Embeddings (layer 0)"),
    N_("Play"),
    N_("Pause"),
    N_("Colour"),
    N_("Zoom in"),
    N_("Zoom out"),
    N_("Reset"),
    N_("none"),
    N_("Row {row}"),
    N_("Trustworthiness {value} of 1"),
    N_("Map of {count} texts"),
    N_("{summary}. Arrow keys move the map, plus and minus zoom, 0 shows all."),
    N_("Near points are near in the layer; distances between clusters, and the axes, mean little."),
    N_("Click a name to grey out the others."),
    N_("Click the map and the wheel zooms; drag to move it; double-click to see all."),
)
"""What ``assets/web/scatter.js`` says, by its English text."""


@st.fragment
def scatter(maps: Maps, corpus: Corpus) -> None:
    content = f"{maps.model} {maps.corpus} {maps.pool} {maps.seed} {len(maps.rows)} {language()}"
    first = opening(KEY, content, NAMES)
    colours, codes = colourings(maps, corpus)
    header = {
        "layers": len(maps.points),
        "texts": [text[:CHARACTERS] for text in corpus.frame["text"].iloc[maps.rows]],
        "rows": corpus.frame["row"].iloc[maps.rows].tolist(),
        "colours": colours,
        "quality": [round(float(value), 3) for value in maps.trustworthiness],
        "layer": whole(first["layer"]),
        "colour": first["colour"],
        "words": {word: t(word) for word in WORDS},
        "language": language(),
    }
    body = np.ascontiguousarray(maps.points, "<f4").tobytes() + codes.astype("<u2").tobytes()
    _MOUNT(key=KEY, data=pack(header, body), on_view_change=_follow)


def colourings(maps: Maps, corpus: Corpus) -> tuple[list[dict[str, Any]], NDArray[np.int64]]:
    """What the points may be coloured by, and the codes int64 [colourings, n] of each; 65535 means none."""
    kinds = [("label", t("Label"), corpus.label_names, corpus.labels[maps.rows])]
    if len(corpus.domain_names) > 1:
        kinds.insert(0, ("domain", t("Domain"), corpus.domain_names, corpus.domains[maps.rows]))
    if maps.correct is not None:
        kinds.append(("correct", t("Prediction"), (t("wrong"), t("right")), maps.correct.astype(np.int64)))
    described = [{"key": key, "title": title, "names": list(names)} for key, title, names, _ in kinds]
    codes = np.stack([values for _, _, _, values in kinds])
    return described, np.where(codes < 0, 65535, codes)


def _follow() -> None:
    follow(KEY, "view", NAMES)
