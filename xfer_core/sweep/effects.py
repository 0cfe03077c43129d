"""What a tuning did besides its task: how far it moved each layer, and what the model forgot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xfer_core import corpora
from xfer_core.analysis.forgetting import best_layer, forgetting
from xfer_core.analysis.similarity import shift
from xfer_core.corpora.corpus import Corpus, sample
from xfer_core.models.load import load
from xfer_core.models.sources import Source
from xfer_core.models.states import pooled
from xfer_core.sweep.arms import Trained

SHIFT_TEXTS = 500
"""Training and validation texts on which layers are compared."""

SECOND_TEXTS = 1_000
"""Texts of the second corpus that are read, before and after."""


@dataclass(frozen=True)
class Before:
    """Mean states of the untuned model, float32 [layers + 1, n, hidden], of the texts read again after.

    *rows* are these texts' places among all training and then all validation texts.

    *second* is the second corpus, or a sample of it, and None if there is none; *layer* the one that reads it
    best.
    """

    texts: list[str]
    rows: np.ndarray
    states: np.ndarray
    second: Corpus | None
    second_states: np.ndarray | None
    layer: int
    max_length: int
    bf16: bool = False


def before(
    corpus: Corpus, second: str, source: Source, states: np.ndarray, max_length: int, bf16: bool
) -> Before:
    """What is compared later; *states* begin with those of all training and then all validation texts."""
    every = [*corpus.part("train").texts, *corpus.part("validation").texts]
    rows = np.sort(np.random.default_rng(0).permutation(len(every))[:SHIFT_TEXTS])
    texts = [every[row] for row in rows]
    if not second:
        return Before(texts, rows, states[:, rows], None, None, 0, max_length, bf16)
    other = sample(corpora.load(second), SECOND_TEXTS, seed=0)
    model, tokenizer = load(source, "encoder")
    read = pooled(model, tokenizer, other.texts, pool="mean", max_length=max_length, bf16=bf16)
    return Before(texts, rows, states[:, rows], other, read, best_layer(read, other), max_length, bf16)


def sampled(was: Before, corpus: Corpus) -> dict[str, Any]:
    """Which texts are compared, as 1-based rows of the tables, so that the numbers can be had again."""
    every = np.concatenate([corpus.part(part).frame["row"].to_numpy() for part in ("train", "validation")])
    second = {} if was.second is None else {"forgetting": was.second.frame["row"].tolist()}
    return {"shift": every[was.rows].tolist(), "max_length": was.max_length, **second}


def moved(was: Before, trained: Trained) -> list[float]:
    """Debiased linear CKA of each layer with itself before, layers 0 to depth; 1: not moved at all."""
    if _untouched(trained):
        return [1.0] * len(was.states)
    now = _read(was, trained, was.texts)
    return [float(each) for each in shift(was.states, now)]


def forgotten(was: Before, trained: Trained) -> dict[str, Any] | None:
    """How well a probe reads the second corpus from the model before and after; None without one."""
    if was.second is None or was.second_states is None:
        return None
    now = was.second_states
    if not _untouched(trained):
        now = _read(was, trained, was.second.texts)
    return forgetting(was.second_states, now, was.second, was.layer)


def _read(was: Before, trained: Trained, texts: list[str]) -> np.ndarray:
    """As the states before were read, so that what differs is the model."""
    model, tokenizer = trained.model.model, trained.model.tokenizer
    return pooled(model, tokenizer, texts, pool="mean", max_length=was.max_length, bf16=was.bf16)


def _untouched(trained: Trained) -> bool:
    """Whether no layer can have moved, because only a head was learnt."""
    plan = trained.model.plan
    return plan.prefix == plan.depth and not plan.fresh
