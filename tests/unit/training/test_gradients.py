"""The profile is that of the gradients it says it is, and names the largest."""

from __future__ import annotations

import pytest

from xfer_core import corpora
from xfer_core.training.gradients import profile


@pytest.mark.usefixtures("home")
def test_a_profile_has_every_part_and_names_the_largest_layer(corpus, tiny_bert):
    found = profile(tiny_bert, corpora.save(corpus))
    assert found.parts == ("embeddings", "0", "1", "2") and found.texts == corpus.part("train").n
    assert all(0 < norm < 100 for norm in found.norms)
    assert found.norms[found.block + 1] == max(found.norms[1:])
    assert profile(tiny_bert, corpus.id) == found
