"""What a comparison will cost before it starts, by :mod:`~xfer_core.training.cost`; no torch.

The sweep starts once, and the frozen layers are read once for all arms, so neither is charged to every arm.
Trials of one strategy run side by side where the machine has room, and so do its further seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.sources import Source
from xfer_core.sweep import answer, schedule
from xfer_core.sweep.check import with_biases
from xfer_core.sweep.comparison import trained_layers
from xfer_core.sweep.crew import crew
from xfer_core.sweep.settings import GRID, SweepConfig
from xfer_core.training import cost, speed
from xfer_core.training.strategies import parse

ADDED = "features-K"
"""Of the classifier that a comparison adds by itself, on the layer that is probed best: not known before."""


@dataclass(frozen=True)
class Strategic:
    """One strategy's part: layers and parameters that learn, *arms*, seconds of one of them, MB at most.

    *rounds*: how many arms run one after the other, each with others at its side.
    """

    strategy: str
    layers: int
    trainable: int
    arms: int
    seconds: float
    memory_mb: float
    rounds: int


@dataclass(frozen=True)
class Forecast:
    """*shared* seconds are those of the start and of reading the frozen layers, once for all."""

    rows: tuple[Strategic, ...]
    shared: float

    @property
    def arms(self) -> int:
        return sum(row.arms for row in self.rows)

    @property
    def seconds(self) -> float:
        return self.shared + sum(row.rounds * row.seconds for row in self.rows)


def forecast(config: SweepConfig, corpus: Corpus, source: Source) -> Forecast:
    """At most: an arm may stop early, and the classifier on the layer probed best may be among the chosen.

    Raises
    ------
    BadSetting
        If a strategy does not fit the model.
    """
    given, _ = with_biases(config.strategies, source)
    names, _ = schedule.distinct(given, source.layers)
    arms = schedule.arms(names, config)
    texts, start = len(corpus.part("train").frame), speed.known().start
    rows, prefixes, hands = [], [0.0], crew(config, corpus, source).hands
    for name in names:
        solver = parse(name).solver
        at_once = 1 if solver else hands
        one = cost.predict(config.fit(name, config.seed, None, texts), corpus, source, at_once=at_once)
        prefixes.append(one.prefix_seconds)
        # A solver has no chance in it: its further seeds are copies of the first.
        count = 1 if solver else sum(arm.strategy == name for arm in arms)
        rounds = 1 if solver else -(-config.lr_trials // hands) + -(-(config.seeds - 1) // hands)
        own = max(one.seconds - one.prefix_seconds - start, 0.0)
        layers = trained_layers(name, source.layers)
        rows.append(Strategic(name, layers, one.trainable, count, own, one.memory_mb, rounds))
    every = {f"features-{layer}" for layer in range(source.layers + 1)}
    if config.mode == GRID and not every <= set(names):
        # costs as much on one layer as on another
        last = cost.predict(config.fit(f"features-{source.layers}", config.seed, None, texts), corpus, source)
        own = max(last.seconds - last.prefix_seconds - start, 0.0)
        prefixes.append(last.prefix_seconds)
        rows.append(Strategic(ADDED, 0, last.trainable, 1, own, last.memory_mb, 1))
    return Forecast(tuple(rows), start + max(prefixes))


def of_answer(config: SweepConfig, corpus: Corpus, source: Source) -> tuple[Forecast, Forecast]:
    """Of the one-click answer: the least it tries (shallow is enough), and the most."""
    return tuple(  # type: ignore[return-value]
        forecast(replace(config, strategies=names), corpus, source) for names in _ends(source.layers)
    )


def _ends(depth: int) -> Sequence[tuple[str, ...]]:
    # Which layer is probed best is not known yet; a classifier on one costs as much as on another.
    features = f"features-{depth}"
    return (features, *answer.least(depth)), (features, *answer.most(depth))
