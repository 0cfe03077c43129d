"""Pooled features of every layer, computed once per model, texts and pooling, and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import IO, Any, Literal, get_args
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

from xfer_core.errors import BadSetting
from xfer_core.files import fingerprint, read_json, whole, write_json
from xfer_core.i18n import N_
from xfer_core.models.identity import identity
from xfer_core.models.sources import Source, resolve
from xfer_core.progress import Report, part, silent
from xfer_core.runs.models import locate
from xfer_core.settings import LIMITS, home

Pool = Literal["mean", "cls", "max", "last"]
POOLS = get_args(Pool)
MAX_LENGTH = 128
"""Tokens of a text the analyses read, special ones included, unless told otherwise."""

TEXTS = 2_000
"""Of a corpus, unless told otherwise: seconds, where all texts may be minutes."""
FEWEST_OF_A_CLASS, FEWEST_TOKENS = 2, 8

ROWS_AT_ONCE = 1_000
TEXTS_AT_ONCE = 2_000
"""Texts computed before they are written: memory does not grow with the table."""
VERSION = "2"
"""Part of every cache key: raise it when the same inputs would give other numbers."""


@dataclass(frozen=True)
class Features:
    """Pooled features on disk; only the path crosses process borders.

    Attributes
    ----------
    key : str
        16 hexadecimal digits: the same model weights, texts, pool and max_length give the same key.
    path : Path
        ``.npy`` file, float32 [layers, n, hidden] of all layers; layer 0 is the output of the embeddings.
    layers : tuple of int
        The layers asked for.
    truncated : int
        Texts of which the model saw only the first *max_length* tokens.
    """

    key: str
    path: Path
    layers: tuple[int, ...]
    model: str
    pool: Pool
    max_length: int
    truncated: int

    @property
    def by_layer(self) -> list[NDArray[np.float32]]:
        """float32 [n, hidden] of each of the chosen layers, memory-mapped and read-only."""
        stored = np.load(self.path, mmap_mode="r")
        return [stored[layer] for layer in self.layers]

    @property
    def array(self) -> NDArray[np.float32]:
        """float32 [layers, n, hidden] of the chosen layers; all of them are memory-mapped and read-only."""
        stored = np.load(self.path, mmap_mode="r")
        return stored if len(self.layers) == len(stored) else stored[list(self.layers)]


def features(
    model: str,
    texts: Sequence[str],
    *,
    pool: Pool = "mean",
    layers: Sequence[int] | None = None,
    max_length: int = MAX_LENGTH,
    report: Report = silent,
) -> Features:
    """Features of *texts* from the *layers* (None: all) of *model*, a model's or a finished run's name.

    All layers come from one pass and are kept together, so that asking for others later costs nothing.
    Raises
    ------
    BadModel
        If the model cannot be loaded.
    BadSetting
        If *pool* is unknown, or a layer is not there.
    """
    if pool not in POOLS:
        raise BadSetting(
            N_("“{pool}” is no way of pooling."),
            N_("Choose one of {pools}."),
            pool=pool,
            pools=", ".join(POOLS),
        )
    check_drawing(max_length=max_length)
    source = resolve(locate(model))
    wanted = chosen(layers, source.layers + 1)
    max_length = min(max_length, source.max_positions)
    key = fingerprint(VERSION, identity(source), pool, str(max_length), *texts)
    folder = home() / "cache" / "features" / key
    about = folder / "about.json"
    if not about.exists():  # written last, so its presence says that the array is whole
        truncated = _compute(source, texts, pool, max_length, folder / "states.npy", report)
        write_json(
            about, {"pool": pool, "max_length": max_length, "texts": len(texts), "truncated": truncated}
        )
        _prune(folder.parent, keep=folder)
    about.touch()
    report(1.0, N_("Features are ready"))
    truncated = read_json(about)["truncated"]
    return Features(key, folder / "states.npy", wanted, model, pool, max_length, truncated)


def check_drawing(*, seed: int = 0, per_class: int = FEWEST_OF_A_CLASS, max_length: int = MAX_LENGTH) -> None:
    """Whether texts can be drawn and read so.

    Raises
    ------
    BadSetting
        If *seed* is negative, or of a class or of a text nothing would be left.
    """
    for message, value, least in (
        (N_("The seed is {value}; it must be {least} or more."), seed, 0),
        (N_("{value} texts of a class and domain are too few; {least} are the least."), per_class,
         FEWEST_OF_A_CLASS),
        (N_("{value} tokens of a text are too few; {least} are the least."), max_length, FEWEST_TOKENS),
    ):  # fmt: skip
        if value < least:
            raise BadSetting(message, value=value, least=least)


def _compute(
    source: Source,
    texts: Sequence[str],
    pool: Pool,
    max_length: int,
    path: Path,
    report: Report,
) -> int:
    """Write the features of *texts* to *path*, some at a time; returns how many were cut."""
    from xfer_core.models.load import load
    from xfer_core.models.states import encode, pooled_encodings

    report(0.0, N_("Loading the model"))
    network, tokenizer = load(source)
    shape = (source.layers + 1, len(texts), source.hidden)
    truncated = 0
    with whole(path) as draft:
        stored = np.lib.format.open_memmap(draft, mode="w+", dtype=np.float32, shape=shape)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            rows = slice(start, min(start + TEXTS_AT_ONCE, len(texts)))
            begun, ended = (0.05 + 0.93 * row / len(texts) for row in (rows.start, rows.stop))
            encodings = encode(tokenizer, texts[rows], max_length)
            stored[:, rows] = pooled_encodings(
                network, encodings, pool=pool, report=part(report, begun, ended)
            )
            truncated += encodings.truncated
        stored.flush()
        del stored  # unmapped before it is moved, for systems that hold on to open files
    return truncated


def _prune(folder: Path, keep: Path) -> None:
    """Drop the features unused for longest while all together are over the limit."""
    kept = sorted(
        (about for about in folder.glob("*/about.json") if about.parent != keep),
        key=lambda about: about.stat().st_mtime,
        reverse=True,
    )
    room = LIMITS.features_cache_mb * 2**20 - (keep / "states.npy").stat().st_size
    for about in kept:
        room -= (about.parent / "states.npy").stat().st_size
        if room < 0:
            rmtree(about.parent, ignore_errors=True)


def chosen(layers: Sequence[int] | None, available: int) -> tuple[int, ...]:
    """Layer numbers below *available*: those given, or all.

    Raises
    ------
    BadSetting
        If a layer is not there.
    """
    wanted = tuple(layers or range(available))
    if any(not 0 <= layer < available for layer in wanted):
        raise BadSetting(
            N_("This model has no layer {layer}."),
            N_("Give numbers from 0 (the embeddings) to {last}."),
            layer=", ".join(str(layer) for layer in wanted if not 0 <= layer < available),
            last=available - 1,
        )
    return wanted


FORMATS = (".parquet", ".npz", ".zip", "")
"""Endings of a file of features; the last is a folder, which like a zip is for the Embedding Projector."""


def check_format(out: Path) -> None:
    """Refuse a name whose ending is none of ``FORMATS``, before anything is computed."""
    if out.suffix not in FORMATS:
        raise BadSetting(
            N_("Features cannot be written as “{name}”."),
            N_("Let it end in .parquet, .npz or .zip, or give the name of a folder."),
            name=out.name,
        )


def export(
    found: Features, texts: Sequence[str], out: Path, columns: Mapping[str, Sequence[Any]] | None = None
) -> None:
    """Write features with their *texts* and other *columns*, in the format that *out* ends in.

    ``.parquet``
        One row a text: ``text``, *columns*, then ``layer_0``, ``layer_1``, …, each a column of fixed-size
        float32 lists, so that a reader loads only the layers it wants; the schema's metadata (key ``xfer``)
        says in JSON what made them::

            table = pyarrow.parquet.read_table("features.parquet", columns=["label", "layer_4"])
            states = table["layer_4"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
    ``.npz``
        Arrays ``layer_0``, …, float32 [n, hidden], and ``about``, the bytes of a JSON object with what made
        them and, under ``columns``, the texts and columns::

            arrays = numpy.load("features.npz")
            labels = json.loads(arrays["about"].tobytes())["columns"]["label"]
    ``.zip`` or a folder
        For the Embedding Projector: ``layer_K/vectors.tsv`` and ``layer_K/metadata.tsv`` to load on its page,
        and ``projector_config.pbtxt`` for ``tensorboard --logdir FOLDER``.

    Memory does not grow with the number of texts times that of layers.

    Raises
    ------
    BadSetting
        If *out* has another ending.
    """
    check_format(out)
    table = {"text": list(texts)} | {name: list(values) for name, values in (columns or {}).items()}
    write = {".parquet": _parquet, ".npz": _npz, ".zip": _projector_zip, "": _projector}
    write[out.suffix](found, table, out)


def _about(found: Features) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("model", "pool", "max_length", "truncated")}


def _parquet(found: Features, table: Mapping[str, list[Any]], out: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    layers = found.by_layer
    n, hidden = layers[0].shape
    described = pa.table(table)
    listed = pa.list_(pa.float32(), hidden)
    schema = pa.schema(
        [*described.schema, *(pa.field(f"layer_{layer}", listed) for layer in found.layers)],
        metadata={"xfer": json.dumps(_about(found))},
    )
    with whole(out) as draft, pq.ParquetWriter(draft, schema) as writer:
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            states = [
                pa.FixedSizeListArray.from_arrays(pa.array(layer[rows].reshape(-1)), hidden)
                for layer in layers
            ]
            known = described.slice(start, ROWS_AT_ONCE).combine_chunks().columns
            writer.write_table(pa.Table.from_arrays([*known, *states], schema=schema))


def _npz(found: Features, table: Mapping[str, list[Any]], out: Path) -> None:
    about = json.dumps({**_about(found), "columns": table}, default=str).encode()
    layers = dict(zip((f"layer_{layer}" for layer in found.layers), found.by_layer, strict=True))
    with whole(out) as draft, draft.open("wb") as file:
        np.savez(file, about=np.frombuffer(about, np.uint8), allow_pickle=False, **layers)


def _projector(found: Features, table: Mapping[str, list[Any]], out: Path) -> None:
    for name, write in _projector_files(found, table):
        with whole(out / name) as draft, draft.open("wb") as file:
            write(file)


def _projector_zip(found: Features, table: Mapping[str, list[Any]], out: Path) -> None:
    with whole(out) as draft, ZipFile(draft, "w", ZIP_DEFLATED) as archive:
        for name, write in _projector_files(found, table):
            with archive.open(name, "w", force_zip64=True) as file:
                write(file)


def _projector_files(
    found: Features, table: Mapping[str, list[Any]]
) -> Iterator[tuple[str, Callable[[IO[bytes]], Any]]]:
    """Names and writers of the files that the Embedding Projector reads, its own settings last."""
    lines = [table.keys(), *zip(*table.values(), strict=True)]
    metadata = "".join("\t".join(map(_cell, line)) + "\n" for line in lines).encode()
    config = ""
    for layer, states in zip(found.layers, found.by_layer, strict=True):
        folder = f"layer_{layer}"
        yield f"{folder}/vectors.tsv", partial(np.savetxt, X=states, fmt="%.6g", delimiter="\t")
        yield f"{folder}/metadata.tsv", lambda file: file.write(metadata)
        config += (
            f'embeddings {{ tensor_name: "{folder}" tensor_path: "{folder}/vectors.tsv"'
            f' metadata_path: "{folder}/metadata.tsv" }}\n'
        )
    yield "projector_config.pbtxt", lambda file: file.write(config.encode())


def _cell(value: Any) -> str:
    """On one line and in one column, as the Projector has no quotes; what is missing is empty."""
    return "" if value is None or value != value else " ".join(str(value).split())
