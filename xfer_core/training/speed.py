"""How fast this machine is, measured once by short real steps and corrected by what finished runs took."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from xfer_core.files import read_json, write_json
from xfer_core.i18n import N_
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.progress import Report, silent
from xfer_core.settings import home
from xfer_core.training.shape import shape

BATCH, LENGTH = 16, 32
TRIES = 3
_LEAST_WEIGHT = 0.3
"""Of a new run against all before it: machines and programs change."""
_CROWDED = 0.2
"""How a training slows down beside others: with *n* at once on all cores each takes n^0.2 times as long as
alone (two processes of one thread each on two cores: 1.12 to 1.15 times as long as one of two threads)."""
_FARTHEST = 20.0
"""What is predicted is never moved by more than this factor: a run that slept tells nothing."""


@dataclass(frozen=True)
class Speed:
    """Operations a second (a multiplication and an addition are two), seconds of a step, and of a start.

    Attributes
    ----------
    train, read : float
        In a training step, and forwards alone.
    bf16 : float
        How many times as fast a step is in bfloat16.
    base_mb : float
        What a process with torch and the Trainer holds before there is a model.
    factors, runs : dict
        By kind of strategy: what runs took over what was predicted, and how many there were. Of runs side by
        side under a key of their own, ``"layers@2"``, for what they took says nothing of a run alone.
    extra_mb : float
        What runs needed beyond what was predicted.
    measured : bool
        Whether this machine was measured; until then these are the numbers of an ordinary laptop.
    """

    train: float = 6e10
    read: float = 9e10
    bf16: float = 1.0
    step: float = 0.010
    start: float = 2.0
    base_mb: float = 700.0
    extra_mb: float = 0.0
    factors: dict[str, float] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    measured: bool = False

    def factor(self, kind: str, at_once: int = 1) -> float:
        """The factor of *kind* with *at_once* runs side by side.

        Of a kind not met yet, the geometric mean of the others; of one not met side by side, what it takes
        alone, and longer by as much as runs side by side usually do.
        """
        alone = self.factors.get(kind, self.usual)
        return alone if at_once == 1 else self.factors.get(_key(kind, at_once), alone * at_once**_CROWDED)

    @property
    def usual(self) -> float:
        """What runs of all kinds, each alone, took over what was predicted."""
        alone = [factor for key, factor in self.factors.items() if "@" not in key]
        return statistics.geometric_mean(alone) if alone else 1.0

    @property
    def bf16_pays(self) -> bool | None:
        """Whether a step in bfloat16 is quicker here than in float32; None where that was not measured."""
        return self.bf16 > 1.0 if self.measured else None


def _key(kind: str, at_once: int) -> str:
    return kind if at_once == 1 else f"{kind}@{at_once}"


def known() -> Speed:
    """What is known of this machine; the defaults where nothing is, or the file cannot be read."""
    try:
        kept = read_json(_file())
        names = {each.name for each in fields(Speed)}
        speed = Speed(**{name: value for name, value in kept.items() if name in names})
        sound = all(each > 0 for each in (speed.train, speed.read, speed.bf16, *speed.factors.values()))
    except (OSError, ValueError, TypeError, AttributeError):
        return Speed()
    return speed if sound else Speed()


def correct(kind: str, ratio: float, extra_mb: float | None = None, at_once: int = 1) -> Speed:
    """Move the factor of *kind* towards *ratio*: measured seconds over those predicted without any factor.

    With *at_once* runs side by side: the factor of such runs.
    """
    speed, key = known(), _key(kind, at_once)
    n = speed.runs.get(key, 0)
    weight = max(1 / (n + 2), _LEAST_WEIGHT)  # the prediction before any run counts as one
    ratio = min(max(ratio, 1 / _FARTHEST), _FARTHEST)
    moved = math.exp((1 - weight) * math.log(speed.factor(kind, at_once)) + weight * math.log(ratio))
    memory = speed.extra_mb if extra_mb is None else (1 - weight) * speed.extra_mb + weight * extra_mb
    speed = replace(
        speed, factors={**speed.factors, key: moved}, runs={**speed.runs, key: n + 1}, extra_mb=memory
    )
    write_json(_file(), asdict(speed))
    return speed


def calibrate(model: str = BUNDLED, report: Report = silent) -> Speed:
    """Measure this machine by some training steps of *model* on random tokens; a few seconds, in the engine.

    The corrections by earlier runs start anew, for they were corrections of other numbers.
    """
    import torch

    from xfer_core.models.load import load

    report(0.0, N_("Measuring this machine"))
    source = resolve(model)
    sizes = shape(source)
    tuned, _ = load(source, "classifier", label_names=("a", "b"))
    device = tuned.device
    tuned.train()
    tuned.config.use_cache = False
    vocabulary = tuned.config.vocab_size
    ids = torch.randint(5, vocabulary, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0)).to(device)
    labels = torch.zeros(BATCH, dtype=torch.int64, device=device)

    def step() -> None:
        tuned.zero_grad()
        tuned(input_ids=ids, labels=labels).loss.backward()

    def half_step() -> None:
        with torch.autocast(device.type, torch.bfloat16):
            loss = tuned(input_ids=ids, labels=labels).loss
        loss.backward()

    def look() -> None:
        with torch.no_grad():
            tuned(input_ids=ids)

    work = BATCH * LENGTH * sum(2.0 * (p.products + 2.0 * LENGTH * sizes.hidden) for p in sizes.parts[1:])
    wait = torch.cuda.synchronize if device.type == "cuda" else _nothing
    full = _seconds(step, wait)
    report(0.6, N_("Measuring this machine"))
    reading, half = (
        _seconds(look, wait),
        _seconds(half_step, wait, tries=1),
    )  # half may be slow, and is coarse
    speed = Speed(train=3 * work / full, read=work / reading, bf16=max(full / half, 0.1), measured=True)
    write_json(_file(), asdict(speed))
    return speed


def _seconds(once: Callable[[], None], wait: Callable[[], Any], tries: int = TRIES) -> float:
    once()
    times = []
    for _ in range(tries):
        began = time.perf_counter()
        once()
        wait()
        times.append(time.perf_counter() - began)
    return min(times)  # what else ran meanwhile says nothing of the machine


def _nothing() -> None:
    """A processor has done its work when a call returns."""


def _file() -> Path:
    return home() / "cache" / "speed.json"
