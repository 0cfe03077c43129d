"""What a profile says: pictures, definitions, and everything to take away.

- ``pictures(profile)``: the headline, then every other measure small, then how alike layers are
- ``definitions()``: what each measure is, with formula and source
- ``files(profile)``: table, and all as one HTML file
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from xfer_core.analysis.profile import Profile
from xfer_core.charts import profile as charts
from xfer_core.charts.measures import HEADLINE, MEASURES, OTHERS
from xfer_core.charts.profile_html import html
from xfer_core.i18n import translate
from xfer_core.ui import take_away
from xfer_core.ui.headline import WIDTH
from xfer_core.ui.language import duration, language, number, t
from xfer_core.ui.literal import lit

PICTURE = take_away.picture("universality")


def pictures(profile: Profile) -> None:
    if any(getattr(profile, measure.field).known for measure in HEADLINE):
        st.plotly_chart(
            charts.headline(profile, t=t), key="headline", config=PICTURE,
            alt=t("Macro-F1 across domains, macro-F1 within and accuracy of the domain, by layer"),
        )  # fmt: skip
        st.caption(
            t(
                "{n} texts, at most {per_class} of each class and domain, seed {seed}, computed in"
                " {time}. Grey bands: 95 % of 1,000 draws of the texts tested; that of what travels also"
                " holds what other texts to train on would change. Dotted, with the open mark of the"
                " same shape: 95 % of probes of shuffled labels lie below. The best of several layers is"
                " picked with these texts in view, which flatters it a little."
            ).format(
                n=number(profile.n), per_class=number(profile.per_class), seed=number(profile.seed),
                time=duration(profile.seconds),
            ),
            width=WIDTH,
        )  # fmt: skip
    st.subheader(t("Every other measure"))
    with st.grid("auto", min_column_width=270):
        for measure in OTHERS:
            figure = charts.small(profile, measure, t=t)
            if figure is not None:
                with st.container(gap="xsmall"):
                    st.markdown(f"**{t(measure.title)}**", help=t(measure.what))
                    st.plotly_chart(
                        figure, key=f"small-{measure.field}", config=PICTURE, alt=t(measure.title)
                    )
    st.caption(
        t(
            "Grey: 95 % by the standard error that other texts of the same domains would bring. Selectivity"
            " and A-distance: other texts tested, the probes as they are. Neighbours and intrinsic dimension:"
            " other texts asked, among the same neighbours. Anisotropy, MMD and CKA: each text left out once."
            " LogME has none: every draw would need its evidence anew."
        ),
        width=WIDTH,
    )
    st.subheader(t("How alike layers are"))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.plotly_chart(
            charts.likeness(profile, t=t), key="cka", config=PICTURE,
            alt=t("Debiased linear CKA of every two layers"),
        )  # fmt: skip
    right.markdown(
        t(
            "Debiased linear CKA of every two layers, on {n} texts: 1 is the same up to turning and scaling,"
            " 0 nothing in common. A step in it is where the model turns to something else; often that is the"
            " last layer, which was trained for its own task."
        ).format(n=number(profile.sampled))
    )


def definitions() -> None:
    with st.expander(t("What each measure is: definitions, formulas, sources"), key="definitions"):
        for measure in MEASURES:
            st.markdown(f"**{t(measure.title)}.** {t(measure.what)}", width=WIDTH)
            st.latex(measure.formula)
            st.caption(lit(measure.source))


def files(profile: Profile) -> None:
    columns = profile.columns()
    with st.expander(t("All numbers"), key="numbers"):
        st.dataframe(pd.DataFrame(columns).set_index("layer").round(4), alt=t("All numbers"))
    take_away.files("universality", t("All numbers (CSV)"), table(profile), page(profile))


def table(profile: Profile) -> Callable[[], str]:
    """One row a layer, one column a measure."""
    return lambda: pd.DataFrame(profile.columns()).to_csv(index=False)


def page(profile: Profile) -> Callable[[], str]:
    """The whole profile as one HTML file that needs nothing else."""
    spoken = language()

    return lambda: html(profile, t=lambda message: translate(message, spoken), language=spoken)
