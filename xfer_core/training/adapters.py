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
from xfer_core.models.anatomy import anatomy

RANK, ALPHA = 8, 16
_KEYS_AND_VALUES = ("key", "value", "k_lin", "v_lin", "k_proj", "v_proj", "key_proj", "value_proj", "k", "v")
_FUSED = ("c_attn", "Wqkv", "qkv_proj", "query_key_value")
"""One matrix for queries, keys and values: IA³ then scales all three."""


def adapt(model: PreTrainedModel, kind: str) -> None:
    """Put a LoRA (*kind* ``"lora"``: rank 8, alpha 16, all linear layers of all layers) or IA³ into *model*.

    Neither changes what the model computes at first. Draws from torch's generator: seed it first.

    Raises
    ------
    BadModel
        If the layers hold nothing that such an adapter fits.
    """
    from peft import IA3Config, LoraConfig, inject_adapter_in_model

    matrices = _matrices(model)
    config: Any
    if kind == "lora":
        targets, config = list(matrices), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(matrices))
    else:
        inner = [name for name, (wide, out) in matrices.items() if out == _hidden(model) != wide]
        scaled = [name for name in matrices if _last(name) in _KEYS_AND_VALUES]
        scaled = scaled or [name for name in matrices if _last(name) in _FUSED]
        targets = [*scaled, *inner] if scaled else []
        config = IA3Config(target_modules=targets, feedforward_modules=inner)
    if not targets:
        raise BadModel(
            N_("The layers of a “{family}” model have no linear maps that the strategy {strategy} fits."),
            N_("Choose another strategy, such as top-2."),
            family=str(model.config.model_type), strategy=kind,
        )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that Conv1D is stored the other way round, which PEFT sets itself
        inject_adapter_in_model(config, model)


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


def _matrices(model: PreTrainedModel) -> dict[str, tuple[int, int]]:
    """Full name → numbers in and out, of every linear map inside the layers."""
    inside = {module for layer in anatomy(model).stack for module in layer.modules()}
    return {
        name: _shape(module)
        for name, module in model.named_modules()
        if module in inside and isinstance(module, (nn.Linear, Conv1D))
    }


def _shape(module: Any) -> tuple[int, int]:
    rows, columns = module.weight.shape
    return (rows, columns) if isinstance(module, Conv1D) else (columns, rows)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _hidden(model: PreTrainedModel) -> int:
    return int(model.config.hidden_size)
