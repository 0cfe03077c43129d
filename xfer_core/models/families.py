"""What is known of the supported families without opening a model; no torch.

Where a family's parts are is :mod:`~xfer_core.models.anatomy`'s knowledge.
"""

from __future__ import annotations

SUPPORTED = {
    "bert": "BERT", "roberta": "RoBERTa", "xlm-roberta": "XLM-RoBERTa", "camembert": "CamemBERT",
    "distilbert": "DistilBERT", "electra": "ELECTRA", "mpnet": "MPNet", "deberta-v2": "DeBERTa-v2/v3",
    "modernbert": "ModernBERT", "gpt2": "GPT-2", "llama": "Llama", "qwen3": "Qwen3",
}  # fmt: skip
"""``model_type`` in a configuration → the family's name; each one is tested."""

ENCODER_DECODERS = {"t5": "T5", "bart": "BART", "marian": "Marian"}
"""Two stacks of layers, of which the second also looks at the first; only their attention is shown."""

TRAINED_LENGTH = {"t5": 512}
"""Tokens of the texts they were trained on, for families that have no table of positions to run out of."""

DECODERS = frozenset({"gpt2", "llama", "qwen3"})
"""Every token sees only those before it."""

EAGER_ONLY = frozenset({"mpnet", "deberta-v2"})
"""They compute attention in their own code instead of through transformers' AttentionInterface."""

FIRST_TOKEN = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert"})
"""Their sequence-classification head reads the first token of the last layer and nothing else."""

ROTARY = frozenset({"modernbert"})
"""Of the families that can run without padding, those whose layers themselves read positions."""

PACKED = FIRST_TOKEN | ROTARY
"""They can run without padding outside attention (:mod:`~xfer_core.models.packing`)."""

POOLED = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "mpnet"})
"""transformers builds a pooler on their plain encoder."""

POSITIONS_FROM_PADDING = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})
"""Their first position is the one after the padding token's id, so that fewer tokens fit."""

MATRICES = {
    "query": frozenset({"query", "q_lin", "q_proj", "query_proj", "q"}),
    "key": frozenset({"key", "k_lin", "k_proj", "key_proj", "k"}),
    "value": frozenset({"value", "v_lin", "v_proj", "value_proj", "v"}),
}
"""What the families call the matrices that attention reads with."""

KEYS_AND_VALUES = MATRICES["key"] | MATRICES["value"]
"""Those of keys and values together."""

FUSED = frozenset({"c_attn", "Wqkv", "qkv_proj", "query_key_value"})
"""The same where one matrix gives queries, keys and values, in this order."""

OUTPUT_PROJECTIONS = (
    "attention.output.dense", "attention.out_lin", "attn.Wo", "attn.c_proj", "self_attn.o_proj",
    "self_attn.out_proj", "layer.0.SelfAttention.o", "o", "out_proj",
)  # fmt: skip
"""Where in a layer, or in its cross-attention, the matrix is that the outputs of all heads pass together."""

CROSS_ATTENTION = frozenset({"EncDecAttention", "encoder_attn"})
"""What a decoder's layers call the attention that looks at the encoder."""
