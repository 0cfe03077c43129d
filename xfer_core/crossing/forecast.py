"""What a crossing will cost before it starts, by :mod:`~xfer_core.training.cost`; no torch."""

from __future__ import annotations

from dataclasses import dataclass

from xfer_core.crossing.ground import Ground
from xfer_core.crossing.settings import CrossConfig
from xfer_core.models.sources import Source
from xfer_core.training import cost, speed
from xfer_core.training.strategies import parse


@dataclass(frozen=True)
class Forecast:
    """Trainings in all, and their seconds at most: a training may stop early."""

    trainings: int
    seconds: float


def forecast(config: CrossConfig, ground: Ground, source: Source) -> Forecast:
    """One process does all trainings, so that it starts once and reads the frozen layers once."""
    start, count, seconds, prefix = speed.known().start, 0, speed.known().start, 0.0
    corpora = [ground.of(origin) for origin in ground.origins]
    for name in config.strategies:
        seeds = 1 if parse(name).solver else config.seeds  # a solver's further seeds are copies
        for corpus in corpora:
            one = cost.predict(config.fit(name, config.seed), corpus, source)
            prefix = max(prefix, one.prefix_seconds)
            seconds += seeds * max(one.seconds - one.prefix_seconds - start, 0.0)
            count += seeds
    return Forecast(count, seconds + prefix)
