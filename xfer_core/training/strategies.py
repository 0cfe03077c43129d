"""Strategies of transfer: which part of a pretrained model is trained, and when that is wise.

A strategy is one entry of :data:`STRATEGIES`. Learning rates differ by strategy on purpose: a new head
trained at the rate of full fine-tuning stays at chance, and a comparison of the two would lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_


@dataclass(frozen=True)
class Strategy:
    """One way to tune. *title* and the three sentences are messages; *source* is a reference.

    ``rate`` is the default peak learning rate, ``rates`` the range worth trying. The default budget is
    ``epochs`` passes, raised to ``steps`` when texts are few (small data needs steps, not passes), but
    never more than ``most_epochs`` passes. ``freezes`` gives the number of frozen layers of a model of a
    given depth; embeddings are frozen with the layers above them, and None freezes nothing at all. Where the
    name has a number in it (``freeze-K``), only :func:`parse`, which reads the number, can give *freezes*.
    """

    name: str
    title: str
    trains: str
    when: str
    when_not: str
    rate: float
    rates: tuple[float, float]
    epochs: int
    steps: int
    most_epochs: int
    source: str
    freezes: Callable[[int], int | None] | None

    def frozen(self, depth: int) -> int | None:
        """How many of *depth* layers are frozen (all: head only; 0: the embeddings only; None: nothing).

        Raises
        ------
        BadSetting
            If the strategy names more layers than the model has.
        """
        if self.freezes is None:
            raise ValueError(f"{self.name} is a family of strategies: parse() gives one of a number")
        layers = self.freezes(depth)
        if layers is not None and not 0 <= layers <= depth:
            raise BadSetting(
                N_("Strategy {strategy} does not fit this model, which has {depth} layers."),
                N_("Choose a number of layers from 0 to {depth}."),
                strategy=self.name,
                depth=depth,
            )
        return layers

    def budget(self, texts: int, batch_size: int) -> int:
        """Optimiser steps when the user sets neither epochs nor steps, for *texts* training texts."""
        per_epoch = -(-texts // batch_size)
        return max(1, min(max(self.epochs * per_epoch, self.steps), self.most_epochs * per_epoch))


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy(
            "head",
            N_("Head only"),
            N_(
                "Only the new classifier on top learns; embeddings and all layers stay as they "
                "were pretrained."
            ),
            N_("A first answer within seconds: what the untuned model's summary of a text already holds."),
            N_(
                "When the result counts: the head reads the first token only, which models trained with mean "
                "pooling, such as the bundled one, never learnt to use for the whole text."
            ),
            rate=5e-4,
            rates=(1e-4, 1e-2),
            epochs=10,
            steps=600,
            most_epochs=60,
            source="Kumar et al. 2022, arXiv 2202.10054",
            freezes=lambda depth: depth,
        ),
        Strategy(
            "freeze-K",
            N_("Freeze the first K layers"),
            N_("The embeddings and the first K layers stay; the layers above them and the classifier learn."),
            N_(
                "A hundred texts or more: freezing the lower half costs little in quality and saves "
                "time and memory."
            ),
            N_("When texts differ strongly from ordinary writing, so that the lower layers must adapt too."),
            rate=1e-4,
            rates=(2e-5, 2e-4),
            epochs=3,
            steps=300,
            most_epochs=30,
            source="Lee, Tang & Lin 2019, arXiv 1911.03090",
            freezes=None,
        ),
        Strategy(
            "full",
            N_("Full fine-tuning"),
            N_("Everything learns: embeddings, every layer and the classifier."),
            N_("A thousand texts or more, or when quality matters more than time."),
            N_(
                "Very few texts (results vary from seed to seed), or when the model must serve other "
                "texts as well."
            ),
            rate=1e-4,
            rates=(2e-5, 2e-4),
            epochs=3,
            steps=300,
            most_epochs=30,
            source="Mosbach, Andriushchenko & Klakow 2021, arXiv 2006.04884",
            freezes=lambda depth: None,
        ),
    )
}

_NUMBERED: dict[str, Callable[[int, int], int]] = {
    "freeze": lambda number, depth: number,
    "top": lambda number, depth: depth - number,
}
"""Both ways to name ``freeze-K``, counted from below or from above → the number of frozen layers."""


def parse(name: str) -> Strategy:
    """The strategy of a name as users write it: ``head``, ``full``, ``freeze-3``, or ``top-2``.

    ``top-N`` (the top N layers learn) is the same strategy as ``freeze-K``, counted from the other end.

    Raises
    ------
    BadSetting
        If there is no such strategy.
    """
    kind, _, digits = name.partition("-")
    if kind in _NUMBERED and re.fullmatch(r"[0-9]{1,3}", digits):
        return replace(STRATEGIES["freeze-K"], name=name, freezes=partial(_NUMBERED[kind], int(digits)))
    if name not in STRATEGIES or STRATEGIES[name].freezes is None:
        raise BadSetting(
            N_("There is no strategy “{strategy}”."),
            N_("Choose one of {strategies}, with a number for K, such as freeze-3."),
            strategy=name[:40],
            strategies=", ".join(STRATEGIES),
        )
    return STRATEGIES[name]
