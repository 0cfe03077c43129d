"""What a comparison says in words: names, the rules of fairness, and sentences with their values.

A sentence is ``{"message": msgid, "values": {…}}``; a page or report translates the message and fills it in.
Values that are messages themselves, such as a reference's name, are translated too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from xfer_core.i18n import N_
from xfer_core.sweep.comparison import PROBE, TFIDF
from xfer_core.sweep.settings import SweepConfig

Said = dict[str, Any]
Translate = Callable[[str], str]

NAMES = {TFIDF: N_("TF-IDF"), PROBE: N_("probe on the untuned model")}

BEST = N_(
    "On the {n:,} validation texts, {strategy} reads best of the {k} compared, TF-IDF among them: "
    "macro-F1 {score:.3f}, mean of {seeds} seeds."
)
CHEAPER = N_(
    "On the {n:,} validation texts, {strategy} ({score:.3f} macro-F1, mean of {seeds} seeds) comes "
    "within {margin:.2f} of the best, {best} ({best_score:.3f}), and cannot be told from it. One "
    "training takes {seconds:.0f} s instead of {best_seconds:.0f} s."
)
WORDS = N_(
    "No use of the model beats counting words by more than {margin:.2f}: on the {n:,} validation texts "
    "TF-IDF reaches macro-F1 {score:.3f}, the best, {best}, {best_score:.3f}. TF-IDF takes a second "
    "and no model."
)
ON_TEST = N_(
    "On the {n:,} test texts, which had no part in the choice, {strategy} reaches macro-F1 {score:.3f} "
    "(95% between {low:.3f} and {high:.3f}); its seeds differ by {spread:.3f}."
)
ON_TEST_FIXED = N_(
    "On the {n:,} test texts, which had no part in the choice, {strategy} reaches macro-F1 {score:.3f} "
    "(95% between {low:.3f} and {high:.3f})."
)
SURELY = N_(
    "There it is better than {other} by {difference:.3f} (95% between {low:.3f} and {high:.3f}), and "
    "not by chance of the texts or seeds."
)
PERHAPS = N_(
    "It is not sure to be better than {other}: on the test texts the difference is {difference:+.3f}, "
    "95% between {low:+.3f} and {high:+.3f}, and it is ahead in {probability:.0%} of the resamples."
)
NOT_TOLD = N_(
    "It cannot be told for sure from {other}: on the test texts the difference is {difference:+.3f}, 95% "
    "between {low:+.3f} and {high:+.3f}."
)
CONTRADICTED = N_(
    "The test texts contradict the choice: there {other} reads better by {difference:.3f} (95% between "
    "{low:.3f} and {high:.3f}). The choice stands, since test texts that choose can no longer judge; "
    "repeat the comparison with more validation texts."
)
SEVERAL = N_(
    "The best of {k} looks better than it is, since luck helped to put it first. So that all "
    "comparisons together err in 1 of 20 cases, a single one counts as sure only where {level:.1%} of "
    "the resamples agree."
)
FEW_SEEDS = N_("With fewer than three seeds it is not known how much is luck of the seed.")
FEW_TEXTS = N_(
    "The choice rests on {n:,} validation texts, {least:,} of them in the rarest class: other texts "
    "could have chosen otherwise."
)
MISSING = N_("Not compared, since they failed, were stopped or are not through: {names}.")
PROBE_AHEAD = N_(
    "A probe on layer {layer} of the untuned model read the validation texts better ({score:.3f}); "
    "compare features-{layer} too."
)
ONE_DIVISION = N_(
    "All of it holds for these texts, divided once into training, validation and test texts, and for "
    "texts like them."
)
SMALLEST = N_(
    "To find out in 4 of 5 cases whether {a} and {b} differ by {difference:.3f}, the least that matters "
    "here, as surely as is asked of one of several comparisons, about {texts:,} test texts with labels "
    "are needed; there are {now:,}."
)
MEASURED = N_(
    "To find a difference of {difference:.3f} between {a} and {b}, as was measured, in 4 of 5 cases, as "
    "surely as is asked of one of several comparisons, about {texts:,} test texts with labels are "
    "needed; there are {now:,}."
)
MORE_SEEDS = N_(
    "That takes {seeds} seeds instead of {now} as well, about {minutes:.0f} more minutes of training "
    "on this machine."
)
ENOUGH = N_(
    "{now:,} test texts and {seeds} seeds are enough to find a difference of {difference:.3f} between "
    "{a} and {b} in 4 of 5 cases: more would hardly make this surer."
)


def name(key: str, t: Translate = str) -> str:
    """A strategy's own name, the same in every language, or what a reference is called."""
    return t(NAMES[key]) if key in NAMES else key


def part(message: str, **values: Any) -> Said:
    return {"message": message, "values": values}


def said(parts: Iterable[Said], t: Translate = str) -> str:
    """The sentences one after the other."""
    return " ".join(sentence(each, t) for each in parts)


def sentence(each: Said, t: Translate = str) -> str:
    values = {key: t(v) if isinstance(v, str) else v for key, v in each["values"].items()}
    return t(each["message"]).format(**values)


def rules(config: SweepConfig, texts: int | None = None) -> tuple[Said, ...]:
    """The rules of fairness of a sweep; with the number of training *texts*, the budget is given in steps."""
    steps = config.steps or (config.planned_steps(texts) if texts else None)
    budget = N_("Every training has the same budget of steps, and the same early stopping.")
    if steps:
        budget = N_("Every training has the same budget, {steps:,} steps, and the same early stopping.")
    return (
        part(
            N_(
                "Every strategy tries {n} learning rates of its own range; the validation texts "
                "choose. At another strategy's rate it would look worse than it is."
            ),
            n=config.lr_trials,
        ),
        part(budget, **({"steps": steps} if steps else {})),
        part(N_("Every strategy is trained with {n} seeds, so that luck shows as a spread."), n=config.seeds),
        part(
            N_(
                "The test texts are read once, with the chosen learning rate, and choose nothing: "
                "neither rate, nor step, nor strategy."
            )
        ),
        part(
            N_(
                "All strategies read the same texts. Two are compared on resamples of texts and seeds, "
                "the same texts for both."
            )
        ),
        part(
            N_(
                "Two references must be beaten: TF-IDF, which counts words, and a probe, a linear "
                "classifier on the best layer of the untuned model."
            )
        ),
        part(
            N_("Training loss is measured without dropout on a fixed sample of the training texts."),
        ),
    )
