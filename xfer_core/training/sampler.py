"""The order of the training texts: batches of like length, a pure function of seed and epoch.

transformers' own length-grouped sampler draws from the global random state, so its order depends on what ran
before and a repeated or resumed run sees other batches. This one can be computed for any epoch on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

POOL = 8
"""Batches sorted by length together: more saves more padding and mixes less."""


def order(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """All indices once, int64 [n]: random pools of ``POOL`` batches, sorted by length, the batches shuffled.

    The batch that is not full comes last, because batches are cut from this order one after the other.
    """
    generator = np.random.default_rng([seed, epoch])
    shuffled = generator.permutation(len(lengths))
    size = np.asarray(lengths)
    pools = [shuffled[i : i + POOL * batch_size] for i in range(0, len(shuffled), POOL * batch_size)]
    flat = np.concatenate([pool[np.argsort(size[pool], kind="stable")] for pool in pools])
    full = len(flat) // batch_size
    if full == 0:
        return flat
    # The incomplete batch is the shortest or longest of the last pool; it stays where it is, at the end.
    head, tail = flat[: full * batch_size], flat[full * batch_size :]
    mixed = head.reshape(full, batch_size)[generator.permutation(full)]
    return np.concatenate([mixed.reshape(-1), tail])


class LengthSampler(Sampler[int]):
    """:func:`order` as torch and accelerate expect it; the Trainer calls :meth:`set_epoch`."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        return iter(order(self.lengths, self.batch_size, self.seed, self.epoch).tolist())
