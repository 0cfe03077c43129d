"""``glossary("probe", "layer", …)``: words of the field, each one click away from its meaning."""

from __future__ import annotations

import streamlit as st

from xfer_core.i18n import N_
from xfer_core.ui.language import t

WORDS = {
    "probe": (
        N_("Probe"),
        N_(
            "The simplest classifier there is (logistic regression), trained on what one layer says about a"
            " text while the model itself stays as it is. What it can read there, the layer knows."
        ),
    ),
    "layer": (
        N_("Layer"),
        N_(
            "One stage of the model. They are numbered from 1, the lowest; 0 is the embeddings, the looked-up"
            " words before any context, and each layer mixes in what stands around them. A text's features"
            " in a layer are the mean over its tokens."
        ),
    ),
    "fold": (
        N_("Fold"),
        N_(
            "One of the equal parts the texts are divided into. Probes that have seen all other parts read"
            " it, part by part, so that every text is judged by probes that have not seen its label."
        ),
    ),
    "front": (
        N_("Front"),
        N_(
            "The strategies worth considering: for each of them, no other one is both cheaper and better. The"
            " grey line joins them; whoever is below it pays more for less."
        ),
    ),
    "cka": (
        N_("Debiased linear CKA"),
        N_(
            "How alike two sets of features of the same texts are, whichever way they are turned or scaled: 1"
            " is the same, 0 nothing in common. Debiased, because with few texts the plain one is too high."
        ),
    ),
    "from-the-top": (
        N_("Layers from the top"),
        N_(
            "The top layer is the last one, next to the classifier. Two layers from the top, top-2, are the"
            " last two, which learn while those below them stay as they were."
        ),
    ),
    "macro-f1": (
        N_("Macro-F1"),
        N_(
            "How often the classifier is right, counting every class alike: the mean over classes of the"
            " balance between what it finds and what it wrongly claims. 1 is perfect; guessing between two"
            " classes is about 0.5."
        ),
    ),
    "attention-head": (
        N_("Head, query, key"),
        N_(
            "Each layer has several heads. In each of them every token (the query, a row) takes something"
            " from every token it can see (the keys, the columns). How much from which is the row; it sums"
            " to 1."
        ),
    ),
    "attention-norm": (
        N_("Weight and effect"),
        N_(
            "The weight says how much of a token is taken; the effect how long a vector that adds to the"
            " stream: weight × value × output projection. A token can get much weight and add almost nothing."
        ),
    ),
    "attention-mass": (
        N_("Keep of each row"),
        N_(
            "Of every row only the heaviest keys stay that together hold this share of it. How many are"
            " needed tells a head that points at few tokens from one that spreads over all."
        ),
    ),
    "tf-idf": (
        N_("TF-IDF"),
        N_(
            "The reference that knows words only: it counts them, rare ones more, and needs no Transformer"
            " at all."
        ),
    ),
}


def glossary(*keys: str) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for key in keys:
            word, meaning = WORDS[key]
            with st.popover(t(word), type="tertiary"):
                st.markdown(t(meaning))
