"""The optimiser of a run of phases: groups for all that will ever learn, and a schedule for each phase.

A Trainer left alone takes into its optimiser what learns at the start, so that whatever thaws later never
moves. Here every parameter that any phase trains has its place from the beginning; while it is frozen it has
no gradient, and AdamW passes over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from transformers import Trainer, TrainingArguments
from transformers.trainer_pt_utils import get_parameter_names

from xfer_core.models.adapter_kinds import ADAPTERS
from xfer_core.models.freezing import Parts, select
from xfer_core.training.plans import Plan

_WITHOUT_DECAY = [
    r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)",
    *(rf"(?:^|\.){kind.prefix}" for kind in ADAPTERS.values() if not kind.decayed),
]  # fmt: skip
"""As the Trainer has it, biases and norms are not drawn towards zero; nor are adapters whose neutral is 1."""


def ever_learning(model: Any, plan: Plan, parts: Parts) -> dict[str, nn.Parameter]:
    """All parameters that learn in any phase of *plan*, by their names in the whole *model*.

    Leaves *model* as its last phase wants it.
    """
    found: set[str] = set()
    for phase in plan.phases:
        select(model, phase.parts, parts)
        found |= {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    return {name: parameter for name, parameter in model.named_parameters() if name in found}


def optimiser(
    args: TrainingArguments, model: Any, plan: Plan, parts: Parts, learning: Mapping[str, nn.Parameter]
) -> torch.optim.Optimizer:
    """The Trainer's own optimiser over *learning*, one group for each factor of ``plan.rates`` and decay."""
    factors: dict[nn.Parameter, float] = {}
    for module, _, part in parts.named(plan.trained):
        factors |= dict.fromkeys(module.parameters(), plan.rates[part])
    decayed = set(get_parameter_names(model, [nn.LayerNorm], _WITHOUT_DECAY))
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in learning.items():
        key = factors.get(parameter, plan.rates[-1]), args.weight_decay if name in decayed else 0.0
        groups.setdefault(key, []).append(parameter)
    kind, options = Trainer.get_optimizer_cls_and_kwargs(args)
    return kind(
        [
            {"params": members, "lr": args.learning_rate * factor, "weight_decay": decay}
            for (factor, decay), members in groups.items()
        ],
        **options,
    )


def begins(plan: Plan, steps: int) -> list[int]:
    """The first step of each phase, and *steps* at the end; a phase may be too short to have any."""
    share, found = 0.0, [0]
    for phase in plan.phases:
        share += phase.share
        found.append(round(share * steps))
    return [*found[:-1], steps]


def phase_at(bounds: Sequence[int], step: int) -> int:
    """The phase of a *step*, where *bounds* are what :func:`begins` gave."""
    return max(i for i in range(len(bounds) - 1) if bounds[i] <= step or i == 0)


def schedule(optimizer: torch.optim.Optimizer, plan: Plan, steps: int) -> LambdaLR:
    """In every phase 10 % warm-up, then linear to zero, at the phase's rate."""
    bounds = begins(plan, steps)

    def factor(step: int) -> float:
        phase = phase_at(bounds, step)
        length, done = bounds[phase + 1] - bounds[phase], step - bounds[phase]
        warm = -(-length // 10)
        rise = done / warm if done < warm else (length - done) / max(length - warm, 1)
        return plan.phases[phase].rate * max(rise, 0.0)

    return LambdaLR(optimizer, factor)
