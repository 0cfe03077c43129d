"""How universal each layer's features are: what they know of the task, of the domain, and what travels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.i18n import N_, Said, as_message

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A value with its 95 % bounds, each float64 [layers]; NaN where it could not be measured."""

    value: Floats
    low: Floats
    high: Floats

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.value).any())


@dataclass(frozen=True)
class Lost:
    """How much the last layer is behind the best one, with its 95 % bounds."""

    value: float
    low: float
    high: float


UNKNOWN = Lost(float("nan"), float("nan"), float("nan"))

LIKELY = 0.9
"""Share of the draws from which a difference is called likely."""
MOST_TO_LABEL = 20_000
"""Texts a domain beyond which a difference is not worth settling."""


@dataclass(frozen=True)
class Profile:
    """Every measure of every layer, float64 [layers] unless said otherwise; NaN where there is no answer.

    Attributes
    ----------
    n : int
        Texts measured; *texts* int64 [domains] of them in each domain.
    task : Band
        Macro-F1 of a linear probe on held-out texts of all domains; *control*: 95 % of probes of shuffled
        labels lie below; *selectivity*: task minus the mean of those.
    logme : LogME of You et al. 2021, no probe needed.
    domain : Band
        Accuracy of the probe of the domain; *domain_control* as *control*.
    a_distance, mmd : mean over pairs of domains; proxy A-distance 0 to 2, squared MMD with median heuristic.
    transfer : Band
        Macro-F1 of a probe trained in one domain and tested in another, the mean over all pairs;
        *transfer_control* as *control*. *pairs*: how many.
    behind : Band
        How much each layer is behind the best one on the same texts (paired bootstrap), of *transfer*, or
        of *task* with one domain; *first*: share of the draws in which it comes first; *ahead*: in which the
        best one is ahead of it; *needed*: texts a domain that would tell it from the best (NaN for the best;
        infinite for no difference).
    anisotropy, intrinsic_dimension, purity_label, purity_domain : the shape of the states; the latter two
        with *chance* = (label, domain), the share of neighbours that would agree by chance.
    cka : float64 [layers, layers]
        Debiased linear CKA of every two layers; *moved* [layers]: of before and after, for a tuned run of
        *base*.
    sampled : int
        Texts on which CKA, MMD and intrinsic dimension were measured.
    notes : tuple of {"message", "values"}
        What was left out, and why.
    """

    model: str
    corpus: str
    pool: str
    seed: int
    per_class: int
    max_length: int
    n: int
    truncated: int
    domains: tuple[str, ...]
    texts: NDArray[np.int64]
    labels: tuple[str, ...]
    layers: tuple[int, ...]
    task: Band
    control: Floats
    selectivity: Floats
    logme: Floats
    domain: Band
    domain_control: Floats
    a_distance: Floats
    mmd: Floats
    transfer: Band
    transfer_control: Floats
    pairs: int
    behind: Band
    first: Floats
    ahead: Floats
    needed: Floats
    anisotropy: Floats
    intrinsic_dimension: Floats
    purity_label: Floats
    purity_domain: Floats
    chance: tuple[float, float]
    cka: Floats
    sampled: int
    moved: Floats | None = None
    base: str = ""
    notes: tuple[Said, ...] = ()
    seconds: float = 0.0

    @property
    def deciding(self) -> Band:
        """What names the best layer: transfer where there are domains, else task knowledge."""
        return self.transfer if self.transfer.known else self.task

    @property
    def best(self) -> int | None:
        """The place of the best layer in every array."""
        return int(np.nanargmax(self.deciding.value)) if self.deciding.known else None

    @property
    def travels_best(self) -> int | None:
        """The layer whose features travel best (with one domain: know the task best); None: not known."""
        return None if self.best is None else self.layers[self.best]

    @property
    def rivals(self) -> tuple[int, ...]:
        """Layers that cannot be told from the best one: the bounds of their difference hold 0."""
        if self.best is None:
            return ()
        return tuple(
            layer
            for place, layer in enumerate(self.layers)
            if place != self.best and self.behind.low[place] <= 0
        )

    @property
    def lost_by_last(self) -> Lost:
        """What is lost by using the last layer, as everybody does."""
        if self.best is None:
            return UNKNOWN
        band = self.behind
        return Lost(float(band.value[-1]), float(band.low[-1]), float(band.high[-1]))

    @property
    def a_domain(self) -> int:
        """Texts in a domain, the mean."""
        return round(float(self.texts.mean()))

    @property
    def words(self) -> tuple[Said, ...]:
        """What the numbers say, as sentences with their values."""
        return (*_of_the_best(self), *_of_the_domain(self), *_of_tuning(self))

    def columns(self) -> dict[str, Any]:
        """One list a measure, in the order of *layers*: the table of all numbers."""
        found: dict[str, Any] = {"layer": list(self.layers)}
        for name, measure in (
            ("task_macro_f1", self.task), ("domain_accuracy", self.domain),
            ("transfer_macro_f1", self.transfer), ("behind_best", self.behind),
        ):  # fmt: skip
            found |= {name: measure.value, f"{name}_low": measure.low, f"{name}_high": measure.high}
        for name in (
            "control", "selectivity", "domain_control", "transfer_control", "first", "ahead", "needed",
            "logme", "a_distance", "mmd", "anisotropy", "intrinsic_dimension", "purity_label",
            "purity_domain",
        ):  # fmt: skip
            found[name] = getattr(self, name)
        if self.moved is not None:
            found["moved"] = self.moved
        return {name: _plain(values) for name, values in found.items()}

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; what is not known is None."""
        columns = self.columns()
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name in _PLAIN}
        lost = self.lost_by_last
        return {
            **plain,
            "domains": dict(zip(self.domains, self.texts.tolist(), strict=True)),
            "labels": list(self.labels),
            "travels_best": self.travels_best,
            "rivals": list(self.rivals),
            "lost_by_last": dict(zip(("value", "low", "high"), _plain(vars(lost).values()), strict=True)),
            "words": list(self.words),
            "notes": list(self.notes),
            "layers": rows,
            "cka": [_plain(row) for row in self.cka],
        }


_PLAIN = ("model", "corpus", "pool", "seed", "per_class", "max_length", "n", "truncated", "pairs",
          "sampled", "base", "seconds")  # fmt: skip


def _plain(values: Any) -> list[Any]:
    """Numbers as JSON has them: nothing in place of what is not known or not finite."""
    return [value if isinstance(value, int) else float(value) if np.isfinite(value) else None
            for value in values]  # fmt: skip


TRAVELS = N_(
    "Layer {layer} travels best: trained in one domain and tested in another, a probe on it reaches "
    "macro-F1 {score:.2f} (95% between {low:.2f} and {high:.2f}; the mean of {pairs} pairs of domains)."
)
KNOWS = N_(
    "Layer {layer} knows the task best: a probe on it reads held-out texts with macro-F1 {score:.2f} (95% "
    "between {low:.2f} and {high:.2f}). With one domain nothing can be said about what travels."
)
OFTEN = N_(
    "With the texts it is trained and tested on drawn again, it comes first in {share:.0%} of the draws."
)
OFTEN_TESTED = N_(
    "With the texts it is tested on drawn again, it comes first in {share:.0%} of the draws; other texts to "
    "train on would add to the doubt."
)
LAST = N_(
    "Using the last layer, as everybody does, loses {value:.3f} of it (95% between {low:.3f} and {high:.3f})."
)
LAST_LIKELY = N_(
    "Using the last layer, as everybody does, loses {value:.3f} of it. That is likely, not sure: layer "
    "{layer} is ahead in {ahead:.0%} of the draws (95% of the differences lie between {low:.3f} and "
    "{high:.3f})."
)
LAST_UNSURE = N_(
    "Whether the last layer is any worse is not known: the difference is {value:.3f} (95% between {low:.3f} "
    "and {high:.3f})."
)
LAST_BEST = N_("That is the last layer, which most tools use: here nothing is lost by it.")
ALONE = N_("With {n:,} texts a domain every other layer is clearly behind it.")
RIVALS = N_("With {n:,} texts a domain it cannot be told from these layers: {layers}.")
NEEDED = N_("If the differences are as large as they look, so many texts a domain would settle it: {needed}.")
NEEDED_FOR = N_("about {texts:,} for layer {layer}")
EQUAL = N_("So small a difference that no table would settle it, and none needs to: layers {layers}.")
CHANCE = N_(
    "But it reads no better than probes of shuffled labels ({floor:.2f}): no layer is shown to know anything."
)
DOMAIN = N_(
    "Every layer gives the domain away: a probe names it with an accuracy from {low:.2f} (layer {least}) to "
    "{high:.2f} (layer {most}), where shuffled domains reach {floor:.2f}. What travels does so beside the "
    "traces of the domain, not because they are gone."
)
DOMAIN_HIDDEN = N_(
    "In layer {least} the domain cannot be read (accuracy {low:.2f}, shuffled domains reach {floor:.2f}); "
    "it shows most in layer {most} ({high:.2f})."
)
MOVED = N_("Tuning moved layer {most} most (CKA before and after {value:.2f}) and layer {least} least.")


def _of_the_best(profile: Profile) -> list[Said]:
    place = profile.best
    if place is None:
        return []
    band, lost = profile.deciding, profile.lost_by_last
    across = profile.transfer.known
    values = {"score": band.value[place], "low": band.low[place], "high": band.high[place]}
    values = {name: float(value) for name, value in values.items()}
    said = [
        as_message(TRAVELS, layer=profile.layers[place], pairs=profile.pairs, **values)
        if across
        else as_message(KNOWS, layer=profile.layers[place], **values)
    ]
    floor = float((profile.transfer_control if across else profile.control)[place])
    if values["low"] <= floor:
        return [*said, as_message(CHANCE, floor=floor)]
    said.append(as_message(OFTEN if across else OFTEN_TESTED, share=float(profile.first[place])))
    if place == len(profile.layers) - 1:
        said.append(as_message(LAST_BEST))
    elif np.isfinite(lost.value):
        said.append(_of_the_last(profile, lost))
    return [*said, *_of_the_rivals(profile)]


def _of_the_last(profile: Profile, lost: Lost) -> Said:
    values = {name: round(value, 3) + 0.0 for name, value in vars(lost).items()}  # no "-0.000"
    if lost.low > 0:
        return as_message(LAST, **values)
    ahead = float(profile.ahead[-1])
    if ahead < LIKELY:
        return as_message(LAST_UNSURE, **values)
    return as_message(LAST_LIKELY, layer=profile.travels_best, ahead=ahead, **values)


def _of_the_rivals(profile: Profile) -> list[Said]:
    if not profile.rivals:
        return [as_message(ALONE, n=profile.a_domain)]
    said = [as_message(RIVALS, n=profile.a_domain, layers=list(profile.rivals))]
    needed = {layer: float(profile.needed[profile.layers.index(layer)]) for layer in profile.rivals}
    worth = {layer: -(-int(texts) // 10) * 10 for layer, texts in needed.items() if texts < MOST_TO_LABEL}
    if worth:
        each = [as_message(NEEDED_FOR, layer=layer, texts=texts) for layer, texts in worth.items()]
        said.append(as_message(NEEDED, needed=each))
    if len(worth) < len(needed):
        said.append(as_message(EQUAL, layers=[layer for layer in needed if layer not in worth]))
    return said


def _of_the_domain(profile: Profile) -> list[Said]:
    if not profile.domain.known:
        return []
    value = profile.domain.value
    least, most = int(np.nanargmin(value)), int(np.nanargmax(value))
    floor = float(profile.domain_control[least])
    message = DOMAIN if profile.domain.low[least] > floor else DOMAIN_HIDDEN
    return [
        as_message(
            message, low=float(value[least]), high=float(value[most]), floor=floor,
            least=profile.layers[least], most=profile.layers[most],
        )
    ]  # fmt: skip


def _of_tuning(profile: Profile) -> list[Said]:
    if profile.moved is None or not np.isfinite(profile.moved).any():
        return []
    most, least = int(np.nanargmin(profile.moved)), int(np.nanargmax(profile.moved))
    return [
        as_message(
            MOVED, most=profile.layers[most], least=profile.layers[least], value=float(profile.moved[most])
        )
    ]
