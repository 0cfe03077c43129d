"""What runs on one corpus have in common, made once: encoded texts, states and means of the untuned model."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.prefixes import prefixes
from xfer_core.models.sources import Source, resolve
from xfer_core.models.states import Encodings, LayerStates, pooled
from xfer_core.models.tokens import lengths
from xfer_core.progress import Report
from xfer_core.runs.models import locate
from xfer_core.tasks import Task
from xfer_core.training.checks import looked_at

Example = dict[str, Any]


@dataclass(frozen=True)
class Material:
    """Encoded texts: what is learnt from, a fixed sample of it, and what decides which step is best.

    An example has ``input_ids``, ``labels`` and ``rows``, its place among *encodings*.
    """

    encodings: Encodings
    train: list[Example]
    train_sample: list[Example]
    validation: list[Example]


@dataclass
class Shared:
    """What the runs of a sweep share; the second run on the same corpus finds everything here.

    It belongs to one corpus and one model. What depends on a setting is kept by its value.

    Attributes
    ----------
    layers : set of int
        States that other runs will want: they come from the pass that the first run needs anyway.
    parts : tuple of str
        Of the corpus, whose texts are encoded and read, one after the other; ``"test"`` may be added.
    pass_seconds : float
        That passes through the untuned model, or looking for the results of earlier ones, have taken so far.
        Whichever run is the first pays them, so they say nothing about its strategy.
    """

    layers: set[int] = field(default_factory=set)
    parts: tuple[str, ...] = ("train", "validation")
    pass_seconds: float = 0.0
    _sources: dict[str, Source] = field(default_factory=dict)
    _encodings: dict[int, Encodings] = field(default_factory=dict)
    _states: dict[tuple[int, bool, int], LayerStates | None] = field(default_factory=dict)
    _pooled: dict[tuple[int, bool], npt.NDArray[np.float32]] = field(default_factory=dict)
    _truncated: dict[int, int] = field(default_factory=dict)

    def source(self, model: str) -> Source:
        """The source that *model*, a model's or a finished run's name, stands for."""
        if model not in self._sources:
            self._sources[model] = resolve(locate(model))
        return self._sources[model]

    def material(self, corpus: Corpus, what: Task, tokenizer: Any, max_length: int, seed: int) -> Material:
        """The texts of :attr:`parts`, encoded at the first call; *seed* draws what is looked at."""
        if max_length not in self._encodings:
            texts = [text for part in self.parts for text in corpus.part(part).texts]
            self._encodings[max_length] = what.encode(tokenizer, texts, max_length)
        return prepare(corpus, self._encodings[max_length], seed)

    def states(
        self,
        model: Any,
        source: Source,
        encodings: Encodings,
        wanted: Collection[int],
        *,
        max_length: int,
        bf16: bool,
        report: Report,
    ) -> dict[int, LayerStates]:
        """States entering each layer *wanted*, of the untuned *model*; without those that find no room.

        What found none once is not asked for again: the answer would cost another pass and be the same.
        """
        if any((max_length, bf16, layer) not in self._states for layer in wanted):
            missing = [n for n in {*self.layers, *wanted} if (max_length, bf16, n) not in self._states]
            held = sum(states.held_mb for states in self._states.values() if states is not None)
            with self._passing():
                found = prefixes(
                    model, source, encodings, missing, bf16=bf16, held_mb=held, report=report
                )  # fmt: skip
            self._states |= {(max_length, bf16, layer): found.get(layer) for layer in missing}
        known = {layer: self._states[max_length, bf16, layer] for layer in wanted}
        return {layer: states for layer, states in known.items() if states is not None}

    def pooled(
        self,
        model: Any,
        tokenizer: Any,
        corpus: Corpus,
        max_length: int,
        report: Report,
        *,
        bf16: bool = False,
    ) -> npt.NDArray[np.float32]:
        """Means over the tokens of the texts of :attr:`parts`, float32 [L + 1, n, hidden]."""
        key = max_length, bf16
        if key not in self._pooled:
            texts = [text for part in self.parts for text in corpus.part(part).texts]
            with self._passing():
                self._pooled[key] = pooled(
                    model, tokenizer, texts, pool="mean", max_length=max_length, bf16=bf16, report=report
                )
        return self._pooled[key]

    @contextmanager
    def _passing(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.pass_seconds += time.monotonic() - began

    def truncated(self, corpus: Corpus, source: Source, max_length: int) -> int:
        """How many texts of the corpus are longer than *max_length* tokens."""
        if max_length not in self._truncated:
            self._truncated[max_length] = int((lengths(source, corpus.texts) > max_length).sum())
        return self._truncated[max_length]


def prepare(corpus: Corpus, encodings: Encodings, seed: int) -> Material:
    """Training and validation texts of *corpus*, encoded one after the other at the front of *encodings*.

    The two sets that are looked at again and again are bounded and sorted by length.
    """
    train, validation = corpus.part("train"), corpus.part("validation")
    labels = [*train.labels.tolist(), *validation.labels.tolist()]
    examples = [
        {"input_ids": ids, "labels": label, "rows": row}
        for row, (ids, label) in enumerate(zip(encodings.input_ids, labels, strict=False))
    ]
    sampled, validated = looked_at(train.n, validation.n)
    return Material(
        encodings=encodings,
        train=examples[: train.n],
        train_sample=_looked_at(examples[: train.n], sampled, seed),
        validation=_looked_at(examples[train.n :], validated, seed),
    )


def _looked_at(examples: list[Example], most: int, seed: int) -> list[Example]:
    chosen = np.random.default_rng([seed, 1]).permutation(len(examples))[:most]
    return sorted((examples[i] for i in chosen), key=lambda example: len(example["input_ids"]))
