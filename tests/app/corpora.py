"""A corpus of a dozen texts, for pages that only need one."""

import pandas as pd

from xfer_core.corpora import Corpus


def small(name: str = "demo", n: int = 12) -> Corpus:
    frame = pd.DataFrame(
        {
            "text": [f"text number {i}" for i in range(n)],
            "label": [i % 2 for i in range(n)],
            "domain": 0,
            "split": ["train", "train", "validation", "test"] * (n // 4),
            "row": range(1, n + 1),
        }
    )
    return Corpus(name, frame, ("bad", "good"), ())
