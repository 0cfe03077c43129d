"""Which tokens a prediction rests on, by integrated gradients (Sundararajan et al. 2017), through Captum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.looking import encode
from xfer_core.attention.opened import Opened, open_model
from xfer_core.attention.switching import answers
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xfer_core.attention.tokens import Tokens

Array = NDArray[np.float64]

STEPS = 50

HELD = 2048
"""Tokens in one batch."""


@dataclass(frozen=True)
class Gradients:
    """Parts of the tokens of a text in a score of the model; T tokens.

    Attributes
    ----------
    values : float64 [T]
        For (+) and against (-) the score. Special tokens are the same in the baseline, so theirs is 0.
    label : str
        The score is the logit of this class; "": the cosine of the text's vector with what it is in the end.
    baseline : str
        What stands for ordinary tokens in the text it is held against.
    delta : float
        By how much the parts miss the difference of the scores of text and baseline.
    steps : int
        Points between the two.
    """

    tokens: list[str]
    special: list[bool]
    values: Array
    label: str
    baseline: str
    delta: float
    steps: int


def gradients_of(
    model: str, text: str, pair: str | None = None, *, steps: int = STEPS, report: Report = silent
) -> Gradients:
    """The part of each token of *text*, or of *text* and *pair*, in what *model* says of it.

    Raises
    ------
    BadSetting
        If there is no text.
    BadModel
        If the model cannot be loaded.
    """
    report(0.0, N_("Loading the model"))
    opened = open_model(model)
    batch, sides = encode(opened, text, pair)
    side = sides[0]
    return integrated(Score(opened, batch, side.special), side, steps, part(report, 0.1, 1.0))


class Score:
    """What a model says of a text as one number, as a function of the embeddings of its tokens.

    The model is given the real token ids, and its table of tokens gives the embeddings in question:
    positions, masks and the row that is read are those of the text.

    Attributes
    ----------
    whole, blank : float32 Tensor [1, T, width]
        Embeddings of the text, and of the text with every ordinary token replaced by the mask token, or the
        padding token where there is no mask.
    label : str
        The class whose logit is the score: the one the model names; "": the score is a cosine.
    """

    def __init__(self, opened: Opened, batch: dict[str, Tensor], special: list[bool]) -> None:
        import torch

        self.opened, self.batch = opened, batch
        tokenizer, ids = opened.tokenizer, batch["input_ids"]
        masks = tokenizer.mask_token_id is not None
        self.baseline = N_("mask tokens") if masks else N_("padding tokens")
        blank = tokenizer.mask_token_id if masks else tokenizer.pad_token_id
        self.ordinary = ~torch.tensor(special, device=ids.device)
        with torch.no_grad():
            self.whole = self.table(ids)
            self.blank = self.table(ids.masked_fill(self.ordinary, blank))
            self._answer = answers(opened, batch)[0]
        self._class = int(self._answer.argmax())
        self.label = opened.class_names[self._class] if opened.classifier else ""

    @property
    def table(self) -> nn.Module:
        """The module that turns token ids into embeddings."""
        base = self.opened.network.base_model
        part = base.get_encoder() if self.opened.source.encoder_decoder else base
        module: nn.Module = part.get_input_embeddings()
        return module

    def __call__(self, embeddings: Tensor) -> Tensor:
        """[B, T, width] → [B]."""
        from torch.nn.functional import cosine_similarity

        from xfer_core.models.replay import replaying

        rows = len(embeddings)
        batch = {name: values.expand(rows, -1) for name, values in self.batch.items()}
        with replaying([self.table], [embeddings], rows):
            found = answers(self.opened, batch)
        return found[:, self._class] if self.label else cosine_similarity(found, self._answer[None])


def integrated(score: Score, side: Tokens, steps: int = STEPS, report: Report = silent) -> Gradients:
    """The integral of the gradient from blank to text, times their difference, for the tokens of *side*."""
    from captum.attr import IntegratedGradients

    rows = max(1, HELD // score.whole.shape[1])
    method = IntegratedGradients(_told(score, steps, report))
    found, delta = method.attribute(
        score.whole, score.blank, n_steps=steps, internal_batch_size=rows, return_convergence_delta=True
    )
    values = found[0].sum(-1).detach().double().cpu().numpy()
    missed = abs(float(delta[0]))
    return Gradients(side.shown, side.special, values, score.label, score.baseline, missed, steps)


def _told(score: Score, steps: int, report: Report) -> Callable[[Tensor], Tensor]:
    """*score*, telling how many of the steps are done."""
    done = 0

    def scored(embeddings: Tensor) -> Tensor:
        nonlocal done
        report(min(done / steps, 1.0), N_("Integrating gradients"))
        done += len(embeddings)
        return score(embeddings)

    return scored
