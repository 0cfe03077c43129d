"""A corpus: texts with labels, domains and a split, wherever they came from; built, kept, sampled."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from xfer_core.corpora import beside
from xfer_core.corpora import rows as table_rows
from xfer_core.corpora.columns import Columns
from xfer_core.corpora.split import PARTS, UNLABELLED, largest_remainder, stratified
from xfer_core.corpora.table import Table
from xfer_core.errors import BadTable, NotFound
from xfer_core.files import fingerprint, inside, read_json, slug, whole, write_json
from xfer_core.i18n import N_
from xfer_core.settings import home

Note = dict[str, Any]
"""``{"message": msgid, "values": {...}}``: something that was done to the data and must be said."""

RELABELLED = N_(
    "Labels corrected by hand: {n}, of them {test} of test texts, so scores before and after are not of the"
    " same truth. The version before is {parent}."
)
_CARVED = {
    "validation": N_(
        "The table's split has no validation part: {n} train texts were drawn for it (seed {seed})."
    ),
    "test": N_("The table's split has no test part: {n} train texts were drawn for it (seed {seed})."),
}


@dataclass(frozen=True)
class Corpus:
    """Texts ready for every analysis and training.

    The frame has the columns ``text`` (str), ``label`` (int64, index into *label_names*, -1 for none),
    ``domain`` (int64, index into *domain_names*, 0 where there are no domains), ``split`` (``train``,
    ``validation`` or ``test``) and ``row`` (int64, the 1-based row of the table it came from); behind them
    what :mod:`~xfer_core.corpora.beside` keeps of the table's other columns.

    Where some texts have labels, those without one have the split ``unlabelled``, so that training and tests,
    which take the other three parts, never meet them. A corpus without any label has the three parts only.
    """

    name: str
    frame: pd.DataFrame
    label_names: tuple[str, ...] = ()
    domain_names: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    @cached_property
    def id(self) -> str:
        """``slug-xxxxxxxx``: readable, and other for other content; columns beside the texts are no part."""
        columns = self.frame
        content = fingerprint(
            "\0".join(self.texts),
            columns["label"].to_numpy(np.int64).tobytes(),
            columns["domain"].to_numpy(np.int64).tobytes(),
            "\0".join(columns["split"].tolist()),
            columns["row"].to_numpy(np.int64).tobytes(),
            "\0".join(self.label_names) + "\1" + "\0".join(self.domain_names),
        )
        return f"{slug(self.name)}-{content[:8]}"

    @property
    def n(self) -> int:
        return len(self.frame)

    @property
    def texts(self) -> list[str]:
        return self.frame["text"].tolist()

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        return self.frame["label"].to_numpy(np.int64)

    @property
    def domains(self) -> npt.NDArray[np.int64]:
        return self.frame["domain"].to_numpy(np.int64)

    @property
    def others(self) -> dict[str, pd.Series]:
        """Further columns of the table by their names, float64 (NaN for none) or strings ("" for none)."""
        return beside.others(self.frame)

    @property
    def unlabelled(self) -> int:
        """Texts without a label."""
        return int((self.labels < 0).sum())

    def part(self, split: str) -> Corpus:
        """The rows of ``train``, ``validation``, ``test`` or ``unlabelled``, with the same names."""
        return self.take(np.flatnonzero((self.frame["split"] == split).to_numpy()))

    def take(self, rows: npt.NDArray[np.int64]) -> Corpus:
        """The rows at these positions, in this order."""
        return replace(self, frame=self.frame.iloc[rows].reset_index(drop=True))

    def table(self) -> pd.DataFrame:
        """As others read it: ``row, text, label, domain, split``, then :attr:`others` that have another name;
        names for codes, None if there is none."""
        names: list[str | None] = [*self.label_names, None]  # -1, no label, finds the None
        labels = np.array(names, dtype=object)[self.labels]
        domains = np.array(self.domain_names or (None,), dtype=object)[self.domains]
        own = {
            "row": self.frame["row"].to_numpy(),
            "text": self.texts,
            "label": pd.Series(labels, dtype=object),
            "domain": pd.Series(domains, dtype=object),
            "split": self.frame["split"].to_numpy(),
        }
        return pd.DataFrame({name: values.to_numpy() for name, values in self.others.items()} | own)[
            [*own, *(name for name in self.others if name not in own)]
        ]

    def noted(self, message: str, **values: Any) -> Corpus:
        """The same corpus with one more thing said about it."""
        return replace(self, notes=[*self.notes, {"message": message, "values": values}])

    def balance(self) -> pd.DataFrame:
        """Texts in each label × domain × part that has any; columns ``label, domain, split, texts``."""
        labels = np.array([*self.label_names, ""], dtype=object)[self.labels]
        domains = np.array([*self.domain_names] or [""], dtype=object)[self.domains]
        frame = pd.DataFrame({"label": labels, "domain": domains, "split": self.frame["split"]})
        return frame.value_counts(sort=False).rename("texts").reset_index()


@dataclass(frozen=True)
class Summary:
    """A corpus that is kept, without its texts."""

    id: str
    name: str
    rows: int
    labels: int
    domains: int
    created: float
    """Unix seconds."""
    parent: str = ""
    """The corpus whose labels were corrected to make it."""
    unlabelled: int = 0
    """Of *rows*, those without a label."""


def build(
    tables: Table | Sequence[Table] | Mapping[str, Table],
    columns: Columns,
    *,
    name: str,
    seed: int = 0,
    shares: Sequence[float] = (0.7, 0.1, 0.2),
    drop_duplicates: bool = False,
    source: dict[str, Any] | None = None,
) -> Corpus:
    """Make a corpus of one table, or of several stacked ones.

    Parameters
    ----------
    tables : Table, or several
        Of several, each one's name (its key in a mapping) becomes the domain of its rows.
    columns : Columns
        Which columns hold what, in every table.
    seed, shares
        For a split stratified by label × domain, where the table has none of its own; parts that a split
        column lacks are drawn from its train rows.
    drop_duplicates : bool
        Keep only the first of rows with the same text.
    source : dict, optional
        ``origin, licence, citation, url``, kept with the corpus.

    Raises
    ------
    BadTable
        If nothing could be learnt from it: one column, no texts, numbers for texts, no labels, one label,
        a label with too few rows, too many labels or domains; each in a sentence that says how to mend it.
    """
    stacked = table_rows.named(tables)
    several = not isinstance(tables, Table)
    notes: list[Note] = [note for table in stacked.values() for note in table.notes]
    rejected = sum(table.rejected_count for table in stacked.values())
    dropped = {"unreadable": rejected} if rejected else {}
    frames = []
    for domain, table in stacked.items():
        frames.append(table_rows.take(table.frame, columns, domain if several else None, dropped))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if columns.label is not None and (frame["label"] == "").all():
        raise table_rows.all_empty("label", columns.label)
    if drop_duplicates:
        labelled_first = frame["text"].iloc[np.argsort(frame["label"] == "", kind="stable")]
        repeated = labelled_first.duplicated().sort_index()
        dropped["repeated"] = int(repeated.sum())
        frame = frame[~repeated].reset_index(drop=True)
    notes += [{"message": table_rows.DROPPED[why], "values": {"n": n}} for why, n in dropped.items() if n]
    frame, label_names = table_rows.coded(frame, "label")
    frame, domain_names = table_rows.coded(frame, "domain")
    if columns.label is not None:
        table_rows.check_labels(frame["label"].to_numpy(), label_names, columns.label)
    table_rows.check_domains(domain_names)
    known = frame["label"] >= 0 if label_names else frame["label"] < 0
    parts = _split(frame[known], tuple(shares), seed, notes)
    frame["split"] = parts.reindex(frame.index, fill_value=UNLABELLED)
    if not known.all():
        notes.append({"message": table_rows.UNLABELLED_KEPT, "values": {"n": int((~known).sum())}})
    frame = beside.typed(frame[["text", "label", "domain", "split", "row", *beside.names(frame)]])
    about = {"origin": ", ".join(stacked), "columns": vars(columns), "dropped": dropped, **(source or {})}
    return Corpus(name, frame, label_names, domain_names, about, notes)


def _split(frame: pd.DataFrame, shares: tuple[float, ...], seed: int, notes: list[Note]) -> pd.Series:
    """The part of each row: the table's own where it says so, the rest drawn."""
    split = frame["split"].to_numpy(dtype=object)
    own = set(split) - {""}
    drawn = split == ("train" if own else "")
    if not drawn.any():
        raise BadTable(
            N_("The split column has no row for training."), N_("Choose another split column, or none.")
        )
    lacking = [part for part, share in zip(PARTS, shares, strict=True) if share and part not in own]
    if lacking:
        rows = frame[drawn]
        wanted = [share if part == "train" or part not in own else 0.0
                  for part, share in zip(PARTS, shares, strict=True)]  # fmt: skip
        labels, domains = rows["label"].to_numpy(), rows["domain"].to_numpy()
        parts = stratified(rows["text"].tolist(), labels, domains, shares=wanted, seed=seed)
        split[drawn] = np.array(PARTS, dtype=object)[parts]
    for part in lacking:
        texts = int((split == part).sum())
        if not texts:
            raise BadTable(
                N_(
                    "{n} texts, of which {distinct} are different, are too few to be split into train,"
                    " validation and test."
                ),
                N_("Bring at least three different texts of each label."),
                n=len(frame),
                distinct=frame["text"].nunique(),
            )
        if own:
            notes.append({"message": _CARVED[part], "values": {"n": texts, "seed": seed}})
    return pd.Series(split, index=frame.index, dtype="str")


def stack(corpora: Mapping[str, Corpus], *, name: str) -> Corpus:
    """Several corpora as the domains of one; labels of the same name are one label, splits stay.

    A domain that had domains of its own is divided further: "shop: books". Beside one that has labels, the
    texts of one that has none are unlabelled ones.
    """
    labels = table_rows.in_order({label for corpus in corpora.values() for label in corpus.label_names})
    domains: list[str] = []
    frames: list[pd.DataFrame] = []
    for domain, corpus in corpora.items():
        frame = corpus.frame.copy()
        code = np.array([labels.index(label) for label in corpus.label_names] + [-1], dtype=np.int64)
        frame["label"] = code[corpus.labels]
        own = (
            [f"{domain}: {sub}" for sub in corpus.domain_names] if len(corpus.domain_names) > 1 else [domain]
        )
        frames.append(frame.assign(domain=corpus.domains + len(domains)))
        domains += own
    table_rows.check_domains(tuple(domains))
    source = {"origin": ", ".join(corpora), "parts": {key: corpus.source for key, corpus in corpora.items()}}
    notes = [note for corpus in corpora.values() for note in corpus.notes]
    frame = beside.typed(pd.concat(frames, ignore_index=True))
    if labels:
        frame.loc[frame["label"] < 0, "split"] = UNLABELLED
    return Corpus(name, frame, labels, tuple(domains), source, notes)


def relabel(corpus: Corpus, labels: Mapping[int, str]) -> Corpus:
    """A new version in which the texts at these positions have these labels; *corpus* stays as it is.

    Texts, rows, domains and split stay, but an unlabelled text that is given a label becomes a train text; a
    label that no text has any more is dropped. ``source`` of the new
    version names its ``parent`` and, under ``relabelled``, every change as ``position, row, from, to``.
    Positions, as everywhere (:meth:`Corpus.take`), because rows of stacked tables are not unique.

    Raises
    ------
    BadTable
        If a position or a label is not there, nothing would change, or what is left could not be learnt:
        one label, or one with a single text.
    """
    known = {name: code for code, name in enumerate(corpus.label_names)}
    for position, name in labels.items():
        if not 0 <= position < corpus.n:
            raise BadTable(
                N_("There is no text at position {position}; the corpus has {n}, counted from 0."),
                N_("Take positions from the same version of the corpus."),
                position=position, n=corpus.n,
            )  # fmt: skip
        if name not in known:
            raise BadTable(
                N_("“{label}” is none of the labels of this corpus."),
                N_("Choose one of {labels}."),
                label=name[:80], labels=", ".join(corpus.label_names)[:200],
            )  # fmt: skip
    changed = {at: name for at, name in sorted(labels.items()) if known[name] != corpus.labels[at]}
    if not changed:
        raise BadTable(N_("No label would change."), N_("Give a text another label first."))
    before, rows = corpus.table()["label"], corpus.frame["row"]
    frame = corpus.frame.assign(label=before.fillna(""))
    frame.loc[list(changed), "label"] = list(changed.values())
    frame.loc[frame.index.isin(list(changed)) & (frame["split"] == UNLABELLED), "split"] = "train"
    frame, names = table_rows.coded(frame, "label")
    codes = frame["label"].to_numpy()
    table_rows.check_labels(codes[codes >= 0], names, "label")
    changes = [{"position": at, "row": int(rows[at]), "from": before[at], "to": name}
               for at, name in changed.items()]  # fmt: skip
    source = {**corpus.source, "parent": corpus.id, "relabelled": changes}
    test = int((corpus.frame["split"].iloc[list(changed)] == "test").sum())
    new = replace(corpus, frame=frame, label_names=names, source=source)
    return new.noted(RELABELLED, n=len(changes), test=test, parent=corpus.id)


def sample(corpus: Corpus, n: int, seed: int, by: Sequence[str] = ("label", "domain")) -> Corpus:
    """At most *n* texts, each stratum of *by* in its share, in their order; the notes say so."""
    if n >= corpus.n:
        return corpus
    message = N_("{n} of {all} texts were drawn at random, every group in its share (seed {seed}).")
    return corpus.take(drawn(corpus, n, seed, by)).noted(message, n=n, all=corpus.n, seed=seed)


def drawn(
    corpus: Corpus, n: int, seed: int, by: Sequence[str] = ("label", "domain")
) -> npt.NDArray[np.int64]:
    """Positions, ascending, of the texts :func:`sample` takes."""
    if n >= corpus.n:
        return np.arange(corpus.n)
    random = np.random.default_rng(seed)
    groups = corpus.frame.groupby(list(by), sort=True).indices
    counts = largest_remainder(np.array([len(rows) for rows in groups.values()]) * (n / corpus.n), n)
    chosen = [random.choice(rows, k, replace=False) for rows, k in zip(groups.values(), counts, strict=True)]
    return np.sort(np.concatenate(chosen))


def save(corpus: Corpus) -> str:
    """Keep a corpus in the data folder; returns its id."""
    folder = _folder() / corpus.id
    with whole(folder / "texts.parquet") as draft:
        corpus.frame.to_parquet(draft, index=False)
    about = {
        "id": corpus.id, "name": corpus.name, "rows": corpus.n,
        "labels": corpus.label_names, "domains": corpus.domain_names,
        "unlabelled": corpus.unlabelled,
        "created": time.time(), "source": corpus.source, "notes": corpus.notes,
    }  # fmt: skip
    write_json(folder / "corpus.json", about)  # last: a folder with it is whole
    return corpus.id


def load(identifier: str) -> Corpus:
    """A kept corpus.

    Raises
    ------
    NotFound
        If none is kept under this id.
    """
    folder = inside(_folder(), identifier)
    if not (folder / "corpus.json").is_file():
        raise NotFound(
            N_("No corpus “{name}” is kept here."),
            N_("Choose or upload one on the data page."),
            name=identifier,
        )
    about = read_json(folder / "corpus.json")
    frame = pd.read_parquet(folder / "texts.parquet")
    names = tuple(about["labels"]), tuple(about["domains"])
    return Corpus(about["name"], frame, *names, source=about["source"], notes=about["notes"])


def kept_at(identifier: str) -> float:
    """When a corpus was last kept (Unix seconds, 0: never): columns beside its texts may be others since."""
    path = inside(_folder(), identifier) / "corpus.json"
    return path.stat().st_mtime if path.exists() else 0.0


def listing() -> list[Summary]:
    """Every kept corpus, the newest first."""
    found = []
    for path in _folder().glob("*/corpus.json"):
        about = read_json(path)
        sizes = about["rows"], len(about["labels"]), len(about["domains"])
        parent = about["source"].get("parent", "")
        found.append(
            Summary(about["id"], about["name"], *sizes, about["created"], parent, about.get("unlabelled", 0))
        )
    return sorted(found, key=lambda summary: -summary.created)


def _folder() -> Path:
    return home() / "corpora"
