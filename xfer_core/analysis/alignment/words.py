"""What bridging two domains did, in words: harm as plainly as gain."""

from __future__ import annotations

import numpy as np

from xfer_core.analysis.alignment.methods import METHODS, NONE
from xfer_core.analysis.alignment.pairs import Pairs
from xfer_core.analysis.alignment.result import Alignment
from xfer_core.i18n import N_, Said, as_message

SHIFTED = 0.1
"""Difference of class shares (half the sum of absolute differences) from which it is blamed for a loss."""


def said(found: Alignment, method: str, layer: int) -> tuple[Said, ...]:
    """What *method* did on *layer*, whom it hurt, and how far the target's own labels would lead; of a target
    without labels, what one would choose."""
    if not found.scored:
        return _unscored(found)
    first = [_result(found, method, layer)] if method != NONE else []
    rest = _others(found, layer), _room(found, method, layer), _blame(found, layer), _chosen(found)
    return (*first, *(each for part in rest for each in part))


def over_all(found: Pairs, layer: int) -> tuple[Said, ...]:
    """Which method hurts least over all pairs, and whether any gains on average."""
    best, place = found.hurts_least(layer), found.layers.index(layer)
    row = found.methods.index(best)
    mean, worst = float(found.mean()[row, place]), float(found.worst()[row, place])
    message = N_(
        "Over all {pairs} pairs {method} hurts least on layer {layer}: it changes macro-F1 by {mean:+.3f}"
        " on average, and by {worst:+.3f} in its worst pair."
    )
    said = as_message(
        message, pairs=len(found.pairs), method=as_message(METHODS[best].title), layer=layer, mean=mean,
        worst=worst,
    )  # fmt: skip
    if mean > 0:
        return (said,)
    means = np.where([m == NONE for m in found.methods], -np.inf, found.mean()[:, place])
    if means.max() <= 0:
        return said, as_message(N_("On average every method loses: here it is best to adapt nothing."))
    most = found.methods[int(means.argmax())]
    return said, as_message(
        N_("On average {method} gains most ({mean:+.3f}), but it loses more in its worst pair."),
        method=as_message(METHODS[most].title), mean=float(means.max()),
    )  # fmt: skip


def _unscored(found: Alignment) -> tuple[Said, ...]:
    """What is left to say where the target has no labels."""
    method, layer = found.chosen
    nothing = N_(
        "No text of {target} has a label, so nothing can be scored there: whether a method helps or hurts is"
        " not known until some of them are labelled."
    )
    choice = N_(
        "Without labels one would take {method} on layer {layer}, where its predictions for {target} are"
        " surest and most varied: a hint, not a measurement."
    )
    title = as_message(METHODS[method].title)
    return (
        as_message(nothing, target=found.target),
        as_message(choice, target=found.target, method=title, layer=layer),
    )


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
    return [
        as_message(
            message, n=found.ceiling_trained, target=found.target, ceiling=ceiling, left=ceiling - after
        )
    ]


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
