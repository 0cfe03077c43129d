"""The matrix that joins the heads of a layer, cut into the part that each head passes."""

from __future__ import annotations

from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from xfer_core.models.families import OUTPUT_PROJECTIONS


def output_projection(module: nn.Module) -> tuple[Tensor, Tensor | None]:
    """``W_O`` and its bias, of a layer or of a cross-attention as :func:`~xfer_core.models.anatomy.attending`
    gives them.

    What a layer's attention gives is ``Σ_h output_h @ weight[:, h·d:(h+1)·d].T + bias``.

    Returns
    -------
    weight : float32 [hidden, heads * d]
    bias : float32 [hidden] or None

    Raises
    ------
    LookupError
        If the module has none of a known name; every family of the lens has one.
    """
    inside = dict(module.named_modules())
    projection = next((inside[name] for name in OUTPUT_PROJECTIONS if name in inside), None)
    if projection is None:
        raise LookupError(f"no output projection in {type(module).__name__}")
    weight, bias = projection.weight, projection.bias
    assert isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor))
    if isinstance(projection, Conv1D):  # GPT-2 keeps its matrices transposed
        weight = weight.T
    return weight.detach().float(), None if bias is None else bias.detach().float()
