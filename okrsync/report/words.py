"""What every format says in the same words: verdicts, days, numbers, and the two sentences that lead the report.

All of it is plain text; a format escapes it as it needs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.goals import GoalChange
from okrsync.language import N_, _, joined, ngettext, plural_
from okrsync.model import Judgement, Kind, Movement, Piece, SourceStatus, Suggestion, Trend, Verdict
from okrsync.reasons import MOVEMENTS
from okrsync.report.escape import clean
from okrsync.report.value import PAGE_ORDER, Change, Closing, Headline, Mode, Report

_MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun")),
    *(N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """How a verdict is shown: never by its mark or a colour alone. The words are translated as they are read."""

    mark: str
    _name: str
    _meaning: str
    _decide: str = ""

    @property
    def name(self) -> str:
        """``too early``."""
        return _(self._name)

    @property
    def meaning(self) -> str:
        """What it says of work and outcome, in a clause."""
        return _(self._meaning)

    @property
    def decide(self) -> str:
        """What a person should decide about it; empty when there is nothing."""
        return _(self._decide) if self._decide else ""


VERDICTS = {
    Verdict.BUSY: VerdictWords(
        "●",
        N_("busy"),
        N_("work ships, the outcome does not move"),
        N_("stop this bet, change it, or say what would show by when that it works."),
    ),
    Verdict.TOO_EARLY: VerdictWords("◔", N_("too early"), N_("work has shipped, the outcome could not show it yet")),
    Verdict.NEGLECTED: VerdictWords(
        "◌", N_("neglected"), N_("no work, and the outcome does not move"), N_("start work on it, or drop it.")
    ),
    Verdict.BUILDING: VerdictWords("◐", N_("building"), N_("work is under way, none is finished")),
    Verdict.UNATTRIBUTED: VerdictWords(
        "◇",
        N_("unattributed"),
        N_("the outcome moves without finished work"),
        N_("link the work that did this, or call it luck."),
    ),
    Verdict.UNMEASURED: VerdictWords(
        "○", N_("unmeasured"), N_("no usable measurement, so nobody can tell"), N_("measure it, or drop it.")
    ),
    Verdict.DELIVERING: VerdictWords("▲", N_("delivering"), N_("work ships, and the outcome is where it should go")),
    Verdict.ACHIEVED: VerdictWords("✓", N_("achieved"), N_("the target is reached")),
    Verdict.RETIRED: VerdictWords("×", N_("retired"), N_("dropped before the cycle's end")),
}


@dataclass(frozen=True, slots=True)
class ModeWords:
    """A failure mode: its name, and what goes wrong. What is kept is marked, what is read is translated."""

    _name: str
    _meaning: str

    @property
    def name(self) -> str:
        """``alignment``."""
        return _(self._name)

    @property
    def meaning(self) -> str:
        """What goes wrong, in a clause."""
        return _(self._meaning)


MODES: dict[Mode, ModeWords] = {
    "alignment": ModeWords(N_("alignment"), N_("the goals of some levels do not carry those above them")),
    "persistence": ModeWords(N_("persistence"), N_("given up before it could work")),
    "strategy": ModeWords(N_("strategy"), N_("key results that are tasks, or serve no strategy")),
    "drift": ModeWords(N_("drift"), N_("goals changed, and not everybody followed")),
    "bottleneck": ModeWords(N_("bottleneck"), N_("work waits for the one who leads")),
}

STATES = {"fresh": N_("complete"), "stale": N_("stale"), "failed": N_("failed"), "never": N_("never read")}


SEVERITIES = {"error": N_("error"), "warning": N_("warning"), "info": N_("info")}

RULES_EXPLAINED = N_("What each rule means, how it is computed and how to silence it: docs/findings.md of okrsync.")

CLOSING = N_(
    "A verdict says that work and an outcome's movement were seen together, or were not. "
    "It does not say that one caused the other."
)
"""Ends every report."""

SUGGESTED = N_("It may belong to these; to link it, add the rule under 'work' of the key result:")


def day(value: date | None) -> str:
    """A day for people: ``27 Oct 2026``. Month names do not depend on the machine's locale."""
    if value is None:
        return NOTHING
    return _("{day} {month} {year}").format(day=value.day, month=_(_MONTHS[value.month - 1]), year=value.year)


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A moment for people in ``zone``: ``22 Nov 2026 08:00``."""
    if value is None:
        return _("never")
    local = value.astimezone(zone)
    return f"{day(local.date())} {local:%H:%M}"


def pieces(count: int) -> str:
    """``1 piece``, ``9,120 pieces``."""
    return ngettext("{count:,} piece", "{count:,} pieces", count).format(count=count)


def findings(count: int) -> str:
    """``1 finding``, ``12 findings``."""
    return ngettext("{count:,} finding", "{count:,} findings", count).format(count=count)


def key_results(count: int) -> str:
    """``1 key result``, ``12 key results``."""
    return ngettext("{count:,} key result", "{count:,} key results", count).format(count=count)


def more(count: int) -> str:
    """What ends a list that is cut: ``and 7 more``."""
    return _("and {count:,} more").format(count=count)


def share(part: int, whole: int) -> str:
    """A share in whole percent that never claims none or all of it when that is not so."""
    if 0 < part * 200 < whole:
        return _("under 1%")
    if part < whole and (whole - part) * 200 < whole:
        return _("over 99%")
    return f"{round(100 * part / whole)}%" if whole else "0%"


def number(value: float | None, unit: str | None = None) -> str:
    """A value for people, to four digits where it is not whole: ``9,120``, ``2.1 s``, ``1.235e+20``."""
    if value is None or value != value:
        return NOTHING
    whole = float(value).is_integer()
    if abs(value) >= 1e15 or (0 < abs(value) < 1e-4):
        text = f"{value:.4g}"
    elif whole or abs(value) >= 1000:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    text = text.replace("-", "−", 1) if value < 0 else text
    unit = clean(unit or "", 24)
    return text if not unit else text + ("" if unit == "%" else " ") + unit


def title(report: Report) -> str:
    """``Acme · 2026-Q4 · week 47``; the company is left out unless exactly one team stands at the top."""
    week = _("week {number}").format(number=report.as_of.isocalendar().week)
    return " · ".join([*_company(report), clean(report.cycle.id, 40), week])


def _company(report: Report) -> list[str]:
    tops = [team for team in report.teams if team.parent is None]
    return [clean(tops[0].name or tops[0].id, 60)] if len(tops) == 1 else []


def when(report: Report) -> str:
    """The day of judgement, and where in the cycle it lies."""
    cycle, as_of = report.cycle, report.as_of
    if as_of < cycle.start:
        return _("As of {day}, the cycle begins on {start}.").format(day=day(as_of), start=day(cycle.start))
    if as_of > cycle.end:
        return _("As of {day}, the cycle ended on {end}.").format(day=day(as_of), end=day(cycle.end))
    return _("As of {day}, day {number} of {length} of the cycle.").format(
        day=day(as_of), number=(as_of - cycle.start).days + 1, length=(cycle.end - cycle.start).days + 1
    )


def headline(report: Report) -> str:
    """The one sentence that matters: what share of the finished work went where nothing moves."""
    head = report.headline
    busy, done = head.count(Verdict.BUSY), head.completed
    if not head.key_results:
        return ngettext(
            "{cycle} has no key results to judge; {count:,} piece of work was finished.",
            "{cycle} has no key results to judge; {count:,} pieces of work were finished.",
            done,
        ).format(cycle=clean(report.cycle.id, 40), count=done)
    if not busy:
        if not done:
            return _("No key result is busy, and no work was finished this cycle.")
        return ngettext(
            "No key result is busy; {count:,} piece of work was finished this cycle.",
            "No key result is busy; {count:,} pieces of work were finished this cycle.",
            done,
        ).format(count=done)
    where = _not_moved(report, busy)
    work = ngettext("{count:,} piece of work", "{count:,} pieces of work", done).format(count=done)
    if not done:
        return ngettext(
            "No work was finished this cycle, and there is {where}.",
            "No work was finished this cycle, and there are {where}.",
            busy,
        ).format(where=where)
    if done == 1 and head.completed_on_busy:
        return _("The only piece of work finished this cycle went to {where}.").format(where=where)
    if head.completed_on_busy == done:
        return _("All {work} finished this cycle went to {where}.").format(work=work, where=where)
    return _("{part:,} of the {work} finished this cycle ({share}) went to {where}.").format(
        part=head.completed_on_busy, work=work, share=share(head.completed_on_busy, done), where=where
    )


def _not_moved(report: Report, busy: int) -> str:
    still = [judgement for judgement in report.key_results if judgement.verdict is Verdict.BUSY]
    if all(judgement.outcome.movement is Movement.FLAT for judgement in still):
        said = ngettext("{count:,} key result that has not moved", "{count:,} key results that have not moved", busy)
    else:
        said = ngettext(
            "{count:,} key result that has not moved toward its target",
            "{count:,} key results that have not moved toward their targets",
            busy,
        )
    return said.format(count=busy)


_OTHERS = (
    (Verdict.DELIVERING, N_("is delivering"), plural_("{count:,} is delivering", "{count:,} are delivering")),
    (Verdict.ACHIEVED, N_("is achieved"), plural_("{count:,} is achieved", "{count:,} are achieved")),
    (
        Verdict.TOO_EARLY,
        N_("is too early to judge"),
        plural_("{count:,} is too early to judge", "{count:,} are too early to judge"),
    ),
    (
        Verdict.BUILDING,
        N_("is still being built"),
        plural_("{count:,} is still being built", "{count:,} are still being built"),
    ),
    (
        Verdict.UNATTRIBUTED,
        N_("moves without finished work"),
        plural_("{count:,} moves without finished work", "{count:,} move without finished work"),
    ),
    (Verdict.NEGLECTED, N_("is neglected"), plural_("{count:,} is neglected", "{count:,} are neglected")),
    (Verdict.UNMEASURED, N_("cannot be judged"), plural_("{count:,} cannot be judged", "{count:,} cannot be judged")),
)
"""What is said of one key result alone, and of how many of several."""


def others(report: Report) -> str:
    """What became of the key results that the headline does not speak of; empty when there are none."""
    head = report.headline
    counted = [(head.count(verdict), alone, forms) for verdict, alone, forms in _OTHERS if head.count(verdict)]
    if not counted:
        return ""
    busy = head.count(Verdict.BUSY)
    rest = head.key_results - busy
    if rest == 1:
        said = _("The other key result {clause}.") if busy else _("The only key result {clause}.")
        return said.format(clause=_(counted[0][1]))
    said = _("Of the other {count:,} key results, {clauses}.") if busy else _("Of {count:,} key results, {clauses}.")
    clauses = joined(ngettext(*forms, count).format(count=count) for count, _alone, forms in counted)
    return said.format(count=rest, clauses=clauses)


def serving_none(report: Report) -> str:
    """How much finished work serves no key result: ``77 of 412 (19%)``, ``none of 412``, ``nothing was finished``."""
    part, whole = report.unlinked.completed, report.headline.completed
    if not whole:
        return _("nothing was finished")
    if not part:
        return _("none of {whole:,}").format(whole=whole)
    return _("{part:,} of {whole:,} ({share})").format(part=part, whole=whole, share=share(part, whole))


def suggestion(suggested: Suggestion) -> str:
    """What a work rule would link: ``KR2.2 (0.71): PAY-88 Retry failed payouts and 11 more``."""
    best = piece(suggested.pieces[0][0])
    others = len(suggested.pieces) - 1
    said = _("{piece} and {count:,} more").format(piece=best, count=others) if others else best
    return _("{key_result} ({score}): {said}").format(
        key_result=suggested.key_result, score=f"{suggested.score:.2f}", said=said
    )


def changes(report: Report) -> list[tuple[str, str]]:
    """Key results whose verdict changed since the previous report: id, and from what to what."""
    return [(change.key_result, _turned(change)) for change in report.changes]


def _turned(change: Change) -> str:
    after = VERDICTS[change.after].name
    if change.before is None:
        return _("new, {verdict}").format(verdict=after)
    return f"{VERDICTS[change.before].name} → {after}"


def goal_change(change: GoalChange, zone: ZoneInfo) -> str:
    """What changed in a goal, when, by whom and why: ``18 Nov 2026: target 500 → 350, by Lin Wei; no reason given``."""
    what, on = clean(change.words, 300), day(day_of(change.at, zone))
    if change.field == "goal" and change.after is not None:
        return _("{day}: {change}").format(day=on, change=what)
    who, why = clean(change.author or "", 60), clean(change.reason or "")
    if who and why:
        return _("{day}: {change}, by {who}; reason: {reason}").format(day=on, change=what, who=who, reason=why)
    if who:
        return _("{day}: {change}, by {who}; no reason given").format(day=on, change=what, who=who)
    if why:
        return _("{day}: {change}; reason: {reason}").format(day=on, change=what, reason=why)
    return _("{day}: {change}; no reason given").format(day=on, change=what)


def since_last(report: Report) -> str:
    """What changed since the report before, in numbers; empty where there is none to compare with."""
    if report.previous_as_of is None:
        return ""
    said = [
        ngettext("{count} verdict turned", "{count} verdicts turned", count).format(count=count)
        for count in [len(report.changes)]
        if count
    ]
    goals = len({change.goal for change in report.goal_changes})
    new, gone = len(report.new_findings), len(report.findings_gone)
    said += [
        text.format(count=count)
        for text, count in (
            (ngettext("{count} goal changed", "{count} goals changed", goals), goals),
            (ngettext("{count} finding is new", "{count} findings are new", new), new),
            (ngettext("{count} finding is gone", "{count} findings are gone", gone), gone),
        )
        if count
    ]
    if not said:
        return _("Nothing changed since {day}.").format(day=day(report.previous_as_of))
    return _("Since {day}: {changes}.").format(day=day(report.previous_as_of), changes=_(", ").join(said))


def all_weeks() -> str:
    """The link to the page that lists all weeks."""
    return _("All weeks")


def index_title(report: Report) -> str:
    """``Acme · OKR reports``; the company is left out unless exactly one team stands at the top."""
    return " · ".join([*_company(report), _("OKR reports")])


def in_short(head: Headline) -> str:
    """The headline in numbers: ``79 of 180 (44%)``; a dash where nothing was finished."""
    if not head.completed:
        return NOTHING
    part, whole = head.completed_on_busy, head.completed
    return _("{part} of {whole} ({share})").format(part=f"{part:,}", whole=f"{whole:,}", share=share(part, whole))


def verdicts(head: Headline) -> str:
    """How many key results have which verdict, what asks for a decision first: ``● 3 busy, ▲ 4 delivering``."""
    return _(", ").join(
        f"{VERDICTS[verdict].mark} {head.count(verdict)} {VERDICTS[verdict].name}"
        for verdict in PAGE_ORDER
        if head.count(verdict)
    )


def changes_since_end(closing: Closing) -> list[tuple[str, str]]:
    """Key results whose verdict is another than on the cycle's last day: id, and from what to what."""
    return [(change.key_result, _turned(change)) for change in closing.changes]


def after_the_end(closing: Closing) -> list[str]:
    """Sentences on a cycle that is over: which outcomes are still measured, or that all is settled."""
    said = [] if closing.changes else [_("Every verdict is what it was on that day.")]
    for last, ids in closing.measured_until:
        shown = _(", ").join(clean(id_, 40) for id_ in ids)
        said.append(
            _("Still measured until {day}, as work takes that long to show: {ids}.").format(day=day(last), ids=shown)
        )
    if not closing.measured_until:
        said.append(_("All lags have passed: only what is corrected afterwards can still change a verdict."))
    return said


def name(judgement: Judgement) -> str:
    """A key result by id and title."""
    return clean(f"{clean(judgement.key_result.id, 40)} {clean(judgement.key_result.title)}", 240)


def owner(report: Report, judgement: Judgement) -> str:
    """The name of who owns a key result, as far as it is known; empty when nobody does."""
    id_ = judgement.key_result.owner or judgement.objective.owner or ""
    return clean(next((person.name for person in report.people if person.id == id_ and person.name), id_), 60)


def team_name(report: Report, id_: str) -> str:
    """A team's name, or its id where it has none."""
    return clean(next((team.name for team in report.teams if team.id == id_ and team.name), id_), 60)


def pillar_title(report: Report, id_: str | None) -> str:
    """A strategy pillar's title; empty when an objective names none."""
    return clean(next((pillar.title for pillar in report.pillars if pillar.id == id_), id_ or ""))


def movement(judgement: Judgement, *, short: bool = False) -> str:
    """The outcome's movement in a word or two (``short``: in one), and why there is none."""
    outcome = judgement.outcome
    if judgement.verdict is Verdict.RETIRED:
        return NOTHING
    if judgement.key_result.kind is Kind.MILESTONE:
        return _("reached") if judgement.verdict is Verdict.ACHIEVED else _("not reached")
    if judgement.verdict is Verdict.UNMEASURED or outcome.movement is Movement.UNKNOWN:
        if outcome.measured_at is None:
            return _("not measured")
        return _("stale") if outcome.stale else _("cannot tell")
    as_before = outcome.movement is Movement.TOWARD and outcome.trend is Trend.CONTINUED
    return _("toward, as before") if as_before and not short else _(MOVEMENTS[outcome.movement])


def now(judgement: Judgement) -> str:
    """Where the outcome stands."""
    return NOTHING if judgement.key_result.kind is Kind.MILESTONE else number(judgement.outcome.current)


def target(judgement: Judgement) -> str:
    """Where the outcome should stand, with its unit."""
    metric = judgement.key_result.metric
    if judgement.key_result.kind is Kind.MILESTONE:
        return NOTHING
    limit = {"at_least": "≥ ", "at_most": "≤ "}.get(metric.direction or "", "")
    aim = number(judgement.outcome.target, metric.unit)
    return aim if aim == NOTHING or judgement.key_result.kind is not Kind.MAINTAIN else limit + aim


def begun(judgement: Judgement) -> str:
    """Since when the verdict holds; for a retired key result, when and why it was dropped."""
    retirement = judgement.key_result.retired
    if judgement.verdict is Verdict.RETIRED and retirement is not None:
        on = day(retirement.on)
        if retirement.reason:
            return _("on {day}, {reason}").format(day=on, reason=clean(retirement.reason))
        return _("on {day}").format(day=on)
    return "" if judgement.since is None else _("since {day}").format(day=day(judgement.since))


def lasting(report: Report, judgement: Judgement) -> str:
    """For how long the verdict has held: ``busy for 4 weeks, since 27 Oct 2026``."""
    verdict = VERDICTS[judgement.verdict].name
    if judgement.since is None:
        return verdict
    days = (report.as_of - judgement.since).days + 1
    if days >= 7:
        count = days // 7
        said = ngettext("{verdict} for {count:,} week, {begun}", "{verdict} for {count:,} weeks, {begun}", count)
    else:
        count = days
        said = ngettext("{verdict} for {count:,} day, {begun}", "{verdict} for {count:,} days, {begun}", count)
    return said.format(verdict=verdict, count=count, begun=begun(judgement))


def standing(judgement: Judgement) -> str:
    """The outcome in numbers: ``124 now, from 120 to 300 shops/week (2% of the way)``; empty when there are none."""
    outcome, key_result = judgement.outcome, judgement.key_result
    if outcome.current is None or key_result.kind is Kind.MILESTONE:
        return ""
    now = number(outcome.current)
    if key_result.kind is Kind.MAINTAIN:
        return _("{now} now, to keep {target}").format(now=now, target=target(judgement))
    if outcome.baseline is not None and outcome.target is not None:
        if outcome.progress is None:
            said = _("{now} now, from {baseline} to {target}")
        else:
            said = _("{now} now, from {baseline} to {target} ({share} of the way)")
        way = "" if outcome.progress is None else f"{outcome.progress:.0%}".replace("-", "−")
        return said.format(now=now, baseline=number(outcome.baseline), target=target(judgement), share=way)
    if outcome.target is not None:
        return _("{now} now, target {target}").format(now=now, target=target(judgement))
    return _("{now} now").format(now=now)


def reading(judgement: Judgement) -> str | None:
    """Why a key result's measurement cannot be relied on; None when it can."""
    failed = judgement.failure and _("its source could not be read the last time: {error}").format(
        error=clean(judgement.failure, 300)
    )
    return _("; ").join(reason for reason in (_weakness(judgement), failed) if reason) or None


def _weakness(judgement: Judgement) -> str | None:
    outcome, kind = judgement.outcome, judgement.key_result.kind
    if judgement.verdict is Verdict.RETIRED or (kind is Kind.MILESTONE and not outcome.stale):
        return None
    if outcome.measured_at is None:
        return _("never measured")
    when = day(outcome.measured_at)
    if outcome.origin:
        when = _("{day} ({origin})").format(day=when, origin=clean(outcome.origin, 40))
    if outcome.stale:
        return _("last measured on {when}: stale, not judged").format(when=when)
    if judgement.verdict is Verdict.UNMEASURED:
        return ngettext(
            "{count:,} point up to {when}: too few to tell",
            "{count:,} points up to {when}: too few to tell",
            outcome.points,
        ).format(count=outcome.points, when=when)
    return None


def piece(value: Piece) -> str:
    """A piece of work by key and title; a commit's hash is shortened."""
    is_hash = len(value.key) == 40 and not set(value.key.lower()) - set("0123456789abcdef")
    return clean(f"{value.key[:10] if is_hash else clean(value.key, 80)} {clean(value.title, 120)}")


def trouble(status: SourceStatus) -> str:
    """A source's state, with what went wrong."""
    state = _(STATES[status.state])
    return _("{state}: {error}").format(state=state, error=clean(status.error, 300)) if status.error else state
