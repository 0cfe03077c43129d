"""Without padding and with a last layer of first tokens only: the same logits, gradients and losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tests.tiny import DEPTH, SENTENCES
from xfer_core.models import states
from xfer_core.models.dropout import drop
from xfer_core.models.packing import Layout, packable
from xfer_core.models.suffix import suffix

PACKABLE = (
    "bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "electra-projected", "modernbert",
)  # fmt: skip
ROWS = [5, 0, 3, 3, 6, 7]


def dry(model: PreTrainedModel) -> PreTrainedModel:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0
    return model


def learnt(model: PreTrainedModel, **batch: Tensor) -> tuple[float, Tensor, dict[str, Tensor]]:
    """Loss, logits and gradients of one batch."""
    model.zero_grad()
    output = model.train()(**batch)
    output.loss.backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return output.loss.item(), output.logits.detach(), found


def test_which_families_pack(make: Callable[[str], Any]) -> None:
    assert all(packable(make(family).model) for family in PACKABLE)
    for family in ("mpnet", "deberta-v2", "gpt2", "llama", "qwen3"):
        one = make(family)
        assert not packable(one.model)
        with pytest.raises(ValueError, match="packed"), suffix(one.model, None, None, packed=True):
            pass


@pytest.mark.parametrize(
    ("k", "cached"),
    [(None, False), *((k, cached) for k in (0, 1, DEPTH - 1, DEPTH) for cached in (False, True))],
)
@pytest.mark.parametrize("family", PACKABLE)
def test_losses_and_gradients_equal_the_padded_ones(
    family: str, k: int | None, cached: bool, make: Callable[[str], Any]
) -> None:
    one = make(family)
    dry(one.model)
    held = states.layer_states(one.model, one.encodings, k) if cached and k is not None else None
    batch = {**one.batch(ROWS), "labels": one.labels[ROWS], "rows": torch.tensor(ROWS)}
    with suffix(one.model, k, held) as model:
        loss, logits, gradients = learnt(model, **batch)
    with suffix(one.model, k, held, packed=True) as model:
        packed_loss, packed_logits, packed_gradients = learnt(model, **batch)
    assert packed_loss == pytest.approx(loss, abs=1e-6)
    torch.testing.assert_close(packed_logits, logits, atol=2e-5, rtol=1e-5)
    assert packed_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            packed_gradients[name], gradient, atol=2e-5, rtol=1e-3, msg=lambda m, n=name: f"{n}: {m}"
        )
    assert logits.std() > 0.1


def test_layouts() -> None:
    lengths = torch.tensor([3, 1, 5, 3, 20])
    mask = torch.arange(20) < lengths[:, None]
    padded = torch.randn(5, 20, 2) * mask[..., None]
    layout = Layout(mask)
    packed = layout.pack(padded)
    assert packed.shape == (1, int(lengths.sum()), 2)
    torch.testing.assert_close(packed[0], torch.cat([padded[i, : lengths[i]] for i in (1, 0, 3, 2, 4)]))
    torch.testing.assert_close(layout.unpack(packed), padded)
    torch.testing.assert_close(packed[0, layout.firsts][layout.inverse], padded[:, 0])
    assert layout.positions[0].tolist() == [0, 0, 1, 2, 0, 1, 2, *range(5), *range(20)]
    assert sum(group.texts for group in layout.groups) == 5
    for group, part in layout.split(packed[0]):
        torch.testing.assert_close(group.flat(group.rows(part)), part)


def test_the_layers_run_without_padding(make: Callable[[str], Any]) -> None:
    one = make("bert")
    seen: list[torch.Size] = []
    layers = one.model.bert.encoder.layer
    for layer in layers:
        layer.intermediate.register_forward_pre_hook(lambda _module, args: seen.append(args[0].shape))
    with torch.no_grad(), suffix(one.model, None, None, packed=True) as model:
        model(**one.batch())
    tokens = one.encodings.tokens
    assert [shape[1] for shape in seen] == [tokens] * (len(layers) - 1) + [len(SENTENCES)]


def test_a_model_without_a_head_gives_all_its_tokens(make: Callable[[str], Any]) -> None:
    one = make("bert")
    body, batch = one.model.bert, one.batch()
    with torch.no_grad():
        whole = body(**batch).last_hidden_state
        with suffix(body, 1, states.layer_states(body, one.encodings, 1), packed=True):
            found = body(**batch, rows=one.rows).last_hidden_state
    real = batch["attention_mask"].bool()
    torch.testing.assert_close(found[real], whole[real], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_adapters_on_the_projections(family: str, make: Callable[[str], Any]) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    one = make(family)
    dry(one.model)
    names = ["query", "key", "value"] if family == "bert" else ["q_lin", "k_lin", "v_lin"]
    inject_adapter_in_model(
        LoraConfig(r=2, target_modules=names, init_lora_weights=False, lora_dropout=0.0), one.model
    )
    batch = {**one.batch(ROWS), "labels": one.labels[ROWS], "rows": torch.tensor(ROWS)}
    held = states.layer_states(one.model, one.encodings, 1)
    with suffix(one.model, 1, held) as model:
        loss, _, gradients = learnt(model, **batch)
    with suffix(one.model, 1, held, packed=True) as model:
        packed_loss, _, packed_gradients = learnt(model, **batch)
    assert packed_loss == pytest.approx(loss, abs=1e-6)
    assert any("lora" in name for name in gradients)
    assert packed_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(packed_gradients[name], gradient, atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_dropout_has_the_same_distribution(family: str, make: Callable[[str], Any]) -> None:
    """Draws differ, so means over many of them are compared."""
    one = make(family)
    if family == "modernbert":
        for module in one.model.modules():
            if hasattr(module, "attention_dropout"):
                module.attention_dropout = 0.2
    held = states.layer_states(one.model, one.encodings, 1)
    batch = {**one.batch(ROWS), "rows": torch.tensor(ROWS)}
    means = []
    for packed in (False, True):
        torch.manual_seed(0)
        with torch.no_grad(), suffix(one.model, 1, held, packed=packed) as model:
            model.train()
            draws = torch.stack([model(**batch).logits for _ in range(400)])
        assert draws.std(0).min() > 0.01
        means.append((draws.mean(0), draws.std(0)))
    (one_mean, one_std), (other_mean, other_std) = means
    assert ((one_mean - other_mean).abs() / one_std).max() < 5 * (2 / 400) ** 0.5
    torch.testing.assert_close(one_std, other_std, rtol=0.25, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.997])
def test_quick_dropout(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    ones = torch.ones(1_000_003, dtype=dtype, requires_grad=True)
    found = drop(ones, p)
    found.sum().backward()
    kept = found != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=5 * (p * (1 - p) / len(ones)) ** 0.5)
    assert found[kept].unique().item() == pytest.approx(1 / (1 - p), rel=5e-3)
    torch.testing.assert_close(ones.grad, found.detach())
    quarters = kept[: len(ones) // 4 * 4].view(-1, 4).float()
    assert (torch.corrcoef(quarters.T) - torch.eye(4)).abs().max() < 0.01  # of one word, yet independent
    assert not torch.equal(drop(ones, p), found)
    torch.manual_seed(0)
    assert torch.equal(drop(ones, p), found)


def test_dropout_of_nothing_and_of_everything() -> None:
    ones = torch.ones(5)
    assert torch.equal(drop(ones, 0.0), ones)
    assert torch.equal(drop(ones, 1.0), torch.zeros(5))
