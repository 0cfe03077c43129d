"""What a transfer matrix says, in words, the most useful first; and what each choice of layers has seen."""

from __future__ import annotations

import numpy as np

from xfer_core.analysis.transfer import BEST, OTHERS, OWN, TFIDF, Best, Mean, Transfer
from xfer_core.i18n import N_, Said, as_message

CHOSEN = {
    OWN: N_("chosen by the source's own texts"),
    OTHERS: N_("chosen by the pairs without the target"),
    BEST: N_("best on the target's test texts"),
}
SEEN = {
    OWN: N_("For each pair the layer that reads held-out texts of the source best; no text of the target."),
    OTHERS: N_("For each target the layer that is best over all pairs without it; no text of the target."),
    BEST: N_(
        "For each pair the layer that reads the target's test texts best: it has looked at the answers."
    ),
}
"""Of a choice of layers: what it is called, and which labels it has looked at."""
BOUNDS = N_(
    "These bounds hold what other texts to test on would change, not what other texts to train on would: on "
    "the four-domain corpus leads vary twice as widely. The bounds of a universality profile hold both."
)
FIXED = N_("The same layer for every pair. To pick the best row of this table is to look at the answers.")


def said(found: Transfer) -> list[Said]:
    """Sentences as messages with their values."""
    means = {mean.how: mean for mean in found.means}
    if not means:
        return []
    if len(found.domains) == 1:
        return [as_message(_ONE_DOMAIN)]
    best = max((means[layer] for layer in found.layers), key=lambda mean: mean.macro_f1)
    result = [_travels(found, best), as_message(_FIRST, share=best.first)]
    result += [*_last(found, best, means[found.layers[-1]]), *_pairs(found)]
    chance = float(np.nanmean(found.chance)) if found.chance is not None else float("nan")
    words = means[TFIDF]
    result.append(as_message(_WORDS, score=words.macro_f1, low=words.low, high=words.high, chance=chance))
    if OWN in means:
        own = means[OWN]
        result.append(
            as_message(_CHOSEN, score=own.macro_f1, best=means[BEST].macro_f1, gap=own.gap, **_bounds(own))
        )
    rest = {mean.how: mean for mean in found.rest_means}
    if OWN in rest and OWN in means:
        result.append(as_message(_REST, rest=rest[OWN].macro_f1, one=means[OWN].macro_f1))
    return [*result, as_message(BOUNDS)]


_ONE_DOMAIN = N_(
    "The corpus has one domain, so nothing can travel: the numbers are of held-out texts of that domain."
)
_TRAVELS = N_(
    "Trained in one domain and tested in another, a probe on layer {layer} reaches a macro-F1 of "
    "{score:.2f} on average of {pairs} pairs (95% between {low:.2f} and {high:.2f})."
)
_FIRST = N_("With other texts to test on it would come first in {share:.0%} of draws.")
_LOSES = N_(
    "The last layer, which most tools use, reaches {score:.2f}: {lost:.3f} less (95% between {low:.3f} and "
    "{high:.3f})."
)
_UNSURE = N_(
    "The last layer, which most tools use, reaches {score:.2f}; with these texts {lost:.3f} more cannot be "
    "told from nothing (95% between {low:.3f} and {high:.3f})."
)
_LAST = N_("That is the last layer, which most tools use.")
_PAIRS = N_(
    "In {middle} of {pairs} pairs a middle layer reads the target better than the last one does; in {sure} "
    "of them so clearly that it is hardly chance (95%; the layer was picked with the test texts in view)."
)
_WORDS = N_(
    "Counting words (TF-IDF) reaches {score:.2f} (95% between {low:.2f} and {high:.2f}); guessing would give "
    "{chance:.2f}."
)
_CHOSEN = N_(
    "Without one label of the target, by the source's held-out texts, the layers chosen reach {score:.2f}; "
    "picked with the test texts in view, {best:.2f}. Labels of the target itself would add {gap:.2f} (95% "
    "between {low:.2f} and {high:.2f})."
)
_REST = N_(
    "Trained on all other domains together instead of one, the probes reach {rest:.2f} instead of {one:.2f}."
)


def _travels(found: Transfer, best: Mean) -> Said:
    return as_message(
        _TRAVELS, layer=best.how, score=best.macro_f1, low=best.low, high=best.high, pairs=len(found.pairs())
    )


def _last(found: Transfer, best: Mean, last: Mean) -> list[Said]:
    if best.how == last.how:
        return [as_message(_LAST)]
    message = _LOSES if best.lead_low > 0 else _UNSURE
    return [as_message(message, score=last.macro_f1, lost=best.lead, low=best.lead_low, high=best.lead_high)]


def _pairs(found: Transfer) -> list[Said]:
    summary = found.summary()
    if len(found.layers) < 3:
        return []
    ends = found.layers[0], found.layers[-1]
    sure = sum(_sure(each) for each in found.best() if not each.all_but and each.layer not in ends)
    return [as_message(_PAIRS, middle=summary.middle_above_last, pairs=summary.pairs, sure=sure)]


def _sure(best: Best) -> bool:
    return best.lead_low > 0


def _bounds(mean: Mean) -> dict[str, float]:
    return {"low": mean.gap_low, "high": mean.gap_high}
