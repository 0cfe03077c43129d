"""Which process is meant, for as long as the machine is up: pids are used again, names are not.

An identity is boot id, pid and start time in clock ticks. The ticks come from ``/proc`` and not from the
wall clock, which may be set while a run works. Where there is no ``/proc``, psutil's start time must do.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

PROC = Path("/proc")


def identity(pid: int) -> str:
    """``boot:pid:start`` of a live process; empty if there is none (a zombie is none)."""
    if not (PROC / "self" / "stat").exists():
        return _identity_by_psutil(pid)
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    state, *fields = stat[stat.rindex(")") + 2 :].split()  # the name before it may hold anything
    boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{pid}:{fields[18]}" if state not in "ZX" else ""


def _identity_by_psutil(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return f"-:{pid}:{process.create_time():.2f}"
    except psutil.Error:
        return ""


def pid_of(name: str) -> int:
    """The pid inside an identity."""
    return int(name.split(":")[1])


def alive(name: str) -> bool:
    """Whether the process of this identity still lives."""
    return bool(name) and identity(pid_of(name)) == name


def ask(name: str) -> None:
    """SIGTERM to one process, if it is still the one that is meant."""
    if alive(name):
        with suppress(ProcessLookupError):
            os.kill(pid_of(name), signal.SIGTERM)


def end(name: str, *, group: bool, grace: float) -> None:
    """SIGTERM, then after *grace* seconds SIGKILL, to one process or to the whole group that it leads."""
    if not alive(name):
        return
    send = os.killpg if group else os.kill
    try:
        send(pid_of(name), signal.SIGTERM)
        deadline = time.monotonic() + grace
        while alive(name) and time.monotonic() < deadline:
            time.sleep(0.02)
        if group or alive(name):  # children may outlive their leader
            send(pid_of(name), signal.SIGKILL)
    except ProcessLookupError:
        return
