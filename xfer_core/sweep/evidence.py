"""What every arm has to beat, first of all and within seconds: word counts, and a probe on every layer.

Both learn from the training part, choose their strength (the probe also its layer) on the validation part,
and give their labels for the test part, so that they can be compared text by text with the arms.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xfer_core.corpora.corpus import Corpus, drawn
from xfer_core.files import write_json
from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.progress import Report, silent
from xfer_core.runs import events
from xfer_core.settings import LIMITS
from xfer_core.tasks.baselines import Reading, read_states, read_words
from xfer_core.training.references import bounded

if TYPE_CHECKING:
    from xfer_core.training.material import Shared


@dataclass
class Evidence:
    """As it is kept in ``evidence.json``; see :class:`xfer_core.sweep.results.Sweep`."""

    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    probes: list[dict[str, Any]] = field(default_factory=list)
    predicted: dict[str, list[int]] = field(default_factory=dict)
    validation_predicted: dict[str, list[int]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        write_json(path, events.plain(asdict(self)))

    def add(self, name: str, reading: Reading, seconds: float, **more: Any) -> None:
        self.references[name] = {
            **reading.numbers, "C": reading.strength, "seconds": seconds, **more,
        }  # fmt: skip
        self.predicted[name] = reading.predicted.tolist()
        self.validation_predicted[name] = reading.validation_predicted.tolist()


def words(into: Evidence, corpus: Corpus) -> None:
    """TF-IDF of words and word pairs, then logistic regression, as ``tfidf``."""
    began = time.monotonic()
    parts = _parts(corpus)
    reading, features = read_words([part.texts for part in parts], [part.labels for part in parts])
    into.add("tfidf", reading, time.monotonic() - began, features=features)


def probes(
    into: Evidence, corpus: Corpus, source: Source, max_length: int, shared: Shared,
    report: Report = silent, bf16: bool = False,
) -> np.ndarray:  # fmt: skip
    """A linear probe on the mean states of every layer; the best one by validation as ``untuned_probe``.

    Returns the mean states of the training, validation and test texts, float32 [layers + 1, n, hidden]; they
    stay in *shared*, which has to have all three parts, for the strategies that learn from them.
    """
    from xfer_core.models.load import load

    began = time.monotonic()
    parts = _parts(corpus)
    model, tokenizer = load(source, "encoder")

    def reading(fraction: float, _: str) -> None:
        report(fraction, N_("Probing every layer of the untuned model"))

    known = shared.pooled(model, tokenizer, corpus, max_length, reading, bf16=bf16)
    train, validation = corpus.part("train").n, corpus.part("validation").n
    learnt = drawn(corpus.part("train"), LIMITS.reference_texts, seed=0)
    labels, found = [part.labels for part in parts], []
    for layer, states in enumerate(known):
        _, seen, unseen = np.split(states, [train, train + validation])
        found.append(read_states([states[learnt], seen, unseen], labels))
        into.probes.append({"layer": layer, "C": found[-1].strength, **found[-1].numbers})
    best = max(range(len(found)), key=lambda layer: found[layer].numbers["validation_macro_f1"])
    into.add("untuned_probe", found[best], time.monotonic() - began, layer=best)
    return known


def _parts(corpus: Corpus) -> list[Corpus]:
    """Training texts, of very many a sample; all validation and test texts, as the arms read all of them."""
    return [bounded(corpus, "train"), corpus.part("validation"), corpus.part("test")]
