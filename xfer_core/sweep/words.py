"""What a comparison says in words: names, the rules of fairness, and sentences with their values.

A sentence is ``{"message": msgid, "values": {…}}`` (:func:`~xfer_core.i18n.as_message`); a page or report
translates and fills it. Values that are messages themselves, such as a reference's name, are translated too.
"""

from __future__ import annotations

from collections.abc import Iterable

from xfer_core.i18n import N_, Said, Translate, as_message, fill
from xfer_core.sweep.comparison import PROBE, TFIDF
from xfer_core.sweep.settings import SweepConfig
from xfer_core.tasks.baselines import STRENGTHS

NAMES = {TFIDF: N_("TF-IDF"), PROBE: N_("probe on the untuned model")}

BEST = N_(
    "{strategy} reads the validation texts best: macro-F1 {score:.3f} (validation texts: {n:,}; seeds: "
    "{seeds}; compared: {k})."
)
CHEAPER = N_(
    "{strategy} reads the validation texts with macro-F1 {score:.3f} (validation texts: {n:,}; seeds: "
    "{seeds}). The best, {best}, reaches {best_score:.3f}, which is not clearly better: the cheaper one is "
    "taken unless a dearer one leads by more than {margin}. One training takes {seconds:.0f} s instead of "
    "{best_seconds:.0f} s."
)
WORDS = N_(
    "Counting words is enough: TF-IDF reads the validation texts with macro-F1 {score:.3f}, the best, "
    "{best}, with {best_score:.3f} (validation texts: {n:,}). The cheaper one is taken unless a dearer one "
    "leads by more than {margin}, and TF-IDF takes a second and no model."
)
WORDS_BEST = N_(
    "Of all that was compared, counting words reads the validation texts best: TF-IDF with macro-F1 "
    "{score:.3f}, the best strategy, {best}, with {best_score:.3f} (validation texts: {n:,}). TF-IDF takes a "
    "second and no model."
)
ONE_ERROR = N_(
    "{margin:.3f}, as much as luck may give with so few texts (one standard error of the difference)"
)
ON_TEST = N_(
    "On the test texts ({n:,}), which had no part in the choice, {strategy} reaches macro-F1 {score:.3f} "
    "(95% between {low:.3f} and {high:.3f}); its seeds differ by {spread:.3f}."
)
ON_TEST_FIXED = N_(
    "On the test texts ({n:,}), which had no part in the choice, {strategy} reaches macro-F1 {score:.3f} "
    "(95% between {low:.3f} and {high:.3f})."
)
SURELY = N_(
    "There it is better than {other} by {difference:.3f} (95% between {low:.3f} and {high:.3f}), and "
    "not by chance of the texts or seeds."
)
PERHAPS = N_(
    "It is not sure to be better than {other}: on the test texts the difference is {difference:+.3f} "
    "(95% between {low:+.3f} and {high:+.3f}); with the texts drawn again it is ahead in "
    "{probability:.0%} of the draws."
)
NOT_TOLD = N_(
    "It may be no better than {other}: on the test texts the difference is {difference:+.3f} (95% "
    "between {low:+.3f} and {high:+.3f})."
)
CONTRADICTED = N_(
    "The test texts contradict the choice: there {other} reads better by {difference:.3f} (95% between "
    "{low:.3f} and {high:.3f}). The choice stands, since test texts that choose can no longer judge; "
    "repeat the comparison with more validation texts."
)
SEVERAL = N_(
    "The best of {k} looks better than it is, since luck helped to put it first. So it is called better "
    "than another only where luck can hardly explain it: the texts are drawn again many times, and it must "
    "be ahead in {level:.1%} of the draws (the share at which all {k} together err in 1 of 20 cases)."
)
FEW_SEEDS = N_("With fewer than three seeds it is not known how much is luck of the seed.")
FEW_TEXTS = N_(
    "The choice rests on few validation texts ({n:,}, of the rarest class {least:,}): other texts could "
    "have chosen otherwise."
)
MISSING = N_("Not compared, since they failed, were stopped or are not through: {names}.")
UNEQUAL = N_(
    "Not on equal terms: {names}. Where trainings failed or were stopped, fewer learning rates were tried, "
    "or fewer seeds: such a strategy may look worse than it is, and its mean is less sure."
)
ENDED = N_(
    "{strategy} (learning rates tried: {trials} of {planned_trials}; seeds: {seeds} of {planned_seeds})"
)
PROBE_AHEAD = N_(
    "A probe on layer {layer} of the untuned model read the validation texts better ({score:.3f}); "
    "compare features-{layer} too."
)
PROBE_ON_TEST = N_(
    "On the test texts a probe on layer {layer} of the untuned model reads better by {difference:.3f} (95% "
    "between {low:+.3f} and {high:+.3f}). The choice was made on the validation texts, which saw it "
    "otherwise; with more of them it may change."
)
ONE_DIVISION = N_(
    "All of it holds for these texts, divided once into training, validation and test texts, and for "
    "texts like them."
)
SMALLEST = N_(
    "To see whether {a} and {b} differ at all, label more test texts: about {texts:,} instead of "
    "{now:,}. With so many, a difference of {difference:.3f}, the least that matters here, would be found "
    "in 4 of 5 cases."
)
MEASURED = N_(
    "To be sure that {a} and {b} differ, label more test texts: about {texts:,} instead of {now:,}. With "
    "so many, a difference as large as the one measured, {difference:.3f}, would be found in 4 of 5 cases."
)
MORE_SEEDS = N_(
    "That takes {seeds} seeds instead of {now} as well, about {minutes:.0f} min more of training on this "
    "machine."
)
ENOUGH = N_(
    "More test texts or seeds would hardly make this surer: with the present ones (test texts: {now:,}; "
    "seeds: {seeds}) a difference of {difference:.3f} between {a} and {b} is found in 4 of 5 cases."
)


MEASURED_ON = N_("Measured on the training of each strategy that reads the validation texts best: {names}.")

ALWAYS = (
    N_(
        "The test texts are read once, with the chosen learning rate, and choose nothing: "
        "neither rate, nor step, nor strategy."
    ),
    N_(
        "All strategies read the same texts. Two are compared on texts and seeds drawn again and again, "
        "the same texts for both."
    ),
    N_(
        "Two references must be beaten: TF-IDF, which counts words, and a probe, a linear "
        "classifier on the best layer of the untuned model. That one is always among the strategies."
    ),
    N_("Training loss is measured without dropout on a fixed sample of the training texts."),
)
"""Rules that hold whatever the settings."""


def name(key: str, t: Translate = str) -> str:
    """A strategy's own name, the same in every language, or what a reference is called."""
    return t(NAMES[key]) if key in NAMES else key


def brief(key: str, t: Translate = str) -> str:
    """:func:`name` for a legend."""
    return t(N_("untuned probe")) if key == PROBE else name(key, t)


def said(parts: Iterable[Said], t: Translate = str) -> str:
    """The sentences one after the other."""
    return " ".join(sentence(each, t) for each in parts)


def sentence(each: Said, t: Translate = str) -> str:
    return fill(each["message"], each["values"], t)


def rules(config: SweepConfig, texts: int | None = None) -> tuple[Said, ...]:
    """The rules of fairness of a sweep; with the number of training *texts*, the budget is given in steps."""
    steps = config.steps or (config.planned_steps(texts) if texts else None)
    rates = as_message(
        N_("Every strategy is trained at its own usual rate. At another's it would look worse than it is.")
    )
    if config.lr_trials > 1:
        message = N_(
            "Every strategy tries {n} learning rates of its own range; the validation texts "
            "choose. At another strategy's rate it would look worse than it is."
        )
        rates = as_message(message, n=config.lr_trials)
    solvers = N_(
        "features-K and mix take no steps: {n} strengths of the regression stand for learning rates, and the "
        "validation texts choose among them too."
    )
    budget = as_message(N_("Every training has the same budget of steps, and the same early stopping."))
    if steps:
        message = N_("Every training has the same budget, {steps:,} steps, and the same early stopping.")
        budget = as_message(message, steps=steps)
    seeds = as_message(N_("Every strategy is trained with one seed, so luck does not show."))
    if config.seeds > 1:
        message = N_("Every strategy is trained with {n} seeds, so that luck shows as a spread.")
        seeds = as_message(message, n=config.seeds)
    return rates, as_message(solvers, n=len(STRENGTHS)), budget, seeds, *map(as_message, ALWAYS)
