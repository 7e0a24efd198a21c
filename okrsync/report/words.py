"""What every format says in the same words: verdicts, days, numbers, and the two sentences that lead the report.

All of it is plain text; a format escapes it as it needs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from okrsync.language import N_, _
from okrsync.model import Judgement, Kind, Movement, Piece, SourceStatus, Suggestion, Trend, Verdict
from okrsync.report.escape import clean
from okrsync.report.value import Change, Closing, Mode, Report

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

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

RULES_EXPLAINED = "What each rule means, how it is computed and how to silence it: docs/findings.md of okrsync."

STATES = {"fresh": "complete", "stale": "stale", "failed": "failed", "never": "never read"}

CLOSING = (
    "A verdict says that work and an outcome's movement were seen together, or were not. "
    "It does not say that one caused the other."
)


def day(value: date | None) -> str:
    """A day for people: ``27 Oct 2026``. Month names do not depend on the machine's locale."""
    return NOTHING if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A moment for people in ``zone``: ``22 Nov 2026 08:00``."""
    if value is None:
        return "never"
    local = value.astimezone(zone)
    return f"{day(local.date())} {local:%H:%M}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 piece``, ``9,120 pieces``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """A share in whole percent that never claims none or all of it when that is not so."""
    if 0 < part * 200 < whole:
        return "under 1%"
    if part < whole and (whole - part) * 200 < whole:
        return "over 99%"
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
    tops = [team for team in report.teams if team.parent is None]
    company = [tops[0].name or tops[0].id] if len(tops) == 1 else []
    return " · ".join(
        [*(clean(name, 60) for name in company), clean(report.cycle.id, 40), f"week {report.as_of.isocalendar().week}"]
    )


def when(report: Report) -> str:
    """The day of judgement, and where in the cycle it lies."""
    cycle, as_of = report.cycle, report.as_of
    length = (cycle.end - cycle.start).days + 1
    if as_of < cycle.start:
        place = f"the cycle begins on {day(cycle.start)}"
    elif as_of > cycle.end:
        place = f"the cycle ended on {day(cycle.end)}"
    else:
        place = f"day {(as_of - cycle.start).days + 1} of {length} of the cycle"
    return f"As of {day(as_of)}, {place}."


def headline(report: Report) -> str:
    """The one sentence that matters: what share of the finished work went where nothing moves."""
    head = report.headline
    busy = head.count(Verdict.BUSY)
    finished = plural(head.completed, "piece of work", "pieces of work")
    if not head.key_results:
        return (
            f"{clean(report.cycle.id, 40)} has no key results to judge; {finished} "
            f"{'was' if head.completed == 1 else 'were'} finished."
        )
    if not busy:
        if not head.completed:
            return "No key result is busy, and no work was finished this cycle."
        return f"No key result is busy; {finished} {'was' if head.completed == 1 else 'were'} finished this cycle."
    still = [judgement for judgement in report.key_results if judgement.verdict is Verdict.BUSY]
    flat = all(judgement.outcome.movement is Movement.FLAT for judgement in still)
    where = (
        f"{plural(busy, 'key result')} that {'has' if busy == 1 else 'have'} not moved"
        f"{'' if flat else ' toward ' + ('its target' if busy == 1 else 'their targets')}."
    )
    if not head.completed:
        return f"No work was finished this cycle, and there {'is' if busy == 1 else 'are'} {where}"
    if head.completed == 1 and head.completed_on_busy:
        return f"The only piece of work finished this cycle went to {where}"
    if head.completed_on_busy == head.completed:
        return f"All {finished} finished this cycle went to {where}"
    ratio = share(head.completed_on_busy, head.completed)
    return f"{head.completed_on_busy:,} of the {finished} finished this cycle ({ratio}) went to {where}"


_OTHERS = (
    (Verdict.DELIVERING, "is delivering", "are delivering"),
    (Verdict.ACHIEVED, "is achieved", "are achieved"),
    (Verdict.TOO_EARLY, "is too early to judge", "are too early to judge"),
    (Verdict.BUILDING, "is still being built", "are still being built"),
    (Verdict.UNATTRIBUTED, "moves without finished work", "move without finished work"),
    (Verdict.NEGLECTED, "is neglected", "are neglected"),
    (Verdict.UNMEASURED, "cannot be judged", "cannot be judged"),
)


def others(report: Report) -> str:
    """What became of the key results that the headline does not speak of; empty when there are none."""
    head = report.headline
    parts = [
        f"{head.count(verdict):,} {one if head.count(verdict) == 1 else many}"
        for verdict, one, many in _OTHERS
        if head.count(verdict)
    ]
    if not parts:
        return ""
    busy = head.count(Verdict.BUSY)
    rest = head.key_results - busy
    if rest == 1:
        start = "The other key result" if busy else "The only key result"
        return f"{start} {parts[0].removeprefix('1 ')}."
    start = f"Of the other {rest:,} key results" if busy else f"Of {rest:,} key results"
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"{start}, {listed}."


def serving_none(report: Report) -> str:
    """How much finished work serves no key result: ``77 of 412 (19%)``, ``none of 412``, ``nothing was finished``."""
    part, whole = report.unlinked.completed, report.headline.completed
    if not whole:
        return "nothing was finished"
    return f"none of {whole:,}" if not part else f"{part:,} of {whole:,} ({share(part, whole)})"


SUGGESTED = "It may belong to these; to link it, add the rule under 'work' of the key result:"


def suggestion(suggested: Suggestion) -> str:
    """What a work rule would link: ``KR2.2 (0.71): PAY-88 Retry failed payouts and 11 more``."""
    best, _ = suggested.pieces[0]
    more = len(suggested.pieces) - 1
    return f"{suggested.key_result} ({suggested.score:.2f}): {piece(best)}{f' and {more:,} more' if more else ''}"


def changes(report: Report) -> list[tuple[str, str]]:
    """Key results whose verdict changed since the previous report: id, and from what to what."""
    return [(change.key_result, _turned(change)) for change in report.changes]


def _turned(change: Change) -> str:
    after = VERDICTS[change.after].name
    return f"new, {after}" if change.before is None else f"{VERDICTS[change.before].name} → {after}"


def changes_since_end(closing: Closing) -> list[tuple[str, str]]:
    """Key results whose verdict is another than on the cycle's last day: id, and from what to what."""
    return [(change.key_result, _turned(change)) for change in closing.changes]


def after_the_end(closing: Closing) -> list[str]:
    """Sentences on a cycle that is over: which outcomes are still measured, or that all is settled."""
    said = [] if closing.changes else ["Every verdict is what it was on that day."]
    for last, ids in closing.measured_until:
        shown = ", ".join(clean(id_, 40) for id_ in ids)
        said.append(f"Still measured until {day(last)}, as work takes that long to show: {shown}.")
    if not closing.measured_until:
        said.append("All lags have passed: only what is corrected afterwards can still change a verdict.")
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


def movement(judgement: Judgement) -> str:
    """The outcome's movement in a word or two, and why there is none."""
    outcome = judgement.outcome
    if judgement.verdict is Verdict.RETIRED:
        return NOTHING
    if judgement.key_result.kind is Kind.MILESTONE:
        return "reached" if judgement.verdict is Verdict.ACHIEVED else "not reached"
    if judgement.verdict is Verdict.UNMEASURED or outcome.movement is Movement.UNKNOWN:
        if outcome.measured_at is None:
            return "not measured"
        return "stale" if outcome.stale else "cannot tell"
    as_before = outcome.movement is Movement.TOWARD and outcome.trend is Trend.CONTINUED
    return "toward, as before" if as_before else outcome.movement.value


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
        return f"on {day(retirement.on)}" + (f", {clean(retirement.reason)}" if retirement.reason else "")
    return "" if judgement.since is None else f"since {day(judgement.since)}"


def lasting(report: Report, judgement: Judgement) -> str:
    """For how long the verdict has held: ``busy for 4 weeks, since 27 Oct 2026``."""
    verdict = VERDICTS[judgement.verdict].name
    if judgement.since is None:
        return verdict
    days = (report.as_of - judgement.since).days + 1
    span = plural(days // 7, "week") if days >= 7 else plural(days, "day")
    return f"{verdict} for {span}, {begun(judgement)}"


def standing(judgement: Judgement) -> str:
    """The outcome in numbers: ``124 now, from 120 to 300 shops/week (2% of the way)``; empty when there are none."""
    outcome, key_result = judgement.outcome, judgement.key_result
    if outcome.current is None or key_result.kind is Kind.MILESTONE:
        return ""
    parts = [f"{number(outcome.current)} now"]
    if key_result.kind is Kind.MAINTAIN:
        parts.append(f"to keep {target(judgement)}")
    elif outcome.baseline is not None and outcome.target is not None:
        way = "" if outcome.progress is None else f" ({outcome.progress:.0%} of the way)".replace("-", "−")
        parts.append(f"from {number(outcome.baseline)} to {target(judgement)}{way}")
    elif outcome.target is not None:
        parts.append(f"target {target(judgement)}")
    return ", ".join(parts)


def reading(judgement: Judgement) -> str | None:
    """Why a key result's measurement cannot be relied on; None when it can."""
    failed = judgement.failure and f"its source could not be read the last time: {clean(judgement.failure, 300)}"
    return "; ".join(reason for reason in (_weakness(judgement), failed) if reason) or None


def _weakness(judgement: Judgement) -> str | None:
    outcome, kind = judgement.outcome, judgement.key_result.kind
    if judgement.verdict is Verdict.RETIRED or (kind is Kind.MILESTONE and not outcome.stale):
        return None
    origin = f" ({clean(outcome.origin, 40)})" if outcome.origin else ""
    if outcome.measured_at is None:
        return "never measured"
    if outcome.stale:
        return f"last measured on {day(outcome.measured_at)}{origin}: stale, not judged"
    if judgement.verdict is Verdict.UNMEASURED:
        return f"{plural(outcome.points, 'point')} up to {day(outcome.measured_at)}{origin}: too few to tell"
    return None


def piece(value: Piece) -> str:
    """A piece of work by key and title; a commit's hash is shortened."""
    is_hash = len(value.key) == 40 and not set(value.key.lower()) - set("0123456789abcdef")
    return clean(f"{value.key[:10] if is_hash else clean(value.key, 80)} {clean(value.title, 120)}")


def trouble(status: SourceStatus) -> str:
    """A source's state, with what went wrong."""
    state = STATES[status.state]
    return f"{state}: {clean(status.error, 300)}" if status.error else state
