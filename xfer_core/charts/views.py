"""What a comparison is shown as, in order: one list, words and measures for the page and the report."""

from __future__ import annotations

from dataclasses import dataclass

from xfer_core.i18n import N_
from xfer_core.sweep.comparison import Cost


@dataclass(frozen=True)
class View:
    """A picture or table, and the sentence below it; both are messages."""

    title: str
    says: str = ""


VIEWS = {
    "depth": View(
        N_("Quality by depth"),
        N_(
            "Points are means over seeds, bars their standard deviation. Strategies whose bars overlap widely"
            " cannot be told apart by these {n} test texts."
        ),
    ),
    "cost": View(
        N_("Quality against cost"), N_("No other strategy is both better and cheaper than these: {names}.")
    ),
    "curves": View(
        N_("Curves"),
        N_(
            "Means of the compared seeds, the grey band is their range; below them every training, in colour"
            " with the chosen learning rate, grey with another one."
        ),
    ),
    "classes": View(N_("Classes"), N_("F1 of every class, bars one standard deviation over seeds.")),
    "texts": View(N_("Texts they differ on")),
    "shift": View(
        N_("What moved"),
        N_(
            "Debiased linear CKA: 1 means that a layer still says the same of a text, up to turning and"
            " scaling; the lower, the more it was changed. Without debiasing it would be too high, since"
            " texts are few beside the numbers that describe each."
        ),
    ),
    "forgetting": View(
        N_("What was forgotten"),
        N_("A probe on texts of another corpus, on the layer that reads them best, before and after tuning."),
    ),
    "evidence": View(
        N_("Before any training"),
        N_(
            "A probe is the simplest classifier on what one layer of the untuned model says. The line is of"
            " the validation texts, which choose the layer with the large mark; the diamond is that layer's"
            " score on the test texts. Where probes are above the grey line, the model knows something that"
            " counting words does not."
        ),
    ),
    "arms": View(
        N_("Every training"),
        N_(
            "Only chosen trainings are judged by the test texts. The time predicted is from before the start."
        ),
    ),
}


@dataclass(frozen=True)
class Quantity:
    """What may be chosen to be drawn: its name in a choice, and along an axis."""

    name: str
    axis: str


COSTS: dict[Cost, Quantity] = {
    "trainable_parameters": Quantity(N_("parameters that learn"), N_("Trained parameters")),
    "seconds": Quantity(N_("training time"), N_("Time of one training (seconds)")),
    "memory_mb": Quantity(N_("memory"), N_("Peak memory (MB)")),
}

MEASURES = {
    "macro_f1": Quantity(N_("macro-F1"), N_("Macro-F1 on the test texts (0 to 1)")),
    "accuracy": Quantity(N_("accuracy"), N_("Accuracy on the test texts (0 to 1)")),
}
"""Of the compared strategies."""

OF_CURVES = {
    "validation_macro_f1": Quantity(N_("Macro-F1"), N_("Macro-F1 on the validation texts (0 to 1)")),
    "validation_accuracy": Quantity(N_("Accuracy"), N_("Accuracy on the validation texts (0 to 1)")),
    "validation_loss": Quantity(N_("Loss (nats)"), N_("Loss on the validation texts (nats)")),
    "train_loss": Quantity(N_("Loss (nats)"), N_("Loss on a sample of the training texts (nats)")),
}
"""Of a training while it learns; the name is short enough for a small picture."""

ARM_STATES = {
    "waiting": N_("waiting"),
    "running": N_("running"),
    "done": N_("done"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "skipped": N_("skipped"),
}
