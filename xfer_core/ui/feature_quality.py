"""How far a map may be trusted: its figures layer by layer, and what a map cannot say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from xfer_core.analysis.projection import Maps
from xfer_core.corpora import Corpus
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit

HIDDEN = 0.1
"""Silhouette by which a layer's classes are further apart than on its map, from where on it is said."""


def trust(sets: Sequence[Maps], names: Sequence[str], corpus: Corpus) -> None:
    """Draw the figures of one or two maps; *names* tell two apart."""
    maps = sets[0]
    best = int(maps.trustworthiness.argmax())
    worst = int(maps.trustworthiness.argmin())
    st.markdown(
        t(
            "**How far to trust it.** Here trustworthiness runs from {low} (layer {worst}) to {high} (layer"
            " {best}); 0.5 is chance. All layers share one plane, so a point that moves between layers has"
            " got other neighbours. Distances between clusters, their sizes, and the axes mean little. What a"
            " layer *knows* is measured by probes, not seen on a map."
        ).format(
            low=number(maps.trustworthiness[worst], 2), worst=worst,
            high=number(maps.trustworthiness[best], 2), best=best,
        ),
        width=760,
    )  # fmt: skip
    for at, (each, name) in enumerate(zip(sets, names, strict=True)):
        if len(sets) > 1:
            st.caption(lit(name))
        st.dataframe(quality_table(each), key=f"quality-{at}", alt=t("Quality of the map of each layer"))
        _say_what_is_hidden(each)
    with st.popover(t("What these figures say"), key="quality-words"):
        st.markdown(
            t(
                "- **Trustworthiness** (Venna & Kaski 2001): are a point's 15 neighbours on the map near in"
                " the layer too, by the cosine? 1 is all, 0.5 is chance.\n"
                "- **Continuity**: the other way round, are neighbours in the layer near on the map?\n"
                "- **Neighbours kept**: share of the 15 nearest in the layer that are among the 15 nearest on"
                " the map.\n"
                "- **Classes apart**: mean silhouette (Rousseeuw 1987), −1 to 1, in the features and on the"
                " map. Where the map is far above the features it exaggerates; far below, it hides something,"
                " and the layers should be held less."
            )
        )
    _say_what_is_drawn(maps, corpus)


def quality_table(maps: Maps) -> pd.DataFrame:
    layers = [t("Layer {layer}").format(layer=layer) for layer in range(len(maps.trustworthiness))]
    lines = {
        t("Trustworthiness"): maps.trustworthiness,
        t("Continuity"): maps.continuity,
        t("Neighbours kept"): maps.kept,
        t("Classes apart, in the features"): maps.separation_features,
        t("Classes apart, on the map"): maps.separation_map,
    }
    return pd.DataFrame(lines.values(), index=list(lines), columns=layers).round(3)


def _say_what_is_hidden(maps: Maps) -> None:
    """Whether the map of some layer shows its classes less apart than they are."""
    gap = maps.separation_features - maps.separation_map
    if not np.isfinite(gap).any() or np.nanmax(gap) < HIDDEN:
        return
    st.caption(
        t(
            "In layer {layer} the classes are further apart than its map shows: turn “Hold the layers”"
            " towards own shape."
        ).format(layer=int(np.nanargmax(gap)))
    )


def _say_what_is_drawn(maps: Maps, corpus: Corpus) -> None:
    """Which texts are on the map, and of what they were measured."""
    shown = len(maps.rows)
    said = t("All {n} texts of the corpus.").format(n=number(shown))
    if shown < corpus.n:
        said = t(
            "{shown} of {n} texts, drawn with seed {seed} so that every label and domain keeps its share."
        ).format(shown=number(shown), n=number(corpus.n), seed=int(maps.seed))
    if maps.truncated:
        said += " " + t("Of {cut} of them the model read the first {length} tokens only.").format(
            cut=number(maps.truncated), length=number(maps.max_length)
        )
    if maps.measured < shown:
        said += " " + t("Quality was measured on {n} of them, against all others.").format(
            n=number(maps.measured)
        )
    if maps.correct is None:
        said += " " + t(
            "With a tuned run as the model, points can be coloured by right and wrong predictions."
        )
    else:
        said += " " + t("Right and wrong include texts that the run was trained on.")
    st.caption(said)
