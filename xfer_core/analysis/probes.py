"""Which layers carry knowledge that travels: a probe on each, trained in one domain and tested in another.

Probe and word counts are those of :mod:`xfer_core.tasks.baselines`, at fixed strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.compared import compared
from xfer_core.analysis.features import MAX_LENGTH, Pool, check_drawing, features
from xfer_core.analysis.transfer import Transfer
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.settings import LIMITS
from xfer_core.tasks.baselines import PROBE_STRENGTH, WORD_STRENGTH, regression, standardised, word_counts
from xfer_core.threads import single_threaded

TRAIN_SHARE = 0.7
REST_TEXTS = 6_000
"""Texts a probe of all but one domain learns from at most: time grows with them, quality hardly."""
THIN = 20
"""Tested texts below which a domain's numbers are said to mean little."""


def at_most(
    labels: NDArray[np.int64], domains: NDArray[np.int64], per_class: int, seed: int
) -> NDArray[np.int64]:
    """Rows, in order, of at most *per_class* labelled texts of every class in every domain."""
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(labels >= 0)
    ordered = known[np.lexsort((labels[known], domains[known]))]
    changes = np.flatnonzero((np.diff(domains[ordered]) != 0) | (np.diff(labels[ordered]) != 0)) + 1
    groups = [rng.permutation(group)[:per_class] for group in np.split(ordered, changes)]
    return np.sort(np.concatenate(groups))


def divide(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    rng: np.random.Generator,
    share: float = TRAIN_SHARE,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """*rows* in two, *share* of every class and the rest; a class with one text only trains."""
    train, test = [], []
    for label in np.unique(labels[rows]):
        mixed = rng.permutation(rows[labels[rows] == label])
        cut = max(1, round(share * len(mixed)))
        train.append(mixed[:cut])
        test.append(mixed[cut:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def halves(
    labels: NDArray[np.int64], domains: NDArray[np.int64], count: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to train on and to test with, of each of *count* domains; label -1 is left out."""
    rng = np.random.default_rng(seed)
    present = [np.flatnonzero((domains == d) & (labels >= 0)) for d in range(count)]
    return [divide(labels, rows, rng) if len(rows) else (rows, rows) for rows in present]


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

    With three domains or more also on the 70 % of all but one of them. A target's test texts are the same for
    every source and layer, so that a column of the result compares like with like, and its diagonal is what
    the domain's own labels would give.

    Parameters
    ----------
    states : float32 [layers, n, hidden]
    labels, domains : int64 [n]
        Label -1: unknown, and left out. So is a text whose states are not all finite; the notes say so.
    layers : sequence of int, optional
        What the layers of *states* are called; by default 0, 1, …

    Raises
    ------
    BadTable
        If no domain has two classes with a text each to train on, or the model gives no finite states.
    """
    unusable = ~np.isfinite(states).all(axis=(0, 2)) & (labels >= 0)
    labels = np.where(unusable, -1, labels)
    if unusable.any() and not (labels >= 0).any():
        raise BadTable(
            N_("The model gives numbers that are not finite for every one of these texts."),
            N_("Choose another model; the weights of this one are damaged, or its training diverged."),
        )
    parts = halves(labels, domains, len(domain_names), seed)
    sources = _sources(labels, [train for train, _ in parts], seed)
    trainable = [row for row, train in enumerate(sources) if len(np.unique(labels[train])) > 1]
    if not any(row < len(parts) for row in trainable):
        raise BadTable(
            N_("No domain has texts of two classes, so a probe has nothing to tell apart."),
            N_("Choose another label or domain column."),
        )
    inputs: list[Any] = [*states, np.array(texts, dtype=object)]
    tests = [test for _, test in parts]
    said = _read(inputs, labels, sources, trainable, np.concatenate(tests), report)
    result = compared(
        [labels[test] for test in tests], [said[:, :, test] for test in tests],
        domains=tuple(domain_names), labels=tuple(label_names), seed=seed,
        layers=tuple(range(len(states)) if layers is None else layers),
        trained=np.array([len(train) for train, _ in parts]),
    )  # fmt: skip
    notes = (
        *_unusable(int(unusable.sum())),
        *_left_out(domain_names, set(trainable)),
        *_thin(result.tested, domain_names),
        *_lacking(labels, tests, domain_names, label_names),
    )
    return replace(result, notes=notes)


def _sources(
    labels: NDArray[np.int64], trains: Sequence[NDArray[np.int64]], seed: int
) -> list[NDArray[np.int64]]:
    """Training rows of every source: each domain; of three or more also all but each, at most REST_TEXTS."""
    if len(trains) < 3:
        return list(trains)
    rng = np.random.default_rng([seed, 1])
    rest = []
    for left_out in range(len(trains)):
        rows = np.concatenate([train for d, train in enumerate(trains) if d != left_out])
        rest.append(np.sort(rng.permutation(rows)[:REST_TEXTS]))
    return [*trains, *rest]


def _read(
    inputs: Sequence[Any],
    labels: NDArray[np.int64],
    sources: Sequence[NDArray[np.int64]],
    trainable: Sequence[int],
    tested: NDArray[np.int64],
    report: Report,
) -> NDArray[np.int64]:
    """Labels given to the *tested* texts, int64 [sources, inputs, n], -1 elsewhere; TF-IDF last."""
    said = np.full((len(sources), len(inputs), len(labels)), -1, dtype=np.int64)
    with single_threaded():
        for done, row in enumerate(trainable):
            for layer, data in enumerate(inputs):
                probe = layer < len(inputs) - 1
                said[row, layer, tested] = _predict(data, labels, sources[row], tested, probe)
                report(
                    (done + (layer + 1) / len(inputs)) / len(trainable),
                    N_("Reading each layer with a probe"),
                )
    return said


def _predict(
    data: Any, labels: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64], probe: bool
) -> NDArray[np.int64]:
    """Labels given to the *test* rows of *data* by a probe, or by word counts, that has seen *train*."""
    if not len(test):
        return np.empty(0, np.int64)
    seen = standardised(data[train]) if probe else word_counts(data[train])
    reader = regression(PROBE_STRENGTH if probe else WORD_STRENGTH)
    reader.fit(seen.transform(data[train]), labels[train])
    return np.asarray(reader.predict(seen.transform(data[test])), dtype=np.int64)


def _unusable(n: int) -> tuple[dict[str, Any], ...]:
    message = N_("{n} texts were left out: the model gives numbers that are not finite for them.")
    return ({"message": message, "values": {"n": n}},) if n else ()


def _left_out(names: Sequence[str], trainable: set[int]) -> tuple[dict[str, Any], ...]:
    message = N_("“{domain}” has texts of fewer than two classes, so no probe was trained on it.")
    return tuple(
        {"message": message, "values": {"domain": name}} for d, name in enumerate(names) if d not in trainable
    )


def _thin(tested: NDArray[np.int64], names: Sequence[str]) -> tuple[dict[str, Any], ...]:
    untested = N_("“{domain}” has too few texts to be tested on.")
    thin = N_("“{domain}” is tested with {n} texts only, so its column says little.")
    return tuple(
        {"message": thin if n else untested, "values": {"domain": name, **({"n": int(n)} if n else {})}}
        for name, n in zip(names, tested, strict=True)
        if n < THIN
    )


def _lacking(
    labels: NDArray[np.int64],
    tests: Sequence[NDArray[np.int64]],
    domains: Sequence[str],
    names: Sequence[str],
) -> tuple[dict[str, Any], ...]:
    """Labels that others have and the test texts of a domain do not."""
    message = N_(
        "Among the texts that test “{domain}” none is labelled {labels}: a probe that gives this label there "
        "is always wrong, and macro-F1 counts it."
    )
    used = np.unique(labels[labels >= 0])
    notes = []
    for test, domain in zip(tests, domains, strict=True):
        lacking = [names[code] for code in np.setdiff1d(used, labels[test])]
        if len(test) and lacking:
            notes.append({"message": message, "values": {"domain": domain, "labels": lacking}})
    return tuple(notes)


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
    check_drawing(seed=seed, per_class=per_class, max_length=max_length)
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
    message = N_(
        "{used:,} of {available:,} texts were used: at most {per_class} of each class in each domain."
    )
    return ({"message": message, "values": {"used": used, "available": available, "per_class": per_class}},)
