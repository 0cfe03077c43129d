"""Strategies side by side: how good, how sure, what each cost, and where they differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.sweep.resampling import DRAWS, Better, Ints, Resampled, resample
from xfer_core.sweep.results import Arm, Sweep, table
from xfer_core.tasks.baselines import STRENGTHS
from xfer_core.training.strategies import parse

Part = Literal["test", "validation"]
Cost = Literal["trainable_parameters", "seconds", "memory_mb"]

TFIDF, PROBE = "tfidf", "untuned_probe"
REFERENCES = (TFIDF, PROBE)


@dataclass(frozen=True)
class Row:
    """A strategy, or a reference, over its seeds.

    Attributes
    ----------
    strategy : str
        Its name; ``tfidf`` and ``untuned_probe`` for the references.
    layers : int
        How many layers learn: 0 for a head or a classifier on features, depth + 1 if the embeddings do too.
    learning_rate : float or None
        The chosen one; None where a solver takes no steps.
    macro_f1, accuracy : float
        On the test texts, mean over seeds.
    spread, accuracy_spread : float
        Standard deviation over seeds; 0 where there is one seed, or no chance in the strategy.
    low, high : float
        95 % bounds of *macro_f1*: texts and seeds resampled.
    validation_macro_f1 : float
        The same on the validation texts, which made the choices and so flatter a little.
    trials : int
        Learning rates tried to their end; a solver's strengths.
    seconds, memory_mb : float or None
        Of one training, mean over seeds; the largest peak.
    arms : tuple of str
        Ids of the arms compared, by seed.
    """

    strategy: str
    layers: int
    seeds: int
    trials: int
    learning_rate: float | None
    macro_f1: float
    spread: float
    low: float
    high: float
    accuracy: float
    accuracy_spread: float
    validation_macro_f1: float
    trainable_parameters: int | None
    seconds: float | None
    memory_mb: float | None
    arms: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """*rows* in order of trained depth, what they must beat in *references*, the bootstrap behind both."""

    depth: int
    rows: tuple[Row, ...]
    references: dict[str, Row]
    test: Resampled | None
    validation: Resampled | None
    texts: int
    label_names: tuple[str, ...]

    def row(self, name: str) -> Row:
        return next(row for row in (*self.rows, *self.references.values()) if row.strategy == name)

    def better(self, a: str, b: str) -> Better:
        """How much better *a* is than *b* on the test texts, of which both read the same ones.

        Raises
        ------
        BadSetting
            If one of them is not (yet) compared.
        """
        if self.test is None or not {a, b} <= set(self.test.exact):
            raise _not_compared(a, b)
        return self.test.better(a, b)

    def table(self) -> pd.DataFrame:
        """One row a strategy, then the references; the fields of :class:`Row` as columns, without *arms*."""
        rows = [asdict(row) for row in (*self.rows, *self.references.values())]
        columns = [name for name in Row.__dataclass_fields__ if name != "arms"]
        return pd.DataFrame(rows, columns=columns)


def numbers(sweep: Sweep, comparison: Comparison | None = None) -> pd.DataFrame:
    """Every number: one row an arm, then one a reference (``role`` is reference), with 95 % intervals.

    ``low`` and ``high`` hold the macro-F1 of that one training on other test texts, ``strategy_low`` and
    ``strategy_high`` the strategy's mean ``strategy_macro_f1`` on other texts and seeds.
    """
    comparison = comparison or compare(sweep)
    rows = [*table(sweep).astype(object).to_dict("records")]
    for reference in comparison.references.values():
        own = {name: getattr(reference, name) for name in _OF_REFERENCE}
        rows.append({"id": reference.strategy, "role": "reference", "state": "done", "chosen": True, **own})
    whole = {row.strategy: row for row in (*comparison.rows, *comparison.references.values())}
    for each in rows:
        row = whole.get(each["strategy"])
        if row is not None and comparison.test is not None and each["chosen"]:
            place = row.arms.index(each["id"]) if each["id"] in row.arms else 0
            each["low"], each["high"] = comparison.test.bounds_of_seed(row.strategy, place)
            each |= {f"strategy_{name}": getattr(row, name) for name in ("macro_f1", "spread", "low", "high")}
    more = ("low", "high", *(f"strategy_{name}" for name in ("macro_f1", "spread", "low", "high")))
    names = [*Arm.__dataclass_fields__]
    found = pd.DataFrame(rows, columns=[*names[:-1], *more, names[-1]])
    return found.astype(dict.fromkeys(("seed", "trainable_parameters", "steps", "best_step"), "Int64"))


_OF_REFERENCE = ("strategy", "macro_f1", "accuracy", "validation_macro_f1", "seconds")


def compare(sweep: Sweep, *, draws: int = DRAWS, seed: int = 0) -> Comparison:
    """What has been compared so far; without rows while no strategy is through."""
    test, validation = (resampled(sweep, part, draws=draws, seed=seed) for part in ("test", "validation"))
    rows = [
        _row(sweep, name, arms, test, validation)
        for name, arms in finished(sweep).items()
        if test and validation
    ]
    rows.sort(key=lambda row: (row.layers, row.trainable_parameters or 0, row.strategy))
    references = {
        name: _reference(sweep, name, test, validation)
        for name in REFERENCES
        if name in sweep.references and test and name in test.exact
    }
    return Comparison(
        depth=sweep.depth,
        rows=tuple(rows),
        references=references,
        test=test,
        validation=validation,
        texts=len(sweep.truth),
        label_names=sweep.label_names,
    )


def finished(sweep: Sweep) -> dict[str, tuple[Arm, ...]]:
    """Strategy → its compared arms by seed, for those whose predictions of both parts are there."""
    found: dict[str, list[Arm]] = {}
    for arm in sorted(sweep.chosen, key=lambda arm: arm.seed):
        if arm.id in sweep.predicted and arm.id in sweep.validation_predicted:
            found.setdefault(arm.strategy, []).append(arm)
    return {name: tuple(arms) for name, arms in found.items()}


def predictions(sweep: Sweep, part: Part = "test") -> dict[str, Ints]:
    """Labels given by every strategy and reference: name → int64 [seeds, n]."""
    given = sweep.predicted if part == "test" else sweep.validation_predicted
    found = {name: np.stack([given[arm.id] for arm in arms]) for name, arms in finished(sweep).items()}
    return found | {name: given[name][None] for name in REFERENCES if name in given}


def resampled(sweep: Sweep, part: Part = "test", *, draws: int = DRAWS, seed: int = 0) -> Resampled | None:
    """Bootstrap of all that is compared on one part; None while nothing is, or where the part is empty."""
    truth, given = _truth(sweep, part), predictions(sweep, part)
    if not given or not len(truth):
        return None
    return resample(truth, given, draws=draws, seed=seed)


def trained_layers(strategy: str, depth: int) -> int:
    """How many layers learn at the end: 0 for the head alone, depth + 1 if the embeddings do too."""
    embeddings, *layers = parse(strategy).plan(depth).trained
    return sum(state != "frozen" for state in layers) + (embeddings != "frozen")


def pareto(comparison: Comparison, cost: Cost = "trainable_parameters") -> tuple[str, ...]:
    """Strategies that none other beats in both cost and mean macro-F1, cheapest first."""
    known = [(row, getattr(row, cost)) for row in comparison.rows]
    priced = sorted(
        ((row, price) for row, price in known if price is not None),
        key=lambda pair: (pair[1], -pair[0].macro_f1),
    )
    front: list[str] = []
    best = -1.0
    for row, _ in priced:
        if row.macro_f1 > best:
            front.append(row.strategy)
            best = row.macro_f1
    return tuple(front)


def per_class(sweep: Sweep) -> pd.DataFrame:
    """F1 of every class on the test texts: ``strategy, label, code, f1, spread`` (sd over seeds), ``n``."""
    rows = []
    counts = np.bincount(sweep.truth, minlength=len(sweep.label_names))
    for strategy, given in predictions(sweep).items():
        scores = np.array([_f1(sweep.truth, labels, len(sweep.label_names)) for labels in given])
        spread = scores.std(axis=0, ddof=1) if len(scores) > 1 else np.zeros(scores.shape[1])
        rows += [
            (strategy, label, code, scores[:, code].mean(), spread[code], int(counts[code]))
            for code, label in enumerate(sweep.label_names)
        ]
    return pd.DataFrame(rows, columns=["strategy", "label", "code", "f1", "spread", "n"])


def votes(given: Ints, classes: int) -> Ints:
    """The label most seeds give, the lowest of equals: int64 [seeds, n] → int64 [n]."""
    return np.argmax(np.stack([(given == label).sum(axis=0) for label in range(classes)]), axis=0)


def disagreements(sweep: Sweep, right: str, wrong: str) -> pd.DataFrame:
    """Test texts that most seeds of *right* read right and most seeds of *wrong* wrong, clearest first.

    Columns: ``row`` (of the table), ``text``, ``true``, then by name the label that most seeds of each
    strategy and reference give, *right* and *wrong* first.

    Raises
    ------
    BadSetting
        If one of them is not (yet) compared.
    """
    given = predictions(sweep)
    if right not in given or wrong not in given:
        raise _not_compared(right, wrong)
    names = np.array(sweep.label_names, dtype=object)
    voted = {name: votes(given[name], len(names)) for name in dict.fromkeys((right, wrong, *given))}
    share = {name: (given[name] == sweep.truth).mean(axis=0) for name in (right, wrong)}
    apart = (share[right] > 0.5) & (share[wrong] < 0.5) & (voted[wrong] != sweep.truth)
    found = np.flatnonzero(apart)
    found = found[np.argsort(share[wrong][found] - share[right][found], kind="stable")]
    columns = {name: names[labels[found]] for name, labels in voted.items()}
    return pd.DataFrame(
        {
            "row": sweep.rows[found],
            "text": [sweep.texts[i] for i in found],
            "true": names[sweep.truth[found]],
            **columns,
        }
    )


def _truth(sweep: Sweep, part: Part) -> Ints:
    return sweep.truth if part == "test" else sweep.validation_truth


def _not_compared(*names: str) -> BadSetting:
    return BadSetting(
        N_("{names} are not both compared."),
        N_("Choose strategies of this comparison that are through."),
        names=[name[:40] for name in names],
    )


def _row(sweep: Sweep, name: str, arms: tuple[Arm, ...], test: Resampled, validation: Resampled) -> Row:
    seconds = [arm.seconds for arm in arms if arm.seconds is not None]
    memory = [arm.memory_mb for arm in arms if arm.memory_mb is not None]
    return Row(
        strategy=name,
        layers=trained_layers(name, sweep.depth),
        seeds=len(arms),
        trials=len(STRENGTHS) if parse(name).solver else tried(sweep, name),
        learning_rate=arms[0].learning_rate,
        **_scores(sweep, name, test, validation),
        trainable_parameters=arms[0].trainable_parameters,
        seconds=float(np.mean(seconds)) if seconds else None,
        memory_mb=max(memory) if memory else None,
        arms=tuple(arm.id for arm in arms),
    )


def tried(sweep: Sweep, name: str) -> int:
    """How many learning rates of the strategy were tried to their end."""
    return sum((arm.strategy, arm.role, arm.state) == (name, "trial", "done") for arm in sweep.arms)


def _reference(sweep: Sweep, name: str, test: Resampled, validation: Resampled | None) -> Row:
    return Row(
        strategy=name,
        layers=0,
        seeds=1,
        trials=0,
        learning_rate=None,
        **_scores(sweep, name, test, validation),
        trainable_parameters=None,
        seconds=sweep.references[name].get("seconds"),
        memory_mb=None,
        arms=(),
    )


def _scores(sweep: Sweep, name: str, test: Resampled, validation: Resampled | None) -> dict[str, Any]:
    right = (predictions(sweep)[name] == sweep.truth).mean(axis=1)
    low, high = test.bounds(name)
    seen = validation if validation and name in validation.exact else None
    return {
        "macro_f1": test.mean(name),
        "spread": test.spread(name),
        "low": low,
        "high": high,
        "accuracy": float(right.mean()),
        "accuracy_spread": float(right.std(ddof=1)) if len(right) > 1 else 0.0,
        "validation_macro_f1": seen.mean(name) if seen else float("nan"),
    }


def _f1(truth: Ints, given: Ints, classes: int) -> np.ndarray:
    """F1 of every class; NaN where a class neither occurs nor is predicted."""
    hits = np.bincount(truth[truth == given], minlength=classes)
    found = np.bincount(truth, minlength=classes) + np.bincount(given, minlength=classes)
    return np.divide(2.0 * hits, found, out=np.full(classes, np.nan), where=found > 0)
