"""Which labels are doubtful: what a probe that has not seen a text says of it, against the label it has.

Each text is read by linear probes on the cached features, trained on the other folds, from the layers that
read held-out texts best. Confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning:
Estimating Uncertainty in Dataset Labels", JAIR 70; the cleanlab package) then compares: a label is doubtful
where another label's probability is above what texts *of that other label* usually get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.features import MAX_LENGTH, Pool, features
from xfer_core.analysis.scores import Score, gain, score
from xfer_core.corpora import health
from xfer_core.corpora.corpus import Corpus, drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, as_message
from xfer_core.models.sources import BUNDLED
from xfer_core.progress import Report, part, silent
from xfer_core.settings import LIMITS
from xfer_core.tasks.baselines import PROBE_STRENGTH, regression, standardised
from xfer_core.threads import single_threaded

FOLDS = 5
TEXTS = LIMITS.checked_texts
"""Looked at unless told otherwise: seconds, where all texts may be minutes."""
LAYERS = 3
"""Best layers whose probabilities are averaged: layers err on different texts, wrong labels stay wrong.

With 5 % of the labels of 2,000 tweets flipped, .59 of the 20 most doubtful had been, against .45 from the
best layer alone; on four domains .66 against .68 (means of four seeds, chance .05).
"""
NAMED = 8
"""Labels that a note names before it says how many more there are."""


@dataclass(frozen=True)
class LabelCheck:
    """Doubtful labels, most doubtful first, and what the probe behind them is worth.

    Attributes
    ----------
    positions : int64 [d]
        Of the doubtful texts in the corpus.
    suggested : int64 [d]
        The label the probe gives, as an index into the corpus's label names.
    probability, given : float64 [d]
        The probe's probabilities of the suggested label and of the one the text has.
    read : int64 [r]
        Positions of all texts that were looked at, ascending.
    layers : tuple of int
        The layers read, the one with the best macro-F1 of held-out texts first; *by_layer* has it of all.
    agreement : float
        Share of the texts read whose most probable label is the one they have.
    plain, weighted : Score
        The best layer's held-out predictions against the labels, without and with class weights.
    gain : (float, float)
        Bounds (95 %) of what class weights add to macro-F1; above 0 where it is more than chance.
    notes : tuple of {"message": msgid, "values": dict}
        What was left out or is to be read with care.
    """

    positions: NDArray[np.int64]
    suggested: NDArray[np.int64]
    probability: NDArray[np.float64]
    given: NDArray[np.float64]
    read: NDArray[np.int64]
    layers: tuple[int, ...]
    by_layer: tuple[float, ...]
    agreement: float
    folds: int
    plain: Score
    weighted: Score
    gain: tuple[float, float]
    notes: tuple[dict[str, Any], ...] = ()
    model: str = ""
    corpus: str = ""
    seed: int = 0
    max_length: int = 0
    truncated: int = 0
    seconds: float = 0.0


def folds_of(texts: Sequence[str], labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """A fold 0 … folds-1 for each text, every label spread as evenly as it can be.

    Equal texts share a fold: in two, one copy would vouch for the wrong label of the other.
    """
    _, first, same = np.unique(np.array(texts, dtype=object), return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(len(first))
    by_label = mixed[np.argsort(labels[first][mixed], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[by_label] = np.arange(len(first)) % folds
    return fold[same]


def held_out(
    states: NDArray[np.float32], labels: NDArray[np.int64], fold: NDArray[np.int64], *, weighted: bool = False
) -> NDArray[np.float64]:
    """Probabilities [n, classes] from probes that were not trained on the text's own fold.

    *states* [n, hidden]; *labels* 0 … classes-1, each present in two folds at least.
    """
    found = np.zeros((len(labels), int(labels.max()) + 1))
    for each in np.unique(fold):
        seen = fold != each
        scale = standardised(states[seen])
        probe = regression(PROBE_STRENGTH).set_params(class_weight="balanced" if weighted else None)
        probe.fit(scale.transform(states[seen]), labels[seen])
        found[~seen] = probe.predict_proba(scale.transform(states[~seen]))
    return found


def examine(
    states: NDArray[np.float32],
    texts: Sequence[str],
    labels: NDArray[np.int64],
    label_names: Sequence[str],
    *,
    folds: int = FOLDS,
    seed: int = 0,
    report: Report = silent,
) -> LabelCheck:
    """Find doubtful labels among *labels* [n] of *texts*, from their *states* [layers, n, hidden].

    A label with fewer different texts than folds is spread over as many folds as it has texts; one with a
    single text cannot be judged by others and is left out. Both are said in the notes.

    Raises
    ------
    BadTable
        If fewer than two labels have two different texts.
    """
    from cleanlab.filter import find_label_issues

    distinct = _distinct(texts, labels, len(label_names))
    folds = max(2, min(folds, int(distinct.max(initial=0))))
    fold = folds_of(texts, labels, folds, seed)
    lonely = [k for k in range(len(label_names)) if len(set(fold[labels == k])) == 1]
    used = np.flatnonzero(~np.isin(labels, lonely))
    classes, codes = np.unique(labels[used], return_inverse=True)
    if len(classes) < 2:
        raise BadTable(
            N_("Labels can be compared only where two of them have two different texts each."),
            N_("Choose another label column, or bring more texts."),
        )
    states, fold = states[:, used], fold[used]
    found: list[NDArray[np.float64]] = []
    with single_threaded():
        for layer, layer_states in enumerate(states):
            found.append(held_out(np.asarray(layer_states), codes, fold))
            report((layer + 1) / (len(states) + 1), N_("Reading each layer with a probe"))
        by_layer = [_macro_f1(codes, each) for each in found]
        best = np.argsort(by_layer)[::-1][:LAYERS]
        weighted = held_out(np.asarray(states[best[0]]), codes, fold, weighted=True)
        chances = np.mean([found[layer] for layer in best], axis=0)
        doubtful = find_label_issues(
            codes, chances, filter_by="confident_learning", return_indices_ranked_by="self_confidence",
            n_jobs=1,
        )  # fmt: skip
    report(1.0, N_("Reading each layer with a probe"))
    doubtful = np.asarray(doubtful, np.int64)
    return LabelCheck(
        positions=used[doubtful],
        suggested=classes[chances[doubtful].argmax(axis=1)],
        probability=chances[doubtful].max(axis=1),
        given=chances[doubtful, codes[doubtful]],
        read=used,
        layers=tuple(int(layer) for layer in best),
        by_layer=tuple(by_layer),
        agreement=float((chances.argmax(axis=1) == codes).mean()),
        folds=folds,
        plain=score(codes, found[best[0]].argmax(axis=1), seed=seed),
        weighted=score(codes, weighted.argmax(axis=1), seed=seed),
        gain=gain(codes, found[best[0]].argmax(axis=1), weighted.argmax(axis=1), seed=seed),
        notes=_notes(label_names, distinct, lonely, folds),
        seed=seed,
    )


def _distinct(texts: Sequence[str], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """How many different texts each label has."""
    pairs = set(zip(labels.tolist(), texts, strict=True))
    return np.bincount([label for label, _ in pairs], minlength=classes)


def _macro_f1(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(labels, probabilities.argmax(axis=1), average="macro"))


def _notes(
    names: Sequence[str], distinct: NDArray[np.int64], lonely: Sequence[int], folds: int
) -> tuple[dict[str, Any], ...]:
    few = [k for k in np.flatnonzero((distinct > 0) & (distinct < folds)).tolist() if k not in lonely]
    said = (
        (N_("Left out, because no other text can judge them: {labels}. They have one text only."), lonely),
        (
            N_(
                "Labels with fewer texts than the {folds} folds, judged by few others: {labels}. Read their"
                " doubts with care."
            ),
            few,
        ),
    )
    return tuple(
        as_message(message, labels=_named([names[k] for k in those]), folds=folds)
        for message, those in said
        if those
    )


def _named(names: Sequence[str]) -> list[str]:
    more = [f"… (+{len(names) - NAMED})"] if len(names) > NAMED else []
    return [name[:80] for name in names[:NAMED]] + more


def check(
    corpus_id: str,
    model: str = BUNDLED,
    *,
    texts: int = TEXTS,
    pool: Pool = "mean",
    max_length: int = MAX_LENGTH,
    folds: int = FOLDS,
    seed: int = 0,
    report: Report = silent,
) -> LabelCheck:
    """:func:`examine` for a kept corpus, on at most *texts* of its labelled texts.

    Raises
    ------
    BadTable
        If the corpus has no labels, or fewer than two that can be compared.
    BadModel
        If the model cannot be loaded.
    """
    started = perf_counter()
    whole = load_corpus(corpus_id)
    if not (whole.labels >= 0).any():
        raise BadTable(
            N_("The texts of this corpus have no labels, so none can be doubted."),
            N_("Choose a corpus whose table has a label column."),
        )
    labelled = np.flatnonzero(whole.labels >= 0)
    taken = labelled[drawn(whole.take(labelled), texts, seed)]
    corpus = whole.take(taken)
    states = features(model, corpus.texts, pool=pool, max_length=max_length, report=part(report, 0.0, 0.9))
    found = examine(
        states.array, corpus.texts, corpus.labels, corpus.label_names,
        folds=folds, seed=seed, report=part(report, 0.9, 1.0),
    )  # fmt: skip
    return replace(
        found,
        positions=taken[found.positions],
        read=taken[found.read],
        model=model,
        corpus=corpus_id,
        max_length=states.max_length,
        truncated=states.truncated,
        seconds=perf_counter() - started,
    )


def conflicts(corpus: Corpus) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of texts that stand with more than one label, equal ones side by side, and what most say.

    The second array holds for each the label most of its copies have, -1 where none has more than another.
    """
    positions = health.conflicts(corpus)
    votes: dict[str, dict[int, int]] = {}
    texts, labels = corpus.frame["text"].iloc[positions].tolist(), corpus.labels[positions].tolist()
    for text, label in zip(texts, labels, strict=True):
        counts = votes.setdefault(text, {})
        counts[label] = counts.get(label, 0) + 1
    return positions, np.array([_majority(votes[text]) for text in texts], np.int64)


def _majority(votes: dict[int, int]) -> int:
    label, most = max(votes.items(), key=lambda vote: vote[1])
    return label if list(votes.values()).count(most) == 1 else -1
