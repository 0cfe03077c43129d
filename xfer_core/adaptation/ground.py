"""What is learnt from and what is measured on: labels of the target are taken off before anything begins."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from xfer_core.adaptation.settings import AdaptConfig
from xfer_core.corpora import split
from xfer_core.corpora.corpus import Corpus
from xfer_core.corpora.selection import SHARES, source_of
from xfer_core.errors import BadSetting, BadTable
from xfer_core.i18n import N_, Said, as_message

LEAST = 10
"""Texts of the target without which there is nothing to adapt to."""

FEW = 100
"""Target test texts below which intervals are wide enough to be pointed out."""

UNLABELLED, HELD = split.UNLABELLED, "held"
"""Parts of the corpus learnt from: target texts to adapt to, and target texts to measure masked loss on."""


@dataclass(frozen=True)
class Ground:
    """Texts of one adaptation.

    Attributes
    ----------
    learnt : Corpus
        Parts ``train``, ``validation`` and ``test`` are the source's, with labels; :data:`UNLABELLED` and
        :data:`HELD` are the target's train and validation texts and those that came without a label, every
        label -1.
    target : Corpus
        The target's test texts, for measuring alone; of a target without any label some of its texts, whose
        labels are -1.
    notes : tuple of Said
        What must be known before the numbers are believed.
    """

    learnt: Corpus
    target: Corpus
    notes: tuple[Said, ...]

    @property
    def scored(self) -> bool:
        """Whether target test texts have labels to measure by."""
        return bool(len(self.target.labels)) and bool((self.target.labels >= 0).any())

    def rows(self, part: str) -> range:
        """The places of *part* among texts encoded as :data:`PARTS` says."""
        sizes = np.cumsum([0, *(self.learnt.part(name).n for name in PARTS)])
        at = PARTS.index(part)
        return range(int(sizes[at]), int(sizes[at + 1]))


PARTS = ("train", "validation", UNLABELLED)
"""What every training reads, in this order."""


def ground(corpus: Corpus, config: AdaptConfig) -> Ground:
    """The texts of the two domains that *config* names.

    Raises
    ------
    BadSetting
        If the corpus lacks one of the domains.
    BadTable
        If it has one domain only, the source too few labels, or the target too few texts to adapt to.
    """
    if len(corpus.domain_names) < 2:
        raise BadTable(
            N_("The corpus “{name}” has only one domain, so there is nothing to adapt to."),
            N_("Choose a column that holds domains, or give two tables."),
            name=corpus.name,
        )
    domains = corpus.domains
    source, target = (
        corpus.take(np.flatnonzero(domains == _code(corpus, name))) for name in (config.source, config.target)
    )
    if len(np.unique(source.part("train").labels)) < 2:
        raise BadTable(
            N_("The training texts of “{name}” have fewer than two labels, so nothing can be learnt there."),
            N_("Choose a source whose texts are labelled; the target needs no labels."),
            name=config.source,
        )
    left_out = source.part(UNLABELLED).n
    target = _parted(target, config.seed)
    texts = target.part("train").n
    if texts < LEAST:
        raise BadTable(
            N_("The domain “{name}” has only {n} texts for training; {least} are the least to adapt to."),
            N_("Choose another target, or bring more of its texts; they need no labels."),
            name=config.target, n=texts, least=LEAST,
        )  # fmt: skip
    parts = [source.frame[source.frame["split"].isin(split.PARTS)]]
    for part, name in (("train", UNLABELLED), ("validation", HELD)):
        parts.append(target.part(part).frame.assign(label=np.int64(-1), split=name))
    learnt = replace(
        source,
        name=f"{corpus.name}: {config.source}",
        frame=pd.concat(parts, ignore_index=True),
        source={**source_of(corpus), "adapted to": config.target},
        notes=[],
    )
    found = Ground(learnt, target.part("test"), ())
    return replace(found, notes=tuple(_notes(found, config, left_out)))


def _parted(target: Corpus, seed: int) -> Corpus:
    """The target with its texts without a label in the parts that adaptation reads.

    Where others have labels, none of them is a test text: nothing could be measured on it.
    """
    frame = target.frame
    bare = (frame["split"] == UNLABELLED).to_numpy()
    if not bare.any():
        return target
    shares = (*SHARES[:2], 0.0 if (~bare).any() else SHARES[2])
    parts = split.stratified(
        frame["text"][bare].tolist(), target.labels[bare], target.domains[bare], shares=shares, seed=seed
    )
    places = frame["split"].to_numpy(dtype=object, copy=True)
    places[bare] = np.array(split.PARTS, dtype=object)[parts]
    return replace(target, frame=frame.assign(split=places))


def _code(corpus: Corpus, name: str) -> int:
    if name not in corpus.domain_names:
        raise BadSetting(
            N_("The corpus “{corpus}” has no domain named “{name}”."),
            N_("Choose among {domains}."),
            corpus=corpus.name, name=name[:80], domains=list(corpus.domain_names)[:20],
        )  # fmt: skip
    return corpus.domain_names.index(name)


def _notes(ground: Ground, config: AdaptConfig, left_out: int) -> list[Said]:
    names, test = ground.learnt.label_names, ground.target.labels
    taught, asked = set(ground.learnt.part("train").labels), {int(label) for label in test if label >= 0}
    notes = []
    if left_out:
        said = N_("Texts of “{source}” without a label, left out: {n}. A source teaches by its labels.")
        notes.append(as_message(said, source=config.source, n=left_out))
    if not ground.scored:
        said = N_("The test texts of “{target}” have no labels: what was gained there cannot be measured.")
        return [*notes, as_message(said, target=config.target)]
    if unknown := sorted(asked - taught):
        said = N_(
            "Texts of “{source}” never have these labels, so they cannot be found in “{target}”: {labels}."
        )
        notes.append(as_message(said, source=config.source, target=config.target,
                                labels=[names[label] for label in unknown]))  # fmt: skip
    if missing := sorted(label for label in taught - asked if label >= 0):
        said = N_("No test text of “{target}” has these labels: {labels}.")
        notes.append(as_message(said, target=config.target, labels=[names[label] for label in missing]))
    if (n := int((test >= 0).sum())) < FEW:
        said = N_(
            "Only {n} test texts of “{target}” have labels: only large differences can be told from chance."
        )
        notes.append(as_message(said, n=n, target=config.target))
    return notes
