"""Which texts a crossing learns from, chooses by and is tested on: the probes', with a share held back.

Found out before anything runs, without torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xfer_core.analysis.controls import groups
from xfer_core.analysis.probes import at_most, divide
from xfer_core.analysis.probes import parts as parts_of
from xfer_core.corpora import health
from xfer_core.corpora.corpus import Corpus
from xfer_core.crossing.settings import CrossConfig
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, Said, as_message
from xfer_core.models.sources import Source, resolve
from xfer_core.runs.models import locate
from xfer_core.training import fits

LEARNT = 6 / 7
"""Of the 70 % that a probe learns from: the rest chooses the step that is kept."""

Rows = npt.NDArray[np.int64]

ONE_CLASS = N_("“{domain}” has too few texts of two classes, so nothing was tuned on it.")
UNTESTED = N_("“{domain}” has too few texts to be tested on.")


@dataclass(frozen=True)
class Origin:
    """A source: a domain, or all but one (*all_but*), by its place among the domains; rows of the ground."""

    domain: int
    all_but: bool
    train: Rows
    validation: Rows


@dataclass(frozen=True)
class Ground:
    """*corpus* holds every text used, all in the part ``train``, because all are read in one pass.

    *tests* has the tested rows of every domain, in the order of *domains*, the same as the probes' for the
    same seed and number of texts.
    """

    corpus: Corpus
    domains: tuple[str, ...]
    origins: tuple[Origin, ...]
    tests: tuple[Rows, ...]
    notes: tuple[Said, ...]

    @property
    def tested(self) -> Rows:
        """Every tested row, domain after domain."""
        return np.concatenate(self.tests)

    def of(self, origin: Origin) -> Corpus:
        """The corpus of one training: what it learns from, what chooses the step, and every tested text."""
        rows = np.concatenate([origin.train, origin.validation, self.tested])
        split = ["train"] * len(origin.train) + ["validation"] * len(origin.validation)
        part = self.corpus.take(rows)
        part.frame["split"] = [*split, *["test"] * len(self.tested)]
        return part


def ground(corpus: Corpus, config: CrossConfig) -> Ground:
    """The texts of a crossing of *corpus*.

    Raises
    ------
    BadTable
        If it has fewer than two domains, or none that can be learnt from.
    """
    used = corpus.take(at_most(corpus.labels, corpus.domains, config.per_class, config.seed))
    if len(corpus.domain_names) < 2:
        raise BadTable(
            N_("The corpus “{name}” has one domain, so there is none to cross to."),
            N_("Choose a column for the domains, or stack several tables, one a domain."),
            name=corpus.name,
        )
    names, labels = corpus.domain_names, used.labels
    parts = parts_of(labels, used.domains, groups(used.texts), len(names), config.seed)
    random = np.random.default_rng([config.seed, 2])
    origins, notes = [], []
    for d, (seen, test) in enumerate(parts):
        if not len(test):
            notes.append(as_message(UNTESTED, domain=names[d]))
        origin = _origin(labels, d, False, seen, random)
        if origin is None:
            notes.append(as_message(ONE_CLASS, domain=names[d]))
        else:
            origins.append(origin)
    if config.all_but and len(names) > 2:
        for d in range(len(names)):
            rest = np.sort(np.concatenate([seen for other, (seen, _) in enumerate(parts) if other != d]))
            if (origin := _origin(labels, d, True, rest, random)) is not None:
                origins.append(origin)
    if not origins:
        raise BadTable(
            N_("No domain of “{name}” has enough texts of two classes to tune on."),
            N_("Choose another label or domain column, or bring more texts."),
            name=corpus.name,
        )
    used.frame["split"] = "train"
    return Ground(used, names, tuple(origins), tuple(test for _, test in parts),
                  (*health.left_out(corpus), *notes))  # fmt: skip


def _origin(
    labels: Rows, domain: int, all_but: bool, rows: Rows, random: np.random.Generator
) -> Origin | None:
    if len(np.unique(labels[rows])) < 2:
        return None
    train, validation = divide(labels, rows, random, LEARNT)
    return Origin(domain, all_but, train, validation) if len(validation) else None


def check(config: CrossConfig) -> Source:
    """The model, once every strategy is known to fit it.

    Raises
    ------
    BadModel, BadSetting
        If there is no such model, or a strategy does not fit it.
    """
    source = resolve(locate(config.model))
    for name in config.strategies:
        fits.check(name, source)
    return source
