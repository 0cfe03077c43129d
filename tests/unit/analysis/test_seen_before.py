"""A model that has learnt from the very texts it is measured on says so."""

from __future__ import annotations

from xfer_core.analysis.probes import sampled
from xfer_core.corpora import synthetic
from xfer_core.i18n import fill
from xfer_core.runs import store


def said(model: str) -> str:
    corpus = synthetic.corpus()
    return " ".join(fill(each["message"], each["values"]) for each in sampled(corpus, corpus.n, 400, model))


def test_a_run_on_this_corpus_is_named_and_no_other(home: object) -> None:
    own = store.create("train", {"corpus": synthetic.corpus().id, "model": "bundled:minilm"}, "own")
    other = store.create("train", {"corpus": "other-12345678", "model": "bundled:minilm"}, "other")
    assert f"{own.id} was tuned on this corpus" in said(own.id)
    assert "tuned on" not in said(other.id) + said("bundled:minilm")
