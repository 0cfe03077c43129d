"""Strategies tuned in one domain and read in every other."""
