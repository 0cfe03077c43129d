"""What a map sends to the browser, and the same as a file."""

import base64
import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from tests.app.corpora import small
from tests.app.maps import maps
from xfer_core.charts.map_canvas import WORDS, Picture, page
from xfer_core.charts.map_columns import Column, columns
from xfer_core.settings import root

HOSTILE = "</script><img src=x onerror=alert(1)>"


def picture(**changed):
    corpus = small("demo")
    drawn = maps(corpus, **changed)
    return Picture((drawn,), (HOSTILE,), corpus, columns(drawn, corpus, None, str))


def test_the_file_holds_all_of_the_map_and_runs_nothing_of_a_users(home):
    shown = picture(model=HOSTILE)
    text = page(shown, {"layer": 1, "show": "one"}, title=HOSTILE)
    assert "<img" not in text and text.count("</script>") == 4
    header = json.loads(re.search(r'id="header">(.*?)</script>', text, re.S)[1])
    assert header["sets"][0]["name"] == HOSTILE and header["layer"] == 1 and header["chosen"] is None
    body = zlib.decompress(base64.b64decode(re.search(r'id="body">(.*?)</script>', text)[1]))
    assert body == shown.body()
    assert np.array_equal(np.frombuffer(body, "<f4", shown.sets[0].points.size), shown.sets[0].points.ravel())
    assert not re.search(r"""(src|href)=["']?https?:""", text)


def test_a_sketch_has_no_floor_and_no_figures():
    header = picture(stage="sketch", noise=float("nan")).head(str)
    assert header["floor"] is None and set(header["sets"][0]["quality"]) == {""}
    json.dumps(header, allow_nan=False)


def test_figures_of_a_layer_are_its_own():
    line = picture().head(str)["sets"][0]["quality"][1]
    assert "0.95" in line and "0.30" in line and "0.10 in the features, 0.20 on the map" in line
    nothing = np.full(3, np.nan)
    assert "silhouette" not in picture(separation_map=nothing).head(str)["sets"][0]["quality"][1]


def test_every_word_the_scripts_say_can_be_translated():
    said = set()
    for name in ("scatter", "plane", "legend", "shades", "picture"):
        script = (root() / "assets" / "web" / f"{name}.js").read_text(encoding="utf-8")
        said |= set(re.findall(r"""say\(\s*"((?:[^"\\]|\\.)*)\"""", script))
    assert said == set(WORDS)


def test_a_scale_of_numbers_runs_between_what_most_have():
    values = np.concatenate([np.arange(100.0), [1e6, np.nan]])
    low, high = Column("length", "Characters", values).ends()
    assert 1 <= low <= 3 and 96 <= high <= 100
    assert Column("x", "X", np.full(3, np.nan)).ends() == (0.0, 1.0)


@pytest.mark.parametrize(
    ("names", "values", "coded"), [(("a",), [0, -1], "<u2"), (None, [0.5, np.nan], "<f4")]
)
def test_columns_are_coded_as_the_browser_reads_them(names, values, coded):
    read = np.frombuffer(Column("k", "K", np.array(values), names).coded(), coded)
    assert np.array_equal(read, [0, 65535] if names else np.float32(values), equal_nan=names is None)


def beside(**others):
    """Columns of a small corpus with *others* beside its texts and no label on the first one."""
    corpus = small("demo", 120)
    frame = corpus.frame.assign(**{f"beside:{name}": values for name, values in others.items()})
    frame.loc[0, ["label", "split"]] = [-1, "unlabelled"]
    corpus = replace(corpus, frame=frame)
    return corpus, {column.key: column for column in columns(maps(corpus), corpus, None, str)}


def test_a_text_without_a_label_has_its_own_name_in_the_legend():
    _, found = beside()
    assert found["label"].header()["absent"] == found["split"].header()["absent"] == "no label"
    assert found["label"].values[0] == found["split"].values[0] == -1
    assert found["label"].word(0) is None


def test_other_columns_are_a_scale_categories_or_the_commonest_of_many():
    n = 120
    many = [f"v{i % 40}" for i in range(n - 40)] + ["v0"] * 40
    corpus, found = beside(
        weight=np.arange(n) / 2, stars=np.where(np.arange(n) == 1, np.nan, np.arange(n) % 5.0),
        author=["", *"xy" * n][:n], many=many, Label=["a", "b"] * (n // 2),
    )  # fmt: skip
    assert found["beside:weight"].names is None and found["beside:weight"].digits == 2
    assert found["beside:stars"].names == ("0", "1", "2", "3", "4")
    assert found["beside:stars"].word(1) is None and found["beside:stars"].word(7) == "2"
    assert found["beside:author"].names == ("x", "y") and found["beside:author"].word(0) is None
    assert len(found["beside:many"].names) == 31 and found["beside:many"].names[-1] == "all others"
    assert found["beside:many"].word(0) == "v0" and corpus.others["many"][0] == "v0"
    assert found["beside:Label"].title == "Label (of the table)" and found["label"].title == "Label"
