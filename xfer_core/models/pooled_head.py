"""A linear classifier on the mean-pooled states of one layer or several, as one module with its encoder.

The folder it is saved to is a plain encoder, as transformers loads it, and beside it the classifier's weights
in a file of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import SequenceClassifierOutput

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models.anatomy import anatomy
from xfer_core.models.load import load
from xfer_core.models.sources import Source
from xfer_core.models.weights import POOLED_HEAD

Array = npt.NDArray[np.float64]


class PooledClassifier(nn.Module):
    """``logits = bias + Σ_l weight[l] · mean_t h_l[t]`` over the states h_l of the *layers* of *encoder*.

    Parameters
    ----------
    layers : sequence of int
        0: the embeddings; the encoder's depth: the last layer, after the final norm where there is one.
    weight : float32 [layers, classes, hidden]
    bias : float32 [classes]
    label_names : sequence of str
        The classes in the order of the logits.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        layers: Sequence[int],
        weight: npt.ArrayLike | Tensor,
        bias: npt.ArrayLike | Tensor,
        label_names: Sequence[str],
    ) -> None:
        super().__init__()
        self.encoder, self.layers = encoder, tuple(layers)
        self.weight = nn.Parameter(torch.as_tensor(weight, dtype=torch.float32))
        self.bias = nn.Parameter(torch.as_tensor(bias, dtype=torch.float32))
        self.config = encoder.config
        self.config.id2label = dict(enumerate(label_names))
        self.config.label2id = {name: label for label, name in enumerate(label_names)}
        self.to(encoder.device)

    @property
    def base_model(self) -> PreTrainedModel:
        """What is below the head, under the name that transformers' classifiers give it."""
        return self.encoder

    @property
    def device(self) -> torch.device:
        return self.encoder.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> Any:
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        weights = mask.unsqueeze(-1).float()
        states = self._states(input_ids, mask)
        pooled = torch.stack([(states[k].float() * weights).sum(1) for k in self.layers]) / weights.sum(1)
        logits = torch.einsum("lbh,lch->bc", pooled, self.weight) + self.bias
        return SequenceClassifierOutput(logits=logits)

    def _states(self, input_ids: Tensor, mask: Tensor) -> dict[int, Tensor]:
        """The state of each wanted layer, [B, T, H], taken where it enters the layer above."""
        stack = anatomy(self.encoder).stack
        states: dict[int, Tensor] = {}

        def entering(layer: int) -> Callable[..., None]:
            def keep(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
                states[layer] = args[0] if args else kwargs["hidden_states"]

            return keep

        below = [layer for layer in self.layers if layer < len(stack)]
        hooks = [stack[k].register_forward_pre_hook(entering(k), with_kwargs=True) for k in below]
        try:
            final = self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state
        finally:
            for hook in hooks:
                hook.remove()
        return {**states, len(stack): final}

    def save_pretrained(self, folder: Path | str) -> None:
        """The encoder as transformers saves it, and :data:`POOLED_HEAD`."""
        self.encoder.save_pretrained(folder)
        written = Path(folder) / POOLED_HEAD
        tensors = {"weight": self.weight.detach().cpu().contiguous(), "bias": self.bias.detach().cpu()}
        layers = torch.tensor(self.layers, dtype=torch.int64)
        save_file({**tensors, "layers": layers}, written, metadata={"format": "pt"})


def open_pooled(source: Source) -> tuple[PooledClassifier, PreTrainedTokenizerBase]:
    """The classifier saved in *source*, in eval mode, and its tokenizer.

    Raises
    ------
    BadModel
        If its files are damaged or do not fit together.
    """
    encoder, tokenizer = load(source, "encoder")
    named = encoder.config.id2label or {}
    names = [str(name) for _, name in sorted(named.items(), key=lambda item: int(item[0]))]
    try:
        with safe_open(source.folder / POOLED_HEAD, "pt") as file:
            weight, bias, layers = (file.get_tensor(name) for name in ("weight", "bias", "layers"))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _damaged(source) from error
    expected = (len(layers), len(names), encoder.config.hidden_size)
    sound = weight.shape == expected and bias.shape == (len(names),) and layers.dtype == torch.int64
    if not sound or not (torch.isfinite(weight).all() and torch.isfinite(bias).all()):
        raise _damaged(source)
    if not all(0 <= layer <= anatomy(encoder).depth for layer in layers.tolist()):
        raise _damaged(source)
    return PooledClassifier(encoder, layers.tolist(), weight, bias, names).eval(), tokenizer


def folded(head: tuple[Array, Array], mean: Array, scale: Array) -> tuple[Array, Array]:
    """Weight [classes, features] and bias [classes] that give on plain features what *head* on standardised.

    *head* holds the same two, for features brought to ``(x - mean) / scale``.
    """
    coefficients, intercept = head
    weight = coefficients / scale
    return weight, intercept - weight @ mean


def _damaged(source: Source) -> BadModel:
    return BadModel(
        N_("The classifier in {file} of the model “{name}” is damaged or belongs to another model."),
        N_("Copy its folder again."),
        file=POOLED_HEAD, name=source.id,
    )  # fmt: skip
