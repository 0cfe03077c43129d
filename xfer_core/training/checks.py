"""How often a training is looked at, and at how many texts; no torch, for the prediction of cost needs it."""

from __future__ import annotations

from xfer_core.settings import LIMITS

EVAL_BATCH = 64
MOST, FEWEST = 30, 10


def looked_at(train: int, validation: int) -> tuple[int, int]:
    """Training and validation texts read at a check, of *train* and *validation* texts in all.

    Both are bounded, since they are read again and again: no more than ``LIMITS.validation_sample``
    validation texts, and half as many training texts, no more than ``LIMITS.train_sample``.
    """
    validated = min(LIMITS.validation_sample, validation)
    return min(max(validated // 2, 50), LIMITS.train_sample, train), validated


def check_every(steps: int, batch_size: int, texts: int) -> int:
    """Steps between two checks of *texts* texts each.

    A training text costs about three times a text that is only read (forward once, backward twice). Checks
    may take a quarter of the whole, that is a third of the training: ``steps * batch / texts`` checks, but
    at least 10, so that a curve can be judged, and at most 30, which is enough to see one.
    """
    checks = min(max(steps * batch_size // max(texts, 1), FEWEST), MOST)
    return -(-steps // checks) if steps >= 2 * checks else 1
