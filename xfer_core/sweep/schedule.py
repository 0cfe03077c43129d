"""Which arms a sweep has, at which learning rates, and in which order: the rules of a fair comparison.

- Every strategy tries the same number of learning rates, from its own range, with the first seed; the
  validation texts choose. A head at the rate of full fine-tuning stays at chance, and such a comparison lies.
- Strategies of one group share a range. The first of them, the shallowest and so the cheapest, searches all
  of it; the deeper ones try the rate that won and its neighbours (the ranks of settings carry over from few
  trained layers to many: "Frozen Layers", arXiv 2504.10735).
- The arm that won stands for the first seed; every further seed is trained with its rate. Test texts are
  looked at for these arms only.
- A solver (``features-K``, ``mix``) takes no steps: its trials are strengths of regularisation, which it
  chooses on the validation texts itself, and there is no chance in it.

Pure functions: no files, no torch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from xfer_core.files import slug
from xfer_core.i18n import N_, Said, as_message
from xfer_core.sweep.results import Arm
from xfer_core.sweep.settings import SweepConfig
from xfer_core.tasks.baselines import STRENGTHS
from xfer_core.training.plans import Plan
from xfer_core.training.strategies import Strategy, parse


def distinct(names: Sequence[str], depth: int) -> tuple[tuple[str, ...], tuple[Said, ...]]:
    """The strategies from shallow to deep, without those that do the same to a model of *depth* layers.

    Returns the names, and a note ``{"message", "values"}`` for each one left out.

    Raises
    ------
    BadSetting
        If a strategy does not fit the model.
    """
    kept: dict[Plan, str] = {}
    notes = []
    # A head's own entry first: freeze-6 of six layers is the head too, but at the rates of layers.
    for name in sorted(names, key=lambda name: parse(name).group != "head"):
        plan = parse(name).plan(depth)
        if plan in kept:
            message = N_("{dropped} is the same as {kept} for a model of {depth} layers, so it was left out.")
            notes.append(as_message(message, dropped=name, kept=kept[plan], depth=depth))
        else:
            kept[plan] = name
    return tuple(sorted(kept.values(), key=lambda name: _rank(parse(name), depth))), tuple(notes)


def _rank(strategy: Strategy, depth: int) -> tuple[bool, int, int, str]:
    plan = strategy.plan(depth)
    return not plan.solver, plan.reach, len(plan.phases), strategy.name


def arms(strategies: Sequence[str], config: SweepConfig) -> tuple[Arm, ...]:
    """All arms of *strategies*, waiting; rates that another arm has yet to find are None."""
    found: list[Arm] = []
    for name in strategies:
        found += _arms(name, config, {arm.id for arm in found})
    return with_rates(tuple(found), config)


def _arms(name: str, config: SweepConfig, taken: set[str]) -> list[Arm]:
    stem = slug(name, 40)
    while f"{stem}-s{config.seed}" in taken or f"{stem}-r1" in taken:
        stem += "x"
    seeds = range(config.seed, config.seed + config.seeds)
    trials = [Arm(f"{stem}-r{i + 1}", name, config.seed, None, "trial") for i in range(config.lr_trials)]
    if parse(name).solver:
        trials = [Arm(f"{stem}-s{config.seed}", name, config.seed, None, "final")]
    return [*trials, *(Arm(f"{stem}-s{seed}", name, seed, None, "final") for seed in seeds[1:])]


def with_rates(arms: tuple[Arm, ...], config: SweepConfig, given_up: Collection[str] = ()) -> tuple[Arm, ...]:
    """The same arms with the learning rates that can be known by now; those set already stay.

    A strategy's trials wait for the first strategy of its group, unless that one ended without a choice;
    its finals wait for its own choice. Between the end of the last trial and the choice among them there is
    a while in which the winner is read and put away: then both still wait. Strategies whose winner got lost
    there are *given_up*.
    """
    by_name: dict[str, list[Arm]] = {}
    for arm in arms:
        by_name.setdefault(arm.strategy, []).append(arm)
    winners: dict[str, float | None] = {}  # of each group; None: still being looked for
    rates: dict[str, float | None] = {}
    for name, own in by_name.items():
        strategy = parse(name)
        if strategy.solver:
            continue
        trials = [arm for arm in own if arm.role == "trial"]
        winner = chosen(own)
        known = winners.get(strategy.group) if strategy.group in winners else 0.0
        if known is not None:
            tried = near(strategy, len(trials), known) if known else wide(strategy, len(trials))
            rates |= {arm.id: rate for arm, rate in zip(trials, tried, strict=True)}
        rates |= {arm.id: winner.learning_rate if winner else None for arm in own if arm.role == "final"}
        ended = all(arm.state not in ("waiting", "running") for arm in trials)
        over = name in given_up or (ended and choice(own) is None)
        if not winners.get(strategy.group) and (winner or not over):
            winners[strategy.group] = winner.learning_rate if winner else None
    return tuple(
        replace(arm, learning_rate=rates.get(arm.id)) if arm.learning_rate is None else arm for arm in arms
    )


def said_of_solvers(strategies: Sequence[str]) -> tuple[Said, ...]:
    """What their trials are instead of learning rates, if there are solvers among *strategies*."""
    solvers = [name for name in strategies if parse(name).solver]
    message = N_(
        "Without steps, and so without a learning rate: {strategies}. In place of rates {n} strengths of "
        "regularisation are tried, and the validation texts choose among them too."
    )
    return (as_message(message, strategies=solvers, n=len(STRENGTHS)),) if solvers else ()


def chosen(arms: Sequence[Arm]) -> Arm | None:
    """Of one strategy's arms the trial that was chosen."""
    return next((arm for arm in arms if arm.role == "trial" and arm.chosen), None)


def choice(arms: Sequence[Arm]) -> Arm | None:
    """Of one strategy's trials the best by macro-F1 on the validation texts, ties to the lower rate.

    None until all of them have ended, or if none of them came to its end.
    """
    trials = [arm for arm in arms if arm.role == "trial"]
    if any(arm.state in ("waiting", "running") for arm in trials):
        return None
    done = [arm for arm in trials if arm.state == "done" and arm.validation_macro_f1 is not None]
    return max(done, key=score, default=None)


def score(arm: Arm) -> tuple[float, float, float]:
    """What the validation texts say of an arm, to be compared."""
    return arm.validation_macro_f1 or 0.0, arm.validation_accuracy or 0.0, -(arm.learning_rate or 0.0)


def wide(strategy: Strategy, trials: int) -> tuple[float, ...]:
    """Learning rates over the whole range of *strategy*, evenly on a log scale; of one trial its default."""
    return (strategy.rate,) if trials == 1 else _between(strategy.rates, trials)


def near(strategy: Strategy, trials: int, winner: float) -> tuple[float, ...]:
    """*winner* and its neighbours on a ladder of half the step of :func:`wide`, within the same range."""
    if trials == 1:
        return (winner,)
    ladder = _between(strategy.rates, 2 * trials - 1)
    place = min(range(len(ladder)), key=lambda i: abs(ladder[i] / winner - 1))
    first = min(max(place - (trials - 1) // 2, 0), len(ladder) - trials)
    return ladder[first : first + trials]


def _between(rates: tuple[float, float], n: int) -> tuple[float, ...]:
    low, high = rates
    return tuple(float(f"{low * (high / low) ** (i / (n - 1)):.2g}") for i in range(n))


def seconds_left(arms: Sequence[Arm]) -> float | None:
    """Time for the arms that wait, at the predicted cost scaled by what the done ones took; None: unknown."""
    done = [
        (arm.seconds, arm.predicted_seconds)
        for arm in arms
        if arm.state == "done" and arm.seconds and arm.predicted_seconds
    ]
    measured, predicted = (sum(column) for column in zip(*done, strict=True)) if done else (1.0, 1.0)
    waiting = [arm.predicted_seconds for arm in arms if arm.state == "waiting"]
    if any(seconds is None for seconds in waiting):
        return None
    return sum(seconds or 0.0 for seconds in waiting) * measured / predicted
