"""Strategies of transfer: which part of a pretrained model is trained, and when that is wise.

A strategy is one entry of :data:`STRATEGIES`; what it does to a model is a :class:`Plan`, plain data that the
training, the prediction of cost and the diagram read alike. Learning rates differ by strategy on purpose: a
new head trained at the rate of full fine-tuning stays at chance, and a comparison of the two would lie.

Layers are numbered from 1, the lowest, to L, and 0 is the embeddings: in every name, sketch and sentence.
In the sketches e(x) are the embeddings of a text, f_l is layer l, h_l = f_l(h_(l-1)) with h_0 = e(x) its
output, L the number of layers, θ a part's pretrained weights and η the learning rate.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypedDict

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.training import plans
from xfer_core.training.plans import Plan

Group = Literal["head", "body", "biases", "adapter", "features"]


@dataclass(frozen=True)
class Number:
    """The number in a family's name: how it is asked for, what it means, and its range in a model.

    *title* and *help* are messages. The numbers go from ``low`` to the depth; ``usual`` is the place among
    them of the one first chosen, negative from the highest (-1) down.
    """

    title: str
    help: str
    planner: Callable[[int, int], Plan]
    """The plan of a number and a depth."""
    low: int = 0
    usual: int = -1

    def within(self, depth: int) -> range:
        return range(self.low, depth + 1)


@dataclass(frozen=True)
class Strategy:
    """One way to tune. *title* and the three sentences are messages; *source* is a reference.

    ``sketch`` is the equation, the same in every language. ``rate`` is the default peak learning rate,
    ``rates`` the range worth trying; strategies of one ``group`` share it. Both are 0 where a solver takes no
    steps. The default budget is ``epochs`` passes, raised to ``steps`` when texts are few (small data needs
    steps, not passes), but never more than ``most_epochs`` passes. ``planner`` gives the plan for a model of
    some depth; where the name has a number or a list in it (``freeze-K``), only :func:`parse`, which reads
    it, can give *planner*; a ``number`` tells which there are.
    """

    name: str
    title: str
    trains: str
    when: str
    when_not: str
    sketch: str
    rate: float
    rates: tuple[float, float]
    epochs: int
    steps: int
    most_epochs: int
    source: str
    group: Group
    planner: Callable[[int], Plan] | None
    number: Number | None = None

    @property
    def family(self) -> bool:
        """Whether the name stands for many: ``freeze-K`` for freeze-0, freeze-1, …"""
        return self.planner is None

    @property
    def solver(self) -> bool:
        """Whether the head is solved for on cached features, so that there are no steps and no rate."""
        return self.group == "features"

    def plan(self, depth: int) -> Plan:
        """What it does to a model of *depth* layers.

        Raises
        ------
        BadSetting
            If the strategy names layers that the model does not have.
        """
        if self.planner is None:
            raise ValueError(f"{self.name} is a family of strategies: parse() gives one of a number")
        return self.planner(depth)

    def names(self, depth: int) -> tuple[str, ...]:
        """The names that it has for a model of *depth* layers; of ``layers-…`` none, users make them."""
        if self.number is not None:
            return tuple(f"{first_word(self.name)}-{n}" for n in self.number.within(depth))
        return () if self.family else (self.name,)

    def usual(self, depth: int) -> str:
        """Of :meth:`names` the one to begin with."""
        if self.number is None:
            return self.name
        place, known = self.number.usual, self.number.within(depth)
        place = max(0, min(place if place >= 0 else len(known) + place, len(known) - 1))
        return f"{first_word(self.name)}-{known[place]}"

    def budget(self, texts: int, batch_size: int) -> int:
        """Optimiser steps when the user sets neither epochs nor steps, for *texts* texts (solver: 0)."""
        per_epoch = -(-texts // batch_size)
        most = self.most_epochs * per_epoch
        return max(min(self.epochs, 1), min(max(self.epochs * per_epoch, self.steps), most))


def first_word(name: str) -> str:
    """``freeze`` of ``freeze-K`` and of ``freeze-3``."""
    return name.partition("-")[0]


class _Pace(TypedDict):
    """What the strategies of a group have in common."""

    group: Group
    rate: float
    rates: tuple[float, float]
    epochs: int
    steps: int
    most_epochs: int


def _pace(group: Group, rate: float, rates: tuple[float, float], *budget: int) -> _Pace:
    epochs, steps, most_epochs = budget
    return _Pace(group=group, rate=rate, rates=rates, epochs=epochs, steps=steps, most_epochs=most_epochs)


_HEAD = _pace("head", 5e-4, (1e-4, 1e-2), 10, 600, 60)
_BODY = _pace("body", 1e-4, (2e-5, 2e-4), 3, 300, 30)
_LONG = _pace("body", 1e-4, (2e-5, 2e-4), 4, 400, 40)
_BIASES = _pace("biases", 1e-3, (2e-4, 4e-3), 4, 400, 40)
_ADAPTER = _pace("adapter", 1e-3, (2e-4, 4e-3), 4, 400, 40)
_SOLVED = _pace("features", 0.0, (0.0, 0.0), 0, 0, 0)

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
            sketch="ŷ = softmax(W·h_L + b);  only W and b (and the pooler) move",
            source="Kumar et al. 2022, arXiv 2202.10054",
            planner=plans.head,
            **_HEAD,
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
            sketch="h_K is computed once;  f_(K+1) … f_L and the head move",
            source="Lee, Tang & Lin 2019, arXiv 1911.03090",
            planner=None,
            number=Number(
                N_("Frozen layers, counted from the embeddings"),
                N_("0 freezes the embeddings alone; all layers frozen leaves the classifier to learn."),
                plans.freeze,
                usual=-3,
            ),
            **_BODY,
        ),
        Strategy(
            "top-N",
            N_("Train the top N layers"),
            N_("The same as freezing, counted from above: the top N layers and the classifier learn."),
            N_("To start from: two layers learn fast, and with few texts often as well as all of them."),
            N_("When texts differ strongly from ordinary writing, so that the lower layers must adapt too."),
            sketch="h_(L-N) is computed once;  f_(L-N+1) … f_L and the head move",
            source="Lee, Tang & Lin 2019, arXiv 1911.03090",
            planner=None,
            number=Number(
                N_("Layers that learn, counted from the top"),
                N_("0 leaves the classifier to learn; all layers leave only the embeddings as they were."),
                plans.top,
                usual=2,
            ),
            **_BODY,
        ),
        Strategy(
            "block-J",
            N_("Only layer J"),
            N_("One layer and the classifier learn; layer 1 is the lowest."),
            N_(
                "When something particular is different: a low layer for odd spelling, a middle one for "
                "another topic, the last one for other labels. The gradient profile suggests one."
            ),
            N_(
                "As a way to save time: with a low layer, a step still goes through all the layers above it. "
                "The evidence for it comes from images."
            ),
            sketch="θ_j ← θ_j - η·g_j;  suggested j = argmax ‖g_j‖ / ‖θ_j‖",
            source="Lee et al. 2023, arXiv 2210.11466",
            planner=None,
            number=Number(
                N_("The layer that learns"),
                N_("1 is the lowest, just above the embeddings; the last number is the top layer."),
                plans.block,
                low=1,
            ),
            **_BODY,
        ),
        Strategy(
            "layers-…",
            N_("Layers of your choice"),
            N_("The layers you name and the classifier learn; e is the embeddings, layer 1 the lowest."),
            N_("For questions of your own, such as whether the first and the last layer together do."),
            N_("As a first try: nothing says beforehand which choice is a good one."),
            sketch="θ_l ← θ_l - η·g_l for l in the list (layers-e,1,6);  all other θ stay",
            source="Lee et al. 2023, arXiv 2210.11466",
            planner=None,
            **_BODY,
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
            sketch="θ ← θ - η·g for all θ",
            source="Mosbach, Andriushchenko & Klakow 2021, arXiv 2006.04884",
            planner=plans.full,
            **_BODY,
        ),
        Strategy(
            "gradual",
            N_("Gradual unfreezing"),
            N_(
                "The classifier first, then one more layer after the other from the top; everything in the "
                "second half of the steps."
            ),
            N_("Few texts: the upper layers settle before the lower ones are touched."),
            N_(
                "Many texts, where full fine-tuning does the same in less time, and few steps, of which "
                "every phase gets only a small part."
            ),
            sketch="phase i = 0 … L+1:  the head and f_(L-i+1) … f_L move, in the last one e too",
            source="Howard & Ruder 2018 (ULMFiT), arXiv 1801.06146",
            planner=plans.gradual,
            **_LONG,
        ),
        Strategy(
            "discriminative",
            N_("Discriminative rates"),
            N_("Everything learns, lower layers more slowly: each at 0.85 times the rate of the one above."),
            N_("Instead of full fine-tuning when texts are few and lower layers should keep what they know."),
            N_("As a cure for too few steps: trained long enough, it makes little difference (Zhang 2021)."),
            sketch="η_l = η·0.85^(L+1-l) for l = 0 … L, where 0 is the embeddings;  the head has η",
            source="Howard & Ruder 2018 (ULMFiT), arXiv 1801.06146; factor for 6 layers: ours",
            planner=plans.discriminative,
            **_BODY,
        ),
        Strategy(
            "lp-ft",
            N_("Head first, then everything"),
            N_("The classifier learns alone for 30 % of the steps, then everything does."),
            N_(
                "When the model will also read texts unlike the training ones: layers are distorted less by "
                "a head that already points the right way."
            ),
            N_("Where the head alone is at chance, for then there is no direction to start from."),
            sketch="30 % of the steps: W, b (and pooler) by AdamW, h_L fixed, rate 5η;  then θ, W, b, rate η",
            source="Kumar et al. 2022, arXiv 2202.10054",
            planner=plans.lp_ft,
            **_LONG,
        ),
        Strategy(
            "reinit-N",
            N_("Start the top N layers anew"),
            N_("The top N layers and the pooler forget what they know; then everything learns."),
            N_("When full fine-tuning varies much from seed to seed: top layers serve pretraining most."),
            N_(
                "Small models such as the bundled one: one of 6 layers is a lot to learn anew from few texts."
            ),
            sketch="f_(L-N+1) … f_L ← new random weights;  then θ ← θ - η·g for all θ",
            source="Zhang et al. 2021, arXiv 2006.05987",
            planner=None,
            number=Number(
                N_("Layers that start anew, counted from the top"),
                N_("Everything learns; these begin at random."),
                plans.reinit,
                low=1,
                usual=0,
            ),
            **_LONG,
        ),
        Strategy(
            "bitfit",
            N_("Biases only (BitFit)"),
            N_(
                "The bias terms of every layer learn, about 0.1 % of the model, and the classifier, which in "
                "a small model has several times as many parameters."
            ),
            N_("A few hundred texts, or many tasks on one model: what is learnt fits into some kilobytes."),
            N_(
                "As a way to save time, for a step goes through every layer all the same; with many texts, "
                "where full fine-tuning is better; and in families without biases."
            ),
            sketch="f_l(x) = σ(A_l·x + c_l);  only the c_l, W and b move",
            source="Ben Zaken, Ravfogel & Goldberg 2022, arXiv 2106.10199",
            planner=plans.bitfit,
            **_BIASES,
        ),
        Strategy(
            "lora",
            N_("Low-rank adapters (LoRA)"),
            N_("Beside every weight matrix of the layers a product of two thin ones learns (rank 8)."),
            N_("Large models, whose full gradients and optimiser do not fit into memory."),
            N_(
                "Small models such as the bundled one: it saves memory, but a step takes longer than with "
                "full fine-tuning, and it needs more steps."
            ),
            sketch="A' = A + (α/r)·B·C,  B: d×r, C: r×d, r = 8, α = 16;  only B, C and the head move",
            source="Hu et al. 2022, arXiv 2106.09685",
            planner=partial(plans.adapted, "lora"),
            **_ADAPTER,
        ),
        Strategy(
            "ia3",
            N_("Learnt factors (IA³)"),
            N_("Keys, values and inner feed-forward states of every layer are scaled by learnt factors."),
            N_("When as little as possible should change: fewer parameters than LoRA's, none at use."),
            N_("As a way to save time, and where the model is far from the task: it can only scale."),
            sketch="k' = l_k ⊙ k,  v' = l_v ⊙ v,  u' = l_u ⊙ u;  l start at 1;  only they and the head move",
            source="Liu et al. 2022, arXiv 2205.05638",
            planner=partial(plans.adapted, "ia3"),
            **_ADAPTER,
        ),
        Strategy(
            "features-K",
            N_("Classifier on the features of layer K"),
            N_(
                "Nothing in the model learns: logistic regression on the mean of a text's states at "
                "layer K (0: embeddings)."
            ),
            N_("First of all: it takes seconds, and middle layers often beat the last one."),
            N_("When meaning depends on small words, such as “not”, that a mean hides."),
            sketch="ŷ = softmax(W·mean_t h_K[t] + b);  W, b by L-BFGS, strength C by validation",
            source="Alain & Bengio 2017, arXiv 1610.01644; Tenney et al. 2019, arXiv 1905.05950",
            planner=None,
            number=Number(
                N_("The layer whose states are read"),
                N_("0 is the embeddings, the last number the top layer."),
                plans.features,
                usual=-2,
            ),
            **_SOLVED,
        ),
        Strategy(
            "mix",
            N_("Classifier on all layers together"),
            N_("Nothing in the model learns: logistic regression on the means of all layers side by side."),
            N_("When no single layer stands out: the classifier finds out which layer tells which class."),
            N_("With very few texts, for it has as many times more weights as the model has layers."),
            sketch="ŷ = softmax(Σ_l W_l·mean_t h_l[t] + b);  W_l, b by L-BFGS, strength C by validation",
            source="Peters et al. 2018 (ELMo), arXiv 1802.05365: a mix of layers",
            planner=plans.mix,
            **_SOLVED,
        ),
    )
}

_NUMBERED = {first_word(name): entry for name, entry in STRATEGIES.items() if entry.number is not None}
"""First word of the name → the entry."""

_PARTS = re.compile(r"(e|[0-9]{1,3})(,(e|[0-9]{1,3}))*")


def parse(name: str) -> Strategy:
    """The strategy of a name as users write it: ``full``, ``freeze-3``, ``top-2``, ``layers-e,1,6``.

    ``top-N`` (the top N layers learn) is the same strategy as ``freeze-K``, counted from the other end.

    Raises
    ------
    BadSetting
        If there is no such strategy.
    """
    kind, _, given = name.partition("-")
    if kind in _NUMBERED and re.fullmatch(r"[0-9]{1,3}", given):
        entry = _NUMBERED[kind]
        assert entry.number is not None
        return replace(entry, name=name, planner=partial(entry.number.planner, int(given)))
    if kind == "layers" and _PARTS.fullmatch(given):
        return replace(STRATEGIES["layers-…"], name=name, planner=partial(plans.named, given))
    if name not in STRATEGIES or STRATEGIES[name].family:
        raise BadSetting(
            N_("There is no strategy “{strategy}”."),
            N_("Choose one of {strategies}, with a number for K, such as freeze-3."),
            strategy=name[:40],
            strategies=list(STRATEGIES),
        )
    return STRATEGIES[name]
