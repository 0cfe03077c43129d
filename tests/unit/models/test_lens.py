"""The lens against softmax(QKᵀ·s + mask) from its own Q and K, and against transformers' eager mode."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AlbertConfig, AlbertForSequenceClassification, PreTrainedModel

from tests.tiny import DEPTH, ENCODER_DECODERS, FAMILIES, HEADS, SENTENCES, WIDTH, tiny
from xfer_core.errors import BadModel, Interrupted
from xfer_core.models import lens as lens_module
from xfer_core.models.lens import Heads, Seen, lens, lenses, supports
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve

EAGER = ("mpnet", "deberta-v2", "deberta-v2-conv")
SEEN = tuple(family for family in FAMILIES if family not in EAGER)


def look(model: Any, batch: dict[str, Tensor]) -> tuple[Seen, Tensor, Tensor]:
    """What the lens sees, the logits under it and the logits without it."""
    with torch.no_grad():
        plain = model(**batch).logits
        with lens(model) as seen:
            under = model(**batch).logits
    return seen, under, plain


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_sum_to_one_and_logits_are_the_models_own(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    batch = one.batch()
    seen, under, plain = look(one.model, batch)
    torch.testing.assert_close(under, plain, atol=1e-5, rtol=1e-5)
    tokens = batch["input_ids"].shape[1]
    real = batch["attention_mask"].bool()
    assert list(seen) == list(range(DEPTH))
    for heads in seen.values():
        assert heads.weights.shape == (len(SENTENCES), HEADS, tokens, tokens)
        sums = heads.weights.sum(-1).transpose(1, 2)[real]
        torch.testing.assert_close(sums, torch.ones_like(sums), atol=1e-6, rtol=0)
        # Nothing is taken from padding.
        taken = (heads.weights * ~real[:, None, None, :]).sum(-1).transpose(1, 2)[real]
        assert taken.max() == 0


@pytest.mark.parametrize("family", SEEN)
def test_weights_follow_from_query_and_key(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    assert supports(one.model)
    seen, _, _ = look(one.model, one.batch())
    for heads in seen.values():
        assert heads.query is not None and heads.key is not None and heads.value is not None
        assert heads.output is not None and heads.mask is not None and heads.scaling is not None
        wide = (len(SENTENCES), HEADS, heads.weights.shape[-1], WIDTH // HEADS)
        assert heads.query.shape == heads.key.shape == heads.value.shape == heads.output.shape == wide
        assert heads.scaling == pytest.approx((WIDTH // HEADS) ** -0.5)
        scores = torch.einsum("bhqd,bhkd->bhqk", heads.query, heads.key) / (WIDTH // HEADS) ** 0.5
        allowed = heads.mask == 0
        expected = scores.masked_fill(~allowed, -torch.inf).softmax(-1)
        rows = allowed.any(-1).expand_as(expected[..., 0])
        torch.testing.assert_close(heads.weights[rows], expected[rows], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(heads.output, heads.weights @ heads.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_equal_transformers_eager_mode(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    seen, _, _ = look(one.model, one.batch())
    if supports(one.model):
        one.model.set_attn_implementation("eager")
    with torch.no_grad():
        eager = one.model(**one.batch(), output_attentions=True).attentions
    real = one.batch()["attention_mask"].bool()
    assert len(eager) == DEPTH
    for layer, weights in enumerate(eager):
        ours, theirs = (w.transpose(1, 2)[real] for w in (seen[layer].weights, weights))
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen3"])
def test_decoders_look_back_only(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    seen, _, _ = look(one.model, one.batch([3]))
    for heads in seen.values():
        assert heads.weights.triu(1).abs().max() == 0
    if family == "qwen3":  # a sliding window of 6 tokens from its second layer on
        assert seen[0].weights.tril(-6).max() > 0
        assert seen[1].weights.tril(-6).abs().max() == 0


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_shared_key_heads_are_repeated(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    key = look(one.model, one.batch())[0][0].key
    assert key is not None
    assert torch.equal(key[:, 0], key[:, 1]) and torch.equal(key[:, 2], key[:, 3])
    assert not torch.equal(key[:, 1], key[:, 2])


@pytest.mark.parametrize("family", ["bert", "electra"])
def test_outputs_of_all_heads_make_the_modules_output(family: str, make: Callable[[str], Any]) -> None:
    """Joined and projected, they are what the layer adds to the residual stream."""
    one = make(family)
    attention = one.model.base_model.encoder.layer[1].attention
    kept: list[Tensor] = []
    hook = attention.output.dense.register_forward_hook(lambda module, args, output: kept.append(output))
    output = look(one.model, one.batch())[0][1].output
    hook.remove()
    assert output is not None
    projection = attention.output.dense
    parts = projection.weight.detach().view(WIDTH, HEADS, WIDTH // HEADS)
    total = torch.einsum("bhtd,ohd->bto", output, parts) + projection.bias.detach()
    torch.testing.assert_close(total, kept[-1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", EAGER)
def test_families_with_their_own_attention_show_weights_only(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    assert not supports(one.model)
    heads = look(one.model, one.batch())[0][0]
    assert heads.query is heads.key is heads.value is heads.output is None


def configurations(model: Any) -> list[tuple[Any, Any]]:
    """Attention implementation and output_attentions of every configuration inside a model."""
    parts = [part.config for part in model.modules() if isinstance(part, PreTrainedModel)]
    return [(each._attn_implementation, each.output_attentions) for each in parts]


@pytest.mark.parametrize("end", [None, RuntimeError("a defect"), Interrupted("Stopped.")])
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("family", [*FAMILIES, *ENCODER_DECODERS])
def test_the_model_is_restored(family: str, implementation: str, end: Exception | None) -> None:
    model, tokenizer = tiny(family)
    batch = {"input_ids": tokenizer(SENTENCES[0], return_tensors="pt")["input_ids"]}
    if family in ENCODER_DECODERS:
        batch["decoder_input_ids"] = batch["input_ids"][:, :5]
    if supports(model):
        model.set_attn_implementation(implementation)
    before = configurations(model)
    with pytest.raises(type(end)) if end else nullcontext(), lens(model) as seen:
        model(**batch)
        if end:
            raise end
    assert configurations(model) == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not lens_module._watched
    kept = seen[0]
    with torch.no_grad():
        out = model(**batch)
    assert seen[0] is kept  # nothing is recorded after the block
    assert not out.get("attentions") and not out.get("encoder_attentions")


def test_a_change_that_fails_in_the_middle_leaves_nothing(make: Callable[[str], Any]) -> None:
    one = make("bert")

    def stop(layer: int, heads: Heads) -> Tensor:
        if layer == 1:
            raise Interrupted("Stopped.")
        return torch.zeros_like(heads.output)

    before = look(one.model, one.batch())[2]
    with pytest.raises(Interrupted), torch.no_grad(), lens(one.model, stop):
        one.model(**one.batch())
    assert torch.equal(look(one.model, one.batch())[2], before)


@pytest.mark.parametrize("family", SEEN)
def test_changing_nothing_changes_nothing(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    _, under, _ = look(one.model, one.batch())
    with torch.no_grad(), lens(one.model, lambda layer, heads: heads.output):
        assert torch.equal(one.model(**one.batch()).logits, under)


@pytest.mark.parametrize(
    ("family", "projection"), [("bert", "attention.output.dense"), ("llama", "self_attn.o_proj")]
)
def test_a_head_switched_off_is_its_slice_of_the_projection_at_zero(
    family: str, projection: str, make: Callable[[str], Any]
) -> None:
    one = make(family)

    def off(layer: int, heads: Heads) -> Tensor:
        output = heads.output.clone()
        if layer == 1:
            output[:, 2] = 0
        return output

    with torch.no_grad(), lens(one.model, off) as seen:
        changed = one.model(**one.batch()).logits
    assert seen[1].output[:, 2].abs().max() > 0  # what is kept is what the head gave
    size = WIDTH // HEADS

    def zero(module: Any, args: tuple[Tensor]) -> Tensor:
        joined = args[0].clone()
        joined[..., 2 * size : 3 * size] = 0
        return joined

    layer = dict(one.model.base_model.named_modules())
    name = next(name for name in layer if name.endswith(f"1.{projection}"))
    hook = layer[name].register_forward_pre_hook(zero)
    with torch.no_grad():
        expected = one.model(**one.batch()).logits
    hook.remove()
    torch.testing.assert_close(changed, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(changed, look(one.model, one.batch())[2], atol=1e-3)


@pytest.mark.parametrize("family", EAGER)
def test_heads_that_cannot_be_seen_cannot_be_changed(family: str, make: Callable[[str], Any]) -> None:
    one = make(family)
    with (
        pytest.raises(BadModel, match="only the weights"),
        lens(one.model, lambda layer, heads: heads.weights),
    ):
        pass


def test_a_model_that_keeps_no_weights_is_a_sentence(make: Callable[[str], Any]) -> None:
    """transformers gives an empty tuple, and no error, where the attention in use keeps no weights."""
    one = make("mpnet")
    forward = one.model.mpnet.forward

    def without(*args: Any, **kwargs: Any) -> Any:
        output = forward(*args, **kwargs)
        output.attentions = ()
        return output

    one.model.mpnet.forward = without
    with pytest.raises(BadModel, match="no attention weights"), torch.no_grad(), lens(one.model):
        one.model(**one.batch())


@pytest.mark.parametrize("family", ENCODER_DECODERS)
def test_three_kinds_of_an_encoder_decoder_equal_eager_mode(family: str) -> None:
    model, tokenizer = tiny(family)
    batch = dict(tokenizer(SENTENCES[:3], padding=True, return_tensors="pt"))
    batch.pop("token_type_ids", None)
    batch["decoder_input_ids"] = tokenizer(SENTENCES[3:6], padding=True, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        plain = model(**batch).logits
        with lenses(model) as seen:
            under = model(**batch).logits
        model.set_attn_implementation("eager")
        eager = model(**batch, output_attentions=True)
    torch.testing.assert_close(under, plain, atol=1e-4, rtol=1e-4)
    real = batch["attention_mask"].bool()
    for kind, name in (("encoder", "encoder"), ("decoder", "decoder"), ("cross", "cross")):
        assert sorted(seen[kind]) == list(range(DEPTH if kind == "encoder" else 2))
        for layer, theirs in enumerate(eager[f"{name}_attentions"]):
            ours = seen[kind][layer].weights
            if kind == "encoder":
                ours, theirs = (each.transpose(1, 2)[real] for each in (ours, theirs))
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_bias_by_distance_is_kept() -> None:
    model, tokenizer = tiny("t5")
    ids = tokenizer(SENTENCES[0], return_tensors="pt")["input_ids"]
    with torch.no_grad(), lens(model) as seen:
        model(input_ids=ids, decoder_input_ids=ids)
    for heads in seen.values():
        assert heads.bias is not None and heads.bias.abs().max() > 0 and heads.scaling == 1
        scores = heads.query @ heads.key.transpose(-1, -2) + heads.bias
        torch.testing.assert_close(heads.weights, scores.softmax(-1), atol=1e-5, rtol=1e-5)


def test_gradients_flow_through_the_lens(make: Callable[[str], Any]) -> None:
    one = make("bert")
    with lens(one.model) as seen:
        one.model(**one.batch(), labels=one.labels).loss.backward()
    assert seen[0].weights.requires_grad
    assert one.model.bert.encoder.layer[0].attention.self.query.weight.grad.abs().max() > 0


def test_a_lens_inside_a_lens(make: Callable[[str], Any]) -> None:
    one = make("bert")
    with torch.no_grad(), lens(one.model) as outer:
        with lens(one.model) as inner:
            one.model(**one.batch([1]))
        assert len(inner) == DEPTH and not outer
        one.model(**one.batch([2]))
    assert len(outer) == DEPTH
    assert one.model.config._attn_implementation == "sdpa"


def test_two_models_under_two_lenses(make: Callable[[str], Any]) -> None:
    first, second = make("bert"), make("roberta")
    with torch.no_grad(), lens(first.model) as one, lens(second.model) as other:
        first.model(**first.batch([0]))
        second.model(**second.batch([1]))
    assert torch.equal(one[0].weights, look(first.model, first.batch([0]))[0][0].weights)
    assert torch.equal(other[0].weights, look(second.model, second.batch([1]))[0][0].weights)


def test_the_bundled_model_looks_at_cls(home: Path) -> None:
    """Words give [CLS] and [SEP] far more than the uniform share in its middle layers."""
    model, tokenizer = load(resolve(BUNDLED))
    batch = tokenizer(
        ["I would not call this film a masterpiece, but I enjoyed it a lot."], return_tensors="pt"
    )
    with torch.no_grad(), lens(model) as seen:
        model(**batch)
    tokens = batch["input_ids"].shape[1]
    special = [seen[layer].weights[0, :, 1:-1][..., [0, -1]].sum(-1).mean().item() for layer in range(6)]
    assert max(special[1:5]) > 2 * 2 / tokens


def test_albert_is_refused() -> None:
    config = AlbertConfig(
        vocab_size=50, embedding_size=8, hidden_size=16, num_attention_heads=2, intermediate_size=16
    )
    with pytest.raises(BadModel, match="ALBERT"), lens(AlbertForSequenceClassification(config)):
        pass
