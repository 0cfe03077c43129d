"""States of every layer against transformers' own hidden states and sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny import DECODERS, DEPTH, FAMILIES, SENTENCES, tiny
from xfer_core.errors import BadModel
from xfer_core.models import states
from xfer_core.models.anatomy import anatomy, depth, evaluating
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve

NORMED = (*DECODERS, "modernbert")  # families with a norm after the last layer


def hidden(make: Any, row: int) -> list[torch.Tensor]:
    """transformers' own hidden states of one text alone, without padding: [t, hidden] of each layer."""
    ids = torch.tensor([make.encodings.input_ids[row]])
    with torch.no_grad():
        out = make.model.base_model(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        )
    return [state[0] for state in out.hidden_states]


@pytest.mark.parametrize("family", FAMILIES)
def test_layer_states_are_the_models_hidden_states(family: str, make: Callable[[str], Any]) -> None:
    tiny_one = make(family)
    for k in range(DEPTH + 1):
        found = states.layer_states(tiny_one.model, tiny_one.encodings, k)
        assert found.flat.dtype == torch.float32
        for row in range(len(SENTENCES)):
            mine = found.flat[found.offsets[row] : found.offsets[row + 1]]
            reference = hidden(tiny_one, row)[k]
            if k == DEPTH and family in NORMED:
                norm = anatomy(tiny_one.model).norm
                assert norm is not None
                mine = norm.module(mine).detach()
            torch.testing.assert_close(mine, reference, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pool", states.POOLS)
def test_pooled_equals_each_text_alone(family: str, pool: states.Pool, make: Callable[[str], Any]) -> None:
    tiny_one = make(family)
    found = states.pooled(tiny_one.model, tiny_one.tokenizer, SENTENCES, pool=pool, max_length=24)
    assert found.shape == (DEPTH + 1, len(SENTENCES), 32)
    assert found.dtype == np.float32
    reduce = {
        "mean": lambda state: state.mean(0),
        "max": lambda state: state.amax(0),
        "cls": lambda state: state[0],
        "last": lambda state: state[-1],
    }[pool]
    for row in range(len(SENTENCES)):
        for k, state in enumerate(hidden(tiny_one, row)):
            np.testing.assert_allclose(found[k, row], reduce(state), atol=2e-5, rtol=1e-4)


def test_chosen_layers_in_the_order_chosen(make: Callable[[str], Any]) -> None:
    one = make("bert")
    everything = states.pooled(one.model, one.tokenizer, SENTENCES)
    assert np.array_equal(
        states.pooled(one.model, one.tokenizer, SENTENCES, layers=[3, 0]), everything[[3, 0]]
    )


@pytest.mark.parametrize("family", ["bert", "modernbert", "gpt2", "deberta-v2"])
def test_layers_above_the_highest_wanted_are_not_run(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    everything = states.pooled(one.model, one.tokenizer, SENTENCES)
    anatomy(one.model).stack[1].forward = None  # type: ignore[assignment]  # calling it fails
    found = states.pooled(one.model, one.tokenizer, SENTENCES, layers=[1, 0])
    np.testing.assert_array_equal(found, everything[[1, 0]])


@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_the_model_is_as_it_was_also_after_an_error(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    before = one.model.config._attn_implementation

    def fail(share: float, message: str) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        states.pooled(one.model, one.tokenizer, SENTENCES, report=fail)
    assert one.model.config._attn_implementation == before
    assert "forward" not in vars(anatomy(one.model).embeddings.module)
    batch = one.tokenizer(SENTENCES, padding=True, return_tensors="pt")
    assert torch.isfinite(one.model(**batch).logits).all()


def test_bfloat16_is_near_and_said_to_be(home: Path) -> None:
    model, tokenizer = load(resolve(BUNDLED))
    exact, near = (states.pooled(model, tokenizer, SENTENCES, bf16=bf16) for bf16 in (False, True))
    assert near.dtype == np.float32 and not np.array_equal(exact, near)
    norms = np.linalg.norm(exact, axis=-1) * np.linalg.norm(near, axis=-1)
    assert ((exact * near).sum(-1) / norms).min() > 0.9998


def test_the_last_layer_of_the_bundled_model_equals_sentence_transformers(home: Path) -> None:
    from sentence_transformers import SentenceTransformer

    source = resolve(BUNDLED)
    model, tokenizer = load(source)
    texts = [*SENTENCES, "long " * 200, "naïve 中文 🙂"]
    found = states.pooled(model, tokenizer, texts, max_length=128)[-1]
    peer = SentenceTransformer(str(source.folder), device="cpu")
    peer.max_seq_length = 128
    raw = peer.encode(texts, output_value="token_embeddings")  # before pooling and normalising
    np.testing.assert_allclose(found, [state.mean(0).numpy() for state in raw], atol=1e-5)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose(unit, peer.encode(texts), atol=1e-5)


def test_progress_reaches_its_end_and_tells_often(
    make: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make("bert")
    monkeypatch.setattr(states, "_PACKED", 30)
    told: list[float] = []
    states.pooled(one.model, one.tokenizer, SENTENCES, report=lambda share, message: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize(("family", "budget"), [("roberta", "_PACKED"), ("mpnet", "_PADDED")])
def test_small_batches_change_nothing(
    family: str, budget: str, make: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make(family)
    large = states.pooled(one.model, one.tokenizer, SENTENCES)
    monkeypatch.setattr(states, budget, 1)
    np.testing.assert_allclose(states.pooled(one.model, one.tokenizer, SENTENCES), large, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_encoding_cuts_and_counts(family: str) -> None:
    _, tokenizer = tiny(family)
    found = states.encode(tokenizer, SENTENCES, 10)
    whole = tokenizer(SENTENCES)["input_ids"]
    assert found.truncated == sum(len(ids) > 10 for ids in whole)
    assert max(map(len, found.input_ids)) == 10
    if family == "bert":  # what is cut keeps its special tokens
        assert all((ids[0], ids[-1]) == (2, 3) for ids in found.input_ids)
    assert found.tokens == sum(map(len, found.input_ids))


def test_encoding_never_exceeds_the_model(make: Callable[[str], Any]) -> None:
    one = make("bert")
    assert max(map(len, states.encode(one.tokenizer, ["word " * 300], 500).input_ids)) == 64


def test_a_text_of_nothing_has_a_state(make: Callable[[str], Any]) -> None:
    one = make("gpt2")
    found = states.pooled(one.model, one.tokenizer, ["", "good"])
    assert np.isfinite(found).all()


def test_the_models_mode_survives(make: Callable[[str], Any]) -> None:
    model = make("bert").model.train()
    model.bert.encoder.layer[1].eval()
    before = {name: module.training for name, module in model.named_modules()}
    with evaluating(model):
        assert not any(module.training for module in model.modules())
    assert {name: module.training for name, module in model.named_modules()} == before


def test_hooks_are_gone_also_after_an_error(make: Callable[[str], Any]) -> None:
    one = make("bert")

    def fail(share: float, message: str) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        states.pooled(one.model, one.tokenizer, SENTENCES, report=fail)
    for module in one.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_albert_has_no_anatomy() -> None:
    from transformers import AlbertConfig, AlbertForSequenceClassification

    config = AlbertConfig(
        vocab_size=50,
        embedding_size=8,
        hidden_size=16,
        num_attention_heads=2,
        intermediate_size=16,
        num_hidden_layers=2,
    )
    with pytest.raises(BadModel, match="ALBERT shares one layer"):
        anatomy(AlbertForSequenceClassification(config))


@pytest.mark.parametrize("family", FAMILIES)
def test_depth(family: str, make: Callable[[str], Any]) -> None:
    assert depth(make(family).model) == depth(make(family).model.base_model) == DEPTH


def test_batches_hold_every_text_once_under_the_budget() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, 500).tolist()
    encodings = states.Encodings([[7] * length for length in lengths], 0)
    told: list[float] = []
    found = list(
        states.batches(encodings, 9, torch.device("cpu"), lambda share, _: told.append(share), 1_024)
    )
    assert sorted(row for rows, *_ in found for row in rows) == list(range(500))
    assert all(ids.numel() <= 1_024 for _, ids, _ in found)
    assert sum(ids.numel() for _, ids, _ in found) < 1.1 * sum(lengths)
    assert all((ids == torch.where(mask.bool(), 7, 9)).all() for _, ids, mask in found)
    assert all(mask.sum(1).tolist() == [lengths[row] for row in rows] for rows, _, mask in found)
    assert told[-1] == 1
