"""An attention reading as one HTML file that needs no network and no server."""

from __future__ import annotations

import re
from pathlib import Path

from xfer_core.attention.reading import AttentionReading
from xfer_core.charts import canvas_html
from xfer_core.charts.frame import Translate
from xfer_core.settings import root

_WORDS = re.compile(r"""say\(\s*"((?:[^"\\]|\\.)*)\"""")


def page(reading: AttentionReading, *, title: str = "", language: str = "en", t: Translate = str) -> str:
    """The file's text: the picture of ``heads.js``, its data and its modules, all inlined.

    Raises
    ------
    FileNotFoundError
        If the app's own scripts are not where they were installed.
    """
    words = _words(root() / "assets" / "web", t)
    parts = [
        t("{layers} layers × {heads} heads, {n} tokens.").format(
            layers=reading.layers, heads=reading.heads, n=len(reading.tokens)
        )
    ]
    if reading.cut:
        parts.append(t("Tokens the model did not see: {n}.").format(n=reading.cut))
    if reading.prediction:
        label, share = max(reading.prediction.items(), key=lambda item: item[1])
        parts.append(t("Prediction: {label} ({share:.1%}).").format(label=label, share=share))
    return canvas_html.page(
        "heads.js", {"words": words, **reading.header()}, reading.coded(),
        title=title or reading.model, summary=" ".join(parts), language=language,
    )  # fmt: skip


def _words(folder: Path, t: Translate) -> dict[str, str]:
    """The picture's own words in the reader's language, for those that have a translation."""
    messages = _WORDS.findall((folder / "heads.js").read_text(encoding="utf-8"))
    return {message: t(message) for message in messages if t(message) != message}
