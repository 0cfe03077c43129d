"""States of the layers of a pretrained model, computed once and kept on disk for whoever freezes them.

Every strategy, seed, learning rate and probe that leaves the layers below *k* as they were pretrained starts
from the same states of layer *k*. All layers asked for come from one pass; each lies in a file of its own
under a key made of content (weights, token ids, precision), and is mapped into memory, so that several
processes share one copy and only what a batch needs is read. A file is written aside and renamed: it is whole
or not there, whatever interrupts, and two processes that compute the same at once write the same.

Sharing frozen prefixes over a grid of depths is the idea of Nautilus (Nakandala & Kumar, SIGMOD 2022); see
:mod:`xfer_core.models.suffix` for the others it stands on.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
import torch
import transformers
from safetensors import safe_open
from torch import Tensor
from transformers import PreTrainedModel

from xfer_core.files import fingerprint, whole, write_json
from xfer_core.models.anatomy import anatomy
from xfer_core.models.identity import identity
from xfer_core.models.sources import Source
from xfer_core.models.states import Encodings, LayerStates, offsets_of, passing, places
from xfer_core.progress import Report, silent
from xfer_core.settings import LIMITS, home

VERSION = "1"
"""Part of every key: raise it when the same inputs would give other numbers."""

_ABOUT = "about.json"
_SPARE = 256 * 2**20
"""Bytes of the disk that are left to others."""
_ABANDONED = 24 * 3600
"""Seconds after which an unfinished file is taken for one whose writer was killed."""


def prefixes(
    model: PreTrainedModel,
    source: Source,
    encodings: Encodings,
    layers: Collection[int],
    *,
    bf16: bool = False,
    report: Report = silent,
) -> dict[int, LayerStates]:
    """The states that enter each of *layers* (0: finished embeddings; depth: the last layer's output).

    Parameters
    ----------
    model : PreTrainedModel
        The untuned model of *source*, with any head: its body must hold the weights in the source's files,
        because the cache is keyed by those.
    bf16 : bool
        Compute under bfloat16 autocast; states are float32 all the same, but less exact.

    Returns
    -------
    dict of layer to states, mapped from disk and not to be written to. Where the disk is full, or they are
    more than ``LIMITS.states_cache_mb``, they are in memory instead, and layers for which
    ``LIMITS.cached_states_mb`` has no room, the lowest first, are left out: their states must be computed at
    every step, and the caller has to say so.

    Raises
    ------
    ValueError
        If a layer is not there, or *model* is not as its source's files say.
    """
    depth = anatomy(model).depth
    wanted = sorted(set(layers))
    if any(not 0 <= layer <= depth for layer in wanted):
        raise ValueError(f"layers {wanted} of a model of {depth}")
    _check_untuned(model, source, max(wanted, default=0))
    shelf = _Shelf(_key(model, source, encodings, bf16), offsets_of(encodings), model.config.hidden_size)
    found = {layer: states for layer in wanted if (states := shelf.get(layer)) is not None}
    missing = [layer for layer in wanted if layer not in found]
    if missing:
        found |= _compute(model, encodings, missing, shelf, bf16, report)
    if found:
        shelf.touch()
    return dict(sorted(found.items()))


def _key(model: PreTrainedModel, source: Source, encodings: Encodings, bf16: bool) -> str:
    lengths = np.array([len(ids) for ids in encodings.input_ids], dtype=np.int64)
    ids = np.fromiter((i for ids in encodings.input_ids for i in ids), dtype=np.int64, count=encodings.tokens)
    made_by = (torch.__version__, transformers.__version__, model.device.type, str(bf16))
    return fingerprint(VERSION, identity(source), *made_by, lengths.tobytes(), ids.tobytes())


def _compute(
    model: PreTrainedModel,
    encodings: Encodings,
    layers: list[int],
    shelf: _Shelf,
    bf16: bool,
    report: Report,
) -> dict[int, LayerStates]:
    if shelf.has_room_for(len(layers)):
        with suppress(OSError):  # the disk was full after all, or cannot be written to
            with shelf.adding(layers) as files:
                for rows, batch in passing(model, encodings, layers, report, bf16=bf16):
                    for layer, file in files.items():
                        shelf.write(file, rows, batch[layer])
            found = {layer: states for layer in layers if (states := shelf.get(layer)) is not None}
            if len(found) == len(layers):  # else another process made room for its own
                return found
    room = int(LIMITS.cached_states_mb * 2**20 // max(shelf.layer_bytes, 1))
    held = layers[-room:] if room else []
    kept = {layer: shelf.in_memory() for layer in held}
    if held:
        for rows, batch in passing(model, encodings, held, report, bf16=bf16):
            where = places(shelf.offsets, torch.tensor(rows))
            for layer in held:
                kept[layer].flat[where] = batch[layer]
    return kept


class _Shelf:
    """The folder of one key: ``<layer>.bin``, float32 [tokens, hidden] each, and when they were last used."""

    def __init__(self, key: str, offsets: Tensor, hidden: int) -> None:
        self.folder = home() / "cache" / "states" / key
        self.offsets, self.hidden = offsets, hidden
        self.tokens = int(offsets[-1])

    @property
    def layer_bytes(self) -> int:
        return self.tokens * self.hidden * 4

    def get(self, layer: int) -> LayerStates | None:
        path = self.folder / f"{layer}.bin"
        try:
            if path.stat().st_size != self.layer_bytes:
                return None
            flat = torch.from_file(str(path), False, self.tokens * self.hidden, dtype=torch.float32)
        except (OSError, RuntimeError):  # not there, or no longer
            return None
        return LayerStates(flat.view(self.tokens, self.hidden), self.offsets)

    def in_memory(self) -> LayerStates:
        return LayerStates(torch.empty((self.tokens, self.hidden), dtype=torch.float32), self.offsets)

    def has_room_for(self, layers: int) -> bool:
        """Whether that many more fit the limit, and the disk; others' states make room for them."""
        needed, own = layers * self.layer_bytes, _size(self.folder)
        limit = LIMITS.states_cache_mb * 2**20
        if needed + own > limit:
            return False
        _evict(self.folder, limit - needed - own)
        free = shutil.disk_usage(home()).free
        if free < needed + _SPARE:
            _evict(self.folder, 0)
            free = shutil.disk_usage(home()).free
        return free >= needed + _SPARE

    @contextmanager
    def adding(self, layers: list[int]) -> Iterator[dict[int, IO[bytes]]]:
        """A file to write each layer to; they are in their places when the block ends without an error."""
        with ExitStack() as drafts:
            paths = {layer: drafts.enter_context(whole(self.folder / f"{layer}.bin")) for layer in layers}
            with ExitStack() as opened:
                files: dict[int, IO[bytes]] = {
                    n: opened.enter_context(path.open("wb")) for n, path in paths.items()
                }
                for file in files.values():
                    file.truncate(self.layer_bytes)
                yield files

    def write(self, file: IO[bytes], rows: list[int], states: Tensor) -> None:
        """Put the states of some texts, one after the other in *states*, where they belong."""
        array, start = states.numpy(), 0
        for row in rows:
            length = int(self.offsets[row + 1] - self.offsets[row])
            file.seek(int(self.offsets[row]) * self.hidden * 4)
            file.write(np.ascontiguousarray(array[start : start + length]).data)
            start += length

    def touch(self) -> None:
        """Note the use, which is what eviction goes by."""
        about = self.folder / _ABOUT
        with suppress(OSError):
            if about.exists():
                os.utime(about)
            elif any(self.folder.glob("*.bin")):
                write_json(about, {"version": VERSION, "tokens": self.tokens, "hidden": self.hidden})


def _size(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _evict(keep: Path, room: int) -> None:
    """Drop what was unused for longest until all but *keep* is no more than *room* bytes.

    States that another process has mapped stay readable to it: only their names go.
    """
    now = time.time()
    used: list[tuple[float, Path]] = []
    for folder in keep.parent.glob("*"):
        if folder == keep:
            continue
        for draft in folder.glob(".*"):  # of a writer that was killed, or still at work
            with suppress(OSError):
                if now - draft.stat().st_mtime > _ABANDONED:
                    draft.unlink()
        about = folder / _ABOUT
        with suppress(OSError):
            used.append(((about if about.exists() else folder).stat().st_mtime, folder))
    for _, folder in sorted(used, reverse=True):
        room -= _size(folder)
        if room < 0:
            shutil.rmtree(folder, ignore_errors=True)


def _check_untuned(model: PreTrainedModel, source: Source, layer: int) -> None:
    """Raise ValueError if a weight the state of *layer* depends on begins otherwise than in the files."""
    below = {parameter for module in anatomy(model).frozen(layer) for parameter in module.parameters()}
    known = {name: p for name, p in model.base_model.named_parameters() if p in below}
    for file in sorted(source.folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as stored:
            for name in stored.keys():  # noqa: SIM118  # no dict
                parameter = known.get(name.removeprefix(model.base_model_prefix + "."))
                if parameter is None or not parameter.dim():
                    continue
                part = stored.get_slice(name)
                if part.get_shape() == list(parameter.shape) and not torch.equal(
                    part[:1].to(parameter.dtype), parameter[:1].detach().cpu()
                ):
                    raise ValueError(f"{name} of the model is not what {source.id} holds: it was changed")
