"""Whether a sweep can be done at all, found out before anything runs; without torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xfer_core import corpora
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, Said
from xfer_core.models.sources import Source, resolve
from xfer_core.runs.models import locate
from xfer_core.sweep.schedule import distinct
from xfer_core.sweep.settings import SweepConfig
from xfer_core.tasks import task


@dataclass(frozen=True)
class Checked:
    """*config* with the strategies that are really compared, from shallow to deep; *notes* on the others."""

    config: SweepConfig
    source: Source
    notes: tuple[Said, ...]


def check(config: SweepConfig, corpus: Corpus) -> Checked:
    """The sweep as it will be done on *corpus*.

    Raises
    ------
    BadModel, BadSetting
        If there is no such model, or a strategy does not fit it.
    BadTable
        If the corpus, or the second one, cannot be learnt from.
    NotFound
        If the second corpus is not kept here.
    """
    source = resolve(locate(config.model))
    names, notes = distinct(config.strategies, source.layers)
    task("classification").check(corpus)
    if config.second:
        second = corpora.load(config.second)
        learnt = second.part("train").labels
        if len(set(learnt[learnt >= 0])) < 2 or not (second.part("test").labels >= 0).any():
            raise BadTable(
                N_("What is forgotten cannot be measured on the second corpus “{name}”: it lacks labels."),
                N_("Choose a corpus with at least two labels and a test part, or none."),
                name=second.name,
            )
    return Checked(replace(config, strategies=names), source, notes)
