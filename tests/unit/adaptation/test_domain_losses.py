"""What pulls two domains together, against computations by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from xfer_core.adaptation.dann import FULL, Dann, Reversal
from xfer_core.adaptation.ground import ground
from xfer_core.adaptation.mmd import SCALES, squared_mmd
from xfer_core.adaptation.settings import validate
from xfer_core.adaptation.towards import growth, one_a_text

from .conftest import two_domains


def test_the_reversed_gradient_is_the_plain_one_times_minus_strength() -> None:
    x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    seen = Reversal.apply(x, 0.7)
    assert torch.equal(seen, x)
    (seen**2).sum().backward()
    assert torch.allclose(x.grad, -0.7 * 2 * x.detach())


def test_dann_teaches_the_judge_fully_and_the_model_backwards() -> None:
    """One linear judge, logistic loss: ∂L/∂z = (σ(z) - y) / n, so both gradients can be written down."""
    config = validate({"source": "shop", "target": "tweets", "method": "dann"})
    dann = Dann(ground(two_domains(), config), batch_size=4, seed=0, weight=1.0)
    dann.judge = nn.Sequential(nn.Linear(2, 1))
    w = dann.judge[0].weight.detach()[0]
    features = torch.tensor([[0.5, -1.0], [2.0, 0.3]], requires_grad=True)
    loss, said = dann.between(features[:1], features[1:], 0.25)
    loss.backward()
    z = features.detach() @ w + dann.judge[0].bias.detach()
    pull = (torch.sigmoid(z) - torch.tensor([0.0, 1.0])) / 2
    assert torch.allclose(dann.judge[0].weight.grad[0], pull @ features.detach(), atol=1e-6)
    assert torch.allclose(features.grad, -0.25 * FULL * pull[:, None] * w, atol=1e-6)
    expected = -(torch.log(torch.sigmoid(-z[0])) + torch.log(torch.sigmoid(z[1]))) / 2
    assert said["distance"] == pytest.approx(float(expected), abs=1e-6)


def test_growth_is_the_schedule_of_the_paper() -> None:
    assert growth(0.0) == 0.0
    assert growth(0.5) == pytest.approx(2 / (1 + np.exp(-5)) - 1)
    assert growth(1.0) > 0.9999


def by_hand(source: np.ndarray, target: np.ndarray) -> float:
    """MMD² as its formula says, pair by pair."""
    together = np.vstack([source, target])
    squares = [((a - b) ** 2).sum() for i, a in enumerate(together) for j, b in enumerate(together) if i != j]
    # torch's median of an even number is the lower of the two in the middle
    median = sorted(squares)[(len(squares) - 1) // 2]

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.exp(-((a - b) ** 2).sum() / (c * median)) for c in SCALES]))

    def within(of: np.ndarray) -> float:
        return float(np.mean([k(a, b) for i, a in enumerate(of) for j, b in enumerate(of) if i != j]))

    across = float(np.mean([k(a, b) for a in source for b in target]))
    return within(source) + within(target) - 2 * across


def test_mmd_is_its_formula() -> None:
    random = np.random.default_rng(0)
    source, target = random.normal(size=(5, 3)), random.normal(size=(7, 3)) + 1.0
    found = squared_mmd(torch.tensor(source, dtype=torch.float32), torch.tensor(target, dtype=torch.float32))
    assert float(found) == pytest.approx(by_hand(source, target), abs=1e-5)


def test_mmd_is_near_zero_for_one_distribution_and_large_for_two() -> None:
    random = np.random.default_rng(1)
    draw = [torch.tensor(random.normal(size=(300, 4)), dtype=torch.float32) for _ in range(2)]
    assert abs(float(squared_mmd(*draw))) < 0.01
    assert float(squared_mmd(draw[0], draw[1] + 2.0)) > 0.2


@pytest.mark.parametrize("n", [1, 4])
def test_mmd_of_equal_texts_is_zero_with_a_finite_gradient(n: int) -> None:
    features = torch.ones(n, 3, requires_grad=True)
    loss = squared_mmd(features, features * 1.0)
    loss.backward()
    assert abs(loss.item()) < 1e-6
    assert torch.isfinite(features.grad).all()


def test_of_a_decoder_the_last_token_is_taken() -> None:
    features = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert torch.equal(one_a_text(features, mask), torch.stack([features[0, 1], features[1, 2]]))
    assert one_a_text(features[:, 0], mask) is not None
