"""Maximum mean discrepancy of what the head reads of source and target (Long et al. 2015, 1502.02791)."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.adaptation.towards import Towards

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the median: no single bandwidth suits a whole training (Long et al. 2015 mix several too)."""


class Mmd(Towards):
    def between(self, source: Tensor, target: Tensor, strength: float) -> tuple[Tensor, dict[str, float]]:
        distance = squared_mmd(source, target)
        return strength * distance, {"distance": distance.item()}


def squared_mmd(source: Tensor, target: Tensor) -> Tensor:
    """Squared MMD without bias (Gretton et al. 2012, lemma 6), so it may be below 0.

    MMD² = mean_{i≠j} k(s_i, s_j) + mean_{i≠j} k(t_i, t_j) - 2 mean_{ij} k(s_i, t_j),
    k(x, y) = mean_c exp(-|x - y|² / (c · median)) over :data:`SCALES`, the median over the squared
    distances of all pairs, through which no gradient goes. Zero where there are not two texts of each.

    Parameters
    ----------
    source, target : float Tensor [n, d], [m, d]
    """
    n, m = len(source), len(target)
    if min(n, m) < 2:
        return (source.sum() + target.sum()) * 0.0
    together = torch.cat([source, target]).float()
    # Not by cdist: its gradient at distance 0 is not a number, and texts may be equal.
    squares = (together[:, None] - together[None]).square().sum(-1)
    pairs = ~torch.eye(n + m, dtype=torch.bool, device=squares.device)
    median = squares.detach()[pairs].median().clamp_min(1e-12)
    kernel = torch.stack([torch.exp(-squares / (scale * median)) for scale in SCALES]).mean(0) * pairs
    within = kernel[:n, :n].sum() / (n * (n - 1)) + kernel[n:, n:].sum() / (m * (m - 1))
    return within - 2 * kernel[:n, n:].mean()
