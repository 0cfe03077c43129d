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
from functools import partial
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
    held_mb: float = 0.0,
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
    held_mb : float
        Of the memory that states may take, what those of earlier calls take up.

    Returns
    -------
    dict of layer to states, mapped from disk and not to be written to. From the highest layer down, for they
    save the most: as many as the disk and ``LIMITS.states_cache_mb`` have room for are there, as many as
    ``LIMITS.cached_states_mb`` has room for in memory, and those below are left out. Their states must be
    computed at every step, and the caller has to say so.

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
        room = int((LIMITS.cached_states_mb - held_mb) * 2**20 // max(shelf.layer_bytes, 1))
        run = partial(_run, model, encodings, missing, shelf, max(room, 0), bf16, report)
        try:
            found |= run(stored=shelf.make_room(len(missing)))
        except _Unwritable:  # the disk was full after all, or cannot be written to
            found |= run(stored=0)
    if found:
        shelf.touch()
    return dict(sorted(found.items()))


def _key(model: PreTrainedModel, source: Source, encodings: Encodings, bf16: bool) -> str:
    lengths = np.array([len(ids) for ids in encodings.input_ids], dtype=np.int64)
    ids = np.fromiter((i for ids in encodings.input_ids for i in ids), dtype=np.int64, count=encodings.tokens)
    made_by = (torch.__version__, transformers.__version__, model.device.type, str(bf16))
    return fingerprint(VERSION, identity(source), *made_by, lengths.tobytes(), ids.tobytes())


class _Unwritable(Exception):
    """States cannot be put on disk."""


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _Unwritable from error


def _run(
    model: PreTrainedModel,
    encodings: Encodings,
    layers: list[int],
    shelf: _Shelf,
    room: int,
    bf16: bool,
    report: Report,
    *,
    stored: int,
) -> dict[int, LayerStates]:
    """One pass: the highest of *layers* to disk, *stored* of them, those below, *room* at most, to memory."""
    cut = len(layers) - stored
    kept = {layer: shelf.in_memory() for layer in layers[max(cut - room, 0) : cut]}
    if not stored and not kept:
        return {}
    with shelf.adding(layers[cut:]) as files:
        for rows, batch in passing(model, encodings, [*kept, *files], report, bf16=bf16):
            with _writing():
                for layer, file in files.items():
                    shelf.write(file, rows, batch[layer])
            where = places(shelf.offsets, torch.tensor(rows)) if kept else None
            for layer in kept:
                kept[layer].flat[where] = batch[layer]
    found = {layer: states for layer in layers[cut:] if (states := shelf.get(layer)) is not None}
    if len(found) < stored:  # another process has just made room for its own
        raise _Unwritable
    return kept | found


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

    def make_room(self, layers: int) -> int:
        """How many of *layers* more fit the limit and the disk; others' states have made way for them."""
        own = _size(self.folder, drafts=False)
        others = sum(_size(folder) for folder in self.folder.parent.glob("*") if folder != self.folder)
        limit, free = LIMITS.states_cache_mb * 2**20 - own, shutil.disk_usage(home()).free - _SPARE
        fit = int(min(limit, free + others) // max(self.layer_bytes, 1))
        fit = max(min(fit, layers), 0)
        if fit:
            needed = fit * self.layer_bytes
            _evict(self.folder, min(limit - needed, others - max(needed - free, 0)))
        return fit

    @contextmanager
    def adding(self, layers: list[int]) -> Iterator[dict[int, IO[bytes]]]:
        """A file to write each layer to; they are in their places when the block ends without an error."""
        with ExitStack() as drafts:
            with _writing():
                paths = {layer: drafts.enter_context(whole(self.folder / f"{layer}.bin")) for layer in layers}
                files: dict[int, IO[bytes]] = {
                    layer: drafts.enter_context(path.open("wb")) for layer, path in paths.items()
                }
                for file in files.values():
                    file.truncate(self.layer_bytes)
            yield files
            with _writing():  # what was held back is written, and the drafts get their names
                drafts.pop_all().close()

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


def _size(folder: Path, *, drafts: bool = True) -> int:
    """Bytes of the files in *folder*, unfinished ones (those of other writers) too unless told otherwise."""
    total = 0
    for path in folder.glob("*" if drafts else "[!.]*"):
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
    """Raise ValueError if a weight that the state of *layer* depends on is not as the files have it.

    All numbers are compared, which takes 0.05 s for 22 million parameters. Weights that the files hold under
    another name or in another size are passed over.
    """
    below = {parameter for module in anatomy(model).frozen(layer) for parameter in module.parameters()}
    known = {name: p.detach() for name, p in model.base_model.named_parameters() if p in below}
    for file in sorted(source.folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as stored:
            for name in stored.keys():  # noqa: SIM118  # no dict
                parameter = known.get(name.removeprefix(model.base_model_prefix + "."))
                if parameter is None or stored.get_slice(name).get_shape() != list(parameter.shape):
                    continue
                if not torch.equal(stored.get_tensor(name).to(parameter.dtype), parameter.cpu()):
                    raise ValueError(f"{name} of the model is not what {source.id} holds: it was changed")
