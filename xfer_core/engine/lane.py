"""A lane: one helper process, and the thread that hands it one job after another."""

from __future__ import annotations

import socket
import subprocess
import sys
from io import BytesIO
from multiprocessing.connection import Connection
from pickle import Unpickler
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from xfer_core.engine.job import Job
from xfer_core.errors import Interrupted, Refused
from xfer_core.i18n import N_
from xfer_core.settings import child_environment

CLOSE_SECONDS = 2.0
HEAVY = {"torch", "transformers", "sklearn", "umap", "numba"}


class Lane:
    """Jobs in the order they came. The process starts with the first one, and again after a crash."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = Lock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        Thread(target=self._serve, daemon=True, name=f"lane {name}").start()

    def add(self, job: Job) -> None:
        self._jobs.put(job)

    @property
    def pid(self) -> int | None:
        """The helper's pid while it lives."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def close(self) -> None:
        """End the helper and fail what it was asked; the lane cannot be used again."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._run(job)
            except Exception as error:  # a defect here must not silence the lane for good
                job.fail(RuntimeError(f"{type(error).__name__}: {error}"))

    def _run(self, job: Job) -> None:
        job.begin()
        try:
            try:
                pipe = self._ask(job)
            except (EOFError, ConnectionError):  # it died while idle: nobody's fault, once more
                self._bury()
                pipe = self._ask(job)
            while not job.over:
                _take(job, _Light(BytesIO(pipe.recv_bytes())).load())
        except (EOFError, ConnectionError):
            job.fail(self._gone())

    def _ask(self, job: Job) -> Connection:
        """Send the job and hear that it has arrived."""
        pipe = self._connected()
        pipe.send((job.function, job.arguments))
        pipe.recv_bytes()
        return pipe

    def _connected(self) -> Connection:
        with self._lock:
            if self._closed:
                raise EOFError
            if self._pipe is None or self.pid is None:
                self._pipe = self._start()
            return self._pipe

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            # A plain new interpreter: nothing of this process's __main__ (Streamlit's) is imported there.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "xfer_core.engine.server", self.name, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # the caller's standard output may be a promised JSON object
                env=child_environment(),
            )
        return Connection(ours.detach())

    def _bury(self) -> int:
        """See to it that the helper is dead; returns its exit code."""
        process, self._pipe = self._process, None
        if process is None:
            return 0
        process.kill()
        return process.wait()

    def _gone(self) -> Exception:
        code = self._bury()
        if self._closed:
            return Interrupted(N_("The program is closing."))
        return Refused(
            N_("The helper process ended in mid-work (code {code}), most likely because memory ran out."),
            N_("Try again with fewer or shorter texts."),
            code=code,
        )


class _Light(Unpickler):
    """Refuses results that would bring torch and its like into this process."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in HEAVY:
            raise TypeError(f"a result for the web process holds a {module}.{name}")
        return super().find_class(module, name)


def _take(job: Job, message: tuple[str, Any]) -> None:
    kind, value = message
    if kind == "progress":
        job.hear(*value)
    elif kind == "done":
        job.finish(value)
    else:
        job.fail(value)
