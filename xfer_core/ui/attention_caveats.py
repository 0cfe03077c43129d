"""What a picture of attention can tell and what it cannot, beside the picture.

- ``remarks(reading)``: what of the text was not read, and how much goes to special tokens
- ``caveats(reading)``: how far to trust it, in plain words
- ``encoder_alone(model)``: for views that know only one stack of a model that has two
"""

from __future__ import annotations

import streamlit as st

from xfer_core.attention.reading import AttentionReading
from xfer_core.i18n import N_
from xfer_core.runs.models import base_of
from xfer_core.ui import pick
from xfer_core.ui.glossary import glossary
from xfer_core.ui.language import number, percent, t


def remarks(reading: AttentionReading) -> None:
    if reading.cut:
        st.warning(
            t("The model read the first {read} tokens. Cut off after them: {cut}.").format(
                read=number(reading.total), cut=number(reading.cut)
            )
        )
    special, uniform = reading.on_special()
    if not uniform:  # a model without such tokens rests on the first one
        return
    st.caption(
        t(
            "Here {share} of the attention of words and word pieces goes to special tokens such as [CLS]; an"
            " even spread would give {uniform}. A head with nothing to do must still look somewhere: read it"
            " as rest."
        ).format(share=percent(special), uniform=percent(uniform))
    )


CAVEATS = (
    N_(
        "**It is not a reason.** Other weights can give the same answer (Jain and Wallace 2019); how much"
        " that matters is disputed (Wiegreffe and Pinter 2019). To see whether a head matters, switch it off."
    ),
    N_(
        "**A heavy weight can do nothing.** What a head adds is the weight times a vector, which for [CLS] or"
        " [SEP] is often close to nothing: compare weight and effect. Lengths do not add up, for heads can"
        " cancel each other."
    ),
    N_(
        "**A row must spend all it has.** What goes to [CLS], [SEP] or the first token is often rest, not"
        " interest."
    ),
    N_(
        "**A token is not its word.** After the first layer the state at a word's place is a mixture of the"
        " whole text."
    ),
    N_("**Averages hide.** A mean over heads hides those that do opposite things; here each stands alone."),
)
BEYOND = N_(
    "**Small weights are no information here.** A head passes on {size} numbers and this text has {tokens}"
    " tokens: with more tokens than numbers, other weights can give the very same result (Brunner et al."
    " 2020). Read the large ones."
)
WITHIN = N_(
    "**Other weights would give another result here.** A head passes on {size} numbers and this text has"
    " {tokens} tokens; with more tokens than numbers that would not be so (Brunner et al. 2020)."
)


def caveats(reading: AttentionReading) -> None:
    glossary("attention-head", "attention-norm", "attention-mass")
    definite = t(BEYOND if reading.total > reading.head_size else WITHIN).format(
        size=number(reading.head_size), tokens=number(reading.total)
    )
    with st.expander(t("What this can tell, and what it cannot"), key="caveats"):
        st.markdown("- " + "\n- ".join([*[t(each) for each in CAVEATS], definite]))


def encoder_alone(model: str) -> None:
    if not base_of(model) and pick.source(model, encoder_decoders=True).encoder_decoder:  # none is tuned here
        st.info(
            t("Of this model only the heads of the encoder are looked at here, not those of the decoder.")
        )
