"""How much memory an arm takes, although it is not the first one in its process.

The most a process ever held grows from arm to arm: what one leaves behind counts for all that follow, and
cached states, mapped from disk, count for whoever reads them first. So that strategies are compared and not
their order, an arm's memory is

    base + (most held while it was tuned, without mapped files) - (held when it began, without them)

where the base is what the process held before its first arm, and an arm begins when what the one before it
left has been given back to the system.
"""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from contextlib import suppress
from pathlib import Path

STATUS = Path("/proc/self/status")


class Held:
    """The memory of the arms of one process, in MB."""

    def __init__(self) -> None:
        self._base = self._before = _now()["RssAnon"]

    def begin(self) -> None:
        """To be called when nothing of the last arm is needed any more, and before the next one."""
        gc.collect()  # the Trainer and its callbacks know each other
        with suppress(OSError, AttributeError):  # glibc keeps freed memory for later
            ctypes.CDLL(None).malloc_trim(0)
        self._before = _now()["RssAnon"]

    def by(self, peak_mb: float) -> float:
        """The memory of the arm that just ended; *peak_mb* is the most its process held meanwhile.

        With a GPU, or where the system does not tell, *peak_mb* itself.
        """
        torch = sys.modules.get("torch")
        now = _now()
        if not now["RssAnon"] or (torch is not None and torch.cuda.is_available()):
            return peak_mb
        return self._base + max(peak_mb - now["RssFile"] - now["RssShmem"] - self._before, 0.0)


def _now() -> dict[str, float]:
    """Held by this process: its own memory, files mapped into it, and memory shared with others."""
    found = {"RssAnon": 0.0, "RssFile": 0.0, "RssShmem": 0.0}
    with suppress(OSError):
        for name, kilobytes in re.findall(r"(Rss\w+):\s+(\d+) kB", STATUS.read_text(encoding="ascii")):
            found[name] = int(kilobytes) / 2**10
    return found
