"""Labels corrected by hand but not yet made a new version: kept beside the corpus, so that no work is lost.

Whoever has worked through a hundred texts must find them again after a reload, a crash or a night. They are
kept by the corpus's id, which names its content, and everybody who works on it sees the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from xfer_core.files import inside, read_json, write_json
from xfer_core.settings import home

_LOCK = Lock()
"""Two visitors who correct at once must not lose each other's: reading and writing back is one step."""


def pending(corpus_id: str) -> dict[int, str]:
    """Position in the corpus → the label it is to have."""
    path = _path(corpus_id)
    return {int(at): label for at, label in read_json(path).items()} if path.exists() else {}


def correct(corpus_id: str, labels: Mapping[int, str | None]) -> None:
    """Note labels for these positions; None takes a correction back."""
    with _LOCK:
        merged: dict[int, str | None] = {**pending(corpus_id), **labels}
        write_json(
            _path(corpus_id), {str(at): label for at, label in sorted(merged.items()) if label is not None}
        )


def forget(corpus_id: str, these: Mapping[int, str]) -> None:
    """Let *these* go, saved as a version or taken back; what was corrected meanwhile stays."""
    with _LOCK:
        left = {at: label for at, label in pending(corpus_id).items() if these.get(at) != label}
        if left:
            write_json(_path(corpus_id), {str(at): label for at, label in left.items()})
        else:
            _path(corpus_id).unlink(missing_ok=True)


def _path(corpus_id: str) -> Path:
    return inside(home() / "corpora", corpus_id) / "corrections.json"
