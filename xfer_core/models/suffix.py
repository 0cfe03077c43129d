"""Train a model from layer k up on cached states, with the model's own forward.

Frozen layers compute the same states in every epoch and for every strategy that freezes as many or more. So
they are computed once (:func:`~xfer_core.models.states.layer_states`), and for the time of the training a
module that returns the cached states stands in the place of the embeddings, and ``layers[k:]`` in the place
of the layers. Masks, position encodings, pooling and head are made by the model's own code from the real
``input_ids`` and ``attention_mask``; the parameters are the same objects; nothing is copied or rewritten.

The idea of computing frozen prefixes once is that of AutoFreeze (Liu et al. 2021, arXiv 2102.01386),
Nautilus (Nakandala & Kumar, SIGMOD 2022), which shares them over a grid of depths, and Embedding Recycling
(Saad-Falcon et al. 2022, arXiv 2207.04993). It is exact only if frozen layers are in eval mode, here and when
they are computed anew in each step, so :mod:`~xfer_core.models.freezing` keeps them there: unlike in common
practice, frozen layers have no dropout.

Some families can also run without padding (:mod:`~xfer_core.models.packing`), and where the head reads only
the first token, their last layer computes no other (:mod:`~xfer_core.models.firsttoken`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from xfer_core.models import dropout, packing
from xfer_core.models.anatomy import Anatomy, Place, anatomy
from xfer_core.models.firsttoken import first_only
from xfer_core.models.freezing import hold, stay_in_eval, stays_in_eval, thaw
from xfer_core.models.packing import Layout
from xfer_core.models.states import LayerStates, places


@contextmanager
def suffix(
    model: PreTrainedModel, k: int | None, states: LayerStates | None, *, packed: bool = False
) -> Iterator[PreTrainedModel]:
    """For the block, *model* consists of its layers from *k* on and its head, and reads cached states.

    Its forward takes, besides ``input_ids`` and ``attention_mask`` as always, ``rows``: int64 [batch], which
    texts of *states* the batch holds. Padding may be on either side. The embeddings and the first *k* layers
    are frozen for the block; above them everything learns, or does not, as it did before. Parameters keep
    their names, and those below *k* are absent where states are cached, so weights saved in one block can be
    loaded in another, or after it.

    Parameters
    ----------
    k : int or None
        0: all layers may train; the model's depth: only the head; None: the embeddings too, without *states*.
    states : LayerStates or None
        What :func:`~xfer_core.models.states.layer_states` gave for this model and *k*. None: the frozen
        layers run at every step, in eval mode, with the same result; ``rows`` is then ignored.
    packed : bool
        Without padding outside attention, where :func:`~xfer_core.models.packing.packable` allows: the same
        computation up to rounding; with dropout, the same distribution but other draws.

    Yields
    ------
    The same model. Afterwards, also after an exception, it is whole, with the parameters as trained, and
    frozen as it was before. To change what trains, leave the block, change it, and enter another.
    """
    body = anatomy(model)
    if k is None and states is not None:
        raise ValueError("embeddings that learn have no states to cache")
    if k is not None and not 0 <= k <= body.depth:
        raise ValueError(f"cannot cut a model of {body.depth} layers at layer {k}")
    if packed and not packing.packable(model):
        raise ValueError(f"models of the family {model.config.model_type} cannot be packed")
    with ExitStack() as undo:
        _remember_freezing(undo, model)
        if k is not None:
            hold(body.frozen(k))
        if states is not None and k == body.depth and not packing.reads_first_token(model):
            packed = False  # no layer is left to run
        source = _Source(states, packed, packing.rotary(model))
        if packed:
            _pack(undo, model, body, source, whole=states is None)
        if states is not None:
            assert k is not None
            _cut(undo, model, body, k, source)
        hook = model.register_forward_pre_hook(source.prepare, with_kwargs=True)
        undo.callback(hook.remove)
        yield model


def _remember_freezing(undo: ExitStack, model: PreTrainedModel) -> None:
    trained = {parameter: parameter.requires_grad for parameter in model.parameters()}
    held = [module for module in model.modules() if stays_in_eval(module)]

    def restore() -> None:
        thaw(model)
        for parameter, flag in trained.items():
            parameter.requires_grad_(flag)
        for module in held:
            stay_in_eval(module)
        model.train(model.training)  # the parts that stood aside missed every change of mode

    undo.callback(restore)


def _cut(undo: ExitStack, model: PreTrainedModel, body: Anatomy, k: int, source: _Source) -> None:
    """Put *source* in the place of all that lies below layer *k*."""
    config = _config_of(model.config, k, body.depth)
    for owner in {model, model.base_model}:
        undo.callback(setattr, owner, "config", owner.config)
        setattr(owner, "config", config)  # noqa: B010  # no attribute of a Module, so mypy says
    source.first_only = source.packed and k == body.depth and packing.reads_first_token(model)
    _put(undo, body.embeddings, source)
    for place in body.below:
        _put(undo, place, nn.Identity())
    if body.positions:
        _put(undo, body.positions, _NoPositions())
    if body.first_only and k:
        _put(undo, body.first_only, None)
    _put(undo, body.layers, _remaining(body, k))


def _pack(undo: ExitStack, model: PreTrainedModel, body: Anatomy, source: _Source, whole: bool) -> None:
    """Let attention keep texts apart, the last layer undo the layout, and *whole* embeddings make it."""
    undo.callback(model.set_attn_implementation, model.config._attn_implementation)
    model.set_attn_implementation(packing.ATTENTION)
    if whole:
        embed = body.embeddings.module.forward
        _override(undo, body.embeddings.module, lambda *args, **kwargs: source.pack(embed(*args, **kwargs)))
    for module in body.stack.modules():
        if type(module) is nn.Dropout:
            _override(undo, module, dropout.quick(module))
    last = body.stack[-1]
    if packing.reads_first_token(model):
        _override(undo, last, first_only(last))
    else:
        run = last.forward
        _override(undo, last, lambda *args, **kwargs: source.unpack(run(*args, **kwargs)))


def _override(undo: ExitStack, module: nn.Module, forward: Callable[..., Tensor]) -> None:
    """Another forward for *module*, which keeps its name, place and parameters."""
    vars(module)["forward"] = forward
    undo.callback(vars(module).pop, "forward", None)


def _put(undo: ExitStack, place: Place, module: nn.Module | None) -> None:
    undo.callback(setattr, place.holder, place.name, place.module)
    setattr(place.holder, place.name, module)


def _remaining(body: Anatomy, k: int) -> nn.ModuleList:
    left = _Upper(body.stack, k)
    if not left and body.tuples:
        return nn.ModuleList([_Pass()])
    return left


class _Upper(nn.ModuleList):
    """The layers from *k* on, under the names they have in the whole model."""

    def __init__(self, layers: nn.ModuleList, k: int) -> None:
        super().__init__()
        for index in range(k, len(layers)):
            self.add_module(str(index), layers[index])

    def __getitem__(self, index: Any) -> Any:
        layers = list(self)
        return nn.ModuleList(layers[index]) if isinstance(index, slice) else layers[index]


def _config_of(config: PreTrainedConfig, k: int, depth: int) -> PreTrainedConfig:
    """A copy that tells of the layers left; lists with one entry a layer are cut as the layers are."""
    left = copy.deepcopy(config)
    for name, value in vars(config).items():
        if "layer" in name and isinstance(value, (list, tuple)) and len(value) == depth:
            setattr(left, name, value[k:])
    left.num_hidden_layers = depth - k
    left.use_cache = False  # a cache of keys and values would be indexed by the layers' old numbers
    return left


class _Source(nn.Module):
    """What lies below the layers: the batch's cached states, or the model's own embeddings, laid out.

    Called where embeddings are, it gives the states of the batch that :meth:`prepare` was told of: padded as
    its mask says, or end to end; ``first_only`` means one state a text, of its first token.
    """

    def __init__(self, states: LayerStates | None, packed: bool, rotary: bool) -> None:
        super().__init__()
        self.states, self.packed, self.rotary = states, packed, rotary
        self.first_only = False
        self.batch: Tensor | None = None
        self.layout: Layout | None = None

    def prepare(self, model: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Take ``rows`` out of the arguments of the forward, and make ready what its batch needs."""
        given = dict(kwargs)
        rows = given.pop("rows", None)
        if rows is None and self.states is not None:
            raise TypeError("a suffix model needs rows=: which of the cached texts the batch holds")
        ids = given["input_ids"] if "input_ids" in given else args[0]
        mask = given.get("attention_mask")
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        if self.packed:
            self.layout = given["layout"] = Layout(mask)
            if self.rotary:
                given["position_ids"] = self.layout.positions
        if self.states is not None:
            # Token types are in the cached states already; GPT-2 would look them up in the embeddings.
            given.pop("token_type_ids", None)
            self.batch = self._states_of(self.states, rows.cpu(), mask)
        return args, given

    def _states_of(self, states: LayerStates, rows: Tensor, mask: Tensor) -> Tensor:
        offsets = states.offsets
        if not torch.equal(mask.sum(1).cpu(), offsets[rows + 1] - offsets[rows]):
            raise ValueError("the cached texts are not as long as the batch's: tokenised or cut differently")
        if self.first_only:
            return states.flat[offsets[rows]].to(mask.device)[:, None]
        if self.layout is not None:
            return states.flat[places(offsets, rows[self.layout.order.cpu()])].to(mask.device)[None]
        found = states.flat[places(offsets, rows)].to(mask.device)
        batch = found.new_zeros((*mask.shape, found.shape[-1]))
        batch[mask] = found
        return batch

    def pack(self, padded: Tensor) -> Tensor:
        assert self.layout is not None
        return self.layout.pack(padded)

    def unpack(self, packed: Tensor) -> Tensor:
        assert self.layout is not None
        return self.layout.unpack(packed)

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
