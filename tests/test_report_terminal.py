import re

import pytest
from rich.cells import cell_len

from okrsync.model import Verdict
from okrsync.report.console import MINIMUM
from okrsync.report.terminal import to_terminal
from tests.report_samples import FINDINGS, HOSTILE, full, judgement, many, piece, report
from tests.test_report_markdown import everywhere

CODES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [80, 120])
def test_screen(width, snapshot):
    assert to_terminal(full(), color=False, width=width) == snapshot


def test_screen_of_nothing(snapshot):
    assert to_terminal(report(sources=()), color=False, width=80) == snapshot


@pytest.mark.parametrize("width", [10, 60, 80, 100, 110, 200])
@pytest.mark.parametrize("make", [full, many, report], ids=["full", "many", "empty"])
def test_no_line_is_wider_than_the_terminal(make, width):
    lines = to_terminal(make(), color=False, width=width).splitlines()
    assert max(map(cell_len, lines)) <= max(width, MINIMUM)


@pytest.mark.parametrize("width", [80, 120])
def test_every_key_result_has_its_row_with_whole_id_and_verdict(width):
    made = full()
    screen = to_terminal(made, color=False, width=width)
    for each in made.key_results:
        name = {"too_early": "too early"}.get(each.verdict.value, each.verdict.value)
        assert re.search(rf"^\S {name} +{re.escape(each.key_result.id)} ", screen, re.MULTILINE)


def test_color_adds_codes_and_nothing_else():
    plain = to_terminal(full(), color=False, width=100)
    colored = to_terminal(full(), color=True, width=100)
    assert "\x1b" not in plain
    assert CODES.search(colored)
    assert [line.rstrip() for line in CODES.sub("", colored).splitlines()] == plain.splitlines()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_steers_nothing(text):
    screen = to_terminal(everywhere(text), color=True, width=100)
    screen.encode("utf-8")
    assert not [character for character in CODES.sub("", screen) if character != "\n" and not character.isprintable()]


def test_markup_of_rich_is_text():
    made = report([judgement("KR1", Verdict.BUSY, title="[bold red]x[/] :smile:", reasons=("[/nope] [link=x]y",))])
    screen = to_terminal(made, color=False, width=120)
    assert "[bold red]x[/] :smile:" in screen
    assert "- [/nope] [link=x]y" in screen


def test_wide_characters_keep_the_columns():
    made = report([judgement("KR1", Verdict.BUSY, title="激活的店铺" * 20), judgement("KR2", Verdict.BUSY)])
    rows = [line for line in to_terminal(made, color=False, width=80).splitlines() if line.startswith("● busy")]
    assert len(rows) == 2
    assert len({cell_len(row) for row in rows}) == 1


def test_the_environment_changes_nothing(monkeypatch):
    expected = [to_terminal(full(), color=color, width=80) for color in (True, False)]
    for name, value in [("NO_COLOR", "1"), ("FORCE_COLOR", "1"), ("COLUMNS", "33"), ("TERM", "dumb"), ("LINES", "2")]:
        monkeypatch.setenv(name, value)
    assert [to_terminal(full(), color=color, width=80) for color in (True, False)] == expected


def test_findings_and_errors_of_sources_are_shown():
    screen = to_terminal(report(findings=FINDINGS), color=False, width=100)
    assert screen.index("error S001 KR1.1: It is a task. title") < screen.index("warning D003 payments")
    assert "shop-jira:PAY: the account may not browse PAY (403)" in screen


def test_few_finished_pieces_are_named_and_the_rest_is_counted():
    done = [piece(number, "KR1") for number in range(1, 9)]
    screen = to_terminal(report([judgement("KR1", Verdict.BUSY, pieces=done)], done), color=False, width=80)
    assert re.findall(r"SHOP-\d", screen) == ["SHOP-1", "SHOP-2", "SHOP-3"]
    assert "and 5 more" in screen
