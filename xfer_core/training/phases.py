"""The phases of a plan in a running Trainer: which parts learn now, and where the model's forward begins."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from itertools import pairwise
from types import TracebackType
from typing import Any

from transformers import TrainerCallback, TrainerState

from xfer_core.models.freezing import select, split
from xfer_core.models.packing import packable
from xfer_core.models.states import LayerStates
from xfer_core.models.suffix import suffix
from xfer_core.training.fitted import ALL, NONE, SOME, TOO_LARGE
from xfer_core.training.optim import begins, ever_learning, phase_at
from xfer_core.training.plans import Plan


class Stages(TrainerCallback):
    """In the block, *model* is in the phase of the step; the Trainer tells the step.

    Where the states entering a phase's lowest layer that learns are known, the model begins there, and where
    its family allows, it runs without padding.
    """

    def __init__(self, model: Any, plan: Plan, states: Mapping[int, LayerStates], steps: int) -> None:
        self.model, self.plan, self.states = model, plan, states
        self.parts = split(model)
        self.learning = ever_learning(model, plan, self.parts)
        self.begins = begins(plan, steps)
        self._now = -1
        self._open = ExitStack()

    @property
    def last_begins(self) -> int:
        """The first step of the last phase."""
        return self.begins[-2]

    def left(self, step: int) -> float:
        """The steps after *step* in units of it: the deeper a phase goes back, the longer its steps take."""
        work = [0.3 + (self.plan.depth + 1 if p.prefix is None else self.plan.depth - p.prefix)
                for p in self.plan.phases]  # fmt: skip
        ahead = [end - max(begin, step) for begin, end in pairwise(self.begins)]
        now = work[phase_at(self.begins, step)]
        return sum(w * max(n, 0) for w, n in zip(work, ahead, strict=True)) / now

    def __enter__(self) -> Stages:
        self._enter(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def on_step_begin(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        self._enter(state.global_step)

    def _enter(self, step: int) -> None:
        phase = phase_at(self.begins, step)
        if phase == self._now:
            return
        self._open.close()
        select(self.model, self.plan.phases[phase].parts, self.parts)
        k = self.plan.phases[phase].prefix
        states = None if k is None else self.states.get(k)
        self._open.enter_context(suffix(self.model, k, states, packed=packable(self.model)))
        self._now = phase


def extent(plan: Plan, states: Mapping[int, LayerStates], steps: int) -> str:
    """How much of the run starts from cached states: a word, or the reason why nothing does."""
    bounds = begins(plan, steps)
    run = [phase for phase, a, b in zip(plan.phases, bounds, bounds[1:], strict=False) if b > a]
    prefixes = [phase.prefix for phase in run]
    cached = [prefix in states for prefix in prefixes]
    if all(cached):
        return ALL
    if any(cached):
        return SOME
    return NONE if all(prefix is None for prefix in prefixes) else TOO_LARGE
