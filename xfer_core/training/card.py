"""The model card: what the folder's next reader must know before trusting the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xfer_core import __version__
from xfer_core.corpora.corpus import Corpus
from xfer_core.training.settings import FitConfig


def card(config: FitConfig, corpus: Corpus, result: Mapping[str, Any]) -> str:
    """``README.md`` of a model folder, in the hub's format (front matter, then Markdown), in English.

    *result* is the content of ``metrics.json``.
    """
    test, strategy = result["test"], config.parsed
    labels = ", ".join(f"`{_cell(name)}`" for name in corpus.label_names)
    model = Path(config.model).name if Path(config.model).is_absolute() else config.model
    parts = {part: corpus.part(part).n for part in ("train", "validation", "test")}
    source = {key: value for key, value in corpus.source.items() if value and key != "columns"}
    return "\n".join([
        "---", "library_name: transformers", "pipeline_tag: text-classification",
        "tags: [text-classification, xfer-lab]", "---", "",
        f"# {_cell(corpus.name)}: {config.strategy} on {_cell(model)}", "",
        f"Classifies one text into {len(corpus.label_names)} classes: {labels}. "
        f"Made with Xfer Lab {__version__}.", "",
        *_use(config), "",
        "## Data", "",
        f"Corpus {corpus.id}: {parts['train']} training, {parts['validation']} validation and "
        f"{parts['test']} test texts.", "",
        *[f"- {_cell(key)}: {_cell(value)}" for key, value in source.items()], "",
        "## Training", "",
        f"- Strategy `{config.strategy}`: {strategy.trains} ({strategy.source})",
        f"- {result['trainable_parameters']:,} of {result['parameters']:,} parameters trained, "
        f"{result['seconds']:.0f} s",
        _how(config, result) + (", class weights" if config.class_weights else ""),
        f"- {result['verdict']['sentence']}", "",
        "## Test", "",
        f"Accuracy {test['accuracy']:.3f}, macro-F1 {test['macro_f1']:.3f} on {test['n']} texts.", "",
        "| class | precision | recall | F1 | texts |", "|---|---|---|---|---|",
        *_classes(test["per_class"]), "",
        *_references(result["references"]),
        "## Limits", "",
        f"- Texts longer than {result['max_length']} tokens are cut "
        f"({result['truncated_share']:.1%} of this corpus were).",
        "- It gives one of its classes to every text, also to texts unlike those it learnt from.",
        "- Its probabilities are not calibrated.",
        "- This is one run with one seed; other seeds differ by some hundredths.", "",
    ])  # fmt: skip


def _use(config: FitConfig) -> list[str]:
    if config.parsed.solver:
        return ["Xfer Lab opens it (`xfer classify`). For others the folder is an encoder; the classifier on "
                "the means of its layers is in `pooled_head.safetensors`."]  # fmt: skip
    return ["```python", "from transformers import pipeline",
            'classify = pipeline("text-classification", model="THIS FOLDER")', "```"]  # fmt: skip


def _how(config: FitConfig, result: Mapping[str, Any]) -> str:
    if config.parsed.solver:
        return f"- Logistic regression, at most {result['max_length']} tokens"
    return (
        f"- Learning rate {config.rate:g} (10 % warm-up, linear), batch {config.batch_size}, "
        f"{result['steps']} steps, best step {result['best_step']}, dropout {config.dropout:g}, at most "
        f"{result['max_length']} tokens, seed {config.seed}"
    )


def _classes(per_class: Mapping[str, Any]) -> list[str]:
    return [
        f"| {_cell(name)} | {of['precision']:.3f} | {of['recall']:.3f} | {of['f1']:.3f} | {of['support']} |"
        for name, of in per_class.items()
    ]


def _references(references: Mapping[str, Any]) -> list[str]:
    if not references:
        return []
    words, probe = references["tfidf"], references["untuned_probe"]
    return [
        "On the same split:", "",
        "| reference | accuracy | macro-F1 |", "|---|---|---|",
        f"| TF-IDF + logistic regression | {words['accuracy']:.3f} | {words['macro_f1']:.3f} |",
        f"| untuned model, linear probe on layer {probe['layer']} | {probe['accuracy']:.3f} | "
        f"{probe['macro_f1']:.3f} |", "",
    ]  # fmt: skip


def _cell(value: Any) -> str:
    """Text from a table or a form, on one line, unable to break the Markdown around it."""
    text = " ".join(str(value).split())
    return "".join("\\" + sign if sign in r"\`*_{}[]<>|#$" else sign for sign in text)
