"""Modules that give again what they gave before, so that what lies above can be computed anew without them.

What changes in layer *l* changes nothing below. With the layers below replayed, the model's own forward makes
masks, positions, pooling and head as always, for as many copies of a text as are wanted; nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def recorded(modules: Sequence[nn.Module]) -> Iterator[list[Any]]:
    """What each of *modules* gave in the latest pass of the block, in their order."""
    outputs: list[Any] = [None] * len(modules)

    def keep(place: int) -> Any:
        return lambda module, args, output: outputs.__setitem__(place, output)

    hooks = [module.register_forward_hook(keep(place)) for place, module in enumerate(modules)]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def replaying(modules: Sequence[nn.Module], outputs: Sequence[Any], rows: int) -> Iterator[None]:
    """For the block, *modules* compute nothing and give *outputs*: of one text, repeated *rows* times, or of
    *rows* texts. Gradients reach outputs that ask for them."""
    try:
        for module, output in zip(modules, outputs, strict=True):
            given = _repeated(output, rows)
            vars(module)["forward"] = lambda *args, given=given, **kwargs: given
        yield
    finally:
        for module in modules:
            vars(module).pop("forward", None)


def _repeated(output: Any, rows: int) -> Any:
    if isinstance(output, Tensor):
        return output.expand(rows, *output.shape[1:])
    if isinstance(output, tuple):
        return tuple(_repeated(part, rows) for part in output)
    return output
