"""What an adaptation will take before it starts; no torch to import."""

from __future__ import annotations

from xfer_core.adaptation.ground import Ground
from xfer_core.adaptation.methods import METHODS
from xfer_core.adaptation.settings import AdaptConfig
from xfer_core.models.sources import resolve
from xfer_core.runs.models import locate
from xfer_core.training import cost


def seconds(config: AdaptConfig, ground: Ground) -> float:
    """Of all methods together, by the work that each is known to be beside source only.

    Raises
    ------
    BadModel, BadSetting
        If model and strategy do not fit.
    """
    fit = config.fit(ground.learnt.part("train").n)
    once = cost.predict(fit, ground.learnt, resolve(locate(config.model))).seconds
    return once * sum(METHODS[name].work for name in config.methods)
