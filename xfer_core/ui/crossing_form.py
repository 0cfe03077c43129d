"""Which strategies to tune in every domain: the form, what it will cost, and the start.

- ``panel(corpus, model)``: the whole of it, with earlier runs
- ``form(corpus, source, model) -> CrossConfig | None``: what was chosen, or None (with the reason said)
- ``start(config, corpus)``: queue it and open it
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core.corpora import Corpus
from xfer_core.crossing import forecast, settings
from xfer_core.crossing.forecast import Forecast
from xfer_core.crossing.ground import Ground, check, ground
from xfer_core.crossing.settings import CrossConfig
from xfer_core.errors import XferError
from xfer_core.models.sources import Source
from xfer_core.runs import queue
from xfer_core.training import settings as training
from xfer_core.training import speed
from xfer_core.ui import pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import go
from xfer_core.ui.run_list import run_list
from xfer_core.ui.setting_field import field
from xfer_core.ui.sweep_form import measured, options

WIDTH = 760
OWN = "cross_"
"""Before the names of widgets: the steps of a crossing are not those of a run."""
SHARED = tuple(
    each for each in training.SETTINGS if each.name in (*settings.SHARED, "seed") and each.name != "model"
)


def panel(corpus: Corpus, model: str) -> None:
    st.subheader(t("The same for strategies"))
    st.markdown(
        t(
            "Probes leave the model as it is. Here every strategy is tuned in every domain, with equal steps,"
            " and tested in all of them, on the very texts that tested the probes: which way of tuning still"
            " works in another kind of text?"
        ),
        width=WIDTH,
    )
    source = pick.source(model)
    config = form(corpus, source, model)
    if config is not None:
        _plan(config, corpus, source)
        if st.button(t("Tune in every domain"), type="primary", key="cross", icon=":material/play_arrow:"):
            start(config, corpus)
        show_command(settings.command(config, f"corpus:{corpus.id}"))
    st.subheader(t("Earlier ones"))
    run_list(settings.KIND)


def form(corpus: Corpus, source: Source, model: str) -> CrossConfig | None:
    values: dict[str, Any] = {"model": model}
    values["strategies"] = st.multiselect(
        t("Strategies"), options(source.layers), default=settings.usual(source.layers),
        key=f"{OWN}strategies", bind="query-params", accept_new_options=True,
        help=t("Type to find one, such as full, freeze-2 or features-3."),
    )  # fmt: skip
    with st.grid(4, min_column_width=200):
        for each in settings.SETTINGS:
            values[each.name] = field(each, key=OWN + each.name)
    with st.expander(t("Settings of every training"), key="cross-settings"), st.grid(2, min_column_width=260):
        for each in SHARED:
            values[each.name] = field(each, key=OWN + each.name)
    try:
        config = settings.validate(values)
        check(config)
        found = _ground(corpus.id, config, corpus)
    except XferError as error:
        failure(error)
        return None
    for note in found.notes:
        st.caption(lit(filled(note["message"], note["values"])))
    return config


def _plan(config: CrossConfig, corpus: Corpus, source: Source) -> None:
    found = _forecast(corpus.id, config, repr(speed.known()), corpus, source)
    if measured():
        said = t("Trainings: {n}; about **{time}** in all, if the machine does nothing else")
        st.markdown(said.format(n=number(found.trainings), time=duration(found.seconds)))
    else:
        st.markdown(t("Trainings: {n}").format(n=number(found.trainings)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _ground(corpus_id: str, config: CrossConfig, _corpus: Corpus) -> Ground:
    """Of a large corpus it takes a second, and the form is drawn at every click."""
    return ground(_corpus, config)


@st.cache_resource(max_entries=8, show_spinner=False)
def _forecast(
    corpus_id: str, config: CrossConfig, machine: str, _corpus: Corpus, _source: Source
) -> Forecast:
    return forecast.forecast(config, _ground(corpus_id, config, _corpus), _source)


def start(config: CrossConfig, corpus: Corpus) -> None:
    request = settings.request(config, corpus.id)
    run = queue.submit(settings.KIND, request, f"{corpus.name}-transfer", settings.WORKER)
    go("transfer", crossing=run.id)
