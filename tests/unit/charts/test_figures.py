"""Figures hold the numbers they were given, and text from outside only where it is literal."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from xfer_core.analysis.transfer import TFIDF
from xfer_core.charts import balance, confusion, lengths, per_class, probabilities, transfer
from xfer_core.charts.colours import APART, INK, SEQUENTIAL
from xfer_core.corpora.corpus import Corpus


def corpus(name: str) -> Corpus:
    frame = pd.DataFrame(
        {"text": list("abcdef"), "label": [0, 0, 1, 1, 1, -1], "domain": [0, 1, 0, 0, 1, 1], "split": "train",
         "row": range(1, 7)}
    )  # fmt: skip
    return Corpus("six", frame, (name, "1"), ("2", name))


def figures(result, hostile):
    matrix = np.array([[8, 2], [0, 0]])
    scores = {hostile: {"precision": 0.5, "recall": 0.6, "f1": 0.55, "support": 40}}
    return [
        transfer.by_layer(result),
        transfer.by_layer(result, hostile),
        transfer.by_layer(result, "film"),
        transfer.heat(result, 2),
        balance.balance(corpus(hostile)),
        lengths.lengths(np.array([3, 9, 200], np.int32), 128),
        confusion.confusion(matrix, [hostile, "good"]),
        confusion.confusion(matrix, [hostile, "good"], shares=True),
        per_class.per_class(scores),
        probabilities.probabilities({hostile: 0.7, "good": 0.3}),
    ]


def strings(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, path)
    elif isinstance(value, str):
        yield path, value


def test_hostile_names_are_literal(result, hostile):
    shown = 0
    for figure in figures(result, hostile):
        for path, text in strings(json.loads(figure.to_json())):
            assert "<a" not in text and "<b>" not in text, path
            if "template" in path:
                assert "example" not in text and "%{x}" not in text, path
            shown += "&lt;a href" in text
    assert shown >= 12


def test_no_colours_or_templates_but_greys(result, hostile):
    for figure in figures(result, hostile):
        plain = json.loads(figure.to_json())
        for path, text in strings({"data": plain["data"], "layout": {**plain["layout"], "template": {}}}):
            if path.lower().endswith("color"):
                assert text.startswith("rgba(128, 132, 149") or (text == INK and "textfont" in path), path
            if path.lower().endswith("colorscale"):
                assert text in {colour for scale in (SEQUENTIAL, APART) for _, colour in scale}, path


def test_every_axis_has_a_title(result, hostile):
    for figure in figures(result, hostile)[:-1]:
        assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text


def test_words_are_translated(result, hostile):
    marked = transfer.by_layer(result, t=lambda message: "T:" + message)
    words = [trace.name for trace in marked.data] + [note.text for note in marked.layout.annotations]
    assert all(word.startswith("T:") for word in words)
    assert marked.layout.xaxis.ticktext[-1] == "3<br>T:last layer"


def test_mean_of_the_pairs_with_their_range(result):
    figure = transfer.by_layer(result)
    pairs = np.array([result.macro_f1[s, t] for s in range(3) for t in range(3) if s != t])
    mean, reference, band = figure.data
    assert mean.y == pytest.approx(pairs[:, :4].mean(axis=0))
    assert list(reference.y) == pytest.approx([pairs[:, 4].mean()] * 2)
    assert band.y[:4] == pytest.approx(pairs[:, :4].max(axis=0))
    assert band.y[:3:-1] == pytest.approx(pairs[:, :4].min(axis=0))
    assert "6" in mean.name
    assert "best: layer 2" in [note.text for note in figure.layout.annotations]


def test_one_line_a_target(result, hostile):
    figure = transfer.by_layer(result, "film")
    assert [len(trace.y) for trace in figure.data] == [4, 4, 4, 2]
    for target in range(3):
        assert figure.data[target].y == pytest.approx(result.macro_f1[1, target, :4])
    assert figure.data[1].line.dash == "dash" and "its own" in figure.data[1].name
    assert figure.data[3].y[0] == pytest.approx(result.macro_f1[1, [0, 2], 4].mean())
    assert f"{result.macro_f1[1, 2, 2]:.3f}" in figure.data[2].customdata[2]


def test_heat_of_one_layer_shares_the_range_of_all(result):
    for layer in (0, 2, TFIDF):
        figure = transfer.heat(result, layer)
        assert np.array(figure.data[0].z) == pytest.approx(result.macro_f1[:, :, layer])
        assert (figure.data[0].zmin, figure.data[0].zmax) == (result.macro_f1.min(), result.macro_f1.max())
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 2]


def test_balance_counts_and_shows_the_unlabelled(hostile):
    figure = balance.balance(corpus(hostile))
    assert [list(bar.x) for bar in figure.data] == [[1, 2, 0], [1, 1, 1]]
    assert figure.layout.yaxis.ticktext[1:] == ("1", "(no label)")


def test_lengths_count_every_text_once_and_mark_the_cut():
    tokens = np.random.default_rng(0).integers(3, 300, size=500).astype(np.int32)
    tokens[0] = 90_000
    figure = lengths.lengths(tokens, 128)
    bars = figure.data[0]
    assert sum(bars.y) == 500 and len(bars.y) <= 42
    inside = [n for centre, n in zip(bars.x, bars.y, strict=True) if centre + bars.width / 2 <= 128]
    assert sum(inside) == (tokens < bars.width * len(inside)).sum()
    assert figure.layout.shapes[0].x0 == 128.5
    assert f"{(tokens > 128).sum()} texts ({(tokens > 128).mean():.1%})" in figure.layout.annotations[0].text
    assert "or more: " in bars.customdata[-1]


def test_confusion_counts_and_rows_that_sum_to_a_hundred(hostile):
    matrix = np.array([[8, 2, 0], [1, 5, 4], [0, 0, 0]])
    names = [hostile, "same", "same"]
    counts, shares = (confusion.confusion(matrix, names, shares=flag) for flag in (False, True))
    assert (np.array(counts.data[0].z) == matrix).all()
    rows = np.array(shares.data[0].z, dtype=float)
    assert rows[:2].sum(axis=1) == pytest.approx([100, 100])
    assert np.isnan(rows[2]).all()
    assert counts.layout.xaxis.ticktext[1:] == ("same", "same")


def test_many_classes_lose_their_numbers_not_their_cells():
    figure = confusion.confusion(np.eye(90, dtype=int), [f"c{n}" for n in range(90)])
    assert figure.data[0].texttemplate is None
    assert np.array(figure.data[0].z).shape == (90, 90)
    assert len(figure.layout.xaxis.tickvals) <= 40


def test_scores_of_each_class(hostile):
    scores = {
        name: {"precision": p, "recall": p / 2, "f1": p / 3, "support": 7}
        for name, p in ((hostile, 0.9), ("b", 0.6))
    }
    figure = per_class.per_class(scores)
    assert [list(bar.x) for bar in figure.data] == [
        pytest.approx([0.9, 0.6]), pytest.approx([0.45, 0.3]), pytest.approx([0.3, 0.2]),
    ]  # fmt: skip


def test_probabilities_are_ranked_and_the_rest_is_said():
    shares = np.random.default_rng(0).dirichlet(np.ones(40))
    figure = probabilities.probabilities({f"c{n}": p for n, p in enumerate(shares)})
    bars = figure.data[0]
    assert len(bars.x) == 15 and sum(bars.x) == pytest.approx(1)
    assert list(bars.x[:14]) == sorted(shares, reverse=True)[:14]
    assert figure.layout.yaxis.ticktext[-1] == "26 other labels"


def test_pictures_need_neither_torch_nor_scikit_learn():
    modules = "transfer, balance, confusion, lengths, per_class, probabilities, attention_html"
    code = (
        f"from xfer_core.charts import {modules}; import sys;"
        "from xfer_core.analysis import probes, projection, features;"
        "from xfer_core.attention import reading;"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'umap', 'streamlit') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
