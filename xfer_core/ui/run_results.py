"""What came of a training run: verdict, numbers against what they must beat, errors, and the model to use."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from xfer_core.charts.confusion import confusion
from xfer_core.charts.per_class import per_class
from xfer_core.i18n import N_
from xfer_core.models.weights import POOLED_HEAD
from xfer_core.runs.store import Run
from xfer_core.sweep.comparison import PROBE
from xfer_core.training import results as stored
from xfer_core.training.strategies import parse
from xfer_core.ui.language import duration, filled, number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link
from xfer_core.ui.pick import corpus_id
from xfer_core.ui.run_list import line
from xfer_core.ui.run_view import REFERENCES

REUSE = {
    "all": N_("What lies below the parts that learn ran once, and its states were used from then on."),
    "some": N_(
        "While lower layers rested, steps started from their states; when the embeddings learnt, every step"
        " ran the whole model."
    ),
    "none": N_("Nothing lies below the parts that learn, so every step ran the whole model."),
}
"""How much of a run started from states computed once → a sentence."""

VERDICTS = {
    "good": (N_("A sound run"), "green"),
    "improving": (N_("Still improving"), "blue"),
    "underfit": (N_("Underfitting"), "orange"),
    "overfit": (N_("Overfitting"), "orange"),
    "diverged": (N_("Diverged"), "red"),
    "short": (N_("Too short to judge"), "gray"),
}
"""Kind of verdict → its words, a colour."""

POOLED = """\
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

folder = {folder!r}
tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
head = load_file(folder + "/pooled_head.safetensors")
batch = tokenizer("Any text", return_tensors="pt", truncation=True, max_length={max_length})
with torch.no_grad():
    seen = encoder(**batch, output_hidden_states=True)
states = torch.stack([*seen.hidden_states[:-1], seen.last_hidden_state])[head["layers"]]
mask = batch["attention_mask"].unsqueeze(-1)
means = (states * mask).sum(2) / mask.sum(1)  # layers, texts, hidden
logits = torch.einsum("lbh,lch->bc", means, head["weight"]) + head["bias"]
print({{encoder.config.id2label[i]: round(p, 3) for i, p in enumerate(logits[0].softmax(0).tolist())}})"""
"""A classifier on pooled features, without this program."""

CODE = """\
from transformers import pipeline
classify = pipeline("text-classification", model={folder!r}, top_k=None)
print(classify("Any text"))"""


def verdict(result: dict[str, Any]) -> None:
    """The curve in words, and why."""
    said = result["verdict"]
    word, colour = VERDICTS.get(said["kind"], (said["kind"], "gray"))
    with st.container(border=True, gap="xsmall"):
        st.badge(t(word), color=colour)
        st.markdown(lit(filled(said["message"], said["values"])))


def scores(result: dict[str, Any]) -> None:
    """Accuracy and macro-F1 on the test texts, beside the references on the same split."""
    test = result["test"]
    st.subheader(t("On the test texts"))
    with st.grid("auto", min_column_width=190):
        st.metric(t("Accuracy"), number(test["accuracy"], 3), border=True, height="stretch")
        st.metric(t("Macro-F1"), number(test["macro_f1"], 3), border=True, height="stretch")
        for name, found in _to_beat(result).items():
            ahead = test["macro_f1"] - found["macro_f1"]
            st.metric(
                t("Macro-F1 of {name}").format(name=t(REFERENCES[name])), number(found["macro_f1"], 3),
                delta=t("this run {difference}").format(
                    difference=("+" if ahead >= 0 else "−") + number(abs(ahead), 3)
                ),
                border=True,
                height="stretch", delta_color="off", delta_arrow="off",
            )  # fmt: skip
    _beaten(result)
    line(_cost(result), " ")
    if not result["references"]:
        st.caption(t("Stopped before the references were computed."))


def _beaten(result: dict[str, Any]) -> None:
    """Say so when a reference that costs seconds reads the test texts better."""
    score = result["test"]["macro_f1"]
    better = [t(REFERENCES[name]) for name, found in _to_beat(result).items() if found["macro_f1"] > score]
    if better and parse(result["strategy"]).solver:
        st.warning(
            t(
                "Not worth its cost yet: {names} reads these texts better. Try another layer, or a strategy"
                " that trains some of the model."
            ).format(names=t(" and ").join(better))
        )
    elif better:
        st.warning(
            t(
                "Not worth its cost yet: {names} reads these texts better. Let more layers learn (freeze only"
                " the lower half, or nothing), or raise the learning rate."
            ).format(names=t(" and ").join(better))
        )


def _to_beat(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The references, without the probe where the run is that probe: a classifier on the same layer."""
    found = {name: each for name, each in result["references"].items() if name in REFERENCES}
    if result["strategy"] == f"features-{found.get(PROBE, {}).get('layer')}":
        del found[PROBE]
    return found


def cost(run: Run, result: dict[str, Any]) -> None:
    """Predicted beside measured, and how far states of frozen layers were reused; older runs have neither."""
    said = result.get("predicted")
    if said:
        st.subheader(t("What it cost"))
        with st.grid(3, min_column_width=170):
            _beside(
                t("Parameters that learnt"), number(result["trainable_parameters"]), number(said["trainable"])
            )
            _beside(t("Time"), duration(result["seconds"]), duration(said["seconds"]))
            if "peak_memory_mb" in result:
                _beside(t("Memory"), _megabytes(result["peak_memory_mb"]), _megabytes(said["memory_mb"]))
    words = [_reuse(result)]
    if said and run.steps and result["steps"] < run.steps:
        words.append(
            t("Predicted for {planned} steps; {n} were taken.").format(
                planned=number(run.steps), n=number(result["steps"])
            )
        )
    if said:
        words.append(t("Predictions follow what runs on this machine took."))
    line([word for word in words if word], " ")


def _beside(title: str, measured: str, predicted: str) -> None:
    st.metric(
        title, measured, delta=t("predicted {value}").format(value=predicted), delta_color="off",
        delta_arrow="off", border=True, height="stretch",
    )  # fmt: skip


def _megabytes(mb: float) -> str:
    return t("{n} MB").format(n=number(round(mb, -1)))


def _reuse(result: dict[str, Any]) -> str:
    """Whether frozen layers were computed once, and why not."""
    kept = result.get("cached_states")
    if kept is None:
        return ""
    if isinstance(kept, bool):  # runs of earlier versions
        kept = "all" if kept else "none"
    return t(REUSE.get(kept, kept))


def _cost(result: dict[str, Any]) -> list[str]:
    said = [
        t("{n} test texts.").format(n=number(result["test"]["n"])),
        _learnt(result),
    ]
    if result["truncated"]:
        said.append(
            t("Texts cut to {tokens} tokens: {n} ({share}).").format(
                n=number(result["truncated"]), share=percent(result["truncated_share"], 1),
                tokens=number(result["max_length"]),
            )
        )  # fmt: skip
    if probe := result["references"].get(PROBE):
        said.append(
            t("The untuned probe is a linear classifier on layer {layer} of the pretrained model.").format(
                layer=probe["layer"]
            )
        )
    return said


def _learnt(result: dict[str, Any]) -> str:
    values = {
        "n": number(result["trainable_parameters"]), "all": number(result["parameters"]),
        "time": duration(result["seconds"]),
    }  # fmt: skip
    if parse(result["strategy"]).solver:
        return t("{n} numbers of a classifier were solved for, in {time}; the model did not change.").format(
            **values
        )
    steps = {"step": number(result["best_step"]), "steps": number(result["steps"])}
    return t("{n} of {all} parameters learnt, in {time}; best step {step} of {steps}.").format(
        **values, **steps
    )


def classes(result: dict[str, Any]) -> None:
    """Precision, recall and F1 of every class, and which was taken for which."""
    test = result["test"]
    bars, matrix = st.columns(2)
    with bars:
        st.subheader(t("Every class"))
        st.plotly_chart(
            per_class(test["per_class"], t=t), key="per-class", config={"displayModeBar": False},
            alt=t("Bars of precision, recall and F1 for every class"),
        )  # fmt: skip
    with matrix:
        st.subheader(t("What was taken for what"))
        shares = st.toggle(t("As shares of the true class"), key="confusion-shares")
        st.plotly_chart(
            confusion(test["confusion"], test["labels"], shares=shares, t=t), key="confusion",
            config={"displayModeBar": False}, alt=t("Confusion matrix of the test texts"),
        )  # fmt: skip
    with st.expander(t("The numbers by class"), key="class-numbers"):
        table = pd.DataFrame(
            [
                {
                    t("Class"): name, t("Precision"): row["precision"], t("Recall"): row["recall"],
                    t("F1"): row["f1"], t("Test texts"): row["support"],
                }
                for name, row in test["per_class"].items()
            ]
        )  # fmt: skip
        shown = {name: st.column_config.NumberColumn(format="%.3f") for name in table.columns[1:4]}
        st.dataframe(
            table, hide_index=True, column_config=shown, key="class-table",
            alt=t("Precision, recall and F1 of every class"),
        )  # fmt: skip


def misread(run: Run, result: dict[str, Any]) -> None:
    """The test texts it got wrong, most confident error first."""
    st.subheader(t("Misread texts"))
    names = result["test"]["labels"]
    with st.container(horizontal=True):
        true = st.selectbox(t("True label"), names, index=None, key="misread-true", placeholder=t("any"))
        predicted = st.selectbox(t("Taken for"), names, index=None, key="misread-as", placeholder=t("any"))
    wrong = stored.misread(run.id, true, predicted)
    st.caption(
        t("{n} of {all} test texts, most confident error first. Check the label of the first ones.").format(
            n=number(len(wrong)), all=number(result["test"]["n"])
        )
    )
    if len(wrong):
        columns = {
            "text": st.column_config.TextColumn(t("Text"), width="large"),
            "true": st.column_config.TextColumn(t("True label")),
            "predicted": st.column_config.TextColumn(t("Taken for")),
            "confidence": st.column_config.NumberColumn(t("Confidence"), format="%.3f"),
            "row": st.column_config.NumberColumn(t("Row, below the header"), format="%d"),
        }
        st.dataframe(
            wrong[list(columns)], hide_index=True, column_config=columns, key="misread-table",
            alt=t("Texts with their true label, the label given and its confidence"),
        )  # fmt: skip
    if run.config.get("corpus") == corpus_id():
        link("labels", t("Look for wrong labels in the whole corpus"))


def use(run: Run, result: dict[str, Any]) -> None:
    """Where the model lies, how any program opens it, and what the lab can do with it."""
    st.subheader(t("Use this model"))
    with st.container(horizontal=True):
        link("classify", t("Classify with it"), model=run.id)
        link("attention", t("See its attention"), model=run.id)
        link("attention", t("See which heads moved"), model=run.id, view="changes")
        link("features", t("See its features"), model=run.id)
    folder = run.folder / stored.MODEL
    if (folder / POOLED_HEAD).exists():
        code = POOLED
        st.caption(
            t(
                "A plain Hugging Face encoder, and the classifier beside it in a file of its own; these lines"
                " need transformers and safetensors."
            )
        )
    else:
        code = CODE
        st.caption(t("A plain Hugging Face folder; these lines open it anywhere transformers is installed."))
    st.code(str(folder), language=None, wrap_lines=True)
    lines = code.format(folder=str(folder), max_length=result["max_length"])
    st.code(lines, language=None, wrap_lines=True)  # colours would be too pale
