"""Where things are kept, and the limits a user may meet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read, computed or shown; each is named where it bites.

    What only keeps a reader of broken or hostile files within memory (the longest line and cell held, how far
    a zip may swell, the largest package) stands beside that reader, in ``corpora``.
    """

    upload_mb: int = 500
    columns: int = 1_000
    cell_characters: int = 1_000_000
    unzipped_mb: int = 2_048
    json_array_mb: int = 64
    corpus_rows: int = 1_000_000
    classes: int = 200
    rows_per_class: int = 2
    domains: int = 50
    kept_columns: int = 20
    shown_values: int = 30
    preview_rows: int = 5
    rejects_kept: int = 1_000

    max_length: int = 512
    features_texts: int = 20_000
    checked_texts: int = 2_000
    features_cache_mb: int = 2_048
    attention_tokens: int = 256
    transfer_texts_per_class: int = 400

    runs_at_once: int = 1
    stop_grace_seconds: float = 1.5
    train_sample: int = 500
    validation_sample: int = 2_000
    reference_texts: int = 20_000
    cached_states_mb: int = 4_096
    states_cache_mb: int = 8_192
    single_text_characters: int = 20_000


LIMITS = Limits()

PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""What an environment must hold before torch is imported, unless the user chose otherwise.

OpenMP's threads spin while they wait for each other, which takes the processor from the very thread they wait
for where something else trains too. On two cores, beside one more training, a step took 3.9 s with spinning
threads and 0.33 s with sleeping ones; alone, 0.18 and 0.21 s (``tests/benchmarks/threads.py --quick``).
"""


def home() -> Path:
    """The data folder: ``$XFER_HOME``, or the platform's user data folder; made at first use."""
    folder = Path(os.environ.get("XFER_HOME") or platformdirs.user_data_dir("xfer-lab"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def root() -> Path:
    """The folder that holds ``pages/``, ``assets/`` and ``.streamlit/``: inside a wheel, or the checkout."""
    packaged = Path(__file__).parent / "_site"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def child_environment() -> dict[str, str]:
    """The environment of our own helper and worker processes: this one's, and what holds for all of them."""
    package = Path(__file__).resolve().parent.parent
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if package.name != "site-packages" and str(package) not in paths:
        paths.insert(0, str(package))  # a checkout that is not installed
    return {
        **PATIENT,
        **os.environ,
        "XFER_HOME": str(home().resolve()),
        "HF_HUB_OFFLINE": "1",  # models/hub.py asks the hub, in a process of its own
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",  # what was printed before a kill must be in the log
        "PYTHONPATH": os.pathsep.join(paths),
    }
