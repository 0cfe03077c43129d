"""The most memory held during a stretch of work."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin a stretch; where the system cannot forget a peak, it stays that of the whole process."""
    with suppress(OSError):
        _CLEAR.write_text("5", encoding="ascii")  # Linux: "reset the peak resident set size"
    if (cuda := _cuda()) is not None:
        cuda.reset_peak_memory_stats()


def peak_mb() -> float:
    """The most memory this process held since :func:`reset_peak`, in MB; with a GPU the most held there.

    Files mapped into memory, such as cached states, count as far as they have been read.
    """
    if (cuda := _cuda()) is not None and cuda.is_initialized():
        return cuda.max_memory_allocated() / 2**20
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset / 2**20)
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii"))
    except OSError:
        found = None
    if found:
        return int(found[1]) / 2**10
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _cuda() -> Any:
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None
