"""The settings of a training run, as data: one entry serves form, command line, help text and check alike."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import BUNDLED
from xfer_core.settings import LIMITS
from xfer_core.training.strategies import STRATEGIES, Strategy, parse

STRATEGY = "top-2"
"""The default strategy, of any model: few layers train fast, and the head alone reads a [CLS] state that
models trained with mean pooling, such as the bundled one, never learnt to fill."""

WORKER = "xfer_core.training.worker"
"""The module that a run of kind ``train`` executes."""


@dataclass(frozen=True)
class Setting:
    """One thing the user may choose. *title*, *does*, *raising* and *reason* are messages.

    A default of None means "decided by the program", as *reason* explains. *low* and *high* are inclusive.
    *basic* settings come first in a form; the others may be folded away.
    """

    name: str
    kind: Literal["int", "float", "bool", "choice", "text"]
    default: Any
    basic: bool
    title: str
    does: str
    raising: str
    reason: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The option of ``xfer train`` that sets it."""
        return "--" + self.name.replace("_", "-")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "model",
        "text",
        BUNDLED,
        True,
        N_("Model"),
        N_("The pretrained model that is tuned."),
        N_("Larger models read better and train more slowly."),
        N_("The bundled MiniLM has 6 layers, needs no network and trains on an ordinary processor."),
    ),
    Setting(
        "strategy",
        "choice",
        STRATEGY,
        True,
        N_("Strategy"),
        N_("Which part of the model learns, when, and how fast."),
        N_("The more layers learn, the longer training takes and the further the model can adapt."),
        N_("The top two layers and the head: a fair balance of time and quality to start from."),
        choices=tuple(STRATEGIES),
    ),
    Setting(
        "learning_rate",
        "float",
        None,
        True,
        N_("Learning rate"),
        N_("How far every step moves the weights, at its highest (10 % warm-up, then falling to zero)."),
        N_("Faster learning, until it becomes unstable and the loss jumps or turns into NaN."),
        N_("By strategy: a new head needs a higher rate than pretrained layers, or it stays at chance."),
        low=1e-7,
        high=1.0,
    ),
    Setting(
        "epochs",
        "float",
        None,
        True,
        N_("Epochs"),
        N_("How many times training goes through all training texts."),
        N_("More chances to learn, and to learn by heart; early stopping ends it when nothing improves."),
        N_(
            "By strategy and size: a few passes, but some hundred steps at least, for few texts need "
            "more passes."
        ),
        low=0.01,
        high=1_000,
    ),
    Setting(
        "steps",
        "int",
        None,
        False,
        N_("Steps"),
        N_("How many times the weights are changed; set this or the epochs, not both."),
        N_("The same as more epochs."),
        N_("Counted from the epochs unless you set it."),
        low=1,
        high=1_000_000,
    ),
    Setting(
        "batch_size",
        "int",
        16,
        False,
        N_("Batch size"),
        N_("How many texts are read before the weights change once."),
        N_("Steadier but fewer steps, and more memory."),
        N_("16 is the usual size for models of this kind and few texts."),
        low=1,
        high=512,
    ),
    Setting(
        "dropout",
        "float",
        0.1,
        False,
        N_("Dropout"),
        N_("The share of signals switched off at random while training, in the layers that learn."),
        N_("Less learning by heart, slower learning."),
        N_("0.1 is what these models were pretrained with. Frozen layers run without dropout."),
        low=0.0,
        high=0.9,
    ),
    Setting(
        "max_length",
        "int",
        128,
        False,
        N_("Longest text, in tokens"),
        N_("Longer texts are cut here; how many are cut is always said."),
        N_("Less is cut, and training takes longer."),
        N_("128 tokens are about 90 English words: whole tweets, sentences and short reviews."),
        low=4,
        high=LIMITS.max_length,
    ),
    Setting(
        "patience",
        "int",
        15,
        False,
        N_("Patience"),
        N_("Training stops after this many checks on the validation texts without a better macro-F1."),
        N_("Fewer early stops, more time spent for nothing."),
        N_(
            "A run is checked 10 to 30 times, and its end, with small steps, is often its best part. "
            "0 switches early stopping off."
        ),
        low=0,
        high=1_000,
    ),
    Setting(
        "class_weights",
        "bool",
        False,
        False,
        N_("Class weights"),
        N_("Rare classes count more, so that every class has the same weight in the loss."),
        N_("Rare classes are found more often, at the cost of false alarms."),
        N_("Off, so that losses compare between runs; worth trying when one class is three times another."),
    ),
    Setting(
        "precision",
        "choice",
        "fp32",
        False,
        N_("Number precision"),
        N_("How exactly numbers are multiplied: with 24 bits (fp32) or with 8 (bf16)."),
        N_("bf16 is faster on processors and graphics cards made for it, and slower on others."),
        N_("fp32 runs everywhere and repeats to the last digits."),
        choices=("fp32", "bf16"),
    ),
    Setting(
        "seed",
        "int",
        0,
        False,
        N_("Seed"),
        N_(
            "Start of the random numbers: head, order of texts, dropout. The same seed gives the "
            "same numbers."
        ),
        N_("Another seed is another draw; three seeds show how much of a difference is chance."),
        N_("Any number does."),
        low=0,
        high=2**31 - 1,
    ),
)


@dataclass(frozen=True)
class FitConfig:
    """Settings that passed :func:`validate`. None in a field: decided by the program, see the methods."""

    model: str = BUNDLED
    strategy: str = STRATEGY
    learning_rate: float | None = None
    epochs: float | None = None
    steps: int | None = None
    batch_size: int = 16
    dropout: float = 0.1
    max_length: int = 128
    patience: int = 15
    class_weights: bool = False
    precision: str = "fp32"
    seed: int = 0
    task: str = "classification"

    @property
    def parsed(self) -> Strategy:
        return parse(self.strategy)

    @property
    def rate(self) -> float:
        """The peak learning rate: the user's, or the strategy's default."""
        return self.parsed.rate if self.learning_rate is None else self.learning_rate

    def planned_steps(self, texts: int) -> int:
        """Optimiser steps of the run for *texts* training texts, before any early stop; of a solver 0."""
        if self.parsed.solver:
            return 0
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return max(1, math.ceil(self.epochs * -(-texts // self.batch_size)))
        return self.parsed.budget(texts, self.batch_size)


def validate(values: dict[str, Any]) -> FitConfig:
    """Settings from a form, a link or a command line, checked; what is missing takes its default.

    Numbers may come as text. Keys that are no settings are ignored, so a run's whole ``config`` may be given.

    Raises
    ------
    BadSetting
        For the first value that is not what it should be, naming the setting and its range.
    """
    found = {setting.name: checked(setting, values.get(setting.name)) for setting in SETTINGS}
    parse(found["strategy"])
    if found["epochs"] is not None and found["steps"] is not None:
        raise BadSetting(N_("Epochs and steps are both set."), N_("Set one of the two."))
    task = values.get("task") or "classification"
    return FitConfig(**found, task=task)


def checked(setting: Setting, value: Any) -> Any:
    """*value* as *setting* wants it, its default where nothing was given; raises BadSetting."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return setting.default
    if setting.kind in ("text", "choice"):
        text = str(value).strip()
        if setting.kind == "choice" and setting.name != "strategy" and text not in setting.choices:
            raise BadSetting(
                N_("{name} is {value}."),
                N_("Choose one of {choices}."),
                name=setting.name, value=text[:40], choices=list(setting.choices),
            )  # fmt: skip
        return text
    if setting.kind == "bool":
        return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "true", "yes", "on")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (setting.kind == "int" and number != int(number)):
        raise BadSetting(
            N_("{name} is {value}, which is not a whole number.")
            if setting.kind == "int"
            else N_("{name} is {value}, which is not a number."),
            name=setting.name,
            value=str(value)[:40],
        )
    low = -math.inf if setting.low is None else setting.low
    high = math.inf if setting.high is None else setting.high
    if not low <= number <= high:
        raise BadSetting(
            N_("{name} is {value}."),
            N_("Choose a value from {low} to {high}."),
            name=setting.name,
            value=spelt(number),
            low=spelt(low),
            high=spelt(high),
        )
    return int(number) if setting.kind == "int" else number


def strategy_names(given: str | Sequence[Any]) -> tuple[str, ...]:
    """Names in a list, or in a text with commas between them, each once; none is checked.

    ``layers-e,1,6`` has commas of its own: none parts names before an ``e`` or a number.
    """
    if isinstance(given, str):
        given = re.split(r",(?!(?:e|[0-9]+)(?:,|$))", given.replace(" ", ""))
    return tuple(dict.fromkeys(name.strip() for name in map(str, given) if name.strip()))


def check_seeds(first: int, seeds: int) -> None:
    """The last of *seeds* seeds is one too; else a training would find that out in the middle.

    Raises
    ------
    BadSetting
        If it is larger than a seed may be.
    """
    most = next(setting.high for setting in SETTINGS if setting.name == "seed")
    if most is not None and first + seeds - 1 > most:
        raise BadSetting(
            N_("The last of {seeds} seeds from {first} on is larger than {most}."),
            N_("Begin with a smaller seed."),
            seeds=seeds, first=first, most=int(most),
        )  # fmt: skip


def spelt(number: float) -> str:
    """A number in a sentence: 1,000,000 and 3e-05, not 1e+06."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"


def request(config: FitConfig, corpus_id: str) -> dict[str, Any]:
    """What a run of kind ``train`` keeps as its ``config``, enough to repeat it."""
    return {"corpus": corpus_id, **asdict(config)}


def command(config: FitConfig, corpus_ref: str) -> str:
    """The ``xfer train`` line that repeats a run on ``corpus:NAME``; defaults are left out."""
    parts = ["xfer", "train", corpus_ref]
    for setting in SETTINGS:
        value = getattr(config, setting.name)
        if value == setting.default and setting.name != "strategy":
            continue
        parts += [setting.flag] if setting.kind == "bool" else [setting.flag, written(value)]
    return " ".join(shlex.quote(part) for part in parts)


def written(value: Any) -> str:
    """A setting's value as a command line has it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
