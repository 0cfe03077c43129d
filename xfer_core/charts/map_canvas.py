"""Maps as ``assets/web/scatter.js`` draws them: what it is sent, what it says, all as one file or table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xfer_core.analysis.projection import Maps
from xfer_core.charts import canvas_html
from xfer_core.charts.frame import Translate
from xfer_core.charts.map_columns import Column
from xfer_core.corpora import Corpus
from xfer_core.corpora.beside import MARK
from xfer_core.i18n import N_

CHARACTERS = 300
"""Shown of a text beside its point."""
SENT = 1_500_000
"""Characters of all texts together that are sent to the browser; of many texts, less of each."""
FEWEST = 40
"""Characters of each text that are always sent."""

WORDS = (
    N_("Layer"), N_("Layer on the right"), N_("Layer {layer}"), N_("Embeddings (layer 0)"),
    N_("Play"), N_("Pause"), N_("Show"), N_("one map"), N_("two layers"), N_("side by side"),
    N_("Colour"), N_("Shape"), N_("as colour"), N_("Lasso"), N_("Movement"),
    N_("Zoom in"), N_("Zoom out"), N_("Reset"), N_("PNG"), N_("SVG"),
    N_("Save what is seen as PNG"), N_("Save what is seen as SVG"), N_("none"), N_("Row {row}"),
    N_("Map of {count} texts"), N_("Chosen: {count}"), N_("Clear"), N_("Choose these {count} texts"),
    N_("{summary}. Arrow keys move the map, plus and minus zoom, 0 shows all."),
    N_("Moved further than a restart of the map would: {moved} of {count} texts; drawn: {drawn}."),
    N_("Far off, outside the picture until it is zoomed out: {count} texts."),
    N_("A sketch by principal components, until the map is there."),
    N_("Near points are near in the layer; distances between clusters, and the axes, mean little."),
    N_("Click the map and the wheel zooms; drag to move it; with Shift, or the lasso, draw round texts."),
)  # fmt: skip
"""What ``scatter.js`` says, by its English text."""


@dataclass(frozen=True)
class Picture:
    """One or two maps of the same texts, and what stands on them.

    Attributes
    ----------
    sets : one or two of Maps
        The second is what the first is compared with, in the same plane.
    names : tuple of str
        What the sets are called, untrusted.
    columns : sequence of Column
        What points may be coloured by.
    placed : tuple of str
        Texts put into the maps afterwards, and their *places*, of each set float32 [layers, placed, 2].
    """

    sets: tuple[Maps, ...]
    names: tuple[str, ...]
    corpus: Corpus
    columns: Sequence[Column]
    placed: tuple[str, ...] = ()
    places: tuple[NDArray[np.float32], ...] = field(default=())

    @property
    def characters(self) -> int:
        """Of each text, that are sent."""
        return int(np.clip(SENT // max(len(self.sets[0].rows), 1), FEWEST, CHARACTERS))

    @property
    def floor(self) -> float | None:
        """The shortest movement that means anything, in units of the map; None while only sketched."""
        noises = [maps.noise for maps in self.sets]
        return max(noises) if np.isfinite(noises).all() else None

    def head(self, t: Translate) -> dict[str, Any]:
        frame = self.corpus.frame.iloc[self.sets[0].rows]
        sets = [
            {"name": name, "layers": len(maps.points), "quality": quality(maps, t)}
            for maps, name in zip(self.sets, self.names, strict=True)
        ]
        return {
            "sets": sets,
            "stage": self.sets[0].stage,
            "texts": [text[: self.characters + 1] for text in frame["text"]],
            "shown": self.characters,
            "rows": frame["row"].tolist(),
            "columns": [column.header() for column in self.columns],
            "placed": [text[: CHARACTERS + 1] for text in self.placed],
            "floor": self.floor,
            "words": {word: t(word) for word in WORDS},
        }

    def body(self) -> bytes:
        """Places of each set, of what was placed, then numbers, then codes, as ``scatter.js`` says."""
        parts = [np.ascontiguousarray(maps.points, "<f4").tobytes() for maps in self.sets]
        if self.placed:
            parts += [np.ascontiguousarray(places, "<f4").tobytes() for places in self.places]
        parts += [column.coded() for column in self.columns if column.names is None]
        parts += [column.coded() for column in self.columns if column.names is not None]
        return b"".join(parts)


def table(picture: Picture) -> pd.DataFrame:
    """One row a text: what is known of it, then its place in every layer: ``x_0``, ``y_0``, ``x_1``, …

    Of the map compared with: ``base_x_0``, …
    """
    frame = picture.corpus.take(picture.sets[0].rows).table()
    for column in picture.columns:
        if column.key not in frame and not column.key.startswith(MARK):  # those, whole, are in the table
            frame[column.key] = [column.word(at) for at in range(len(frame))]
    for at, maps in enumerate(picture.sets):
        prefix = "base_" if at else ""
        for layer, places in enumerate(maps.points):
            frame[f"{prefix}x_{layer}"], frame[f"{prefix}y_{layer}"] = places.T
    return frame


def quality(maps: Maps, t: Translate) -> list[str]:
    """A line of figures for each layer; empty for a sketch, which promises nothing."""
    if maps.stage == "sketch":
        return [""] * len(maps.points)
    lines = []
    for layer in range(len(maps.points)):
        line = t("Trustworthiness {trust}, continuity {continuity}, neighbours kept {kept} of 1.").format(
            trust=_two(maps.trustworthiness[layer]),
            continuity=_two(maps.continuity[layer]),
            kept=_two(maps.kept[layer]),
        )
        if np.isfinite(maps.separation_map[layer]):
            line += " " + t(
                "Classes apart (silhouette): {features} in the features, {map} on the map."
            ).format(features=_two(maps.separation_features[layer]), map=_two(maps.separation_map[layer]))
        lines.append(line)
    return lines


def _two(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def page(
    picture: Picture, view: dict[str, Any], *, title: str, language: str = "en", t: Translate = str
) -> str:
    """The picture as one HTML file that needs nothing else; *view* is what the reader had open."""
    maps = picture.sets[0]
    summary = t("{n} texts of {corpus}, {layers} layers of {model}.").format(
        n=len(maps.rows), corpus=maps.corpus, layers=len(maps.points), model=maps.model
    )
    header = picture.head(t) | {"chosen": None} | view
    return canvas_html.page(
        "scatter.js", header, picture.body(), title=title, summary=summary, language=language
    )
