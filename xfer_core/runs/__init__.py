"""Runs: work that outlives a page. What was asked for, where it is, and the processes that do it.

``events`` (what happened, line by line) → ``store`` (one row and one folder a run) → ``executor`` (starts,
stops, says alive; ``supervisor``, ``processes``) → ``queue`` (what starts when) → ``worker`` (the frame of
the process that does it). ``python -m xfer_core.runs`` is one tick of the queue.
"""

from xfer_core.runs.models import locate, tuned
from xfer_core.runs.queue import cancel, stop, submit, tick
from xfer_core.runs.store import ENDED, LIVE, Run, create, delete, find, get, listing, update
from xfer_core.runs.worker import Job, run_here

__all__ = [
    "ENDED",
    "LIVE",
    "Job",
    "Run",
    "cancel",
    "create",
    "delete",
    "find",
    "get",
    "listing",
    "locate",
    "run_here",
    "stop",
    "submit",
    "tick",
    "tuned",
    "update",
]
