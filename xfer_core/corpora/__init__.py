"""Any table → a Corpus: texts, labels, domains, split; and a catalogue of real ones."""

from xfer_core.corpora.columns import Columns, guess
from xfer_core.corpora.corpus import Corpus, Summary, build, listing, load, relabel, sample, save, stack
from xfer_core.corpora.table import Chunks, Table, chunks, read

__all__ = [
    "Chunks", "Columns", "Corpus", "Summary", "Table",
    "build", "chunks", "guess", "listing", "load", "read", "relabel", "sample", "save",
    "stack",
]  # fmt: skip
