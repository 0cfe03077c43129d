"""What ``assets/web/heads.js`` draws, one reading or two compared, and that as a file that stands alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xfer_core.attention.reading import AttentionReading
from xfer_core.attention.shaping import Shaped, shape
from xfer_core.charts import canvas_html
from xfer_core.charts.frame import Translate
from xfer_core.i18n import N_

LOOK = ("layer", "head", "row", "column", "range", "scale", "drawing", "mass", "compare")
"""What the picture itself lets its reader choose, by the names in the address; numbers count from 1."""

WORDS = (
    N_("All heads of all layers. Arrow keys open another head."),
    N_("Weights of the open head. Arrow keys move, Enter locks a row, Escape unlocks it."),
    N_("Unlock (Esc)"),
    N_("Compare"),
    N_("side by side"),
    N_("blinking"),
    N_("difference"),
    N_("Colour range"),
    N_("each row"),
    N_("each head"),
    N_("each layer"),
    N_("all heads"),
    N_("Scale"),
    N_("linear"),
    N_("square root"),
    N_("logarithm"),
    N_("Drawn as"),
    N_("matrix"),
    N_("lines"),
    N_("Keep of each row"),
    N_("Share of each row to keep"),
    N_("all keys"),
    N_("{share}: median {count} keys"),
    N_("Each row shows the fewest keys that hold {share} of it."),
    N_("Exactly what is seen, as a file"),
    N_("Rows: the token that looks (query). Columns: the token looked at (key)."),
    N_("Bars at the end of a row: what it gives to what is not shown; on average {parts}."),
    N_("special tokens"),
    N_("punctuation"),
    N_("tokens outside the window"),
    N_("{share} not shown ({parts})"),
    N_("Lines below {share} of the colour scale are not drawn."),
    N_("Orange: more than before. Blue: less."),
    N_("Hatched: later tokens, which this model cannot see."),
    N_("Grey rows of the last layer do not reach the prediction."),
    N_("Layer {layer}"),
    N_("Head"),
    N_("Layer {layer}, head {head}"),
    N_("heaviest key of its row"),
    N_("uniform: 1/{count}"),
    N_("Colour scale from 0 to {largest}"),
    N_("Point at a cell to read its weight; click to lock its row."),
    N_("cannot be seen from here"),
    N_("{times} × uniform"),
    N_("times uniform"),
    N_("rank {rank} of {count}"),
    N_("A dot of a small picture is the heaviest of the weights under it."),
    N_("All rows together, on average"),
    N_("Locked row:"),
    N_("Row:"),
    N_("{keys} keys hold {share} of it"),
)
"""What the scripts say, by its English text."""

TITLES = {
    "weight": N_("Weight: how much of a row's attention a key gets; a row sums to 1."),
    "norm": N_(
        "Length of what a key adds through this head, ‖α·v·W_O‖: a heavy weight on a short vector adds"
        " little (Kobayashi et al. 2020)."
    ),
    "share": N_(
        "Share of the token's stream that a key adds through this head (Ferrando et al. 2022); all heads,"
        " all keys and the token's own stream make 1."
    ),
}
"""What the values of a measure are."""


def picture(
    shaped: Sequence[Shaped], names: Sequence[str] = ("",), t: Translate = str
) -> tuple[dict[str, Any], bytes]:
    """Header and body for ``heads.js``: one reading, or two of the same tokens under *names*."""
    top = max(each.top for each in shaped)
    header = shaped[0].header() | {
        "top": top,
        "maps": [{"name": name, "reach": each.reach} for name, each in zip(names, shaped, strict=True)],
        "notes": notes(shaped[0], t),
        "words": {word: t(word) for word in WORDS if t(word) != word},
    }
    return header, b"".join(each.coded(top) for each in shaped)


def notes(shaped: Shaped, t: Translate = str) -> list[str]:
    """What the values are and what of the text is shown, in sentences that stay with the picture."""
    reading = shaped.reading
    said = [t(TITLES[reading.measure])]
    if reading.residual is not None:
        said.append(t("Of a token, its own stream keeps {share:.0%} on average.").format(
            share=float(np.mean(reading.residual))
        ))  # fmt: skip
    if reading.total > len(reading.tokens) and reading.kind != "cross":
        said.append(t("Tokens {first} to {last} of {total}.").format(
            first=reading.start + 1, last=reading.start + len(reading.tokens), total=reading.total
        ))  # fmt: skip
    return said


def page(
    reading: AttentionReading,
    *,
    before: AttentionReading | None = None,
    shaping: Mapping[str, Any] | None = None,
    look: Mapping[str, Any] | None = None,
    title: str = "",
    language: str = "en",
    t: Translate = str,
) -> str:
    """The file's text: the picture, its data and its modules, all inlined.

    Parameters
    ----------
    before : AttentionReading, optional
        The same text read by the model before it was tuned, to compare.
    shaping : mapping, optional
        Arguments of :func:`xfer_core.attention.shaping.shape`.
    look : mapping, optional
        What is open at first, by the names of :data:`LOOK`.

    Raises
    ------
    FileNotFoundError
        If the app's own scripts are not where they were installed.
    """
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
    readings = [reading] if before is None else [before, reading]
    header, body = picture(
        [shape(each, **(shaping or {})) for each in readings],
        [""] if before is None else [each.model for each in readings], t,
    )  # fmt: skip
    chosen = {name: value for name, value in (look or {}).items() if name in LOOK}
    return canvas_html.page(
        "heads.js", header | chosen, body,
        title=title or reading.model, summary=" ".join(parts), language=language,
    )  # fmt: skip
