"""How long texts are for a model, in tokens; without torch or transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
import numpy.typing as npt

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models.sources import Source

_CHUNK = 1_000  # the library keeps spans and strings of every token of a call in memory


def lengths(source: Source, texts: Sequence[str]) -> npt.NDArray[np.int32]:
    """Tokens of each text, special ones included, nothing cut.

    Returns
    -------
    int32 [n]

    Raises
    ------
    BadModel
        If the tokenizer's file cannot be read.
    """
    path = source.folder / "tokenizer.json"
    tokenizer = _tokenizer(str(path), path.stat().st_mtime_ns)
    remaining, counts = iter(texts), []
    while chunk := list(islice(remaining, _CHUNK)):
        counts += [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(chunk)]
    return np.array(counts, dtype=np.int32)


@lru_cache(maxsize=4)
def _tokenizer(path: str, modified: int):  # type: ignore[no-untyped-def]  # a type of a compiled library
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the compiled library raises nothing narrower
        raise BadModel(
            N_("The model's tokenizer.json cannot be read."), N_("Copy or download the model's folder again.")
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
