"""Persistence, seen in check-ins: who still looks at the goals, and where automation hides that nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_team
from okrsync.findings.teams import name_of
from okrsync.model import Judgement, Kind, Measurement, Team, Verdict
from okrsync.numbers import count_of, show
from okrsync.report.value import Subject

_SHOWN = 6
"""So many key results are listed as evidence; of more, their number."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """How check-ins on one key result were kept in the cycle."""

    judgement: Judgement
    check_ins: tuple[Measurement, ...]
    """Those of the cycle, oldest first."""
    start: date
    as_of: date
    period: timedelta
    """How often one is expected."""

    @property
    def id(self) -> str:
        return self.judgement.key_result.id

    @property
    def automatic(self) -> bool:
        return self.judgement.key_result.metric.source_type != "manual"

    @property
    def last(self) -> Measurement | None:
        return self.check_ins[-1] if self.check_ins else None

    @property
    def since(self) -> date:
        """The last check-in, or the cycle's first day."""
        return self.last.at if self.last else self.start

    @property
    def expected(self) -> int:
        """How many whole periods of the cycle have passed."""
        return ((self.as_of - self.start).days + 1) // self.period.days

    @property
    def made(self) -> int:
        """In how many of these there was a check-in."""
        periods = {(each.at - self.start).days // self.period.days for each in self.check_ins}
        return sum(number < self.expected for number in periods)

    def streak(self, since: date | None = None) -> int:
        """How many check-ins in a row were missed since the last; one that is due today is not missed yet."""
        return max(0, (self.as_of - (since or self.since)).days - 1) // self.period.days

    @property
    def words(self) -> str:
        if self.last is None:
            return f"{self.id}: none in this cycle."
        return f"{self.id}: last on {self.last.at}{_by(self.last)}, {show(self.last.value)}."


def kept(facts: Facts) -> list[_Kept]:
    """Every key result of the running cycle that needs check-ins: not retired, and no milestone that was reached."""
    by_key_result: dict[str, list[Measurement]] = {}
    for check_in in facts.check_ins:
        if facts.cycle.start <= check_in.at <= facts.as_of:
            by_key_result.setdefault(check_in.key_result, []).append(check_in)
    found = []
    for judgement in facts.judgements:
        key_result = judgement.key_result
        reached = key_result.kind is Kind.MILESTONE and judgement.verdict is Verdict.ACHIEVED
        if judgement.verdict is Verdict.RETIRED or reached:
            continue
        automatic = key_result.metric.source_type != "manual"
        period = facts.cycle.check_in if automatic else max(facts.cycle.check_in, key_result.metric.cadence)
        check_ins = tuple(by_key_result.get(key_result.id, ()))
        found.append(_Kept(judgement, check_ins, facts.cycle.start, facts.as_of, period))
    return found


def _by_team(facts: Facts) -> dict[str, list[_Kept]]:
    found: dict[str, list[_Kept]] = {}
    for each in facts.once(kept):
        found.setdefault(each.judgement.objective.team, []).append(each)
    return found


def _running(facts: Facts) -> Iterator[NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield NotJudged(None, f"the cycle ended on {facts.cycle.end}, and check-ins are not expected any more")


def _key_result(facts: Facts) -> Iterator[Found | NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield from _running(facts)
        return
    for each in facts.once(kept):
        if each.automatic and each.last is None:
            continue  # P005 speaks of it
        streak = each.streak()
        if streak >= facts.thresholds.missed:
            yield Found(
                of_key_result(each.judgement.key_result),
                f"{each.id}: the last {count_of(streak, 'check-in')} {'was' if streak == 1 else 'were'} missed",
                (
                    _last(each),
                    f"Expected every {_days(each.period)}: {each.made} of {each.expected} periods of the cycle so far "
                    "have one.",
                ),
                f"{_who(each)}: `okrsync check-in {each.id} VALUE`, also when nothing has moved; if nobody needs the "
                "number, retire the key result and say why.",
            )


def _teams(facts: Facts) -> Iterator[Found | NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield from _running(facts)
        return
    by_team = facts.once(_by_team)
    for team in facts.programme.teams:
        ours = by_team.get(team.id, [])
        if len(ours) >= 2:
            name = name_of(facts, team.id)
            who = team.lead or f"Whoever leads {name}"
            action = f"{who}: take a quarter of an hour each {_days(facts.cycle.check_in)} to check in together."
            yield from _group(facts, ours, of_team(team), f"team {name}", action)


def _levels(facts: Facts) -> Iterator[Found | NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield from _running(facts)
        return
    levels: dict[str, list[Team]] = {}
    for team in facts.programme.teams:
        levels.setdefault(team.level, []).append(team)
    by_team = facts.once(_by_team)
    for level, teams in levels.items():
        ours = [each for team in teams for each in by_team.get(team.id, ())]
        if len({each.judgement.objective.team for each in ours}) >= 2:
            leads = ", ".join(sorted({team.lead for team in teams if team.lead})) or f"The leads of level {level}"
            action = f"{leads}: nobody at this level looks at the goals; agree on one day on which all check in."
            yield from _group(facts, ours, Subject("level", level), f"level {level}", action)


def _group(facts: Facts, ours: list[_Kept], subject: Subject, name: str, action: str) -> Iterator[Found]:
    since = max(each.since for each in ours)
    shortest = min(each.period for each in ours)
    streak = min(each.streak(since) for each in ours if each.period == shortest)
    if streak < facts.thresholds.missed:
        return
    nobody = all(each.last is None for each in ours)
    made, expected = sum(each.made for each in ours), sum(each.expected for each in ours)
    yield Found(
        subject,
        f"{name}: nobody has checked in "
        + (f"since the cycle began on {facts.cycle.start}" if nobody else f"on any key result since {since}"),
        (
            f"{count_of(streak, 'check-in')} in a row missed on each of {count_of(len(ours), 'key result')}.",
            f"In the whole cycle {made} of {expected} expected check-ins were made.",
            *_listed(each.words for each in ours),
        ),
        action,
    )


def _abandoned(facts: Facts) -> Iterator[Found | NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield from _running(facts)
        return
    for each in facts.once(kept):
        key_result, outcome = each.judgement.key_result, each.judgement.outcome
        measured = outcome.measured_at if each.automatic else None
        since = max(each.since, measured or each.since)
        # Where check-ins are asked for less often than the metric is measured, one forgotten check-in is no giving up.
        length = max(key_result.metric.cadence, each.period)
        cadences = max(0, (facts.as_of - since).days - 1) // length.days
        if cadences < facts.thresholds.abandoned:
            continue
        work = each.judgement.activity
        goes_on = work.active > 0 or (work.last_completed is not None and work.last_completed > since)
        evidence = [
            _last(each),
            f"{cadences} cadences of {_days(length)} without one, and the cycle runs until {facts.cycle.end}.",
            f"Work for it this cycle: {work.completed} completed, {work.open} open.",
        ]
        if each.automatic:
            last = f"last gave a value for {measured}" if measured else "has given no value for this cycle"
            evidence.insert(1, f"Its {key_result.metric.source_type} source {last}.")
        yield Found(
            of_key_result(key_result),
            f"{each.id} has been neither measured nor checked in since {since}, while work for it goes on"
            if goes_on
            else f"{each.id} looks abandoned: neither measured nor checked in since {since}, and no work goes on",
            tuple(evidence),
            f"{_who(each)}: say whether it still counts: `okrsync check-in {each.id} VALUE`, or "
            f"`retired: {{on: {facts.as_of}, reason: …}}` in its file.",
        )


def _silence(facts: Facts) -> Iterator[Found | NotJudged]:
    if facts.as_of > facts.cycle.end:
        yield from _running(facts)
        return
    for each in facts.once(kept):
        outcome = each.judgement.outcome
        fresh = outcome.measured_at is not None and not outcome.stale
        if not each.automatic or each.last is not None or not fresh:
            continue
        if each.streak() >= facts.thresholds.silent:
            yield Found(
                of_key_result(each.judgement.key_result),
                f"{each.id} is measured automatically, and no person has checked in on it in this cycle",
                (
                    f"Its {outcome.origin} source last gave a value for {outcome.measured_at}; "
                    f"{count_of(outcome.points, 'point')} are judged.",
                    f"{count_of(each.streak(), 'check-in period')} of {_days(each.period)} have passed since "
                    f"{facts.cycle.start} without a word from anybody.",
                ),
                f"{_who(each)}: look at the series, and say what it means: `okrsync check-in {each.id} VALUE "
                '--confidence N --note "…"`. It stands beside the series and does not replace it.',
            )


def _last(each: _Kept) -> str:
    if each.last is None:
        return f"No check-in in this cycle, which began on {each.start}."
    said = f", confidence {show(each.last.confidence)}" if each.last.confidence is not None else ""
    return f"Last check-in: {show(each.last.value)} on {each.last.at}{_by(each.last)}{said}."


def _by(check_in: Measurement) -> str:
    return f" by {check_in.by}" if check_in.by else ""


def _who(each: _Kept) -> str:
    return each.judgement.key_result.owner or each.judgement.objective.owner or "Its owner"


def _days(length: timedelta) -> str:
    return count_of(length.days, "day")


def _listed(lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"And {len(lines) - _SHOWN} more."


_EXPECTED = (
    "A check-in is expected each check-in period of the cycle; of a key result that people measure, each cadence where "
    "that is longer. One that is due on the day of judgement is not missed yet. Retired key results and milestones "
    "that were reached need none; once the cycle has ended nothing is expected any more."
)

RULES: tuple[Rule, ...] = (
    Rule(
        "P001",
        "persistence",
        "warning",
        "check-ins missed on a key result",
        "Goals that nobody looks at are given up without anybody deciding it. A missed check-in is the first sign, "
        "weeks before the outcome shows anything.",
        f"{_EXPECTED} The rule fires when the last `missed` of them, or more, were missed in a row. A key result that "
        "is measured automatically and was never checked in is the business of P005.",
        _key_result,
        yields_to=("P004", "S008", "P003", "P002", "D006"),
    ),
    Rule(
        "P002",
        "persistence",
        "warning",
        "check-ins missed by a team",
        "One forgotten check-in is an accident; a team in which nobody checks in on anything has left its goals.",
        f"{_EXPECTED} For a team with two or more key results: the last `missed` check-ins, or more, were missed on "
        "each of them.",
        _teams,
        yields_to=("P003",),
    ),
    Rule(
        "P003",
        "persistence",
        "warning",
        "check-ins missed by a level",
        "When a whole level of the organisation has stopped, the levels above no longer hear anything, and those below "
        "notice that nobody asks.",
        f"{_EXPECTED} For a level at which two or more teams have key results: the last `missed` check-ins, or more, "
        "were missed on each of them.",
        _levels,
    ),
    Rule(
        "P004",
        "persistence",
        "warning",
        "key result that is no longer measured nor checked in",
        "The cycle runs, and nobody has said or measured anything for so long that the key result does not steer "
        "anything any more. The work for it may go on, and then nobody knows what for; where none does, the key result "
        "is abandoned. The message says which.",
        "No check-in, and no value from its automatic source, for `abandoned` cadences (check-in periods, where these "
        "are longer) or more, counted from the last one or from the cycle's first day. Work goes on when a piece for "
        "it is open and was touched within two check-in periods, or was completed since.",
        _abandoned,
        yields_to=("S008", "P003", "P002"),
    ),
    Rule(
        "P005",
        "persistence",
        "warning",
        "automation that hides silence",
        "A number that arrives by itself looks like a goal that is followed. Only a person can say whether it will be "
        "reached, and what is done about it.",
        "The key result has an automatic source whose latest value is not stale, no person has checked in on it in "
        "this cycle, and `silent` check-in periods or more have passed.",
        _silence,
        yields_to=("P003", "P002", "D006"),
    ),
)
