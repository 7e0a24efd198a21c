import json
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from okrsync.model import Movement, Team, Verdict
from okrsync.report import words
from okrsync.report.json import to_json
from okrsync.report.markdown import to_markdown
from okrsync.report.sparkline import sparkline
from okrsync.report.terminal import to_terminal
from okrsync.report.value import CONTRACT_ORDER, PAGE_ORDER, Change, Closing, Earlier, Report, natural
from tests.report_samples import AS_OF, CYCLE, FINDINGS, PEOPLE, PILLARS, SOURCES, TEAMS, full, judgement, piece, report


def test_headline_counts_each_piece_once_and_no_retired_key_result():
    made = full()
    assert made.headline.key_results == 10
    assert dict(made.headline.verdicts) == {
        Verdict.ACHIEVED: 1,
        Verdict.DELIVERING: 2,
        Verdict.BUSY: 2,
        Verdict.TOO_EARLY: 1,
        Verdict.BUILDING: 1,
        Verdict.UNATTRIBUTED: 1,
        Verdict.NEGLECTED: 1,
        Verdict.UNMEASURED: 1,
    }
    assert [verdict for verdict, _ in made.headline.verdicts] == list(CONTRACT_ORDER)
    # 7 for KR1.1, 1 for KR1.10, and 1 that serves both.
    assert (made.headline.completed, made.headline.completed_on_busy, made.headline.completed_unlinked) == (25, 9, 7)
    assert made.headline.count(Verdict.RETIRED) == 0


def test_a_piece_that_is_given_twice_counts_once():
    assert report([], [piece(1), piece(1), piece(2)]).headline.completed == 2


def test_a_retired_key_result_takes_no_work_away_from_the_unlinked():
    made = report([judgement("KR1", Verdict.RETIRED)], [piece(1)])
    assert made.headline.verdicts == ()
    assert made.headline.completed_unlinked == made.unlinked.completed == 1


def test_page_order_is_by_verdict_then_by_id_as_people_count():
    shown = [(each.verdict, each.key_result.id) for each in full().key_results]
    assert shown[:2] == [(Verdict.BUSY, "KR1.1"), (Verdict.BUSY, "KR1.10")]
    assert shown[-1] == (Verdict.RETIRED, "KR0.9")
    assert [verdict for verdict, _ in shown] == sorted((verdict for verdict, _ in shown), key=PAGE_ORDER.index)


def test_file_order_is_kept_beside_it_with_retired_ones_last():
    ids = [each.key_result.id for each in full().judgements]
    assert ids[:3] == ["KR1.1", "KR1.10", "KR2.2"]
    assert ids[-1] == "KR0.9"


def test_every_verdict_has_its_words_and_its_place():
    assert set(words.VERDICTS) == set(PAGE_ORDER) == set(Verdict)
    assert len({each.mark for each in words.VERDICTS.values()}) == len(Verdict)


@pytest.mark.parametrize(
    ("first", "second"), [("KR1.9", "KR1.10"), ("KR2", "KR10"), ("A", "B"), ("1", "A"), ("KR1", "KR1.1"), ("", "x")]
)
def test_natural_order(first, second):
    assert natural(first) < natural(second)


def test_natural_order_of_hostile_ids():
    assert sorted(["٣", "9" * 10_000, "²", ""], key=natural)


def test_unlinked_work_by_scope_and_its_newest():
    unlinked = full().unlinked
    assert unlinked.by_scope == (("shop-jira:PAY", 6), ("storefront-git:storefront", 1))
    assert [each.key for each in unlinked.examples] == ["PAY-40", "PAY-41", "PAY-42", "PAY-43", "PAY-44"]


def test_scopes_with_the_same_number_are_in_the_order_of_their_names():
    made = report([], [piece(1, scope="B"), piece(2, scope="A"), piece(3, scope="C"), piece(4, scope="C")])
    assert made.unlinked.by_scope == (("shop-jira:C", 2), ("shop-jira:A", 1), ("shop-jira:B", 1))


def test_findings_are_by_mode_and_gravity():
    assert [each.rule for each in report(findings=FINDINGS).findings] == ["S001", "S002", "D003"]


@pytest.mark.parametrize("seed", range(5))
def test_order_of_inputs_that_means_nothing_changes_no_byte(seed):
    judgements = [judgement("KR1", Verdict.BUSY, pieces=[piece(1, "KR1"), piece(2, "KR1")])]
    # All at the same moment: only the key can order them.
    pieces = [piece(number, done=piece(0).done_at, scope=f"S{number % 3}") for number in range(30)]
    inputs = {
        "completed": pieces,
        "sources": list(SOURCES),
        "teams": list(TEAMS),
        "people": list(PEOPLE),
        "pillars": list(PILLARS),
        "findings": list(FINDINGS),
    }
    expected = report(judgements, **inputs)
    for given in inputs.values():
        Random(seed).shuffle(given)
    made = report(judgements, **inputs)
    assert made == expected
    assert to_json(made) == to_json(expected)
    assert to_markdown(made) == to_markdown(expected)
    assert to_terminal(made, color=True, width=100) == to_terminal(expected, color=True, width=100)


def test_changes_since_the_previous_report():
    before = Earlier(date(2026, 11, 13), {"KR1": Verdict.TOO_EARLY, "KR2": Verdict.BUSY, "KR3": Verdict.BUSY})
    made = report(
        [
            judgement("KR1", Verdict.BUSY),
            judgement("KR2", Verdict.BUSY),
            judgement("KR3", Verdict.RETIRED),
            judgement("KR4", Verdict.BUILDING),
        ],
        previous=before,
    )
    assert words.changes(made) == [("KR1", "too early → busy"), ("KR4", "new, building"), ("KR3", "busy → retired")]
    assert "## What changed since 13 Nov 2026\n\n- [KR1](#result-kr1): too early → busy\n" in to_markdown(made)


def after_the_end(as_of: date, previous: Earlier | None = None, **now: Verdict) -> Report:
    """A report of a finished cycle, in which both key results were too early on its last day; KR1 has a lag of 90."""
    slow = judgement("KR1", now["KR1"])
    metric = replace(slow.key_result.metric, lag=timedelta(days=90))
    slow = replace(slow, key_result=replace(slow.key_result, metric=metric))
    closed = Earlier(CYCLE.end, {"KR1": Verdict.TOO_EARLY, "KR2": Verdict.TOO_EARLY})
    return report([slow, judgement("KR2", now["KR2"])], as_of=as_of, closed=closed, previous=previous)


def test_what_changed_since_the_cycle_ended() -> None:
    made = after_the_end(date(2027, 1, 14), KR1=Verdict.TOO_EARLY, KR2=Verdict.BUSY)
    assert made.closing == Closing(
        CYCLE.end,
        verdicts=(("KR2", Verdict.TOO_EARLY), ("KR1", Verdict.TOO_EARLY)),
        changes=(Change("KR2", Verdict.TOO_EARLY, Verdict.BUSY),),
        measured_until=((date(2027, 3, 31), ("KR1",)),),  # the lag of KR2, 14 days, ends today
    )
    still = "Still measured until 31 Mar 2027, as work takes that long to show: KR1."
    shown = "\n".join(line.strip() for line in to_terminal(made, color=False, width=100).splitlines())
    assert f"What changed since the cycle ended on 31 Dec 2026\nKR2: too early → busy\n{still}\n" in shown
    page = to_markdown(made)
    assert f"ended on 31 Dec 2026\n\n- [KR2](#result-kr2): too early → busy\n\n{still}\n" in page
    assert json.loads(to_json(made))["closing"] == {
        "as_of": "2026-12-31",
        "verdicts": {"KR2": "too_early", "KR1": "too_early"},
        "changes": [{"key_result": "KR2", "before": "too_early", "after": "busy"}],
        "measured_until": [{"date": "2027-03-31", "key_results": ["KR1"]}],
    }


def test_when_nothing_changed_and_nothing_will() -> None:
    made = after_the_end(date(2027, 3, 31), KR1=Verdict.TOO_EARLY, KR2=Verdict.TOO_EARLY)
    assert made.closing is not None
    assert words.after_the_end(made.closing) == [
        "Every verdict is what it was on that day.",
        "All lags have passed: only what is corrected afterwards can still change a verdict.",
    ]
    assert made.closing.changes == ()


def test_a_week_after_the_end_the_same_comparison_is_not_made_twice() -> None:
    closed = Earlier(CYCLE.end, {"KR1": Verdict.TOO_EARLY, "KR2": Verdict.TOO_EARLY})
    for previous, times in ((closed, 1), (replace(closed, as_of=date(2027, 1, 1)), 2)):
        made = after_the_end(date(2027, 1, 8), previous, KR1=Verdict.TOO_EARLY, KR2=Verdict.BUSY)
        assert to_terminal(made, color=False, width=100).count("What changed since") == times
        assert to_markdown(made).count("What changed since") == times


BUSY = [judgement("KR1", Verdict.BUSY)]
AWAY = [replace(BUSY[0], outcome=replace(BUSY[0].outcome, movement=Movement.AWAY))]
CALM = [judgement("KR1", Verdict.DELIVERING)]


@pytest.mark.parametrize(
    ("judgements", "completed", "expected"),
    [
        ([], [], "2026-Q4 has no key results to judge; 0 pieces of work were finished."),
        ([], [piece(1)], "2026-Q4 has no key results to judge; 1 piece of work was finished."),
        (CALM, [], "No key result is busy, and no work was finished this cycle."),
        (CALM, [piece(1)], "No key result is busy; 1 piece of work was finished this cycle."),
        (CALM, [piece(1), piece(2)], "No key result is busy; 2 pieces of work were finished this cycle."),
        (
            BUSY,
            [piece(1, "KR1")],
            "The only piece of work finished this cycle went to 1 key result that has not moved.",
        ),
        (
            AWAY,
            [piece(1, "KR1"), piece(2, "KR1")],
            "All 2 pieces of work finished this cycle went to 1 key result that has not moved toward its target.",
        ),
        (
            [*BUSY, judgement("KR2", Verdict.BUSY)],
            [piece(1, "KR1"), *(piece(number) for number in range(2, 1302))],
            "1 of the 1,301 pieces of work finished this cycle (under 1%) went to 2 key results that have not moved.",
        ),
        (
            [*AWAY, judgement("KR2", Verdict.BUSY)],
            [piece(1, "KR1"), piece(2)],
            "1 of the 2 pieces of work finished this cycle (50%) went to 2 key results that have not moved toward "
            "their targets.",
        ),
        (BUSY, [], "No work was finished this cycle, and there is 1 key result that has not moved."),
    ],
)
def test_headline_in_words(judgements, completed, expected):
    assert words.headline(report(judgements, completed)) == expected


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [
        ([], ""),
        (BUSY, ""),
        (CALM, "The only key result is delivering."),
        ([*BUSY, judgement("KR2", Verdict.UNATTRIBUTED)], "The other key result moves without finished work."),
        ([*CALM, judgement("KR2", Verdict.DELIVERING)], "Of 2 key results, 2 are delivering."),
        (
            [
                *BUSY,
                judgement("KR2", Verdict.DELIVERING),
                judgement("KR3", Verdict.NEGLECTED),
                judgement("KR4", Verdict.BUILDING),
            ],
            "Of the other 3 key results, 1 is delivering, 1 is still being built and 1 is neglected.",
        ),
    ],
)
def test_the_others_in_words(judgements, expected):
    assert words.others(report(judgements)) == expected


@pytest.mark.parametrize(
    ("teams", "expected"),
    [
        (TEAMS, "Acme · 2026-Q4 · week 47"),
        ([Team("acme", "company")], "acme · 2026-Q4 · week 47"),
        ([], "2026-Q4 · week 47"),
        ([Team("a", "company"), Team("b", "company")], "2026-Q4 · week 47"),
    ],
)
def test_title(teams, expected):
    assert words.title(report(teams=teams)) == expected


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2026, 9, 30), "As of 30 Sep 2026, the cycle begins on 1 Oct 2026."),
        (date(2026, 10, 1), "As of 1 Oct 2026, day 1 of 92 of the cycle."),
        (date(2026, 12, 31), "As of 31 Dec 2026, day 92 of 92 of the cycle."),
        (date(2027, 1, 1), "As of 1 Jan 2027, the cycle ended on 31 Dec 2026."),
    ],
)
def test_where_in_the_cycle(as_of, expected):
    assert words.when(report(as_of=as_of)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, None, "–"),
        (float("nan"), "s", "–"),
        (120.0, None, "120"),
        (9120, None, "9,120"),
        (2.1, "s", "2.1 s"),
        (99.93, "%", "99.93%"),
        (-0.5, None, "−0.5"),
        (1234.5678, None, "1,235"),
        (1e20, None, "1e+20"),
        (0.00001234, None, "1.234e-05"),
        (0.0, None, "0"),
        (1.0, "x\n| y", "1 x | y"),
    ],
)
def test_number(value, unit, expected):
    assert words.number(value, unit) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 0, "0%"),
        (0, 9, "0%"),
        (1, 1000, "under 1%"),
        (999, 1000, "over 99%"),
        (1000, 1000, "100%"),
        (181, 412, "44%"),
    ],
)
def test_share(part, whole, expected):
    assert words.share(part, whole) == expected


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (AS_OF, "busy for 1 day, since 20 Nov 2026"),
        (date(2026, 11, 15), "busy for 6 days, since 15 Nov 2026"),
        (date(2026, 11, 14), "busy for 1 week, since 14 Nov 2026"),
        (date(2026, 10, 24), "busy for 4 weeks, since 24 Oct 2026"),
        (None, "busy"),
    ],
)
def test_how_long_a_verdict_has_held(since, expected):
    assert words.lasting(report(), judgement("KR1", Verdict.BUSY, since=since)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        ([None], ""),
        ([5], "▄"),
        ([3, 3, 3], "▄▄▄"),
        (range(8), "▁▂▃▄▅▆▇█"),
        ([0, None, 7], "▁ █"),
        ([0, float("nan"), float("inf"), 7], "▁  █"),
        ([-1e308, 1e308], "▁█"),
        (range(100), "▁▁▂▂▃▃▄▄▅▅▆▆▇▇██"),
    ],
)
def test_sparkline(values, expected):
    assert sparkline(list(values)) == expected
