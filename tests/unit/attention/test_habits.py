"""Habits against slow loops and against heads made to have one; divergence against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from transformers import BertConfig, BertModel

from tests.tiny import tiny_folder
from xfer_core.attention.detector import untrained
from xfer_core.attention.divergence import between, divergence
from xfer_core.attention.habits import habits_of, looks, measured
from xfer_core.attention.moved import moved_of
from xfer_core.attention.opened import open_model
from xfer_core.attention.tokens import Tokens
from xfer_core.corpora import sample, save, synthetic
from xfer_core.errors import BadModel
from xfer_core.models.lens import lens
from xfer_core.models.sources import BUNDLED

torch.set_num_threads(1)
TOKENS = Tokens(
    ["[CLS]", "the", "cat", ",", "the", "dog", "[SEP]"],
    [True, False, False, False, False, False, True],
    [False, False, False, True, False, False, False],
    [None, 0, 1, 2, 3, 4, None],
)  # fmt: skip
T = len(TOKENS)


def rows(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(T), size=(2, 3, T)).astype(np.float32)


def test_measures_are_those_of_a_slow_loop() -> None:
    weights = rows()
    found = measured(TOKENS, weights, causal=False)
    ordinary = range(1, T - 1)
    for layer in range(2):
        for head in range(3):
            one = weights[layer, head].astype(float)
            expected = {
                "cls": np.mean([one[i, 0] for i in ordinary]),
                "sep": np.mean([one[i, T - 1] for i in ordinary]),
                "punctuation": np.mean([one[i, 3] for i in ordinary]),
                "previous": np.mean([one[i, i - 1] for i in ordinary]),
                "next": np.mean([one[i, i + 1] for i in ordinary]),
                "self": np.mean([one[i, i] for i in ordinary]),
                "same": np.mean([one[1, 4], one[4, 1]]),
                "distance": np.mean([sum(one[i, j] * abs(i - j) for j in range(T)) for i in ordinary]),
                "entropy": np.mean([-sum(p * np.log(p) for p in one[i]) / np.log(T) for i in ordinary]),
            }
            assert {key: pytest.approx(value[layer, head]) for key, value in found.items()} == expected


def test_a_decoder_looks_back_only() -> None:
    weights = np.tril(np.ones((T, T), np.float32))
    weights /= weights.sum(-1, keepdims=True)
    found = measured(TOKENS, weights[None, None], causal=True)
    assert "next" not in found
    assert found["entropy"][0, 0] == pytest.approx(1)  # even over what each row may see
    assert found["same"][0, 0] == pytest.approx(1 / 5)  # the second "the" sees five tokens


def test_a_text_of_special_tokens_only_says_nothing() -> None:
    two = Tokens(["[CLS]", "[SEP]"], [True, True], [False, False], [None, None])
    assert measured(two, np.full((1, 1, 2, 2), 0.5, np.float32), causal=False) == {}


def test_divergence_is_scipys() -> None:
    one, other = rows(1)[0, 0], rows(2)[0, 0]
    expected = [jensenshannon(a, b, base=2) ** 2 for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(divergence(one, other), expected, atol=1e-7)
    assert divergence(np.eye(2), np.eye(2)[::-1]).tolist() == [1, 1]
    flat = rows().reshape(6, T, T)
    found = between(flat)
    assert found[1, 4] == pytest.approx(divergence(flat[1], flat[4]).mean()) == pytest.approx(found[4, 1])
    assert (np.diag(found) == 0).all()


@pytest.fixture
def corpus_id(home: object) -> str:
    return save(sample(synthetic.corpus(), 24, 0))


def test_the_bundled_model(corpus_id: str) -> None:
    found = habits_of(BUNDLED, corpus_id, texts=24)
    assert found.texts == 24 and found.head_size == 32
    assert all(habit.mean.shape == (6, 12) for habit in found.measures.values())
    shares = [habit.mean for key, habit in found.measures.items() if key != "distance"]
    assert min(share.min() for share in shares) >= 0 and max(share.max() for share in shares) <= 1 + 1e-6
    assert sorted(found.order.tolist()) == list(range(72))
    for (layer, head), (_, score) in found.names.items():
        assert score > found.threshold
        assert score == max(
            habit.mean[layer, head]
            for key, habit in found.measures.items()
            if key not in ("entropy", "distance")
        )
    # The bundled model rests on [CLS] far more than an even spread would.
    assert found.measures["cls"].mean.mean() > 2 * 24 / found.tokens
    again = habits_of(BUNDLED, corpus_id, texts=24)
    np.testing.assert_array_equal(again.similarity, found.similarity)


def test_an_untrained_model_is_known_by_its_even_rows() -> None:
    texts = ["The film was slow, but the ending was worth the wait.", "Good."]
    for _, weights, _ in looks(open_model(BUNDLED), texts, 128):
        assert not untrained(weights)
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(hidden_size=96, num_hidden_layers=3, num_attention_heads=4, vocab_size=500)
    ).eval()
    with torch.no_grad(), lens(model) as seen:
        model(torch.arange(3, 23)[None])
    assert untrained(np.stack([seen[layer].weights[0].numpy() for layer in range(3)]))


def test_too_few_tokens_say_nothing_of_training() -> None:
    assert not untrained(np.full((2, 2, 2, 2), 0.5, np.float32))


def test_heads_that_moved_are_found(corpus_id: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    before = tiny_folder("bert", tmp_path / "before")
    after = tiny_folder("bert", tmp_path / "after")
    opened = open_model(str(after))
    attention = opened.network.base_model.encoder.layer[1].attention.self
    with torch.no_grad():
        attention.query.weight[8:16] *= -1  # the second head of layer 2; heads are 8 wide
    opened.network.save_pretrained(after)
    found = moved_of(str(before), str(after), corpus_id, texts=6, other=str(before))
    assert found.order[0] == 1 * 4 + 1 and found.still == (0,)
    assert found.jsd[1, 0] == pytest.approx(0, abs=1e-9) and found.jsd[1, 1] > 0.01
    assert (found.low <= found.jsd).all() and (found.jsd <= found.high).all()
    np.testing.assert_allclose(found.noise, found.jsd, atol=1e-9)  # the other run is where it started
    assert found.beyond_noise is not None and not found.beyond_noise[1, 1]
    alone = moved_of(str(before), str(after), corpus_id, texts=6)
    assert alone.noise is None and alone.beyond_noise is None


def test_models_that_cut_texts_differently_are_not_compared(corpus_id: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    folder = tiny_folder("bert", tmp_path / "tiny")
    with pytest.raises(BadModel, match="cannot be compared"):
        moved_of(BUNDLED, str(folder), corpus_id, texts=3)
