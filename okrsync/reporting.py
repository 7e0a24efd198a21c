"""From the store to the report of one day: reads what the judgement needs, then judges it with pure functions."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from okrsync.config import Config
from okrsync.dates import day_of, end_of, start_of
from okrsync.errors import ConfigError
from okrsync.findings.alignment import chain_shares
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import diagnose
from okrsync.findings.goals import Goals
from okrsync.findings.interface import Facts
from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import Cycle, GoalVersion, Judgement, KeyResult, Person, Piece, SourceStatus, Suggestion
from okrsync.numbers import show
from okrsync.report.value import Earlier, History, Report, build_report
from okrsync.week_before import all_changes, changed_goals, facts_of, turned, weeks

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.judge import Case
    from okrsync.store.ahead import Begin
    from okrsync.store.outcomes import OutcomeStatus


SUGGESTED_FROM = 5_000
"""The report suggests work rules from so many of the pieces that were completed last; ``okrsync links --suggest`` looks
at all of them."""


def cycle_for(cycles: tuple[Cycle, ...], as_of: date, wanted: str | None) -> Cycle:
    """The cycle to report: the one named, else the one that ``as_of`` is in, else the one that ended last before it.

    Raises ``ConfigError`` when there is none, or when it begins after ``as_of``.
    """
    if wanted is not None:
        named = [cycle for cycle in cycles if cycle.id == wanted]
        if not named:
            known = ", ".join(cycle.id for cycle in cycles) or _("none")
            raise ConfigError(_("there is no cycle {cycle!r}; declared: {known}").format(cycle=wanted, known=known))
        if named[0].start > as_of:
            said = _("cycle {cycle} begins on {start}: there is nothing to judge on {day}")
            raise ConfigError(said.format(cycle=wanted, start=named[0].start, day=as_of))
        return named[0]
    begun = [cycle for cycle in cycles if cycle.start <= as_of]
    if not begun:
        first = min(cycles, key=lambda cycle: cycle.start, default=None)
        if first is not None:
            said = _("no cycle has begun by {day}; the first, {cycle}, begins on {start}")
            raise ConfigError(said.format(day=as_of, cycle=first.id, start=first.start))
        raise ConfigError(_("no cycle is declared; add one under `cycle:` in the files of goals"))
    running = [cycle for cycle in begun if as_of <= cycle.end]
    return max(running or begun, key=lambda cycle: (cycle.start, cycle.end) if running else (cycle.end, cycle.start))


def make_report(
    engine: Engine,
    config: Config,
    cycle: Cycle,
    as_of: date,
    *,
    known_at: date | None = None,
    read_at: datetime | None = None,
    history: bool = False,
) -> Report:
    """Judge every key result of a cycle at the end of ``as_of``, from the store alone.

    ``known_at`` leaves out the measurements and the versions of goals that were learned after that day. ``read_at`` is
    when the files of goals were read: what they say and no run has stored counts from then on. The report also says
    what changed since a week before, where the cycle had begun by then, and once the cycle is over, what changed since
    its last day; with ``history``, how each week of the cycle ended. Raises ``StoreError`` when the store cannot be
    read.
    """
    from okrsync.store.ahead import ahead

    with ahead(engine) as begin:
        return _make_report(engine, begin, config, cycle, as_of, known_at, read_at, history=history)


def _make_report(
    engine: Engine,
    begin: Begin,
    config: Config,
    cycle: Cycle,
    as_of: date,
    known_at: date | None,
    read_at: datetime | None,
    *,
    history: bool,
) -> Report:
    from okrsync.store import outcomes, read

    zone = config.timezone
    start, end = start_of(cycle.start, zone), end_of(min(as_of, cycle.end), zone)
    objectives = config.programme.objectives_of(cycle.id)
    key_results = {kr.id: kr for objective in objectives for kr in objective.key_results}
    at_rest = _at_rest(cycle, key_results.values(), zone)
    opened = read.open_pieces(begin, end=end, at_rest=at_rest)
    counted = read.link_counts(begin, sources=config.sources.keys())

    from okrsync.goals import reasons_of, until
    from okrsync.judge import MANUAL, Case, judge_together
    from okrsync.past import after_retirement, earlier_key_results, past_outcomes

    known_until = None if known_at is None else end_of(known_at, zone)
    measured = outcomes.measurements_of(engine, key_results, known_at=known_until)
    statuses = outcomes.statuses(engine)
    pieces = read.pieces(
        engine,
        sources=config.sources.keys(),
        key_results=key_results.keys(),
        start=start,
        end=end,
        not_completed=config.not_completed,
        all_open=True,
        at_rest=at_rest,
        opened=opened,
    )
    serving: dict[str, list[Piece]] = {kr_id: [] for kr_id in key_results}
    for piece in pieces:
        for kr_id in piece.key_results:
            serving[kr_id].append(piece)
    cases = [
        Case.of(kr, objective, cycle, serving[kr.id], measured[kr.id], zone)
        for objective in objectives
        for kr in objective.key_results
    ]
    week_before = as_of - timedelta(days=7)
    judge_together(cases, as_of, [cycle.end] if as_of > cycle.end else [])
    if week_before >= cycle.start:
        judge_together(cases, week_before)
    judgements = [_told_whole(case.judgement(as_of), statuses.get(case.key_result.id), config.people) for case in cases]
    completed = [
        served_when_done(piece, key_results, zone)
        for piece in pieces
        if piece.counts and piece.done_at is not None and start <= piece.done_at < end
    ]
    sources = _sources(engine, config, end_of(as_of, zone))
    earlier = earlier_key_results(config.programme, cycle, judgements, config.thresholds.by_chance)
    measured_before = outcomes.measurements_of(
        engine, {each.id for _cycle, _objective, each in earlier}, known_at=known_until
    )
    lines = _versions(engine, config, known_until, read_at)
    facts = Facts(
        as_of=as_of,
        cycle=cycle,
        zone=zone,
        programme=config.programme,
        people=config.people,
        thresholds=config.thresholds,
        judgements=tuple(judgements),
        waits=tuple(
            read.waits(engine, sources=config.sources.keys(), key_results=key_results.keys(), start=start, end=end)
        ),
        completed=tuple(completed),
        open=tuple(piece for piece in pieces if piece.done_at is None or piece.done_at >= end),
        rules=tuple(
            read.rule_links(
                engine,
                key_results.values(),
                sources=config.sources.keys(),
                share=config.thresholds.everything,
                counted=counted,
            )
        ),
        sources=tuple(sources),
        check_ins=tuple(
            sorted(
                (one for kr_id in key_results for one in measured[kr_id] if one.origin == MANUAL and one.at <= as_of),
                key=lambda one: (one.at, one.recorded_at, one.key_result),
            )
        ),
        after_retirement=tuple(after_retirement(pieces, key_results, as_of, zone)),
        versions=until(lines, end_of(as_of, zone)),
        reasons={goal: reasons_of(line) for goal, line in lines.items()},
        past=tuple(past_outcomes(earlier, measured_before, as_of, zone)),
    )
    rules = [rule for rule in RULES if config.people_judged or rule.mode != "bottleneck"]
    found = diagnose(facts, rules, config.silences)
    previous = None
    if week_before >= cycle.start:
        then = [
            _told_whole(case.judgement(week_before), statuses.get(case.key_result.id), config.people) for case in cases
        ]
        found_then = diagnose(facts_of(facts, week_before, then, pieces), rules, config.silences)
        new, gone = turned(found_then.findings, found.findings)
        previous = replace(
            _verdicts_on(week_before, cases),
            goal_changes=changed_goals(facts, week_before),
            new_findings=new,
            findings_gone=gone,
        )
    return build_report(
        as_of=as_of,
        cycle=cycle,
        zone=zone,
        language=config.language,
        judgements=judgements,
        completed=completed,
        sources=sources,
        teams=config.programme.teams,
        people=config.people,
        pillars=config.programme.strategy,
        findings=found.findings,
        not_judged=found.not_judged,
        silenced=found.silenced,
        implied=found.implied,
        goals=facts.once(Goals).nodes(),
        chain=chain_shares(facts),
        previous=previous,
        closed=_verdicts_on(cycle.end, cases) if as_of > cycle.end else None,
        suggestions=_suggestions(engine, cases, completed, as_of),
        history=History(weeks(cases, cycle, as_of), all_changes(facts)) if history else None,
    )


def _at_rest(cycle: Cycle, key_results: Iterable[KeyResult], zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Open work that was created before the first and not changed since the second is never more than counted as open.

    Whatever day of the cycle is judged: it was there before it, and before any key result was retired, and is active on
    none of them. None where a key result was retired in times of which no calendar tells.
    """
    first = min((cycle.start, *(each.retired.on for each in key_results if each.retired is not None)))
    return None if first.year < 1900 else (start_of(first, zone), start_of(first - 2 * cycle.check_in, zone))


def _versions(
    engine: Engine, config: Config, known_until: datetime | None, read_at: datetime | None
) -> Mapping[str, tuple[GoalVersion, ...]]:
    """Every version of each goal that is known."""
    from okrsync.goals import timelines, unseen
    from okrsync.store import goals

    versions = goals.versions(engine)
    if read_at is not None:
        versions += unseen(versions, config.programme, read_at)
    return timelines(each for each in versions if known_until is None or each.seen_at < known_until)


def _suggestions(engine: Engine, cases: Sequence[Case], completed: Sequence[Piece], as_of: date) -> list[Suggestion]:
    """Work rules for what was completed and serves no key result."""
    from okrsync.store import read
    from okrsync.suggest import suggest

    goals = [
        (case.key_result, case.objective)
        for case in cases
        if case.key_result.retired is None or case.key_result.retired.on > as_of
    ]
    if not goals or all(piece.key_results for piece in completed):
        return []
    if len(completed) > SUGGESTED_FROM:
        completed = heapq.nlargest(SUGGESTED_FROM, completed, key=lambda piece: (piece.done_at, piece.id))
    return suggest(goals, read.work_texts(engine, completed))


def _verdicts_on(day: date, cases: Sequence[Case]) -> Earlier:
    return Earlier(day, {case.key_result.id: case.verdict(day) for case in cases})


def _sources(engine: Engine, config: Config, end: datetime) -> list[SourceStatus]:
    """How fresh each scope is; a configured source of which the store knows no scope yet stands there as ``never``."""
    from okrsync.store import read

    found = read.source_statuses(engine, sources=config.sources.keys(), end=end)
    unknown = config.sources.keys() - {status.source for status in found}
    return [*found, *(SourceStatus(name, "*", None, items=0, removed=0, state="never") for name in unknown)]


def _told_whole(judgement: Judgement, status: OutcomeStatus | None, people: Sequence[Person]) -> Judgement:
    """The judgement with what stands beside it: a person's last check-in, and that its source could not be read."""
    origin = judgement.key_result.metric.source_type
    reasons = list(judgement.reasons)
    if judgement.check_ins:
        said = judgement.check_ins[-1]
        who = next((one.name for one in people if one.id == said.by and one.name), said.by or _("a person"))
        if said.confidence is None:
            told = _("Beside its {origin} source, {who} checked in {value} on {day}")
        else:
            told = _("Beside its {origin} source, {who} checked in {value} on {day}, confidence {confidence} of 10")
        told = told.format(
            origin=origin,
            who=one_line(who, 60),
            value=show(said.value),
            day=said.at,
            confidence=None if said.confidence is None else show(said.confidence),
        )
        note = _(": “{note}”").format(note=one_line(said.note)) if said.note else _(".")
        reasons.append(told + note)
    failure = status.error if status is not None and status.origin == origin else None
    if failure is not None:
        reasons.append(
            _("Its {origin} source could not be read the last time: {error}").format(origin=origin, error=failure)
        )
    return replace(judgement, reasons=tuple(reasons), failure=failure)


def served_when_done(piece: Piece, key_results: Mapping[str, KeyResult], zone: ZoneInfo) -> Piece:
    """The piece without the key results that had been retired before it was done; an open piece as it is."""
    if piece.done_at is None:
        return piece
    day = day_of(piece.done_at, zone)
    retired = {kr_id for kr_id in piece.key_results if _retired_before(key_results[kr_id], day)}
    return replace(piece, key_results=piece.key_results - retired) if retired else piece


def _retired_before(key_result: KeyResult, day: date) -> bool:
    return key_result.retired is not None and key_result.retired.on < day


def today(config: Config, now: datetime) -> date:
    """The day of ``now`` in the configured time zone: the day of judgement when none is given."""
    return day_of(now, config.timezone)
