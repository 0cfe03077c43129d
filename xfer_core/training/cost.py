"""What a strategy will cost before it starts: parameters that learn, seconds and memory; no torch to import.

Parameters are counted exactly, from the headers of the model's files (:mod:`~xfer_core.training.shape`).
Seconds are work divided by speed. A training step reads its layers forwards (1) and goes backwards (1 more
where only gradients pass through, 2 where weights learn); layers below the cached prefix cost nothing in a
step and were read once. That is why freezing saves less than its share of layers (users of transformers and
PEFT ask, transformers#600, peft#925): the backward pass still goes down to the lowest layer that learns.

The speed is this machine's (:mod:`~xfer_core.training.speed`): measured once by a few short real steps, then
drawn towards what each finished run took (:func:`learn`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.i18n import N_
from xfer_core.models import tokens
from xfer_core.models.adapter_kinds import added
from xfer_core.models.families import PACKED
from xfer_core.models.sources import Source
from xfer_core.settings import LIMITS
from xfer_core.tasks.baselines import STRENGTHS
from xfer_core.training import speed as machine
from xfer_core.training.checks import EVAL_BATCH, check_every, looked_at
from xfer_core.training.plans import Phase, Plan
from xfer_core.training.settings import FitConfig
from xfer_core.training.shape import Part, Shape, shape
from xfer_core.training.speed import Speed

COUNTED = 1_000
"""Texts whose tokens are counted; the rest is taken to be like them."""

_PADDED = 1.15
"""Tokens with padding to tokens without, where batches hold texts of like length."""
_OPTIMISER = 1.0e-9
"""Seconds to clip and update one parameter with AdamW (fused, two cores)."""
_SOLVED = 2.5e-8
"""Seconds of a logistic regression for each text, feature, class and strength that is tried."""


@dataclass(frozen=True)
class Cost:
    """A prediction. ``seconds`` are those of the fit, loading included, ``prefix_seconds`` a part of them.

    ``cached``: whether steps start from states that were computed once. ``note`` is a message: what to expect
    of this strategy's time that people do not expect.
    """

    trainable: int
    parameters: int
    seconds: float
    prefix_seconds: float
    memory_mb: float
    cached: bool
    note: str


@dataclass(frozen=True)
class Amount:
    """How much text there is: numbers of texts, tokens a text, and how long the attention of a token is."""

    train: int
    validation: int
    length: float
    reach: float
    longest: int


def predict(config: FitConfig, corpus: Corpus, source: Source, *, at_once: int = 1) -> Cost:
    """What a run of *config* on *corpus* will cost at most (it may stop early), of *at_once* side by side.

    Raises
    ------
    BadSetting
        If the strategy names layers that the model does not have.
    BadModel
        If its tokenizer cannot be read.
    """
    return _predicted(_Work.of(config, corpus, source, machine.known()), at_once=at_once)


def learn(
    config: FitConfig,
    corpus: Corpus,
    source: Source,
    seconds: float,
    *,
    steps: int | None = None,
    memory_mb: float | None = None,
    at_once: int = 1,
) -> None:
    """Draw the predictions for strategies of this kind towards what a run took.

    Parameters
    ----------
    seconds : float
        Of the fit, loading included, but without passes through the frozen layers: whether a run makes them
        or finds the states of an earlier one says nothing about its strategy.
    steps : int, optional
        Taken before it stopped early; None: all that were planned.
    memory_mb : float, optional
        The most memory its process held.
    at_once : int
        How many runs went side by side, each with its share of the threads.
    """
    work = _Work.of(config, corpus, source, replace(machine.known(), factors={}))
    plain = _predicted(work, steps)
    fixed = work.speed.start
    ratio = max(seconds - fixed, 0.1) / max(plain.seconds - plain.prefix_seconds - fixed, 0.1)
    extra = None if memory_mb is None else memory_mb - plain.memory_mb + work.speed.extra_mb
    machine.correct(kind(work.plan), ratio, extra, at_once)


def _predicted(work: _Work, steps: int | None = None, at_once: int = 1) -> Cost:
    factor = work.speed.factor(kind(work.plan), at_once)
    prefix = work.prefix() * work.speed.usual
    planned = work.config.planned_steps(work.texts.train) if steps is None else steps
    return Cost(
        trainable=trainable(work.plan, work.sizes, work.classes),
        parameters=parameters(work.plan, work.sizes, work.classes),
        seconds=work.speed.start + prefix + work.steps(planned) * factor,
        prefix_seconds=prefix,
        memory_mb=work.speed.base_mb + work.speed.extra_mb + work.memory_mb(),
        cached=work.plan.solver or bool(work.stored),
        note=_note(work.plan, whole=len(work.stored) == len(work.prefixes)),
    )


def kind(plan: Plan) -> str:
    """Strategies of a kind are mispredicted alike, so they share a factor."""
    if plan.solver:
        return "solver"
    if plan.adapter:
        return plan.adapter
    return "head" if plan.prefix == plan.depth else "layers"


def trainable(plan: Plan, sizes: Shape, classes: int) -> int:
    """How many numbers the run can change, head included."""
    if plan.solver:
        return len(plan.pooled) * sizes.hidden * classes + classes
    learnt = sizes.head(classes)
    for state, part in zip(plan.trained, sizes.parts, strict=True):
        learnt += _learnt(state, part, plan.adapter, sizes.hidden)
    if len(set(plan.trained[1:])) == 1:  # what all layers share learns only where all of them do
        learnt += _learnt(plan.trained[1], sizes.shared, "", sizes.hidden)
    return learnt + _learnt(plan.trained[-1], sizes.norm, "", sizes.hidden)


def parameters(plan: Plan, sizes: Shape, classes: int) -> int:
    """Of the model as it is saved: a solved head stands on the plain encoder, adapters have been merged."""
    if plan.solver:
        return sizes.body() + sizes.encoder_pooler + trainable(plan, sizes, classes)
    return sizes.parameters(classes)


def _learnt(state: str, part: Part, adapter: str, hidden: int) -> int:
    if state == "weights":
        return part.parameters
    if state == "biases":
        return part.biases
    return added(adapter, part.matrices, hidden) if state == "adapter" and adapter else 0


def amount(corpus: Corpus, source: Source, max_length: int) -> Amount:
    """Numbers of texts and their mean lengths, from a sample of the corpus."""
    lengths = np.minimum(_lengths(_Texts(corpus), source), min(max_length, source.max_positions))
    counts = corpus.frame["split"].value_counts()
    return Amount(
        train=int(counts.get("train", 0)),
        validation=min(int(counts.get("validation", 0)), LIMITS.validation_sample),
        length=float(lengths.mean()),
        reach=float((lengths.astype(float) ** 2).mean() / lengths.mean()),
        longest=int(lengths.max()),
    )


@dataclass(frozen=True)
class _Texts:
    """A corpus that is equal to another one of the same content, for the cache of lengths."""

    corpus: Corpus

    def __hash__(self) -> int:
        return hash(self.corpus.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Texts) and other.corpus.id == self.corpus.id


@lru_cache(maxsize=16)
def _lengths(texts: _Texts, source: Source) -> np.ndarray:
    every = -(-texts.corpus.n // COUNTED)
    return tokens.lengths(source, texts.corpus.frame["text"].iloc[::every].tolist())


@dataclass(frozen=True)
class _Work:
    """Seconds and bytes of one run at this machine's speed, before the learnt factor."""

    plan: Plan
    sizes: Shape
    texts: Amount
    config: FitConfig
    speed: Speed
    classes: int

    @classmethod
    def of(cls, config: FitConfig, corpus: Corpus, source: Source, speed: Speed) -> _Work:
        texts = amount(corpus, source, config.max_length)
        plan = config.parsed.plan(source.layers)
        return cls(plan, shape(source), texts, config, speed, len(corpus.label_names))

    @property
    def packed(self) -> bool:
        return self.sizes.family in PACKED

    @property
    def prefixes(self) -> frozenset[int]:
        """Layers whose states the phases would begin with."""
        return frozenset(phase.prefix for phase in self.plan.phases if phase.prefix is not None)

    @cached_property
    def stored(self) -> frozenset[int]:
        """Those of them that find room, on disk or in memory, the highest first."""
        room = sum(int(mb // self._layer_mb) for mb in (LIMITS.states_cache_mb, LIMITS.cached_states_mb))
        return frozenset(sorted(self.prefixes, reverse=True)[:room])

    @property
    def faster(self) -> float:
        return self.speed.bf16 if self.config.precision == "bf16" else 1.0

    def prefix(self) -> float:
        """The one pass through the frozen layers, or through all that a solver reads."""
        # A solver's pass gives the means of all layers.
        layers = self.plan.depth if self.plan.solver else max(self.stored, default=0)
        tokens = (self.texts.train + self.texts.validation) * self.texts.length
        return tokens * sum(self._layer(i) for i in range(layers)) / self._read

    def steps(self, steps: int) -> float:
        """All steps and the checks between them; of a solver, the solving."""
        if self.plan.solver:
            features = self.sizes.hidden * len(self.plan.pooled)
            return self.texts.train * features * self.classes * len(STRENGTHS) * _SOLVED
        return sum(
            self._phase(phase, steps * phase.share) for phase in self.plan.phases
        ) + self._checks(steps)  # fmt: skip

    def _phase(self, phase: Phase, steps: float) -> float:
        tokens = self.config.batch_size * self._length
        updates = trainable(self.plan, self.sizes, self.classes) if phase.prefix != self.plan.depth else 0
        return steps * (
            tokens * self.operations(phase) / (self.speed.train * self.faster)
            + updates * _OPTIMISER
            + self.speed.step
        )

    def operations(self, phase: Phase) -> float:
        """Floating-point operations of a training step, for each token."""
        lowest = next((i for i, state in enumerate(phase.parts) if state != "frozen"), None)
        start = self._start(phase)
        total = 0.0
        for layer in range(start, self.plan.depth):
            state, reached = phase.parts[layer + 1], lowest is not None and layer + 1 >= lowest
            backwards = 2.0 if state == "weights" else float(reached)
            total += self._layer(layer) * (1.0 + backwards)
            if state == "adapter":
                total += 6.0 * added(
                    self.plan.adapter, self.sizes.parts[layer + 1].matrices, self.sizes.hidden
                )
        return total

    def _start(self, phase: Phase) -> int:
        return phase.prefix if phase.prefix in self.stored else 0

    def _checks(self, steps: int) -> float:
        """Looking at the validation texts and a sample of the training texts, before the first step too."""
        texts = sum(looked_at(self.texts.train, self.texts.validation))
        checks = 1 + -(-steps // check_every(steps, self.config.batch_size, texts)) if steps else 1
        forward = sum(
            phase.share * sum(self._layer(layer) for layer in range(self._start(phase), self.plan.depth))
            for phase in self.plan.phases
        )
        return checks * texts * self._length * forward / self._read

    def _layer(self, layer: int) -> float:
        """Operations of one layer for one token, forwards."""
        h, last = self.sizes.hidden, layer == self.plan.depth - 1
        attention = 2.0 * self.texts.reach * h
        products = float(self.sizes.parts[layer + 1].products)
        if last and self.packed and self.sizes.reads_first_token and not self.plan.solver:
            # keys and values fold into the query of the one token that is read
            return 2.0 * (2.0 * self.sizes.heads * h + products / self.texts.length)
        return 2.0 * (products + attention)

    @property
    def _length(self) -> float:
        return self.texts.length * (1.0 if self.packed else _PADDED)

    @property
    def _read(self) -> float:
        return self.speed.read * self.faster

    @property
    def _layer_mb(self) -> float:
        """Of the states of one layer."""
        texts = self.texts.train + self.texts.validation
        return texts * self.texts.length * self.sizes.hidden * 4 / 2**20

    def memory_mb(self) -> float:
        """Weights, gradients and AdamW's two moments, what the backward pass needs, and the cached states."""
        learnt = trainable(self.plan, self.sizes, self.classes)
        if self.plan.solver:
            texts, layers = self.texts.train + self.texts.validation, len(self.plan.pooled)
            features = 3 * 8 * texts * layers * self.sizes.hidden  # kept, scaled, and the solver's copy
            return (4 * self.sizes.body() + features) / 2**20
        deepest = max(self._kept(phase) for phase in self.plan.phases)
        batch = self.config.batch_size * self._length * deepest
        reading = EVAL_BATCH * self.texts.longest * (6 * self.sizes.hidden + 2 * self.sizes.intermediate)
        weights = self.sizes.parameters(self.classes) + 3 * learnt
        return 4 * (weights + max(batch, reading)) / 2**20 + len(self.stored) * self._layer_mb

    def _kept(self, phase: Phase) -> float:
        """Numbers kept for the backward pass, for each token."""
        lowest = next((i for i, state in enumerate(phase.parts) if state != "frozen"), None)
        if lowest is None:
            return 0.0
        h, wide = self.sizes.hidden, self.sizes.intermediate
        layer = 12.0 * h + 4.0 * wide + 3.0 * self.sizes.heads * self.texts.reach
        return layer * (self.plan.depth - max(lowest - 1, 0))


def _note(plan: Plan, *, whole: bool) -> str:
    """*whole*: whether all states that could be computed once find room."""
    if plan.solver:
        return N_("One pass through the model, then a classifier on what it gave: seconds.")
    if not whole:
        return N_(
            "The states of the frozen layers are too large to keep, so these layers run at every step, with "
            "the same result."
        )
    if plan.prefix is None and len(plan.phases) > 1:
        return N_(
            "While lower layers rest, their states are reused; once the embeddings learn, a step runs the "
            "whole model."
        )
    if plan.prefix is None:
        return N_("The embeddings learn, so nothing can be computed beforehand: every step runs all layers.")
    if plan.prefix == plan.depth:
        return N_("All layers run once; every step after that is the head alone.")
    if plan.adapter:
        return N_(
            "Few parameters learn, but a step goes up and down through all layers: with a small model this "
            "takes about as long as full fine-tuning, or longer."
        )
    if plan.prefix == 0:
        return N_(
            "The lowest layer learns, so only the embeddings can be computed beforehand: every step goes up "
            "and down through all layers, however few parameters learn."
        )
    return N_(
        "The frozen layers below run once. Freezing saves less than its share of layers, for every step goes "
        "back down to the lowest layer that learns."
    )
