"""What a crossing may be asked for, the command that repeats it, and which texts it takes."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

from tests.unit.crossing.conftest import domains
from xfer_core.analysis.controls import groups
from xfer_core.analysis.probes import at_most, parts
from xfer_core.cli import parser
from xfer_core.crossing import settings
from xfer_core.crossing.ground import ground
from xfer_core.errors import BadSetting, BadTable


def test_names_may_come_as_text_and_count_once():
    config = settings.validate({"strategies": "head, top-2,layers-e,1,head", "steps": "30"})
    assert config.strategies == ("head", "top-2", "layers-e,1") and config.steps == 30


@pytest.mark.parametrize(
    "values", [{}, {"strategies": ["none-such"]}, {"strategies": "head", "steps": 0},
               {"strategies": "head", "seed": 2**31 - 1, "seeds": 2}],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(values):
    with pytest.raises(BadSetting):
        settings.validate(values)


def test_the_command_gives_the_same_settings_again():
    config = settings.validate(
        {
            "strategies": "lora,head",
            "steps": 50,
            "seeds": 2,
            "all_but": True,
            "max_length": 64,
            "per_class": 90,
        }
    )
    line = shlex.split(settings.command(config, "corpus:demo-1"))
    args = parser().parse_args(line[1:])
    assert args.table == "corpus:demo-1" and settings.validate(vars(args)) == config
    assert settings.validate(settings.request(config, "demo-1")) == config


def test_tests_are_the_probes_and_nothing_is_in_two_parts():
    corpus = domains(300)
    config = settings.validate({"strategies": "head", "per_class": 30, "seed": 5, "all_but": True})
    found = ground(corpus, config)
    rows = at_most(corpus.labels, corpus.domains, 30, 5)
    taken = corpus.take(rows)
    expected = [test for _, test in parts(taken.labels, taken.domains, groups(taken.texts), 3, 5)]
    assert all((a == b).all() for a, b in zip(found.tests, expected, strict=True))
    for origin in found.origins:
        used = np.concatenate([origin.train, origin.validation, found.tested])
        assert len(np.unique(used)) == len(used)
        own = found.corpus.domains[np.concatenate([origin.train, origin.validation])]
        assert set(own) == ({0, 1, 2} - {origin.domain} if origin.all_but else {origin.domain})
    assert [(each.domain, each.all_but) for each in found.origins] == [
        (0, False), (1, False), (2, False), (0, True), (1, True), (2, True),
    ]  # fmt: skip


def test_a_corpus_of_one_training_says_which_texts_are_for_what():
    found = ground(domains(), settings.validate({"strategies": "head", "per_class": 30}))
    one = found.of(found.origins[1])
    assert one.part("train").texts == [found.corpus.texts[row] for row in found.origins[1].train]
    assert one.part("test").n == len(found.tested) and set(one.part("validation").domains) == {1}


def test_one_domain_is_refused_and_thin_ones_are_named():
    config = settings.validate({"strategies": "head"})
    with pytest.raises(BadTable, match="one domain"):
        ground(domains(count=1), config)
    corpus = domains(240)
    news = np.flatnonzero(corpus.domains == 2)
    two = corpus.take(np.setdiff1d(np.arange(240), news[2:]))
    found = ground(two, config)
    assert [each.domain for each in found.origins] == [0, 1]
    assert [note["values"] for note in found.notes] == [{"domain": "news"}] * 2
    alike = corpus.take(np.flatnonzero(corpus.labels == 0))
    with pytest.raises(BadTable, match="two classes"):
        ground(alike, config)
