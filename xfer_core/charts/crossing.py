"""Strategies tuned in one domain and tested in another."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from xfer_core.analysis.transfer import OWN, TFIDF, Transfer
from xfer_core.charts.frame import GREY, HOVER, Translate, framed, safe, short
from xfer_core.charts.matrix import brief, known_range, matrix
from xfer_core.crossing.results import Crossing


def heat(
    found: Crossing,
    strategy: str,
    *,
    gap: bool = False,
    range_: tuple[float, float] | None = None,
    t: Translate = str,
) -> go.Figure:
    """Macro-F1 of *strategy* from every source to every target; or the *gap* to tuning in the target itself.

    Of several seeds the mean. Colours compare between strategies, or over the *range_* given.
    """
    k = found.strategies.index(strategy)
    all_values = found.gap if gap else found.macro_f1
    values = all_values[k]
    low, high = (found.gap_low, found.gap_high) if gap else (found.low, found.high)
    words = (
        t(
            "{strategy} tuned on {source}, tested on {target}<br>"
            "{score:+.3f} if tuned on the target itself, 95% between {low:+.3f} and {high:+.3f}"
            "<br>{n} texts tested, seeds: {seeds}"
        )
        if gap
        else t(
            "{strategy} tuned on {source}, tested on {target}<br>"
            "macro-F1 {score:.3f}, 95% between {low:.3f} and {high:.3f}<br>{n} texts tested, seeds: {seeds}"
        )
    )
    rest = [t("all but {domain}").format(domain=name) for name in found.domains]
    names = [*found.domains, *rest][: len(values)]

    def cell(s: int, u: int) -> tuple[list[str], str]:
        at, n = (k, s, u), found.tested[u]
        said = words.format(
            strategy=safe(strategy), source=safe(names[s]), target=safe(found.domains[u]), score=values[s, u],
            low=low[at], high=high[at], n=n, seeds=found.seeds[k, s],
        )  # fmt: skip
        bound = ("…" if gap else "–").join(brief(side[at], sign=gap) for side in (low, high))
        score = f"{round(float(values[s, u]), 2) + 0.0:{'+' if gap else ''}.2f}"
        return [score, bound, t("n {n}").format(n=n)], said

    title = t("Lost by not training in the target") if gap else t("Macro-F1 (0 to 1)")
    return matrix(
        values,
        names,
        found.domains,
        cell,
        title=title,
        range_=range_ or known_range(all_values),
        apart=gap,
        t=t,
    )


def keeps(found: Crossing, probes: Transfer | None = None, *, t: Translate = str) -> go.Figure:
    """A row a strategy: within its domain (ring), in other domains (dot with its 95 %), a line between them.

    A square, where it is known, is tuning on all other domains together.

    Beside them the *probes* on the layer chosen without the target, on the last one, and counting words.
    """
    rows = [
        (each.strategy, each.own_macro_f1, each.macro_f1, each.low, each.high)
        for each in found.across
        if each.pairs or each.own
    ]
    rows.sort(key=lambda row: np.nan_to_num(row[2], nan=-1.0))
    if probes is not None:
        rows = [*_of_probes(probes, t), *rows]
    names = [row[0] for row in rows]
    figure = go.Figure()
    for place, (_, own, across, _, _) in enumerate(rows):
        figure.add_scatter(
            x=[own, across], y=[place, place], mode="lines", line={"color": GREY, "width": 1},
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    within = t("{name}: within the domain {own:.3f}")
    beyond = t("{name}: in other domains {across:.3f}, 95% between {low:.3f} and {high:.3f}")
    figure.add_scatter(
        x=[row[1] for row in rows], y=list(range(len(rows))), mode="markers",
        marker={"symbol": "circle-open", "size": 11, "line": {"width": 2}}, name=t("within its domain"),
        customdata=[within.format(name=safe(row[0]), own=row[1]) for row in rows], hovertemplate=HOVER,
    )  # fmt: skip
    figure.add_scatter(
        x=[row[2] for row in rows], y=list(range(len(rows))), mode="markers",
        marker={"size": 11}, name=t("in other domains"),
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.5,
            "array": [row[4] - row[2] for row in rows], "arrayminus": [row[2] - row[3] for row in rows],
        },
        customdata=[
            beyond.format(name=safe(row[0]), across=row[2], low=row[3], high=row[4]) for row in rows
        ],
        hovertemplate=HOVER,
    )  # fmt: skip
    if any(not np.isnan(each.rest) for each in found.across):
        _rest(figure, found, names, t)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[short(name) for name in names], automargin=True
    )
    figure.update_xaxes(title=t("Macro-F1 (0 to 1)"), tickformat=".2f")
    return framed(figure, 170 + 34 * len(rows))


def _rest(figure: go.Figure, found: Crossing, names: list[str], t: Translate) -> None:
    known = [each for each in found.across if not np.isnan(each.rest)]
    words = t("{name}: tuned on all other domains {rest:.3f}, 95% between {low:.3f} and {high:.3f}")
    figure.add_scatter(
        x=[each.rest for each in known], y=[names.index(each.strategy) for each in known], mode="markers",
        marker={"symbol": "square", "size": 9}, name=t("tuned on all others"), hovertemplate=HOVER,
        customdata=[
            words.format(name=safe(each.strategy), rest=each.rest, low=each.rest_low, high=each.rest_high)
            for each in known
        ],
    )  # fmt: skip


def _of_probes(probes: Transfer, t: Translate) -> list[tuple[str, float, float, float, float]]:
    last = probes.layers[-1]
    names = {
        TFIDF: t("TF-IDF"),
        last: t("probe, last layer"),
        OWN: t("probe, chosen layer"),
    }
    means = {mean.how: mean for mean in probes.means}
    return [
        (name, means[how].macro_f1 + means[how].gap, means[how].macro_f1, means[how].low, means[how].high)
        for how, name in names.items()
        if how in means
    ]
