"""Lengths and shares against loops, with the stream taken where the model's next part gets it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tiny import SENTENCES, tiny, tiny_folder
from xfer_core.attention.reading import read
from xfer_core.errors import BadModel, BadSetting
from xfer_core.models.anatomy import attending
from xfer_core.models.lens import lens
from xfer_core.models.projection import output_projection
from xfer_core.models.sources import BUNDLED

TEXT = SENTENCES[1]
NEXT = {
    "bert": "attention.output.LayerNorm", "distilbert": "sa_layer_norm", "gpt2": "ln_2",
    "llama": "post_attention_layernorm", "modernbert": "mlp_norm", "bart": "self_attn_layer_norm",
    "t5": "layer.1.layer_norm",
}  # fmt: skip
"""The part of a layer that gets the stream with the attention added."""


def parts(family: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each head takes from each token in each layer, [L, H, T, K, hidden]; stream before and after."""
    model, tokenizer = tiny(family)
    layers = next(iter(attending(model).values()))
    before: list[np.ndarray] = []
    after: list[np.ndarray] = []
    for layer in layers:
        layer.register_forward_pre_hook(
            lambda module, args, kwargs: before.append(
                (args[0] if args else kwargs["hidden_states"])[0].double().numpy().copy()
            ),
            with_kwargs=True,
        )
        dict(layer.named_modules())[NEXT[family]].register_forward_pre_hook(
            lambda module, args: after.append(args[0][0].double().numpy().copy())
        )
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    batch = {"input_ids": ids} | ({"decoder_input_ids": ids[:, :2]} if family in ("bart", "t5") else {})
    with torch.no_grad(), lens(model) as seen:
        model(**batch)
    found = []
    for number, layer in enumerate(layers):
        weight, heads = output_projection(layer)[0].double().numpy(), seen[number]
        alpha, value = heads.weights[0].double().numpy(), heads.value[0].double().numpy()
        size = value.shape[-1]
        found.append([
            [[a * (weight[:, h * size : (h + 1) * size] @ v) for a, v in zip(row, value[h], strict=True)]
             for row in alpha[h]] for h in range(len(alpha))
        ])  # fmt: skip
    return np.array(found), np.array(before), np.array(after)


@pytest.mark.parametrize("family", list(NEXT))
def test_lengths_and_shares_are_those_of_a_loop(home, tmp_path, family):
    added, before, after = parts(family)
    folder = str(tiny_folder(family, tmp_path / "tiny"))
    lengths = read(folder, TEXT, measure="norm")
    assert lengths.weights == pytest.approx(np.linalg.norm(added, axis=-1), rel=1e-4, abs=1e-5)
    assert lengths.residual is None

    whole = after[:, None, :, None]
    size = np.abs(whole).sum(-1)
    near = np.maximum(0, size - np.abs(whole - added).sum(-1))
    kept = np.maximum(0, np.abs(after).sum(-1) - np.abs(after - before).sum(-1))
    total = near.sum((1, 3)) + kept
    shares = read(folder, TEXT, measure="share")
    assert shares.weights == pytest.approx(near / total[:, None, :, None], rel=1e-3, abs=1e-5)
    assert shares.residual == pytest.approx(kept / total, rel=1e-3, abs=1e-5)


def test_shares_of_a_long_text_sum_to_one_with_what_is_outside(home):
    found = read(BUNDLED, "word and more, " * 75, measure="share", start=40)
    assert found.start == 302 - 256 or found.start == 40
    total = found.weights.sum((1, 3)) + found.outside.sum(1) + found.residual
    assert total == pytest.approx(np.ones_like(total), abs=1e-4)
    assert found.outside.min() >= 0 and found.outside.max() > 0


def test_the_sink_of_the_bundled_model_fades(home):
    """Half of the attention of its middle layers goes to [CLS] and [SEP], but little of what is added."""
    text = "I would not call this film a masterpiece, but I enjoyed it a lot."
    weight, norm = (read(BUNDLED, text, measure=measure).on_special()[0] for measure in ("weight", "norm"))
    assert norm < weight / 2


@pytest.mark.parametrize("family", ["mpnet", "deberta-v2"])
def test_weights_only_families_say_so(home, tmp_path, family):
    folder = str(tiny_folder(family, tmp_path / "tiny"))
    assert read(folder, TEXT).head_size == 8
    with pytest.raises(BadModel, match="only the weights"):
        read(folder, TEXT, measure="norm")


def test_what_cannot_be_measured_is_a_sentence(home, tmp_path):
    with pytest.raises(BadSetting, match="weight, norm, share"):
        read(BUNDLED, TEXT, measure="<b>")
    folder = str(tiny_folder("bart", tmp_path / "tiny"))
    with pytest.raises(BadSetting, match="cross-attention"):
        read(folder, TEXT, measure="share", kind="cross")
