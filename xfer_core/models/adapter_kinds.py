"""Kinds of adapters, one entry each: where it sits, what it adds, and PEFT's configuration; no torch.

What is said of matrices here is said of those of all layers, as (name, numbers in, numbers out); the last
piece of a name tells its role.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xfer_core.models.families import FUSED, KEYS_AND_VALUES

Matrix = tuple[str, int, int]

RANK, ALPHA = 8, 16


@dataclass(frozen=True)
class AdapterKind:
    """
    Attributes
    ----------
    prefix : str
        How the names of its own parameters begin.
    decayed : bool
        Whether AdamW's weight decay draws its parameters towards what changes nothing. It draws towards 0.
    targets : function
        Of the matrices of the layers and the hidden size, those it sits on; none where it does not fit.
    added : function
        Numbers it adds to one matrix of its targets: of the matrix and the hidden size.
    config : function
        PEFT's configuration: of the targets and the hidden size.
    """

    prefix: str
    decayed: bool
    targets: Callable[[Sequence[Matrix], int], list[Matrix]]
    added: Callable[[Matrix, int], int]
    config: Callable[[Sequence[Matrix], int], Any]


def _lora(targets: Sequence[Matrix], hidden: int) -> Any:
    from peft import LoraConfig

    return LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=[name for name, _, _ in targets])


def _ia3(targets: Sequence[Matrix], hidden: int) -> Any:
    from peft import IA3Config

    inner = [matrix[0] for matrix in targets if _inner(matrix, hidden)]
    return IA3Config(target_modules=[name for name, _, _ in targets], feedforward_modules=inner)


def _scaled(matrices: Sequence[Matrix], hidden: int) -> list[Matrix]:
    """Keys and values, where they are one matrix with the queries all three, and the way back to hidden."""
    own = [matrix for matrix in matrices if _last(matrix) in KEYS_AND_VALUES]
    own = own or [matrix for matrix in matrices if _last(matrix) in FUSED]
    return [*own, *(matrix for matrix in matrices if _inner(matrix, hidden))] if own else []


def _inner(matrix: Matrix, hidden: int) -> bool:
    """Whether its input is the inner state of a feed-forward part."""
    _, low, high = matrix
    return high == hidden != low


def _last(matrix: Matrix) -> str:
    return matrix[0].rpartition(".")[2]


ADAPTERS = {
    "lora": AdapterKind(
        prefix="lora_",
        decayed=True,  # a product of two thin matrices: 0 is no change
        targets=lambda matrices, _: list(matrices),
        added=lambda matrix, _: RANK * (matrix[1] + matrix[2]),
        config=_lora,
    ),
    "ia3": AdapterKind(
        prefix="ia3_",
        decayed=False,  # factors: 1 is no change
        targets=_scaled,
        added=lambda matrix, hidden: matrix[1] if _inner(matrix, hidden) else matrix[2],
        config=_ia3,
    ),
}
"""By the name that a plan has for it. LoRA: Hu et al. 2022, arXiv 2106.09685; IA³: Liu et al. 2022,
arXiv 2205.05638."""


def added(kind: str, matrices: Sequence[Matrix], hidden: int) -> int:
    """Numbers that an adapter of a *kind* puts beside the *matrices* of a layer."""
    adapter = ADAPTERS[kind]
    return sum(adapter.added(matrix, hidden) for matrix in adapter.targets(matrices, hidden))
