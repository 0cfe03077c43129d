"""Is a weight file safe and whole? Answered from its header alone, without torch and without loading it.

Only safetensors are accepted: a pickle can run any code while it is read. transformers itself follows shard
names with ``../`` and symbolic links, so both are checked here, before it sees the folder.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from xfer_core.errors import BadModel
from xfer_core.files import read_json
from xfer_core.i18n import N_

POOLED_HEAD = "pooled_head.safetensors"
"""A classifier on the pooled states of an encoder, beside the encoder's own files."""

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
_SHARD = re.compile(r"[\w-][\w.-]*\.safetensors")
_PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
_HEADER_LIMIT = 100_000_000  # bytes, the bound of the safetensors format itself


def count(folder: Path, fence: Path) -> int:
    """How many floating-point parameters the weight files of *folder* hold.

    Parameters
    ----------
    fence : Path
        The folder that no file may lead out of: *folder* itself, or the hub cache around it.

    Raises
    ------
    BadModel
        If there are only pickled weights or none, a file is cut short or corrupted, or one leads elsewhere.
    """
    for path in folder.iterdir():
        if not path.resolve().is_relative_to(fence.resolve()):
            raise BadModel(
                N_("{file} in the model folder {folder} is a link to another place."),
                N_("Put a copy of the file itself there."),
                file=path.name, folder=folder.name,
            )  # fmt: skip
    return sum(_parameters(path) for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    if (folder / INDEX).is_file():
        return [_shard(folder, name) for name in _shard_names(folder / INDEX)]
    if any(path.suffix in _PICKLED for path in folder.iterdir()):
        raise BadModel(
            N_("The model folder {folder} holds only pickled weights, which can run any code when opened."),
            N_("Save the model as safetensors, where it comes from: model.save_pretrained(folder)."),
            folder=folder.name,
        )
    raise BadModel(
        N_("The model folder {folder} holds no model.safetensors."),
        N_("Save the model there with model.save_pretrained(folder)."),
        folder=folder.name,
    )


def _shard_names(index: Path) -> list[str]:
    try:
        return sorted({str(name) for name in read_json(index)["weight_map"].values()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _corrupted(index) from error


def _shard(folder: Path, name: str) -> Path:
    if not _SHARD.fullmatch(name):
        raise BadModel(
            N_("{file} names a weight file outside its folder: “{name}”."),
            N_("Do not use this folder unless you know where it comes from."),
            file=INDEX, name=name[:80],
        )  # fmt: skip
    if not (folder / name).is_file():
        raise BadModel(
            N_("The weight file {file} is missing in the model folder {folder}."),
            N_("Copy the whole folder again."),
            file=name, folder=folder.name,
        )  # fmt: skip
    return folder / name


def _parameters(path: Path) -> int:
    tensors = header(path)
    return sum(math.prod(t["shape"]) for t in tensors.values() if t["dtype"].startswith(("F", "BF")))


def header(path: Path) -> dict[str, Any]:
    """Name → ``{dtype, shape, data_offsets}`` of every tensor in a safetensors file.

    The format: 8 bytes of little-endian header length, that many bytes of JSON, then the tensors, end to end.

    Raises
    ------
    BadModel
        If the header cannot be read or the file is shorter or longer than its header says.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, _HEADER_LIMIT):
                raise _corrupted(path)
            tensors = json.loads(file.read(length))
        tensors.pop("__metadata__", None)
        end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
        whole = all(isinstance(t["dtype"], str) and math.prod(t["shape"]) >= 0 for t in tensors.values())
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _corrupted(path) from error
    if not whole or 8 + length + end != size:
        raise _corrupted(path)
    return dict(tensors)


def _corrupted(path: Path) -> BadModel:
    return BadModel(
        N_("The weight file {file} in the model folder {folder} is cut short or corrupted."),
        N_("Copy or download it again."),
        file=path.name, folder=path.parent.name,
    )  # fmt: skip
