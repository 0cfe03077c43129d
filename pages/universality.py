"""Which layer travels: what each knows of the task, what it gives away of the domain."""

import shlex

import streamlit as st

from xfer_core.ui import sample
from xfer_core.ui.commands import show_command
from xfer_core.ui.glossary import glossary
from xfer_core.ui.headline import headline
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry
from xfer_core.ui.profile_view import definitions, files, pictures
from xfer_core.ui.reading_form import choices
from xfer_core.ui.waiting import result_of, submit

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
headline(profile.ranking, profile.words, profile.notes)
pictures(profile)
definitions()
files(profile)
settings = f"--pool {pool} --per-class {per_class} --seed {seed}"
show_command(f"xfer profile {shlex.quote(model)} corpus:{corpus.id} {settings}")
