"""The settings of a sweep, as data, and what a sweep is asked for: several strategies on one corpus."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import BUNDLED
from xfer_core.training import settings as training
from xfer_core.training.settings import FitConfig, Setting
from xfer_core.training.strategies import parse

KIND = "sweep"
WORKER = "xfer_core.sweep.worker"
"""The module that a run of kind ``sweep`` executes."""

GRID, ANSWER = "grid", "answer"
"""Modes: every strategy that was named; or shallow ones first, until more would not change the answer."""

LEAST_STEPS, EPOCHS = 400, 3
"""The budget of an arm, if the user sets none: as many passes, but no fewer steps.

Small data need steps, not passes (Zhang et al. 2021, arXiv 2006.05987: 400 steps or more).
"""

SHARED = ("model", "batch_size", "dropout", "max_length", "patience", "class_weights", "precision")
"""Settings of a training run that hold for every arm alike."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "seeds",
        "int",
        3,
        True,
        N_("Seeds"),
        N_("How many times each strategy is trained with its learning rate, each time with another seed."),
        N_("A surer mean and a truer spread, for more time."),
        N_("Three is the least that shows a spread; with fewer, a difference may be chance."),
        low=1,
        high=20,
    ),
    Setting(
        "lr_trials",
        "int",
        3,
        True,
        N_("Learning rates tried"),
        N_("How many learning rates each strategy may try; the validation texts choose one of them."),
        N_("A rate closer to the best one, for more time."),
        N_("The same number for every strategy: a strategy at another one's rate looks worse than it is."),
        low=1,
        high=9,
    ),
    Setting(
        "steps",
        "int",
        None,
        True,
        N_("Steps"),
        N_("How many times the weights are changed in every training of the comparison."),
        N_("More chances to learn; early stopping ends a training when nothing improves."),
        N_("Three passes, but 400 steps at least: few texts need more passes. The same for every strategy."),
        low=1,
        high=1_000_000,
    ),
    Setting(
        "second",
        "text",
        "",
        False,
        N_("Second corpus"),
        N_("Other texts with labels, on which is measured what the model forgets while it is tuned."),
        N_("Nothing else changes; a few seconds for each strategy."),
        N_("None: forgetting is then not measured."),
    ),
)


def default_strategies(depth: int) -> tuple[str, ...]:
    """What a model of *depth* layers is compared with if nobody names strategies, from shallow to deep."""
    middle = max(1, depth * 2 // 3)
    tops = [f"top-{layers}" for layers in sorted({1, 2, depth // 2}) if 0 < layers < depth]
    return (f"features-{middle}", "head", *tops, "freeze-0", "full", "lp-ft", "gradual", "bitfit", "lora")


def every_depth(depth: int) -> tuple[str, ...]:
    """The head, every number of layers from the top, all of them (freeze-0), and the embeddings as well."""
    return ("head", *(f"top-{layers}" for layers in range(1, depth)), "freeze-0", "full")


@dataclass(frozen=True)
class SweepConfig:
    """Settings that passed :func:`validate`.

    *strategies* are empty while the mode ``answer`` has not chosen any. *seed* is the first of ``seeds``
    seeds in a row; learning rates are tried with it. *second* is the id of a corpus, or empty. *steps* None:
    see :meth:`planned_steps`.
    """

    strategies: tuple[str, ...] = ()
    model: str = BUNDLED
    seeds: int = 3
    lr_trials: int = 3
    steps: int | None = None
    batch_size: int = 16
    dropout: float = 0.1
    max_length: int = 128
    patience: int = 15
    class_weights: bool = False
    precision: str = "fp32"
    second: str = ""
    mode: str = GRID
    seed: int = 0

    def planned_steps(self, texts: int) -> int:
        """Optimiser steps of every arm for *texts* training texts, before any early stop."""
        return self.steps or max(LEAST_STEPS, EPOCHS * -(-texts // self.batch_size))

    def fit(self, strategy: str, seed: int, learning_rate: float | None, texts: int) -> FitConfig:
        """The settings of one arm as those of a training run on *texts* training texts."""
        given = {name: getattr(self, name) for name in SHARED}
        own = {"strategy": strategy, "seed": seed, "learning_rate": learning_rate}
        return training.validate({**given, **own, "steps": self.planned_steps(texts)})


def validate(values: dict[str, Any]) -> SweepConfig:
    """Settings from a form, a link or a command line, checked; what is missing takes its default.

    ``strategies`` may be a list, or text with commas between the names; a name given twice counts once. The
    mode ``answer`` chooses its own. Keys that are no settings are ignored, so a sweep's whole ``config`` may
    be given.

    Raises
    ------
    BadSetting
        For the first value that is not what it should be.
    """
    strategies = training.strategy_names(values.get("strategies") or ())
    mode = values.get("mode") or GRID
    if mode not in (GRID, ANSWER):
        raise BadSetting(
            N_("There is no mode “{mode}” of a comparison."),
            N_("Choose grid or answer."),
            mode=str(mode)[:40],
        )
    if not strategies and mode == GRID:
        raise BadSetting(
            N_("No strategy was chosen."),
            N_("Name one at least, or several with commas between them, such as head,top-2,full."),
        )
    for name in strategies:
        parse(name)
    own = {setting.name: training.checked(setting, values.get(setting.name)) for setting in SETTINGS}
    fit = training.validate({name: values.get(name) for name in (*SHARED, "seed")})
    shared = {name: getattr(fit, name) for name in SHARED if hasattr(fit, name)}
    training.check_seeds(fit.seed, own["seeds"])
    return SweepConfig(strategies=strategies, mode=mode, seed=fit.seed, **shared, **own)


def request(config: SweepConfig, corpus_id: str) -> dict[str, Any]:
    """What a run of kind ``sweep`` keeps as its ``config``, enough to repeat it."""
    return {"corpus": corpus_id, **asdict(config)}


def command(config: SweepConfig, corpus_ref: str) -> str:
    """The ``xfer sweep`` or ``xfer report`` line that repeats it on ``corpus:NAME``, without defaults."""
    answer = config.mode == ANSWER
    parts = ["xfer", "report" if answer else "sweep", corpus_ref]
    parts += [] if answer else ["--strategies", ",".join(config.strategies)]
    plain = SweepConfig()
    flags = {setting.name: setting.flag for setting in (*SETTINGS, *training.SETTINGS)}
    for name, value in asdict(config).items():
        if name in ("strategies", "mode") or value == getattr(plain, name):
            continue
        if name == "second":
            value = f"corpus:{value}"
        parts += [flags[name]] if value is True else [flags[name], training.written(value)]
    return " ".join(shlex.quote(part) for part in parts)
