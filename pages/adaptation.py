"""Bridge two domains without labels of the target: on frozen features in seconds, or by training."""

import shlex

import streamlit as st

from xfer_core.analysis.alignment import Alignment
from xfer_core.corpora import Corpus
from xfer_core.i18n import N_
from xfer_core.runs import queue
from xfer_core.ui import adaptation_form, adaptation_view, pick, sample
from xfer_core.ui import alignment_view as view
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.state import linked, query
from xfer_core.ui.waiting import ready, submit

SHARES = {
    "natural": N_("as they are"),
    "equal": N_("made equal, as in most papers"),
}


def choices(corpus: Corpus) -> tuple[str, str, str, str]:
    """Model, source, target, class shares."""
    names = corpus.domain_names
    taught = {names[code] for code in set(corpus.domains[corpus.labels >= 0].tolist())}
    with st.grid(4, min_column_width=200):
        model = pick.model()
        source = st.selectbox(
            t("Source, with labels"), help=t("The probe learns from its labels."),
            **linked("source", names, next((name for name in names if name in taught), names[0])),
        )  # fmt: skip
        others = tuple(name for name in names if name != source)
        target = st.selectbox(
            t("Target, without labels"),
            help=t("Its labels, if it has any, are only used to judge what came out."),
            **linked("target", others, next((name for name in others if name not in taught), others[-1])),
        )
        shares = st.selectbox(
            t("Class shares"), format_func=lambda code: t(SHARES[code]),
            help=t(
                "Papers mostly test with every class alike often in both domains. For that, labels of the"
                " target must be known; where they are not, shares differ, and some methods then hurt."
            ),
            **linked("shares", tuple(SHARES), "natural"),
        )  # fmt: skip
    return model, source, target, shares


def one_pair(found: Alignment) -> int:
    """Words, pictures and files of the chosen pair; returns the layer looked at."""
    method, layer = view.choice(found)
    view.words(found, method, layer)
    view.pictures(found, method, layer)
    view.files(found, method, layer)
    show_command(
        f"xfer adapt corpus:{found.corpus} --source {shlex.quote(found.source)} --target"
        f" {shlex.quote(found.target)} --method {method} --layer {layer} --shares {found.shares}"
        f" --model {shlex.quote(found.model)} --seed {found.seed}"
    )
    view.methods()
    return layer


def all_pairs(found: Alignment, layer: int) -> None:
    """Whether a method can be trusted: not by one pair, but by all of them."""
    st.subheader(t("Is a method to be trusted?"))
    st.markdown(
        t(
            "One pair says little. Over all pairs of domains of this corpus, on layer {layer}: how much"
            " does each method gain on average, and how much does it lose where it loses most?"
        ).format(layer=number(layer)),
        width=view.WIDTH,
    )
    wanted = st.toggle(t("Try every pair"), key="pairs", bind="query-params")
    if not wanted:
        return
    job = submit(
        "xfer_core.analysis.alignment.corpus:all_pairs_of", lane="long",
        model=found.model, corpus_id=found.corpus, layers=(layer,), shares=found.shares, seed=found.seed,
    )  # fmt: skip
    if ready(job, t("Bridging every pair of domains")):
        view.every_pair(job.result, layer)


def ask() -> None:
    """Both ways to bridge: what takes seconds is computed at once, what takes a training is offered below."""
    st.title(t(entry("adaptation").title))
    st.markdown(
        t(
            "You have labels for one kind of text and none for another. Can the two be brought together"
            " without labelling anything? Here it is tried and judged: methods that promise to help often"
            " hurt. Where texts of the target have labels in your table, no method sees them: they are only"
            " looked at afterwards, to judge. Where none has, nothing can be judged, and it is said."
        ),
        width=view.WIDTH,
    )
    corpus = sample.corpus()
    if len(corpus.domain_names) < 2:
        words = t("The corpus {corpus} has one kind of text, so there is nothing to bridge.")
        st.markdown(words.format(corpus=lit(corpus.id)))
        link("data", t("Bring a table with a domain column, or fetch a sample with several domains"))
        return
    model, source, target, shares = choices(corpus)
    st.subheader(t("On frozen features, in seconds"))
    job = submit(
        "xfer_core.analysis.alignment.corpus:align_of", lane="long",
        model=model, corpus_id=corpus.id, source=source, target=target, shares=shares,
    )  # fmt: skip
    if ready(job, t("Bridging the two domains on each layer")):
        all_pairs(job.result, one_pair(job.result))
    st.subheader(t("By training, in minutes"))
    adaptation_form.panel(corpus, source, target, model)


queue.tick()
if chosen := query("run"):
    adaptation_view.one(chosen)
else:
    ask()
