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
    "Bounds hold what other texts to train on and to test on would change; in rows of all but one domain, "
    "only other texts to test on."
)
FIXED = N_("The same layer for every pair. To pick the best row of this table is to look at the answers.")


def short(found: Transfer) -> list[Said]:
    """The headline, and against what it stands, as messages with their values."""
    words = {mean.how: mean for mean in found.means}[TFIDF]
    chance = float("nan") if found.chance is None else float(np.nanmean(found.chance))
    reference = as_message(_WORDS, score=words.macro_f1, low=words.low, high=words.high, chance=chance)
    return [*found.ranking.words, *_pairs(found), reference]


def said(found: Transfer) -> list[Said]:
    """Every sentence."""
    means, rest = ({mean.how: mean for mean in each} for each in (found.means, found.rest_means))
    result = short(found)
    if OWN in means:
        own = means[OWN]
        result.append(
            as_message(_CHOSEN, score=own.macro_f1, best=means[BEST].macro_f1, gap=own.gap, **_bounds(own))
        )
    if OWN in rest and OWN in means:
        result.append(as_message(_REST, rest=rest[OWN].macro_f1, one=means[OWN].macro_f1))
    return [*result, as_message(BOUNDS)]


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
