"""Rollout, flow, gradients and masking against slow loops, linear programming and plain transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.stats import spearmanr
from transformers import AutoModelForSequenceClassification

from tests.tiny import SENTENCES, tiny, tiny_folder
from xfer_core.attention import gradients as module
from xfer_core.attention.ablation import rank_correlation
from xfer_core.attention.flow import flow, flow_of, mixtures, rollout
from xfer_core.attention.gradients import gradients_of
from xfer_core.attention.opened import open_model
from xfer_core.attention.reading import read
from xfer_core.errors import BadSetting, Interrupted

torch.set_num_threads(1)
TEXT = SENTENCES[1]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made: dict[str, str] = {}

    def folder(family: str) -> str:
        if family not in made:
            made[family] = str(tiny_folder(family, tmp_path_factory.mktemp("models") / family))
        return made[family]

    return folder


def weights(layers: int = 3, tokens: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(tokens, 0.4), size=(layers, 2, tokens))


def test_rollout_is_the_product_of_half_attention_and_half_stream() -> None:
    given = weights()
    joint = np.eye(4)
    for layer in given:
        joint = (0.5 * layer.mean(0) + 0.5 * np.eye(4)) @ joint
    mixed = mixtures(given)
    assert rollout(mixed, np.eye(4)[2]) == pytest.approx(joint[2])
    assert rollout(mixed, np.full(4, 0.25)) == pytest.approx(joint.mean(0))
    assert rollout(mixed, np.eye(4)[2]).sum() == pytest.approx(1)


@pytest.mark.parametrize("read_from", [np.eye(4)[1], np.full(4, 0.25)])
def test_flow_is_the_most_a_linear_programme_finds(read_from: np.ndarray) -> None:
    mixed = mixtures(weights(seed=1))
    layers, size, _ = mixed.shape
    edges = [
        ((layer + 1, i), (layer, j), mixed[layer, i, j])
        for layer in range(layers)
        for i in range(size)
        for j in range(size)
    ]
    edges += [(("read", 0), (layers, i), read_from[i]) for i in range(size)]
    inner = [(layer, i) for layer in range(1, layers + 1) for i in range(size)]
    kept = np.array([[(end == node) - (start == node) for start, end, _ in edges] for node in inner], float)
    for token in range(size):
        into = np.array([float(end == (0, token)) for _, end, _ in edges])
        bounds = [(0, capacity) for _, _, capacity in edges]
        # What reaches another token of layer 0 may stay there: only what enters this one counts.
        best = linprog(-into, A_eq=kept, b_eq=np.zeros(len(inner)), bounds=bounds)
        assert flow(mixed, read_from)[token] == pytest.approx(-best.fun, abs=1e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2", "deberta-v2"])
def test_what_is_read_is_what_the_prediction_reads(home, folders, family):
    found = flow_of(folders(family), TEXT)
    mixed = mixtures(read(folders(family), TEXT).weights.astype(float))
    row = len(found.tokens) - 1 if family == "gpt2" else 0
    assert found.rollout == pytest.approx(rollout(mixed, np.eye(len(found.tokens))[row]), abs=1e-6)
    assert found.flow.min() >= 0 and found.flow.max() <= 1 + 1e-6


def plain(folder: str):
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    opened = open_model(folder)
    batch = opened.tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        logits = model(**batch).logits[0]
    return model, opened.tokenizer, batch, logits


@pytest.mark.parametrize("family", ["bert", "roberta", "modernbert", "mpnet"])
def test_a_masked_token_moves_the_logit_by_this(home, folders, family):
    model, tokenizer, batch, logits = plain(folders(family))
    label = int(logits.argmax())
    found = flow_of(folders(family), TEXT)
    for place, special in enumerate(found.special):
        ids = batch["input_ids"].clone()
        ids[0, place] = tokenizer.mask_token_id
        with torch.no_grad():
            changed = model(**{**batch, "input_ids": ids}).logits[0, label] - logits[label]
        assert found.removed[place] == pytest.approx(0 if special else abs(float(changed)), abs=5e-6)
    assert found.removed.max() > 0.01


def test_integrated_gradients_are_a_fine_sum_of_gradients(home, folders):
    model, tokenizer, batch, logits = plain(folders("bert"))
    label = int(logits.argmax())
    found = gradients_of(folders("bert"), TEXT)
    ids = batch["input_ids"][0].clone()
    blank = ids.where(torch.tensor(found.special), torch.tensor(tokenizer.mask_token_id))
    table = model.get_input_embeddings()
    text, base = table(ids).detach(), table(blank).detach()
    fine, total = 150, torch.zeros_like(text)
    for step in range(fine):
        point = (base + (step + 0.5) / fine * (text - base)).requires_grad_()
        score = model(inputs_embeds=point[None], attention_mask=batch["attention_mask"]).logits[0, label]
        total += torch.autograd.grad(score, point)[0] / fine
    expected = ((text - base) * total).sum(-1).numpy()
    assert found.values == pytest.approx(expected, abs=1e-4)
    assert found.values[np.array(found.special)] == pytest.approx(0)
    with torch.no_grad():
        whole = logits[label] - model(**{**batch, "input_ids": blank[None]}).logits[0, label]
    assert abs(found.values.sum() - float(whole)) == pytest.approx(found.delta, abs=1e-5)
    assert found.delta < 1e-3
    assert (found.label, found.baseline, found.steps) == (f"LABEL_{label}", "mask tokens", 50)


def test_more_steps_miss_less_and_batches_do_not_matter(home, folders, monkeypatch):
    few, many = (gradients_of(folders("llama"), TEXT, steps=steps) for steps in (3, 200))
    assert many.delta < few.delta and few.steps == 3
    monkeypatch.setattr(module, "HELD", 1)
    assert gradients_of(folders("llama"), TEXT, steps=3).values == pytest.approx(few.values, abs=1e-5)


@pytest.mark.parametrize("family", ["t5", "marian"])
def test_without_classes_the_score_is_nearness_to_the_texts_own_vector(home, folders, family):
    found = gradients_of(folders(family), TEXT)
    assert found.label == "" and 0 < found.values.sum() <= 2
    whole = flow_of(folders(family), TEXT)
    assert whole.tokens == found.tokens and whole.removed.max() > 1e-5


def test_a_tokenizer_without_a_mask_pads(home, tmp_path):
    model, tokenizer = tiny("gpt2")
    model.save_pretrained(tmp_path)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(tmp_path)
    found = gradients_of(str(tmp_path), TEXT)
    assert found.baseline == "padding tokens" and found.values[-1] != 0  # the row that is read stays the last


def test_agreement_is_the_rank_correlation_of_ordinary_tokens(home, folders):
    found = flow_of(folders("bert"), TEXT)
    parts = gradients_of(folders("bert"), TEXT)
    assert found.gradients.values == pytest.approx(parts.values) and found.gradients.delta == parts.delta
    ordinary = ~np.array(found.special)
    ways = {"rollout": found.rollout, "flow": found.flow, "removed": found.removed, "gradients": parts.values}
    assert set(found.correlations) == {
        "gradients.removed", "rollout.removed", "rollout.gradients", "flow.removed", "flow.gradients"
    }  # fmt: skip
    for name, rho in found.correlations.items():
        one, other = (np.abs(ways[way][ordinary]) for way in name.split("."))
        assert rho == pytest.approx(spearmanr(one, other).statistic)


def test_ranks_of_what_does_not_vary_are_not_made_up() -> None:
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5.0)))
    assert rank_correlation(np.arange(5.0), np.arange(5.0) ** 3) == pytest.approx(1)


def test_nothing_stays_on_the_model_and_one_may_stop(home, folders):
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.75:
            raise Interrupted("enough")

    for function in (flow_of, gradients_of):
        with pytest.raises(Interrupted):
            function(folders("bert"), TEXT, report=stop)
    network = open_model(folders("bert")).network
    assert not any("forward" in vars(part) for part in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
    with pytest.raises(BadSetting, match="no text"):
        flow_of(folders("bert"), "")
