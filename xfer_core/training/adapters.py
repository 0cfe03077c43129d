"""Small matrices or factors beside frozen weights, through PEFT, and gone again when training is over.

The adapter is put into the model itself, so that layer states, suffix and Trainer see the model they know,
and at the end it is added into the plain weights: what is saved needs no PEFT.
"""

from __future__ import annotations

import warnings
from typing import Any

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models.adapter_kinds import ADAPTERS, Matrix
from xfer_core.models.anatomy import anatomy


def adapt(model: PreTrainedModel, kind: str) -> None:
    """Put an adapter of a *kind* of :data:`~xfer_core.models.adapter_kinds.ADAPTERS` into all layers.

    None changes what the model computes at first. Draws from torch's generator: seed it first.

    Raises
    ------
    BadModel
        If the layers hold nothing that such an adapter fits.
    KeyError
        If there is no such kind.
    """
    from peft import inject_adapter_in_model

    adapter, hidden = ADAPTERS[kind], int(model.config.hidden_size)
    targets = adapter.targets(_matrices(model), hidden)
    if not targets:
        raise BadModel(
            N_("The layers of a “{family}” model have no linear maps that the strategy {strategy} fits."),
            N_("Choose another strategy, such as top-2."),
            family=str(model.config.model_type), strategy=kind,
        )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that Conv1D is stored the other way round, which PEFT sets itself
        inject_adapter_in_model(adapter.config(targets, hidden), model)


def merge(model: PreTrainedModel) -> None:
    """Add every adapter into the weights it stands beside and take it out; the outputs stay the same."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge()
            holder, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(holder), attribute, module.get_base_layer())
    vars(model).pop("peft_config", None)
    model._hf_peft_config_loaded = False


def _matrices(model: PreTrainedModel) -> list[Matrix]:
    """Every linear map inside the layers, by its full name."""
    inside = {module for layer in anatomy(model).stack for module in layer.modules()}
    return [
        (name, *_shape(module))
        for name, module in model.named_modules()
        if module in inside and isinstance(module, (nn.Linear, Conv1D))
    ]


def _shape(module: Any) -> tuple[int, int]:
    rows, columns = module.weight.shape
    return (rows, columns) if isinstance(module, Conv1D) else (columns, rows)
