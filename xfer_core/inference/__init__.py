"""Putting a tuned model to work on texts and tables of any size."""
