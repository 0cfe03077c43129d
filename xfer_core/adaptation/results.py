"""What an adaptation has found so far, read from its folder without torch, also while it runs.

The folder: ``results.json``, ``methods/<method>/`` with ``events.ndjson``, the logits ``validation.npy``,
``source.npy`` and ``target.npy`` (float32 [n, classes]) and ``points.npz``; at the end ``model/`` and what a
training run leaves beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xfer_core.adaptation.settings import KIND, SOURCE_ONLY, AdaptConfig, validate
from xfer_core.errors import NotFound
from xfer_core.files import read_json, write_json
from xfer_core.i18n import N_, Said
from xfer_core.runs import events, store

RESULTS, METHODS, POINTS = "results.json", "methods", "points.npz"

State = Literal["waiting", "running", "done", "stopped", "failed", "skipped"]


@dataclass(frozen=True)
class Measure:
    """Macro-F1, or a difference of two: *value*, with its 95 % interval over *n* test texts."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Outcome:
    """What came of one method.

    Attributes
    ----------
    validation : float or None
        Macro-F1 on the source's validation texts, the only number that anything is chosen by.
    source, target : Measure or None
        Macro-F1 on the test texts of the two domains; None where nothing was, or can be, measured.
    source_gain, target_gain : Measure or None
        What was won over source only, the same texts drawn for both; None of source only itself.
    domain : float or None
        Balanced accuracy with which a linear probe tells the two domains apart by what the head reads; 0.5 is
        chance.
    seconds, predicted_seconds : float or None
    steps, best_step : int or None
        Of the training; the step whose weights are used.
    about : dict
        Of the method's own: ``domains`` (a curve), ``masked_loss``, ``rounds``.
    message : dict or None
        Why it failed, was stopped or skipped (``what, cure, values``).
    """

    method: str
    state: State = "waiting"
    validation: float | None = None
    source: Measure | None = None
    target: Measure | None = None
    source_gain: Measure | None = None
    target_gain: Measure | None = None
    domain: float | None = None
    seconds: float | None = None
    predicted_seconds: float | None = None
    steps: int | None = None
    best_step: int | None = None
    about: dict[str, Any] = field(default_factory=dict)
    message: dict[str, Any] | None = None

    @property
    def measured(self) -> bool:
        return self.validation is not None


@dataclass(frozen=True)
class Adaptation:
    """An adaptation as far as it has come.

    *texts* counts ``train``, ``validation``, ``test`` (source), ``unlabelled`` and ``target_test`` texts.
    *chosen* is the method whose model the run leaves, empty before there is one; *state* is the run's.
    """

    run: str
    corpus: str
    config: AdaptConfig
    outcomes: tuple[Outcome, ...] = ()
    texts: dict[str, int] = field(default_factory=dict)
    notes: tuple[Said, ...] = ()
    chosen: str = ""
    seconds: float | None = None
    state: str = "finished"

    def outcome(self, method: str) -> Outcome:
        """Of *method*; raises KeyError if it was not asked for."""
        found = {each.method: each for each in self.outcomes}
        return found[method]

    @property
    def before(self) -> Outcome:
        """Source only."""
        return next((each for each in self.outcomes if each.method == SOURCE_ONLY), Outcome(SOURCE_ONLY))

    @property
    def adapted(self) -> tuple[Outcome, ...]:
        """All others that have been measured."""
        return tuple(each for each in self.outcomes if each.method != SOURCE_ONLY and each.measured)

    @property
    def best(self) -> Outcome:
        """What the labels of the target's test texts would choose; without any, :attr:`before`."""
        known = [each for each in (self.before, *self.adapted) if each.target is not None]
        return max(known, key=lambda each: each.target.value if each.target else 0.0, default=self.before)

    def scores(self, method: str) -> dict[str, dict[str, dict[str, Any] | None]]:
        """``before`` (source only) and ``after`` (*method*), each with ``source`` and ``target``.

        Each of these has ``macro_f1``, ``low``, ``high`` and ``n``, or is None where nothing was measured.
        """
        return {
            when: {side: _score(getattr(each, side)) for side in ("source", "target")}
            for when, each in (("before", self.before), ("after", self.outcome(method)))
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, as ``results.json`` has it."""
        return dict(events.plain(asdict(self)))


def _score(measure: Measure | None) -> dict[str, Any] | None:
    if measure is None:
        return None
    return {"macro_f1": measure.value, "low": measure.low, "high": measure.high, "n": measure.n}


@dataclass(frozen=True)
class Points:
    """What the head reads of some test texts, drawn in the plane of its two widest directions.

    *at* float32 [n, 2]; *target* bool [n], whether the text is the target's; *labels* int64 [n].
    """

    at: npt.NDArray[np.float32]
    target: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]


def write(folder: Path, found: Adaptation) -> None:
    write_json(folder / RESULTS, found.as_dict())


def load(run_id: str) -> Adaptation:
    """The adaptation *run_id* as it is now.

    Raises
    ------
    NotFound
        If there is no such run, or it is of another kind.
    """
    run = store.get(run_id)
    if run.kind != KIND:
        raise NotFound(N_("The run {run} is not an adaptation."), run=run_id)
    config = validate(run.config)
    path = run.folder / RESULTS
    given = read_json(path) if path.exists() else {}
    outcomes = tuple(_outcome(each, run.live) for each in given.get("outcomes", ()))
    return Adaptation(
        run=run.id, corpus=str(run.config["corpus"]), config=config,
        outcomes=outcomes or tuple(Outcome(method) for method in config.methods),
        texts=given.get("texts", {}), notes=tuple(given.get("notes", ())), chosen=given.get("chosen", ""),
        seconds=given.get("seconds"), state=run.state,
    )  # fmt: skip


def points(run_id: str, method: str) -> Points | None:
    """The picture of what *method*'s head reads; None where there is none."""
    path = store.get(run_id).folder / METHODS / method / POINTS
    if method not in validate(store.get(run_id).config).methods or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as kept:
        return Points(kept["at"], kept["target"], kept["labels"])


def curve(run_id: str, method: str) -> list[dict[str, Any]]:
    """The ``metric`` events of a method so far, oldest first."""
    written, _ = events.read(store.get(run_id).folder / METHODS / method)
    return [event for event in written if event["kind"] == "metric"]


_ENDED: dict[str, State] = {"running": "stopped", "waiting": "skipped"}


def _outcome(given: dict[str, Any], live: bool) -> Outcome:
    measures = {
        name: Measure(**given[name])
        for name in ("source", "target", "source_gain", "target_gain")
        if given.get(name)
    }
    plain = {each.name: given[each.name] for each in fields(Outcome) if each.name in given}
    found = {**plain, **measures}
    if not live:  # what its worker, killed or failed, could not write any more
        found["state"] = _ENDED.get(found["state"], found["state"])
    return Outcome(**found)
