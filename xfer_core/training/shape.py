"""How large the parts of a model are, told from the headers of its files: no torch, no weights read.

The parts are those of :mod:`xfer_core.training.plans`: embeddings, layers, head; and beside them what all
layers share and the norm above the last. Names of tensors differ between families, their last pieces hardly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from xfer_core.files import read_json
from xfer_core.models import weights
from xfer_core.models.families import DECODERS, FIRST_TOKEN, POOLED
from xfer_core.models.sources import Source

_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h)\.(\d+)\.(.+)$")
_EMBEDDINGS = re.compile(r"(?:^|\.)(?:embeddings|embeddings_project|embed_tokens|wte|wpe)\.")
_SHARED = re.compile(r"(?:^|\.)encoder\.(?:relative_attention_bias|rel_embeddings|LayerNorm|conv)\.")
_NORM = re.compile(r"^(?:\w+\.)?(?:norm|ln_f|final_norm)\.\w+$")
_NO_WEIGHTS = re.compile(r"\.attn\.(?:bias|masked_bias)$|rotary_emb|position_ids$|^head\.")
"""Buffers that old files hold beside the weights, and ModernBERT's head."""


@dataclass(frozen=True)
class Part:
    """Numbers of parameters: all of them, those named ``bias``; and the matrices by name: (in, out)."""

    parameters: int = 0
    biases: int = 0
    matrices: tuple[tuple[str, int, int], ...] = ()

    @property
    def products(self) -> int:
        """Multiplications of its matrices for one token."""
        return sum(low * high for _, low, high in self.matrices)


@dataclass(frozen=True)
class Shape:
    """A classifier's sizes. ``parts``: embeddings, layer 1, …; ``shared`` and ``norm`` belong to no layer."""

    family: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int
    parts: tuple[Part, ...]
    shared: Part
    norm: Part
    head_options: tuple[bool, bool] = (False, False)

    def head(self, classes: int) -> int:
        """Parameters of transformers' own sequence-classification head, BERT's pooler among them."""
        h = self.hidden
        if self.family in DECODERS:
            return h * classes
        if self.family == "modernbert":
            bias, norm_bias = self.head_options
            return h * h + h * bias + h + h * norm_bias + h * classes + classes
        return h * h + h + h * classes + classes

    @property
    def encoder_pooler(self) -> int:
        """Parameters of the pooler that transformers builds on a plain encoder of the family."""
        return self.hidden * (self.hidden + 1) if self.family in POOLED else 0

    def body(self) -> int:
        """Parameters of all that is no head."""
        beside = self.shared.parameters + self.norm.parameters
        return beside + sum(part.parameters for part in self.parts)

    def parameters(self, classes: int) -> int:
        return self.body() + self.head(classes)

    @property
    def reads_first_token(self) -> bool:
        """Whether the head looks at the first token alone, so that the last layer need not finish others."""
        return self.family in FIRST_TOKEN


def shape(source: Source) -> Shape:
    """The sizes of a model whose files :func:`~xfer_core.models.sources.resolve` has checked."""
    config = source.folder / "config.json"
    return _shape(source, config.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _shape(source: Source, modified: int) -> Shape:
    found: dict[str, dict[str, list[int]]] = {}
    for name, size in _tensors(source.folder).items():
        if place := _place(name):
            found.setdefault(place, {})[name] = size
    config = read_json(source.folder / "config.json")
    turned = source.family == "gpt2"  # its matrices lie the other way round
    parts = ["embeddings", *(str(layer) for layer in range(source.layers))]
    return Shape(
        family=source.family,
        layers=source.layers,
        hidden=source.hidden,
        intermediate=_first(config, "intermediate_size", "hidden_dim", "n_inner") or 4 * source.hidden,
        heads=source.heads,
        vocabulary=_first(config, "vocab_size"),
        parts=tuple(_part(found.get(name, {}), turned) for name in parts),
        shared=_part(found.get("shared", {}), turned),
        norm=_part(found.get("norm", {}), turned),
        head_options=(bool(config.get("classifier_bias")), bool(config.get("norm_bias"))),
    )


def _tensors(folder: Path) -> dict[str, list[int]]:
    """Name → sizes of every floating-point tensor in the model's files."""
    names = [weights.SINGLE]
    if not (folder / weights.SINGLE).is_file():
        names = sorted(set(read_json(folder / weights.INDEX)["weight_map"].values()))
    return {
        name: tensor["shape"]
        for file in names
        for name, tensor in weights.header(folder / file).items()
        if tensor["dtype"].startswith(("F", "BF"))
    }


def _place(name: str) -> str:
    """Where a tensor belongs; "" for heads of other tasks and for what is no weight."""
    if _NO_WEIGHTS.search(name):
        return ""
    if layer := _LAYER.search(name):
        return layer.group(1)
    for place, pattern in (("embeddings", _EMBEDDINGS), ("shared", _SHARED), ("norm", _NORM)):
        if pattern.search(name):
            return place
    return ""


def _part(tensors: Mapping[str, list[int]], turned: bool) -> Part:
    sizes = {name: math.prod(size) for name, size in tensors.items()}
    matrices = [
        (_matrix(name), size[not turned], size[turned])
        for name, size in tensors.items()
        if len(size) == 2 and name.endswith(".weight") and "embedding" not in name
    ]
    biases = sum(n for name, n in sizes.items() if name.endswith((".bias", ".beta")))  # beta: old files
    return Part(sum(sizes.values()), biases, tuple(matrices))


def _matrix(name: str) -> str:
    """``attention.self.query`` of ``bert.encoder.layer.0.attention.self.query.weight``."""
    layer = _LAYER.search(name)
    return (layer.group(2) if layer else name).removesuffix(".weight")


def _first(config: Mapping[str, Any], *names: str) -> int:
    return next((int(config[name]) for name in names if config.get(name)), 0)
