"""What a profile of a tuned run says of its layers: which moved, and which were frozen and could not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.profiles import made
from xfer_core.i18n import fill


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ([1.0, 0.9999999, 0.4], "layer 2 most (CKA before and after 0.40). These layers were frozen"),
        ([1.0, 1.0, 1.0], "left every layer as it was"),
        ([0.99, 0.9, 0.4], "layer 2 most (CKA before and after 0.40) and layer 0 least"),
        ([np.nan, 1.0, 0.4], "same as before: 1"),
    ],
)
def test_frozen_layers_are_said_to_be_the_same_because_they_were_frozen(moved, said):
    words = [fill(each["message"], each["values"]) for each in made(moved=np.array(moved)).words]
    assert said in words[-1]


def test_standard_errors_stand_beside_their_measures():
    columns = made(errors={"mmd": np.array([0.01, np.nan, 0.02])}).columns()
    assert columns["mmd_error"] == [0.01, None, 0.02]
