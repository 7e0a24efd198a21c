"""Every step from work items and measurements to the verdict on one key result, as a value; pure.

Nothing is judged here: what stands in an explanation is what ``okrsync.judge`` made its verdict of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from okrsync.activity import DatedPiece, Standing, Window, dated
from okrsync.judge import MANUAL, Case
from okrsync.language import N_, _
from okrsync.model import Judgement, Kind, Measurement, Metric, MovementResult, Piece, Verdict
from okrsync.numbers import show
from okrsync.outlook import Change, outlook
from okrsync.provenance import LinkedItem, Recorded
from okrsync.reasons import MOVEMENTS, limit
from okrsync.verdict import reached

OWN = ("rule", "trailer", "parent")
"""Reasons for which a link takes the whole piece of work."""
ROWS: Mapping[Kind, Mapping[Verdict, tuple[str, str]]] = {
    Kind.METRIC: {
        Verdict.ACHIEVED: (N_("any"), N_("at or past the target")),
        Verdict.DELIVERING: (N_("completed"), N_("moving toward the target")),
        Verdict.BUSY: (N_("completed longer ago than the lag"), N_("flat, or moving away")),
        Verdict.TOO_EARLY: (N_("completed, none of it longer ago than the lag"), N_("flat, or moving away")),
        Verdict.BUILDING: (N_("open and changing, none completed"), N_("flat, or moving away")),
        Verdict.UNATTRIBUTED: (N_("none completed"), N_("moving toward the target")),
        Verdict.NEGLECTED: (N_("neither completed nor changing"), N_("flat, or moving away")),
        Verdict.UNMEASURED: (N_("any"), N_("no usable measurement: none, stale, or too few to tell")),
    },
    Kind.MAINTAIN: {
        Verdict.DELIVERING: (N_("any"), N_("the limit is kept")),
        Verdict.BUSY: (N_("completed, or open and changing"), N_("the limit is left")),
        Verdict.NEGLECTED: (N_("neither completed nor changing"), N_("the limit is left")),
        Verdict.UNMEASURED: (N_("any"), N_("no usable measurement, or no limit to compare it with")),
    },
    Kind.MILESTONE: {
        Verdict.ACHIEVED: (N_("any"), N_("a person checked it in as reached")),
        Verdict.BUILDING: (N_("completed, or open and changing"), N_("not checked in as reached")),
        Verdict.NEGLECTED: (N_("neither completed nor changing"), N_("not checked in as reached")),
    },
}
"""The table of verdicts by kind: what the work and what the outcome is like; to be translated."""


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A work rule, and how many items it links."""

    words: str
    line: int | None
    """Where it stands in the file of goals; None for trailers."""
    matched: int
    """Items that it matches themselves."""
    below: int
    """Items that it reaches from above only: what lies below an epic or a parent that it matches."""
    named: int
    """Items that it reaches only because they close, name or belong to one of those."""


@dataclass(frozen=True, slots=True)
class ExplainedPiece:
    """A piece of work, and what it counts for."""

    dated: DatedPiece
    standing: Standing
    active: bool
    settles: date | None
    """The day from which on it is settled; None unless it is completed."""
    settled: bool
    why_not: str | None
    """Why it is neither completed nor open; None where it is."""
    items: tuple[LinkedItem, ...]
    """Its parts, what stands for it first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of one day and origin, and what became of it."""

    at: date
    origin: str
    value: float | None
    """What is in force; None when its source withdrew it."""
    recorded_at: datetime
    earlier: tuple[Recorded, ...]
    """What was recorded for the same day before, oldest first."""
    judged: float | None
    """The value in the series that is judged: the increase, of a cumulative one; None when it is left out."""
    left_out: str | None
    """Why it is not in the series; None when it is."""
    confidence: float | None = None
    note: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A question that the table of verdicts asks, and the answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a key result has its verdict."""

    as_of: date
    known_at: date | None
    zone: ZoneInfo
    case: Case
    judgement: Judgement
    rules: tuple[RuleUse, ...]
    window: Window
    """The days whose work counts."""
    measured_until: date
    """The last day whose measurements count."""
    pieces: tuple[ExplainedPiece, ...]
    """Completed ones latest first, then open, dropped, earlier and later ones."""
    passing_down: tuple[LinkedItem, ...]
    """Linked items that are no piece of work: epics and what stands above them."""
    carried: tuple[LinkedItem, ...]
    """Items whose link takes no piece along: they name or close one that is linked, and stand for another."""
    readings: tuple[Reading, ...]
    """Of the origin that decides, oldest first."""
    beside: tuple[Reading, ...]
    """Of any other origin: people's check-ins beside an automatic series, and sources that were replaced."""
    too_old: int
    """How many of the first readings in the series movement does not look at any more."""
    movement: MovementResult
    failure: str | None
    """Why the outcome source could not be read the last time."""
    steps: tuple[Step, ...]
    replayed: tuple[tuple[date, Verdict], ...]
    """The verdict at each check-in period's end and on ``as_of``, oldest first: ``since`` comes from these."""
    outlook: tuple[Change, ...]


def explain(
    case: Case,
    as_of: date,
    *,
    zone: ZoneInfo,
    known_at: date | None,
    rules: Sequence[tuple[str, int | None]],
    items: Sequence[LinkedItem],
    other_pieces: Sequence[Piece],
    recorded: Sequence[Recorded],
    failure: str | None = None,
) -> Explanation:
    """Lay out how ``case`` is judged on ``as_of``.

    ``rules`` are the key result's work rules in words with their lines, ``items`` what is linked to it, with the other
    parts of the pieces. ``other_pieces`` serve it too, but lie outside the window that ``case`` was made with.
    ``recorded`` is every value recorded for it, in the order of recording, of which the case has those in force.
    """
    judgement, window = case.judgement(as_of), case.window(as_of)
    parts: dict[int, list[LinkedItem]] = {}
    for item in items:
        for piece_id in item.pieces:
            parts.setdefault(piece_id, []).append(item)
    pieces = tuple(
        sorted(
            (
                _piece(one, case, window, as_of, parts.get(one.piece.id, ()))
                for one in (*case.pieces, *dated(other_pieces, zone))
            ),
            key=lambda piece: list(Standing).index(piece.standing),
        )
    )
    taken = {part.id for piece in pieces for part in piece.items}
    rest = [item for item in items if item.links and item.id not in taken]
    readings, beside = _readings(case, as_of, recorded)
    result = case.movement(as_of)
    return Explanation(
        as_of=as_of,
        known_at=known_at,
        zone=zone,
        case=case,
        judgement=judgement,
        rules=_rules(rules, items),
        window=window,
        measured_until=case.on(as_of).until,
        pieces=pieces,
        passing_down=tuple(item for item in rest if not item.pieces),
        carried=tuple(item for item in rest if item.pieces),
        readings=readings,
        beside=beside,
        too_old=max(0, len(judgement.series) - result.points),
        movement=result,
        failure=failure,
        steps=tuple(_steps(case, as_of)),
        replayed=tuple((day, case.verdict(day)) for day in (*reversed([*case.replayed(as_of)]), as_of)),
        outlook=outlook(case, as_of),
    )


# --- work -------------------------------------------------------------------------------------------------------------


def _rules(rules: Sequence[tuple[str, int | None]], items: Iterable[LinkedItem]) -> tuple[RuleUse, ...]:
    ways: dict[str, list[set[str]]] = {words: [] for words, _line in rules}
    for item in items:
        for rule in {link.rule for link in item.links}:
            ways.setdefault(rule, []).append({link.reason for link in item.links if link.rule == rule})
    lines = dict(rules)

    def use(words: str, found: list[set[str]]) -> RuleUse:
        matched = sum(bool(reasons & {"rule", "trailer"}) for reasons in found)
        below = sum("parent" in reasons and not reasons & {"rule", "trailer"} for reasons in found)
        return RuleUse(words, lines.get(words), matched, below, len(found) - matched - below)

    return tuple(use(words, found) for words, found in ways.items())


def _piece(one: DatedPiece, case: Case, window: Window, as_of: date, items: Sequence[LinkedItem]) -> ExplainedPiece:
    standing = window.standing(one)
    settles = None
    if standing is Standing.COMPLETED and one.done is not None:
        settles = one.done + case.key_result.metric.lag
    parts = sorted(items, key=lambda item: item.id != one.piece.id)
    why_not = None
    if standing is Standing.DROPPED and parts:
        why_not = _("dropped on {day}: {why}").format(day=one.done, why=parts[0].resolution or parts[0].status)
    elif standing is Standing.DROPPED:
        why_not = _("dropped on {day}").format(day=one.done)
    elif standing is Standing.EARLIER:
        why_not = _("done on {day}, before the cycle began on {start}").format(day=one.done, start=window.start)
    elif standing is Standing.LATER:
        why_not = _("created on {day}, after {end}, the last day whose work counts here").format(
            day=one.created, end=window.end
        )
    return ExplainedPiece(
        dated=one,
        standing=standing,
        active=window.is_active(one),
        settles=settles,
        settled=settles is not None and settles <= as_of,
        why_not=why_not,
        items=tuple(parts),
    )


# --- measurements -----------------------------------------------------------------------------------------------------


def _readings(case: Case, as_of: date, recorded: Iterable[Recorded]) -> tuple[tuple[Reading, ...], tuple[Reading, ...]]:
    by_place: dict[tuple[date, str], list[Recorded]] = {}
    for entry in recorded:
        by_place.setdefault((entry.at, entry.origin), []).append(entry)
    found = case.on(as_of)
    judged = {one.at: one for one in found.readings}
    own: list[Reading] = []
    beside: list[Reading] = []
    for (at, origin), entries in sorted(by_place.items()):
        *earlier, now = entries
        decides = origin == case.origin
        used = judged.get(at) if decides else None
        reading = Reading(
            at=at,
            origin=origin,
            value=now.value,
            recorded_at=now.recorded_at,
            earlier=tuple(earlier),
            judged=None if used is None else used.value,
            left_out=None if used is not None else _why_left_out(case, as_of, now, opens=not own),
            confidence=now.confidence,
            note=now.note,
            by=now.by,
        )
        (own if decides else beside).append(reading)
    return tuple(own), tuple(beside)


def _why_left_out(case: Case, as_of: date, entry: Recorded, *, opens: bool) -> str:
    metric, until = case.key_result.metric, case.on(as_of).until
    if entry.origin != case.origin:
        if case.key_result.kind is Kind.MILESTONE:
            return _("a milestone is reached by a person alone")
        if entry.origin == MANUAL:
            return _("a check-in beside the {origin} series, which decides").format(origin=case.origin)
        return _("its origin is {origin}; now the source is {source}").format(origin=entry.origin, source=case.origin)
    if entry.value is None:
        return _("withdrawn: its source no longer has it, seen on {day}").format(day=f"{entry.recorded_at:%Y-%m-%d}")
    if entry.at > until:
        if until < as_of:
            return _("after {day}, the last day that counts (the cycle's end and the lag)").format(day=until)
        return _("after {day}").format(day=as_of)
    period_end = entry.at + metric.cadence - timedelta(days=1)
    if (metric.counted or metric.cumulative) and period_end > until:
        return _("its period ends on {end}: not complete by {day}").format(end=period_end, day=until)
    if metric.cumulative and opens:
        return _("a running total's first value only opens the series")
    return _("a step of the running total that says nothing")


# --- the verdict ------------------------------------------------------------------------------------------------------


def _steps(case: Case, as_of: date) -> Iterable[Step]:
    kr, day, metric = case.key_result, case.on(as_of), case.key_result.metric
    work = day.activity
    if kr.retired is not None and kr.retired.on <= as_of:
        yield Step(_("Is it retired by {day}?").format(day=as_of), _("yes, on {day}").format(day=kr.retired.on))
        return
    if kr.kind is Kind.MILESTONE:
        if day.last is None:
            last = _("nobody checked it in")
        else:
            last = _("the last check-in is of {day}").format(day=day.last.at)
        said = _("yes: {why}") if case.is_checked_in(as_of) else _("no: {why}")
        yield Step(_("Did a person check it in as reached?"), said.format(why=last))
        if not case.is_checked_in(as_of):
            yield Step(
                _("Is work completed, or open and changing?"),
                _("{completed} completed, {active} active").format(completed=work.completed, active=work.active),
            )
        return
    yield Step(_("Is there a usable measurement?"), _usable(case, day.last, as_of))
    if not day.usable:
        return
    target = _("no target") if metric.target is None else limit(day.direction, show(metric.target))
    question = (
        _("Is the limit kept ({target})?") if kr.kind is Kind.MAINTAIN else _("Is it at or past the target ({target})?")
    )
    is_reached = reached(day.current, metric.target, day.direction)
    current = _("nothing") if day.current is None else show(day.current)
    said = _("yes: {why}") if is_reached else _("no: {why}")
    yield Step(question.format(target=target), said.format(why=current))
    if is_reached:
        return
    if kr.kind is Kind.METRIC:
        movement = case.movement(as_of).movement
        yield Step(_("Has it moved?"), _("{movement}, see the movement above").format(movement=_(MOVEMENTS[movement])))
        if movement.value == "unknown":
            return
    yield Step(
        _("What work is there?"),
        _("{completed} completed, {settled} settled, {active} active").format(
            completed=work.completed, settled=work.settled, active=work.active
        ),
    )


def _usable(case: Case, last: Measurement | None, as_of: date) -> str:
    metric: Metric = case.key_result.metric
    day = case.on(as_of)
    if last is None:
        return _("no: there is none")
    days = 2 * metric.cadence.days
    age = (day.until - last.at).days
    if age > days:
        said = _("no: the last is {value} of {at}, {age} days old on {day}; after {days} it is stale")
    elif not day.usable:
        said = _("no: the last is {value} of {at}, before the cycle began on {start}")
    else:
        said = _("yes: the last is {value} of {at}, {age} days old on {day}; after {days} it is stale")
    return said.format(value=show(last.value), at=last.at, age=age, day=day.until, days=days, start=case.cycle.start)
