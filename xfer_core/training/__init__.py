"""Tuning a classifier: settings and strategies as data, one wiring of the Trainer, and what came of it."""
