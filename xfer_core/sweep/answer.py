"""The one-click answer: from cheap to dear, until trying more would not change the recommendation.

The ladder of depths has the head alone, then 1, 2, 4, … layers from the top, all layers, and at last the
embeddings as well. It is climbed rung by rung, on the evidence of the validation texts:

- The next rung gains no more than the last one did, and each further one half as much at most (deeper layers
  hold ever less that the task lacks; "Elsa", arXiv 1911.03090, finds a quarter of the layers to give nine
  tenths of the quality). If, by this bound, what is still above cannot be expected to beat the present choice
  by more than a hair beyond the margin of :mod:`~xfer_core.sweep.recommend`, the climb ends.
- A ladder that is flat *below* what a probe reads from the untuned model has not levelled off: its arms have
  not learnt yet what the states already hold (as with few texts, where half the layers may stay at chance).
  Then all layers are trained once, since nothing can be concluded.
- At the end, a depth between the choice and the next shallower rung is tried if it may well be as good.
"""

from __future__ import annotations

import numpy as np

from xfer_core.sweep.comparison import PROBE, TFIDF, Comparison, compare
from xfer_core.sweep.recommend import MARGIN, choose, margin
from xfer_core.sweep.results import Sweep

WORTH = MARGIN / 2
"""Macro-F1 that trying more must promise beyond the margin, in expectation, to be worth its time."""

FIRST = 3
"""Rungs that are climbed before anything is concluded."""

DRAWS = 1_000
"""Enough for an expectation."""


def next_strategies(sweep: Sweep) -> tuple[str, ...]:
    """What to try next, shallow before deep; empty when more would not change the recommendation.

    To be asked when all strategies so far are through; one that failed or was stopped counts as tried. The
    strategies of the sweep's configuration do not matter. Judged on the validation texts only.
    """
    if not sweep.depth:
        return ()
    tried = {arm.strategy for arm in sweep.arms}
    first = [name for name in _first(sweep) if name not in tried]
    if first:
        return tuple(first)
    comparison = compare(sweep, draws=DRAWS)
    choice = choose(comparison)
    if choice is None:
        return ()
    rung = _climb(sweep.depth, comparison, tried, choice.strategy)
    if rung is None:
        rung = _between(sweep.depth, comparison, tried, choice.strategy)
    return () if rung is None else (name_of(rung, sweep.depth),)


def ladder(depth: int) -> tuple[int, ...]:
    """The rungs climbed, as numbers of trained layers; depth + 1 is everything, with the embeddings."""
    return (0, *(2**i for i in range(depth.bit_length()) if 2**i < depth), depth, depth + 1)


def least(depth: int) -> tuple[str, ...]:
    """The strategies with steps that are tried at all events, the first rungs of the ladder."""
    return tuple(name_of(rung, depth) for rung in ladder(depth)[:FIRST])


def most(depth: int) -> tuple[str, ...]:
    """All that could be tried: the whole ladder, and the depths between its two highest numbers of layers."""
    rungs = ladder(depth)
    between = range(rungs[-3] + 1, depth) if len(rungs) > 2 else ()
    return tuple(name_of(rung, depth) for rung in sorted({*rungs, *between}))


def name_of(rung: int, depth: int) -> str:
    """The strategy that trains *rung* layers from the top: ``head``, ``top-N`` or ``full``."""
    return "head" if rung == 0 else "full" if rung > depth else f"top-{rung}"


def _first(sweep: Sweep) -> list[str]:
    """What takes seconds: a classifier on the best probed layer, the head, and the first rungs."""
    layers = sorted(sweep.probes, key=lambda probe: probe["validation_macro_f1"], reverse=True)
    features = [f"features-{layers[0]['layer']}"] if layers else []
    return [*features, *least(sweep.depth)]


def _climb(depth: int, comparison: Comparison, tried: set[str], chosen: str) -> int | None:
    """The next rung of the ladder, if something up there could change the choice."""
    seen = comparison.validation
    assert seen is not None
    rungs = ladder(depth)
    above = [rung for rung in rungs if rung > max(r for r in rungs if name_of(r, depth) in tried)]
    known = [rung for rung in range(depth + 2) if name_of(rung, depth) in seen.exact]
    if not above:
        return None
    if len(known) < 2:
        return above[0]
    last, before = (name_of(rung, depth) for rung in (known[-1], known[-2]))
    gain = np.maximum(seen.draws[last] - seen.draws[before], 0)
    reach = seen.draws[last] + (2 - 0.5 ** (len(above) - 1)) * gain
    if float(np.maximum(reach - seen.draws[chosen] - margin(seen, last, before), 0).mean()) > WORTH:
        return above[0]
    untuned = [name for name in seen.exact if name in (TFIDF, PROBE) or name.startswith("features-")]
    floor = max((seen.mean(name) for name in untuned), default=0.0)
    highest = max(seen.mean(name_of(rung, depth)) for rung in known)
    return max(above[0], depth) if highest <= floor else None


def _between(depth: int, comparison: Comparison, tried: set[str], chosen: str) -> int | None:
    """The shallowest depth between the choice and the next shallower rung that may well be as good.

    That is, if it gained two thirds of what a straight line between the two would leave to gain.
    """
    seen = comparison.validation
    rungs = {name_of(rung, depth): rung for rung in range(depth + 2)}
    if chosen not in rungs or seen is None:
        return None
    top = rungs[chosen]
    known = [rung for name, rung in rungs.items() if name in seen.exact and rung < top]
    if not known:
        return None
    below, high = max(known), seen.mean(chosen)
    low, lead = seen.mean(name_of(below, depth)), margin(seen, chosen, name_of(below, depth))
    for rung in range(below + 1, top):
        line = low + (high - low) * (rung - below) / (top - below)
        if line + 2 / 3 * (high - line) >= high - lead and name_of(rung, depth) not in tried:
            return rung
    return None
