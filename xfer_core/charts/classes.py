"""Which classes a strategy reads better than another."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.frame import HOVER, Translate, framed, named_axis, safe, short
from xfer_core.charts.sweep import SYMBOLS
from xfer_core.sweep import words


def class_differences(table: pd.DataFrame, strategies: Sequence[str], *, t: Translate = str) -> go.Figure:
    """F1 of every class for some *strategies*, a mark each, bars one standard deviation over seeds.

    *table* is what :func:`xfer_core.sweep.comparison.per_class` gives.
    """
    said = t("{label}, {strategy}: F1 {f1:.3f} ± {spread:.3f}, texts tested: {n}")
    figure = go.Figure()
    for place, strategy in enumerate(strategies):
        rows = table[table["strategy"] == strategy]
        aside = 0.5 * (place - (len(strategies) - 1) / 2) / max(1, len(strategies))
        name = words.name(strategy, t)
        figure.add_scatter(
            x=rows["f1"].tolist(),
            y=[code + aside for code in rows["code"].tolist()],
            error_x={"type": "data", "array": rows["spread"].tolist(), "thickness": 1.5},
            mode="markers",
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 10},
            name=short(words.brief(strategy, t)),
            customdata=[
                said.format(label=safe(row.label), strategy=safe(name), f1=row.f1, spread=row.spread, n=row.n)
                for row in rows.itertuples()
            ],
            hovertemplate=HOVER,
        )
    labels = table.drop_duplicates("code").sort_values("code")["label"].tolist()
    figure.update_xaxes(title=t("F1 on the test texts (0 to 1)"), tickformat=".2f")
    figure.update_yaxes(named_axis(labels, t("Label"), range=[len(labels) - 0.5, -0.5], zeroline=False))
    return framed(figure, 150 + (18 * len(strategies) + 16) * min(max(len(labels), 1), 40))
