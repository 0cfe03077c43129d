"""A text read with some heads switched off, or with what they did in another model.

A head's output is replaced before the heads are joined: by nothing, by its mean, or by what the same head
gave in another model (activation patching). The rest of the model is its own forward.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.looking import encode
from xfer_core.attention.opened import Opened, open_model
from xfer_core.corpora.corpus import drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadModel, BadSetting
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent
from xfer_core.settings import LIMITS

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xfer_core.models.lens import Heads

Array = NDArray[np.float64]

HOWS = ("zero", "mean")
"""What stands in for the output of a head that is off: zeros, or its mean over tokens."""

DRAWS = 24
"""Random sets of heads that a chosen one is held against."""

MEAN_TEXTS, MEAN_LENGTH = 50, 128
"""For means over a corpus: texts, and tokens of each at most."""

HELD = 2**26
"""Attention weights held at once: 256 MB of them. More copies of a text are read one batch after another."""


@dataclass(frozen=True)
class Switched:
    """What a model says of a text with some heads off.

    Attributes
    ----------
    before, after : dict label → probability
        With all heads on, and with *off* off; empty where the model is no classifier.
    before_logits, after_logits : dict label → float
    distance : float
        1 - cosine of the text's vector (the mean of the last states over its tokens; an encoder-decoder's
        encoder's) before and after. NaN where the model is a classifier.
    off : tuple of (layer, head)
    how, donor : str
    control : float64 [draws]
        What :data:`DRAWS` random sets of as many heads do: size of the change of the logit of the class the
        whole model names, or the distance. Empty where nothing is off.
    """

    before: dict[str, float]
    after: dict[str, float]
    before_logits: dict[str, float]
    after_logits: dict[str, float]
    distance: float
    off: tuple[tuple[int, int], ...]
    how: str
    donor: str
    control: Array


def switched(
    model: str,
    text: str,
    pair: str | None = None,
    *,
    off: Collection[tuple[int, int]] = (),
    how: str = "zero",
    donor: str = "",
    corpus: str = "",
    seed: int = 0,
    report: Report = silent,
) -> Switched:
    """What *model* says of *text*, or of *text* and *pair*, with the heads *off* switched off.

    Of an encoder-decoder they are heads of its encoder.

    Parameters
    ----------
    how : str
        One of :data:`HOWS`. The mean is over the tokens of this text, or of texts of *corpus*.
    donor : str
        A model with the same tokens and heads: the heads do what they do there on this text; *how* is idle.
    seed : int
        Of the random sets.

    Raises
    ------
    BadSetting
        If there is no text, no such head or no such *how*.
    BadModel
        If a model cannot be loaded, does not show its heads, or *donor* does not fit.
    """
    report(0.0, N_("Loading the model"))
    opened = open_model(model)
    whole = read_whole(opened, text, pair)
    instead = substitutes(opened, whole, text, pair, how=how, donor=donor, corpus=corpus, report=report)
    chosen = _checked(off, *whole.size)
    report(0.6, N_("Switching heads off"))
    # The chosen set by itself, so that its numbers do not hang on the draws beside it.
    after = without(opened, whole, _mask([chosen], *whole.size), instead)[0]
    control = np.empty(0)
    if chosen:
        sets = _mask(_drawn(len(chosen), *whole.size, seed), *whole.size)
        others = effects(opened, whole, without(opened, whole, sets, instead))
        control = np.abs(others[:, named(opened, whole)])
    before_logits, before = _said(opened, whole.answer)
    after_logits, after_p = _said(opened, after)
    distance = np.nan if opened.classifier else float(effects(opened, whole, after[None])[0, 0])
    return Switched(
        before, after_p, before_logits, after_logits, distance, tuple(chosen), how, donor, control
    )


def _said(opened: Opened, answer: Array) -> tuple[dict[str, float], dict[str, float]]:
    """Logit and probability of every class; nothing where there are none."""
    from xfer_core.tasks.classification import probabilities

    if not opened.classifier:
        return {}, {}
    logits, chances = (
        dict(zip(opened.class_names, row.tolist(), strict=True)) for row in (answer, probabilities(answer))
    )
    return logits, chances


def _drawn(n: int, layers: int, heads: int, seed: int) -> list[list[tuple[int, int]]]:
    """Random sets of *n* heads."""
    random = np.random.default_rng(seed)
    draws = [random.permutation(layers * heads)[:n] for _ in range(DRAWS)]
    return [[divmod(int(place), heads) for place in draw] for draw in draws]


def _mask(sets: list[list[tuple[int, int]]], layers: int, heads: int) -> Tensor:
    """Which heads are off, bool [sets, L, H]."""
    import torch

    mask = torch.zeros(len(sets), layers, heads, dtype=torch.bool)
    for row, these in enumerate(sets):
        for layer, head in these:
            mask[row, layer, head] = True
    return mask


@dataclass(frozen=True)
class Whole:
    """What a model did with one text while all heads were on.

    Attributes
    ----------
    batch : dict of Tensor [1, T]
    answer : float64 [classes], or [hidden] where the model is no classifier
        Logits, or the mean of the last states over the tokens.
    heads : list of Tensor [1, H, T, d]
        Outputs of the heads of each layer.
    layers : list
        What each layer gave.
    """

    batch: dict[str, Tensor]
    answer: Array
    heads: list[Tensor]
    layers: list[Any]

    @property
    def size(self) -> tuple[int, int]:
        """How many layers, and heads in each."""
        return len(self.heads), self.heads[0].shape[1]


def read_whole(opened: Opened, text: str, pair: str | None, limit: int = LIMITS.max_length) -> Whole:
    """Read a text, of which *limit* tokens at most, and keep what :func:`without` starts from.

    Raises
    ------
    BadSetting
        If there is no text.
    BadModel
        If the model's heads cannot be seen.
    """
    import torch

    from xfer_core.models.lens import lens, supports, weights_only
    from xfer_core.models.replay import recorded

    base = opened.network.base_model
    if not supports(base):
        raise weights_only(opened.source.family)
    batch, _ = encode(opened, text, pair, limit)
    with torch.no_grad(), recorded(stack(opened)) as layers, lens(base) as seen:
        answer = answers(opened, batch)[0]
    heads = [output for _, one in sorted(seen.items()) if (output := one.output) is not None]
    return Whole(batch, answer.double().cpu().numpy(), heads, layers)


def stack(opened: Opened) -> list[nn.Module]:
    """The layers whose heads can be switched off, lowest first."""
    from xfer_core.models.anatomy import attending

    return next(iter(attending(opened.network.base_model).values()))


def answers(opened: Opened, batch: dict[str, Tensor]) -> Tensor:
    """Logits, float32 [B, classes], or the mean of the last states, [B, hidden]; all texts equally long."""
    given = {"use_cache": False} if opened.source.decoder else {}
    output = opened.network(**batch, **given)
    if opened.classifier:
        return output.logits.float()
    both = opened.source.encoder_decoder
    return (output.encoder_last_hidden_state if both else output.last_hidden_state).float().mean(1)


def without(opened: Opened, whole: Whole, off: Tensor, instead: list[Tensor]) -> Array:
    """Answers with heads off, a row of *off* each; layers below the lowest such head are not run again.

    Parameters
    ----------
    off : bool Tensor [B, L, H]
    instead : list of Tensor, each broadcastable to [B, H, T, d]
        Of :func:`substitutes`.

    Returns
    -------
    float64 [B, classes or hidden]
    """
    import torch

    from xfer_core.models.lens import lens
    from xfer_core.models.replay import replaying

    layers, heads = whole.size
    lowest = int(off.any(2).any(0).int().argmax())
    tokens = whole.heads[0].shape[2]
    rows = max(1, HELD // ((layers - lowest) * heads * tokens**2))
    off = off.to(whole.heads[0].device)
    found = []
    for part in off.split(rows):

        def change(layer: int, one: Heads, part: Tensor = part) -> Tensor:
            assert one.output is not None
            return torch.where(part[:, layer, :, None, None], instead[layer], one.output)

        batch = {name: values.expand(len(part), -1) for name, values in whole.batch.items()}
        below = replaying(stack(opened)[:lowest], whole.layers[:lowest], len(part))
        with torch.no_grad(), below, lens(opened.network.base_model, change):
            found.append(answers(opened, batch))
    return torch.cat(found).double().cpu().numpy()


def effects(opened: Opened, whole: Whole, after: Array) -> Array:
    """Logits minus those of the whole, [..., classes]; or 1 - cosine to its vector, [..., 1]."""
    if opened.classifier:
        return after - whole.answer
    cosine = after @ whole.answer / (np.linalg.norm(after, axis=-1) * np.linalg.norm(whole.answer))
    return np.maximum(1 - cosine[..., None], 0)


def named(opened: Opened, whole: Whole) -> int:
    """Column of :func:`effects` that counts: the class the whole model names, or the only one."""
    return int(whole.answer.argmax()) if opened.classifier else 0


def substitutes(
    opened: Opened,
    whole: Whole,
    text: str,
    pair: str | None,
    *,
    how: str,
    donor: str = "",
    corpus: str = "",
    report: Report = silent,
) -> list[Tensor]:
    """What the heads of each layer put out when they are off, broadcastable to [B, H, T, d].

    Raises
    ------
    BadSetting
        If there is no such *how*.
    BadModel
        If *donor* cannot be loaded, or does not fit.
    """
    if how not in HOWS:
        raise BadSetting(
            N_("“{name}” is no way to switch a head off."), N_("Take one of: {known}."),
            name=how[:60], known=", ".join(HOWS),
        )  # fmt: skip
    if donor:
        return _given(opened, whole, text, pair, donor)
    if how == "zero":
        return [output.new_zeros(1, 1, 1, 1) for output in whole.heads]
    if not corpus:
        return [output.mean(2, keepdim=True) for output in whole.heads]
    return _means(opened, corpus, report)


def _given(opened: Opened, whole: Whole, text: str, pair: str | None, donor: str) -> list[Tensor]:
    """The outputs of the heads of *donor* for the same tokens."""
    import torch

    other = open_model(donor)
    found = read_whole(other, text, pair)
    same_tokens = torch.equal(found.batch["input_ids"].cpu(), whole.batch["input_ids"].cpu())
    if not same_tokens or [one.shape for one in found.heads] != [one.shape for one in whole.heads]:
        raise BadModel(
            N_("The heads of {donor} do not fit {model}: the two differ in their heads, or in how a text is"
               " cut into tokens."),
            N_("Take heads from the model that this one was tuned from, or from another run of it."),
            donor=other.source.id, model=opened.source.id,
        )  # fmt: skip
    return [output.to(whole.heads[0].device) for output in found.heads]


def _means(opened: Opened, corpus_id: str, report: Report) -> list[Tensor]:
    """The mean output of every head over all tokens of texts of a corpus, [1, H, 1, d] a layer."""
    corpus = load_corpus(corpus_id)
    rows = drawn(corpus, min(MEAN_TEXTS, corpus.n), 0)
    totals: list[Any] = []
    tokens = 0
    for at, row in enumerate(rows):
        report(0.1 + 0.5 * at / len(rows), N_("Measuring what heads put out in other texts"))
        heads = read_whole(opened, corpus.texts[row], None, MEAN_LENGTH).heads
        sums = [output.sum(2, keepdim=True) for output in heads]
        totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
        tokens += heads[0].shape[2]
    return [total / tokens for total in totals]


def _checked(off: Collection[tuple[int, int]], layers: int, heads: int) -> list[tuple[int, int]]:
    chosen = sorted({(int(layer), int(head)) for layer, head in off})
    for layer, head in chosen:
        if not (0 <= layer < layers and 0 <= head < heads):
            raise BadSetting(
                N_("There is no head {layer}.{head} in this model."),
                N_("It has {layers} layers of {heads} heads, both counted from 1."),
                layer=layer + 1, head=head + 1, layers=layers, heads=heads,
            )  # fmt: skip
    return chosen
