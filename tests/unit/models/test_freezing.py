"""What learns, part by part, on every family."""

from __future__ import annotations

import pytest
import torch

from tests.tiny import DEPTH, FAMILIES, tiny
from xfer_core.errors import BadModel
from xfer_core.models.anatomy import anatomy
from xfer_core.models.freezing import biases, freeze, renew, select, split

ALL = ("weights",) * (DEPTH + 1)


def learning(model: torch.nn.Module) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("k", range(DEPTH + 1))
def test_a_frozen_prefix_is_that_of_the_suffix(family: str, k: int) -> None:
    model, _ = tiny(family)
    freeze(model, k)
    expected = learning(model)
    held = {name for name, module in model.train().named_modules() if not module.training}
    select(model, ("frozen",) * (k + 1) + ("weights",) * (DEPTH - k))
    assert learning(model) == expected
    assert {name for name, module in model.train().named_modules() if not module.training} == held
    select(model, ALL)
    assert len(learning(model)) == len(list(model.parameters()))
    assert all(module.training for module in model.train().modules())


@pytest.mark.parametrize("family", ["bert", "gpt2", "deberta-v2-conv"])
def test_one_layer_in_the_middle(family: str) -> None:
    model, _ = tiny(family)
    select(model, ("frozen", "frozen", "weights", "frozen"))
    body = anatomy(model)
    head = {id(p) for p in model.parameters()} - {
        id(p) for module in (*body.frozen(DEPTH), *body.stack) for p in module.parameters()
    }
    found = {id(p) for p in model.parameters() if p.requires_grad}
    assert found == head | {id(p) for p in body.stack[1].parameters()}
    model.train()
    assert body.stack[1].training and not body.stack[0].training and not body.stack[2].training


@pytest.mark.parametrize("family", FAMILIES)
def test_biases(family: str) -> None:
    model, _ = tiny(family)
    select(model, ("frozen", *("biases",) * DEPTH))
    inside = {
        name for layer in anatomy(model).stack for name, p in layer.named_parameters() if p.requires_grad
    }
    assert all(name.endswith("bias") for name in inside)
    assert bool(inside) == bool(biases(model)) == (family not in ("llama", "qwen3", "modernbert"))


@pytest.mark.parametrize("family", FAMILIES)
def test_renewed_layers_are_new_and_the_others_are_not(family: str) -> None:
    model, _ = tiny(family)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    torch.manual_seed(1)
    renew(model, 1)
    top = {id(p): p for p in anatomy(model).stack[-1].parameters()}
    pooler = getattr(model.base_model, "pooler", None)
    fresh = top | ({id(p): p for p in pooler.parameters()} if pooler is not None else {})
    for name, parameter in model.named_parameters():
        if id(parameter) not in fresh:
            assert torch.equal(parameter, before[name]), name
        elif parameter.dim() == 2:
            assert not torch.equal(parameter, before[name]), name
            spread = float(parameter.detach().std() / before[name].detach().std())
            assert 0.2 < spread < 1.5, name  # some families begin what leads out of a layer smaller


def test_states_for_another_depth_are_refused() -> None:
    model, _ = tiny("bert")
    with pytest.raises(ValueError, match="states"):
        select(model, ALL[:-1])


def test_shared_layers_have_no_parts() -> None:
    from transformers import AlbertConfig, AlbertModel

    sizes = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 48, "embedding_size": 16}
    with pytest.raises(BadModel, match="ALBERT"):
        split(AlbertModel(AlbertConfig(**sizes, num_hidden_layers=2, vocab_size=50)))
