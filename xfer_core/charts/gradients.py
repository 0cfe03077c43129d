"""How strongly each part of a model is pulled by the texts, measured against its weights."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.frame import GREY, HOVER, Translate, framed
from xfer_core.training.gradients import Profile


def gradients(profile: Profile, *, t: Translate = str) -> go.Figure:
    """One bar a part, lowest at the foot; the suggested layer named and coloured, the others grey."""
    names = [
        t("Embeddings") if part == "embeddings" else t("Layer {layer}").format(layer=part)
        for part in profile.parts
    ]
    chosen = profile.block  # the embeddings are the bar at 0
    figure = go.Figure()
    for suggested, name in ((True, t("largest of the layers")), (False, t("the others"))):
        places = [place for place in range(len(names)) if (place == chosen) == suggested]
        figure.add_bar(
            orientation="h", y=places, x=[profile.norms[place] for place in places], name=name,
            marker={} if suggested else {"color": GREY}, width=0.8,
            text=[f"{profile.norms[place]:.2g}" for place in places], textposition="auto",
            customdata=[f"{names[place]}: {profile.norms[place]:.3g}" for place in places],
            hovertemplate=HOVER,
        )  # fmt: skip
    every = -(-len(names) // 20)
    shown = sorted({*range(0, len(names), every), chosen})
    figure.update_yaxes(tickvals=shown, ticktext=[names[place] for place in shown], automargin=True)
    figure.update_xaxes(title=t("Gradient norm over weight norm"), rangemode="tozero")
    return framed(figure, 120 + min(26 * len(names), 520))
