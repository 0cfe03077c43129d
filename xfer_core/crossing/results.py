"""What a crossing has found so far, read from its folder without torch or scikit-learn, also while it runs.

The folder: ``crossing.json`` (what is tuned where, and how far it is), ``truth.npz`` (true labels of the
tests), ``predicted/<training>.npy`` (int64 [tested texts], domain after domain), ``trainings/<training>/``
with the events of each.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xfer_core.analysis.compared import guessing
from xfer_core.analysis.resampling import FEW, bounds, macro_f1, resampled
from xfer_core.crossing.settings import KIND, CrossConfig, validate
from xfer_core.errors import NotFound
from xfer_core.files import read_json, whole, write_json
from xfer_core.i18n import N_
from xfer_core.runs import events, store

CROSSING, TRUTH, PREDICTED, TRAININGS = "crossing.json", "truth.npz", "predicted", "trainings"

State = Literal["waiting", "running", "done", "stopped", "failed", "skipped"]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """One strategy tuned on one source with one seed.

    *source* is a row of the matrices: a domain, or the number of domains plus the one left out. *seconds* are
    without passes through the untuned model, which all trainings share.
    """

    id: str
    strategy: str
    source: int
    seed: int
    state: State = "waiting"
    predicted_seconds: float = 0.0
    seconds: float | None = None
    best_step: int | None = None
    trainable_parameters: int | None = None
    message: dict[str, Any] | None = None


@dataclass(frozen=True)
class Across:
    """A strategy's mean over pairs of two domains, and within domains, with 95 % bounds over the tests.

    *gap* is how much tuning in the target itself gives on top of tuning in another domain; *rest* is what
    tuning on all other domains together reaches. *behind* is how far it is below the best strategy in other
    domains, on the same texts. *pairs* and *own* are how many cells these are means of; NaN where there is
    none, and *behind* also where a strategy lacks pairs that the best one has.
    """

    strategy: str
    pairs: int
    macro_f1: float
    low: float
    high: float
    own: int
    own_macro_f1: float
    own_low: float
    own_high: float
    gap: float
    gap_low: float
    gap_high: float
    rest: float
    rest_low: float
    rest_high: float
    behind: float = np.nan
    behind_low: float = np.nan
    behind_high: float = np.nan


@dataclass(frozen=True)
class Crossing:
    """A crossing as far as it has come.

    Attributes
    ----------
    macro_f1, low, high, spread : float64 [strategies, sources, targets]
        Means over the seeds that are done; bounds (95 %) over the texts; standard deviation over seeds, NaN
        of one. Sources are the domains and, if ``config.all_but``, all but each. NaN: not there (yet).
    seeds : int64 [strategies, sources]
        Trainings that are done.
    gap_low, gap_high : float64 [strategies, sources, targets]
        Paired bounds of how far tuning in the target itself is above.
    tested : int64 [targets]
    chance : float64 [targets]
    seconds : float64 [strategies]
        Mean of a training.
    """

    run: str
    corpus: str
    config: CrossConfig
    domains: tuple[str, ...]
    strategies: tuple[str, ...]
    macro_f1: Array
    low: Array
    high: Array
    spread: Array
    seeds: npt.NDArray[np.int64]
    gap_low: Array
    gap_high: Array
    tested: npt.NDArray[np.int64]
    chance: Array
    seconds: Array
    across: tuple[Across, ...] = ()
    trainings: tuple[Training, ...] = ()
    notes: tuple[dict[str, Any], ...] = ()
    state: str = "finished"

    @property
    def gap(self) -> Array:
        """Macro-F1 of tuning in the target itself minus the cell's: [strategies, sources, targets]."""
        own = np.einsum("ktt->kt", self.macro_f1[:, : len(self.domains)])
        return np.asarray(own[:, None] - self.macro_f1)

    @property
    def done(self) -> int:
        return sum(training.state not in ("waiting", "running") for training in self.trainings)


def load(run_id: str) -> Crossing:
    """The crossing *run_id* as it is now.

    Raises
    ------
    NotFound
        If there is no such run, or it is no crossing.
    """
    run = store.get(run_id)
    if run.kind != KIND:
        raise NotFound(N_("The run {run} is not a transfer of strategies."), run=run_id)
    about = _read(run.folder / CROSSING)
    config, domains = validate(run.config), tuple(about.get("domains", ()))
    trainings = tuple(_ended(Training(**each), run.live) for each in about.get("trainings", ()))
    truth = _truth(run.folder / TRUTH, len(domains))
    predicted = {
        training.id: np.load(run.folder / PREDICTED / f"{training.id}.npy", allow_pickle=False)
        for training in trainings
        if training.state == "done"
    }
    found = measured(config.strategies, trainings, truth, predicted, sources_of(config, domains))
    return Crossing(
        run=run.id, corpus=str(run.config["corpus"]), config=config, domains=domains,
        strategies=config.strategies, trainings=trainings, notes=tuple(about.get("notes", ())),
        state=run.state, **found,
    )  # fmt: skip


def sources_of(config: CrossConfig, domains: tuple[str, ...]) -> int:
    """Rows of the matrices."""
    return len(domains) * (2 if config.all_but and len(domains) > 2 else 1)


def measured(
    strategies: tuple[str, ...],
    trainings: tuple[Training, ...],
    truth: list[npt.NDArray[np.int64]],
    predicted: dict[str, npt.NDArray[np.int64]],
    sources: int,
) -> dict[str, Any]:
    """Every number of a :class:`Crossing`, from the labels that its trainings gave.

    Parameters
    ----------
    truth : list of int64 [tested texts], one a target
    predicted : dict of int64 [all tested texts], by the id of a training that is done
    """
    shape = len(strategies), sources, len(truth)
    names = ("macro_f1", "low", "high", "spread", "gap_low", "gap_high")
    found = {name: np.full(shape, np.nan) for name in names}
    ends = np.cumsum([0, *(len(each) for each in truth)])
    seeds, seconds = np.zeros(shape[:2], np.int64), np.full(shape[0], np.nan)
    added = [Sums(len(truth)) for _ in strategies]
    for k, strategy in enumerate(strategies):
        own = [each for each in trainings if each.strategy == strategy and each.id in predicted]
        for training in own:
            seeds[k, training.source] += 1
        took = [training.seconds for training in own if training.seconds is not None]
        seconds[k] = np.mean(took) if took else np.nan
        for t, true in enumerate(truth):
            if len(true) and own:
                said = np.array([predicted[each.id][ends[t] : ends[t + 1]] for each in own])
                rows = np.array([each.source for each in own])
                added[k].hear(t, *_column(found, (k, t), true, said, rows))
    return {
        **found, "seeds": seeds, "seconds": seconds, "across": told(strategies, added),
        "tested": np.array([len(true) for true in truth], dtype=np.int64),
        "chance": np.array([guessing(true) for true in truth]),
    }  # fmt: skip


def _column(
    found: dict[str, Array], at: tuple[int, int], true: npt.NDArray[np.int64],
    said: npt.NDArray[np.int64], rows: npt.NDArray[np.int64],
) -> tuple[dict[int, float], dict[int, Array]]:  # fmt: skip
    """Fill the column of one strategy and target; gives each source's mean over seeds, and its draws.

    The target draws the texts, so that they are the same for every strategy.
    """
    k, t = at
    exact = macro_f1(np.ones((1, len(true))), true, said)[0]
    draws = resampled(true, said, seed=t)
    means = {int(row): float(exact[rows == row].mean()) for row in np.unique(rows)}
    drawn = {row: draws[:, rows == row].mean(axis=1) for row in means}
    for row, value in means.items():
        found["macro_f1"][k, row, t] = value
        several = (rows == row).sum() > 1
        found["spread"][k, row, t] = exact[rows == row].std(ddof=1) if several else np.nan
        whole_range = len(true) < FEW
        found["low"][k, row, t], found["high"][k, row, t] = (0, 1) if whole_range else bounds(drawn[row])
        if t in means:
            gap = (-1, 1) if whole_range else bounds(drawn[t] - drawn[row])
            found["gap_low"][k, row, t], found["gap_high"][k, row, t] = gap
    return means, drawn


class Sums:
    """Adds up the cells of one strategy, target by target: between domains, within them, and the gaps."""

    def __init__(self, domains: int) -> None:
        self.domains = domains
        self.cells: dict[str, list[float]] = {"cross": [], "own": [], "gap": [], "rest": []}
        self.draws: dict[str, Any] = dict.fromkeys(self.cells, 0.0)
        self.crossed: list[tuple[int, int]] = []

    def hear(self, target: int, means: dict[int, float], draws: dict[int, Array]) -> None:
        for row in means:
            if row == target:
                self._add("own", means[row], draws[row])
            elif row < self.domains:
                self._add("cross", means[row], draws[row])
                self.crossed.append((row, target))
                if target in means:
                    self._add("gap", means[target] - means[row], draws[target] - draws[row])
            elif row == self.domains + target:
                self._add("rest", means[row], draws[row])

    def _add(self, name: str, value: float, draws: Array) -> None:
        self.cells[name].append(value)
        self.draws[name] = self.draws[name] + draws

    def told(self, strategy: str) -> Across:
        values: dict[str, tuple[float, float, float]] = {}
        for name, cells in self.cells.items():
            if cells:
                low, high = bounds(self.draws[name] / len(cells))
                values[name] = float(np.mean(cells)), float(low), float(high)
            else:
                values[name] = np.nan, np.nan, np.nan
        return Across(
            strategy, len(self.cells["cross"]), *values["cross"], len(self.cells["own"]), *values["own"],
            *values["gap"], *values["rest"],
        )  # fmt: skip


def told(strategies: tuple[str, ...], added: list[Sums]) -> tuple[Across, ...]:
    """The means of every strategy, and how far each is behind the best one."""
    across = [sums.told(strategy) for strategy, sums in zip(strategies, added, strict=True)]
    known = [k for k, each in enumerate(across) if each.pairs]
    if not known:
        return tuple(across)
    best = max(known, key=lambda k: across[k].macro_f1)
    for k in known:
        if added[k].crossed == added[best].crossed:
            apart = (added[best].draws["cross"] - added[k].draws["cross"]) / across[k].pairs
            low, high = bounds(apart)
            gap = across[best].macro_f1 - across[k].macro_f1
            across[k] = replace(across[k], behind=gap, behind_low=float(low), behind_high=float(high))
    return tuple(across)


def write(folder: Path, domains: tuple[str, ...], trainings: tuple[Training, ...], notes: Any) -> None:
    about = {"domains": domains, "trainings": [asdict(each) for each in trainings], "notes": list(notes)}
    write_json(folder / CROSSING, events.plain(about))


def write_truth(folder: Path, truth: list[npt.NDArray[np.int64]]) -> None:
    with whole(folder / TRUTH) as draft, draft.open("wb") as file:
        np.savez(file, *truth)


def _truth(path: Path, count: int) -> list[npt.NDArray[np.int64]]:
    if not path.exists():
        return [np.empty(0, np.int64)] * count
    with np.load(path, allow_pickle=False) as kept:
        return [kept[name] for name in kept.files]


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _ended(training: Training, live: bool) -> Training:
    """A training as kept; of a run that has ended without it, what its worker could not write any more."""
    if live or training.state not in ("running", "waiting"):
        return training
    cut = {"what": N_("The run ended before this training did."), "cure": "", "values": {}}
    return replace(training, state="stopped" if training.state == "running" else "skipped", message=cut)
