"""Files that are either whole or absent, and paths that stay where they belong."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xfer_core.errors import NotFound
from xfer_core.i18n import N_

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def inside(folder: Path, name: str) -> Path:
    """``folder/name`` for an identifier that came from outside (a link, a form, a file).

    Raises
    ------
    NotFound
        If *name* is not of the form ``[a-z0-9-]{1,64}`` or would lead out of *folder*.
    """
    path = folder / name if IDENTIFIER.fullmatch(name) else folder
    if path == folder or not path.resolve().is_relative_to(folder.resolve()):
        raise NotFound(N_("There is nothing named “{name}” here."), name=name[:80])
    return path


def slug(text: str, length: int = 24) -> str:
    """A readable piece of an identifier: lower-case ASCII letters, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:length].strip("-") or "x"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to that becomes *path* at once when the block ends, or leaves no trace if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    with whole(path) as draft:
        draft.write_text(
            json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
        )


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*parts: bytes | str) -> str:
    """16 hexadecimal digits that change when any part changes."""
    digest = hashlib.sha256()
    for part in parts:
        piece = part.encode() if isinstance(part, str) else part
        digest.update(len(piece).to_bytes(8, "little") + piece)
    return digest.hexdigest()[:16]
