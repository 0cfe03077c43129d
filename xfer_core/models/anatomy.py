"""Where the parts of a model are: all that this program knows about how families differ.

Every supported model is a stack::

    ids ─► embeddings ─► (positions, projection, dropout) ─► layer 1 … layer L ─► (norm) ─► (pooler) ─► head

State *k* is the output of layer *k*: state 0 is the finished embeddings, state L the output of the last
layer, before any final norm. In a list of layers, whose indices begin at 0, state *k* enters ``layers[k]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

from xfer_core.models.families import CROSS_ATTENTION, ENCODER_DECODERS, SUPPORTED
from xfer_core.models.sources import unsupported

_EMBEDDINGS = ("embeddings", "embed_tokens", "wte")
_POSITIONS = ("wpe",)  # GPT-2 adds its positions outside the embeddings
_BELOW_LAYERS = ("embeddings_project", "drop")  # ELECTRA's projection, GPT-2's dropout
_NORMS = ("norm", "ln_f", "final_norm")


@dataclass(frozen=True)
class Place:
    """A module by its holder and attribute, so that another can be put there for a while."""

    holder: nn.Module
    name: str

    @property
    def module(self) -> nn.Module:
        module = getattr(self.holder, self.name)
        assert isinstance(module, nn.Module)
        return module


@dataclass(frozen=True)
class Anatomy:
    """The places of a model's parts.

    Attributes
    ----------
    layers : Place
        The ``ModuleList`` of all layers.
    embeddings : Place
        What turns ids into vectors.
    positions : Place or None
        Position embeddings that are added outside *embeddings*.
    below : tuple of Place
        What else the embeddings pass before the first layer.
    shared : tuple of Place
        What all layers use together, such as a table of relative positions.
    first_only : Place or None
        What only the first layer uses although it lies outside it (DeBERTa's convolution).
    norm : Place or None
        The norm after the last layer.
    tuples : bool
        Whether the stack must have a layer and takes pairs from it (DeBERTa).
    """

    layers: Place
    embeddings: Place
    positions: Place | None
    below: tuple[Place, ...]
    shared: tuple[Place, ...]
    first_only: Place | None
    norm: Place | None
    tuples: bool

    @property
    def depth(self) -> int:
        return len(self.stack)

    @property
    def stack(self) -> nn.ModuleList:
        """The layers, lowest first."""
        layers = self.layers.module
        assert isinstance(layers, nn.ModuleList)
        return layers

    def frozen(self, k: int) -> list[nn.Module]:
        """All that the state of layer *k* depends on; at full depth also the final norm, which is no head.

        What the layers share counts from ``k = 1``: trained further, it would change the layers below.
        """
        places = [self.embeddings, *self.below, *([self.positions] if self.positions else [])]
        if k:
            places += self.shared
        if k == self.depth and self.norm:
            places.append(self.norm)
        return [*(place.module for place in places), *self.stack[:k]]


def anatomy(model: PreTrainedModel) -> Anatomy:
    """The parts of *model*, with or without a head.

    Raises
    ------
    BadModel
        If its family is not supported.
    """
    body = model.base_model
    family = str(model.config.model_type)
    depth = model.config.num_hidden_layers
    lists = [
        Place(holder, name)
        for holder in body.modules()
        if not isinstance(holder, nn.ModuleList)
        for name, child in holder.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == depth
    ]
    embeddings = _first(body, _EMBEDDINGS)
    if family not in SUPPORTED or len(lists) != 1 or embeddings is None:
        raise unsupported(family)
    layers = lists[0]
    encoder = layers.holder
    beside = [] if encoder is body else [name for name, _ in encoder.named_children() if name != layers.name]
    return Anatomy(
        layers=layers,
        embeddings=embeddings,
        positions=_first(body, _POSITIONS),
        below=tuple(Place(body, name) for name in _BELOW_LAYERS if hasattr(body, name)),
        shared=tuple(Place(encoder, name) for name in beside),
        first_only=_first(encoder, ("conv",)),
        norm=_first(body, _NORMS),
        tuples=family == "deberta-v2",
    )


def attending(model: PreTrainedModel) -> dict[str, list[nn.Module]]:
    """Kind of attention → for each layer, lowest first, the module inside which that attention is computed.

    ``self``: the layers of a model with one stack. ``encoder``, ``decoder``, ``cross``: those of an
    encoder-decoder; the last are attention modules inside the layers of the second.

    Raises
    ------
    BadModel
        If the family is not supported.
    """
    if model.config.model_type not in ENCODER_DECODERS:
        return {"self": list(anatomy(model).stack)}
    encoder, decoder = (
        next(list(part) for part in stack.children() if isinstance(part, nn.ModuleList))
        for stack in (model.get_encoder(), model.get_decoder())
    )
    parts = (part for layer in decoder for part in layer.named_modules())
    cross = [part for name, part in parts if name.rpartition(".")[2] in CROSS_ATTENTION]
    return {"encoder": encoder, "decoder": decoder, "cross": cross}


def depth(model: PreTrainedModel) -> int:
    """How many layers the model has."""
    return anatomy(model).depth


def _first(holder: nn.Module, names: tuple[str, ...]) -> Place | None:
    return next((Place(holder, name) for name in names if getattr(holder, name, None) is not None), None)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode for the block; afterwards every module is in the mode it was in."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
