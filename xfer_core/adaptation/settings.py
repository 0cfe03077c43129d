"""What an adaptation by training is asked for, as data; no torch to import."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, fields
from typing import Any

from xfer_core.adaptation.methods import METHODS, SOURCE_ONLY, Method, parse
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import BUNDLED
from xfer_core.training import settings as training
from xfer_core.training.settings import STRATEGY, FitConfig, Setting

__all__ = ["FLAGS", "KIND", "METHODS", "SETTINGS", "SOURCE_ONLY", "WORKER", "AdaptConfig", "Method",
           "command", "request", "validate"]  # fmt: skip

KIND = "adaptation"
WORKER = "xfer_core.adaptation.worker"
"""The module that a run of kind ``adaptation`` executes."""

SHARED = ("model", "strategy", "learning_rate", "batch_size", "dropout", "max_length", "precision", "seed")
"""Settings of a training run that hold for every method alike."""

LEAST_STEPS, EPOCHS = 300, 3
"""Of every training, if the user sets none: as many passes over the source, but no fewer steps."""

BEST = "best"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "steps",
        "int",
        None,
        True,
        N_("Steps"),
        N_("How many times the weights are changed in the training of every method."),
        N_("More chances to learn, and to drift; the step kept is the best on source validation texts."),
        N_("Three passes over the source, but 300 steps at least. The same for every method."),
        low=1,
        high=1_000_000,
    ),
    Setting(
        "weight",
        "float",
        1.0,
        False,
        N_("Weight of the adaptation"),
        N_("How much the domains count beside the labels, for DANN and MMD, once it has grown to its full."),
        N_("Domains are told apart less, and labels perhaps too."),
        N_(
            "1: for MMD as it is, for DANN a tenth of the reversed gradient, since all of it breaks tuned"
            " layers; it grows from 0 as in Ganin et al. 2016."
        ),
        low=0.0,
        high=100.0,
    ),
    Setting(
        "pretrain_steps",
        "int",
        200,
        False,
        N_("Steps of continued pretraining"),
        N_("How many batches of masked words are guessed with all layers learning."),
        N_("The model becomes more at home in the texts, and forgets more of what it was tuned for."),
        N_("200, which a small model does in minutes on an ordinary processor."),
        low=1,
        high=1_000_000,
    ),
    Setting(
        "head_steps",
        "int",
        200,
        False,
        N_("Steps for a new head for words"),
        N_("A model that brings no head for words learns one first, while its layers stay as they are."),
        N_("A better head, so that the layers are pulled about less by a bad one."),
        N_("200; unused where the model brings its own."),
        low=0,
        high=1_000_000,
    ),
    Setting(
        "pretrain_on",
        "choice",
        "both",
        False,
        N_("Texts of continued pretraining"),
        N_("Whether the masked texts are the target's alone, or those of both domains."),
        N_("Both domains: the model stays at home in the source."),
        N_("Both, as in Han & Eisenstein 2019."),
        choices=("both", "target"),
    ),
    Setting(
        "rounds",
        "int",
        2,
        False,
        N_("Rounds of self-training"),
        N_("How many times target texts are labelled by the model and learnt from."),
        N_("More target texts are believed, and more mistakes among them."),
        N_("Two: the second corrects what the first believed too soon."),
        low=1,
        high=10,
    ),
    Setting(
        "confidence",
        "float",
        0.9,
        False,
        N_("Confidence of self-training"),
        N_("A target text's own label is believed from this probability on."),
        N_("Fewer texts and fewer mistakes among them."),
        N_("0.9, a usual choice; tuned models are surer than they should be."),
        low=0.0,
        high=1.0,
    ),
    Setting(
        "keep",
        "choice",
        BEST,
        False,
        N_("Model that is kept"),
        N_("Which method's model the run leaves for Classify."),
        N_("Best: the one that reads the source validation texts best, as no other labels may be used."),
        N_("Best; name a method if you know better."),
        choices=(BEST, *METHODS),
    ),
)

FLAGS: tuple[Setting, ...] = (
    *SETTINGS,
    *(each for each in training.SETTINGS if each.name in SHARED),
)
"""Everything that ``xfer adapt`` takes besides table, domains and method."""


@dataclass(frozen=True)
class AdaptConfig:
    """Settings that passed :func:`validate`; *source* and *target* are names of domains of the corpus.

    *methods* always hold :data:`SOURCE_ONLY`. *steps* and *learning_rate* None: see :meth:`planned_steps`
    and the strategy.
    """

    source: str
    target: str
    methods: tuple[str, ...]
    model: str = BUNDLED
    strategy: str = STRATEGY
    learning_rate: float | None = None
    steps: int | None = None
    batch_size: int = 16
    dropout: float = 0.1
    max_length: int = 128
    precision: str = "fp32"
    weight: float = 1.0
    pretrain_steps: int = 200
    head_steps: int = 200
    pretrain_on: str = "both"
    rounds: int = 2
    confidence: float = 0.9
    keep: str = BEST
    seed: int = 0

    def planned_steps(self, texts: int) -> int:
        """Optimiser steps of every training, for *texts* labelled texts of the source."""
        return self.steps or max(LEAST_STEPS, EPOCHS * -(-texts // self.batch_size))

    def fit(self, texts: int) -> FitConfig:
        """The settings of one training on *texts* texts; no early stop, as many steps for all."""
        given = {name: getattr(self, name) for name in SHARED}
        own = {"steps": self.planned_steps(texts), "patience": 0}
        return training.validate({**given, **own})


def validate(values: dict[str, Any]) -> AdaptConfig:
    """Settings from a form, a link or a command line, checked; what is missing takes its default.

    ``methods`` (or ``method``) may be a list, or text with commas between the names. Keys that are no
    settings are ignored, so a run's whole ``config`` may be given.

    Raises
    ------
    BadSetting
        For the first value that is not what it should be.
    """
    source, target = (str(values.get(name) or "").strip() for name in ("source", "target"))
    if not source or not target:
        raise BadSetting(
            N_("Source and target domain are not both named."),
            N_("Name a domain with labels as the source and another one as the target."),
        )
    if source == target:
        raise BadSetting(
            N_("Source and target are the same domain, “{name}”."),
            N_("Choose another target."),
            name=source[:80],
        )
    methods = parse(values.get("methods") or values.get("method") or ())
    if methods == (SOURCE_ONLY,):
        raise BadSetting(
            N_("No way to adapt was chosen."),
            N_("Choose among {methods}."),
            methods=[name for name in METHODS if name != SOURCE_ONLY],
        )
    own = {setting.name: training.checked(setting, values.get(setting.name)) for setting in SETTINGS}
    fit = training.validate({name: values.get(name) for name in SHARED})
    if fit.parsed.solver:
        raise BadSetting(
            N_("The strategy “{name}” solves a regression on fixed features, so there is nothing to adapt."),
            N_("Choose one that trains, such as {usual}."),
            name=fit.strategy, usual=STRATEGY,
        )  # fmt: skip
    if own["keep"] not in (BEST, *methods):
        raise BadSetting(
            N_("The model of “{name}” is to be kept, which is not among the methods chosen."),
            N_("Choose it too, or keep the best."),
            name=own["keep"],
        )
    shared = {name: getattr(fit, name) for name in SHARED}
    return AdaptConfig(source=source, target=target, methods=methods, **shared, **own)


def request(config: AdaptConfig, corpus_id: str) -> dict[str, Any]:
    """What a run of kind ``adaptation`` keeps as its ``config``, enough to repeat it."""
    return {"corpus": corpus_id, **asdict(config)}


def command(config: AdaptConfig, corpus_ref: str) -> str:
    """The ``xfer adapt`` line that repeats it on ``corpus:NAME``; defaults are left out."""
    flags = {setting.name: setting.flag for setting in FLAGS}
    parts = ["xfer", "adapt", corpus_ref, "--source", config.source, "--target", config.target]
    parts += ["--method", ",".join(name for name in config.methods if name != SOURCE_ONLY)]
    for each in fields(config):
        value = getattr(config, each.name)
        if each.name in ("source", "target", "methods") or value == each.default:
            continue
        parts += [flags[each.name], training.written(value)]
    return " ".join(shlex.quote(part) for part in parts)
