"""What a model is, told by the content of its files, so that results can be kept under it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from xfer_core.files import fingerprint, sha256
from xfer_core.models.sources import Source

_PARTS = ("*.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json")


def identity(source: Source) -> str:
    """16 hexadecimal digits of weights, configuration and tokenizer, whatever the folder is called.

    Each file is read once a process, and again when its size or time of change is another.
    """
    files = sorted(path for pattern in _PARTS for path in source.folder.glob(pattern))
    states = [path.stat() for path in files]
    return fingerprint(*(_hash(p, s.st_size, s.st_mtime_ns) for p, s in zip(files, states, strict=True)))


@lru_cache(maxsize=256)
def _hash(path: Path, size: int, modified: int) -> str:
    return path.name + sha256(path)
