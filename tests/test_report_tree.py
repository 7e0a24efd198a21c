"""The tree of goals as Mermaid: hostile titles stay text, large trees are cut at a level."""

from __future__ import annotations

import re

import pytest

from okrsync.report.markdown import to_markdown
from okrsync.report.tree import MOST, mermaid
from okrsync.report.value import ChainShare, GoalNode
from tests.report_samples import HOSTILE, report


def node(id_: str, depth: int = 0, parent: str | None = None, **changes: object) -> GoalNode:
    given = {"title": f"Title of {id_}", "team": "payments", "broken": False, "busy": 0} | changes
    return GoalNode(id=id_, depth=depth, parent=parent, **given)  # type: ignore[arg-type]


def test_a_tree() -> None:
    made = report(goals=[node("O2", 1, "O1", busy=2), node("O3", 1, broken=True), node("O1")])
    assert mermaid(made).splitlines() == [
        "flowchart TD",
        '  g0["O1 Title of O1<br>Payments"]',
        '  g1["O2 Title of O2<br>Payments<br>2 busy"]',
        '  g2["O3 Title of O3<br>Payments<br>leads to nothing above"]:::broken',
        "  g0 --> g1",
        "  classDef broken stroke:#c00,stroke-width:2px,stroke-dasharray:5 4",
    ]


def test_one_objective_is_no_tree() -> None:
    assert mermaid(report(goals=[node("O1")])) == ""
    assert "mermaid" not in to_markdown(report(goals=[node("O1")]))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_is_one_label_of_letters_and_codes(text: str) -> None:
    lines = mermaid(report(goals=[node("O1", title=text), node("O2", 1, "O1", title=text)])).splitlines()
    assert len(lines) == 4
    for line in lines[1:3]:
        label = re.fullmatch(r'  g\d\["(.*)"\]', line)
        assert label is not None
        assert re.fullmatch(r"(?:[\w ,.]|#\d+;|<br>)*", label[1])


def test_what_stands_lowest_is_left_out_of_a_large_tree() -> None:
    goals = [node("O1"), *(node(f"D{n}", 1, "O1") for n in range(50)), *(node(f"T{n}", 2, "D3") for n in range(300))]
    drawing = mermaid(report(goals=goals))
    assert drawing.count("[") == 51 <= MOST
    assert "D3 Title of D3<br>Payments<br>300 more below" in drawing
    assert "300 objectives of the lowest levels are not drawn." in to_markdown(report(goals=goals))
    wide = mermaid(report(goals=[node(f"O{n}") for n in range(500)]))
    assert wide.count("[") == MOST


def test_the_page_says_how_much_work_reaches_the_top() -> None:
    page = to_markdown(report(chain=[ChainShare("department", 13, 19), ChainShare("team", 7, 10)]))
    assert "unbroken chain: department 13 of 19 (68%), team 7 of 10 (70%)." in page
