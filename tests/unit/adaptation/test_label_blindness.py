"""No method ever sees a label of the target: other labels, the same weights, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from xfer_core.adaptation import results
from xfer_core.adaptation.ground import HELD, UNLABELLED, ground
from xfer_core.adaptation.settings import validate
from xfer_core.corpora import Corpus, relabel
from xfer_core.runs.store import Run

from .conftest import two_domains


def other_labels(corpus: Corpus, how: str) -> Corpus:
    """The same texts, the labels of the target's shuffled or taken off."""
    labels, target = corpus.labels.copy(), corpus.domains == 1
    labels[target] = -1 if how == "blank" else np.random.default_rng(3).permutation(labels[target])
    assert (labels != corpus.labels).any()
    return replace(corpus, frame=corpus.frame.assign(label=labels))


def test_what_is_learnt_from_is_no_version_with_other_labels() -> None:
    """A ``parent`` stands for one, and is looked for together with ``relabelled``."""
    corpus = relabel(two_domains(), {0: two_domains().label_names[1 - two_domains().labels[0]]})
    config = validate({"source": "shop", "target": "tweets", "method": "dann"})
    source = ground(corpus, config).learnt.source
    assert source["selected_from"] == corpus.id and not {"parent", "relabelled"} & set(source)


def test_what_is_learnt_from_has_no_label_of_the_target() -> None:
    config = validate({"source": "shop", "target": "tweets", "method": "dann"})
    found = ground(two_domains(), config)
    for part in (UNLABELLED, HELD):
        assert found.learnt.part(part).n
        assert (found.learnt.part(part).labels == -1).all()
    learnt = found.learnt.frame
    assert (learnt[learnt["domain"] == 1]["label"] == -1).all()
    assert set(found.learnt.part("train").domains) == {0}


@pytest.mark.parametrize("how", ["shuffled", "blank"])
def test_other_target_labels_give_the_same_weights(
    how: str, whole_run: tuple[Path, str], adapted: Callable[..., Run]
) -> None:
    home, run_id = whole_run
    truth = home / "runs" / run_id
    again = adapted(corpus=other_labels(two_domains(), how))
    found, tensors = results.load(again.id), Path("model") / "model.safetensors"
    for outcome in found.outcomes:
        assert outcome.state == "done"
        assert (outcome.target is None) == (how == "blank")
        for part in ("validation", "source", "target"):
            place = Path("methods") / outcome.method / f"{part}.npy"
            assert np.array_equal(np.load(truth / place), np.load(again.folder / place)), place
    weights, others = load_file(truth / tensors), load_file(again.folder / tensors)
    assert weights.keys() == others.keys()
    assert all(np.array_equal(weights[name], others[name]) for name in weights)


def test_every_method_moves_the_model(whole_run: tuple[Path, str]) -> None:
    """Else the test above could not fail."""
    home, run_id = whole_run
    logits = {
        path.parent.name: np.load(path) for path in (home / "runs" / run_id).glob("methods/*/target.npy")
    }
    assert len(logits) == 5
    before = logits.pop("source-only")
    assert all(not np.allclose(before, after, atol=1e-4) for after in logits.values())
