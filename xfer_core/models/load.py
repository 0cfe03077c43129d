"""The one place that builds a model from files.

What transformers leaves open is closed here: pickled weights and code from the folder (refused), encoder
weights that are missing (it would fill them with random numbers) or not finite, an attention implementation
named in the configuration (it may be fetched from the hub), requests to the network (there are none).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as hf_logging

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models.families import EAGER_ONLY
from xfer_core.models.sources import Source

Kind = Literal["encoder", "classifier", "translator"]
_BUILDERS = {
    "encoder": AutoModel,
    "classifier": AutoModelForSequenceClassification,
    "translator": AutoModelForSeq2SeqLM,
}
_UNREADABLE = (
    OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError,
    SafetensorError, StrictDataclassError,
)  # fmt: skip


def device() -> torch.device:
    """Where models are put: the graphics card if torch can use one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load(
    source: Source,
    kind: Kind = "encoder",
    *,
    label_names: Sequence[str] | None = None,
    dropout: float | None = None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model in float32 and eval mode on :func:`device`, and its tokenizer, which pads on the right.

    Parameters
    ----------
    kind : str
        ``"encoder"`` without a head, ``"classifier"`` with transformers' own sequence-classification head, or
        ``"translator"``: an encoder-decoder that can write.
    label_names : sequence of str, optional
        Classes of the classifier. A head whose classes have other names is begun afresh, from torch's
        generator (seed it first). None: the classes the model was tuned for.
    dropout : float, optional
        Sets every dropout probability of the model; None leaves them as they were trained.

    Raises
    ------
    BadModel
        If the files do not make a whole, finite model of their family, or the classifier is untrained and
        *label_names* do not say what to train it for.
    """
    with _quiet():
        try:
            config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False)
            known = tuple(config.id2label.values())
            _configure(config, kind, label_names, dropout)
            tokenizer = AutoTokenizer.from_pretrained(source.folder, trust_remote_code=False)
            model, info = _BUILDERS[kind].from_pretrained(
                source.folder,
                config=config,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                attn_implementation="eager" if source.family in EAGER_ONLY else "sdpa",
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # a head for other classes; anything else is refused below
                output_loading_info=True,
            )
        except _UNREADABLE as error:
            raise BadModel(
                N_("The model “{name}” cannot be opened: its files do not fit together or are damaged."),
                N_("Copy or download its folder again."),
                name=source.id,
            ) from error
    fresh = _check_weights(source, model, info, label_names)
    if label_names is not None and not fresh and tuple(label_names) != known:
        _restart_classifier(model)
    _prepare(source, model, tokenizer)
    return model.eval().to(device()), tokenizer


def _configure(
    config: PreTrainedConfig, kind: Kind, label_names: Sequence[str] | None, dropout: float | None
) -> None:
    if kind == "classifier" and label_names is not None:
        config.id2label = dict(enumerate(label_names))
        config.label2id = {name: label for label, name in enumerate(label_names)}
        config.problem_type = "single_label_classification"
    if dropout is not None:
        for name in list(vars(config)):
            if name.endswith(("dropout", "dropout_prob", "_pdrop")):
                setattr(config, name, dropout)


def _check_weights(
    source: Source, model: PreTrainedModel, info: dict[str, Any], label_names: Sequence[str] | None
) -> bool:
    """Whether the classifier's weights are new; raises if any other weight is missing or not finite."""
    absent = {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])}
    body = model.base_model_prefix + "." if model.base_model is not model else ""
    encoder = [name.removeprefix(body) for name in absent if name.startswith(body)]
    lost = [name for name in encoder if not name.startswith("pooler.")]
    if lost:
        raise BadModel(
            N_("{n} weights of the model “{name}” are missing or of the wrong size, {first} among them."),
            N_("Copy or download its folder again."),
            n=len(lost), name=source.id, first=min(lost),
        )  # fmt: skip
    fresh = any(not name.startswith(body) for name in absent) if body else False
    if fresh and label_names is None:
        raise BadModel(
            N_("The model “{name}” has no trained classifier."),
            N_("Fine-tune it first and use the run."),
            name=source.id,
        )
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter).all():
            raise BadModel(
                N_("The weights of the model “{name}” are not all numbers: {first} holds NaN or infinity."),
                N_("Use an earlier state of the model; this one diverged in training."),
                name=source.id, first=name,
            )  # fmt: skip
    return fresh


def _restart_classifier(model: PreTrainedModel) -> None:
    """New weights for the layer that names the classes: its old ones belong to classes of other names."""
    body = set(model.base_model.modules())
    head = [module for module in model.modules() if module not in body and isinstance(module, nn.Linear)]
    for layer in head:
        if layer.out_features == model.config.num_labels:
            for parameter in layer.parameters():
                # transformers' initialisation leaves a parameter alone that is marked as loaded.
                vars(parameter).pop("_is_hf_initialized", None)
            model._init_weights(layer)


def _prepare(source: Source, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    embeddings = model.get_input_embeddings()
    if isinstance(embeddings, nn.Embedding) and len(tokenizer) > embeddings.num_embeddings:
        raise BadModel(
            N_("The tokenizer of the model “{name}” belongs to another model: it knows more words than it."),
            N_("Copy the tokenizer files of the same model into the folder."),
            name=source.id,
        )
    if tokenizer.pad_token is None:  # decoders are published without one, batches need one
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    tokenizer.padding_side = "right"  # GPT-2 counts positions from the left edge, padding included
    tokenizer.model_max_length = min(tokenizer.model_max_length, source.max_positions)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' bars and its report of missing weights, which :func:`_check_weights` judges."""
    verbosity, bars = hf_logging.get_verbosity(), hf_logging.is_progress_bar_enabled()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.set_verbosity(verbosity)
        if bars:
            hf_logging.enable_progress_bar()
