"""Strategies across domains: live while they are tuned, then a matrix each, beside that of the probes.

- ``one(run_id)``: the whole page of ``/transfer?crossing=RUN``
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from xfer_core.analysis.transfer import Transfer
from xfer_core.analysis.transfer_words import CHOSEN
from xfer_core.charts import crossing as charts
from xfer_core.charts import transfer as of_probes
from xfer_core.charts.matrix import known_range
from xfer_core.charts.standalone import Page
from xfer_core.crossing import results, settings, words
from xfer_core.crossing.results import Crossing, Training
from xfer_core.i18n import N_, fill, translate
from xfer_core.runs import store
from xfer_core.runs.store import Run
from xfer_core.ui import run_ends, run_live, take_away
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import duration, filled, language, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import ready, submit

WIDTH = 760
PICTURE = take_away.picture("transfer")
LIVE = ("waiting", "running")


def one(run_id: str) -> None:
    opened = run_live.opened(
        run_id, settings.KIND, results.load, page="transfer", label=t(entry("transfer").title)
    )
    if opened is None:
        return
    run, found = opened
    run_live.top(
        run, found.notes, back=t("Transfer of the untuned model"), name="crossing",
        stops=t("Ends the training that runs; what is finished is kept."),
        stopping=t("Stopping: what is finished is kept."),
    )  # fmt: skip
    if run.live:
        run_live.moving(run, found, results.load, _done, _moving)
    if any(each.pairs or each.own for each in found.across):
        _result(found)
    elif not run.live:
        st.caption(t("Nothing was tuned to its end."))
    _trainings(found)
    show_command(settings.command(found.config, f"corpus:{found.corpus}"))
    run_ends.removal(
        run, label=t("Delete this transfer"), back="transfer",
        says=t("Its numbers and curves go for good."),
    )  # fmt: skip


def _done(found: Crossing) -> int:
    """What the page outside the moving part depends on."""
    return found.done


def _moving(run: Run, found: Crossing) -> None:
    running = next((each for each in found.trainings if each.state == "running"), None)
    said = [f"{lit(running.strategy)}, {_source(found, running)}"] if running else []
    over = t("{n} of {all} trainings over").format(n=number(found.done), all=number(len(found.trainings)))
    run_live.progress(run, [*said, over], found.done / max(len(found.trainings), 1))


def _source(found: Crossing, training: Training) -> str:
    size = len(found.domains)
    name = lit(found.domains[training.source % size])
    return name if training.source < size else t("all but {domain}").format(domain=name)


def _result(found: Crossing) -> None:
    probes = _probes(found)
    for said in words.said(found, probes):
        st.markdown(lit(filled(said["message"], said["values"])), width=WIDTH)
    st.plotly_chart(
        charts.keeps(found, probes, t=t), key="keeps", config=PICTURE,
        alt=t("Macro-F1 of every strategy within its domain and in other domains"),
    )  # fmt: skip
    st.caption(
        t(
            "Rings: tested in the domain it was tuned in. Dots: in the others, with 95 % over the texts"
            " tested. The shorter the line, the less is lost on the way."
        ),
        width=WIDTH,
    )
    _matrix(found, probes)
    _numbers(found)
    take_away.files(found.run, t("Every cell (CSV)"), cells(found), page(found, probes))


def _probes(found: Crossing) -> Transfer | None:
    """Probes of the untuned model, tested on the same texts."""
    config = found.config
    job = submit(
        "xfer_core.analysis.probes:transfer_of", lane="long", model=config.model, corpus_id=found.corpus,
        per_class=config.per_class, max_length=config.max_length, seed=config.seed,
    )  # fmt: skip
    return job.result if ready(job, t("Reading every text in every layer")) else None


def _matrix(found: Crossing, probes: Transfer | None) -> None:
    """One strategy's matrix; beside it that of the probes, in the same colours."""
    st.subheader(t("Every pair of domains"))
    names = tuple(each.strategy for each in found.across if each.pairs or each.own)
    with st.container(horizontal=True):
        strategy = st.selectbox(t("Strategy"), **linked("strategy", names, names[0]))
        shown = st.radio(
            t("Show"), format_func=lambda code: t(SHOWN[code]), horizontal=True,
            **linked("matrix", tuple(SHOWN), "score"),
        )  # fmt: skip
    gap = shown == "gap"
    values = [found.gap if gap else found.macro_f1]
    if probes is not None:
        values.append(probes.gap if gap else probes.macro_f1)
    common = known_range(np.concatenate([each.ravel() for each in values]))
    left, right = st.columns(2, gap="medium") if probes is not None else (st.container(), None)
    with left:
        st.markdown(f"**{lit(strategy)}**")
        st.plotly_chart(
            charts.heat(found, strategy, gap=gap, range_=common, t=t), key="drawn", config=PICTURE,
            alt=t("Macro-F1 of a strategy from every domain to every domain"),
        )  # fmt: skip
    if right is not None and probes is not None:
        with right:
            _beside(probes, gap, common)
    st.caption(
        t("95 % over the texts tested; of several seeds the mean. Empty: not tuned yet, or not to its end."),
        width=WIDTH,
    )


def _beside(probes: Transfer, gap: bool, common: tuple[float, float]) -> None:
    how = probes.default_choice
    st.markdown(f"**{t('probe')}**, {t(CHOSEN[how])}")
    draw = of_probes.gaps if gap else of_probes.heat
    st.plotly_chart(
        draw(probes, how, range_=common, t=t), key="probes", config=PICTURE,
        alt=t("Macro-F1 of a probe on the untuned model from every domain to every domain"),
    )  # fmt: skip


SHOWN = {
    "score": N_("who reads whom"),
    "gap": N_("lost by not training in the target"),
}


def _numbers(found: Crossing) -> None:
    with st.expander(t("Every strategy in numbers"), key="numbers"):
        st.dataframe(
            _table(found, t), hide_index=True, key="numbers-table", placeholder="\u2013",
            alt=t("Means of every strategy within its domain and across domains"),
        )  # fmt: skip


def _table(found: Crossing, say: Callable[[str], str]) -> pd.DataFrame:
    rows = [
        {
            say(N_("Strategy")): each.strategy,
            say(N_("In other domains")): round(each.macro_f1, 3),
            say(N_("95% between")): f"{each.low:.3f}–{each.high:.3f}",
            say(N_("Within its domain")): round(each.own_macro_f1, 3),
            say(N_("Lost by not training in the target")): f"{each.gap:+.3f}",
            say(N_("lost between")): f"{each.gap_low:+.3f} … {each.gap_high:+.3f}",
            say(N_("Behind the best")): round(each.behind, 3),
            say(N_("behind between")): f"{each.behind_low:+.3f} … {each.behind_high:+.3f}",
            say(N_("Pairs")): each.pairs,
            say(N_("Seconds a training")): round(float(seconds), 1),
        }
        for each, seconds in zip(found.across, found.seconds, strict=True)
    ]
    return pd.DataFrame(rows)


def _trainings(found: Crossing) -> None:
    with st.expander(t("Every training"), key="trainings"):
        for each in sorted(found.trainings, key=lambda each: each.state not in ("running", "failed"))[:60]:
            run_live.row(f"t-{each.id}", lit(each.strategy), each.state, _told(found, each), width=130)
        if len(found.trainings) > 60:
            st.caption(t("The first 60 of them; the table has all."))


def _told(found: Crossing, training: Training) -> list[str]:
    said = [_source(found, training), t("seed {n}").format(n=training.seed)]
    if training.seconds is not None:
        said.append(duration(training.seconds))
    elif training.state in LIVE:
        said.append(t("about {time} predicted").format(time=duration(training.predicted_seconds)))
    if training.message and (error := store.to_error(training.message)):
        said.append(lit(error))
    return said


def cells(found: Crossing) -> Callable[[], str]:
    """One row a strategy, source and target."""
    return lambda: str(pd.DataFrame(words.cells(found)).to_csv(index=False))


def page(found: Crossing, probes: Transfer | None) -> Callable[[], str]:
    """Words, pictures and numbers as one HTML file that needs nothing else."""
    spoken = language()

    def say(message: str) -> str:
        return translate(message, spoken)

    def make() -> str:
        made = Page(say("Transfer"), language=spoken, t=say)
        made.paragraph(f"{found.config.model} · {found.corpus} · {found.run}")
        made.items([fill(each["message"], each["values"], say) for each in words.said(found, probes)])
        made.picture(charts.keeps(found, probes, t=say), say("Within its domain and in other domains"))
        for strategy in found.strategies:
            made.heading(strategy, 3)
            made.picture(charts.heat(found, strategy, t=say), say(SHOWN["score"]))
        table = _table(found, say)
        made.rows(list(table.columns), table.to_numpy().tolist())
        made.code(settings.command(found.config, f"corpus:{found.corpus}"))
        return made.html()

    return make
