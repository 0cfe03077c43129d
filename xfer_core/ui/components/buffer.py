"""One buffer for a component: ``pack(header, body)``; ``unpack`` in ``assets/web/common.js`` takes it apart.

Streamlit carries a component's data untouched only where it is bare bytes; bytes inside a dictionary arrive
as their text.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from xfer_core.files import fingerprint


def pack(header: dict[str, Any], body: bytes) -> bytes:
    """Length of the header (uint32, little-endian), the header as JSON, *body*.

    The header gets an ``id`` that changes with the content: a component redraws only then, and keeps what its
    reader has chosen otherwise.
    """
    encoded = _json(header)
    encoded = _json({"id": fingerprint(encoded, body)} | header)
    return struct.pack("<I", len(encoded)) + encoded + body


def _json(value: dict[str, Any]) -> bytes:
    # A lone surrogate, from a damaged upload, has no UTF-8 form.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
