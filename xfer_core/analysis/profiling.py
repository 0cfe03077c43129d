"""The universality profile of a model on a corpus: every measure of every layer, on the same texts."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis import geometry, spread
from xfer_core.analysis.domains import mmd
from xfer_core.analysis.features import MAX_LENGTH, Pool, check_drawing, features
from xfer_core.analysis.layer_probes import Material, probed
from xfer_core.analysis.logme import logme
from xfer_core.analysis.probes import at_most, transfer
from xfer_core.analysis.probes import sampled as taken
from xfer_core.analysis.profile import Profile
from xfer_core.analysis.ranking import Band, Floats, Ranking
from xfer_core.analysis.similarity import between, shift
from xfer_core.corpora.corpus import Corpus
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadModel, BadTable
from xfer_core.files import IDENTIFIER
from xfer_core.i18n import N_, Said, as_message
from xfer_core.progress import Report, part, silent
from xfer_core.runs import store
from xfer_core.settings import LIMITS

SAMPLE = 1_000
"""Texts on which measures of all pairs of texts are taken."""


def profile_of(
    model: str,
    corpus_id: str,
    *,
    pool: Pool = "mean",
    per_class: int = LIMITS.transfer_texts_per_class,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
    report: Report = silent,
) -> Profile:
    """:func:`profile` of a corpus, on at most *per_class* texts of every class in every domain.

    With one domain, or no labels, what can be said is said and the rest is NaN with a note. A tuned run as
    *model* is compared with the model it started from.

    Raises
    ------
    BadModel
        If the model cannot be loaded.
    """
    started = perf_counter()
    check_drawing(seed=seed, per_class=per_class, max_length=max_length)
    whole = load_corpus(corpus_id)
    corpus = chosen(whole, per_class, seed)
    found = features(model, corpus.texts, pool=pool, max_length=max_length, report=part(report, 0.0, 0.6))
    names = corpus.domain_names or (corpus.name,)
    given = Material(found.array, corpus.texts, corpus.labels, corpus.domains, names,
                     corpus.label_names, found.layers, seed)  # fmt: skip
    material, notes = usable(given)
    result = profile(material, key=found.key, report=part(report, 0.6, 0.9))
    if base := _base_of(model):
        rows = sampled(material)
        texts = [material.texts[row] for row in rows]
        before = features(base, texts, pool=pool, max_length=max_length, report=part(report, 0.9, 1.0))
        now = material.states[:, rows]
        doubt = spread.of_shift(before.array, now)
        result = replace(
            result, moved=shift(before.array, now), base=base, errors=result.errors | {"moved": doubt}
        )
    report(1.0, N_("The profile is ready"))
    return replace(
        result,
        notes=(*taken(whole, corpus.n, per_class, model), *notes, *result.notes),
        model=model,
        corpus=corpus_id,
        pool=pool,
        per_class=per_class,
        max_length=found.max_length,
        truncated=found.truncated,
        seconds=perf_counter() - started,
    )


def chosen(whole: Corpus, per_class: int, seed: int) -> Corpus:
    """The labelled texts to be measured; of a corpus without labels, twice *per_class* of each domain."""
    labels, limit = whole.labels, per_class
    if not (labels >= 0).any():
        labels, limit = np.zeros_like(labels), 2 * per_class
    return whole.take(at_most(labels, whole.domains, limit, seed))


def _base_of(model: str) -> str:
    """The model a tuned run started from; "" for what is no run."""
    run = store.find(model) if IDENTIFIER.fullmatch(model) else None
    return str(run.config.get("model", "")) if run else ""


def usable(given: Material) -> tuple[Material, tuple[Said, ...]]:
    """*given* without texts whose states are no numbers, its domains numbered anew, and what to say of it.

    A layer without a single usable text stays: its measures will be NaN.

    Raises
    ------
    BadModel
        If no text is left.
    """
    notes = []
    finite = np.stack([np.isfinite(layer).all(axis=1) for layer in given.states])  # [layers, n]
    alive = finite.any(axis=1)
    rows = np.flatnonzero(finite[alive].all(axis=0))
    if not alive.any() or not len(rows):
        raise BadModel(
            N_("What this model makes of the texts are no finite numbers."),
            N_("Choose another model, or train it again with a lower learning rate."),
        )
    if not alive.all():
        names = [given.layers[place] for place in np.flatnonzero(~alive)]
        message = N_(
            "In these layers the states are no finite numbers, so nothing is said of them: {layers}."
        )
        notes.append(as_message(message, layers=names))
    if len(rows) < len(given.texts):
        message = N_("Texts left out because the model's states are no finite numbers: {n:,}.")
        notes.append(as_message(message, n=len(given.texts) - len(rows)))
    present, codes = np.unique(given.domains[rows], return_inverse=True)
    for code, name in enumerate(given.domain_names):
        if code not in present:
            notes.append(as_message(N_("“{domain}” has no text to be measured."), domain=name))
    whole = len(rows) == len(given.texts)
    kept = replace(
        given,
        states=given.states if whole else given.states[:, rows],
        texts=[given.texts[row] for row in rows],
        labels=given.labels[rows],
        domains=codes.astype(np.int64),
        domain_names=tuple(given.domain_names[code] for code in present),
    )
    return kept, tuple(notes)


def sampled(material: Material) -> NDArray[np.int64]:
    """Rows, ascending, about :data:`SAMPLE` of them, as equally many of each domain as there are."""
    if len(material.texts) <= SAMPLE:
        return np.arange(len(material.texts))
    rng = np.random.default_rng(material.seed)
    codes = range(len(material.domain_names))
    each = max(2, SAMPLE // len(codes))
    return np.sort(
        np.concatenate([rng.permutation(np.flatnonzero(material.domains == code))[:each] for code in codes])
    )


def profile(material: Material, *, key: str = "", report: Report = silent) -> Profile:
    """Every measure of every layer.

    Task and domain are read on held-out texts (five folds, identical texts in one), with bounds over 1,000
    draws of the texts tested, all layers on the same draws. What travels is the mean of
    :func:`~xfer_core.analysis.probes.transfer`, which knows the states by *key*.
    """
    read = probed(material, part(report, 0.0, 0.4))
    ranking, notes = _travels(material, key, part(report, 0.4, 0.8))
    nothing = np.full(len(material.layers), np.nan)
    rows = sampled(material)
    shape = _shape(material, rows, part(report, 0.8, 1.0))
    measured: dict[str, Any] = {**vars(read), **shape, "notes": (*read.notes, *notes)}
    measured["errors"] = read.errors | _errors(material, rows)
    measured |= {"transfer": Band(nothing, nothing, nothing), "transfer_control": nothing}
    if ranking is not None:
        measured |= {"ranking": ranking, "transfer": ranking.score, "transfer_control": ranking.floor}
    return Profile(
        model="", corpus="", pool="", seed=material.seed, per_class=0, max_length=0, truncated=0,
        n=len(material.texts), domains=material.domain_names, labels=material.label_names,
        texts=np.bincount(material.domains, minlength=len(material.domain_names)),
        layers=material.layers, chance=(_agreement(material.labels), _agreement(material.domains)),
        cka=between(material.states[:, rows]), sampled=len(rows), **measured,
    )  # fmt: skip


def _travels(material: Material, key: str, report: Report) -> tuple[Ranking | None, tuple[Said, ...]]:
    """The layers by what travels, and what to say of domains left out."""
    if not (material.labelled and material.several):
        return None, ()
    alive = [place for place, states in enumerate(material.states) if np.isfinite(states).all()]
    whole = len(alive) == len(material.layers)
    try:
        found = transfer(
            material.states if whole else material.states[alive], material.texts, material.labels,
            material.domains, material.domain_names, material.label_names, seed=material.seed, key=key,
            layers=[material.layers[place] for place in alive], report=report,
        )  # fmt: skip
    except BadTable as error:
        return None, (as_message(error.what, **error.values),)
    return found.ranking.among(material.layers), found.notes


def _shape(material: Material, rows: NDArray[np.int64], report: Report) -> dict[str, Floats]:
    """What needs no probe, by the name of its field."""
    names = ("logme", "mmd", "anisotropy", "intrinsic_dimension", "purity_label", "purity_domain")
    found = {name: np.full(len(material.layers), np.nan) for name in names}
    for place, states in enumerate(material.states):
        report(place / len(material.layers), N_("Measuring the shape of each layer"))
        if not np.isfinite(states).all():
            continue
        few = np.asarray(states[rows])
        found["anisotropy"][place] = geometry.anisotropy(states)
        found["intrinsic_dimension"][place] = geometry.intrinsic_dimension(few)
        of_label, of_domain = geometry.purity(states, rows, material.labels, material.domains)
        if material.labelled:
            found["logme"][place] = logme(states, material.labels)
            found["purity_label"][place] = of_label
        if material.several:
            found["mmd"][place] = mmd(few, material.domains[rows])
            found["purity_domain"][place] = of_domain
    return found


def _errors(material: Material, rows: NDArray[np.int64]) -> dict[str, Floats]:
    """Standard errors of what :func:`_shape` finds."""
    unknown = np.full(len(material.layers), np.nan)
    found: dict[str, Floats] = {}
    for place, states in enumerate(material.states):
        if np.isfinite(states).all():
            told = spread.of_shape(states, rows, material.labels, material.domains, material.seed)
            for name, error in told.items():
                found.setdefault(name, unknown.copy())[place] = error
    return found


def _agreement(codes: NDArray[np.int64]) -> float:
    """The chance that two texts drawn at random have the same code."""
    shares = np.unique_counts(codes).counts / len(codes)
    return float((shares**2).sum())
