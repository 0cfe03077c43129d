"""Train a model from layer k up on cached states, with the model's own forward.

Frozen layers compute the same states in every epoch and for every strategy that freezes as many or more. So
they are computed once (:func:`~xfer_core.models.states.layer_states`), and for the time of the training a
module that returns the cached states stands in the place of the embeddings, and ``layers[k:]`` in the place
of the layers. Masks, position encodings, pooling and head are made by the model's own code from the real
``input_ids`` and ``attention_mask``; the parameters are the same objects; nothing is copied or rewritten.

The idea of computing frozen prefixes once is that of AutoFreeze (Liu et al. 2021, arXiv 2102.01386),
Nautilus (Nakandala & Kumar, SIGMOD 2022), which shares them over a grid of depths, and Embedding Recycling
(Saad-Falcon et al. 2022, arXiv 2207.04993). It is exact only if frozen layers are in eval mode, here and when
they are computed anew in each step, so :func:`freeze` keeps them there: unlike in common practice, frozen
layers have no dropout.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import MethodType
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from xfer_core.models.anatomy import Anatomy, Place, anatomy
from xfer_core.models.states import LayerStates, places


def freeze(model: PreTrainedModel, k: int | Literal["all"]) -> None:
    """Freeze the embeddings and the first *k* layers: no gradients, and eval mode whatever the model's mode.

    Parameters
    ----------
    k : int or "all"
        0 freezes the embeddings only; ``"all"``, or the model's depth, leaves the head (and pooler) to train.
        What was frozen before and lies above *k* is trainable again.
    """
    body = anatomy(model)
    layers = body.depth if k == "all" else k
    if not 0 <= layers <= body.depth:
        raise ValueError(f"cannot freeze {layers} of {body.depth} layers")
    thaw(model)
    for module in body.frozen(layers):
        module.requires_grad_(False)
        # Trainer calls model.train() in every step, after the callbacks: only an override can stay in eval.
        vars(module)["train"] = MethodType(_stay_in_eval, module)
        module.eval()


def thaw(model: PreTrainedModel) -> None:
    """Undo :func:`freeze`: every parameter trains, every module follows the model's mode."""
    for module in model.modules():
        vars(module).pop("train", None)
    model.requires_grad_(True)
    model.train(model.training)


def _stay_in_eval(module: nn.Module, mode: bool = True) -> nn.Module:
    return nn.Module.train(module, False)


def trainable(model: nn.Module) -> int:
    """How many numbers training can change."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


@contextmanager
def suffix(model: PreTrainedModel, k: int, states: LayerStates) -> Iterator[PreTrainedModel]:
    """For the block, *model* consists of its layers from *k* on and its head, and reads cached states.

    Its forward takes, besides ``input_ids`` and ``attention_mask`` as always, ``rows``: int64 [batch], which
    texts of *states* the batch holds. Padding may be on either side. Checkpoints saved inside the block hold
    only the suffix; save the model after it.

    Parameters
    ----------
    k : int
        0: all layers train; the model's depth: only the head.
    states : LayerStates
        What :func:`~xfer_core.models.states.layer_states` gave for this model and *k*.

    Yields
    ------
    The same model. Afterwards, also after an exception, it is whole, with the parameters as trained, and
    frozen as it was before.
    """
    body = anatomy(model)
    with ExitStack() as undo:
        _remember_freezing(undo, model)
        freeze(model, k)
        config = _config_of(model.config, k, body.depth)
        for owner in {model, model.base_model}:
            undo.callback(setattr, owner, "config", owner.config)
            setattr(owner, "config", config)  # noqa: B010  # no attribute of a Module, so mypy says
        source = _Cached(states)
        _put(undo, body.embeddings, source)
        for place in body.below:
            _put(undo, place, nn.Identity())
        if body.positions:
            _put(undo, body.positions, _NoPositions())
        if body.first_only and k:
            _put(undo, body.first_only, None)
        _put(undo, body.layers, _remaining(body, k))
        hook = model.register_forward_pre_hook(source.prepare, with_kwargs=True)
        undo.callback(hook.remove)
        yield model


def _remember_freezing(undo: ExitStack, model: PreTrainedModel) -> None:
    trained = {parameter: parameter.requires_grad for parameter in model.parameters()}
    held = [module for module in model.modules() if "train" in vars(module)]

    def restore() -> None:
        thaw(model)
        for parameter, flag in trained.items():
            parameter.requires_grad_(flag)
        for module in held:
            vars(module)["train"] = MethodType(_stay_in_eval, module)
        model.train(model.training)  # the parts that stood aside missed every change of mode

    undo.callback(restore)


def _put(undo: ExitStack, place: Place, module: nn.Module | None) -> None:
    undo.callback(setattr, place.holder, place.name, place.module)
    setattr(place.holder, place.name, module)


def _remaining(body: Anatomy, k: int) -> nn.ModuleList:
    left = body.stack[k:]
    if not left and body.tuples:
        return nn.ModuleList([_Pass()])
    return left


def _config_of(config: PreTrainedConfig, k: int, depth: int) -> PreTrainedConfig:
    """A copy that tells of the layers left; lists with one entry a layer are cut as the layers are."""
    left = copy.deepcopy(config)
    for name, value in vars(config).items():
        if "layer" in name and isinstance(value, (list, tuple)) and len(value) == depth:
            setattr(left, name, value[k:])
    left.num_hidden_layers = depth - k
    left.use_cache = False  # a cache of keys and values would be indexed by the layers' old numbers
    return left


class _Cached(nn.Module):
    """Stands for the embeddings and all layers below *k*: gives the batch's cached states, padded."""

    def __init__(self, states: LayerStates) -> None:
        super().__init__()
        self.states = states
        self.batch: Tensor | None = None

    def prepare(self, model: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Take ``rows`` out of the arguments of the forward and lay out their states as its mask says."""
        if "rows" not in kwargs:
            raise TypeError("a suffix model needs rows=: which of the cached texts the batch holds")
        rows = kwargs["rows"].cpu()
        ids = kwargs["input_ids"] if "input_ids" in kwargs else args[0]
        given = kwargs.get("attention_mask")
        mask = torch.ones_like(ids, dtype=torch.bool) if given is None else given.bool()
        offsets = self.states.offsets
        if not torch.equal(mask.sum(1).cpu(), offsets[rows + 1] - offsets[rows]):
            raise ValueError("the cached texts are not as long as the batch's: tokenised or cut differently")
        found = self.states.flat[places(offsets, rows)].to(ids.device)
        self.batch = found.new_zeros((*ids.shape, found.shape[-1]))
        self.batch[mask] = found
        # Token types are part of the cached states already; GPT-2 would look them up in the embeddings.
        return args, {name: value for name, value in kwargs.items() if name not in ("rows", "token_type_ids")}

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        assert self.batch is not None
        return self.batch


class _NoPositions(nn.Module):
    """Adds nothing: the cached states hold the positions."""

    def forward(self, position_ids: Tensor) -> Tensor:
        return torch.zeros((1, 1, 1), device=position_ids.device)


class _Pass(nn.Module):
    """A layer that changes nothing, for a stack that must not be empty."""

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, None]:
        return hidden_states, None
