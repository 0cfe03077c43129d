"""Whether heads matter for what the model says: ``draw(model, text, pair)``."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
import streamlit as st

from xfer_core.attention.ablation import Ablations
from xfer_core.attention.switching import Switched
from xfer_core.i18n import N_
from xfer_core.runs.models import base_of
from xfer_core.ui.attention_caveats import encoder_alone
from xfer_core.ui.attention_tokens import tokens
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.headgrid import Measure, headgrid, name_of, switched_off
from xfer_core.ui.language import duration, listed, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import result_of, submit

HOWS = {
    "zero": N_("puts out nothing"),
    "mean": N_("puts out its mean over the text"),
    "before": N_("does what it did before tuning"),
}
"""What a head that is switched off does instead."""


def draw(model: str, text: str, pair: str) -> None:
    st.markdown(
        t(
            "Attention shows how tokens are mixed. Whether that matters is seen by changing it: switch heads"
            " off and watch what the model says."
        ),
        width=760,
    )
    encoder_alone(model)
    base = base_of(model)
    how = st.radio(
        t("A head that is switched off …"), format_func=lambda code: t(HOWS[code]), horizontal=True,
        **linked("how", tuple(HOWS) if base else ("zero", "mean"), "zero"),
    )  # fmt: skip
    asked: dict[str, Any] = {"model": model, "text": text, "pair": pair or None}
    asked |= {"how": "zero" if how == "before" else how, "donor": base if how == "before" else ""}
    job = submit("xfer_core.attention.ablation:ablations_of", lane="long", **asked)
    found: Ablations = result_of(job, t("Switching every head off in turn"))
    shown = measures(found)
    off = switched_off(*shown[0].values.shape)
    effect = st.container()
    headgrid("ablations", shown, switches=True)
    with effect:
        _effect(asked, off, found)
    _evidence(found)
    tokens(model, text, pair)
    _caveats()
    heads = ",".join(name_of(*at) for at in sorted(off))
    given = f"xfer ablate {shlex.quote(model)} --text {shlex.quote(text)}"
    given += f" --pair {shlex.quote(pair)}" if pair else ""
    given += f" --off {heads}" if heads else ""
    given += f" --donor {shlex.quote(base)}" if how == "before" else ""
    show_command(given + (" --how mean" if how == "mean" else ""))


def measures(found: Ablations) -> list[Measure]:
    """The numbers of the grid: of the class the model names first, then of the others, then the estimate."""
    if not found.labels:
        turned = Measure(
            "state", t("How far the text's vector turns"), found.change[..., 0], digits=4,
            help=t("1 − cosine of the text's vector with and without this head. The model is no classifier."),
        )  # fmt: skip
        return [turned]
    gradient = Measure(
        "gradient", t("Estimate by gradient"), found.gradient, digits=3,
        help=t(
            "How much the loss would change for a small change of the head's strength (Michel et al. 2019)."
            " One pass instead of one a head, but a first-order guess."
        ),
    )  # fmt: skip
    first = found.labels.index(found.predicted)
    order = [first, *(place for place in range(len(found.labels)) if place != first)]
    said = t("What switching off this one head does to the logit of “{label}”, the score before the softmax.")
    logits = [
        Measure(
            f"logit-{place + 1}", t("Logit of {label}").format(label=found.labels[place]),
            found.change[..., place], digits=3, diverging=True, help=said.format(label=found.labels[place]),
        )
        for place in order
    ]  # fmt: skip
    if found.probability is None:
        return [*logits, gradient]
    probability = Measure(
        "probability", t("Probability of {label}").format(label=found.predicted),
        found.probability[..., first], digits=2, diverging=True, percent=True,
        help=t("What switching off this one head does to the probability of the class named first."),
    )  # fmt: skip
    return [logits[0], probability, *logits[1:], gradient]


def _effect(asked: dict[str, Any], off: frozenset[tuple[int, int]], found: Ablations) -> None:
    """What the model says with the chosen heads off, beside what it says with all on."""
    if not off:
        st.caption(t("Click heads to switch them off, or a layer's name for all of its heads."))
        return
    job = submit("xfer_core.attention.switching:switched", off=tuple(sorted(off)), **asked)
    now: Switched = result_of(job, t("Reading the text with these heads off"))
    heads = listed(name_of(*at) for at in sorted(off)[:12]) + (" …" if len(off) > 12 else "")
    st.subheader(t("With {n} of {all} heads off").format(n=number(len(off)), all=number(found.control.size)))
    st.caption(lit(heads))
    _against_chance(now, found)
    if not found.labels:
        st.markdown(
            t("The text's vector turns by {distance} (1 − cosine).").format(distance=number(now.distance, 4))
        )
        return
    rows = [
        {
            t("Class"): label, t("All heads on"): now.before[label], t("These heads off"): now.after[label],
            t("Logit, change"): now.after_logits[label] - now.before_logits[label],
        }
        for label in found.labels
    ]  # fmt: skip
    share = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
    st.dataframe(
        rows, hide_index=True, key="switched", width=720,
        column_config={
            t("All heads on"): share, t("These heads off"): share,
            t("Logit, change"): st.column_config.NumberColumn(format="%+.3f"),
        },
        alt=t("Probability of every class with all heads on and with these heads off"),
    )  # fmt: skip
    if max(now.after, key=now.after.__getitem__) != found.predicted:
        st.markdown(t("**The model now says something else.**"))


def _against_chance(now: Switched, found: Ablations) -> None:
    """Beside the chosen heads, as many drawn at random: any head may matter a little."""
    if len(now.off) == 1:
        return  # said below, of every head: a draw of some would give other numbers for the same thing
    mine = now.distance
    if found.labels:
        mine = abs(now.after_logits[found.predicted] - now.before_logits[found.predicted])
    st.caption(
        t(
            "{what} moves by {mine}; {n} random choices of as many heads move it by {middle} in the middle,"
            " and nine of ten by less than {high}."
        ).format(
            what=lit(_what_moves(found)), mine=number(mine, 3), n=number(len(now.control)),
            middle=number(float(np.median(now.control)), 3),
            high=number(float(np.quantile(now.control, 0.9)), 3),
        ),
        width=760,
    )  # fmt: skip


def _what_moves(found: Ablations) -> str:
    if found.labels:
        return t("The logit of “{label}”").format(label=found.predicted)
    return t("The text's vector (1 − cosine)")


def _evidence(found: Ablations) -> None:
    """The size of all this: what a random head does, and how far the estimate agrees."""
    words = [
        t(
            "{what} moves by {middle} in the middle when a head is drawn at random; nine of ten move it by"
            " less than {high}. All {n} heads were switched off one at a time, exactly, in {time}."
        ).format(
            what=lit(_what_moves(found)), middle=number(float(np.median(found.control)), 3),
            high=number(float(np.quantile(found.control, 0.9)), 3), n=number(found.control.size),
            time=duration(found.seconds),
        )
    ]  # fmt: skip
    if np.isfinite(found.rank_correlation):
        words.append(
            t(
                "The estimate by gradient ranks heads with a rank correlation of {rho} to the exact change of"
                " the loss."
            ).format(rho=number(found.rank_correlation, 2))
        )
    st.caption(" ".join(words), width=760)


def _caveats() -> None:
    with st.expander(t("What this can tell, and what it cannot"), key="matter-caveats"):
        st.markdown(
            t(
                "- **Attention is not an explanation by itself.** In Jain and Wallace's models (2019) quite"
                " other weights gave the same prediction. Wiegreffe and Pinter (2019) answer that this"
                " depends on what an explanation is for, and that weights should be held against uniform"
                " ones and other seeds. Both looked at models with one attention layer; neither settles it"
                " for this one.\n"
                "- **With long texts the weights are not even unique.** Above as many tokens as a head"
                " passes on numbers, other weights give the very same output (Brunner et al. 2020).\n"
                "- **A head without effect may still be used.** Heads stand in for one another: most can be"
                " switched off alone with little change (Michel et al. 2019), and effects do not add up.\n"
                "- **Switching off is a state the model never learnt.** Nothing at all is further from what"
                " it knows than the mean; look at both.\n"
                "- **One text is one text.** A head that decides here may do nothing in the next."
            )
        )
