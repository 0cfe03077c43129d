"""Bridging two domains of a corpus on the features of a model, in seconds; and every two domains.

Texts are drawn without a look at their labels, except with ``shares="equal"``: then every class is alike
often in both domains, as in most papers, and labels of the target drew them. Those that came without a label,
the corpus's part ``unlabelled``, are fitted on and never tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.alignment.fit import Half, align, halves
from xfer_core.analysis.alignment.methods import METHODS, Shares
from xfer_core.analysis.alignment.pairs import Pairs
from xfer_core.analysis.alignment.result import Alignment
from xfer_core.analysis.features import MAX_LENGTH, Pool, check_drawing, features
from xfer_core.corpora.corpus import Corpus
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.corpora.split import UNLABELLED
from xfer_core.errors import BadSetting, BadTable
from xfer_core.i18n import N_, Said, as_message
from xfer_core.progress import Report, part, silent
from xfer_core.settings import LIMITS

MOST = 2_000
"""Texts of a domain at most: transport keeps a number for every pair of texts."""
MOST_PAIRS = 60
"""Pairs of domains that are tried at most, a second or two each; of more, these many are drawn."""


def align_of(
    model: str,
    corpus_id: str,
    source: str,
    target: str,
    *,
    methods: Sequence[str] | None = None,
    layers: Sequence[int] | None = None,
    pool: Pool = "mean",
    shares: Shares = "natural",
    per_class: int = LIMITS.transfer_texts_per_class,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
    report: Report = silent,
) -> Alignment:
    """:func:`align` for two domains of a corpus, on at most *per_class* times its classes texts of each.

    Raises
    ------
    BadTable
        If the corpus has no two domains, one has too few texts or classes, or no labels for equal shares.
    BadSetting
        If a domain, a method or a layer is not there.
    """
    started = perf_counter()
    check_drawing(seed=seed, per_class=per_class, max_length=max_length)
    asked = _methods(methods)
    corpus = load_corpus(corpus_id)
    places = _pair(corpus, source, target)
    read = part(report, 0.0, 0.6)
    drawn = [
        _states(
            model,
            corpus,
            place,
            layers,
            pool,
            shares,
            per_class,
            max_length,
            seed,
            part(read, i / 2, (i + 1) / 2),
        )
        for i, place in enumerate(places)
    ]
    here, there = (each.half(labelled=role == 0, seed=seed) for role, each in enumerate(drawn))
    found = align(
        here, there, (source, target), corpus.label_names, methods=asked, layers=drawn[0].layers, seed=seed,
        report=part(report, 0.6, 1.0),
    )  # fmt: skip
    report(1.0, N_("Bridging the two domains on each layer"))
    return replace(
        found, model=model, corpus=corpus_id, pool=pool, shares=shares, per_class=per_class,
        max_length=max_length, truncated=sum(each.truncated for each in drawn),
        seconds=perf_counter() - started,
    )  # fmt: skip


def all_pairs_of(
    model: str,
    corpus_id: str,
    *,
    methods: Sequence[str] | None = None,
    layers: Sequence[int] | None = None,
    pool: Pool = "mean",
    shares: Shares = "natural",
    per_class: int = LIMITS.transfer_texts_per_class,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
    report: Report = silent,
) -> Pairs:
    """:func:`align` for every two domains of a corpus, of very many for some.

    Pairs that cannot be used are left out and named.

    Raises
    ------
    BadTable
        If no pair can be used.
    """
    started = perf_counter()
    check_drawing(seed=seed, per_class=per_class, max_length=max_length)
    asked = _methods(methods)
    corpus = load_corpus(corpus_id)
    every = _domains(corpus)
    known = [code for code in range(len(every)) if (corpus.labels[corpus.domains == code] >= 0).any()]
    names = [every[code] for code in known]
    pairs, notes = _pairs(len(names), seed)
    without = N_("“{domain}” has no labels, so no pair with it can be scored.")
    notes += [as_message(without, domain=name) for name in every if name not in names]
    drawn = [
        _states(model, corpus, code, layers, pool, shares, per_class, max_length, seed,
                part(report, 0.5 * d / len(names), 0.5 * (d + 1) / len(names)))
        for d, code in enumerate(known)
    ]  # fmt: skip
    found: list[Alignment] = []
    for done, (s, t) in enumerate(pairs):
        watch = part(report, 0.5 + 0.5 * done / len(pairs), 0.5 + 0.5 * (done + 1) / len(pairs))
        halved = drawn[s].half(labelled=True, seed=seed), drawn[t].half(labelled=False, seed=seed)
        try:
            found.append(
                align(*halved, (names[s], names[t]), corpus.label_names, methods=asked,
                      layers=drawn[s].layers, seed=seed, report=watch)
            )  # fmt: skip
        except BadTable as problem:
            notes.append(as_message(problem.what, **problem.values))
    if not found:
        raise BadTable(
            N_("No two domains of this corpus can be bridged."),
            N_("Choose another label or domain column; a domain needs labelled texts of two classes."),
        )
    report(1.0, N_("Bridging every pair of domains"))
    return Pairs(
        pairs=tuple((each.source, each.target) for each in found), layers=found[0].layers,
        methods=found[0].methods,
        **{name: np.stack([getattr(each, name) for each in found])
           for name in ("macro_f1", "gain", "gain_low", "gain_high", "label_free")},
        notes=tuple(notes), model=model, corpus=corpus_id, pool=pool, shares=shares, per_class=per_class,
        seed=seed, seconds=perf_counter() - started,
    )  # fmt: skip


def _pairs(domains: int, seed: int) -> tuple[list[tuple[int, int]], list[Said]]:
    every = [(s, t) for s in range(domains) for t in range(domains) if s != t]
    if len(every) <= MOST_PAIRS:
        return every, []
    chosen = np.random.default_rng(seed).choice(len(every), MOST_PAIRS, replace=False)
    message = N_("{n} of {all} pairs of domains were tried, drawn with seed {seed}.")
    said = as_message(message, n=MOST_PAIRS, all=len(every), seed=seed)
    return [every[at] for at in sorted(chosen)], [said]


@dataclass(frozen=True)
class _Drawn:
    """Texts of one domain with their states, before they are halved."""

    states: NDArray[np.float32]
    labels: NDArray[np.int64]
    bare: NDArray[np.bool_]
    layers: tuple[int, ...]
    truncated: int

    def half(self, *, labelled: bool, seed: int) -> Half:
        parted, more = np.flatnonzero(~self.bare), np.flatnonzero(self.bare)
        fit, test = (parted[rows] for rows in halves(self.labels[parted], seed, labelled=labelled))
        return Half(self.states, self.labels, fit if labelled else np.sort(np.concatenate([fit, more])), test)


def _states(
    model: str, corpus: Corpus, domain: int, layers: Sequence[int] | None, pool: Pool, shares: Shares,
    per_class: int, max_length: int, seed: int, report: Report,
) -> _Drawn:  # fmt: skip
    """Features kept by domain, so that all pairs share them."""
    part_of = corpus.take(_rows(corpus, domain, shares, per_class, seed))
    if not part_of.n:
        raise BadTable(
            N_("“{domain}” has no labels, and equal class shares take them."),
            N_("Choose the shares as they are in the texts."),
            domain=corpus.domain_names[domain][:80],
        )
    found = features(model, part_of.texts, pool=pool, layers=layers, max_length=max_length, report=report)
    bare = (part_of.frame["split"] == UNLABELLED).to_numpy()
    return _Drawn(found.array, part_of.labels, bare, found.layers, found.truncated)


def _rows(corpus: Corpus, domain: int, shares: Shares, per_class: int, seed: int) -> NDArray[np.int64]:
    """Rows of a domain, ascending; where many came without a label they are half of those drawn."""
    bare = (corpus.frame["split"] == UNLABELLED).to_numpy()
    rest, without = (np.flatnonzero((corpus.domains == domain) & kind) for kind in (~bare, bare))
    classes = len(corpus.label_names)
    rows = draw(corpus.labels, rest, shares, per_class, classes, seed)
    if shares == "equal" or not len(without):
        return rows
    room = min(MOST, per_class * max(2, classes))
    rng = np.random.default_rng(seed)
    more = rng.permutation(without)[: max(room // 2, room - len(rows))]
    return np.sort(np.concatenate([more, rng.permutation(rows)[: room - len(more)]]))


def draw(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    shares: Shares,
    per_class: int,
    classes: int,
    seed: int,
) -> NDArray[np.int64]:
    """Which *rows* of a domain are used, ascending: any, or equally many of every class it has.

    Only ``"equal"`` looks at labels.
    """
    rng = np.random.default_rng(seed)
    if shares == "natural":
        return np.sort(rng.permutation(rows)[: min(MOST, per_class * max(2, classes))])
    groups = [rows[labels[rows] == label] for label in np.unique(labels[rows]) if label >= 0]
    if not groups:
        return np.empty(0, np.int64)
    each = min(per_class, MOST // len(groups), *(len(group) for group in groups))
    return np.sort(np.concatenate([rng.permutation(group)[:each] for group in groups]))


def _methods(given: Sequence[str] | None) -> tuple[str, ...]:
    unknown = [name for name in given or () if name not in METHODS]
    if unknown:
        raise BadSetting(
            N_("“{method}” is no way to bridge two domains on their features."),
            N_("Choose among {methods}."),
            method=unknown[0][:80],
            methods=", ".join(METHODS),
        )
    return tuple(given or METHODS)


def _domains(corpus: Corpus) -> tuple[str, ...]:
    if len(corpus.domain_names) < 2:
        raise BadTable(
            N_("This corpus has one domain, so there is nothing to bridge."),
            N_("Give a domain column, or stack several tables."),
        )
    return corpus.domain_names


def _pair(corpus: Corpus, source: str, target: str) -> tuple[int, int]:
    names = _domains(corpus)
    for name in (source, target):
        if name not in names:
            raise BadSetting(
                N_("The corpus has no domain “{domain}”."), N_("Choose among {domains}."), domain=name[:80],
                domains=", ".join(names)[:200],
            )  # fmt: skip
    if source == target:
        raise BadSetting(
            N_("Source and target are the same domain, “{domain}”."),
            N_("Choose another target."),
            domain=source[:80],
        )
    return names.index(source), names.index(target)
