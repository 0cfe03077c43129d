"""The methods that bridge two domains without labels of the target, through skada and POT.

Each takes states of both domains, live and scaled alike (:func:`live`), and gives a :class:`Bridge`. skada
codes domains as signs (+ source, - target) and, when imported, switches scikit-learn's metadata routing on
for the whole process; neither leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.alignment.methods import NONE

States = NDArray[np.float64]
Move = Callable[[States], States]

SUBSPACE = 100
"""Directions that subspace alignment keeps. In one draw of the four-domain corpus (twelve pairs, layer 4,
equal class shares) 100 changed macro-F1 by +.055 on average and +.003 at worst, 50 by +.050 and -.017, 20 by
+.012 and -.042; other draws move these by some hundredths."""
COMPRESSED = 50
"""Directions that CORAL and transport see: covariances of 384 features from a few hundred texts are mostly
noise (in the same draw CORAL reached .766 on 50 and .745 on all), and their inverse may not exist."""
REGULARISATION = 0.05
"""Of the entropic transport, in units of the largest cost, to which the cost is always scaled: unscaled,
Sinkhorn's iteration does not converge."""
DOMAIN_STRENGTH = 0.001
"""``C`` of the classifier of domains behind the weights; a larger one gives all weight to a few texts."""

_DEAD = 1e-6
"""A feature varies if its spread in a domain exceeds this share of its largest value."""


@dataclass(frozen=True)
class Bridge:
    """What becomes of states [n, hidden] of either domain, and float64 weights [n] of the texts fitted on."""

    source: Move
    target: Move
    weights: NDArray[np.float64] | None = None


def _same(states: States) -> States:
    return states


def live(source: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which features [hidden] vary in both domains; the others break covariances and tell nothing."""
    kept = np.ones(source.shape[1], bool)
    for states in (source, target):
        kept &= states.std(axis=0) > _DEAD * np.maximum(np.abs(states).max(axis=0), _DEAD)
    return kept


def none(source: States, target: States, seed: int) -> Bridge:
    return Bridge(_same, _same)


def standardise(source: States, target: States, seed: int) -> Bridge:
    """``(x − mean) / deviation`` of each domain's own."""
    from sklearn.preprocessing import StandardScaler

    return Bridge(StandardScaler().fit(source).transform, StandardScaler().fit(target).transform)


def subspace(source: States, target: States, seed: int) -> Bridge:
    """``x Pₛ Pₛᵀ Pₜ`` for the source and ``x Pₜ`` for the target (P: their main directions).

    Both are turned back by ``Pₜᵀ``, which changes no distance and no regularised linear classifier, so that
    they can be shown beside what they were.
    """
    kept = min(SUBSPACE, source.shape[1], len(source) - 1, len(target) - 1)
    adapter = skada().SubspaceAlignmentAdapter(kept, random_state=seed)
    moved = _adapted(adapter, source, target)
    back = adapter.pca_target_.components_
    return Bridge(lambda x: moved.source(x) @ back, lambda x: moved.target(x) @ back)


def coral(source: States, target: States, seed: int) -> Bridge:
    """``x Cₛ^(−1/2) Cₜ^(1/2)`` for the source (C: covariances shrunk as by Ledoit & Wolf 2004)."""
    return _compressed(lambda s, t: _adapted(skada().CORALAdapter(reg="auto"), s, t), source, target, seed)


def transport(source: States, target: States, seed: int) -> Bridge:
    """Each source text goes to the mean of the target texts that its mass is sent to."""

    def moved(s: States, t: States) -> Bridge:
        return _adapted(skada().EntropicOTMappingAdapter(reg_e=REGULARISATION, norm="max"), s, t)

    return _compressed(moved, source, target, seed)


def exact_transport(source: States, target: States, seed: int) -> Bridge:
    return _compressed(
        lambda s, t: _adapted(skada().OTMappingAdapter(norm="max"), s, t), source, target, seed
    )


def reweight(source: States, target: States, seed: int) -> Bridge:
    """Weights ``p(target | x) / p(source | x)`` by a logistic regression, of mean 1.

    Not skada's DiscriminatorReweight: in 0.6.0 its weights are the inverse, so that what looks least like the
    target counts most.
    """
    from xfer_core.tasks.baselines import regression

    is_target = np.repeat([0, 1], [len(source), len(target)])
    reader = regression(DOMAIN_STRENGTH).fit(np.concatenate([source, target]), is_target)
    odds = np.exp(reader.decision_function(source))
    return Bridge(_same, _same, odds / odds.mean())


BRIDGES: dict[str, Callable[[States, States, int], Bridge]] = {
    NONE: none,
    "standardise": standardise,
    "subspace": subspace,
    "coral": coral,
    "transport": transport,
    "exact-transport": exact_transport,
    "reweight": reweight,
}


def _signs(source: States, target: States) -> NDArray[np.int64]:
    return np.concatenate([np.ones(len(source), np.int64), -np.ones(len(target), np.int64)])


def _adapted(adapter: Any, source: States, target: States) -> Bridge:
    adapter.fit(np.concatenate([source, target]), sample_domain=_signs(source, target))

    def moved(states: States, sign: int) -> States:
        signs = np.full(len(states), sign)
        return np.asarray(adapter.transform(states, sample_domain=signs, allow_source=True))

    return Bridge(lambda x: moved(x, 1), lambda x: moved(x, -1))


def _compressed(
    make: Callable[[States, States], Bridge], source: States, target: States, seed: int
) -> Bridge:
    """*make* on the main directions of both domains together; what comes out is turned back."""
    from sklearn.decomposition import PCA

    kept = min(COMPRESSED, source.shape[1], len(source) + len(target) - 1)
    plane = PCA(kept, svd_solver="full", random_state=seed).fit(np.concatenate([source, target]))
    inner = make(plane.transform(source), plane.transform(target))
    return Bridge(
        lambda x: plane.inverse_transform(inner.source(plane.transform(x))),
        lambda x: plane.inverse_transform(inner.target(plane.transform(x))),
    )


@cache
def skada() -> Any:
    """The library, imported so that scikit-learn stays as it was for everything else in this process."""
    import sklearn

    before = sklearn.get_config()["enable_metadata_routing"]
    import skada

    sklearn.set_config(enable_metadata_routing=before)
    return skada
