"""Files made when their button is pressed, not at every run of a page.

Each function returns another one, without arguments, that ``st.download_button`` calls in a thread of its
own, where no session is known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xfer_core import engine
from xfer_core.analysis import features
from xfer_core.analysis.projection import Maps
from xfer_core.attention.reading import AttentionReading, export
from xfer_core.charts import attention_html, map_canvas, report
from xfer_core.charts.map_canvas import Picture
from xfer_core.corpora import Corpus
from xfer_core.corpora.writing import write_table
from xfer_core.i18n import translate
from xfer_core.sweep.comparison import numbers
from xfer_core.sweep.results import curves, load
from xfer_core.ui.language import language


def attention_page(
    reading: AttentionReading,
    before: AttentionReading | None,
    shaping: dict[str, Any],
    look: dict[str, Any],
) -> Callable[[], str]:
    """The picture as one HTML file that needs nothing else, opening as the reader had it."""
    spoken = language()
    return lambda: attention_html.page(
        reading, before=before, shaping=shaping, look=look, title=reading.model, language=spoken,
        t=lambda message: translate(message, spoken),
    )  # fmt: skip


def attention_weights(reading: AttentionReading, suffix: str) -> Callable[[], bytes]:
    return lambda: _written(f"weights.{suffix}", lambda path: export(reading, path))


def map_page(picture: Picture, view: dict[str, Any]) -> Callable[[], str]:
    """The map as one HTML file that needs nothing else, opening as the reader had it."""
    spoken = language()
    return lambda: map_canvas.page(
        picture, view, title=" · ".join(picture.names), language=spoken,
        t=lambda message: translate(message, spoken),
    )  # fmt: skip


def map_points(picture: Picture) -> Callable[[], bytes]:
    """One row a text: what is known of it, then its place in every layer of every map."""
    return lambda: _written("points.csv", lambda path: write_table(map_canvas.table(picture), path))


def map_features(maps: Maps, corpus: Corpus, ending: str) -> Callable[[], bytes]:
    """Features of the texts on the map, of every layer, with row, label and domain; *ending*: the format."""

    def make() -> bytes:
        texts = [corpus.texts[row] for row in maps.rows]
        job = engine.submit(
            "xfer_core.analysis.features:features",
            model=maps.model, texts=texts, pool=maps.pool, max_length=maps.max_length,
        )  # fmt: skip
        job.wait()
        if job.error is not None:
            raise job.error
        named = corpus.table().iloc[maps.rows].drop(columns="text").to_dict("list")
        return _written(f"features{ending}", lambda path: features.export(job.result, texts, path, named))

    return make


def sweep_table(run_id: str) -> Callable[[], str]:
    """One row a training and a reference, as it is when the button is pressed."""
    return lambda: numbers(load(run_id)).to_csv(index=False)


def sweep_report(run_id: str) -> Callable[[], str]:
    """The whole comparison as one HTML file that needs nothing else."""
    spoken = language()

    def make() -> str:
        sweep = load(run_id)
        drawn = curves(sweep)
        return report.report(sweep, drawn, t=lambda message: translate(message, spoken), language=spoken)

    return make


def _written(name: str, write: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()
