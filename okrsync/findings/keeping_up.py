"""Persistence, seen in check-ins: who still looks at the goals, and where automation hides that nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result, of_team
from okrsync.findings.teams import name_of
from okrsync.findings.telling import days, owner_of
from okrsync.language import N_, _, ngettext
from okrsync.model import Judgement, Kind, Measurement, Team, Verdict
from okrsync.numbers import show
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
            return _("{id}: none in this cycle.").format(id=self.id)
        text = _("{id}: last on {day} by {who}, {value}.") if self.last.by else _("{id}: last on {day}, {value}.")
        return text.format(id=self.id, day=self.last.at, who=self.last.by, value=show(self.last.value))


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
        yield NotJudged(
            None, _("the cycle ended on {day}, and check-ins are not expected any more").format(day=facts.cycle.end)
        )


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
                ngettext(
                    "{id}: the last check-in was missed", "{id}: the last {count} check-ins were missed", streak
                ).format(id=each.id, count=streak),
                (
                    _last(each),
                    _("Expected every {span}: {part} of {whole} periods of the cycle so far have one.").format(
                        span=days(each.period), part=each.made, whole=each.expected
                    ),
                ),
                _(
                    "{who}: `okrsync check-in {id} VALUE`, also when nothing has moved; if nobody needs the number, "
                    "retire the key result and say why."
                ).format(who=_who(each), id=each.id),
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
            action = _("{who}: take a quarter of an hour every {span} to check in together.").format(
                who=team.lead or _("Whoever leads {team}").format(team=name), span=days(facts.cycle.check_in)
            )
            yield from _group(facts, ours, of_team(team), name, action)


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
            leads = _(", ").join(sorted({team.lead for team in teams if team.lead}))
            action = _(
                "{who}: nobody at this level looks at the goals; agree on one day on which all check in."
            ).format(who=leads or _("The leads of level {level}").format(level=level))
            yield from _group(facts, ours, Subject("level", level), level, action)


def _group(facts: Facts, ours: list[_Kept], subject: Subject, name: str, action: str) -> Iterator[Found]:
    since = max(each.since for each in ours)
    shortest = min(each.period for each in ours)
    streak = min(each.streak(since) for each in ours if each.period == shortest)
    if streak < facts.thresholds.missed:
        return
    nobody = all(each.last is None for each in ours)
    made, expected = sum(each.made for each in ours), sum(each.expected for each in ours)
    if subject.kind == "team":
        message = (
            _("team {name}: nobody has checked in since the cycle began on {day}")
            if nobody
            else _("team {name}: nobody has checked in on any key result since {day}")
        )
    else:
        message = (
            _("level {name}: nobody has checked in since the cycle began on {day}")
            if nobody
            else _("level {name}: nobody has checked in on any key result since {day}")
        )
    yield Found(
        subject,
        message.format(name=name, day=facts.cycle.start if nobody else since),
        (
            ngettext(
                "{count} check-in missed on each of {whole} key results.",
                "{count} check-ins in a row missed on each of {whole} key results.",
                streak,
            ).format(count=streak, whole=len(ours)),
            _("In the whole cycle {part} of {whole} expected check-ins were made.").format(part=made, whole=expected),
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
            _("{count} cadences of {span} without one, and the cycle runs until {day}.").format(
                count=cadences, span=days(length), day=facts.cycle.end
            ),
            _("Work for it this cycle: {completed} completed, {open} open.").format(
                completed=work.completed, open=work.open
            ),
        ]
        if each.automatic:
            source = key_result.metric.source_type
            evidence.insert(
                1,
                _("Its {source} source last gave a value for {day}.").format(source=source, day=measured)
                if measured
                else _("Its {source} source has given no value for this cycle.").format(source=source),
            )
        yield Found(
            of_key_result(key_result),
            (
                _("{id} has been neither measured nor checked in since {day}, while work for it goes on")
                if goes_on
                else _("{id} looks abandoned: neither measured nor checked in since {day}, and no work goes on")
            ).format(id=each.id, day=since),
            tuple(evidence),
            _(
                "{who}: say whether it still counts: `okrsync check-in {id} VALUE`, or `retired: {{on: {day}, reason: "
                "…}}` in its file."
            ).format(who=_who(each), id=each.id, day=facts.as_of),
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
                _("{id} is measured automatically, and no person has checked in on it in this cycle").format(
                    id=each.id
                ),
                (
                    ngettext(
                        "Its {source} source last gave a value for {day}; {count} point is judged.",
                        "Its {source} source last gave a value for {day}; {count} points are judged.",
                        outcome.points,
                    ).format(source=outcome.origin, day=outcome.measured_at, count=outcome.points),
                    ngettext(
                        "{count} check-in period of {span} has passed since {day} without a word from anybody.",
                        "{count} check-in periods of {span} have passed since {day} without a word from anybody.",
                        each.streak(),
                    ).format(count=each.streak(), span=days(each.period), day=facts.cycle.start),
                ),
                _(
                    "{who}: look at the series, and say what it means: `okrsync check-in {id} VALUE --confidence N "
                    '--note "…"`. It stands beside the series and does not replace it.'
                ).format(who=_who(each), id=each.id),
            )


def _last(each: _Kept) -> str:
    last = each.last
    if last is None:
        return _("No check-in in this cycle, which began on {day}.").format(day=each.start)
    sure = "" if last.confidence is None else show(last.confidence)
    if last.by and sure:
        text = _("Last check-in: {value} on {day} by {who}, confidence {confidence}.")
    elif last.by:
        text = _("Last check-in: {value} on {day} by {who}.")
    elif sure:
        text = _("Last check-in: {value} on {day}, confidence {confidence}.")
    else:
        text = _("Last check-in: {value} on {day}.")
    return text.format(value=show(last.value), day=last.at, who=last.by, confidence=sure)


def _who(each: _Kept) -> str:
    return owner_of(each.judgement.key_result.owner, each.judgement.objective.owner)


def _listed(lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        more = len(lines) - _SHOWN
        yield ngettext("And {count} more.", "And {count} more.", more).format(count=more)


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
        N_("check-ins missed on a key result"),
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
        N_("check-ins missed by a team"),
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
        N_("check-ins missed by a level"),
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
        N_("key result that is no longer measured nor checked in"),
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
        N_("automation that hides silence"),
        "A number that arrives by itself looks like a goal that is followed. Only a person can say whether it will be "
        "reached, and what is done about it.",
        "The key result has an automatic source whose latest value is not stale, no person has checked in on it in "
        "this cycle, and `silent` check-in periods or more have passed.",
        _silence,
        yields_to=("P003", "P002", "D006"),
    ),
)
