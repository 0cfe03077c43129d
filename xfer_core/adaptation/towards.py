"""What DANN and MMD have in common: target texts read beside every batch, and what the head reads of both."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from xfer_core.adaptation.ground import UNLABELLED, Ground
from xfer_core.training.beside import Beside, Collate
from xfer_core.training.material import Example, Material
from xfer_core.training.sampler import order

TOLD = 10
"""Steps between two numbers of the domains' curve."""


class Towards(Beside):
    """Adds ``growth(done) · weight · distance`` of source and target features to the loss of every step.

    Features are what the classifier's last linear layer reads: they hang on everything that is tuned, and
    nothing that is frozen. The target texts come from the same cached states as the source's.

    Attributes
    ----------
    told : list of dict
        ``step`` (a share of the training), ``distance`` and what :meth:`between` says besides.
    """

    def __init__(self, ground: Ground, batch_size: int, seed: int, weight: float) -> None:
        self.ground, self.batch_size, self.seed, self.weight = ground, batch_size, seed, weight
        self.told: list[dict[str, float]] = []
        self.steps = 0

    def between(self, source: Tensor, target: Tensor, strength: float) -> tuple[Tensor, dict[str, float]]:
        """The loss of features float [n, d] and [m, d], scaled by *strength*, and numbers to keep."""
        raise NotImplementedError

    def begin(self, width: int, device: torch.device) -> None:
        """Make what learns beside the model; features are *width* wide."""

    @contextmanager
    def on(self, model: Any, material: Material, collate: Collate) -> Iterator[None]:
        head = head_of(model)
        self.begin(head.in_features, model.device)
        batches = _batches(unlabelled(self.ground, material), self.batch_size, self.seed)
        self._next = lambda: {name: value.to(model.device) for name, value in collate(next(batches)).items()}
        hook = head.register_forward_pre_hook(self._hear)
        try:
            yield
        finally:
            hook.remove()

    def _hear(self, head: nn.Module, given: tuple[Tensor, ...]) -> None:
        self._heard = given[0]

    def loss(self, model: Any, batch: dict[str, Tensor], done: float) -> Tensor:
        source = one_a_text(self._heard, batch["attention_mask"])
        beside = self._next()
        model(**beside)
        target = one_a_text(self._heard, beside["attention_mask"])
        loss, said = self.between(source, target, self.weight * growth(done))
        if self.steps % TOLD == 0:
            self.told.append({"step": done, **said})
        self.steps += 1
        return loss


def growth(done: float) -> float:
    """From 0 to 1 over the training: 2 / (1 + e^(-10 done)) - 1 (Ganin et al. 2016, section 5.2)."""
    return 2 / (1 + math.exp(-10 * done)) - 1


def head_of(model: Any) -> nn.Linear:
    """The linear layer that gives the logits."""
    body = set(model.base_model.modules())
    above = [each for each in model.modules() if isinstance(each, nn.Linear) and each not in body]
    return next(each for each in reversed(above) if each.out_features == model.config.num_labels)


def one_a_text(features: Tensor, mask: Tensor) -> Tensor:
    """What the head reads of each text, [B, d]: of a decoder's [B, T, d] the last token, padding right."""
    if features.dim() == 2:
        return features
    return features[torch.arange(len(features)), mask.sum(1) - 1]


def unlabelled(ground: Ground, material: Material) -> list[Example]:
    """The target texts to adapt to, without labels."""
    return [{"input_ids": material.encodings.input_ids[row], "rows": row} for row in ground.rows(UNLABELLED)]


def _batches(examples: list[Example], size: int, seed: int) -> Iterator[list[Example]]:
    """Full batches, for ever; of fewer texts than a batch all of them at once."""
    lengths = [len(example["input_ids"]) for example in examples]
    epoch = 0
    while True:
        places = order(lengths, size, seed, epoch)
        for start in range(0, max(1, len(places) - size + 1), size):
            yield [examples[place] for place in places[start : start + size]]
        epoch += 1
