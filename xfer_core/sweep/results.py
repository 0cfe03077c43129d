"""What a sweep has found so far, read from its folder without torch or scikit-learn, also while it runs.

The folder: ``sweep.json`` (what is compared, and what came of it), ``evidence.json`` (word counts and
probes), ``arms/<arm>/`` with ``arm.json``, ``events.ndjson`` and the logits ``validation.npy`` and
``test.npy`` (float32 [n, classes]; test only of arms that are compared), ``sampled.json`` and ``table.csv``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from xfer_core import corpora
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import NotFound
from xfer_core.files import inside, read_json, write_json
from xfer_core.i18n import N_
from xfer_core.runs import events, store
from xfer_core.sweep.settings import KIND, SweepConfig, validate
from xfer_core.training.strategies import parse

SWEEP, EVIDENCE, ARMS, ARM, TABLE = "sweep.json", "evidence.json", "arms", "arm.json", "table.csv"
SAMPLED = "sampled.json"
"""Rows of the texts by which is measured what moved and what was forgotten."""
VALIDATION, TEST = "validation.npy", "test.npy"
KEPT = "kept"
"""The folder of tuned weights, while one of them may still become a run."""
STOP = "stop"
"""An empty file of this name in an arm's folder is the wish that this arm ends."""

State = Literal["waiting", "running", "done", "stopped", "failed", "skipped"]
Predicted = dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Arm:
    """One training of one strategy.

    A ``trial`` tries a learning rate with the first seed, a ``final`` uses the chosen rate with another seed.
    *chosen* arms are compared: the finals, and the trial that won, which is the arm of the first seed. Only
    they have test numbers. *seconds*, as predicted and as measured, are without passes through the untuned
    model that all arms share; *memory_mb* is without what earlier arms left (:mod:`xfer_core.sweep.held`).
    *message* says why an arm failed, was skipped or copied (``what, cure, values``).
    """

    id: str
    strategy: str
    seed: int
    learning_rate: float | None
    role: Literal["trial", "final"]
    state: State = "waiting"
    chosen: bool = False
    validation_macro_f1: float | None = None
    validation_accuracy: float | None = None
    macro_f1: float | None = None
    accuracy: float | None = None
    trainable_parameters: int | None = None
    seconds: float | None = None
    predicted_seconds: float | None = None
    memory_mb: float | None = None
    steps: int | None = None
    best_step: int | None = None
    message: dict[str, Any] | None = None


@dataclass(frozen=True)
class Sweep:
    """A sweep as far as it has come; what is not there yet is empty.

    ``config.strategies`` are those compared, from shallow to deep, without any that was left out.
    ``texts``, ``rows`` (1-based rows of the table) and ``truth`` are those of the test part, all of one
    length; ``predicted`` holds the labels given to them, by the id of a chosen arm, or ``tfidf``, or
    ``untuned_probe``; ``validation_truth`` and ``validation_predicted`` the same of the validation part.
    ``training_texts`` is their number. ``probes`` hold ``validation_macro_f1``, which chooses the layer,
    beside ``macro_f1`` on the test texts. ``shift`` is debiased linear CKA between a layer's states before
    and after, layers 0 to ``depth``.
    """

    run: str
    corpus: str
    config: SweepConfig
    depth: int
    label_names: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    texts: list[str]
    validation_truth: npt.NDArray[np.int64]
    training_texts: int = 0
    arms: tuple[Arm, ...] = ()
    predicted: Predicted = field(default_factory=dict)
    validation_predicted: Predicted = field(default_factory=dict)
    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    probes: list[dict[str, Any]] = field(default_factory=list)
    shift: dict[str, list[float]] = field(default_factory=dict)
    forgetting: dict[str, dict[str, Any]] = field(default_factory=dict)
    measured: dict[str, str] = field(default_factory=dict)
    """Strategy → the arm whose shift and forgetting these are."""
    recommendation: dict[str, Any] | None = None
    recommended_run: str = ""
    notes: tuple[dict[str, Any], ...] = ()
    """What was done to the plan and must be said: ``{"message": msgid, "values": {…}}``."""
    state: str = "finished"
    """Of the run: queued, running, finished, stopped, failed or interrupted."""

    @property
    def chosen(self) -> tuple[Arm, ...]:
        """The arms that are compared: trained to their end, with the strategy's learning rate."""
        return tuple(arm for arm in self.arms if arm.chosen and arm.state == "done")


def load(run_id: str) -> Sweep:
    """The sweep *run_id* as it is now.

    Raises
    ------
    NotFound
        If there is no such run, or it is no sweep.
    """
    run = store.get(run_id)
    if run.kind != KIND:
        raise NotFound(N_("The run {run} is not a comparison."), run=run_id)
    config, corpus = validate(run.config), str(run.config["corpus"])
    names, learnt, test, validation = _parts(corpus)
    about, evidence = _read(run.folder / SWEEP), _read(run.folder / EVIDENCE)
    config = replace(config, strategies=tuple(about.get("strategies", config.strategies)))
    arms = tuple(_arm(run.folder / ARMS / name, run.live) for name in about.get("arms", ()))
    predicted, validated = _labels(evidence, "predicted"), _labels(evidence, "validation_predicted")
    for arm in arms:
        if arm.chosen and arm.state == "done":
            _add(predicted, arm.id, run.folder / ARMS / arm.id / TEST)
            _add(validated, arm.id, run.folder / ARMS / arm.id / VALIDATION)
    return Sweep(
        run=run.id,
        corpus=corpus,
        config=config,
        depth=int(about.get("depth", 0)),
        label_names=names,
        truth=test.labels,
        rows=test.frame["row"].to_numpy(np.int64),
        texts=test.texts,
        validation_truth=validation.labels,
        training_texts=learnt,
        arms=arms,
        predicted=predicted,
        validation_predicted=validated,
        references=evidence.get("references", {}),
        probes=evidence.get("probes", []),
        shift=about.get("shift", {}),
        forgetting=about.get("forgetting", {}),
        measured=about.get("measured", {}),
        recommendation=about.get("recommendation"),
        recommended_run=about.get("recommended_run", ""),
        notes=tuple(about.get("notes", ())),
        state=run.state,
    )


def curve(run_id: str, arm_id: str) -> list[dict[str, Any]]:
    """The ``metric`` events of an arm so far, oldest first: of a solver a point for each strength tried."""
    written, _ = events.read(_arm_folder(run_id, arm_id))
    return [event for event in written if event["kind"] == "metric"]


def curves(sweep: Sweep) -> dict[str, list[dict[str, Any]]]:
    """Arm → its learning curve so far; not of solvers, whose points are strengths and no steps."""
    stepping = [arm for arm in sweep.arms if not parse(arm.strategy).solver]
    return {arm.id: curve(sweep.run, arm.id) for arm in stepping}


def table(sweep: Sweep) -> pd.DataFrame:
    """One row an arm, its fields as columns; ``message`` as a sentence."""
    rows = [
        {**asdict(arm), "message": str(store.to_error(arm.message)) if arm.message else ""}
        for arm in sweep.arms
    ]
    found = pd.DataFrame(rows, columns=[field.name for field in fields(Arm)])
    whole = ("trainable_parameters", "steps", "best_step")  # also where an arm that was stopped has none
    return found.astype(dict.fromkeys(whole, "Int64"))


def stop_arm(run_id: str, arm_id: str) -> None:
    """Ask one arm to end; the others go on. One that has not begun will not begin. Returns at once.

    Raises
    ------
    NotFound
        If there is no such sweep, or no such arm in it.
    """
    folder = _arm_folder(run_id, arm_id)
    if not (folder / ARM).exists():
        raise NotFound(N_("The comparison {run} has no training “{arm}”."), run=run_id, arm=arm_id[:80])
    (folder / STOP).touch()


def write_arm(folder: Path, arm: Arm) -> None:
    """Keep *arm* in its folder, below the *folder* of the run."""
    write_json(folder / ARMS / arm.id / ARM, events.plain(asdict(arm)))


def _arm_folder(run_id: str, arm_id: str) -> Path:
    return inside(store.get(run_id).folder / ARMS, arm_id)


def _arm(folder: Path, live: bool) -> Arm:
    """An arm as kept; of a sweep that has ended without it, what its worker could not write any more."""
    arm = Arm(**read_json(folder / ARM))
    if arm.state == "waiting" and (folder / STOP).exists():
        return replace(arm, state="stopped")
    if live or arm.state not in ("running", "waiting"):
        return arm
    cut = {"what": N_("The comparison ended before this training did."), "cure": "", "values": {}}
    return replace(arm, state="stopped" if arm.state == "running" else "skipped", message=cut)


@lru_cache(maxsize=4)
def _parts(corpus_id: str) -> tuple[tuple[str, ...], int, Corpus, Corpus]:
    """Label names, number of training texts, test and validation part; a corpus of one id never changes."""
    corpus = corpora.load(corpus_id)
    return corpus.label_names, corpus.part("train").n, corpus.part("test"), corpus.part("validation")


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _labels(evidence: dict[str, Any], name: str) -> Predicted:
    return {key: np.array(labels, dtype=np.int64) for key, labels in evidence.get(name, {}).items()}


def _add(into: Predicted, key: str, path: Path) -> None:
    if path.exists():
        into[key] = np.load(path, allow_pickle=False).argmax(axis=-1).astype(np.int64)
