"""Small builders of judgements, pieces and whole reports for the tests of the report; nobody in them exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from okrsync.model import (
    Activity,
    Cycle,
    Forecast,
    Judgement,
    KeyResult,
    Kind,
    Measurement,
    Metric,
    Movement,
    Objective,
    Outcome,
    Person,
    Piece,
    Pillar,
    Retirement,
    SourceStatus,
    Suggestion,
    Team,
    Trend,
    Verdict,
)
from okrsync.report.value import Finding, Report, Subject, build_report

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = date(2026, 11, 20)
CYCLE = Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))
TEAMS = (
    Team("acme", "company", name="Acme"),
    Team("commerce", "department", parent="acme"),
    Team("payments", "team", parent="commerce", name="Payments"),
)
PEOPLE = (Person("lin", name="Lin Wei"), Person("mei", name="Mei Chen"))
PILLARS = (Pillar("smb", "Small shops first"),)

HOSTILE = [
    "# heading",
    "1. one",
    "2) two",
    "- item",
    "+ item",
    "> quote",
    "---",
    "===",
    "```sh",
    "~~~",
    "    indented",
    "*a* **b** _c_ __d__ ~~e~~ ==f==",
    "`code` and ``more`",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "[ref]: https://evil.example",
    "[ref][x] [^1] [[wiki|page]]",
    "<https://evil.example> <mail@evil.example>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- comment",
    "</details></summary><h1>x</h1>",
    "a | b | c",
    "| x |\n|---|\n| y |",
    "one\n\n# two\r\n- three",
    "line\u2028separator\u2029paragraph\x85next\x0bvt",
    "back\\slash \\| pipe \\",
    "&lt;b&gt; &#124; &copy; &",
    "$\\frac{1}{2}$ $$x$$",
    "{{ 7 * 7 }} {% raw %} {: .cls}",
    "@everyone please @acme/team mail me@example.com",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;https://evil.example\x1b\\x",
    "\x9b2J \x00 \x07 \x7f",
    "right\u202eto left \u2066isolate\u2069 \u200b zero",
    "[bold red]rich[/bold red] :smile: [link=https://evil.example]x[/link]",
    "\ud800 lone surrogate",
    "trailing backslash\\",
    "ends with bang!",
    "x" * 5000,
    "",
    "   ",
    "中文标题 | 第二列",
]


def piece(number: int, *key_results: str, done: datetime | None = None, **changes: Any) -> Piece:
    """A completed piece of work; the higher its number, the earlier it was done."""
    done = done or datetime(2026, 11, 18, 4, tzinfo=UTC) - timedelta(hours=7 * number)
    standard = Piece(
        id=number,
        source="shop-jira",
        scope="SHOP",
        key=f"SHOP-{number}",
        title=f"Onboarding step {number}",
        url=f"https://acme.atlassian.net/browse/SHOP-{number}",
        created_at=done - timedelta(days=3),
        updated_at=done,
        done_at=done,
        counts=True,
        key_results=frozenset(key_results),
    )
    return replace(standard, **changes)


def judgement(
    id_: str,
    verdict: Verdict,
    *,
    title: str = "Activated shops per week",
    team: str = "payments",
    values: Sequence[float] = (112, 118, 113, 127, 121, 115, 119, 114, 124),
    pieces: Sequence[Piece] = (),
    kind: Kind = Kind.METRIC,
    **changes: Any,
) -> Judgement:
    """A judged key result; ``changes`` replace fields of the judgement."""
    movement = {
        Verdict.ACHIEVED: Movement.TOWARD,
        Verdict.DELIVERING: Movement.TOWARD,
        Verdict.UNATTRIBUTED: Movement.TOWARD,
        Verdict.UNMEASURED: Movement.UNKNOWN,
    }.get(verdict, Movement.FLAT)
    measured = verdict is not Verdict.UNMEASURED and bool(values)
    key_result = KeyResult(
        id_,
        "O1",
        title,
        "lin",
        kind,
        Metric(unit="shops/week", baseline=120.0, target=300.0, lag=timedelta(days=14), source_type="csv"),
        retired=Retirement(date(2026, 11, 10), "no longer needed") if verdict is Verdict.RETIRED else None,
    )
    standard = Judgement(
        key_result=key_result,
        objective=Objective(
            "O1", CYCLE.id, team, "A small shop sells online within a day", (key_result,), strategy="smb", owner="mei"
        ),
        verdict=verdict,
        since=date(2026, 10, 27),
        activity=Activity(
            opened=9,
            open=4,
            completed=len(pieces),
            settled=len(pieces) // 2,
            active=3,
            last_completed=date(2026, 11, 18) if pieces else None,
        ),
        outcome=Outcome(
            movement=movement,
            trend=Trend.NONE if measured else Trend.UNKNOWN,
            rule="95% range of 10 points before the cycle",
            points=19 if measured else 0,
            baseline=120.0,
            target=300.0,
            current=124.0 if measured else None,
            progress=4 / 180 if measured else None,
            measured_at=date(2026, 11, 16) if measured else None,
            origin="csv" if measured else None,
            low=105.2 if measured else None,
            high=139.0 if measured else None,
            forecast=Forecast(110.0, 126.0, 142.0) if measured else None,
        ),
        reasons=("In 19 weeks it has not left its usual range of 105 to 139.",)
        if measured
        else ("There is no measurement yet.",),
        series=tuple(
            Measurement(
                id_, date(2026, 9, 21) + timedelta(weeks=week), value, "csv", datetime(2026, 11, 20, tzinfo=UTC)
            )
            for week, value in enumerate(values)
        )
        if measured
        else (),
        completed=tuple(pieces),
    )
    return replace(standard, **changes)


def report(judgements: Sequence[Judgement] = (), completed: Sequence[Piece] = (), **changes: Any) -> Report:
    """A report with the sample company around it."""
    given: dict[str, Any] = {
        "as_of": AS_OF,
        "cycle": CYCLE,
        "zone": ZONE,
        "language": "en",
        "judgements": judgements,
        "completed": completed,
        "sources": SOURCES,
        "teams": TEAMS,
        "people": PEOPLE,
        "pillars": PILLARS,
    }
    return build_report(**(given | changes))


SOURCES = (
    SourceStatus("shop-jira", "SHOP", datetime(2026, 11, 20, 0, 0, tzinfo=UTC), 9120, 4, "fresh"),
    SourceStatus("shop-github", "acme/storefront", datetime(2026, 11, 19, 23, 30, tzinfo=UTC), 2310, 0, "stale"),
    SourceStatus("shop-jira", "PAY", None, 0, 0, "failed", "the account may not browse PAY (403)"),
    SourceStatus("storefront-git", "storefront", None, 0, 0, "never"),
)


def full() -> Report:
    """A report with every verdict, retired included, with work that serves two key results, and with unlinked work."""
    busy = [piece(number, "KR1.1") for number in range(1, 8)] + [piece(8, "KR1.1", "KR1.10")]
    second = [busy[-1], piece(9, "KR1.10")]
    delivering = [piece(number, "KR2.2") for number in range(20, 29)]
    payments = [
        piece(number, scope="PAY", key=f"PAY-{number}", title=f"Retry failed payouts {number}")
        for number in range(40, 46)
    ]
    commit = piece(
        60, source="storefront-git", scope="storefront", key="0a1b2c3d4e" * 4, title="Tidy the build", url=None
    )
    p95 = judgement(
        "KR2.2",
        Verdict.DELIVERING,
        title="Checkout time, p95",
        values=(3.0, 2.9, 2.8, 2.5, 2.4, 2.1),
        pieces=delivering,
        since=date(2026, 11, 10),
    )
    p95 = replace(
        p95,
        key_result=replace(p95.key_result, metric=replace(p95.key_result.metric, unit="s"), owner="mei"),
        outcome=replace(p95.outcome, baseline=3.0, target=1.5, current=2.1, progress=0.6, low=2.7, high=3.1,
                        trend=Trend.CONTINUED, forecast=None),
        reasons=("It moves toward its target, as it did before the cycle: no sign that this work did anything.",),
    )  # fmt: skip
    uptime = judgement("KR3.2", Verdict.DELIVERING, title="Availability", kind=Kind.MAINTAIN, values=(99.95, 99.93))
    uptime = replace(
        uptime,
        key_result=replace(uptime.key_result, metric=Metric(unit="%", target=99.9, direction="at_least")),
        outcome=replace(uptime.outcome, target=99.9, current=99.93, baseline=None, progress=None),
    )
    launch = judgement("KR4.1", Verdict.BUILDING, title="Partner portal in use", kind=Kind.MILESTONE, values=())
    launch = replace(launch, reasons=("3 pieces are under way.",))
    stale = judgement("KR3.1", Verdict.UNMEASURED, title="Partner revenue", team="commerce")
    stale = replace(
        stale,
        outcome=replace(stale.outcome, stale=True, measured_at=date(2026, 10, 18), origin="csv", current=61000.0),
        reasons=("The last measurement is 33 days old.",),
    )
    return report(
        [
            judgement("KR1.1", Verdict.BUSY, title="Activated shops per week, from 120 to 300", pieces=busy),
            judgement("KR0.9", Verdict.RETIRED, title="Fax orders", values=()),
            judgement("KR1.10", Verdict.BUSY, title="Shops back after 30 days", pieces=second, since=AS_OF),
            p95,
            stale,
            uptime,
            launch,
            judgement("KR5.1", Verdict.TOO_EARLY, title="Paid upgrades", pieces=[]),
            judgement("KR5.2", Verdict.NEGLECTED, title="Referrals"),
            judgement("KR5.3", Verdict.UNATTRIBUTED, title="Organic visits"),
            judgement("KR5.4", Verdict.ACHIEVED, title="Refunds within a day"),
        ],
        [*busy, piece(9, "KR1.10"), *delivering, *payments, commit],
        suggestions=[
            Suggestion("KR2.2", "{source: shop-jira, labels: [payouts]}", ((payments[0], 0.71), (payments[1], 0.43))),
            Suggestion("KR3.1", f"{{keys: [{commit.key}]}}", ((commit, 0.3),)),
        ],
    )


def many(count: int = 300) -> Report:
    """A report of a large company."""
    verdicts = [verdict for verdict in Verdict if verdict is not Verdict.RETIRED]
    teams = [f"team-{number}" for number in range(12)]
    return report(
        [
            judgement(f"KR{number}.1", verdicts[number % 8], title=f"Result {number}", team=teams[number % 12])
            for number in range(count)
        ],
        teams=[Team("acme", "company"), *(Team(team, "team", parent="acme") for team in teams)],
    )


FINDINGS = (
    Finding(
        "drift",
        "D003",
        "warning",
        Subject("team", "payments"),
        "6 pieces finished for a dropped goal.",
        ("PAY-1",),
        "Stop.",
    ),
    Finding(
        "strategy", "S002", "info", Subject("key_result", "KR5.2"), "It counts releases.", (), "Measure their effect."
    ),
    Finding(
        "strategy", "S001", "error", Subject("key_result", "KR1.1"), "It is a task.", ("title",), "Lin: rewrite it."
    ),
)
