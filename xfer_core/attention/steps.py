"""How one attention weight came about: every step from the token to the stream, with the model's own numbers.

``Attention(Q, K, V) = softmax(QKᵀ/√d_k) V`` (Vaswani et al. 2017, arXiv 1706.03762, §3.2), followed for one
query token *i*, one key token *j* and one head of a layer. :mod:`~xfer_core.attention.tracing` computes each
step anew and compares it with what the model came to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.opened import Opened, open_model
from xfer_core.errors import BadModel, BadSetting
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent

Array = NDArray[np.float64]

AGREES = 1e-4
"""Largest difference to the model, relative to its largest number, that float32 explains after a few sums."""


_TURNED = (
    N_("Position"),
    N_(
        "Turned by an angle that grows with the token's place in the text, so that the product of query and"
        " key knows how far apart they are. Turning keeps the length: that is what is compared."
    ),
)

PROSE = {
    "embedding": (
        N_("Embedding"),
        N_(
            "The row of the token in the model's table. Positions come in later, as rotations of queries and"
            " keys."
        ),
    ),
    "embedding and position": (
        N_("Embedding and position"),
        N_(
            "The row of the token in the model's table, added to the row of its position and, where a model"
            " reads pairs, of the text it is in."
        ),
    ),
    "state": (
        N_("What enters the layer"),
        N_(
            "What the layers below have made of the token. After the first layer it is a mixture of all"
            " tokens that stands at this place."
        ),
    ),
    "normalised state": (
        N_("What enters the layer, normalised"),
        N_("What the layers below have made of the token, brought to one scale before it is used."),
    ),
    "query": (
        N_("Query"),
        N_("What the looking token asks for: its state times a matrix that this head has learnt."),
    ),
    "key": (
        N_("Key"),
        N_("What the token looked at offers to be found by: its state times another matrix."),
    ),
    "value": (
        N_("Value"),
        N_("What the token looked at would hand over: its state times a third matrix."),
    ),
    "query position": _TURNED,
    "key position": _TURNED,
    "score": (
        N_("Query times key"),
        N_("Multiplied number by number and added up: large where both point the same way."),
    ),
    "scale": (
        N_("Scaled"),
        N_(
            "Divided by the root of the number of products, or longer vectors would make every softmax"
            " extreme."
        ),
    ),
    "mask": (
        N_("Mask"),
        N_(
            "Added before the softmax: minus infinity where the token may not look, such as later tokens in a"
            " decoder and far ones under a sliding window."
        ),
    ),
    "softmax": (
        N_("Softmax: the weights of the row"),
        N_(
            "Every score becomes a positive number, and together they become 1. A head must spend it all,"
            " even where there is nothing to look at: much then goes to [CLS], [SEP] or the first token."
        ),
    ),
    "mix": (
        N_("Mixture of values"),
        N_(
            "The values of all tokens, each as much as its weight says. A large weight on a short value"
            " brings little."
        ),
    ),
    "output": (
        N_("This head's part"),
        N_(
            "Brought back to the width of the model by the columns of the output matrix that belong to this"
            " head: what the head adds to the token."
        ),
    ),
    "heads": (
        N_("All heads together"),
        N_(
            "The parts of all heads, and the bias they share. Heads may cancel: the length of the sum is less"
            " than the sum of lengths."
        ),
    ),
    "stream": (
        N_("Added to the stream"),
        N_(
            "What attention found is added to what the token already was. A norm and the feed-forward part of"
            " the layer come next."
        ),
    ),
}
"""Name of a step → its title, and what it does, for the reader."""


@dataclass(frozen=True)
class Value:
    """Numbers in a step.

    Attributes
    ----------
    symbol : str
        TeX, as the step's formula has it.
    array : float64 [] or [n]
    over : str
        What the numbers stand for: ``"hidden"`` and ``"head"`` are features, ``"keys"`` the tokens that are
        looked at, ``"heads"`` the heads of the layer.
    """

    symbol: str
    array: Array
    over: str = "hidden"

    @property
    def norm(self) -> float:
        """Euclidean."""
        return float(np.linalg.norm(self.array))


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    name : str
        A key of :data:`PROSE`.
    formula : str
        TeX.
    values : tuple of Value
        What goes in, in the order of the formula, and what comes out, last.
    error : float or None
        Largest difference to the model's own result, relative to its largest number; None: not compared.
    """

    name: str
    formula: str
    values: tuple[Value, ...]
    error: float | None

    @property
    def title(self) -> str:
        return PROSE[self.name][0]

    @property
    def does(self) -> str:
        return PROSE[self.name][1]

    @property
    def agrees(self) -> bool | None:
        return None if self.error is None else self.error <= AGREES


@dataclass(frozen=True)
class Steps:
    """All steps for one query and one key token under one head; indices from 0.

    Attributes
    ----------
    tokens : list of str
        Of the whole text; untrusted.
    weight : float
        α_ij, the model's own.
    seen : int
        How many tokens the query may look at; one divided by it is a uniform weight.
    """

    model: str
    layer: int
    head: int
    query: int
    key: int
    tokens: list[str]
    weight: float
    seen: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Extent:
    """What there is to choose from; *tokens*: of the whole text as far as the model reads it, untrusted."""

    layers: int
    heads: int
    tokens: list[str]


def extent_of(model: str, text: str, pair: str | None = None, *, report: Report = silent) -> Extent:
    """The layers, heads and tokens that :func:`steps_of` can follow; nothing is computed.

    Raises
    ------
    BadModel
        If the model cannot be loaded, or its attention cannot be followed.
    BadSetting
        If there is no text.
    """
    from xfer_core.attention.looking import encode

    report(0.0, N_("Loading the model"))
    opened = _open(model)
    _, [side] = encode(opened, text, pair)
    return Extent(opened.source.layers, opened.source.heads, side.shown)


def steps_of(
    model: str,
    text: str,
    pair: str | None = None,
    *,
    layer: int,
    head: int,
    query: int,
    key: int,
    report: Report = silent,
) -> Steps:
    """The steps of *model*, a model's or a finished run's name; *query* and *key*: tokens of the whole text.

    Raises
    ------
    BadModel
        If the model cannot be loaded, or its attention cannot be followed.
    BadSetting
        If there is no text, or no such layer, head or token.
    """
    import torch

    from xfer_core.attention.looking import encode
    from xfer_core.attention.tracing import trace
    from xfer_core.models.anatomy import anatomy
    from xfer_core.models.lens import lens
    from xfer_core.models.watching import watching

    report(0.0, N_("Loading the model"))
    opened = _open(model)
    body = opened.network.base_model
    batch, [side] = encode(opened, text, pair)
    _check(opened, len(side), layer, head, query, key)
    parts = anatomy(body)
    entrance = [parts.embeddings.module, *([parts.positions.module] if parts.positions else [])]
    watched = {inner for part in (*entrance, parts.stack[layer]) for inner in part.modules()}
    report(0.5, N_("Reading the text"))
    with torch.inference_mode(), watching(watched) as passed, lens(body) as seen:
        states = body(**batch, output_hidden_states=True).hidden_states
    heads = seen[layer]
    steps, looks_at = trace(
        entrance, parts.stack[layer], heads, passed, states[0], states[layer], head, query, key
    )
    return Steps(
        model, layer, head, query, key,
        tokens=side.shown,
        weight=float(heads.weights[0, head, query, key]),
        seen=looks_at,
        steps=tuple(steps),
    )  # fmt: skip


def _open(model: str) -> Opened:
    """*model*, if its attention can be followed."""
    from xfer_core.models.lens import supports, weights_only

    opened = open_model(model)
    if opened.source.encoder_decoder:
        raise BadModel(
            N_("Numbers are followed through encoders and decoders only, not through a model of both."),
            N_("The weights of its heads are shown under Heads."),
        )
    if not supports(opened.network.base_model):
        raise weights_only(opened.source.family)
    return opened


def _check(opened: Opened, tokens: int, layer: int, head: int, query: int, key: int) -> None:
    for message, value, count in (
        (N_("There is no layer {value}; the model has {count}."), layer, opened.source.layers),
        (N_("There is no head {value}; a layer has {count}."), head, opened.source.heads),
        (N_("There is no token {value}; the text has {count}."), query, tokens),
        (N_("There is no token {value}; the text has {count}."), key, tokens),
    ):
        if not 0 <= value < count:
            raise BadSetting(message, value=value + 1, count=count)
