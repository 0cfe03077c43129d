"""Xfer Lab: which layers of a Transformer carry knowledge that travels between kinds of text."""

__version__ = "0.1.0"
