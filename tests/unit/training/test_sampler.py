"""The order of the training texts."""

import numpy as np
import pytest

from xfer_core.training.sampler import LengthSampler, order


@pytest.mark.parametrize("n", [1, 5, 16, 17, 300, 1000])
def test_every_text_once_and_the_same_again(n: int) -> None:
    lengths = np.random.default_rng(1).integers(3, 100, n)
    first = order(lengths, 16, seed=3, epoch=2)
    assert sorted(first.tolist()) == list(range(n))
    assert first.tolist() == order(lengths, 16, seed=3, epoch=2).tolist()
    if n > 16:
        assert first.tolist() != order(lengths, 16, seed=3, epoch=1).tolist()
        assert first.tolist() != order(lengths, 16, seed=4, epoch=2).tolist()


def test_batches_are_of_like_length_and_in_no_order_of_length() -> None:
    lengths = np.random.default_rng(1).integers(3, 100, 1600)
    rows = order(lengths, 16, seed=0, epoch=0).reshape(-1, 16)
    assert np.ptp(lengths[rows], axis=1).mean() < 0.25 * np.ptp(lengths)
    longest = lengths[rows].max(axis=1)
    assert abs(np.corrcoef(longest, np.arange(100))[0, 1]) < 0.3


def test_the_sampler_does_not_touch_the_global_random_state() -> None:
    import torch

    sampler = LengthSampler(list(range(1, 40)), 4, seed=0)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    first = list(sampler)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    sampler.set_epoch(1)
    assert list(sampler) != first and len(sampler) == 39
