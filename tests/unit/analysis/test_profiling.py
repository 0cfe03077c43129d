"""The whole profile on layers whose truth is known, on real text, and on input that is hardly one."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from xfer_core import corpora
from xfer_core.analysis.layer_probes import Material
from xfer_core.analysis.probes import parts, transfer
from xfer_core.analysis.profile import Profile
from xfer_core.analysis.profiling import SAMPLE, profile, profile_of, sampled, usable
from xfer_core.corpora import synthetic
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadModel
from xfer_core.i18n import fill
from xfer_core.progress import silent

MEASURES = ("control", "selectivity", "logme", "a_distance", "mmd", "anisotropy", "intrinsic_dimension",
            "purity_label", "purity_domain")  # fmt: skip


def material(states, labels, domains, **changed):
    values = {
        "states": np.asarray(states), "texts": [f"text {i}" for i in range(len(labels))], "labels": labels,
        "domains": domains, "domain_names": ("shop", "film", "news"), "label_names": ("bad", "good"),
        "layers": tuple(range(len(states))), "seed": 0,
    }  # fmt: skip
    return Material(**values | changed)


def said(found: Profile) -> str:
    return " ".join(fill(each["message"], each["values"]) for each in (*found.words, *found.notes))


@pytest.fixture(scope="module")
def found(layered) -> Profile:
    return profile(material(*layered))


def test_each_measure_sees_what_was_put_into_the_layers(found):
    """Layer 0: noise; 1: the label strong; 2: weak; the domain in all three."""
    assert found.task.value[1] > 0.95 > found.task.value[2] > found.control[2]
    assert found.task.value[0] <= found.control[0] + 0.05
    assert abs(found.selectivity[0]) < 0.1 and found.selectivity[1] > 0.4
    assert found.logme.argmax() == 1 and found.purity_label.argmax() == 1
    assert (found.domain.value > 0.7).all() and (found.domain_control < 0.45).all()
    assert (found.a_distance > 1).all() and (found.mmd > 0.02).all()
    assert (found.purity_domain > 0.4).all() and found.chance == pytest.approx((1 / 2, 1 / 3))
    assert np.allclose(np.diag(found.cka), 1) and found.cka[0, 1] < 0.9
    assert found.ranking.pairs == 6 and found.n == 240 and found.texts.tolist() == [80, 80, 80]


def test_the_layer_that_travels_is_named_with_its_lead(found):
    assert found.ranking.layer == 1 and found.ranking.rivals == ()
    assert found.ranking.first[1] > 0.99 and found.ranking.first.sum() == pytest.approx(1)
    lost = found.ranking.lost_by_last
    assert lost.value == pytest.approx(found.transfer.value[1] - found.transfer.value[2])
    assert 0 < lost.low < lost.value < lost.high
    assert "Layer 1 travels best" in said(found) and "clearly behind" in said(found)
    assert f"loses {lost.value:.3f}" in said(found)


def test_bands_hold_their_value_and_floors_lie_below_what_is_known(found):
    for band in (found.task, found.domain, found.transfer):
        assert (band.low <= band.value).all() and (band.value <= band.high).all()
        assert (band.low < band.high).all()
    assert found.transfer_control[1] < 0.6 < found.transfer.low[1]


def test_what_travels_is_what_transfer_says(layered, found):
    states, labels, domains = layered
    given = material(*layered)
    across = transfer(states, given.texts, labels, domains, given.domain_names, given.label_names, seed=0)
    assert across.ranking.as_dict() == found.ranking.as_dict() and across.ranking.words == found.ranking.words
    off = [across.macro_f1[s, t, :3] for s in range(3) for t in range(3) if s != t]
    assert np.allclose(found.transfer.value, np.mean(off, axis=0))
    assert found.columns()["behind_best_low"] == across.ranking.behind.low.tolist()


def test_the_same_seed_gives_the_same_profile_and_it_crosses_processes(layered, found):
    again = pickle.loads(pickle.dumps(profile(material(*layered))))
    assert again.as_dict() == found.as_dict()
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["travels_best"] == 1 and [row["layer"] for row in plain["layers"]] == [0, 1, 2]
    assert {"task_macro_f1", "domain_accuracy", "transfer_macro_f1"} <= set(plain["layers"][0])
    assert plain["layers"][1]["needed"] is None


def test_layers_alike_are_rivals_and_it_is_said_what_would_settle_it(layered):
    """Two layers with equally much of the label beside other noise, one with none."""
    _, labels, domains = layered
    states = np.random.default_rng(0).normal(size=(3, 240, 8)).astype(np.float32)
    states[1:, :, 0] += 2 * labels
    found = profile(material(states, labels, domains))
    assert {found.ranking.layer, *found.ranking.rivals} == {1, 2}
    assert f"cannot be told from: layer {found.ranking.rivals[0]}" in said(found)
    assert found.ranking.needed[found.ranking.rivals[0]] > 80 and "would settle it" in said(found)


def test_layers_that_know_nothing_are_not_praised(layered):
    _, labels, domains = layered
    noise = np.random.default_rng(5).normal(size=(2, 240, 8)).astype(np.float32)
    found = profile(material(noise, labels, domains))
    assert "no better than probes of shuffled labels" in said(found)
    assert "clearly" not in said(found) and "loses" not in said(found)


def test_one_domain_says_what_can_be_said(layered):
    states, labels, domains = layered
    rows = domains == 0
    found = profile(material(states[:, rows], labels[rows], domains[rows], domain_names=("shop",)))
    assert found.ranking.layer == 1 and found.task.value[1] > 0.9
    assert not found.transfer.known and not found.domain.known and np.isnan(found.mmd).all()
    assert "knows the task best" in said(found) and "One domain" in said(found)


def test_no_labels_still_tell_of_domains(layered):
    states, labels, domains = layered
    found = profile(material(states, np.full_like(labels, -1), domains, label_names=()))
    assert (
        found.ranking.layer is None
        and found.ranking.rivals == ()
        and np.isnan(found.ranking.lost_by_last.value)
    )
    assert found.domain.known and (found.a_distance > 1).all() and np.isnan(found.logme).all()
    assert "No two labels" in said(found) and "gives the domain away" in said(found)
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_domain_with_two_texts_takes_no_part_in_travel_and_is_named(layered):
    states, labels, domains = layered
    rows = np.concatenate([np.flatnonzero(domains < 2), np.flatnonzero(domains == 2)[:2]])
    found = profile(material(states[:, rows], labels[rows], domains[rows]))
    assert found.ranking.pairs == 2 and found.ranking.layer == 1
    assert "“news” has too few texts" in said(found)


def test_a_label_missing_in_a_domain_is_said(layered):
    states, labels, domains = layered
    labels = labels + (np.arange(240) % 6 == 0) * (2 - labels)  # a third label
    labels[(domains == 2) & (labels == 2)] = 0
    found = profile(material(states, labels, domains, label_names=("bad", "good", "odd")))
    assert found.ranking.pairs == 6 and "“news” none is labelled odd" in said(found)
    alone = np.where(domains == 2, 1, labels)
    found = profile(material(states, alone, domains, label_names=("bad", "good", "odd")))
    assert found.ranking.pairs == 2 and "“news” has too few texts or labels" in said(found)


def test_texts_all_equal_are_a_sentence(layered):
    _, labels, domains = layered
    states = np.full((2, 240, 8), 0.3, np.float32)
    found = profile(material(states, labels, domains, texts=["the same"] * 240))
    assert found.ranking.layer is None and "only 1 are different" in said(found)
    assert np.isnan(found.cka).all() and np.isnan(found.intrinsic_dimension).all()
    different = profile(material(states, labels, domains))  # different texts, one state
    assert "no better than probes of shuffled labels" in said(different)


def test_states_that_are_no_numbers_leave_their_texts_or_their_layer_out(layered):
    states, labels, domains = layered
    states = states.copy()
    states[1, 5], states[2, 7, 3] = np.nan, np.inf
    given, notes = usable(material(states, labels, domains))
    assert len(given.texts) == 238 and "text 5" not in given.texts
    assert notes[0]["values"] == {"n": 2}
    broken = np.concatenate([states[:2], np.full_like(states[:1], np.nan)])
    given, notes = usable(material(broken, labels, domains))
    found = profile(given)
    assert len(given.texts) == 239 and found.ranking.layer == 1
    assert np.isnan(found.task.value[2]) and np.isnan(found.ranking.lost_by_last.value)
    assert notes[0]["values"] == {"layers": [2]}
    json.dumps(found.as_dict(), allow_nan=False)
    with pytest.raises(BadModel, match="no finite numbers"):
        usable(material(np.full_like(states, np.nan), labels, domains))


def test_a_text_that_stands_in_two_domains_tests_no_probe(layered):
    _, labels, domains = layered
    same = np.arange(240)
    same[200] = 3
    split = parts(labels, domains, same, 3, 0)
    plain = parts(labels, domains, np.arange(240), 3, 0)
    for (train, test), (before, asked) in zip(split, plain, strict=True):
        assert (train == before).all() and (test == np.setdiff1d(asked, [3, 200])).all()


def test_the_sample_is_of_equal_parts_and_within_bounds():
    domains = np.repeat([0, 1], [3_000, 400])
    given = material(np.zeros((1, 3_400, 2)), domains, domains, domain_names=("a", "b"))
    rows = sampled(given)
    assert len(rows) == 900 <= SAMPLE and (np.diff(rows) > 0).all()
    assert np.bincount(domains[rows]).tolist() == [500, 400]


def test_a_kept_corpus_through_the_model(home):
    """The synthetic corpus, whose words for praise and blame differ from domain to domain."""
    whole = synthetic.corpus()
    seen: list[float] = []
    found = profile_of(
        "bundled:minilm", corpora.save(whole), per_class=20, report=lambda done, message: seen.append(done)
    )
    assert seen == sorted(seen) and seen[-1] == 1
    assert found.n == 160 and found.layers == tuple(range(7)) and found.moved is None
    assert found.domains == whole.domain_names and found.ranking.pairs == 12
    assert (found.domain.value > found.domain_control).all()
    assert "160 of 800 texts" in said(found)


def test_a_corpus_without_labels_or_domains_is_measured_too(home):
    frame = synthetic.corpus().frame.head(60).assign(label=-1, domain=0)
    found = profile_of("bundled:minilm", corpora.save(Corpus("plain", frame)), report=silent)
    assert found.n == 60 and found.ranking.layer is None
    assert np.isfinite(found.anisotropy).all() and np.isfinite(found.cka).all()
    assert replace(found, seconds=0.0).columns()["layer"] == list(range(7))
