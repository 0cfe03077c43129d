"""What an adaptation will take before it starts; no torch to import."""

from __future__ import annotations

from xfer_core.adaptation.ground import ground
from xfer_core.adaptation.methods import METHODS
from xfer_core.adaptation.settings import AdaptConfig
from xfer_core.corpora.corpus import Corpus
from xfer_core.models.sources import resolve
from xfer_core.runs.models import locate
from xfer_core.training import cost


def seconds(config: AdaptConfig, corpus: Corpus) -> float:
    """Of all methods together, by the work that each is known to be beside source only.

    Raises
    ------
    BadSetting, BadTable, BadModel
        If the corpus lacks a domain, or model and strategy do not fit.
    """
    learnt = ground(corpus, config).learnt
    fit = config.fit(learnt.part("train").n)
    once = cost.predict(fit, learnt, resolve(locate(config.model))).seconds
    return once * sum(METHODS[name].work for name in config.methods)
