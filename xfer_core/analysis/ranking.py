"""Which layer is best, which cannot be told from it, what the last one loses: the answer of all pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis import resampling
from xfer_core.i18n import N_, Said, as_message

Floats = NDArray[np.float64]

LIKELY = 0.9
"""Share of the draws from which a difference is called likely."""
MOST_TO_LABEL = 20_000
"""Texts a domain beyond which a difference is not worth settling."""


@dataclass(frozen=True)
class Band:
    """A value with its 95 % bounds, each float64 [layers]; NaN where it could not be measured."""

    value: Floats
    low: Floats
    high: Floats

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.value).any())


@dataclass(frozen=True)
class Lost:
    """How much the last layer is behind the best one, with its 95 % bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranking:
    """Layers compared by macro-F1 on the same draws; arrays are float64 [layers], NaN where not measured.

    Attributes
    ----------
    score : Band
        Macro-F1 between domains, the mean over *pairs*; where there are none, within the one domain.
    floor : 95 % of what is reached on shuffled labels lies below.
    behind : Band
        How much each layer is behind the best one.
    first : share of the draws in which it comes first; *ahead*: in which the best one is ahead of it.
    needed : texts a domain that would tell it from the best one; infinite for no difference.
    texts : int
        In a domain, the mean.
    """

    layers: tuple[int, ...]
    score: Band
    floor: Floats
    behind: Band
    first: Floats
    ahead: Floats
    needed: Floats
    texts: int
    pairs: int = 0

    @property
    def best(self) -> int | None:
        """The place of the best layer in every array; None: not known."""
        return int(np.nanargmax(self.score.value)) if self.score.known else None

    @property
    def layer(self) -> int | None:
        """The best layer, by its number."""
        return None if self.best is None else self.layers[self.best]

    @property
    def rivals(self) -> tuple[int, ...]:
        """Layers that cannot be told from the best one: the bounds of their difference hold 0."""
        return tuple(
            layer
            for place, layer in enumerate(self.layers)
            if place != self.best and self.behind.low[place] <= 0
        )

    @property
    def lost_by_last(self) -> Lost:
        """What is lost by using the last layer, as everybody does."""
        return Lost(*(float(side[-1]) for side in (self.behind.value, self.behind.low, self.behind.high)))

    @property
    def title(self) -> Said | None:
        """The answer in one line."""
        if self.best is None:
            return None
        message = BEST if self.first[self.best] > 0.5 else SEEMS
        return as_message(message if self.pairs else KNOWS_BEST, best=named(self.layers[self.best]))

    @property
    def words(self) -> list[Said]:
        """The answer and how sure it is, as sentences with their values."""
        if self.best is None:
            return []
        place, layer = self.best, named(self.layers[self.best])
        sides = {"score": self.score.value, "low": self.score.low, "high": self.score.high}
        values = {name: float(side[place]) for name, side in sides.items()}
        said = [
            as_message(TRAVELS, layer=layer, pairs=self.pairs, **values)
            if self.pairs
            else as_message(KNOWS, layer=layer, **values)
        ]
        floor = float(self.floor[place])
        if values["low"] <= floor:
            return [*said, as_message(CHANCE, floor=floor)]
        said.append(as_message(OFTEN if self.pairs else OFTEN_TESTED, share=float(self.first[place])))
        if place == len(self.layers) - 1:
            said.append(as_message(LAST_BEST))
        elif np.isfinite(self.behind.value[-1]):
            said.append(self._of_the_last())
        return [*said, *self._of_the_rivals()]

    def _of_the_last(self) -> Said:
        lost = self.lost_by_last
        values = {name: round(value, 3) + 0.0 for name, value in vars(lost).items()}  # no "-0.000"
        if lost.low > 0:
            return as_message(LAST, **values)
        ahead = float(self.ahead[-1])
        if ahead < LIKELY:
            return as_message(LAST_UNSURE, **values)
        assert self.layer is not None
        return as_message(LAST_LIKELY, layer=named(self.layer), ahead=ahead, **values)

    def _of_the_rivals(self) -> list[Said]:
        if not self.rivals:
            return [as_message(ALONE, n=self.texts)]
        said = [as_message(RIVALS, n=self.texts, layers=[_layer(each) for each in self.rivals])]
        needed = {layer: float(self.needed[self.layers.index(layer)]) for layer in self.rivals}
        worth = {layer: -(-int(texts) // 10) * 10 for layer, texts in needed.items() if texts < MOST_TO_LABEL}
        if worth:
            each = [as_message(NEEDED_FOR, layer=named(layer), texts=texts) for layer, texts in worth.items()]
            said.append(as_message(NEEDED, needed=each))
        if len(worth) < len(needed):
            said.append(as_message(EQUAL, layers=[_layer(layer) for layer in needed if layer not in worth]))
        return said

    def among(self, layers: tuple[int, ...]) -> Ranking:
        """The same with *layers* that could not be measured among them."""
        places = [layers.index(layer) for layer in self.layers]

        def wide(values: Floats) -> Floats:
            found = np.full(len(layers), np.nan)
            found[places] = values
            return found

        score, behind = (Band(*map(wide, vars(band).values())) for band in (self.score, self.behind))
        return Ranking(
            layers, score, wide(self.floor), behind, wide(self.first), wide(self.ahead), wide(self.needed),
            self.texts, self.pairs,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The headline as plain JSON values; what is not known is None."""
        lost = vars(self.lost_by_last)
        return {
            "travels_best": self.layer if self.pairs else None,
            "knows_best": None if self.pairs else self.layer,
            "rivals": list(self.rivals),
            "lost_by_last": {name: value if np.isfinite(value) else None for name, value in lost.items()},
        }


def ranked(
    layers: Sequence[int], exact: Floats, drawn: Floats, floor: Floats, *, texts: float, pairs: int = 0
) -> Ranking:
    """Layers by their *exact* scores [layers], compared on *drawn* [draws, layers]; NaN where unknown."""
    score = Band(exact, *resampling.bounds(drawn))
    nothing = np.full_like(exact, np.nan)
    if not score.known:
        unknown = Band(nothing, nothing, nothing)
        return Ranking(tuple(layers), score, floor, unknown, nothing, nothing, nothing, round(texts), pairs)
    best = int(np.nanargmax(exact))
    difference = drawn[:, [best]] - drawn
    behind = exact[best] - exact
    ahead = np.where(np.isnan(behind), np.nan, (difference > 0).mean(axis=0))
    needed = resampling.texts_needed(behind, difference.std(axis=0), texts)
    ahead[best] = needed[best] = np.nan
    first = np.bincount(np.nanargmax(drawn, axis=1), minlength=len(exact)) / len(drawn)
    apart = Band(behind, *resampling.bounds(difference))
    return Ranking(tuple(layers), score, floor, apart, first, ahead, needed, round(texts), pairs)


def named(layer: int) -> int | Said:
    """A layer's number, with what it is where that is no layer in the usual sense."""
    return layer if layer else as_message(N_("{n} (the embeddings)"), n=layer)


def _layer(layer: int) -> Said:
    return as_message(N_("layer {n}"), n=named(layer))


BEST = N_("Here, layer {best} travels best")
SEEMS = N_("Here, layer {best} seems to travel best")
KNOWS_BEST = N_("Here, layer {best} knows the task best")
TRAVELS = N_(
    "Layer {layer} travels best: trained in one domain and tested in another, a probe on it reaches "
    "macro-F1 {score:.2f} (95% between {low:.2f} and {high:.2f}; the mean of {pairs} pairs of domains)."
)
KNOWS = N_(
    "Layer {layer} knows the task best: a probe on it reads held-out texts with macro-F1 {score:.2f} (95% "
    "between {low:.2f} and {high:.2f}). With one domain nothing can be said about what travels."
)
OFTEN = N_(
    "With the texts it is trained and tested on drawn again, it comes first in {share:.0%} of the draws."
)
OFTEN_TESTED = N_(
    "With the texts it is tested on drawn again, it comes first in {share:.0%} of the draws; other texts to "
    "train on would add to the doubt."
)
LAST = N_(
    "Using the last layer, as everybody does, loses {value:.3f} of it (95% between {low:.3f} and {high:.3f})."
)
LAST_LIKELY = N_(
    "Using the last layer, as everybody does, loses {value:.3f} of it. That is likely, not sure: layer "
    "{layer} is ahead in {ahead:.0%} of the draws (95% of the differences lie between {low:.3f} and "
    "{high:.3f})."
)
LAST_UNSURE = N_(
    "Whether the last layer is any worse is not known: the difference is {value:.3f} (95% between {low:.3f} "
    "and {high:.3f})."
)
LAST_BEST = N_("That is the last layer, which most tools use: here nothing is lost by it.")
ALONE = N_("With {n:,} texts a domain every other layer is clearly behind it.")
RIVALS = N_("With {n:,} texts a domain it cannot be told from: {layers}.")
NEEDED = N_("If the differences are as large as they look, so many texts a domain would settle it: {needed}.")
NEEDED_FOR = N_("about {texts:,} for layer {layer}")
EQUAL = N_("So small a difference that no table would settle it, and none needs to: {layers}.")
CHANCE = N_(
    "But it reads no better than probes of shuffled labels ({floor:.2f}): no layer is shown to know anything."
)
