"""What a layer or a tuned model has to beat: counting words, and a linear probe on untuned states.

The first page and every run use these same two, each a fitted preparation and a logistic regression on it.
They differ only in how the regression's strength is found: :mod:`xfer_core.analysis.probes` trains on one
domain and tests on others, without validation texts, and so takes the fixed strengths below;
:mod:`xfer_core.training.references` has a validation part and chooses from the lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WORDS = r"(?u)[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w\w+"
"""Words of two letters or more, and single characters of scripts written without spaces."""
RARE_WORDS_UP_TO = 2_000
"""Texts beyond which words and pairs of a single text are not counted: there are millions of them."""

WORD_STRENGTH = 10.0
"""Inverse regularisation ``C`` where it is not chosen on validation texts.

Within the domains of the four-domain corpus, so without a look at any other domain, 10 gave macro-F1 .705
and .702 where 1.0 gave .702 and .695 (two seeds).
"""
WORD_STRENGTHS = (1.0, 3.0, 10.0, 30.0)

PROBE_STRENGTH = 0.01
"""The same for probes.

Standardised states have hundreds of columns for a few hundred texts: at scikit-learn's 1.0 a probe learns
them by heart. Within the domains of the four-domain corpus .01 gave macro-F1 .81 where 1.0 gave .77 and .001
gave .81 (last layer, two seeds).
"""
PROBE_STRENGTHS = (0.001, 0.01, 0.1, 1.0)

STRENGTHS = (1e-4, *PROBE_STRENGTHS)
"""Of a classifier on features: all layers side by side need a stronger penalty than a single one."""


def word_counts(texts: Sequence[str]) -> Any:
    """TF-IDF of words and word pairs of *texts*, fitted: ``transform`` gives a sparse matrix [n, features].

    Where no text holds a word (smileys only, say), single signs are counted.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    counter = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=1 if len(texts) <= RARE_WORDS_UP_TO else 2,
        sublinear_tf=True,
        token_pattern=WORDS,
    )
    try:
        return counter.fit(texts)
    except ValueError:
        return counter.set_params(token_pattern=r"\S", min_df=1).fit(texts)


def standardised(states: Any) -> Any:
    """Columns of *states* [n, hidden] brought to mean 0 and variance 1, fitted: ``transform`` does it."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(states)


def regression(strength: float) -> Any:
    """The logistic regression, not fitted yet, with ``C`` *strength*."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=1_000)
