"""What a training learns from beside its labelled texts: the door for methods that live elsewhere.

A run opens it in this order: :meth:`Beside.examples`, :meth:`Beside.on` round the whole training, in it
:meth:`Beside.groups`, and in every step :meth:`Beside.loss`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xfer_core.training.material import Example, Material

if TYPE_CHECKING:
    from torch import Tensor

Collate = Callable[[list[Example]], "dict[str, Tensor]"]


class Beside:
    """Nothing; a method overrides what it needs."""

    def examples(self, material: Material) -> list[Example]:
        """Further training examples; the sample of training texts that is looked at stays without them."""
        return []

    @contextmanager
    def on(self, model: Any, material: Material, collate: Collate) -> Iterator[None]:
        """Round the training of *model*; what is hung into it must be gone afterwards."""
        yield

    def groups(self) -> list[dict[str, Any]]:
        """Groups of an optimiser for parameters that learn beside the model's own."""
        return []

    def loss(self, model: Any, batch: dict[str, Tensor], done: float) -> Tensor | None:
        """What is added to the loss of a *batch* that *model* has just read; *done*: share of the steps."""
        return None
