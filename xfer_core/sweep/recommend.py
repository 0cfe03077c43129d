"""What to use, why, what speaks against it, and what it would cost to be surer.

The validation texts choose; the test texts, which chose nothing, say how good the choice is. Chosen is the
cheapest of those that lie within a margin of the best and cannot be told from it by the paired bootstrap. The
margin is .01, a lead that is not worth a training several times longer; or one standard error of the
difference, where texts are so few that it is larger: then that lead may well be luck (the rule of one
standard error, Breiman et al. 1984, *Classification and Regression Trees*, 3.4.3).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, floor, inf, log10
from statistics import NormalDist
from typing import Any

import numpy as np

from xfer_core.analysis.resampling import CONFIDENCE
from xfer_core.i18n import Said, as_message
from xfer_core.sweep import words
from xfer_core.sweep.comparison import PROBE, REFERENCES, TFIDF, Comparison, Row, compare
from xfer_core.sweep.resampling import Resampled
from xfer_core.sweep.results import Sweep
from xfer_core.training.strategies import parse

MARGIN = 0.01
"""Macro-F1 that is not worth a longer training, however many texts."""

POWER = 0.8
"""How often a difference that is there should be found."""

FEW_SEEDS, FEW_TEXTS, FEW_OF_A_CLASS = 3, 200, 10


@dataclass(frozen=True)
class Choice:
    """What the validation texts choose: *strategy*, beside the *best* in mean and the *runner_up* to it.

    *level* is the share of resamples that must agree for one comparison, so that all together err in 5 %.
    """

    strategy: str
    best: str
    runner_up: str
    compared: int
    level: float


@dataclass(frozen=True)
class Need:
    """What it takes to tell two apart: test *texts* in all and *seeds* of each, for a *difference*."""

    difference: float
    texts: int
    seeds: int


@dataclass(frozen=True)
class Recommendation:
    """*strategy* is a name or ``tfidf``; *arm* is the one to keep as a model.

    For TF-IDF, *arm* is that of the best tuned strategy, so that there is a model all the same; empty if
    there is none. *reasons*, *doubts* and *surer* are sentences, ``{"message": msgid, "values": {…}}``.
    """

    strategy: str
    arm: str
    best: str
    rival: str
    reasons: tuple[Said, ...]
    doubts: tuple[Said, ...]
    surer: tuple[Said, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values, with the whole as English text in ``sentence``."""
        return {**asdict(self), "sentence": words.said((*self.reasons, *self.doubts, *self.surer))}


def recommend(sweep: Sweep, comparison: Comparison | None = None) -> Recommendation | None:
    """The recommendation so far; None while nothing can be compared."""
    comparison = comparison or compare(sweep)
    choice = choose(comparison)
    if choice is None or comparison.test is None:
        return None
    rival = choice.runner_up if choice.strategy == choice.best else choice.best
    tuned = max(comparison.rows, key=lambda row: row.validation_macro_f1)
    keep = tuned if choice.strategy == TFIDF else comparison.row(choice.strategy)
    scores = {arm.id: arm.validation_macro_f1 or 0.0 for arm in sweep.arms}
    return Recommendation(
        strategy=choice.strategy,
        arm=max(keep.arms, key=lambda arm: scores[arm]),
        best=choice.best,
        rival=rival,
        reasons=tuple(_reasons(comparison, choice, rival)),
        doubts=tuple(_doubts(sweep, comparison, choice, rival)),
        surer=tuple(_surer(comparison, choice, rival)) if rival else (),
    )


def choose(comparison: Comparison) -> Choice | None:
    """The choice of the validation texts alone; None while no strategy is through."""
    seen = comparison.validation
    if seen is None or not comparison.rows:
        return None
    names = [row.strategy for row in comparison.rows]
    names += [name for name in comparison.references if name == TFIDF and name in seen.exact]
    ranked = sorted(names, key=seen.mean, reverse=True)
    best, level = ranked[0], sure_level(len(names))
    near = [
        name
        for name in names
        if seen.mean(best) - seen.mean(name) <= margin(seen, best, name)
        and seen.better(best, name).probability < level
    ]
    return Choice(
        strategy=min({best, *near}, key=lambda name: (_price(comparison, name), name)),
        best=best,
        runner_up=ranked[1] if len(ranked) > 1 else "",
        compared=len(names),
        level=level,
    )


def margin(seen: Resampled, a: str, b: str) -> float:
    """How far apart in macro-F1 the two may lie for the cheaper one to be preferred."""
    return max(MARGIN, seen.error(a, b))


def sure_level(compared: int) -> float:
    """Share of resamples that must agree, one-sided, when one is compared with all others (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(1, compared - 1)


def errors_apart(level: float) -> float:
    """Standard errors a difference must be away from zero to be sure at *level* in four of five cases."""
    return NormalDist().inv_cdf(level) + NormalDist().inv_cdf(POWER)


def need(comparison: Comparison, a: str, b: str, level: float = CONFIDENCE) -> Need:
    """Test texts and seeds that tell *a* and *b* apart, if they differ as measured, or by `MARGIN` if less.

    The variance of their difference has a share that falls with the number of texts (from the bootstrap over
    texts alone) and one that falls with the number of seeds. As few seeds as leave half of what is allowed
    to the texts are taken, then as few texts as are needed.
    """
    test = comparison.test
    assert test is not None
    difference = max(abs(test.mean(a) - test.mean(b)), MARGIN)
    allowed = (difference / errors_apart(level)) ** 2
    by_chance = [name for name in (a, b) if test.spread(name) > 0]
    of_seeds = sum(test.of_seed(name) for name in by_chance)
    now = min((len(test.exact[name]) for name in by_chance), default=1)
    seeds = max(now, ceil(2 * of_seeds / allowed)) if by_chance else now
    texts = test.n * test.of_texts(a, b) / (allowed - of_seeds / seeds)
    return Need(difference, _rounded(texts), seeds)


def _reasons(comparison: Comparison, choice: Choice, rival: str) -> list[Said]:
    seen, row = comparison.validation, comparison.row(choice.strategy)
    assert seen is not None and comparison.test is not None
    best, message = comparison.row(choice.best), words.CHEAPER
    if choice.strategy == TFIDF:
        message = words.WORDS
        if choice.best == TFIDF:
            best, message = max(comparison.rows, key=lambda each: seen.mean(each.strategy)), words.WORDS_BEST
    elif choice.strategy == choice.best:
        message = words.BEST
    values = {"n": seen.n, "strategy": _named(choice.strategy), "score": row.validation_macro_f1,
              "margin": _margin(seen, choice.best, choice.strategy), "seeds": _drawn(row),
              "k": choice.compared, "best": _named(best.strategy), "best_score": best.validation_macro_f1,
              "seconds": row.seconds or 0.0, "best_seconds": best.seconds or 0.0}  # fmt: skip
    reasons = [as_message(message, **values)]
    values = {"n": comparison.test.n, "strategy": _named(choice.strategy), "score": row.macro_f1,
              "low": row.low, "high": row.high, "spread": row.spread}  # fmt: skip
    reasons.append(as_message(words.ON_TEST if row.spread > 0 else words.ON_TEST_FIXED, **values))
    for other in _others(comparison, choice, rival):
        if comparison.better(choice.strategy, other).probability >= choice.level:
            reasons.append(as_message(words.SURELY, **_against(comparison, choice.strategy, other)))
    return reasons


def _doubts(sweep: Sweep, comparison: Comparison, choice: Choice, rival: str) -> list[Said]:
    # The gravest first: the page shows that one beside the advice.
    doubts = [*_contradictions(comparison, choice), *_probe_ahead(sweep, comparison, choice)]
    for other in _others(comparison, choice, rival):
        found = comparison.better(choice.strategy, other)
        if 1 - choice.level < found.probability < choice.level:
            message = words.NOT_TOLD if other == rival else words.PERHAPS
            doubts.append(as_message(message, **_against(comparison, choice.strategy, other)))
    if choice.compared > 2:
        doubts.append(as_message(words.SEVERAL, k=choice.compared, level=choice.level))
    if any(row.spread > 0 or row.seeds == 1 for row in comparison.rows) and sweep.config.seeds < FEW_SEEDS:
        doubts.append(as_message(words.FEW_SEEDS))
    least = int(np.bincount(sweep.validation_truth, minlength=len(sweep.label_names)).min())
    if len(sweep.validation_truth) < FEW_TEXTS or least < FEW_OF_A_CLASS:
        doubts.append(as_message(words.FEW_TEXTS, n=len(sweep.validation_truth), least=least))
    through = {row.strategy for row in comparison.rows}
    if missing := sorted({arm.strategy for arm in sweep.arms} - through):
        doubts.append(as_message(words.MISSING, names=missing))
    doubts += _unequal(sweep, comparison)
    return [*doubts, as_message(words.ONE_DIVISION)]


def _unequal(sweep: Sweep, comparison: Comparison) -> list[Said]:
    """The strategies of which something failed or was stopped, but not all of it."""
    config = sweep.config
    lost = {arm.strategy for arm in sweep.arms if arm.state in ("failed", "stopped", "skipped")}
    names = [
        as_message(
            words.ENDED, strategy=row.strategy, trials=row.trials, seeds=row.seeds,
            planned_trials=row.trials if parse(row.strategy).solver else config.lr_trials,
            planned_seeds=config.seeds,
        )
        for row in comparison.rows
        if row.strategy in lost
    ]  # fmt: skip
    return [as_message(words.UNEQUAL, names=names)] if names else []


def _contradictions(comparison: Comparison, choice: Choice) -> list[Said]:
    """The strategy that the test texts find surely better than the chosen one, the clearest if several."""
    names = [row.strategy for row in comparison.rows] + [TFIDF] * (TFIDF in comparison.references)
    against = {
        name: comparison.better(name, choice.strategy).probability
        for name in names
        if name != choice.strategy
    }
    clearest = max(against, key=lambda name: against[name], default="")
    if not clearest or against[clearest] < choice.level:
        return []
    return [as_message(words.CONTRADICTED, **_against(comparison, clearest, choice.strategy, other=clearest))]


def _probe_ahead(sweep: Sweep, comparison: Comparison, choice: Choice) -> list[Said]:
    """The untuned probe, where it reads better than the chosen one: no advice may pass over it."""
    layer = sweep.references.get(PROBE, {}).get("layer")
    seen, test = comparison.validation, comparison.test
    if layer is None or seen is None or test is None or PROBE not in seen.exact:
        return []
    features = f"features-{layer}"
    if choice.strategy == features:
        return []
    if features not in seen.exact and seen.mean(PROBE) > seen.mean(choice.strategy):
        return [as_message(words.PROBE_AHEAD, layer=layer, score=seen.mean(PROBE))]
    if PROBE in test.exact and test.mean(PROBE) > test.mean(choice.strategy):
        found = comparison.better(PROBE, choice.strategy)
        return [as_message(words.PROBE_ON_TEST, layer=layer, **asdict(found))]
    return []


def _surer(comparison: Comparison, choice: Choice, rival: str) -> list[Said]:
    strategy, test = choice.strategy, comparison.test
    assert test is not None
    found = need(comparison, strategy, rival, choice.level)
    now = max(len(test.exact[name]) for name in (strategy, rival))
    both = {"a": _named(strategy), "b": _named(rival), "difference": found.difference}
    more_seeds = found.seeds > now
    if found.texts <= test.n and not more_seeds:
        return [as_message(words.ENOUGH, now=test.n, seeds=now, **both)]
    message = words.SMALLEST if found.difference <= MARGIN else words.MEASURED
    surer = [as_message(message, texts=max(found.texts, test.n), now=test.n, **both)]
    if more_seeds:
        seconds = sum(
            comparison.row(name).seconds or 0.0 for name in (strategy, rival) if test.spread(name) > 0
        )
        minutes = max(1.0, (found.seeds - now) * seconds / 60)
        surer.append(as_message(words.MORE_SEEDS, seeds=found.seeds, now=now, minutes=minutes))
    return surer


def _others(comparison: Comparison, choice: Choice, rival: str) -> list[str]:
    """What the chosen one is measured against on the test texts: word counts and its rival."""
    others = [TFIDF] if TFIDF in comparison.references and choice.strategy != TFIDF else []
    return others + ([rival] if rival and rival not in others else [])


def _against(comparison: Comparison, a: str, b: str, other: str = "") -> dict[str, Any]:
    found = comparison.better(a, b)
    return {"other": _named(other or b), **asdict(found)}


def _drawn(row: Row) -> int:
    """Seeds that chance was in: of a solver the further ones are copies of the first."""
    fixed = row.strategy in REFERENCES or parse(row.strategy).solver
    return 1 if fixed else row.seeds


def _price(comparison: Comparison, name: str) -> float:
    """Seconds of one training; word counts come first, what was not measured last."""
    if name == TFIDF:
        return 0.0
    seconds = comparison.row(name).seconds
    return inf if seconds is None else seconds


def _margin(seen: Resampled, a: str, b: str) -> str | Said:
    found = margin(seen, a, b)
    return as_message(words.ONE_ERROR, margin=found) if found > MARGIN else f"{MARGIN:.2f}"


def _named(key: str) -> str | Said:
    return as_message(words.NAMES[key]) if key in words.NAMES else key


def _rounded(number: float) -> int:
    """Up to two digits, since no more are known."""
    step = 10 ** max(0, floor(log10(max(number, 1))) - 1)
    return ceil(number / step) * step
