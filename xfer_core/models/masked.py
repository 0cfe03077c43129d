"""A model that guesses masked words: a pretrained encoder under its own head, or under a new one.

The bundled encoder, as most published sentence encoders, comes without the head it was once pretrained with.
transformers builds that head of any supported encoder; its largest matrix is the model's own word embeddings
(they are tied), so that only a small layer, its norm and one bias a word are new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel
from transformers.utils import logging

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models.load import device
from xfer_core.models.sources import Source


def masked(source: Source, *, dropout: float | None = None) -> tuple[PreTrainedModel, bool]:
    """The model of *source* with a head for words, in eval mode, and whether that head is new.

    A new head is drawn from torch's generator: seed it first.

    Raises
    ------
    BadModel
        If its family reads from left to right, so that no word can be masked.
    """
    if source.decoder:
        raise BadModel(
            N_(
                "Continued pretraining masks words, and “{name}” is a decoder: it sees only what came before."
            ),
            N_("Choose an encoder, such as the bundled model."),
            name=source.id,
        )
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False)
        if dropout is not None:
            for name in list(vars(config)):
                if name.endswith(("dropout", "dropout_prob", "_pdrop")):
                    setattr(config, name, dropout)
        model, info = AutoModelForMaskedLM.from_pretrained(
            source.folder, config=config, use_safetensors=True, trust_remote_code=False,
            local_files_only=True, dtype=torch.float32, output_loading_info=True,
        )  # fmt: skip
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
    body = model.base_model_prefix + "."
    fresh = any(not name.startswith(body) for name in info["missing_keys"])
    return model.eval().to(device()), fresh


def head(model: PreTrainedModel) -> list[nn.Parameter]:
    """The parameters of the head alone: not the embeddings, which are the model's."""
    body = set(model.base_model.parameters())
    return [parameter for parameter in model.parameters() if parameter not in body]


@contextmanager
def only(model: PreTrainedModel, wanted: list[nn.Parameter]) -> Iterator[None]:
    """For the block, nothing but *wanted* learns."""
    learnt = {parameter: parameter.requires_grad for parameter in model.parameters()}
    chosen = set(wanted)
    try:
        for parameter in learnt:
            parameter.requires_grad_(parameter in chosen)
        yield
    finally:
        for parameter, flag in learnt.items():
            parameter.requires_grad_(flag)


def masked_loss(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Mean cross-entropy of the masked words, in nats.

    The head runs for masked words only, a seventh of all: with a vocabulary of 30,000 words it is most of the
    work, as in ModernBERT's "sparse prediction".

    Parameters
    ----------
    batch : dict of Tensor
        ``input_ids``, ``attention_mask`` and ``labels``, int64 [B, T], labels -100 where nothing is masked.
    """
    wanted = batch["labels"] != -100

    def keep(module: nn.Module, given: Any, found: Any) -> Any:
        found["last_hidden_state"] = found[0][wanted][None]
        return found

    hook = model.base_model.register_forward_hook(keep)
    try:
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    finally:
        hook.remove()
    targets = batch["labels"][wanted]
    if not len(targets):  # of a few very short texts none may be masked
        return logits.sum() * 0.0
    return cross_entropy(logits[0].float(), targets)
