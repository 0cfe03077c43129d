"""Models: where weights come from, how they are built, and what their layers hold and look at.

Nothing is imported here: ``sources`` and ``tokens`` serve processes that never load torch.
"""
