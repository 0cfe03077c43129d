"""What a run of kind ``classify`` keeps as its configuration; read by pages, so free of torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xfer_core.corpora.writing import Format

WORKER = "xfer_core.inference.worker"
"""The module that a run of kind ``classify`` executes."""


def request(
    model: str,
    path: Path,
    *,
    name: str,
    text: str | None = None,
    format: Format = "csv",
    raw: bool = False,
    **reading: Any,
) -> dict[str, Any]:
    """The ``config`` for ``queue.submit("classify", request(…), name, WORKER)``.

    *path* is the table, *name* what the user calls it. A copy in the data folder's ``uploads`` is deleted
    when the run has ended well. *reading*: ``encoding``, ``delimiter``, ``header``.
    """
    return {
        "model": model, "path": str(path), "name": name, "text": text, "format": format, "raw": raw,
        "reading": {key: value for key, value in reading.items() if value is not None},
    }  # fmt: skip


def outcome(folder: Path, config: dict[str, Any]) -> Path:
    """Where such a run writes its table, in its own folder."""
    return folder / f"{Path(config['name']).stem or 'table'}-classified.{config['format']}"
