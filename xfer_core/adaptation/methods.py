"""The ways to adapt by training, as data; none of them is ever shown a label of the target."""

from __future__ import annotations

from dataclasses import dataclass

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_

SOURCE_ONLY = "source-only"
"""What every other method is measured against: the same steps and seed, without texts of the target."""


@dataclass(frozen=True)
class Method:
    """One way to adapt. All texts but *source* are messages.

    Attributes
    ----------
    title, what : str
        Its name in words, and what it does.
    cost : str
        What it costs, in words.
    when_not : str
        When it is likely to hurt or to be in vain.
    source : str
        The paper it is from.
    work : float
        Its time in units of source-only's, before anything of the run is known.
    """

    name: str
    title: str
    what: str
    cost: str
    when_not: str
    source: str
    work: float


METHODS: dict[str, Method] = {
    each.name: each
    for each in (
        Method(
            SOURCE_ONLY,
            N_("Source only"),
            N_("Tunes on the labelled texts of the source and never sees the target."),
            N_("One training."),
            N_("Nothing is adapted: this is what the others have to beat."),
            "",
            1.0,
        ),
        Method(
            "dann",
            N_("Adversarial (DANN)"),
            N_(
                "A second classifier guesses the domain of each text from what the first one reads; its"
                " gradient is reversed, so that the layers below learn to give it nothing to tell domains by."
            ),
            N_("One training whose steps read as many target texts besides."),
            N_(
                "Where labels are shared out differently in the two domains: what tells the domain then also"
                " tells the label, and is unlearnt with it."
            ),
            "Ganin et al. 2016, Domain-Adversarial Training of Neural Networks, JMLR 17, arXiv 1505.07818",
            2.0,
        ),
        Method(
            "mmd",
            N_("Matched features (MMD)"),
            N_(
                "Draws the features of source and target together, as sets: the distance of their mean"
                " embeddings under Gaussian kernels is added to the loss."
            ),
            N_("One training whose steps read as many target texts besides."),
            N_("Where labels are shared out differently in the two domains, and with very small batches."),
            "Long et al. 2015, Learning Transferable Features with Deep Adaptation Networks, 1502.02791",
            2.0,
        ),
        Method(
            "pretrain",
            N_("Continued pretraining"),
            N_(
                "Goes on reading: words of unlabelled texts are masked and guessed, then the ordinary tuning"
                " follows. A model without a head for words gets one first, its layers staying as they are."
            ),
            N_("Some hundred steps of guessing words through all layers, then one training."),
            N_("For decoders, and where the model is tuned to sentence similarity and the texts are few."),
            "Gururangan et al. 2020, Don't Stop Pretraining, arXiv 2004.10964; Han & Eisenstein 2019,"
            " arXiv 1904.02817",
            4.0,
        ),
        Method(
            "self-training",
            N_("Self-training"),
            N_(
                "Labels the target texts itself, keeps the labels it is sure of, and trains again with them;"
                " round after round."
            ),
            N_("One training more for every round."),
            N_("Where source only is hardly better than chance on the target: it believes its own mistakes."),
            "Lee 2013, Pseudo-Label; Yarowsky 1995",
            2.2,
        ),
    )
}


def parse(names: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Names in a list, or in a text with commas between them, in the order of :data:`METHODS`.

    Source only is always among them, since nothing is known without it.

    Raises
    ------
    BadSetting
        If a name is none of a method.
    """
    given = names.split(",") if isinstance(names, str) else names
    wanted = {str(name).strip().lower() for name in given if str(name).strip()}
    for name in sorted(wanted - set(METHODS)):
        raise BadSetting(
            N_("There is no way to adapt by training named “{name}”."),
            N_("Choose among {methods}."),
            name=name[:40], methods=list(METHODS),
        )  # fmt: skip
    return tuple(name for name in METHODS if name in wanted or name == SOURCE_ONLY)
