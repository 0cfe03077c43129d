"""The profile is that of the gradients it says it is, and names the largest."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

from xfer_core import corpora
from xfer_core.training import gradients
from xfer_core.training.gradients import profile


@pytest.mark.usefixtures("home")
def test_a_profile_has_every_part_and_names_the_largest_layer(corpus, tiny_bert):
    found = profile(tiny_bert, corpora.save(corpus))
    assert found.parts == ("embeddings", "1", "2", "3") and found.texts == corpus.part("train").n
    assert all(0 < norm < 100 for norm in found.norms)
    assert found.norms[found.block] == max(found.norms[1:])
    assert profile(tiny_bert, corpus.id) == found


@pytest.mark.usefixtures("home")
def test_the_norms_are_those_of_the_gradient_of_the_mean_loss(corpus, tiny_bert, monkeypatch):
    """Against plain transformers and one batch of all texts, with a head that has learnt nothing yet."""
    monkeypatch.setattr(gradients, "HEAD_STEPS", 0)
    found = profile(tiny_bert, corpora.save(corpus), seed=3)
    train = corpora.sample(corpus.part("train"), gradients.TEXTS, seed=3, by=("label",))
    assert train.n > gradients.BATCH
    model = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=3).eval()
    set_seed(3)
    begun, _ = gradients.task("classification").load(gradients.resolve(tiny_bert), corpus, 0.0)
    model.load_state_dict(begun.state_dict())
    batch = AutoTokenizer.from_pretrained(tiny_bert)(train.texts, padding=True, return_tensors="pt")
    model(**batch, labels=torch.tensor(train.labels)).loss.backward()
    layers = model.bert.encoder.layer
    for norm, part in zip(found.norms, (model.bert.embeddings, *layers), strict=True):
        gradient = torch.cat([p.grad.flatten() for p in part.parameters()])
        weights = torch.cat([p.detach().flatten() for p in part.parameters()])
        assert norm == pytest.approx(float(gradient.norm() / weights.norm()), rel=1e-4)
