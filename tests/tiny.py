"""Tiny models of every supported family, built from their configurations, with a real small tokenizer.

They are random but not small in their effects: weights ten times the usual, so that a forgotten layer or a
wrong mask shows in the logits.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

SENTENCES = [
    "The film was slow, but the ending was worth the wait.",
    "A terrible phone: the battery died after two days.",
    "Good.",
    "I have read this book four times and will read it again, because every page says something new to me.",
    "The mayor's plan for the old harbour is neither cheap nor clever.",
    "never again",
    "What a lovely little café, and such friendly people!",
    "It works as described; the manual, however, is useless and the cable far too short for any normal room.",
]

WIDTH, DEPTH, HEADS, LABELS = 32, 3, 4, 3

FAMILIES = (
    "bert", "roberta", "distilbert", "electra", "electra-projected", "mpnet", "deberta-v2", "deberta-v2-conv",
    "modernbert", "gpt2", "llama", "qwen3", "xlm-roberta", "camembert",
)  # fmt: skip

DECODERS = ("gpt2", "llama", "qwen3")

ENCODER_DECODERS = ("t5", "bart", "marian")
"""Their decoders have two layers; only their attention is looked at."""


@cache
def tokenizer(decoder: bool) -> PreTrainedTokenizerFast:
    """A word-piece-like tokenizer with [CLS] … [SEP]; for a decoder without special tokens round a text."""
    core = Tokenizer(models.BPE(unk_token="[UNK]"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    core.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=180, special_tokens=special))
    if not decoder:
        core.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B [SEP]",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", eos_token="[SEP]", model_max_length=64,
    )  # fmt: skip


def tiny(
    family: str, *, labels: int = LABELS, seed: int = 0
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A classifier of *family*, or an encoder-decoder, in eval mode, and its tokenizer."""
    words = tokenizer(family in DECODERS)
    config = _config(family, len(words), labels)
    torch.manual_seed(seed)
    built = AutoModelForSeq2SeqLM if family in ENCODER_DECODERS else AutoModelForSequenceClassification
    return built.from_config(config).eval(), words


def tiny_folder(family: str, path: Path, *, labels: int = LABELS, seed: int = 0) -> Path:
    """The same, saved to the folder *path*."""
    model, words = tiny(family, labels=labels, seed=seed)
    model.save_pretrained(path)
    words.save_pretrained(path)
    return path


SIZES = {
    "hidden_size": WIDTH, "num_hidden_layers": DEPTH, "num_attention_heads": HEADS,
    "intermediate_size": 48, "max_position_embeddings": 80,
}  # fmt: skip
DEBERTA = {
    "relative_attention": True, "position_buckets": 8, "pos_att_type": ["c2p", "p2c"], "share_att_key": True,
    "norm_rel_ebd": "layer_norm", "position_biased_input": False, "pooler_hidden_size": WIDTH,
}  # fmt: skip
ENDS = {"bos_token_id": 2, "eos_token_id": 3}
GROUPED = {"num_key_value_heads": 2, "head_dim": WIDTH // HEADS}

BOTH = {
    "d_model": WIDTH, "encoder_layers": DEPTH, "decoder_layers": 2, "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "init_std": 0.2,
    "max_position_embeddings": 80, "decoder_start_token_id": 2, "forced_eos_token_id": None, **ENDS,
}  # fmt: skip

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", SIZES),
    "roberta": ("RobertaConfig", SIZES),
    "xlm-roberta": ("XLMRobertaConfig", SIZES),
    "camembert": ("CamembertConfig", SIZES),
    "distilbert": ("DistilBertConfig", {
        "dim": WIDTH, "n_layers": DEPTH, "n_heads": HEADS, "hidden_dim": 48, "max_position_embeddings": 80,
    }),
    "electra": ("ElectraConfig", {**SIZES, "embedding_size": WIDTH}),
    "electra-projected": ("ElectraConfig", {**SIZES, "embedding_size": 16}),
    "mpnet": ("MPNetConfig", SIZES),
    "deberta-v2": ("DebertaV2Config", {**SIZES, **DEBERTA}),
    "deberta-v2-conv": ("DebertaV2Config", {**SIZES, **DEBERTA, "conv_kernel_size": 3, "conv_act": "gelu"}),
    "modernbert": ("ModernBertConfig", {
        **SIZES, **ENDS, "global_attn_every_n_layers": 2, "local_attention": 8, "cls_token_id": 2,
        "sep_token_id": 3,
    }),
    "gpt2": ("GPT2Config", {**ENDS, "n_embd": WIDTH, "n_layer": DEPTH, "n_head": HEADS, "n_positions": 80}),
    "llama": ("LlamaConfig", {**SIZES, **ENDS, **GROUPED}),
    "qwen3": ("Qwen3Config", {
        **SIZES, **ENDS, **GROUPED, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1,
    }),
    "t5": ("T5Config", {
        "d_model": WIDTH, "d_kv": WIDTH // HEADS, "d_ff": 48, "num_layers": DEPTH, "num_decoder_layers": 2,
        "num_heads": HEADS, "eos_token_id": 3, "decoder_start_token_id": 0, "initializer_factor": 1.0,
    }),
    "bart": ("BartConfig", BOTH),
    "marian": ("MarianConfig", BOTH),
}  # fmt: skip


def _config(family: str, vocabulary: int, labels: int) -> Any:
    name, sizes = CONFIGS[family]
    return getattr(transformers, name)(
        vocab_size=vocabulary, num_labels=labels, initializer_range=0.2, pad_token_id=0, **sizes
    )


def trainable(model: nn.Module) -> int:
    """How many numbers training can change."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
