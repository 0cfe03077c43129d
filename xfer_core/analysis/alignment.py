"""What bridging two domains without labels of the target did: methods, gains, losses, and words for them.

The features stay as they are; only what a probe is given of them is moved, scaled or weighted.
:mod:`xfer_core.analysis.aligning` computes, this module keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xfer_core.i18n import N_, Said, as_message

Floats = NDArray[np.float64]

NONE = "none"
DEFAULT = "subspace"
"""Of the methods that do something the one that hurts least over the twelve pairs of the four-domain corpus
(layer 4, equal class shares: +.021 on average, -.010 at worst). With the natural shares all lose on average,
and it says so: then doing nothing hurts least."""

Shares = Literal["natural", "equal"]
"""Of the classes: as they are in the texts, or every class alike often, for which labels must be known."""
SHARES = get_args(Shares)

SHIFTED = 0.1
"""Difference of class shares (half the sum of absolute differences) from which it is blamed for a loss."""


@dataclass(frozen=True)
class Method:
    """One way to bridge two domains. All texts but *source* are messages.

    Attributes
    ----------
    title, what, when_not : str
        Its name in words, what it does, and when it is likely to hurt.
    source : str
        The paper it is from.
    moves : bool
        Whether it changes where texts lie, so that a map before and after shows something.
    """

    name: str
    title: str
    what: str
    when_not: str
    source: str
    moves: bool = True


METHODS: dict[str, Method] = {
    each.name: each
    for each in (
        Method(
            NONE,
            N_("No adaptation"),
            N_("The probe of the source as it is: what every method has to beat."),
            N_("Where the domains differ much, it stays behind a probe trained on the target."),
            "",
            moves=False,
        ),
        Method(
            "standardise",
            N_("Standardise each domain"),
            N_("Every feature gets mean 0 and variance 1 in each domain by itself."),
            N_("It takes away the difference of the means, also where that is what the classes differ by."),
            "Li et al. 2017, arXiv 1603.04779",
        ),
        Method(
            "subspace",
            N_("Subspace alignment"),
            N_("The main directions of the source are turned onto those of the target."),
            N_("What sets the classes apart may lie outside the main directions."),
            "Fernando et al. 2013, ICCV",
        ),
        Method(
            "coral",
            N_("CORAL"),
            N_("The source is stretched and turned until its features vary together as those of the target."),
            N_("With few texts the covariances are guesses; other class shares in the target mislead it."),
            "Sun, Feng & Saenko 2016, arXiv 1511.05547",
        ),
        Method(
            "transport",
            N_("Entropic transport"),
            N_("Optimal transport: each text of the source moves to the target texts nearest to it, softly,"
               " so that all are reached."),
            N_("With other class shares in the target it must move texts of one class onto another."),
            "Courty et al. 2017, arXiv 1507.00504; Cuturi 2013, arXiv 1306.0895",
        ),
        Method(
            "exact-transport",
            N_("Exact transport"),
            N_("Optimal transport again, with each text sent to as few of the target as can be."),
            N_("It follows every accident of the sample; the entropic one is smoother."),
            "Courty et al. 2017, arXiv 1507.00504",
        ),
        Method(
            "reweight",
            N_("Reweight the source"),
            N_("Texts of the source that look like the target count more; nothing moves."),
            N_("Where the domains hardly overlap, a few texts count for all."),
            "Bickel et al. 2009, JMLR 10, 2137-2155",
            moves=False,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Alignment:
    """Every method on every layer, from one source to one target domain.

    Attributes
    ----------
    macro_f1, low, high : float64 [methods, layers]
        On the *tested* texts of the target, which no fit has seen; *low* and *high* bound it with 95 %.
    source_macro_f1, source_low, source_high : float64 [methods, layers]
        The same on the *source_tested* texts of the source: what bridging cost at home.
    gain, gain_low, gain_high : float64 [methods, layers]
        Macro-F1 on the target above that of no adaptation, and its 95 % bounds by a paired bootstrap.
    label_free : float64 [methods, layers]
        Mutual information of target texts and predictions, in nats, which needs no labels; high is good.
    ceiling, ceiling_low, ceiling_high : float64 [layers]
        Macro-F1 of a probe trained on labels of the target, which adaptation does without.
    source_shares, target_shares : float64 [classes]
        Of the texts trained on and tested; only said, never used.
    chosen : (method, layer)
        Where *label_free* is highest.
    places : float32 [methods, layers, n, 2]
        Texts of both domains in the plane of the two main directions before adaptation;
        *place_domain* int8 [n] is 0 for the source, 1 for the target, *place_label* int64 [n] -1 if unknown.
    method_seconds : float64 [methods]
        Processor time of one fit on one layer, on average.
    notes : tuple of {"message": msgid, "values": dict}
        What was left out, and why.

    A layer whose numbers cannot be used is NaN everywhere.
    """

    source: str
    target: str
    labels: tuple[str, ...]
    layers: tuple[int, ...]
    methods: tuple[str, ...]
    macro_f1: Floats
    low: Floats
    high: Floats
    source_macro_f1: Floats
    source_low: Floats
    source_high: Floats
    gain: Floats
    gain_low: Floats
    gain_high: Floats
    label_free: Floats
    ceiling: Floats
    ceiling_low: Floats
    ceiling_high: Floats
    chosen: tuple[str, int]
    source_shares: Floats
    target_shares: Floats
    trained: int
    fitted: int
    tested: int
    source_tested: int
    places: NDArray[np.float32]
    place_domain: NDArray[np.int8]
    place_label: NDArray[np.int64]
    method_seconds: Floats
    notes: tuple[Said, ...] = ()
    model: str = ""
    corpus: str = ""
    pool: str = "mean"
    shares: str = "natural"
    per_class: int = 0
    seed: int = 0
    max_length: int = 0
    truncated: int = 0
    seconds: float = 0.0

    def at(self, method: str, layer: int) -> tuple[int, int]:
        """Where *method* and *layer* stand in the arrays."""
        return self.methods.index(method), self.layers.index(layer)

    def verdict(self, method: str, layer: int) -> Literal["helps", "hurts", "open"]:
        """Whether the gain's interval is above 0, below it, or holds it."""
        place = self.at(method, layer)
        if self.gain_low[place] > 0:
            return "helps"
        return "hurts" if self.gain_high[place] < 0 else "open"

    @property
    def chosen_layer(self) -> int:
        """Where *label_free* is highest without adaptation: the layer to look at any method on."""
        return self.layers[int(np.nanargmax(self.label_free[self.methods.index(NONE)]))]

    @property
    def shift(self) -> float:
        """How much the class shares differ: half the sum of absolute differences, 0 to 1."""
        return float(np.abs(self.source_shares - self.target_shares).sum() / 2)

    def scores(self, method: str, layer: int) -> dict[str, dict[str, dict[str, float]]]:
        """``before`` and ``after``, each with ``source`` and ``target``: macro-F1 and its bounds."""
        return {
            when: {
                "source": _score(
                    self.source_macro_f1, self.source_low, self.source_high, self.at(name, layer)
                ),
                "target": _score(self.macro_f1, self.low, self.high, self.at(name, layer)),
            }
            for when, name in (("before", NONE), ("after", method))
        }

    def words(self, method: str, layer: int) -> tuple[Said, ...]:
        """What *method* did on *layer*, whom it hurt, and how far the target's own labels would lead."""
        said = [_result(self, method, layer)] if method != NONE else []
        rest = _others(self, layer), _room(self, method, layer), _blame(self, layer), _chosen(self)
        return (*said, *(each for part in rest for each in part))

    def rows(self) -> list[dict[str, Any]]:
        """One row a method and layer: every score and what it cost."""
        tables = ("macro_f1", "low", "high", "source_macro_f1", "gain", "gain_low", "gain_high", "label_free")
        return [
            {"source": self.source, "target": self.target, "method": method, "layer": layer,
             **{name: float(getattr(self, name)[i, j]) for name in tables},
             "ceiling": float(self.ceiling[j]), "tested": self.tested}
            for i, method in enumerate(self.methods)
            for j, layer in enumerate(self.layers)
        ]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; maps left out."""
        plain = ("model", "corpus", "source", "target", "pool", "shares", "per_class", "seed", "max_length",
                 "truncated", "trained", "fitted", "tested", "source_tested", "seconds")  # fmt: skip
        tables = ("macro_f1", "low", "high", "source_macro_f1", "gain", "gain_low", "gain_high", "label_free",
                  "ceiling", "method_seconds", "source_shares", "target_shares")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: _listed(getattr(self, name)) for name in tables},
            **{name: list(getattr(self, name)) for name in ("labels", "layers", "methods", "notes")},
            "chosen": {"method": self.chosen[0], "layer": self.chosen[1]},
        }


def _score(value: Floats, low: Floats, high: Floats, place: tuple[int, int]) -> dict[str, float]:
    return {"macro_f1": float(value[place]), "low": float(low[place]), "high": float(high[place])}


def _listed(array: Floats) -> Any:
    """Nested lists, with None for what is not known: JSON has no NaN."""
    return np.where(np.isnan(array), np.array(None), array).tolist()


RESULTS = {
    "helps": N_(
        "{method} helps on layer {layer}: macro-F1 on {target} rises from {before:.3f} to {after:.3f} (the"
        " gain is {gain:+.3f}, with 95% between {low:+.3f} and {high:+.3f}, on {n} texts)."
    ),
    "hurts": N_(
        "{method} hurts on layer {layer}: macro-F1 on {target} falls from {before:.3f} to {after:.3f} (a"
        " change of {gain:+.3f}, with 95% between {low:+.3f} and {high:+.3f}, on {n} texts). Do not use it."
    ),
    "open": N_(
        "Whether {method} helps on layer {layer} cannot be told: macro-F1 on {target} goes from {before:.3f}"
        " to {after:.3f} (a change of {gain:+.3f}, with 95% between {low:+.3f} and {high:+.3f}, on {n}"
        " texts)."
    ),
}


def _result(found: Alignment, method: str, layer: int) -> Said:
    place, before = found.at(method, layer), found.at(NONE, layer)
    return as_message(
        RESULTS[found.verdict(method, layer)],
        method=as_message(METHODS[method].title), layer=layer, target=found.target,
        before=float(found.macro_f1[before]), after=float(found.macro_f1[place]),
        gain=float(found.gain[place]), low=float(found.gain_low[place]), high=float(found.gain_high[place]),
        n=found.tested,
    )  # fmt: skip


def _others(found: Alignment, layer: int) -> list[Said]:
    """Which methods help and which hurt on this layer, clearly."""
    said = []
    for verdict, message in (
        ("helps", N_("On this layer these clearly help: {methods}.")),
        ("hurts", N_("On this layer these clearly hurt: {methods}.")),
    ):
        named = [m for m in found.methods if m != NONE and found.verdict(m, layer) == verdict]
        if named:
            said.append(as_message(message, methods=[as_message(METHODS[m].title) for m in named]))
    if not said:
        said.append(as_message(N_("On this layer no method clearly helps, and none clearly hurts.")))
    return said


def _room(found: Alignment, method: str, layer: int) -> list[Said]:
    place, after = found.layers.index(layer), float(found.macro_f1[found.at(method, layer)])
    ceiling = float(found.ceiling[place])
    if np.isnan(ceiling):
        return []
    message = N_(
        "A probe trained on {n} texts of {target} with their labels reaches {ceiling:.3f}: {left:.3f} more,"
        " which labelling as many could still win."
    )
    if ceiling <= after:
        message = N_(
            "A probe trained on {n} texts of {target} with their labels reaches {ceiling:.3f}, no more on the"
            " texts tested here: that labelling so many would win much is not to be seen."
        )
    return [as_message(message, n=found.fitted, target=found.target, ceiling=ceiling, left=ceiling - after)]


def _blame(found: Alignment, layer: int) -> list[Said]:
    """The usual reason of a loss, where it is present."""
    hurt = any(found.gain[found.at(method, layer)] < 0 for method in found.methods)
    if not hurt or found.shift < SHIFTED:
        return []
    return [
        as_message(
            N_(
                "The classes have other shares in {source} than in {target} (they differ by {shift:.0%}). "
                "Methods that lay one cloud of texts onto the other then lay some on those of another class."
            ),
            source=found.source, target=found.target, shift=found.shift,
        )
    ]  # fmt: skip


def _chosen(found: Alignment) -> list[Said]:
    """What one would have taken without labels of the target, and how that would have gone."""
    method, layer = found.chosen
    before = found.macro_f1[found.at(NONE, found.chosen_layer)]
    message = N_(
        "Without labels of {target} one would take {method} on layer {layer}, where its predictions are"
        " surest and most varied: macro-F1 {score:.3f}. No adaptation, on the layer chosen likewise"
        " ({plain}), gives {before:.3f}."
    )
    if method == NONE:
        message = N_(
            "Without labels of {target} one would adapt nothing, on layer {layer}, where predictions are"
            " surest and most varied: macro-F1 {score:.3f}."
        )
    return [
        as_message(
            message, target=found.target, method=as_message(METHODS[method].title), layer=layer,
            score=float(found.macro_f1[found.at(method, layer)]), plain=found.chosen_layer,
            before=float(before),
        )
    ]  # fmt: skip
