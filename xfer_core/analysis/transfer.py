"""What probes on every layer found, for every pair of domains, and what follows from it.

Sources are the domains and, of three or more, "all but one": one probe trained on all other domains. A choice
of the layer is honest where it has not looked at a label of the target:

- ``others``: the layer with the highest mean over all pairs in which the target has no part
- ``own``: the layer that reads the source's own held-out texts best
- ``best``: the layer that reads the target's test texts best; it looked, and so it flatters itself
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.ranking import Ranking

TFIDF = -1
"""The place of the word-count reference in every array over layers."""

OTHERS, OWN, BEST = "others", "own", "best"
CHOICES = (OTHERS, OWN, BEST)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One probe read once: trained on *source*, tested on *target*, from *layer* (-1: TF-IDF).

    *low* and *high* bound *macro_f1* with 95 % confidence over the *n* texts tested. *gap* is what training
    on the target's own texts, from the same layer, would give on top, with its paired bounds. With *all_but*
    the probe was trained on every domain but *source*.
    """

    source: str
    target: str
    layer: int
    macro_f1: float
    low: float
    high: float
    accuracy: float
    n: int
    gap: float = np.nan
    gap_low: float = np.nan
    gap_high: float = np.nan
    all_but: bool = False


@dataclass(frozen=True)
class Best:
    """Of one pair, the *layer* that reads the target's test texts best, and its lead over the last layer.

    *chosen* is the layer that :attr:`Transfer.default_choice` takes without a look at the target, and
    *chosen_macro_f1* what it reaches.
    """

    source: str
    target: str
    layer: int
    macro_f1: float
    low: float
    high: float
    n: int
    lead: float
    lead_low: float
    lead_high: float
    chosen: int
    chosen_macro_f1: float
    all_but: bool = False


@dataclass(frozen=True)
class Mean:
    """The mean over pairs of different domains, with 95 % bounds; its lead over the last layer; its gap.

    *how* is a layer, :data:`TFIDF` or one of :data:`CHOICES`. Bounds hold other texts to train and to test
    on; pairs and the choice stay as they are.
    """

    how: int | str
    macro_f1: float
    low: float
    high: float
    lead: float
    lead_low: float
    lead_high: float
    gap: float
    gap_low: float
    gap_high: float


@dataclass(frozen=True)
class Summary:
    """What all pairs of two different domains say together.

    Attributes
    ----------
    pairs : int
    tfidf : float
        Mean macro-F1 of the TF-IDF reference.
    best_layer : dict[(source, target), layer]
    above_tfidf, middle_above_last : int
        Pairs in which the best layer beats TF-IDF; in which a layer between the first and last state beats
        the last one. A best of several layers is chosen with the test texts in view, so it flatters a little.
    """

    pairs: int
    tfidf: float
    best_layer: dict[tuple[str, str], int]
    above_tfidf: int
    middle_above_last: int


@dataclass(frozen=True)
class Transfer:
    """Macro-F1 of every source, target and layer.

    Sources are the domains, in their order, and where there are three or more the same number of "all but"
    that domain; every array over sources has one row, or both halves, accordingly.

    Attributes
    ----------
    macro_f1, low, high, accuracy : float64 [sources, targets, layers + 1]
        In the order of *layers*; the last entry is TF-IDF, so that index ``TFIDF`` finds it.
        NaN where a source could not be trained. *low*, *high*: 95 % bounds of *macro_f1*: other texts to test
        on, and but for "all but one" other texts to train on.
    layers : tuple of int
        The layers probed; 0 is the output of the embeddings.
    trained, tested : int64 [domains]
        Texts each domain's probes were trained on, and each domain was tested with.
    ranking : Ranking
        Of the layers, by their means over pairs of two domains.
    gap_low, gap_high, lead_low, lead_high : float64, as *macro_f1*
        Paired bounds of how far in-domain training is above, and of the lead over the last layer.
    chance : float64 [targets]
        Macro-F1 of guessing every class equally often.
    means, rest_means : tuple of Mean
        Over pairs of two domains; over "all but one" tested on that one.
    truncated : int
        Texts of which the model saw only the first *max_length* tokens.
    notes : tuple of {"message": msgid, "values": dict}
        What was left out, and why.
    """

    domains: tuple[str, ...]
    labels: tuple[str, ...]
    layers: tuple[int, ...]
    macro_f1: Array
    low: Array
    high: Array
    accuracy: Array
    trained: NDArray[np.int64]
    tested: NDArray[np.int64]
    ranking: Ranking
    gap_low: Array | None = None
    gap_high: Array | None = None
    lead_low: Array | None = None
    lead_high: Array | None = None
    chance: Array | None = None
    means: tuple[Mean, ...] = ()
    rest_means: tuple[Mean, ...] = ()
    notes: tuple[dict[str, Any], ...] = ()
    model: str = ""
    corpus: str = ""
    pool: str = "mean"
    per_class: int = 0
    seed: int = 0
    max_length: int = 0
    truncated: int = 0
    seconds: float = 0.0

    @property
    def gap(self) -> Array:
        """In-domain macro-F1, from the same layer, minus the cell's: [sources, targets, layers + 1]."""
        own = np.einsum("ttl->tl", self.macro_f1[: len(self.domains)])
        return np.asarray(own - self.macro_f1)

    @property
    def lead(self) -> Array:
        """The cell's macro-F1 minus the last layer's: [sources, targets, layers + 1]."""
        return np.asarray(self.macro_f1 - self.macro_f1[:, :, TFIDF - 1, None])

    default_choice: ClassVar[str] = OWN
    """A choice that has not looked at the target's labels.

    Not ``others``, which two domains do not have: on the four-domain corpus both reached the same (five draws
    of texts, mean of twelve pairs: .690 to .751 and .697 to .745).
    """

    @property
    def sources(self) -> tuple[str, ...]:
        """Domains that were trained on and tested elsewhere."""
        return tuple(dict.fromkeys(self.domains[s] for s, _ in self.pairs()))

    def pairs(self) -> list[tuple[int, int]]:
        """Indices of the cross-domain pairs that could be computed."""
        return pairs_of(self.macro_f1[: len(self.domains)])

    def rest_pairs(self) -> list[tuple[int, int]]:
        """Row and column of "all but one" tested on that one, where it could be computed."""
        return rest_pairs_of(self.macro_f1)

    def choice(self, how: str) -> NDArray[np.int64]:
        """Places among *layers* that a choice takes, int64 [sources, targets]; -1 where nothing is known."""
        return chosen(self.macro_f1, how)

    def cells(self, *, all_but: bool = False) -> Iterator[Cell]:
        """Cells of the domains as sources, or of "all but" each of them."""
        half = len(self.domains) if all_but else 0
        rows = self.macro_f1[half : half + len(self.domains)]
        gaps = self.gap
        for s, t, place in np.argwhere(~np.isnan(rows)):
            at = s + half, t, place
            yield Cell(
                source=self.domains[s],
                target=self.domains[t],
                layer=(*self.layers, TFIDF)[place],
                macro_f1=float(self.macro_f1[at]),
                low=float(self.low[at]),
                high=float(self.high[at]),
                accuracy=float(self.accuracy[at]),
                n=int(self.tested[t]),
                gap=float(gaps[at]),
                gap_low=_at(self.gap_low, at),
                gap_high=_at(self.gap_high, at),
                all_but=all_but,
            )

    def best(self) -> list[Best]:
        """Of every pair of two domains, and of every "all but one", the layer that was best on its target."""
        found, taken, lead = self.choice(BEST), self.choice(self.default_choice), self.lead
        rest = self.rest_pairs()
        result = []
        for s, t in [*self.pairs(), *rest]:
            at = s, t, int(found[s, t])
            result.append(
                Best(
                    source=self.domains[s % len(self.domains)],
                    target=self.domains[t],
                    layer=self.layers[at[2]],
                    macro_f1=float(self.macro_f1[at]),
                    low=float(self.low[at]),
                    high=float(self.high[at]),
                    n=int(self.tested[t]),
                    lead=float(lead[at]),
                    lead_low=_at(self.lead_low, at),
                    lead_high=_at(self.lead_high, at),
                    chosen=self.layers[int(taken[s, t])],
                    chosen_macro_f1=float(self.macro_f1[s, t, taken[s, t]]),
                    all_but=(s, t) in rest,
                )
            )
        return result

    def summary(self) -> Summary:
        pairs = self.pairs()
        scores = np.array([self.macro_f1[pair] for pair in pairs])
        probes, tfidf = scores[:, :TFIDF], scores[:, TFIDF]
        middle = probes[:, 1:-1].max(axis=1, initial=-np.inf)
        return Summary(
            pairs=len(pairs),
            tfidf=float(tfidf.mean()),
            best_layer={
                (self.domains[s], self.domains[t]): self.layers[best]
                for (s, t), best in zip(pairs, probes.argmax(axis=1), strict=True)
            },
            above_tfidf=int((probes.max(axis=1) > tfidf).sum()),
            middle_above_last=int((middle > probes[:, -1]).sum()),
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; what is not known is None."""
        found = self.summary()
        values: dict[str, Any] = {
            **{name: getattr(self, name) for name in ("model", "corpus", "pool", "seed", "per_class")},
            **{name: getattr(self, name) for name in ("max_length", "truncated", "seconds")},
            "domains": list(self.domains),
            "labels": list(self.labels),
            "layers": list(self.layers),
            "notes": list(self.notes),
            "cells": [_without(asdict(cell), "all_but") for cell in self.cells()],
            "all_but_one": [
                {"left_out": cell.source, **_without(asdict(cell), "source", "all_but")}
                for cell in self.cells(all_but=True)
            ],
            "best": [asdict(best) for best in self.best()],
            "means": [asdict(mean) for mean in self.means],
            "all_but_one_means": [asdict(mean) for mean in self.rest_means],
            "default_choice": self.default_choice,
            **self.ranking.as_dict(),
            "mean_by_layer": self.ranking.score.value.tolist(),
            "mean_tfidf": found.tfidf,
            "pairs": found.pairs,
            "pairs_best_layer_above_tfidf": found.above_tfidf,
            "pairs_middle_layer_above_last": found.middle_above_last,
        }
        return {name: _known(value) for name, value in values.items()}


def pairs_of(macro_f1: Array) -> list[tuple[int, int]]:
    """The pairs of different domains that have numbers in *macro_f1* [domains, domains, …]."""
    known = ~np.isnan(macro_f1.reshape(*macro_f1.shape[:2], -1)).any(axis=2)
    return [(int(s), int(t)) for s, t in np.argwhere(known) if s != t]


def rest_pairs_of(macro_f1: Array) -> list[tuple[int, int]]:
    """(domains + t, t) of every "all but t" that has numbers on t."""
    size = macro_f1.shape[1]
    if len(macro_f1) == size:
        return []
    return [(size + t, t) for t in range(size) if not np.isnan(macro_f1[size + t, t]).any()]


def chosen(macro_f1: Array, how: str) -> NDArray[np.int64]:
    """The layer that *how* takes for every pair: places int64 [sources, targets], -1 where none is known.

    On the diagonal ``own`` looks at the other domains' own texts.

    Parameters
    ----------
    macro_f1 : float64 [sources, targets, layers + 1]
        TF-IDF last, which is no layer to be chosen.
    """
    probes = macro_f1[:, :, :TFIDF]
    known = np.asarray(~np.isnan(probes).any(axis=2))
    filled = np.where(known[:, :, None], probes, 0.0)
    seen = {OTHERS: _of_others, OWN: _of_own}[how](filled) if how != BEST else filled
    usable = known & (seen.max(axis=2) > 0)
    return np.where(usable, seen.argmax(axis=2), -1).astype(np.int64)


def _of_others(probes: Array) -> Array:
    """Sums over the pairs in which the target has no part, [sources, targets, layers]."""
    size = probes.shape[1]
    others = ~np.eye(size, dtype=bool)
    sums = [probes[:size][np.ix_(others[t], others[t])][others[1:, 1:]].sum(axis=0) for t in range(size)]
    return np.broadcast_to(np.array(sums), probes.shape)


def _of_own(probes: Array) -> Array:
    """Sums over the source's held-out texts, without those of the target, [sources, targets, layers]."""
    sources, size, _ = probes.shape
    own = np.einsum("ttl->tl", probes[:size])
    result = np.empty_like(probes)
    for s in range(sources):
        for t in range(size):
            if s < size:
                result[s, t] = own[s] if s != t else own.sum(axis=0) - own[t]
            else:
                others = [d for d in range(size) if d not in (s - size, t)]
                result[s, t] = probes[s, others].sum(axis=0)
    return result


def _at(values: Array | None, at: tuple[int, ...]) -> float:
    return float("nan") if values is None else float(values[at])


def _known(value: Any) -> Any:
    """*value* with None for numbers that are not known, which JSON cannot say."""
    if isinstance(value, list):
        return [_known(each) for each in value]
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
