"""What a crossing says, in words, and its cells as rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from xfer_core.analysis.transfer import OWN, Transfer
from xfer_core.crossing.results import Crossing
from xfer_core.i18n import N_, Said, as_message

_BEST = N_(
    "Of the strategies, {strategy} works best in other domains than the one it was tuned in: macro-F1 "
    "{score:.2f} on average of {pairs} pairs (95% between {low:.2f} and {high:.2f})."
)
_RIVALS = N_(
    "With these texts that cannot be told from chance (95%, the same texts for all) for: {strategies}."
)
_REST = N_(
    "Tuned on all other domains together, {strategy} reaches most: {rest:.2f} (95% between {low:.2f} and "
    "{high:.2f})."
)
_OTHER = N_("Within the domain it was tuned in, {strategy} is best: {score:.2f}.")
_SAME = N_("Within the domain it was tuned in it is best too: {score:.2f}.")
_LOST = N_("Moving to another domain costs {least} least ({low:.2f}) and {most} most ({high:.2f}).")
_PROBE = N_(
    "A probe on the untuned model, on the layer chosen without the target, reaches {score:.2f} on the same "
    "texts (95% between {low:.2f} and {high:.2f}), in seconds."
)
_SEEDS = N_("One seed each: differences of a few hundredths may be chance; three seeds would show it.")


def said(found: Crossing, probes: Transfer | None = None) -> list[Said]:
    """Sentences as messages with their values, the most useful first; none while nothing is known."""
    across = [each for each in found.across if each.pairs]
    if not across:
        return []
    best = max(across, key=lambda each: each.macro_f1)
    result = [
        as_message(
            _BEST, strategy=best.strategy, score=best.macro_f1, pairs=best.pairs, low=best.low, high=best.high
        )
    ]
    rivals = [each for each in across if each is not best and each.behind_low <= 0]
    if rivals:
        result.append(as_message(_RIVALS, strategies=[each.strategy for each in rivals]))
    within = [each for each in found.across if each.own]
    if within:
        own = max(within, key=lambda each: each.own_macro_f1)
        message = _SAME if own.strategy == best.strategy else _OTHER
        result.append(as_message(message, strategy=own.strategy, score=own.own_macro_f1))
    known = sorted((each for each in across if not np.isnan(each.gap)), key=lambda each: each.gap)
    if len(known) > 1:
        result.append(
            as_message(
                _LOST, least=known[0].strategy, low=known[0].gap, most=known[-1].strategy, high=known[-1].gap
            )
        )
    for mean in probes.means if probes else ():
        if mean.how == OWN:
            result.append(as_message(_PROBE, score=mean.macro_f1, low=mean.low, high=mean.high))
    rest = max((each for each in across if not np.isnan(each.rest)), key=lambda each: each.rest, default=None)
    if rest is not None:
        result.append(
            as_message(_REST, strategy=rest.strategy, rest=rest.rest, low=rest.rest_low, high=rest.rest_high)
        )
    if found.config.seeds < 3:
        result.append(as_message(_SEEDS))
    return result


def cells(found: Crossing) -> list[dict[str, Any]]:
    """One row a strategy, source and target that is known, plain JSON values."""
    size, rows = len(found.domains), []
    for k, s, u in np.argwhere(~np.isnan(found.macro_f1)):
        at = int(k), int(s), int(u)
        spread = float(found.spread[at])
        rows.append(
            {
                "strategy": found.strategies[k],
                "source": found.domains[s % size],
                "all_but": bool(s >= size),
                "target": found.domains[u],
                "macro_f1": float(found.macro_f1[at]),
                "low": float(found.low[at]),
                "high": float(found.high[at]),
                "n": int(found.tested[u]),
                "gap": _plain(found.gap[at]),
                "gap_low": _plain(found.gap_low[at]),
                "gap_high": _plain(found.gap_high[at]),
                "seeds": int(found.seeds[k, s]),
                "spread": None if np.isnan(spread) else spread,
            }
        )
    return rows


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
