"""The output projection, found by its name, against the module that really gets the joined heads."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.tiny import ENCODER_DECODERS, FAMILIES, SENTENCES, tiny
from xfer_core.models.anatomy import attending
from xfer_core.models.families import EAGER_ONLY
from xfer_core.models.lens import lenses
from xfer_core.models.projection import output_projection

SEEN = [family for family in FAMILIES if not family.startswith(tuple(EAGER_ONLY))]
"""Of the others, the outputs of heads cannot be seen."""


@pytest.mark.parametrize("family", [*SEEN, *ENCODER_DECODERS])
def test_the_sum_over_heads_is_what_the_attention_gives(family: str) -> None:
    model, tokenizer = tiny(family)
    ids = tokenizer(SENTENCES[0], return_tensors="pt")["input_ids"]
    passed: list[tuple[Tensor, Tensor]] = []

    def keep(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if args and isinstance(args[0], Tensor) and isinstance(output, Tensor):
            passed.append((args[0], output))

    hooks = [part.register_forward_hook(keep) for part in model.modules() if not list(part.children())]
    batch = {"input_ids": ids} | ({"decoder_input_ids": ids[:, :6]} if family in ENCODER_DECODERS else {})
    with torch.no_grad(), lenses(model) as seen:
        model(**batch)
    for hook in hooks:
        hook.remove()
    for kind, modules in attending(model).items():
        for number, module in enumerate(modules):
            weight, bias = output_projection(module)
            heads = seen[kind][number].output
            assert heads is not None
            size = heads.shape[-1]
            total = sum(heads[:, h] @ weight[:, h * size : (h + 1) * size].T for h in range(heads.shape[1]))
            total = total if bias is None else total + bias
            joined = heads.transpose(1, 2).flatten(2)
            given = next(
                out for taken, out in passed if _same(taken, joined) and out.shape[-1] == len(weight)
            )
            torch.testing.assert_close(total, given, atol=1e-5, rtol=1e-5)


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def test_a_module_without_one_is_a_defect() -> None:
    with pytest.raises(LookupError, match="Linear"):
        output_projection(nn.Linear(2, 2))
