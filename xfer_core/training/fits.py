"""Whether a strategy fits a model, found out before anything runs; without torch."""

from __future__ import annotations

from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.training.shape import shape
from xfer_core.training.strategies import parse


def check(strategy: str, source: Source) -> None:
    """Raise BadSetting if *strategy* does not fit the model: too many layers, or nothing for it to train."""
    if lacks_biases(strategy, source):
        raise BadSetting(
            N_("The layers of a “{family}” model have no biases, so there is nothing for bitfit to train."),
            N_("Choose another strategy, such as lora or top-2."),
            family=source.family,
        )


def lacks_biases(strategy: str, source: Source) -> bool:
    """Whether *strategy* trains biases of layers that have none.

    Raises
    ------
    BadSetting
        If the strategy names layers that the model does not have.
    """
    trained = parse(strategy).plan(source.layers).trained
    return "biases" in trained and not any(part.biases for part in shape(source).parts[1:])
