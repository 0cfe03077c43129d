"""Two domains of a corpus brought together without labels of the target, on a model's features as they are.

Only what a probe is given of the features is moved, scaled or weighted.

- ``methods``: the ways to do it, what each does and when it hurts
- ``bridges``: the same ways as functions of two domains' states, through skada and POT
- ``fit``: every way on every layer of two domains, as arrays
- ``corpus``: the same for two domains of a corpus, or for every two
- ``result``, ``pairs``: what came out for two domains, and over all pairs; ``words``: both in words
"""

from xfer_core.analysis.alignment.methods import DEFAULT, METHODS, NONE, SHARES, Method, Shares
from xfer_core.analysis.alignment.pairs import Pairs
from xfer_core.analysis.alignment.result import Alignment

__all__ = ["DEFAULT", "METHODS", "NONE", "SHARES", "Alignment", "Method", "Pairs", "Shares"]
