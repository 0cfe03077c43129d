"""Which layer travels: what each knows of the task, what it gives away of the domain."""

import shlex

import streamlit as st

from xfer_core.ui import pick, sample
from xfer_core.ui.commands import show_command
from xfer_core.ui.glossary import glossary
from xfer_core.ui.language import number, t
from xfer_core.ui.navigation import entry
from xfer_core.ui.profile_view import conclusion, definitions, files, pictures
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import result_of, submit

COUNTS = (50, 100, 200, 400, 1_000)


def choices() -> tuple[str, str, int, int]:
    """Model, pool, texts of a class and domain, seed."""
    with st.grid(4, min_column_width=200):
        model = pick.model()
        pool = pick.pool()
        count = st.selectbox(
            t("Texts of a class and domain"), format_func=number,
            help=t("At most so many are read. The more, the narrower the bands, and the longer it takes."),
            **linked("read", COUNTS, 400, int),
        )  # fmt: skip
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params",
            help=t("Chooses the texts and deals them into folds; the same seed gives the same profile."),
        )  # fmt: skip
    return model, pool, count, int(seed)


st.title(t(entry("universality").title))
st.markdown(
    t(
        "Each layer is asked three questions: does it know the task, does it give away where a text is from,"
        " and does what it knows in one domain still hold in another? The third is what travels."
    ),
    width=760,
)
glossary("probe", "layer", "macro-f1", "fold", "cka")
corpus = sample.corpus()
model, pool, per_class, seed = choices()
job = submit(
    "xfer_core.analysis.profiling:profile_of", lane="long",
    model=model, corpus_id=corpus.id, pool=pool, per_class=per_class, seed=seed,
)  # fmt: skip
profile = result_of(job, t("Asking every layer"))
conclusion(profile)
pictures(profile)
definitions()
files(profile)
settings = f"--pool {pool} --per-class {per_class} --seed {seed}"
show_command(f"xfer profile {shlex.quote(model)} corpus:{corpus.id} {settings}")
