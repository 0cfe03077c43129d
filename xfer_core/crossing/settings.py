"""The settings of a crossing, as data: strategies tuned in every domain and read in every other.

Every strategy starts at its own default learning rate and takes the same number of steps in every domain: a
search of rates for each of them would multiply an hour by three and is what a comparison
(:mod:`xfer_core.sweep`) is for.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import BUNDLED
from xfer_core.settings import LIMITS
from xfer_core.training import settings as training
from xfer_core.training.settings import FitConfig, Setting
from xfer_core.training.strategies import parse

KIND = "crossing"
WORKER = "xfer_core.crossing.worker"
"""The module that a run of kind ``crossing`` executes."""

SHARED = ("model", "batch_size", "dropout", "max_length", "patience", "class_weights", "precision")
"""Settings of a training run that hold for every training alike."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "steps",
        "int",
        200,
        True,
        N_("Steps"),
        N_("How many times the weights are changed in every training."),
        N_("More chances to learn; early stopping ends a training when nothing improves."),
        N_("The same for every strategy and domain. 200 steps of 16 texts are some passes over a domain."),
        low=1,
        high=1_000_000,
    ),
    Setting(
        "seeds",
        "int",
        1,
        True,
        N_("Seeds"),
        N_("How many times every strategy is trained in every domain, each time with another seed."),
        N_("A surer mean, for more time."),
        N_("One shows the matrix; a difference of a few hundredths needs three."),
        low=1,
        high=20,
    ),
    Setting(
        "per_class",
        "int",
        LIMITS.transfer_texts_per_class,
        True,
        N_("Texts of each class and domain"),
        N_("At most so many are used: 60 % to learn from, 10 % to choose the step, 30 % to be tested."),
        N_("Surer numbers, for more time."),
        N_("The same texts are tested as by the probes, so both can be compared."),
        low=4,
        high=100_000,
    ),
    Setting(
        "all_but",
        "bool",
        False,
        True,
        N_("All but one domain too"),
        N_("Every strategy is also tuned on all domains but one, and read in that one."),
        N_("Twice the trainings."),
        N_("Off, since it doubles the time."),
    ),
)


def usual(depth: int) -> tuple[str, ...]:
    """What a model of *depth* layers is tried with if nobody names strategies."""
    return (f"features-{max(1, depth * 2 // 3)}", "head", f"top-{min(2, depth)}", "lora")


@dataclass(frozen=True)
class CrossConfig:
    """Settings that passed :func:`validate`. *seed* draws the texts and is the first of *seeds* in a row."""

    strategies: tuple[str, ...] = ()
    model: str = BUNDLED
    steps: int = 200
    seeds: int = 1
    per_class: int = LIMITS.transfer_texts_per_class
    all_but: bool = False
    batch_size: int = 16
    dropout: float = 0.1
    max_length: int = 128
    patience: int = 15
    class_weights: bool = False
    precision: str = "fp32"
    seed: int = 0

    def fit(self, strategy: str, seed: int) -> FitConfig:
        """The settings of one training as those of a training run."""
        given = {name: getattr(self, name) for name in SHARED}
        return training.validate({**given, "strategy": strategy, "seed": seed, "steps": self.steps})


def validate(values: dict[str, Any]) -> CrossConfig:
    """Settings from a form, a link or a command line, checked; what is missing takes its default.

    ``strategies`` may be a list, or text with commas between the names; a name given twice counts once. Keys
    that are no settings are ignored, so a run's whole ``config`` may be given.

    Raises
    ------
    BadSetting
        For the first value that is not what it should be.
    """
    strategies = training.strategy_names(values.get("strategies") or ())
    if not strategies:
        raise BadSetting(
            N_("No strategy was chosen."),
            N_("Name one at least, or several with commas between them, such as head,top-2,full."),
        )
    for name in strategies:
        parse(name)
    own = {setting.name: training.checked(setting, values.get(setting.name)) for setting in SETTINGS}
    fit = training.validate({name: values.get(name) for name in (*SHARED, "seed")})
    shared = {name: getattr(fit, name) for name in SHARED}
    training.check_seeds(fit.seed, own["seeds"])
    return CrossConfig(strategies=strategies, seed=fit.seed, **shared, **own)


def request(config: CrossConfig, corpus_id: str) -> dict[str, Any]:
    """What a run of kind ``crossing`` keeps as its ``config``, enough to repeat it."""
    return {"corpus": corpus_id, **asdict(config)}


def command(config: CrossConfig, corpus_ref: str) -> str:
    """The ``xfer transfer`` line that repeats it on ``corpus:NAME``; defaults are left out."""
    parts = ["xfer", "transfer", corpus_ref, "--strategies", ",".join(config.strategies)]
    plain = CrossConfig()
    flags = {setting.name: setting.flag for setting in (*training.SETTINGS, *SETTINGS)}
    for name, value in asdict(config).items():
        if name != "strategies" and value != getattr(plain, name):
            parts += [flags[name]] if value is True else [flags[name], training.written(value)]
    return " ".join(shlex.quote(part) for part in parts)
