"""What tuning on one corpus costs on another: the same probe on a second corpus, before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.tasks.baselines import PROBE_STRENGTH, regression, standardised
from xfer_core.threads import single_threaded


def best_layer(states: NDArray[np.float32], corpus: Corpus) -> int:
    """The layer whose probe reads the validation texts best; *states* [layers, n, hidden] of *corpus*."""
    return int(np.argmax([probe(layer, corpus, "validation") for layer in states]))


def forgetting(
    before: NDArray[np.float32], after: NDArray[np.float32], corpus: Corpus, layer: int
) -> dict[str, Any]:
    """Probes on the states of *corpus* before and after tuning on another one.

    A new probe is trained for each: what counts is whether the states still tell the classes apart, not
    whether an old classifier still fits them.

    Parameters
    ----------
    before, after : float32 [layers, n, hidden]
        Pooled states of all texts of *corpus*, in its order.
    layer : int
        Which layer: :func:`best_layer` of *before*, the same for every strategy.

    Returns
    -------
    dict
        ``corpus`` (its id), ``layer``, macro-F1 ``before`` and ``after`` on its ``n`` test texts, and
        ``last_before`` and ``last_after``: the same of the last layer, which changes most.

    Raises
    ------
    BadTable
        If the training texts of *corpus* have fewer than two classes, or there are no test texts.
    """
    return {
        "corpus": corpus.id,
        "layer": layer,
        "before": probe(before[layer], corpus),
        "after": probe(after[layer], corpus),
        "last_before": probe(before[-1], corpus),
        "last_after": probe(after[-1], corpus),
        "n": int(_rows(corpus, "test").sum()),
    }


def probe(states: NDArray[np.float32], corpus: Corpus, part: str = "test") -> float:
    """Macro-F1 on one *part* of a probe trained on the training texts; *states* [n, hidden] of all texts."""
    from sklearn.metrics import f1_score

    train, asked = _rows(corpus, "train"), _rows(corpus, part)
    labels = corpus.labels
    if len(np.unique(labels[train])) < 2 or not asked.any():
        raise BadTable(
            N_("What is forgotten cannot be measured on the corpus {corpus}: too few labelled texts."),
            N_("Choose a second corpus with two classes and a test part."),
            corpus=corpus.name,
        )
    with single_threaded():
        scaler = standardised(states[train].astype(np.float64))
        reader = regression(PROBE_STRENGTH).fit(scaler.transform(states[train]), labels[train])
        given = reader.predict(scaler.transform(states[asked]))
    return float(f1_score(labels[asked], given, average="macro", zero_division=0))


def _rows(corpus: Corpus, part: str) -> NDArray[np.bool_]:
    """Which texts are of *part* and have a label."""
    return np.asarray(corpus.frame["split"] == part) & (corpus.labels >= 0)
