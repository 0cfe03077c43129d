"""One thread for small matrices.

On few cores the BLAS and OpenMP threads of numpy, scipy and scikit-learn spin on matrices as small as ours:
one layer's five-fold logistic regression took 13.0 s with the default two threads and 0.33 s with one, with
the same numbers. Everything that does linear algebra outside torch runs inside :func:`single_threaded`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_threaded() -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
