"""What every head does over many texts: where its weight goes, how spread it is, which heads are alike.

The measures are those of Clark et al. 2019 (*What does BERT look at?*, arXiv 1906.04341, §3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.detector import evenness
from xfer_core.attention.divergence import between
from xfer_core.attention.opened import Opened, open_model
from xfer_core.attention.tokens import Tokens
from xfer_core.corpora.corpus import drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent
from xfer_core.threads import single_threaded

Array = NDArray[np.float64]

TEXTS, MAX_LENGTH = 200, 128
FEWEST_TOKENS = 3
"""Of a text at least: one beside [CLS] and [SEP], for special tokens alone look at nothing."""

NAMED = 0.5
"""Share of its weight that a head must spend in one way to be named for it (Clark et al. 2019, §3.1)."""

NAMES = {
    "previous": N_("looks at the token before"),
    "next": N_("looks at the token after"),
    "self": N_("looks at the token itself"),
    "same": N_("looks at the same word elsewhere"),
    "punctuation": N_("looks at punctuation"),
    "cls": N_("rests on the first token"),
    "sep": N_("rests on the separator"),
}
"""Key of a measure → what a head is called whose share is above :data:`NAMED`."""

COMPARED_TEXTS, COMPARED_ROWS = 50, 16
"""For the distance of heads: texts, and rows of each; every pair of heads is compared on each row."""


@dataclass(frozen=True)
class Habit:
    """One measure: *mean* and *spread* (standard deviation) over *n* texts, float64 [layers, heads].

    Texts in which the measure means nothing, such as those without punctuation, do not count. NaN if none do.
    """

    mean: Array
    spread: Array
    n: int


@dataclass(frozen=True)
class Habits:
    """What the heads of a model do over *texts* texts with *tokens* tokens.

    Attributes
    ----------
    measures : dict
        ``entropy`` (of a row over the largest it could have), ``distance`` (from query to key, tokens), and
        shares, 0 to 1, of the weight that ordinary tokens give: ``cls`` (to the first token, in encoders
        [CLS]), ``sep`` (to other special tokens), ``punctuation``, ``previous``, ``next``, ``self``, and
        ``same`` (to other places of the same token, from tokens that stand in a text more than once).
    similarity : float64 [heads, heads]
        Jensen–Shannon divergence of every pair of the model's heads, in bits; layer by layer.
    order : int64 [heads]
        Heads so that those alike stand together (average linkage).
    names : {(layer, head): (message, score)}
        Heads that spend more than *threshold* in one way.
    sink : float
        Share of all weight of ordinary tokens that goes to special tokens, or to the first.
    unidentifiable : float
        Share of texts longer than *head_size* tokens: there other weights give the same output (Brunner
        et al. 2020, arXiv 1908.04211).
    """

    model: str
    corpus: str
    texts: int
    tokens: int
    measures: dict[str, Habit]
    similarity: Array
    order: NDArray[np.int64]
    names: dict[tuple[int, int], tuple[str, float]]
    threshold: float
    sink: float
    unidentifiable: float
    head_size: int


def habits_of(
    model: str,
    corpus_id: str,
    *,
    texts: int = TEXTS,
    seed: int = 0,
    max_length: int = MAX_LENGTH,
    report: Report = silent,
) -> Habits:
    """The habits of *model*, a model's or a finished run's name, over *texts* texts of a corpus.

    Raises
    ------
    BadSetting
        As :func:`check_reading`.
    BadModel, NotFound
        If the model cannot be loaded, or there is no such corpus.
    """
    check_reading(texts, seed, max_length)
    report(0.0, N_("Loading the model"))
    opened = open_model(model)
    corpus = load_corpus(corpus_id)
    chosen = [corpus.texts[place] for place in drawn(corpus, min(texts, corpus.n), seed)]
    kept: dict[str, list[Array]] = {}
    apart: list[Array] = []
    sinks: list[float] = []
    lengths: list[int] = []
    random = np.random.default_rng(seed)
    size = 0
    for at, (tokens, weights, width) in enumerate(looks(opened, chosen, max_length)):
        size = width
        report(0.1 + 0.85 * at / len(chosen), N_("Reading texts"))
        lengths.append(len(tokens))
        with single_threaded():
            for key, value in measured(tokens, weights, causal=opened.source.decoder).items():
                kept.setdefault(key, []).append(value)
            sinks.append(_sink(tokens, weights))
            if at < COMPARED_TEXTS:
                rows = random.permutation(len(tokens))[:COMPARED_ROWS]
                apart.append(between(weights[:, :, rows].reshape(-1, len(rows), len(tokens))))
    measures = {key: _habit(kept[key]) for key in (*("entropy", "distance"), *NAMES) if key in kept}
    similarity = np.mean(apart, axis=0)
    return Habits(
        model, corpus_id, len(lengths), sum(lengths), measures, similarity, _order(similarity),
        _named(measures), NAMED, float(np.nanmean(sinks)), float(np.mean(np.array(lengths) > size)), size,
    )  # fmt: skip


def check_reading(texts: int, seed: int, max_length: int) -> None:
    """Whether texts can be drawn and read so.

    Raises
    ------
    BadSetting
        If *seed* is negative, or no text, or nothing of a text, would be left.
    """
    for message, value, least in (
        (N_("The seed is {value}; it must be {least} or more."), seed, 0),
        (N_("{value} texts are too few; {least} is the least."), texts, 1),
        (N_("{value} tokens of a text are too few; {least} are the least."), max_length, FEWEST_TOKENS),
    ):
        if value < least:
            raise BadSetting(message, value=value, least=least)


def looks(
    opened: Opened, texts: Sequence[str], max_length: int
) -> Iterator[tuple[Tokens, NDArray[np.float32], int]]:
    """Tokens, weights [layers, heads, T, T] and head size, text by text; alone, a text needs no padding."""
    import torch

    from xfer_core.attention.looking import kinds, look

    kind = kinds(opened.source)[0]
    for text in texts:
        found = look(opened, text, None, kind, max_length)
        stacked = torch.stack([found.seen[layer].weights[0] for layer in sorted(found.seen)])
        yield found.rows, stacked.float().cpu().numpy(), found.head_size


def measured(tokens: Tokens, weights: NDArray[np.float32], *, causal: bool) -> dict[str, Array]:
    """Measures of one text, float64 [layers, heads] each; those that mean nothing in it are absent."""
    size = len(tokens)
    special = np.array(tokens.special)
    ordinary = ~special
    if causal:
        ordinary[0] = False  # it sees itself only
    rows = np.flatnonzero(ordinary)
    if not rows.size or size < 2:
        return {}
    weights = weights.astype(np.float64)
    of = weights[:, :, rows]
    places = np.arange(size)
    distance = np.abs(places - rows[:, None])
    found = {
        "entropy": evenness(weights)[:, :, rows].mean(-1),
        "distance": (of * distance).sum(-1).mean(-1),
        "cls": of[..., 0].mean(-1),
        "previous": of[:, :, rows > 0, :][..., np.arange((rows > 0).sum()), rows[rows > 0] - 1].mean(-1),
        "self": of[..., np.arange(rows.size), rows].mean(-1),
    }
    after = rows < size - 1
    if after.any() and not causal:
        found["next"] = of[:, :, after][..., np.arange(after.sum()), rows[after] + 1].mean(-1)
    separators = special.copy()
    separators[0] = False
    for key, columns in (("sep", separators), ("punctuation", np.array(tokens.punctuation))):
        if columns.any():
            found[key] = of[..., columns].sum(-1).mean(-1)
    names = np.array([token.lower() for token in tokens.shown], dtype=object)
    same = (names[rows, None] == names[None]) & ordinary[None] & (distance > 0)
    if causal:
        same &= places < rows[:, None]
    twice = same.any(-1)
    if twice.any():
        found["same"] = (of[:, :, twice] * same[twice]).sum(-1).mean(-1)
    return found


def _sink(tokens: Tokens, weights: NDArray[np.float32]) -> float:
    """Share of ordinary tokens' weight on special ones; where there are none, on the first."""
    special = np.array(tokens.special)
    if not special.any():
        special[0] = True
    rows = weights[:, :, ~special]
    return float(rows[..., special].sum(-1).mean()) if rows.size else np.nan


def _habit(values: list[Array]) -> Habit:
    return Habit(np.mean(values, axis=0), np.std(values, axis=0, ddof=int(len(values) > 1)), len(values))


def _order(similarity: Array) -> NDArray[np.int64]:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    with single_threaded():
        tree = linkage(squareform(similarity, checks=False), "average", optimal_ordering=True)
        return leaves_list(tree).astype(np.int64)


def _named(measures: dict[str, Habit]) -> dict[tuple[int, int], tuple[str, float]]:
    """The way in which a head spends most, where that is more than :data:`NAMED`."""
    shares = {key: measures[key].mean for key in NAMES if key in measures}
    if not shares:
        return {}
    keys = list(shares)
    stacked = np.stack(list(shares.values()))
    most = stacked.argmax(0)
    return {
        (int(layer), int(head)): (
            NAMES[keys[most[layer, head]]],
            float(stacked[most[layer, head], layer, head]),
        )
        for layer, head in np.argwhere(stacked.max(0) > NAMED)
    }
