"""What a strategy does to a model, as a stack of its parts: what stays, what learns, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from xfer_core.charts.frame import GREY, Translate, framed
from xfer_core.i18n import N_
from xfer_core.training.plans import Phase, Plan

WORDS = {
    "weights": N_("learns"),
    "fresh": N_("starts anew, learns"),
    "biases": N_("biases learn"),
    "adapter": N_("adapter learns"),
    "solved": N_("solved for"),
    "run": N_("frozen, run in every step"),
    "cached": N_("frozen, computed once"),
    "unused": N_("not used"),
}
"""What may become of a part → its word; in this order they take the colours of the theme."""

PATTERNS = {"weights": "", "fresh": "x", "biases": ".", "adapter": "|", "solved": "+", "run": "/"}
"""For readers who see no colours, where columns are too narrow for words."""

_UNUSED = "unused"
_GREY = {"run": "rgba(84, 88, 104, 1)", "cached": "rgba(112, 116, 132, 1)", _UNUSED: "rgba(0, 0, 0, 0)"}
"""Dark enough for white words in either theme; what is not used lets the page shine through."""

MOST_ROWS = 14
"""In a deeper model, neighbouring layers to which the same happens share a row."""
MOST_WORDED = 3
"""Phases whose columns are wide enough for words."""


@dataclass(frozen=True)
class _Row:
    """One part, or several alike: its name and what becomes of it in each phase."""

    name: str
    states: tuple[str, ...]


def layers(plan: Plan, *, t: Translate = str) -> go.Figure:
    """The stack, embeddings at the foot and classifier on top; one column a phase.

    Rates other than 1 stand beside the names.
    """
    rows = _rows(plan, t)
    figure = go.Figure()
    for state in WORDS:
        _draw(figure, plan, rows, state, t)
    if len(plan.phases) <= MOST_WORDED:
        _write_on_page(figure, rows, t)
    names = [row.name for row in rows]
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=names, automargin=True, showgrid=False, zeroline=False,
        range=[-0.5, len(rows) - 0.5],
    )  # fmt: skip
    figure.update_xaxes(
        range=[0, len(plan.phases)], showgrid=False, zeroline=False, fixedrange=True, side="bottom",
        **_columns(plan, t),
    )  # fmt: skip
    figure.update_layout(barmode="overlay", bargap=0.12)
    return framed(figure, 110 + 30 * len(rows)).update_layout(legend={"traceorder": "normal"})


def _rows(plan: Plan, t: Translate) -> list[_Row]:
    parts = range(-1, plan.depth)
    found = [
        (part, (tuple(_state(plan, phase, part) for phase in plan.phases), plan.rates[part + 1]))
        for part in parts
    ]
    together = len(found) > MOST_ROWS
    rows = []
    for (alike, place), run in groupby(found, key=lambda each: (each[1], _place(each[0], together))):
        members = [part for part, _ in run]
        states, rate = alike
        rows.append(_Row(_rated(_name(members, place == "embeddings", t), rate, t), states))
    head = "solved" if plan.solver else "weights"
    rows.append(_Row(_rated(t("Classifier"), plan.rates[-1], t), (head,) * len(plan.phases)))
    return rows


def _place(part: int, together: bool) -> str:
    if part < 0:
        return "embeddings"
    return "layers" if together else str(part)


def _name(members: list[int], embeddings: bool, t: Translate) -> str:
    if embeddings:
        return t("Embeddings")
    if len(members) == 1:
        return t("Layer {layer}").format(layer=members[0] + 1)
    return t("Layers {first}–{last}").format(first=members[0] + 1, last=members[-1] + 1)


def _rated(name: str, rate: float, t: Translate) -> str:
    return name if rate == 1 else t("{name}, rate × {rate}").format(name=name, rate=f"{rate:.2f}")


def _state(plan: Plan, phase: Phase, part: int) -> str:
    """What becomes of a part (-1: the embeddings, 0: layer 1) in a phase: a key of :data:`WORDS`."""
    if plan.solver:
        return "cached" if part < max(plan.pooled) else "unused"
    learns = phase.parts[part + 1]
    if learns == "frozen":
        below = phase.prefix is not None and part < phase.prefix
        return "cached" if below else "run"
    return "fresh" if part >= plan.depth - plan.fresh and part >= 0 else learns


def _draw(figure: go.Figure, plan: Plan, rows: list[_Row], state: str, t: Translate) -> None:
    """All cells of one state as one trace, drawn or not, so that a state always has the same colour."""
    cells = [(x, y) for y, row in enumerate(rows) for x, each in enumerate(row.states) if each == state]
    word = t(WORDS[state])
    worded = len(plan.phases) <= MOST_WORDED
    marker: dict[str, Any] = {
        "line": {"width": 1, "color": GREY},
    }
    if not worded:  # a word on a pattern would be hard to read
        marker["pattern"] = {"shape": PATTERNS.get(state, ""), "size": 7, "solidity": 0.2}
    if state in _GREY:
        marker |= {"color": _GREY[state]}
    figure.add_bar(
        orientation="h", name=word, marker=marker,
        x=[0.96] * len(cells), width=0.88, base=[x + 0.02 for x, _ in cells], y=[y for _, y in cells],
        text=[word] * len(cells) if worded and state != _UNUSED else None, textposition="inside",
        insidetextanchor="middle", textangle=0, constraintext="none", showlegend=bool(cells) and not worded,
        customdata=[f"{rows[y].name}: {word}" for _, y in cells],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _write_on_page(figure: go.Figure, rows: list[_Row], t: Translate) -> None:
    """The words of cells that let the page shine through: in its own colour, which a bar would not take."""
    grey = [(x, y) for y, row in enumerate(rows) for x, each in enumerate(row.states) if each == _UNUSED]
    figure.add_scatter(
        x=[x + 0.5 for x, _ in grey], y=[y for _, y in grey],
        text=[t(WORDS[_UNUSED])] * len(grey), mode="text", hoverinfo="skip",
        showlegend=False, name="",
    )  # fmt: skip


def _columns(plan: Plan, t: Translate) -> dict[str, Any]:
    """Below the columns, how long each phase lasts; nothing where there is only one."""
    if len(plan.phases) == 1:
        return {"visible": False}
    shares = [f"{phase.share:.0%}" for phase in plan.phases]
    factors = [f"<br>× {phase.rate:g}" if phase.rate != 1 else "" for phase in plan.phases]
    words = t("Share of the steps")
    if any(factors):
        words = t("Share of the steps, and factor on the rate where it is not 1")
    return {
        "tickvals": [x + 0.5 for x in range(len(plan.phases))],
        "ticktext": [share + factor for share, factor in zip(shares, factors, strict=True)],
        "title": {"text": words},
    }
