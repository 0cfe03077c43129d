"""Runs: work that outlives a page. What was asked for, where it is, and the processes that do it.

``store`` (one row a run, one folder a run) ← ``events`` (what happened, line by line) ← ``worker`` (the
process that does it) ← ``executor`` (starts, stops, says alive) ← ``queue`` (what starts when).
"""
