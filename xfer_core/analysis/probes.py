"""Which layers carry knowledge that travels: a probe on each, trained in one domain and tested in another.

Probe and word counts are those of :mod:`xfer_core.tasks.baselines`, at fixed strengths. What a probe says is
kept on disk, so that every page that speaks of what travels speaks of the same answers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.compared import compared
from xfer_core.analysis.controls import groups
from xfer_core.analysis.features import MAX_LENGTH, Pool, check_drawing, features
from xfer_core.analysis.resampling import HALVES, halves, macro_f1
from xfer_core.analysis.transfer import Array, Transfer
from xfer_core.corpora import health
from xfer_core.corpora.corpus import Corpus
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.corpora.split import UNLABELLED
from xfer_core.errors import BadTable
from xfer_core.files import fingerprint, whole
from xfer_core.i18n import N_, Said, as_message
from xfer_core.progress import Report, part, silent
from xfer_core.runs.models import learnt_from
from xfer_core.settings import LIMITS, home
from xfer_core.tasks.baselines import PROBE_STRENGTH, WORD_STRENGTH, regression, standardised, word_counts
from xfer_core.threads import single_threaded

TRAIN_SHARE = 0.7
REST_TEXTS = 6_000
"""Texts a probe of all but one domain learns from at most: time grows with them, quality hardly."""
MOST_TEXTS = 20_000
"""Texts read at most, whatever the number of classes and domains."""
FEWEST = 10
"""Labelled texts of a domain below which no probe is trained or tested there."""
THIN = 20
"""Tested texts below which a domain's numbers are said to mean little."""
VERSION = "2"
"""Part of the key of every kept answer: raise it when the same inputs would give others."""
KEPT = 200
"""Answers on disk, a few hundred kilobytes each; the oldest go."""

Rows = NDArray[np.int64]


def at_most(labels: Rows, domains: Rows, per_class: int, seed: int) -> Rows:
    """Rows, in order, of at most *per_class* labelled texts of every class in every domain."""
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(labels >= 0)
    ordered = known[np.lexsort((labels[known], domains[known]))]
    changes = np.flatnonzero((np.diff(domains[ordered]) != 0) | (np.diff(labels[ordered]) != 0)) + 1
    rows = np.concatenate([rng.permutation(group)[:per_class] for group in np.split(ordered, changes)])
    return np.sort(rows if len(rows) <= MOST_TEXTS else rng.permutation(rows)[:MOST_TEXTS])


def divide(
    labels: Rows, rows: Rows, rng: np.random.Generator, share: float = TRAIN_SHARE
) -> tuple[Rows, Rows]:
    """*rows* in two, *share* of every class and the rest; a class with one text only trains."""
    train, test = [], []
    for label in np.unique(labels[rows]):
        mixed = rng.permutation(rows[labels[rows] == label])
        cut = max(1, round(share * len(mixed)))
        train.append(mixed[:cut])
        test.append(mixed[cut:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def parts(labels: Rows, domains: Rows, same: Rows, count: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to train on and to test with, of each of *count* domains; label -1 is left out.

    A text that stands in two domains (*same*, of :func:`~xfer_core.analysis.controls.groups`) tests no probe:
    one has learnt it.
    """
    rng = np.random.default_rng(seed)
    present = [np.flatnonzero((domains == d) & (labels >= 0)) for d in range(count)]
    found = [divide(labels, rows, rng) if len(rows) else (rows, rows) for rows in present]
    within = np.zeros((int(same.max(initial=-1)) + 1, count), bool)
    within[same, domains] = True
    shared = within.sum(axis=1)[same] > 1
    return [(train, test[~shared[test]]) for train, test in found]


@dataclass(frozen=True)
class Answers:
    """What probes said.

    *said* int64 [sources, inputs, n]: the label given to each text, -1 where none was asked. *halved* float64
    [sources, targets, inputs, HALVES]: macro-F1 of probes trained on half of a domain's texts; 0 for "all but
    one", whose probes learn from so many texts that other ones change little.
    """

    said: Rows
    halved: Array


def transfer(
    states: NDArray[np.float32],
    texts: Sequence[str],
    labels: Rows,
    domains: Rows,
    domain_names: Sequence[str],
    label_names: Sequence[str],
    *,
    layers: Sequence[int] | None = None,
    seed: int = 0,
    key: str = "",
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
        Label -1: unknown, and left out. So is a text whose states are not all finite, and a domain with too
        few texts or labels; the notes say so.
    layers : sequence of int, optional
        What the layers of *states* are called; by default 0, 1, …
    key : str
        What the states are known by: answers are kept on disk and read from there the next time.

    Raises
    ------
    BadTable
        If there are no two domains with texts enough, or the model gives no finite states.
    """
    layers = tuple(range(len(states)) if layers is None else layers)
    labels, unusable = _finite(states, labels)
    taken, left_out = _large_enough(labels, domains, domain_names)
    # A domain without any label is no domain here: whoever asks, the same texts give the same answers.
    present = np.array([(labels[domains == d] >= 0).any() for d in range(len(domain_names))], dtype=bool)
    if taken.sum() < 2:
        raise _no_pair(domain_names)
    domain_names, taken = (
        [name for name, has in zip(domain_names, present, strict=True) if has],
        taken[present],
    )
    domains = np.where(present[domains], np.cumsum(present)[domains] - 1, 0)
    split = parts(np.where(taken[domains], labels, -1), domains, groups(texts), len(domain_names), seed)
    tests = [test for _, test in split]
    if not any(len(test) for test in tests):
        raise _no_pair(domain_names)
    sources = _sources(labels, [train for train, _ in split], seed)
    path = _place(key, labels, domains, layers, seed) if key else None
    answers = _kept(path)
    if answers is None:
        answers = _asked([*states, np.array(texts, dtype=object)], labels, sources, tests, seed, report)
        _keep(path, answers)
    result = compared(
        [labels[test] for test in tests], [answers.said[:, :, test] for test in tests], answers.halved,
        domains=tuple(domain_names), labels=tuple(label_names), layers=layers, seed=seed,
        trained=np.array([len(train) for train, _ in split]),
        texts=float((labels >= 0).sum() / len(domain_names)),
    )  # fmt: skip
    thin = _thin(result.tested, domain_names, taken)
    lacking = _lacking(labels, tests, domain_names, label_names)
    return replace(result, notes=(*unusable, *left_out, *thin, *lacking))


def _finite(states: NDArray[np.float32], labels: Rows) -> tuple[Rows, tuple[Said, ...]]:
    """*labels* with -1 for texts whose states are not all finite, and what to say of those."""
    unusable = ~np.isfinite(states).all(axis=(0, 2)) & (labels >= 0)
    if not unusable.any():
        return labels, ()
    if unusable.sum() == (labels >= 0).sum():
        raise BadTable(
            N_("The model gives numbers that are not finite for every one of these texts."),
            N_("Choose another model; the weights of this one are damaged, or its training diverged."),
        )
    message = N_("{n} texts were left out: the model gives numbers that are not finite for them.")
    return np.where(unusable, -1, labels), (as_message(message, n=int(unusable.sum())),)


def _large_enough(
    labels: Rows, domains: Rows, names: Sequence[str]
) -> tuple[NDArray[np.bool_], tuple[Said, ...]]:
    """Which domains have texts and labels enough, bool [domains], and what to say of the others."""
    taken, notes = np.ones(len(names), bool), []
    for d, name in enumerate(names):
        own = labels[(domains == d) & (labels >= 0)]
        has = len(np.unique(own))
        if len(own) < FEWEST or has < 2:
            taken[d] = False
            message = N_("“{domain}” has too few texts or labels ({n:,} and {labels}) to travel from or to.")
            notes.append(as_message(message, domain=name, n=len(own), labels=has))
    return taken, tuple(notes)


def _no_pair(names: Sequence[str]) -> BadTable:
    if len(names) < 2:
        return BadTable(
            N_("This corpus has one domain, so there is nothing to travel to."),
            N_("Choose a column for the domains, or stack several tables, one a domain."),
        )
    return BadTable(
        N_("No two domains have {fewest} texts and two labels each, so nothing is said of what travels."),
        N_("Bring more labelled texts, or choose another label or domain column."),
        fewest=FEWEST,
    )


def _sources(labels: Rows, trains: Sequence[Rows], seed: int) -> list[Rows]:
    """Training rows of every source: each domain; of three or more also all but each, at most REST_TEXTS."""
    if len(trains) < 3:
        return list(trains)
    rng = np.random.default_rng([seed, 1])
    rest = []
    for left_out in range(len(trains)):
        rows = np.concatenate([train for d, train in enumerate(trains) if d != left_out])
        rest.append(np.sort(rng.permutation(rows)[:REST_TEXTS]))
    return [*trains, *rest]


def _asked(
    inputs: Sequence[Any],
    labels: Rows,
    sources: Sequence[Rows],
    tests: Sequence[Rows],
    seed: int,
    report: Report,
) -> Answers:
    """Every probe trained and read; TF-IDF is the last of the *inputs*."""
    tested = np.concatenate(tests)
    said = np.full((len(sources), len(inputs), len(labels)), -1, dtype=np.int64)
    halved = np.zeros((len(sources), len(tests), len(inputs), HALVES))
    able = [s for s, train in enumerate(sources) if len(np.unique(labels[train])) > 1]
    done, fits = 0, len(inputs) * sum(1 + HALVES * (s < len(tests)) for s in able)
    with single_threaded():
        for s in able:
            again = halves(sources[s], seed) if s < len(tests) else []
            for place, data in enumerate(inputs):
                probe = place < len(inputs) - 1
                said[s, place, tested] = _predict(data, labels, sources[s], tested, probe)
                for h, rows in enumerate(again):
                    answers = np.empty(len(labels), np.int64)
                    answers[tested] = _predict(data, labels, rows, tested, probe)
                    halved[s, :, place, h] = [_scored(labels[test], answers[test]) for test in tests]
                done += 1 + len(again)
                report(done / fits, N_("Reading each layer with a probe"))
    return Answers(said, halved)


def _scored(true: Rows, said: Rows) -> float:
    return float(macro_f1(np.ones((1, len(true))), true, said[None])[0, 0]) if len(true) else 0.0


def _predict(data: Any, labels: Rows, train: Rows, test: Rows, probe: bool) -> Rows:
    """Labels given to the *test* rows of *data* by a probe, or by word counts, that has seen *train*."""
    known = np.unique(labels[train])
    if len(known) < 2:  # half of few texts
        return np.full(len(test), known[0])
    seen = standardised(data[train]) if probe else word_counts(data[train])
    reader = regression(PROBE_STRENGTH if probe else WORD_STRENGTH)
    reader.fit(seen.transform(data[train]), labels[train])
    return np.asarray(reader.predict(seen.transform(data[test])), dtype=np.int64)


def _place(key: str, labels: Rows, domains: Rows, layers: Sequence[int], seed: int) -> Path:
    """Where the answers are kept of probes on the states known by *key*."""
    codes = np.stack([labels, domains]).tobytes().hex()
    name = fingerprint(VERSION, key, codes, ",".join(map(str, layers)), str(seed))
    return home() / "cache" / "probes" / f"{name}.npz"


def _kept(path: Path | None) -> Answers | None:
    if path is None or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as found:
        answers = Answers(found["said"].astype(np.int64), found["halved"])
    with suppress(FileNotFoundError):  # another process may have made room
        os.utime(path)
    return answers


def _keep(path: Path | None, answers: Answers) -> None:
    if path is None:
        return
    with whole(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, said=answers.said.astype(np.int32), halved=answers.halved)
    oldest_last = sorted(path.parent.glob("*.npz"), key=lambda each: -each.stat().st_mtime)
    for each in oldest_last[KEPT:]:
        each.unlink(missing_ok=True)


def _thin(tested: Rows, names: Sequence[str], taken: NDArray[np.bool_]) -> tuple[Said, ...]:
    untested = N_("“{domain}” has too few texts to be tested on.")
    thin = N_("“{domain}” is tested with {n} texts only, so its column says little.")
    return tuple(
        as_message(thin, domain=name, n=int(n)) if n else as_message(untested, domain=name)
        for name, n, known in zip(names, tested, taken, strict=True)
        if n < THIN and known
    )


def _lacking(
    labels: Rows, tests: Sequence[Rows], domains: Sequence[str], names: Sequence[str]
) -> tuple[Said, ...]:
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
            notes.append(as_message(message, domain=domain, labels=lacking))
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
        If the corpus has no two domains with texts and labels enough.
    BadModel
        If the model cannot be loaded.
    """
    started = perf_counter()
    check_drawing(seed=seed, per_class=per_class, max_length=max_length)
    whole = load_corpus(corpus_id)
    corpus = whole.take(at_most(whole.labels, whole.domains, per_class, seed))
    texts = corpus.texts
    found = features(
        model, texts, pool=pool, layers=layers, max_length=max_length, report=part(report, 0.0, 0.6)
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
        key=found.key,
        report=part(report, 0.6, 1.0),
    )
    return replace(
        result,
        notes=sampled(whole, corpus.n, per_class, model) + result.notes,
        model=model,
        corpus=corpus_id,
        pool=pool,
        per_class=per_class,
        max_length=found.max_length,
        truncated=found.truncated,
        seconds=perf_counter() - started,
    )


def sampled(whole: Corpus, used: int, per_class: int, model: str) -> tuple[Said, ...]:
    """How many texts of a corpus were not used, and why; and whether *model* has learnt from them before."""
    said, available = health.left_out(whole), whole.n - whole.part(UNLABELLED).n
    if learnt_from(model) == whole.id:
        message = N_(
            "{model} was tuned on this corpus, labels included: other texts it will not read as well."
        )
        said = (*said, as_message(message, model=model))
    if used == available:
        return said
    message = N_("{used:,} of {available:,} texts were used: at most {per_class} of each class and domain.")
    return *said, as_message(message, used=used, available=available, per_class=per_class)
