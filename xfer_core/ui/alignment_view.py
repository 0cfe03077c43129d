"""What bridging two domains on frozen features did.

- ``choice(alignment)``: which method and layer to look at
- ``words(alignment, method, layer)``: did it help, hurt, or can it not be told
- ``pictures(alignment, method, layer)``: before and after, gains by layer, the texts in a plane
- ``every_pair(pairs, layer)``: each method over all pairs of domains
- ``files(alignment, method, layer)``: everything to take away
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from xfer_core.analysis.alignment import DEFAULT, METHODS, NONE, Alignment, Pairs
from xfer_core.analysis.alignment.words import SHIFTED, over_all, said
from xfer_core.charts import alignment as charts
from xfer_core.charts.standalone import Page
from xfer_core.i18n import fill, translate
from xfer_core.ui import take_away
from xfer_core.ui.language import duration, filled, language, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import linked

WIDTH = 760  # pixels: a line of running text that an eye can follow
PICTURE = take_away.picture("adaptation")


def choice(found: Alignment) -> tuple[str, int]:
    """Method and layer; the layer by default the one that is chosen without labels of the target."""
    acting = tuple(name for name in found.methods if name != NONE)
    with st.grid(2, min_column_width=260):
        method = st.selectbox(
            t("Method"), format_func=lambda name: t(METHODS[name].title), **linked("method", acting, DEFAULT)
        )
        layer = st.selectbox(
            t("Layer of the features"),
            help=t(
                "The one shown at first is chosen without labels of the target. Who picks one by the scores"
                " below looks at labels that adaptation does without."
            ),
            **linked("layer", found.layers, found.chosen_layer, int),
        )
    return method, layer


def words(found: Alignment, method: str, layer: int) -> None:
    verdict = found.verdict(method, layer)
    heading = t("{method}: no sure gain here")
    if not found.scored:
        heading = t("{method}: nothing to score it by")
    elif verdict == "helps":
        heading = t("{method}: it helps here")
    elif verdict == "hurts":
        heading = t("{method}: it hurts here")
    st.subheader(heading.format(method=t(METHODS[method].title)))
    for each in said(found, method, layer):
        st.markdown(lit(filled(each["message"], each["values"])), width=WIDTH)
    if found.scored and found.shares == "natural" and found.shift >= SHIFTED:
        st.caption(
            t("With class shares made equal, as papers test, it may look better: choose that above."),
            width=WIDTH,
        )
    for note in found.notes:
        st.caption(lit(filled(note["message"], note["values"])), width=WIDTH)


def pictures(found: Alignment, method: str, layer: int) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.plotly_chart(
            charts.before_after(found, method, layer, t=t), key="before-after", config=PICTURE,
            alt=t("Macro-F1 in source and target, before and after"),
        )  # fmt: skip
    with right:
        st.plotly_chart(
            charts.places(found, method, layer, t=t), key="places", config=PICTURE,
            alt=t("Texts of both domains in a plane, before and after"),
        )  # fmt: skip
    shown = t(
        "Left: bars are macro-F1, with the 95% that {tested} target texts and {own} source texts allow."
        " Right: up to 250 texts of each domain in the two main directions of both before anything"
        " moved; colour is the domain, shape the label. Domains that lie on each other are not yet"
        " classes that do."
    )
    if not found.scored:
        shown = t(
            "Left: macro-F1 on {own} source texts; on the target there is none. Right: up to 250 texts of"
            " each domain in the two main directions of both before anything moved; colour is the domain."
        )
    st.caption(shown.format(tested=number(found.tested), own=number(found.source_tested)), width=WIDTH)
    st.subheader(t("Every method, every layer"))
    if found.scored:
        _gains(found, method)
    else:
        _surest(found)
    costs(found)


def _surest(found: Alignment) -> None:
    st.plotly_chart(
        charts.surest(found, t=t), key="surest", config=PICTURE,
        alt=t("How sure and varied predictions are, for every method and layer"),
    )  # fmt: skip
    st.caption(
        t(
            "Mutual information of target texts and predictions: how sure they are of each text, and how"
            " varied over all. It needs no labels and goes with macro-F1 only loosely; a method surely wrong"
            " is high too. Some dozens of labelled target texts would tell more."
        ),
        width=WIDTH,
    )


def _gains(found: Alignment, method: str) -> None:
    st.plotly_chart(
        charts.gains(found, method, t=t), key="gains", config=PICTURE,
        alt=t("Gain in macro-F1 on the target by layer, for every method"),
    )  # fmt: skip
    st.caption(
        t(
            "A strip a method, all to one scale: gain over no adaptation on the same layer, with 95%"
            " intervals from the same {tested} texts drawn again for both; an interval that holds 0 says"
            " nothing either way. With so many of them, one in twenty lies wholly beside 0 by luck."
        ).format(tested=number(found.tested)),
        width=WIDTH,
    )


def costs(found: Alignment) -> None:
    st.caption(
        t(
            "{trained} labelled source texts trained the probe; {fitted} target texts without labels fitted"
            " the methods; seed {seed}; one fit takes {least} to {most} ms of the processor; all was"
            " computed in {time}."
        ).format(
            trained=number(found.trained), fitted=number(found.fitted), seed=int(found.seed),
            least=number(1_000 * found.method_seconds.min()), most=number(1_000 * found.method_seconds.max()),
            time=duration(found.seconds),
        ),
        width=WIDTH,
    )  # fmt: skip
    if found.shares == "equal":
        st.caption(
            t("Class shares were made equal in both domains, which takes labels of the target."), width=WIDTH
        )
    else:
        st.caption(t("Texts were drawn without a look at their labels."), width=WIDTH)


def every_pair(found: Pairs, layer: int) -> None:
    for each in over_all(found, layer):
        st.markdown(lit(filled(each["message"], each["values"])), width=WIDTH)
    signed = st.column_config.NumberColumn(format="%+.3f")
    st.dataframe(
        pair_table(found, layer), key="pairs-table", hide_index=True,
        column_config={t("Mean gain"): signed, t("Worst gain"): signed},
        alt=t("Mean and worst gain of every method over all pairs"),
    )  # fmt: skip
    st.plotly_chart(
        charts.pairs(found, layer, t=t), key="pairs-picture", config=PICTURE,
        alt=t("Gain of every method in every pair of domains"),
    )  # fmt: skip
    for note in found.notes:
        st.caption(lit(filled(note["message"], note["values"])), width=WIDTH)


def pair_table(found: Pairs, layer: int) -> pd.DataFrame:
    """One row a method, the one that hurts least first."""
    place = found.layers.index(layer)
    rows = [
        {
            t("Method"): t(METHODS[name].title),
            t("Mean gain"): round(float(found.mean()[row, place]), 3),
            t("Worst gain"): round(float(found.worst()[row, place]), 3),
            t("Pairs it clearly helps"): int(found.helped()[row, place]),
            t("Pairs it clearly hurts"): int(found.hurt()[row, place]),
        }
        for row, name in enumerate(found.methods)
        if name != NONE
    ]
    return pd.DataFrame(rows).sort_values(t("Worst gain"), ascending=False)


def methods() -> None:
    with st.expander(t("What each method does, when it is likely to hurt, and whose it is"), key="methods"):
        for each in METHODS.values():
            st.markdown(f"**{t(each.title)}.** {t(each.what)} {t(each.when_not)}", width=WIDTH)
            if each.source:
                st.caption(lit(each.source))


def files(found: Alignment, method: str, layer: int) -> None:
    take_away.files("adaptation", t("All numbers (CSV)"), table(found), page(found, method, layer))


def table(found: Alignment) -> Callable[[], str]:
    """One row a method and layer."""
    return lambda: pd.DataFrame(found.rows()).to_csv(index=False)


def page(found: Alignment, method: str, layer: int) -> Callable[[], str]:
    """Words and pictures as one HTML file that needs nothing else."""
    spoken = language()

    def say(message: str) -> str:
        return translate(message, spoken)

    def make() -> str:
        made = Page(say("Adaptation"), language=spoken, t=say)
        made.paragraph(f"{found.model} · {found.corpus} · {found.source} → {found.target}")
        told = (*said(found, method, layer), *found.notes)
        made.items([fill(each["message"], each["values"], say) for each in told])
        made.picture(charts.before_after(found, method, layer, t=say), say("Before and after"))
        made.picture(charts.places(found, method, layer, t=say), say("Texts of both domains in a plane"))
        every = charts.gains(found, method, t=say) if found.scored else charts.surest(found, t=say)
        made.picture(every, say("Every method, every layer"))
        return made.html()

    return make
