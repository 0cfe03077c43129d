"""``headgrid(key, measures)``: numbers of all heads as a coloured grid, and the heads in order beside it.

The head that is open, the number shown, the order of the list and the heads switched off stand in the
address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.files import fingerprint
from xfer_core.i18n import N_
from xfer_core.ui.components.base import component
from xfer_core.ui.components.buffer import pack
from xfer_core.ui.components.opening import follow, opening, whole
from xfer_core.ui.language import language, t
from xfer_core.ui.state import query

_MOUNT = component("headgrid")
NAMES = ("layer", "head", "number", "order", "off")
ORDERS = ("most", "least", "place")

Array = NDArray[np.float64]

WORDS = (
    N_("Layer {layer}"),
    N_("Head"),
    N_("Layer {layer}, head {head}"),
    N_("All heads. Arrow keys move, Enter opens a head."),
    N_("All heads. Arrow keys move, Space switches a head, Enter opens it."),
    N_("Number shown"),
    N_("List"),
    N_("Largest first"),
    N_("Largest change first"),
    N_("Smallest first"),
    N_("Layer by layer"),
    N_("Point at a head to read its number."),
    N_("no number"),
    N_("switched off"),
    N_("Switch the whole layer"),
    N_("Switch all on again"),
    N_("All {n} heads"),
    N_("The first {n} only"),
)
"""What ``assets/web/headgrid.js`` says, by its English text."""


@dataclass(frozen=True)
class Measure:
    """One number of every head.

    Attributes
    ----------
    key : str
        Its name in the address.
    title, help, unit : str
        In the reader's language: what it is called, what it says of a head, what it is counted in.
    values : float [layers, heads]
        NaN where there is no number.
    low, high : float [layers, heads], optional
        An interval of each.
    noise : float [layers, heads], optional
        What chance alone would give; a tick in the bars.
    marks : bool [layers, heads], optional
        Heads to be marked with a dot.
    range_ : (from, to), optional
        Ends of the colours; by default 0 and the largest value, or as far to either side if *diverging*.
    """

    key: str
    title: str
    values: Array
    help: str = ""
    unit: str = ""
    digits: int = 2
    percent: bool = False
    diverging: bool = False
    low: Array | None = None
    high: Array | None = None
    noise: Array | None = None
    marks: NDArray[np.bool_] | None = None
    range_: tuple[float, float] | None = None

    def ends(self) -> tuple[float, float]:
        if self.range_ is not None:
            return self.range_
        size = np.abs(self.values[np.isfinite(self.values)])
        top = float(size.max()) if size.size and size.max() > 0 else 1.0
        return (-top if self.diverging else 0.0), top

    def header(self) -> dict[str, Any]:
        plain = ("key", "title", "help", "unit", "digits", "percent", "diverging")
        marks = None if self.marks is None else self.marks.ravel().tolist()
        return (
            {name: getattr(self, name) for name in plain}
            | {name: _listed(getattr(self, name)) for name in ("values", "low", "high", "noise")}
            | {"range": self.ends(), "marks": marks}
        )


def _listed(values: Array | None) -> list[float | None] | None:
    """Six digits, which is more than any picture shows; JSON has no NaN."""
    if values is None:
        return None
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.ravel().tolist()]


def headgrid(
    key: str,
    measures: Sequence[Measure],
    *,
    names: dict[tuple[int, int], str] | None = None,
    noise: str = "",
    mark: str = "",
    switches: bool = False,
) -> None:
    """Draw it as the component *key*.

    Parameters
    ----------
    names : {(layer, head): str}, optional
        What heads are called, counted from 0.
    noise, mark : str
        What the tick in the bars and the dot in the cells stand for, in words.
    switches : bool
        Whether a click switches a head off or on; :func:`switched_off` then says which are off.
    """
    layers, heads = measures[0].values.shape
    called = names or {}
    header: dict[str, Any] = {
        "layers": layers, "heads": heads, "noise": noise, "mark": mark,
        "measures": [measure.header() for measure in measures],
        "names": [called.get((layer, head), "") for layer in range(layers) for head in range(heads)],
        "words": {word: t(word) for word in WORDS}, "language": language(),
    }  # fmt: skip
    first = opening(key, fingerprint(pack(header, b"")), NAMES)
    header |= {"layer": whole(first["layer"]), "head": whole(first["head"]), "measure": first["number"]}
    header |= {"order": first["order"] if first["order"] in ORDERS else ""}
    if switches:
        header["off"] = [name_of(*each) for each in sorted(_heads(first["off"], layers, heads))]
    _MOUNT(key=key, data=pack(header, b""), on_seen_change=lambda: follow(key, "seen", NAMES))


def switched_off(layers: int, heads: int) -> frozenset[tuple[int, int]]:
    """The heads that the address switches off, from 0; what names no head of the model is left out."""
    return _heads(query("off"), layers, heads)


def _heads(listed: str, layers: int, heads: int) -> frozenset[tuple[int, int]]:
    names = set(listed.split(","))
    return frozenset(at for at in product(range(layers), range(heads)) if name_of(*at) in names)


def name_of(layer: int, head: int) -> str:
    """``4.7``: as addresses, commands and the grid name a head, from 1."""
    return f"{layer + 1}.{head + 1}"
