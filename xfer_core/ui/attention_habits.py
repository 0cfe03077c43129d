"""What every head does over a sample of the corpus: ``draw(model, text, pair)``."""

from __future__ import annotations

import shlex

import numpy as np
import streamlit as st

from xfer_core.attention.habits import Habits
from xfer_core.charts.head_similarity import head_similarity
from xfer_core.i18n import N_
from xfer_core.ui import pick
from xfer_core.ui.attention_caveats import encoder_alone
from xfer_core.ui.attention_focus import focus
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.headgrid import Measure, headgrid, name_of
from xfer_core.ui.glossary import glossary
from xfer_core.ui.language import listed, number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import result_of, submit

TEXTS = (50, 100, 200, 500)
ALIKE = 5
"""Heads named as most like the open one."""

MEASURES = {
    "entropy": (
        N_("Spread of a row (entropy)"),
        N_("0 %: each row rests on one token; 100 %: it is even over all. Entropy divided by its largest."),
    ),
    "distance": (N_("Distance"), N_("How many tokens away a token looks, on average.")),
    "cls": (
        N_("On the first token"),
        N_("Share that ordinary tokens give to the first token, [CLS] in encoders. Often rest: a head must"
           " look somewhere."),
    ),
    "sep": (
        N_("On the separator"),
        N_("Share that ordinary tokens give to [SEP] or its like. Often rest: a head must look somewhere."),
    ),
    "punctuation": (N_("On punctuation"), N_("Share that ordinary tokens give to full stops and commas.")),
    "previous": (N_("On the token before"), N_("Share that a token gives to its left neighbour.")),
    "next": (N_("On the token after"), N_("Share that a token gives to its right neighbour.")),
    "self": (N_("On itself"), N_("Share that a token gives to itself.")),
    "same": (
        N_("On the same word elsewhere"),
        N_("Share that a token gives to other places of the same token, in texts where it stands twice."),
    ),
}  # fmt: skip
"""Key of a measure → its title, what it says."""


def draw(model: str, text: str, pair: str) -> None:
    """*text* and *pair* do not matter here: what a head does as a habit is read off the corpus."""
    corpus = pick.corpus()
    encoder_alone(model)
    st.markdown(
        t(
            "What each head does as a habit, over texts of your corpus. A habit is a pattern of mixing; that"
            " a head has one does not say that the model needs it."
        ),
        width=760,
    )
    texts = st.selectbox(
        t("Texts of the corpus"), format_func=number, width=240, **linked("texts", TEXTS, 100, int)
    )
    job = submit(
        "xfer_core.attention.habits:habits_of", lane="long", model=model, corpus_id=corpus.id, texts=texts
    )
    found: Habits = result_of(job, t("Reading what heads do"))
    _summary(found)
    names = {at: t(word) for at, (word, _) in found.names.items()}
    headgrid("habits", measures(found), names=names)
    _named(found)
    _open_head(found)
    _alike(found)
    show_command(f"xfer heads {shlex.quote(model)} corpus:{corpus.id} --texts {texts}")


def measures(found: Habits) -> list[Measure]:
    """The numbers of the grid; their interval is one standard deviation over texts to either side."""
    made = []
    spread = t("{says} Line: one standard deviation over {n} texts.")
    for key, habit in found.measures.items():
        title, says = MEASURES[key]
        share = key != "distance"
        made.append(
            Measure(
                key, t(title), habit.mean, digits=0 if share else 1, percent=share,
                help=spread.format(says=t(says), n=number(habit.n)),
                unit="" if share else t("tokens"), low=np.maximum(habit.mean - habit.spread, 0),
                high=habit.mean + habit.spread, range_=(0.0, 1.0) if key == "entropy" else None,
            )
        )  # fmt: skip
    return made


def _summary(found: Habits) -> None:
    st.markdown(
        t(
            "Over {texts} texts ({tokens} tokens), {sink} of all attention of ordinary tokens goes to special"
            " tokens."
        ).format(texts=number(found.texts), tokens=number(found.tokens), sink=percent(found.sink)),
        width=760,
    )
    if found.unidentifiable:
        st.caption(
            t(
                "{share} of the texts are longer than {size} tokens, the width of a head: there other weights"
                " would give the very same output, so small weights of one row mean little (Brunner et al."
                " 2020). Means over many texts bear it better."
            ).format(share=percent(found.unidentifiable), size=number(found.head_size)),
            width=760,
        )


def _named(found: Habits) -> None:
    glossary("attention-head")
    if not found.names:
        st.caption(
            t("No head scores above {threshold} in any pattern, so none is given a name.").format(
                threshold=percent(found.threshold)
            )
        )
        return
    st.caption(
        t("A head has a name only where its score is above {threshold}.").format(
            threshold=percent(found.threshold)
        )
    )
    alike: dict[str, list[str]] = {}
    for at, (word, score) in sorted(found.names.items()):
        alike.setdefault(word, []).append(f"{name_of(*at)} ({percent(score)})")
    for word, heads in alike.items():
        st.caption(t("{name}: {heads}").format(name=t(word), heads=lit(listed(heads))), width=760)


def _open_head(found: Habits) -> None:
    """All numbers of the head that is open, beside those of the others."""
    layers, heads = next(iter(found.measures.values())).mean.shape
    at = focus().within(layers, heads)
    if at is None:
        st.caption(t("Click a head to read all its numbers."))
        return
    st.subheader(t("Layer {layer}, head {head}").format(layer=number(at[0] + 1), head=number(at[1] + 1)))
    rows = []
    for key, habit in found.measures.items():
        written = (lambda value: number(value, 1)) if key == "distance" else (lambda value: percent(value, 1))
        rows.append(
            {
                t("Habit"): t(MEASURES[key][0]), t("This head"): written(habit.mean[at]),
                t("± over texts"): written(habit.spread[at]), t("All heads"): written(np.nanmean(habit.mean)),
                t("Rank"): int((habit.mean > habit.mean[at]).sum()) + 1,
            }
        )  # fmt: skip
    st.dataframe(
        rows, hide_index=True, key="habits-of-head", width=680, alt=t("All numbers of the open head")
    )
    place = at[0] * heads + at[1]
    nearest = [int(other) for other in np.argsort(found.similarity[place], kind="stable") if other != place]
    st.caption(
        t("Most alike, in bits apart: {heads}.").format(
            heads=lit(
                listed(
                    f"{name_of(*divmod(other, heads))} ({number(found.similarity[place, other], 3)})"
                    for other in nearest[:ALIKE]
                )
            )
        )
    )


def _alike(found: Habits) -> None:
    heads = next(iter(found.measures.values())).mean.shape[1]
    with st.expander(t("Which heads are alike"), key="alike"):
        st.caption(
            t(
                "How far the rows of two heads differ on the same tokens (Jensen–Shannon divergence): dark"
                " blocks are heads that do the same. Heads stand in the order of their clusters."
            ),
            width=760,
        )
        st.plotly_chart(
            head_similarity(found.similarity, found.order, heads, t=t), key="similarity",
            config={"displayModeBar": False}, alt=t("Distance of every pair of heads"),
        )  # fmt: skip
