"""How many texts of each label come from each domain."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from xfer_core.charts.frame import HOVER, Translate, framed, named_axis, safe, short
from xfer_core.corpora.corpus import Corpus


def balance(corpus: Corpus, *, t: Translate = str) -> go.Figure:
    """Bars, one a label, made up of the domains; texts without a label have a bar of their own."""
    labels = list(corpus.label_names)
    codes = np.where(corpus.labels < 0, len(labels), corpus.labels)
    if (corpus.labels < 0).any():
        labels.append(t("(no label)"))
    domains = list(corpus.domain_names) or [corpus.name]
    counts = np.zeros((len(domains), len(labels)), np.int64)
    np.add.at(counts, (corpus.domains, codes), 1)
    words = t("{label}, {domain}: {n} texts")
    figure = go.Figure(
        [
            go.Bar(
                x=counts[d].tolist(),
                y=list(range(len(labels))),
                orientation="h",
                name=short(domain),
                customdata=[
                    words.format(label=safe(label), domain=safe(domain), n=counts[d, k])
                    for k, label in enumerate(labels)
                ],
                hovertemplate=HOVER,
            )
            for d, domain in enumerate(domains)
        ]
    )
    figure.update_layout(barmode="stack", showlegend=len(domains) > 1, legend_traceorder="normal")
    figure.update_xaxes(title=t("Texts"))
    figure.update_yaxes(named_axis(labels, t("Label"), autorange="reversed"))
    return framed(figure, 140 + 28 * min(len(labels), 40))
