"""How far the measures of a layer's shape would move with other texts: their standard errors.

Most are smooth functions of the texts, so that leaving each text out gives their standard error in one pass
(the jackknife; Efron and Stein 1981, Annals of Statistics 9, 586-596). What is said of a text's neighbours
counts as one number a text. Texts stay in their domains, as many as there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.domains import gaussian
from xfer_core.analysis.geometry import FEWEST, agreeing
from xfer_core.threads import single_threaded

Floats = NDArray[np.float64]


def of_shape(
    states: NDArray[np.floating],
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    domains: NDArray[np.int64],
    seed: int,
) -> dict[str, float]:
    """Standard errors of what a profile says of one layer's *states* [n, hidden] without probes.

    By the names of its fields, as far as one comes cheaply: none of LogME. *rows* are the texts on which
    measures of all pairs are taken.
    """
    few = np.asarray(states[rows])
    ratios = neighbour_ratios(few)
    kernel = gaussian(few)
    of_label, of_domain = (of_mean(each) for each in agreeing(states, rows, labels, domains))
    unknown = float("nan")
    return {
        "anisotropy": of_anisotropy(states),
        "intrinsic_dimension": unknown if len(ratios) < FEWEST else of_dimension(ratios, seed),
        "mmd": unknown if kernel is None else of_mmd(kernel, domains[rows]),
        "purity_label": of_label,
        "purity_domain": of_domain,
    }


def of_mean(values: Floats) -> float:
    """Standard error of a mean of independent *values* [n]; NaN below two."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def of_anisotropy(states: NDArray[np.floating]) -> float:
    """Of :func:`xfer_core.analysis.geometry.anisotropy` of *states* [n, hidden], every text left out once."""
    given = np.asarray(states, dtype=np.float64)
    lengths = np.linalg.norm(given, axis=1)
    unit = given[lengths > 0] / lengths[lengths > 0, None]
    n = len(unit)
    if n < 4:
        return float("nan")
    with single_threaded():
        total = unit.sum(axis=0)
        squared = total @ total - 2 * (unit @ total) + 1
    return _jackknifed((squared - (n - 1)) / ((n - 1) * (n - 2)))


def of_mmd(kernel: Floats, domains: NDArray[np.int64]) -> float:
    """Of the mean squared MMD over pairs of *domains* [n], from their *kernel* [n, n] with a diagonal of 0.

    Every text is left out of its domain once; the width of the kernel stays.
    """
    present, codes, sizes = np.unique(domains, return_inverse=True, return_counts=True)
    if len(present) < 2 or sizes.min() < 3:
        return float("nan")
    with single_threaded():
        to = kernel @ (
            codes[:, None] == np.arange(len(present))
        )  # of each text, to each domain: [n, domains]
    sums = np.stack([to[codes == code].sum(axis=0) for code in range(len(present))])
    variance, others = 0.0, len(present) - 1
    for code, size in enumerate(sizes):
        mine = to[codes == code]
        within = (sums[code, code] - 2 * mine[:, code]) / ((size - 1) * (size - 2))
        between = (sums[code] - mine) / ((size - 1) * sizes)
        across = between.sum(axis=1) - between[:, code]
        left = (others * within - 2 * across) * 2 / (len(present) * others)
        variance += _jackknifed(left) ** 2
    return float(np.sqrt(variance))


def of_a_distance(scores: Floats, domains: NDArray[np.int64]) -> float:
    """Of :func:`xfer_core.analysis.domains.a_distance`; arguments as there. The probe is taken as it is."""
    present = np.unique(domains)
    if len(present) < 2:
        return float("nan")
    variance = 0.0
    for a in present:
        own = scores[domains == a]
        ahead = own[:, [a]] - own[:, [b for b in present if b != a]]
        wrong = ((ahead < 0) + 0.5 * (ahead == 0)).mean(axis=1)
        variance += (4 / len(present) * of_mean(wrong)) ** 2
    return float(np.sqrt(variance))


def of_cka(one: Floats, other: Floats) -> float:
    """Of debiased linear CKA, from the products of all pairs of texts *one* and *other* [n, n].

    Every text is left out once: the three HSIC₁ follow from row sums (Song et al. 2012, equation 5).
    """
    with single_threaded():
        k, gram = (_hollow(each) for each in (one, other))
        shared, own, others = _left_out(k, gram), _left_out(k, k), _left_out(gram, gram)
    product = own * others
    left = np.divide(shared, np.sqrt(np.abs(product)), out=np.full_like(shared, np.nan), where=product > 0)
    return _jackknifed(left)


def of_shift(before: NDArray[np.floating], after: NDArray[np.floating]) -> Floats:
    """Of :func:`xfer_core.analysis.similarity.shift`, float64 [layers]; arguments as there."""
    found = []
    for layers in zip(before, after, strict=True):
        centred = [
            np.asarray(each, dtype=np.float64) - each.mean(axis=0, dtype=np.float64) for each in layers
        ]
        found.append(of_cka(*(each @ each.T for each in centred)))
    return np.array(found)


def of_dimension(ratios: Floats, seed: int, resamples: int = 200) -> float:
    """Of TwoNN's intrinsic dimension, from every text's *ratio* [n] of second to first neighbour's distance.

    The ratios are drawn again with replacement; their neighbours stay.
    """
    rng = np.random.default_rng(seed)
    n = len(ratios)
    return float(np.std([two_nn(ratios[rng.integers(n, size=n)]) for _ in range(resamples)], ddof=1))


def two_nn(ratios: Floats, discard: float = 0.1) -> float:
    """TwoNN (Facco et al. 2017): the slope of ``-log(1 - F)`` on ``log μ``, without the largest tenth."""
    kept = np.log(np.sort(ratios)[: int(len(ratios) * (1 - discard))])
    rising = -np.log(1 - np.arange(1, 1 + len(kept)) / len(ratios))
    return float((kept @ rising) / (kept @ kept))


def neighbour_ratios(states: NDArray[np.floating]) -> Floats:
    """Of every different text, the distance to its second neighbour over that to its first, float64 [m].

    Of fewer than three different texts there are none.
    """
    distinct = np.unique(np.asarray(states, dtype=np.float64), axis=0)
    if len(distinct) < 3:
        return np.empty(0)
    centred = distinct - distinct.mean(axis=0)
    with single_threaded():
        lengths = (centred**2).sum(axis=1)
        squared = np.maximum(lengths[:, None] + lengths - 2 * centred @ centred.T, 0.0)
    np.fill_diagonal(squared, np.inf)
    near = np.sqrt(np.partition(squared, 1, axis=1)[:, :2])
    return near[:, 1] / near[:, 0]


def _hollow(products: Floats) -> Floats:
    made = products.copy()
    np.fill_diagonal(made, 0.0)
    return made


def _left_out(k: Floats, gram: Floats) -> Floats:
    """HSIC₁ without each text in turn, [n]; *k* and *gram* [n, n] with diagonals of 0."""
    n = len(k) - 1
    both = k * gram
    rows, of_rows, trace = k.sum(axis=1), gram.sum(axis=1), both.sum(axis=1)
    total = (k.sum() - 2 * rows) * (gram.sum() - 2 * of_rows)
    crossed = rows @ of_rows - rows * of_rows - gram @ rows - k @ of_rows + trace
    inner = both.sum() - 2 * trace + total / ((n - 1) * (n - 2)) - 2 * crossed / (n - 2)
    return inner / (n * (n - 3))


def _jackknifed(left: Floats) -> float:
    """Standard error from the values without each text, [n]."""
    n = len(left)
    return float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))
