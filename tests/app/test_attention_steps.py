"""How a weight came about, as a page: what is asked of the core, what is said, and the address."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.attention.steps import Extent, Step, Steps, Value

TOKENS = ["[CLS]", "a", "film", "[SEP]"]
HOSTILE = "**bold** <img src=x onerror=alert(1)>"


def steps(error: float | None = 1e-7) -> Steps:
    tokens = TOKENS
    row = np.linspace(0.1, 0.4, len(tokens))
    return Steps(
        "bundled:minilm", 1, 0, 1, 2, [tokens[0], HOSTILE, *tokens[2:]], 0.25, len(tokens),
        (
            Step("query", "q_i = W x_i", (Value("x_i", np.ones(4)), Value("q_i", np.ones(2), "head")), error),
            Step("softmax", r"\alpha_{ij}", (Value(r"\alpha_{i}", row, "keys"),), None),
        ),
    )  # fmt: skip


@pytest.fixture
def followed(answers):
    answers |= {"extent_of": Extent(3, 2, TOKENS), "steps_of": steps()}
    return answers


def said(page) -> str:
    kinds = (page.markdown, page.caption, page.subheader)
    return " ".join(each.value for kind in kinds for each in kind).replace("\\", "").replace("\u2060", "")


def test_the_address_says_which_number(open_page, followed):
    page = open_page("attention", view="steps", layer="2", head="1", row="2", column="3")
    assert not page.exception
    chosen = [page.selectbox(key=f"steps-{name}").value for name in ("layer", "head", "row", "column")]
    assert chosen == [1, 0, 1, 2]
    assert "25.0%" in said(page) and "1 of 1 steps" in said(page)
    assert [each.value for each in page.latex] == [f"$$\n{step.formula}\n$$" for step in steps().steps]
    assert len(page.get("plotly_chart")) == 2


def test_a_token_beyond_the_window_of_the_other_views_can_be_followed(open_page, followed):
    followed["extent_of"] = Extent(3, 2, [f"w{place}" for place in range(300)])
    page = open_page("attention", view="steps", row="290", column="300")
    assert [page.selectbox(key=f"steps-{name}").value for name in ("row", "column")] == [289, 299]


def test_another_token_stands_in_the_address(open_page, followed):
    page = open_page("attention", view="steps")
    page.selectbox(key="steps-column").set_value(3).run()
    assert not page.exception
    assert page.query_params["column"] == "4"


@pytest.mark.parametrize(("name", "value"), [("row", "999"), ("layer", "0"), ("head", "-3"), ("column", "x")])
def test_a_broken_address_opens_something(open_page, followed, name, value):
    page = open_page("attention", view="steps", **{name: value})
    assert not page.exception and page.latex


def test_text_stays_text(open_page, followed):
    page = open_page("attention", view="steps")
    assert not any("<img" in each.value.replace("\u2060", "\\") for each in page.subheader)


def test_a_step_that_differs_says_so(open_page, answers):
    answers |= {"extent_of": Extent(3, 2, TOKENS), "steps_of": steps(error=0.3)}
    page = open_page("attention", view="steps")
    assert "✗ differs from the model's own by 3e-01" in said(page) and "0 of 1 steps" in said(page)
