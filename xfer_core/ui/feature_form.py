"""What a map is made of: model, what it is compared with, and settings; all in the address."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from xfer_core.analysis.features import Pool
from xfer_core.analysis.projection import Maps
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import Corpus
from xfer_core.models import sources
from xfer_core.runs.models import tuned
from xfer_core.settings import LIMITS
from xfer_core.ui import pick
from xfer_core.ui.language import number, t
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import ready, result_of, submit

COUNTS = tuple(n for n in (250, 500, 1_000, 2_000, 5_000, 10_000, 20_000) if n <= LIMITS.features_texts)
HOLDS = (0.0, 0.25, 0.5, 0.75, 1.0)
PROJECTION = "xfer_core.analysis.projection"


@dataclass(frozen=True)
class Choice:
    """What is mapped: *base* is the model it is compared with, or empty."""

    model: str
    base: str
    pool: Pool
    texts: int
    seed: int
    hold: float

    def reading(self, corpus: Corpus, model: str = "") -> Reading:
        """Which texts are read, and how, by *model* or the chosen one."""
        return Reading(model or self.model, corpus.id, self.pool, self.texts, seed=self.seed)

    def command(self, corpus: Corpus) -> str:
        """What writes this map as a page."""
        given = [self.model, f"corpus:{corpus.id}", "--pool", self.pool, "--texts", str(self.texts)]
        given += [
            "--seed",
            str(self.seed),
            "--hold",
            f"{self.hold:g}",
            *(["--base", self.base] if self.base else []),
        ]
        return shlex.join(["xfer", "maps", *given, "--out", "map.html"])


def choose() -> Choice:
    with st.grid(3, min_column_width=220):
        model = pick.model()
        base = _base(model)
        count = st.selectbox(
            t("Texts at most"), format_func=number,
            help=t("A thousand texts take seconds, twenty thousand several minutes the first time."),
            **linked("texts", COUNTS, 1_000, int),
        )  # fmt: skip
        pool = cast(Pool, pick.pool())
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params",
            help=t("Chooses the texts and starts the map; the same seed gives the same map."),
        )  # fmt: skip
        hold = st.select_slider(
            t("Hold the layers"), format_func=_held,
            help=t(
                "Still: all layers keep one common shape, so that points move little, but what tuning pulled"
                " apart in one layer may be hidden. Own shape: a layer that needs another shape takes it."
            ),
            **linked("hold", HOLDS, 0.0, float),
        )  # fmt: skip
    return Choice(model, base, pool, count, int(seed), float(hold))


def _base(model: str) -> str:
    """Ids read the same in every language, so the widget may be bound to the address."""
    known = [each for each in [*(s.id for s in sources.listing()), *tuned()] if each != model]
    chosen = st.selectbox(
        t("Compare with"), known, index=None, key="base", bind="query-params", placeholder=t("nothing"),
        help=t("Another model in the same plane: of a tuned run, the model it started from."),
    )  # fmt: skip
    return chosen or ""


def _held(hold: float) -> str:
    if hold in (0.0, 1.0):
        return t("still") if hold else t("own shape")
    return number(hold, 2)


@dataclass(frozen=True)
class Drawn:
    """One or two maps, the first of *choice.model*; *waiting* while they are only sketches."""

    sets: tuple[Maps, ...]
    waiting: tuple[Any, ...]


def maps_of(choice: Choice, corpus: Corpus) -> Drawn:
    """The maps, or sketches of them while they are made; until then draws progress and ends the page."""
    bases = {choice.model: choice.base} | ({choice.base: ""} if choice.base else {})
    readings = {model: choice.reading(corpus, model) for model in bases}
    sketching = [
        submit(f"{PROJECTION}:sketch_of", lane="long", reading=reading) for reading in readings.values()
    ]
    mapping = [
        submit(
            f"{PROJECTION}:maps_of", lane="long", reading=reading, hold=choice.hold, base_model=bases[model]
        )
        for model, reading in readings.items()
    ]
    if all(job.state == "done" for job in mapping):
        return Drawn(tuple(job.result for job in mapping), ())
    title = t("Reading the texts in every layer")
    return Drawn(tuple(result_of(job, title) for job in sketching), tuple(mapping))


def watch(drawn: Drawn) -> None:
    """Below a sketch: how far the map is; when it is there the page runs once more."""
    for job in drawn.waiting:
        if not ready(job, t("Mapping the texts in every layer")):
            return
    if drawn.waiting:
        st.rerun()
