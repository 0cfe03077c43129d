"""How many trainings of a sweep go side by side, and with how many threads each; no torch.

Small models do not fill several cores: of 1,000 tweets, MiniLM with three frozen layers learns in 17.7 s with
two threads, and two processes of one thread each do it twice in 19.8 s, 1.8 times the throughput.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.sources import Source
from xfer_core.sweep import answer
from xfer_core.sweep.settings import SweepConfig
from xfer_core.training import cost

HANDS = "XFER_HANDS"
"""The environment's word on how many trainings go side by side at most."""
SHARE = 0.7
"""Of the memory that is free, what trainings side by side may take."""
NVIDIA = Path("/dev/nvidia0")


@dataclass(frozen=True)
class Crew:
    """*hands* train side by side, with *threads* each; with one hand the threads are those of torch."""

    hands: int = 1
    threads: int = 1


def crew(config: SweepConfig, corpus: Corpus, source: Source) -> Crew:
    """The crew for a sweep of *config* on this machine, as it is now.

    Raises
    ------
    BadSetting
        If a strategy does not fit the model.
    """
    cores, texts = _cores(), corpus.part("train").n
    together = max(config.lr_trials, config.seeds - 1)
    asked = os.environ.get(HANDS, "")
    if asked.isdigit():
        hands = min(max(int(asked), 1), together)
    else:
        names = config.strategies or answer.most(source.layers)
        arm_mb = max(
            cost.predict(config.fit(name, config.seed, None, texts), corpus, source).memory_mb
            for name in names
        )
        free_mb = psutil.virtual_memory().available / 2**20
        hands = most(together, cores, free_mb, arm_mb, card=_card())
    return Crew(hands, max(cores // hands, 1))


def most(together: int, cores: int, free_mb: float, arm_mb: float, *, card: bool) -> int:
    """Hands worth having: *together* trainings can go at once, each takes *arm_mb* at most.

    One with a graphics *card*, which a single training keeps busy and whose memory is not asked for here.
    """
    if card:
        return 1
    return max(1, min(together, cores, int(SHARE * free_mb / arm_mb)))


def _cores() -> int:
    """As torch counts them: what the user allows, else the physical cores that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    allowed = os.cpu_count() or 1
    with suppress(AttributeError):  # not on every system
        allowed = len(os.sched_getaffinity(0))
    return min(allowed, psutil.cpu_count(logical=False) or allowed)


def _card() -> bool:
    """Whether torch would train on a graphics card, as far as can be told without it."""
    return NVIDIA.exists() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")
