"""The effect the whole lab is about, on the real four domains and with the real bundled encoder."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.analysis.probes import transfer_of
from xfer_core.analysis.transfer import BEST, OWN, TFIDF
from xfer_core.corpora import catalogue, save
from xfer_core.models.sources import BUNDLED


def test_a_middle_layer_travels_and_words_do_not(home):
    corpus, offline = catalogue.first_corpus()
    if offline:
        pytest.skip("the four-domain corpus could not be fetched")
    found = transfer_of(BUNDLED, save(corpus))
    pairs = found.pairs()
    assert len(pairs) == 12 and found.tested.tolist() == [240] * 4
    scores = np.array([found.macro_f1[pair] for pair in pairs])
    assert (scores[:, 3:6].max(axis=1) > scores[:, 6]).all()  # layers 3 to 5 against the last, every pair
    assert (scores[:, :TFIDF].max(axis=1) > scores[:, TFIDF]).all()
    means = {mean.how: mean for mean in found.means}
    assert 3 <= found.ranking.layer <= 5 and found.ranking.lost_by_last.low > 0
    assert means[TFIDF].macro_f1 < 0.65 and means[TFIDF].macro_f1 - found.chance.mean() < 0.12
    assert means[6].low < means[OWN].macro_f1 <= means[BEST].macro_f1
    assert means[OWN].lead_low > 0  # also where no label of the target was looked at
    rest = {mean.how: mean for mean in found.rest_means}
    assert rest[OWN].macro_f1 > means[OWN].macro_f1  # three domains teach more than one
