"""Every step against the model, in every family whose attention can be seen; and a tick that is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import DEPTH, FAMILIES, HEADS, WIDTH, tiny_folder
from xfer_core.attention import tracing
from xfer_core.attention.opened import open_model
from xfer_core.attention.steps import Steps, extent_of, steps_of
from xfer_core.errors import BadModel, BadSetting
from xfer_core.models.families import DECODERS, EAGER_ONLY, ROTARY

torch.set_num_threads(1)
SEEN = [family for family in FAMILIES if not family.startswith(tuple(EAGER_ONLY))]
TURNED = ("llama", "qwen3", *ROTARY)
TEXT = "The mayor's plan for the old harbour is clever."


@pytest.fixture(scope="module", params=SEEN)
def followed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Steps]:
    folder = tiny_folder(request.param, tmp_path_factory.mktemp(request.param) / "model")
    return request.param, folder, steps_of(str(folder), TEXT, layer=1, head=2, query=5, key=3)


def test_every_step_that_can_be_compared_is_what_the_model_came_to(followed: tuple[str, Path, Steps]) -> None:
    family, _, found = followed
    compared = {step.name: step.error for step in found.steps if step.error is not None}
    expected = {"query", "key", "value", "softmax", "mix", "heads", "stream"}
    assert expected <= set(compared)
    assert ("query position" in compared) == (family in TURNED)
    assert ("embedding and position" in compared) == (family not in TURNED)
    assert ("mask" in {step.name for step in found.steps}) >= (family in DECODERS)
    assert max(compared.values()) < 1e-4, compared


def test_the_weight_is_the_models(followed: tuple[str, Path, Steps]) -> None:
    _, folder, found = followed
    opened = open_model(str(folder))
    batch = opened.tokenizer(TEXT, return_tensors="pt")
    model = opened.network.base_model
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            eager = model(**batch, output_attentions=True).attentions[1][0, 2, 5]
    finally:
        model.set_attn_implementation(before)
    softmax = next(step for step in found.steps if step.name == "softmax")
    np.testing.assert_allclose(softmax.values[1].array, eager.numpy(), atol=1e-5)
    assert found.weight == pytest.approx(float(eager[3]), abs=1e-6)
    assert (found.layer, found.head) == (1, 2)
    assert found.seen == int((eager > 0).sum())
    assert len(found.tokens) == batch["input_ids"].shape[1]
    extent = extent_of(str(folder), TEXT)
    assert (extent.layers, extent.heads, extent.tokens) == (DEPTH, HEADS, found.tokens)


def test_nothing_stays_on_the_model(followed: tuple[str, Path, Steps]) -> None:
    _, folder, _ = followed
    model = open_model(str(folder)).network
    ours = "watching."  # transformers keeps hooks of its own
    hooks = [hook for module in model.modules() for hook in module._forward_hooks.values()]
    assert not any(getattr(hook, "__qualname__", "").startswith(ours) for hook in hooks)
    assert model.base_model.config._attn_implementation == "sdpa"


def test_a_tick_is_missing_where_the_numbers_are_not_the_models(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing._Layer, "rows", lambda *_: slice(0, WIDTH // HEADS))  # always the first head
    wrong = {
        s.name for s in steps_of(str(bert), TEXT, layer=1, head=2, query=5, key=3).steps if s.agrees is False
    }
    assert wrong == {"query position", "key position", "value"}  # taken for rotated, but of another length


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder("bert", tmp_path_factory.mktemp("steps") / "bert")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"layer": DEPTH}, "no layer 4"), ({"head": HEADS}, "no head 5"), ({"query": 500}, "no token 501"),
     ({"key": -1}, "no token 0")],
)  # fmt: skip
def test_what_is_not_there(bert: Path, wrong: dict[str, int], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        steps_of(str(bert), TEXT, None, **({"layer": 0, "head": 0, "query": 0, "key": 0} | wrong))  # type: ignore[arg-type]


def test_no_text(bert: Path) -> None:
    with pytest.raises(BadSetting, match="no text"):
        steps_of(str(bert), "  ", layer=0, head=0, query=0, key=0)


def test_a_family_that_keeps_its_attention_to_itself(tmp_path: Path) -> None:
    folder = tiny_folder("mpnet", tmp_path / "mpnet")
    with pytest.raises(BadModel, match="own code"):
        steps_of(str(folder), TEXT, layer=0, head=0, query=0, key=0)


def test_two_texts(bert: Path) -> None:
    found = steps_of(str(bert), "Good.", "never again", layer=0, head=0, query=0, key=1)
    assert len(found.steps[0].values) == 4  # token, position, which text, sum
    assert all(step.agrees for step in found.steps if step.error is not None)
