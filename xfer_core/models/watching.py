"""What goes into chosen modules of a model, and what comes out, in one forward pass.

The lens sees what transformers hands to its attention function. What lies before that (embeddings, norms, the
matrices of queries, keys and values) and after it (where the heads' sum meets the stream) is the model's own
business; torch's hooks watch it there and are gone afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

Passed = dict[nn.Module, tuple[Tensor, Tensor]]
"""Module → its first input and its output in the latest pass, in the order in which they were called."""


@contextmanager
def watching(modules: Iterable[nn.Module]) -> Iterator[Passed]:
    """Watch *modules* in the block; those that are called with a tensor and return one."""
    passed: Passed = {}

    def keep(module: nn.Module, given: tuple[Any, ...], got: Any) -> None:
        if given and isinstance(given[0], Tensor) and isinstance(got, Tensor):
            passed[module] = given[0].detach(), got.detach()

    with ExitStack() as hooks:
        for module in modules:
            hooks.callback(module.register_forward_hook(keep).remove)
        yield passed
