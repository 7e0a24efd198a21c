"""The HTML report: its content, and its life in a real Chromium (filters, sorting, links, axe, hostile text)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from okrsync.goals import GoalChange
from okrsync.language import use
from okrsync.model import Verdict
from okrsync.report.html import STILL, to_html
from okrsync.report.value import GoalNode, Subject
from tests.browser import browser_type_launch_args, needs_browser
from tests.report_samples import FINDINGS, HOSTILE, full, many

__all__ = ["browser_type_launch_args"]

REPORT = replace(
    full(),
    findings=(
        replace(FINDINGS[0], subject=Subject("key_result", full().key_results[0].key_result.id)),
        *full().findings[1:],
    ),
)
PAGE = to_html(REPORT)


def data_of(page: str) -> Any:
    """What the page's script reads."""
    return json.loads(re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)[1])


# --- the file ---


def test_the_same_report_gives_the_same_bytes() -> None:
    assert to_html(replace(REPORT)) == PAGE


def test_every_key_result_is_there() -> None:
    """In the table, and where more is said of it; one anchor each, that the table links to."""
    for judgement in REPORT.key_results:
        assert PAGE.count(f'data-value="{judgement.key_result.id}"') == 1
    anchors = re.findall(r'<article id="([^"]+)"', PAGE)
    assert len(anchors) == len(set(anchors)) == len(REPORT.key_results)
    assert all(f'href="#{anchor}"' in PAGE for anchor in anchors)


def test_it_names_no_address_but_those_of_work() -> None:
    """Nothing that a browser loads by itself: no source, style sheet, font, frame or import."""
    ours = PAGE.replace(re.search(r"<script>(?!\")(.*?)</script>", PAGE, re.DOTALL)[1], "")
    assert not re.search(r"<(?:link|img|iframe|object|embed|base)\b|\bsrc=|@import|url\(", ours)


def test_what_a_script_element_holds_cannot_end_it() -> None:
    for text in re.findall(r"<script[^>]*>(.*?)</script>", PAGE, re.DOTALL):
        assert "<!--" not in text
    assert len(re.findall("</script", PAGE)) == 3


def test_charts_beyond_the_first_are_left_to_the_browser() -> None:
    report = many(STILL + 5)
    page = to_html(report)
    drawn = re.findall(r'<div class="chart" data-chart="result[^"]*" aria-hidden="true">(<svg)?', page)
    assert [bool(each) for each in drawn] == [True] * STILL + [False] * (len(drawn) - STILL)
    assert set(data_of(page)["results"]) == set(re.findall(r'data-chart="(result[^"]*)"', page))


def test_what_changed_since_a_week_before() -> None:
    """Verdicts, goals and findings, each foreign text escaped, a key result by a link to it."""
    id_ = REPORT.key_results[0].key_result.id
    at = datetime(2026, 11, 18, 9, tzinfo=UTC)
    changes = (
        GoalChange("key_result", id_, at, "target", 500, 350, author="<b>Lin</b>"),
        GoalChange("objective", "gone <i>", at, "goal", {"title": "x"}, None, reason="merged"),
    )
    page = to_html(
        replace(
            REPORT,
            previous_as_of=date(2026, 11, 13),
            goal_changes=changes,
            new_findings=(replace(FINDINGS[0], message="new <u>one</u>"),),
            findings_gone=(replace(FINDINGS[1], message="gone one"),),
        )
    )
    section = re.search(r'<section aria-labelledby="changes-title">(.*?)</section>', page, re.DOTALL)[1]
    assert re.search(rf'<a href="#result-[^"]+">{re.escape(id_)}</a>: 18 Nov 2026: target 500 → 350', section)
    assert "&lt;b&gt;Lin&lt;/b&gt;" in section
    assert "gone &lt;i&gt;: 18 Nov 2026: removed; reason: merged" in section
    assert f"New finding {FINDINGS[0].rule}: New &lt;u&gt;one&lt;/u&gt;." in section
    assert f"No longer found, {FINDINGS[1].rule}: Gone one." in section


def test_no_key_results() -> None:
    page = to_html(replace(REPORT, judgements=(), key_results=(), changes=(), findings=(), goals=()))
    assert "There is no key result to judge." in page
    assert data_of(page)["results"] == {}


def test_goals_in_a_circle_are_shown_once() -> None:
    nodes = tuple(
        GoalNode(id_, "t", "acme", 0, parent, False, 0) for id_, parent in (("A", "B"), ("B", "A"), ("C", "A"))
    )
    page = to_html(replace(REPORT, goals=nodes))
    for node in nodes:
        assert len(re.findall(rf"<span>{node.id} t ", page)) == 1


def test_chinese() -> None:
    with use("zh"):
        page = to_html(REPORT)
    assert '<html lang="zh">' in page
    assert "忙而无果" in page


# --- in a browser ---

Open = Any


@pytest.fixture
def opened(tmp_path: Path, new_context: Any) -> Iterator[Open]:
    """Opens a page; fails when it asks for anything but its own file, or says an error."""
    wrong: list[str] = []

    def show(html: str = PAGE, *, where: str = "", **options: Any) -> Any:
        file = tmp_path / "report.html"
        file.write_text(html, encoding="utf-8")
        page = new_context(**options).new_page()
        page.on("request", lambda request: request.url.split("#")[0] == file.as_uri() or wrong.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
        page.goto(file.as_uri() + where)
        return page

    show.wrong = wrong  # type: ignore[attr-defined]  # a function carries it
    yield show
    assert wrong == []


@pytest.fixture(scope="session")
def axe() -> Any:
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


@needs_browser
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 800}}])
def test_axe_finds_nothing(opened: Open, axe: Any, options: dict[str, Any]) -> None:
    page = opened(**options)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    found = axe.run(page)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []
    # It does look.
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img>')")
    assert axe.run(page).violations_count == 1


@needs_browser
def test_charts_become_interactive_when_they_come_into_view(opened: Open) -> None:
    page = opened()
    busy = page.locator("article[data-verdict=busy] [data-chart]").first
    busy.scroll_into_view_if_needed()
    page.wait_for_selector("article[data-verdict=busy] [data-drawn]")
    busy.locator("path[aria-roledescription=point]").first.hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert {"value", "measured", "origin"} <= set(tooltip.inner_text().split())
    page.locator("[data-chart=quadrant]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=quadrant][data-drawn]")


@needs_browser
def test_filters(opened: Open) -> None:
    page = opened()
    everyone = len(REPORT.key_results)
    rows, told = page.locator("tbody tr[data-result]:visible"), page.locator("#shown")
    assert rows.count() == everyone
    page.locator("select[name=verdict]").select_option("busy")
    busy = sum(judgement.verdict is Verdict.BUSY for judgement in REPORT.key_results)
    assert rows.count() == busy > 0
    assert told.inner_text() == f"{busy} of {everyone} key results are shown"
    assert page.locator("article[data-result]:visible").count() == busy
    assert page.locator("#others-title:visible").count() == 0
    team = REPORT.key_results[0].objective.team
    page.locator("select[name=team]").select_option(team)
    expected = sum(j.verdict is Verdict.BUSY and j.objective.team == team for j in REPORT.key_results)
    assert rows.count() == expected
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("n => document.getElementById('shown').textContent.startsWith(n)", arg=str(everyone))
    mode = next(finding.mode for finding in REPORT.findings if finding.subject.kind == "key_result")
    page.locator("select[name=mode]").select_option(mode)
    subjects = {f.subject.id for f in REPORT.findings if f.subject.kind == "key_result" and f.mode == mode}
    assert rows.count() == len(subjects & {judgement.key_result.id for judgement in REPORT.key_results})
    assert page.locator("[data-mode-part]:visible").count() >= 1
    assert page.locator(f"[data-mode-part]:visible:not([data-mode-part={mode}])").count() == 0


@needs_browser
def test_many_key_results_are_folded_and_opened_by_team(opened: Open) -> None:
    page = opened(to_html(many()))
    closed = "[...document.querySelectorAll('details[data-fold]')].filter(fold => !fold.open).length"
    assert page.evaluate(closed) == 1 + 7  # all of them, and each verdict but busy
    assert not page.locator("tr[data-result]").first.is_visible()
    page.locator("[data-choose-team=team-3]").click()
    shown = page.locator("tr[data-result]:visible")
    assert shown.count() == 25
    assert {row.get_attribute("data-team") for row in shown.all()} == {"team-3"}
    assert page.locator("select[name=team]").input_value() == "team-3"
    assert page.evaluate(closed) == 0


@needs_browser
def test_sorting(opened: Open) -> None:
    page = opened()
    head = page.get_by_role("columnheader", name="work done")
    expected = sorted(judgement.activity.completed for judgement in REPORT.key_results)
    for direction, order in (("ascending", expected), ("descending", expected[::-1])):
        head.get_by_role("button").focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == direction
        cells = page.locator("tbody tr[data-result] td:nth-child(6)").all_inner_texts()
        assert [int(cell) for cell in cells] == order
    # What has no number comes last, either way.
    now = page.get_by_role("columnheader", name="now").get_by_role("button")
    unknown = sum(judgement.outcome.current is None for judgement in REPORT.key_results)
    assert unknown
    for _ in range(2):
        now.click()
        cells = page.locator("tbody tr[data-result] td:nth-child(4)").all()
        assert [cell.get_attribute("data-value") for cell in cells[-unknown:]] == [""] * unknown


@needs_browser
def test_a_deep_link_opens_what_it_leads_to(opened: Open) -> None:
    anchor = re.findall(r'<article id="([^"]+)"[^>]*data-verdict="(?!busy)', PAGE)[-1]
    page = opened(where=f"#{anchor}")
    assert page.locator(f"#{anchor} > details").get_attribute("open") is not None
    page.wait_for_function(f"document.getElementById('{anchor}').getBoundingClientRect().top < innerHeight")
    # Also when a filter hides it.
    page.locator("select[name=verdict]").select_option("busy")
    assert not page.locator(f"#{anchor}").is_visible()
    page.evaluate(f"location.hash = ''; location.hash = '{anchor}'")
    page.locator(f"#{anchor}").wait_for(state="visible")


@needs_browser
def test_with_the_keyboard_alone(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert seen[:4] == ["team", "verdict", "mode", "Show all"]


@needs_browser
@pytest.mark.parametrize("width", [320, 390, 1200])
def test_nothing_scrolls_sideways(opened: Open, width: int) -> None:
    page = opened(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@needs_browser
def test_on_paper_everything_is_open(opened: Open) -> None:
    page = opened()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("#filters").is_visible()
    closed = page.evaluate(
        "dispatchEvent(new Event('afterprint')); document.querySelectorAll('details:not([open])').length"
    )
    assert closed == len(re.findall(r"<details>", PAGE))


@needs_browser
def test_without_javascript(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("article[data-verdict=busy] .chart svg").first.is_visible()


def planted(texts: list[str]) -> Any:
    """The report with foreign text everywhere that it can reach, one after another in turn."""
    turn = cycle(texts)
    results = tuple(
        replace(
            judgement,
            key_result=replace(
                judgement.key_result,
                title=next(turn),
                owner=next(turn),
                metric=replace(judgement.key_result.metric, unit=next(turn)),
            ),
            objective=replace(judgement.objective, title=next(turn)),
            completed=tuple(
                replace(piece, title=next(turn), key=next(turn), url=f"javascript:{next(turn)}")
                for piece in judgement.completed
            ),
            series=tuple(replace(point, origin=next(turn)) for point in judgement.series),
            reasons=(next(turn),),
            failure=next(turn),
        )
        for judgement in REPORT.key_results
    )
    return replace(
        REPORT,
        key_results=results,
        judgements=results,
        teams=tuple(replace(team, name=next(turn)) for team in REPORT.teams),
        sources=tuple(replace(status, scope=next(turn), error=next(turn)) for status in REPORT.sources),
        findings=tuple(
            replace(found, message=next(turn), evidence=(next(turn),), action=next(turn)) for found in REPORT.findings
        ),
        goals=tuple(replace(node, title=next(turn)) for node in REPORT.goals),
    )


@needs_browser
def test_hostile_text_stays_text(opened: Open) -> None:
    """Nothing of it runs, and the page has the elements of the harmless one, before and after its charts are drawn."""
    attack = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">" onmouseover="window.pwned=1'
    hostile = to_html(planted([attack, *HOSTILE, "{{7*7}}", "datum.v"]))
    shapes = []
    for html in (to_html(planted(["harmless"])), hostile):
        page = opened(html, java_script_enabled=False)
        shapes.append(page.locator("script").count())
        shapes.append(page.locator("body *:not(.chart *)").count())
    assert shapes[:2] == shapes[2:]
    page = opened(hostile)
    page.locator("[data-chart]").first.scroll_into_view_if_needed()
    page.wait_for_selector("[data-drawn]")
    assert page.evaluate("window.pwned") is None
    assert not page.locator("a[href^=javascript]").count()


@needs_browser
def test_the_policy_stops_what_might_get_through(opened: Open) -> None:
    page = opened()
    page.evaluate(
        "const script = document.createElement('script'); script.textContent = 'window.pwned = 1';"
        "document.body.append(script)"
    )
    assert page.evaluate("window.pwned") is None
    (said,) = opened.wrong
    assert "violates the following Content Security Policy directive" in said
    opened.wrong.clear()
