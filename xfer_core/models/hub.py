"""The Hugging Face hub, asked only about models named by the user, and never waited for long.

Workers run with the hub switched off (``HF_HUB_OFFLINE``), which huggingface_hub reads once, when imported;
and a name server that does not answer blocks for longer than any time-out of a request. So the hub is asked
by a short-lived process of its own: ``python -m xfer_core.models.hub probe|download ORG/NAME``, the only one
in which the hub is switched on. ``XFER_HUB=0`` in the environment forbids even that; no other value means
anything.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.settings import home

_FILES = [
    "config.json", "*.safetensors", "model.safetensors.index.json",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.txt", "vocab.json", "merges.txt",
]  # fmt: skip
_PROBE_SECONDS = 12
_NO_SUCH, _GATED, _PICKLED, _UNREACHABLE, _FAILED = 3, 4, 5, 6, 7
_CLIENTS = {"httpx", "httpx2", "httpcore", "requests", "urllib3"}
"""Libraries the hub's client talks through, by version; what they raise is the network's fault."""


def folder(name: str) -> Path:
    """The local snapshot of hub model *name* (``"org/name"``), downloaded first where it must and may be.

    What its local cache holds can be used even if asking it is forbidden.

    Raises
    ------
    BadModel
        If the model is neither in the local cache nor to be had; the sentence says why.
    """
    found = _cached(name)
    if found is None:
        if os.environ.get("XFER_HUB") == "0":
            raise _sentence(_UNREACHABLE, name)
        for task, seconds in (("probe", _PROBE_SECONDS), ("download", None)):
            code, detail = _ask(task, name, seconds)
            if code:
                raise _sentence(code, name, detail)
        found = _cached(name)
    if found is None:
        raise _sentence(_UNREACHABLE, name)
    return found


def _cached(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    # An interrupted download leaves a snapshot without its weights.
    return path if (path / "config.json").exists() and any(path.glob("*.safetensors")) else None


def _ask(task: str, name: str, seconds: float | None) -> tuple[int, str]:
    """How it ended, 0 for well, and what it said of that."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0"}
    command = [sys.executable, "-m", "xfer_core.models.hub", task, name]
    try:
        done = subprocess.run(command, env=environment, timeout=seconds, stdout=subprocess.PIPE, text=True)
    except subprocess.TimeoutExpired:
        return _UNREACHABLE, ""
    return done.returncode, done.stdout.strip() or f"exit code {done.returncode}"


def _sentence(code: int, name: str, detail: str = "") -> BadModel:
    if code == _NO_SUCH:
        return BadModel(N_("The hub has no model named “{name}”."), N_("Check its spelling."), name=name)
    if code == _GATED:
        return BadModel(
            N_("The hub gives the model “{name}” only to users who have accepted its terms."),
            N_("Accept them on its page and log in with `hf auth login`."),
            name=name,
        )
    if code == _PICKLED:
        return BadModel(
            N_("The hub's model “{name}” has no safetensors weights; others can run any code when opened."),
            N_("Choose another model."),
            name=name,
        )
    if code != _UNREACHABLE:
        return BadModel(
            N_("The model “{name}” could not be fetched from the hub: {detail}."),
            N_("Mend that and try again."),
            name=name, detail=detail.rstrip("."),
        )  # fmt: skip
    return BadModel(
        N_("The model “{name}” is not on this machine and the hub cannot be reached."),
        N_("Put its folder into the models directory, {folder}, and use the folder's name."),
        name=name, folder=str(home() / "models"),
    )  # fmt: skip


def _main(task: str, name: str) -> int:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        if task == "download":
            snapshot_download(name, allow_patterns=_FILES, ignore_patterns=["*/*"])
            return 0
        files = {entry.rfilename for entry in HfApi().model_info(name, timeout=5).siblings or ()}
        weights = any(file.endswith(".safetensors") and "/" not in file for file in files)
        return 0 if weights else _PICKLED
    except GatedRepoError:
        return _GATED
    except RepositoryNotFoundError:
        return _NO_SUCH
    except Exception as error:  # the parent says a sentence, and what it was if not the network
        if _is_the_network(error):
            return _UNREACHABLE
        sys.stdout.write(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
        return _FAILED


def _is_the_network(error: Exception) -> bool:
    from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

    known = (ConnectionError, TimeoutError, socket.gaierror, LocalEntryNotFoundError, OfflineModeIsEnabled)
    return isinstance(error, known) or type(error).__module__.partition(".")[0] in _CLIENTS


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
