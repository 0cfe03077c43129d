"""How far a computation has come, and how long it will still take."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[float, str], None]
"""``report(fraction, message)``: the share done, 0 to 1, and what is being done (marked by ``N_``)."""


def silent(fraction: float, message: str) -> None:
    """A report nobody reads: the default where progress is optional."""


def part(report: Report, start: float, end: float) -> Report:
    """A report for one stage of a longer computation, whose own 0 to 1 is *start* to *end* of the whole."""
    return lambda fraction, message: report(start + (end - start) * fraction, message)


def seconds_left(elapsed: float, fraction: float) -> float | None:
    """Seconds until done at the speed so far; None while too little is done to say."""
    return elapsed * (1 - fraction) / fraction if fraction > 0.02 and elapsed > 0.5 else None
