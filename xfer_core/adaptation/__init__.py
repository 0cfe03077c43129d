"""Tuning with the texts of a domain whose labels are never seen."""
