"""What probes found across domains: pictures, every number, and files to take away.

- ``by_layer(found)``: a line a target, or the mean of all pairs
- ``matrices(found)``: who reads whom, the gap to in-domain training, the best layer of every pair
- ``means(found)``: a row a layer or choice of layers, and what each has looked at
- ``files(found)``: every cell as a table, and words and pictures as one HTML file
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from xfer_core.analysis.transfer import BEST, OTHERS, TFIDF, Transfer
from xfer_core.analysis.transfer_words import CHOSEN, FIXED, SEEN, said
from xfer_core.charts import transfer as charts
from xfer_core.charts.standalone import Page
from xfer_core.i18n import N_, fill, translate
from xfer_core.ui import take_away
from xfer_core.ui.headline import WIDTH
from xfer_core.ui.language import duration, language, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import linked

PICTURE = take_away.picture("transfer")
SHOWN = {
    "score": N_("who reads whom"),
    "gap": N_("lost by not training in the target"),
    "best": N_("best layer of every pair"),
}
WORDS = "tfidf"
"""What the address calls TF-IDF among the layers."""


def by_layer(found: Transfer) -> None:
    source = st.radio(
        t("Trained on"), format_func=lambda name: lit(name) if name else t("each, the mean of all pairs"),
        horizontal=True, **linked("source", ("", *found.sources), ""),
    )  # fmt: skip
    st.plotly_chart(
        charts.by_layer(found, source or None, t=t), key="by-layer", config=PICTURE,
        alt=t("Macro-F1 by layer: how well a probe trained in one domain reads the others"),
    )  # fmt: skip
    st.caption(
        t(
            "{n} texts to train on, {tested} to test on; at most {per_class} a class and domain; seed {seed};"
            " computed in {time}."
        ).format(
            n=number(found.trained.sum()), tested=number(found.tested.sum()),
            per_class=number(found.per_class), seed=number(found.seed), time=duration(found.seconds),
        )
    )  # fmt: skip


def matrices(found: Transfer) -> None:
    st.subheader(t("Every pair of domains"))
    shown = st.radio(
        t("Show"), format_func=lambda code: t(SHOWN[code]), horizontal=True,
        **linked("matrix", tuple(SHOWN), "score"),
    )  # fmt: skip
    if shown == "best":
        st.plotly_chart(
            charts.best(found, t=t), key="drawn-best", config=PICTURE,
            alt=t("The best layer of every pair of domains, and its lead over the last layer"),
        )  # fmt: skip
        st.caption(
            t(
                "Large: the layer. Below: its lead over the last layer, with 95 % bounds. The layer"
                " was picked with these test texts in view, which flatters the lead a little."
            ),
            width=WIDTH,
        )
        return
    layer = _layer(found)
    draw = charts.heat if shown == "score" else charts.gaps
    st.plotly_chart(
        draw(found, layer, t=t), key="drawn", config=PICTURE,
        alt=t("Macro-F1 of every pair of domains, or what in-domain training would add"),
    )  # fmt: skip
    below = t(
        "Numbers: macro-F1, 95 % bounds, and how many texts were tested. In the row of one domain, its own"
        " column is text of the kind the probe was trained on; in a row “all but …” the column of the"
        " domain left out is the one it was not trained on."
    )
    if shown == "gap":
        below = t(
            "How much higher macro-F1 is when the probe is trained on the target's own texts, from the same"
            " layer; 95 % bounds, for both together."
        )
    st.caption(below, width=WIDTH)
    if isinstance(layer, str):
        st.caption(t(SEEN[layer]), width=WIDTH)


def _layer(found: Transfer) -> int | str:
    """A layer, TF-IDF or a choice of layers; by default the choice that has not seen the target."""
    choices = _choices(found)
    codes = (*choices, *(str(layer) for layer in found.layers), WORDS)

    def shown(code: str) -> str:
        if code == WORDS:
            return t("TF-IDF")
        return t(CHOSEN[code]) if code in CHOSEN else number(int(code))

    chosen = st.radio(
        t("Layer of the probe"), format_func=shown, horizontal=True, **linked("at", codes, choices[0])
    )
    if chosen == WORDS:
        return TFIDF
    return chosen if chosen in CHOSEN else int(chosen)


def _choices(found: Transfer) -> tuple[str, ...]:
    """Choices that can be made for this corpus, the default one first."""
    known = {mean.how for mean in found.means}
    wanted = dict.fromkeys((found.default_choice, OTHERS, BEST))
    return tuple(how for how in wanted if how in known) or (BEST,)


def means(found: Transfer) -> None:
    with st.expander(t("Every layer and choice of layers, and what each has looked at"), key="means"):
        st.dataframe(
            _table(found, t), hide_index=True, key="means-table", placeholder="\u2013",
            alt=t("Mean macro-F1 of every layer and choice of layers over all pairs"),
        )  # fmt: skip
        st.caption(t(FIXED), width=WIDTH)
        for how in _choices(found):
            st.markdown(f"**{t(CHOSEN[how])}.** {t(SEEN[how])}", width=WIDTH)


def _table(found: Transfer, say: Callable[[str], str]) -> pd.DataFrame:
    rest = {mean.how: mean.macro_f1 for mean in found.rest_means}
    rows = []
    for mean in found.means:
        name = say("TF-IDF") if mean.how == TFIDF else say(N_("layer {n}")).format(n=mean.how)
        rows.append(
            {
                say(N_("Layer")): say(CHOSEN[mean.how]) if isinstance(mean.how, str) else name,
                say(N_("Macro-F1")): round(mean.macro_f1, 3),
                say(N_("95% between")): f"{mean.low:.3f}–{mean.high:.3f}",
                say(N_("Lead over the last layer")): f"{mean.lead:+.3f}",
                say(N_("lead between")): f"{mean.lead_low:+.3f} … {mean.lead_high:+.3f}",
                say(N_("Lost by not training in the target")): f"{mean.gap:+.3f}",
                say(N_("Trained on all but the target")): round(rest.get(mean.how, float("nan")), 3),
                say(N_("Saw test texts")): say(N_("yes")) if mean.how == BEST else say(N_("no")),
            }
        )
    return pd.DataFrame(rows)


def files(found: Transfer) -> None:
    take_away.files("transfer", t("Every cell (CSV)"), cells(found), page(found))


def cells(found: Transfer) -> Callable[[], str]:
    """One row a cell, those of "all but one" below; layer -1 is TF-IDF."""

    def make() -> str:
        rows = [asdict(cell) for half in (False, True) for cell in found.cells(all_but=half)]
        return str(pd.DataFrame(rows).to_csv(index=False))

    return make


def page(found: Transfer) -> Callable[[], str]:
    """Words, pictures and numbers as one HTML file that needs nothing else."""
    spoken = language()

    def say(message: str) -> str:
        return translate(message, spoken)

    def make() -> str:
        made = Page(say("Transfer"), language=spoken, t=say)
        made.paragraph(f"{found.model} · {found.corpus}")
        made.items([fill(each["message"], each["values"], say) for each in (*said(found), *found.notes)])
        made.picture(charts.by_layer(found, t=say), say("Macro-F1 by layer, the mean of all pairs"))
        for title, figure in _pictures(found, say):
            made.picture(figure, title)
        table = _table(found, say)
        made.rows(list(table.columns), table.to_numpy().tolist())
        return made.html()

    return make


def _pictures(found: Transfer, say: Callable[[str], str]) -> list[tuple[str, go.Figure]]:
    chosen, last = found.default_choice, found.layers[-1]
    named: list[tuple[str, Any]] = [
        (say(CHOSEN[chosen]), chosen),
        (say(N_("last layer")), last),
        (say("TF-IDF"), TFIDF),
    ]
    drawn = [(name, charts.heat(found, layer, t=say)) for name, layer in named]
    drawn.append((say(SHOWN["gap"]), charts.gaps(found, chosen, t=say)))
    drawn.append((say(SHOWN["best"]), charts.best(found, t=say)))
    return drawn
