"""``tokens(model, text, pair)``: which tokens of a text matter, asked in four ways, and how they agree."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xfer_core.attention.flow import Flow
from xfer_core.attention.gradients import Gradients
from xfer_core.i18n import N_
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.waiting import ready, submit

WAYS = {
    "removed": N_("Masked"),
    "gradients": N_("Integrated gradients"),
    "rollout": N_("Rollout"),
    "flow": N_("Flow"),
}


def tokens(model: str, text: str, pair: str) -> None:
    st.subheader(t("Which tokens matter"))
    job = submit("xfer_core.attention.flow:flow_of", lane="long", model=model, text=text, pair=pair or None)
    if not ready(job, t("Following attention through the layers")):
        return
    flow: Flow = job.result
    found = {
        "removed": flow.removed,
        "gradients": flow.gradients.values,
        "rollout": flow.rollout,
        "flow": flow.flow,
    }
    _table(flow.tokens, found)
    _agreement(flow.correlations)
    _how_made(flow.gradients)


def _table(shown: list[str], found: dict[str, NDArray[np.float64]]) -> None:
    columns = {t("Token"): shown} | {t(WAYS[name]): _shares(values) for name, values in found.items()}
    bar = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
    signed = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        columns, hide_index=True, key="tokens", height="content" if len(shown) < 30 else 600,
        column_config={t(WAYS[name]): signed if name == "gradients" else bar for name in found},
        alt=t("Every token with its share by masking, gradients, rollout and flow"),
    )  # fmt: skip


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the sum of sizes, so that four ways of counting stand side by side; signs are kept."""
    return values / (np.abs(values).sum() or 1.0)


def _agreement(correlations: dict[str, float]) -> None:
    said = t("{one} and {other}: {rho}")
    unknown = t("unknown")
    pairs = []
    for name, rho in correlations.items():
        one, other = (t(WAYS[way]) for way in name.split("."))
        pairs.append(said.format(one=one, other=other, rho=number(rho, 2) if np.isfinite(rho) else unknown))
    whole = t("How far they agree on the order of tokens (rank correlation): {pairs}.")
    st.caption(whole.format(pairs=" · ".join(pairs)), width=760)


def _how_made(gradients: Gradients) -> None:
    score = t("the cosine of the text's vector with what it was")
    if gradients.label:
        score = t("the logit of “{label}”").format(label=lit(gradients.label))
    st.caption(
        t(
            "In shares of the sum of sizes. Masked: how far the score, {score}, moves when the token is"
            " replaced by the mask or padding token. Integrated gradients (Sundararajan et al. 2017, {steps}"
            " steps, against a text of {baseline}): parts that raise (+) and lower (−) the score, which miss"
            " the whole by {delta}. Rollout and flow (Abnar and Zuidema 2020) follow attention alone from"
            " token to prediction: they know neither values nor classes, so they say the same of every class"
            " and cannot explain a decision."
        ).format(
            score=score,
            steps=number(gradients.steps),
            baseline=t(gradients.baseline),
            delta=number(gradients.delta, 4),
        ),
        width=760,
    )
