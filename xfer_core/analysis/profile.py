"""How universal each layer's features are: what they know of the task, of the domain, and what travels."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.ranking import Band, Floats, Ranking
from xfer_core.i18n import N_, Said, as_message


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
        *transfer_control* as *control*: the numbers of :class:`~xfer_core.analysis.transfer.Transfer`.
    ranking : Ranking
        Of *transfer*, or of *task* where nothing can be said of what travels.
    anisotropy, intrinsic_dimension, purity_label, purity_domain : the shape of the states; the latter two
        with *chance* = (label, domain), the share of neighbours that would agree by chance.
    cka : float64 [layers, layers]
        Debiased linear CKA of every two layers; *moved* [layers]: of before and after, for a tuned run of
        *base*.
    sampled : int
        Texts on which CKA, MMD and intrinsic dimension were measured.
    errors : dict of str to float64 [layers]
        Standard errors of measures that have no band, by the names of their fields; see
        :mod:`xfer_core.analysis.spread`.
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
    ranking: Ranking
    anisotropy: Floats
    intrinsic_dimension: Floats
    purity_label: Floats
    purity_domain: Floats
    chance: tuple[float, float]
    cka: Floats
    sampled: int
    moved: Floats | None = None
    base: str = ""
    errors: dict[str, Floats] = field(default_factory=dict)
    notes: tuple[Said, ...] = ()
    seconds: float = 0.0

    @property
    def words(self) -> tuple[Said, ...]:
        """What the numbers say, as sentences with their values."""
        return (*self.ranking.words, *_of_the_domain(self), *_of_tuning(self))

    def columns(self) -> dict[str, Any]:
        """One list a measure, in the order of *layers*: the table of all numbers."""
        found: dict[str, Any] = {"layer": list(self.layers)}
        for name, measure in (
            ("task_macro_f1", self.task), ("domain_accuracy", self.domain),
            ("transfer_macro_f1", self.transfer), ("behind_best", self.ranking.behind),
        ):  # fmt: skip
            found |= {name: measure.value, f"{name}_low": measure.low, f"{name}_high": measure.high}
        for name in (
            "control", "selectivity", "domain_control", "transfer_control", "logme", "a_distance", "mmd",
            "anisotropy", "intrinsic_dimension", "purity_label", "purity_domain",
        ):  # fmt: skip
            found[name] = getattr(self, name)
        found |= {name: getattr(self.ranking, name) for name in ("first", "ahead", "needed")}
        if self.moved is not None:
            found["moved"] = self.moved
        found |= {f"{name}_error": errors for name, errors in self.errors.items()}
        return {name: _plain(values) for name, values in found.items()}

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; what is not known is None."""
        columns = self.columns()
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name in _PLAIN}
        return {
            **plain,
            "domains": dict(zip(self.domains, self.texts.tolist(), strict=True)),
            "labels": list(self.labels),
            "pairs": self.ranking.pairs,
            **self.ranking.as_dict(),
            "words": list(self.words),
            "notes": list(self.notes),
            "layers": rows,
            "cka": [_plain(row) for row in self.cka],
        }


_PLAIN = ("model", "corpus", "pool", "seed", "per_class", "max_length", "n", "truncated", "sampled",
          "base", "seconds")  # fmt: skip


def _plain(values: Any) -> list[Any]:
    """Numbers as JSON has them: nothing in place of what is not known or not finite."""
    return [value if isinstance(value, int) else float(value) if np.isfinite(value) else None
            for value in values]  # fmt: skip


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
MOVED_ABOVE = N_(
    "Tuning moved layer {most} most (CKA before and after {value:.2f}). These layers were frozen and say the "
    "same as before: {layers}."
)
NOT_MOVED = N_("Tuning left every layer as it was: all were frozen, and only the classifier has learnt.")
SAME = 1 - 1e-6
"""CKA before and after from which a layer is the same but for rounding, as only a frozen one is."""


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
    frozen = [layer for layer, moved in zip(profile.layers, profile.moved, strict=True) if moved >= SAME]
    if len(frozen) == len(profile.layers):
        return [as_message(NOT_MOVED)]
    if frozen:
        value = float(profile.moved[most])
        return [as_message(MOVED_ABOVE, most=profile.layers[most], value=value, layers=frozen)]
    return [
        as_message(
            MOVED, most=profile.layers[most], least=profile.layers[least], value=float(profile.moved[most])
        )
    ]
