"""Which layers carry knowledge that travels: a probe on each, trained in one domain and tested in another.

Probe and word counts are those of :mod:`xfer_core.tasks.baselines`, at fixed strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.features import MAX_LENGTH, Pool, features
from xfer_core.analysis.scores import score
from xfer_core.analysis.transfer import Transfer
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.settings import LIMITS
from xfer_core.tasks.baselines import PROBE_STRENGTH, WORD_STRENGTH, regression, standardised, word_counts
from xfer_core.threads import single_threaded

TRAIN_SHARE = 0.7


def at_most(
    labels: NDArray[np.int64], domains: NDArray[np.int64], per_class: int, seed: int
) -> NDArray[np.int64]:
    """Rows, in order, of at most *per_class* labelled texts of every class in every domain."""
    rng = np.random.default_rng(seed)
    groups = [
        rng.permutation(np.flatnonzero((domains == domain) & (labels == label)))[:per_class]
        for domain in np.unique(domains)
        for label in np.unique(labels[labels >= 0])
    ]
    return np.sort(np.concatenate(groups)) if groups else np.empty(0, np.int64)


def divide(
    labels: NDArray[np.int64], rows: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """*rows* in two, 70 to 30, within every class; a class with one text only trains."""
    train, test = [], []
    for label in np.unique(labels[rows]):
        mixed = rng.permutation(rows[labels[rows] == label])
        cut = max(1, round(TRAIN_SHARE * len(mixed)))
        train.append(mixed[:cut])
        test.append(mixed[cut:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def transfer(
    states: NDArray[np.float32],
    texts: Sequence[str],
    labels: NDArray[np.int64],
    domains: NDArray[np.int64],
    domain_names: Sequence[str],
    label_names: Sequence[str],
    *,
    layers: Sequence[int] | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Transfer:
    """Train on 70 % of each domain, test on the 30 % left of each, from every layer and from TF-IDF.

    A target's test texts are the same for every source and layer, so that a column of the result compares
    like with like, and its diagonal is what the domain's own labels would give.

    Parameters
    ----------
    states : float32 [layers, n, hidden]
    labels, domains : int64 [n]
        Label -1: unknown, and left out.
    layers : sequence of int, optional
        What the layers of *states* are called; by default 0, 1, …

    Raises
    ------
    BadTable
        If no domain has two classes with a text each to train on.
    """
    rng = np.random.default_rng(seed)
    present = [np.flatnonzero((domains == d) & (labels >= 0)) for d in range(len(domain_names))]
    halves = [divide(labels, rows, rng) if len(rows) else (rows, rows) for rows in present]
    sources = [d for d, (train, _) in enumerate(halves) if len(np.unique(labels[train])) > 1]
    if not sources:
        raise BadTable(
            N_("No domain has texts of two classes, so a probe has nothing to tell apart."),
            N_("Choose another label or domain column."),
        )
    inputs: list[Any] = [*states, np.array(texts, dtype=object)]
    scores = np.full((4, len(domain_names), len(domain_names), len(inputs)), np.nan)
    with single_threaded():
        for done, source in enumerate(sources):
            train = halves[source][0]
            for layer, data in enumerate(inputs):
                probe = layer < len(states)
                seen = standardised(data[train]) if probe else word_counts(data[train])
                reader = regression(PROBE_STRENGTH if probe else WORD_STRENGTH)
                reader.fit(seen.transform(data[train]), labels[train])
                report(
                    (done + (layer + 1) / len(inputs)) / len(sources), N_("Reading each layer with a probe")
                )
                for target, (_, test) in enumerate(halves):
                    if len(test):
                        found = score(labels[test], reader.predict(seen.transform(data[test])), seed=seed)
                        scores[:, source, target, layer] = astuple(found)
    macro_f1, low, high, accuracy = scores
    return Transfer(
        domains=tuple(domain_names),
        labels=tuple(label_names),
        layers=tuple(range(len(states)) if layers is None else layers),
        macro_f1=macro_f1,
        low=low,
        high=high,
        accuracy=accuracy,
        trained=np.array([len(train) for train, _ in halves]),
        tested=np.array([len(test) for _, test in halves]),
        notes=_left_out(domain_names, set(sources)),
        seed=seed,
    )


def _left_out(names: Sequence[str], sources: set[int]) -> tuple[dict[str, Any], ...]:
    message = N_("“{domain}” has texts of fewer than two classes, so no probe was trained on it.")
    return tuple(
        {"message": message, "values": {"domain": name}} for d, name in enumerate(names) if d not in sources
    )


def transfer_of(
    model: str,
    corpus_id: str,
    *,
    layers: Sequence[int] | None = None,
    pool: Pool = "mean",
    per_class: int = LIMITS.transfer_texts_per_class,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
    report: Report = silent,
) -> Transfer:
    """:func:`transfer` for a corpus, on at most *per_class* texts of every class in every domain.

    Raises
    ------
    BadTable
        If the corpus has no labels, or no domain has two classes.
    BadModel
        If the model cannot be loaded.
    """
    started = perf_counter()
    whole = load_corpus(corpus_id)
    corpus = whole.take(at_most(whole.labels, whole.domains, per_class, seed))
    texts = corpus.texts
    found = features(
        model, texts, pool=pool, layers=layers, max_length=max_length, report=part(report, 0.0, 0.9)
    )
    result = transfer(
        found.array,
        texts,
        corpus.labels,
        corpus.domains,
        corpus.domain_names or (corpus.name,),
        corpus.label_names,
        layers=found.layers,
        seed=seed,
        report=part(report, 0.9, 1.0),
    )
    return replace(
        result,
        notes=_sampled(whole.n, corpus.n, per_class) + result.notes,
        model=model,
        corpus=corpus_id,
        pool=pool,
        per_class=per_class,
        max_length=found.max_length,
        truncated=found.truncated,
        seconds=perf_counter() - started,
    )


def _sampled(available: int, used: int, per_class: int) -> tuple[dict[str, Any], ...]:
    if used == available:
        return ()
    message = N_("{used} of {available} texts were used: at most {per_class} of each class in each domain.")
    return ({"message": message, "values": {"used": used, "available": available, "per_class": per_class}},)
