"""How much of each token attention alone carries up to what is read in the end: rollout and flow.

Both are of Abnar & Zuidema 2020 (*Quantifying attention flow in transformers*, arXiv 2005.00928). They know
neither values nor classes. What they say is held against masking the tokens and against gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.ablation import rank_correlation
from xfer_core.attention.gradients import HELD, Gradients, Score, integrated
from xfer_core.attention.looking import kinds, look
from xfer_core.attention.opened import open_model
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.threads import single_threaded

Array = NDArray[np.float64]

UNITS = 10**6
"""Whole numbers that SciPy's flow is computed in, for a capacity of 1."""


@dataclass(frozen=True)
class Flow:
    """Relevance of the tokens of a text, in several ways; T tokens.

    Attributes
    ----------
    rollout : float64 [T]
        Share of each token in the row that the prediction reads; in the mean of all rows, where it reads all
        or there is none. Sums to 1.
    flow : float64 [T]
        The most that can pass from that row to each token, 0 to 1; many can be near 1 at once.
    removed : float64 [T]
        Size of the change of the score of :class:`~xfer_core.attention.gradients.Score` when the token's
        embedding is that of the mask or padding token. 0 for special tokens, which stay.
    correlations : dict "one.other" → float
        Spearman's, of sizes, over ordinary tokens; NaN where it is not defined.
    gradients : Gradients
        Integrated gradients of the same score, which *correlations* hold the others against.
    """

    tokens: list[str]
    special: list[bool]
    rollout: Array
    flow: Array
    removed: Array
    correlations: dict[str, float]
    gradients: Gradients


def flow_of(model: str, text: str, pair: str | None = None, *, report: Report = silent) -> Flow:
    """Rollout and flow of *text*, or of *text* and *pair*, and what they are held against.

    Of an encoder-decoder they are those of its encoder.

    Raises
    ------
    BadSetting
        If there is no text.
    BadModel
        If the model cannot be loaded.
    """
    import torch

    report(0.0, N_("Loading the model"))
    opened = open_model(model)
    seen = look(opened, text, pair, kinds(opened.source)[0])
    stacked = torch.stack([heads.weights[0] for _, heads in sorted(seen.seen.items())])
    mixed = mixtures(stacked.double().cpu().numpy())
    read = np.full(len(seen.rows), 1 / len(seen.rows))
    if (row := opened.reach(len(seen.rows))) is not None:
        read = np.eye(len(seen.rows))[row]
    score = Score(opened, seen.batch, seen.rows.special)
    found = {
        "rollout": rollout(mixed, read),
        "flow": flow(mixed, read, part(report, 0.1, 0.5)),
        "removed": removed(score, part(report, 0.5, 0.7)),
    }
    gradients = integrated(score, seen.rows, report=part(report, 0.7, 1.0))
    ordinary = ~np.array(seen.rows.special)
    sizes = {
        name: np.abs(values[ordinary]) for name, values in (found | {"gradients": gradients.values}).items()
    }
    pairs = [(one, other) for one in ("rollout", "flow") for other in ("removed", "gradients")]
    correlations = {
        f"{one}.{other}": rank_correlation(sizes[one], sizes[other])
        for one, other in [("gradients", "removed"), *pairs]
    }
    return Flow(
        seen.rows.shown, seen.rows.special, **found, correlations=correlations, gradients=gradients
    )  # fmt: skip


def mixtures(weights: Array) -> Array:
    """Mean over heads, and the same again for the stream that goes past them: [L, H, T, T] → [L, T, T]."""
    mean = weights.mean(1)
    return (mean / mean.sum(-1, keepdims=True) + np.eye(weights.shape[-1])) / 2


def rollout(mixed: Array, read: Array) -> Array:
    """Products of the layers' mixtures, for the rows *read* [T] (weights that sum to 1), [T]."""
    with single_threaded():
        for layer in reversed(mixed):
            read = read @ layer
    return read


def flow(mixed: Array, read: Array, report: Report = silent) -> Array:
    """The most that can flow from what is *read* down to each token, with the mixtures as capacities, [T]."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_flow

    layers, size, _ = mixed.shape
    source = (layers + 1) * size
    above, row, column = np.nonzero(mixed)
    start = np.concatenate([(above + 1) * size + row, np.full(size, source)])
    end = np.concatenate([above * size + column, layers * size + np.arange(size)])
    capacity = np.concatenate([mixed[above, row, column], read])
    units = np.rint(capacity * UNITS).astype(np.int32)
    graph = coo_array((units, (start, end)), shape=(source + 1, source + 1)).tocsr()
    found = np.empty(size)
    with single_threaded():
        for token in range(size):
            report(token / size, N_("Following attention through the layers"))
            found[token] = maximum_flow(graph, source, token).flow_value / UNITS
    return found


def removed(score: Score, report: Report = silent) -> Array:
    """Size of the change of the score without each ordinary token, [T]."""
    import torch

    places = score.ordinary.nonzero()[:, 0]
    found = torch.zeros(len(score.ordinary), dtype=torch.float64)
    rows = max(1, HELD // len(score.ordinary))
    with torch.no_grad():
        whole = score(score.whole)
        for start in range(0, len(places), rows):
            report(start / len(places), N_("Masking token after token"))
            some = places[start : start + rows]
            embeddings = score.whole.repeat(len(some), 1, 1)
            embeddings[torch.arange(len(some)), some] = score.blank[0, some]
            found[some.cpu()] = (score(embeddings) - whole).abs().double().cpu()
    return found.numpy()
