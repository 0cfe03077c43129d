"""Whether a sweep can be done at all, found out before anything runs; without torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xfer_core import corpora
from xfer_core.corpora import health
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, Said, as_message
from xfer_core.models.sources import Source, resolve
from xfer_core.runs.models import locate
from xfer_core.sweep.schedule import distinct
from xfer_core.sweep.settings import SweepConfig
from xfer_core.tasks import task
from xfer_core.training import fits


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
    given, without = with_biases(config.strategies, source)
    names, notes = distinct(given, source.layers)
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
    return Checked(replace(config, strategies=names), source, (*without, *notes, *health.left_out(corpus)))


def with_biases(names: tuple[str, ...], source: Source) -> tuple[tuple[str, ...], tuple[Said, ...]]:
    """*names* without those that train biases of layers that have none, and a note for each left out.

    Raises
    ------
    BadSetting
        If none is left.
    """
    biased = [name for name in names if fits.lacks_biases(name, source)]
    kept = tuple(name for name in names if name not in biased)
    if biased and not kept:
        fits.check(biased[0], source)
    message = N_(
        "The layers of a “{family}” model have no biases, so there is nothing for {dropped} to train and it "
        "was left out."
    )
    return kept, tuple(as_message(message, family=source.family, dropped=name) for name in biased)
