"""An explanation for a terminal, and as JSON.

Days stand in ISO 8601 throughout, so that they can be sorted, searched and calculated with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from okrsync.activity import Standing
from okrsync.dates import iso
from okrsync.explain import OWN, ROWS, ExplainedPiece, Explanation, Reading, RuleUse
from okrsync.language import N_, _, ngettext
from okrsync.model import ItemKind, Kind, Verdict
from okrsync.numbers import show
from okrsync.provenance import ItemLink, LinkedItem, Recorded
from okrsync.reasons import MOVEMENTS, TRENDS, limit
from okrsync.report import words
from okrsync.report.console import heading, new_console, printed, say
from okrsync.report.escape import clean, link_target
from okrsync.report.json import UNSAFE, number
from okrsync.report.terminal import STYLES

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = 1
"""Version of the JSON; it rises when a key goes or changes its meaning."""

NAMED = 20
"""How many pieces are listed that lie outside the window; in it, all are, as they are what is counted."""
_KINDS = {ItemKind.ISSUE: N_("issue"), ItemKind.PULL_REQUEST: N_("pull request"), ItemKind.COMMIT: N_("commit")}


def to_terminal(explanation: Explanation, *, color: bool, width: int) -> str:
    """The explanation as lines of ``width`` columns, but for addresses, which are never broken.

    Without ``color`` it is plain text without escape codes. Foreign text cannot steer the terminal.
    """
    console = new_console(color=color, width=width)
    _lead(console, explanation)
    _declared(console, explanation)
    _rules(console, explanation)
    _work(console, explanation)
    _measurements(console, explanation)
    _movement(console, explanation)
    _verdict(console, explanation)
    _outlook(console, explanation)
    console.print()
    say(console, _(words.CLOSING), style="dim")
    return printed(console)


def _lead(console: Console, made: Explanation) -> None:
    judged, key_result = made.judgement, made.judgement.key_result
    say(console, words.name(judged), style="bold")
    verdict = words.VERDICTS[judged.verdict]
    said = _("{verdict} on {day}, since {since}") if judged.since else _("{verdict} on {day}")
    said = said.format(verdict=verdict.name, day=made.as_of, since=judged.since)
    if made.known_at:
        said = _("{said}, with what was measured and known by {day}").format(said=said, day=made.known_at)
    say(console, f"{verdict.mark} {said}", style=STYLES[judged.verdict])
    if key_result.file:
        say(console, f"{key_result.file}:{key_result.line}", style="dim")


def _declared(console: Console, made: Explanation) -> None:
    judged, key_result, cycle = made.judgement, made.judgement.key_result, made.case.cycle
    metric, objective = key_result.metric, judged.objective
    heading(console, _("1. What is declared"))
    said = _("objective {id}: {title}").format(id=clean(objective.id, 40), title=clean(objective.title))
    say(console, said, indent=2, hanging=2)
    owner = clean(key_result.owner or objective.owner or _("nobody"), 60)
    say(console, _("team {team}, owner {owner}").format(team=clean(objective.team, 60), owner=owner), indent=2)
    if key_result.kind is Kind.MILESTONE:
        say(console, _("milestone: reached when a person checks it in as reached"), indent=2)
    else:
        _metric(console, made)
    lag = ngettext(
        "lag: {count} day until finished work can show",
        "lag: {count} days until finished work can show",
        metric.lag.days,
    )
    say(console, lag.format(count=metric.lag.days), indent=2)
    period = ngettext(
        "cycle {id}: {start} to {end}, check-in period {count} day",
        "cycle {id}: {start} to {end}, check-in period {count} days",
        cycle.check_in.days,
    ).format(id=clean(cycle.id, 40), start=cycle.start, end=cycle.end, count=cycle.check_in.days)
    say(console, period, indent=2, hanging=2)
    if key_result.retired:
        said = _("retired on {day}: {reason}") if key_result.retired.reason else _("retired on {day}")
        retired = said.format(day=key_result.retired.on, reason=clean(key_result.retired.reason or ""))
        say(console, retired, indent=2, hanging=2)
    start, end = made.window.start, made.window.end
    if start <= end:
        said = _("work counts from {start} to {end}, measurements up to {until}; days are those of {zone}")
    else:
        said = _("no work counts: {end} lies before {start}, measurements up to {until}; days are those of {zone}")
    said = said.format(start=start, end=end, until=made.measured_until, zone=made.zone)
    say(console, said, indent=2, hanging=2)


def _metric(console: Console, made: Explanation) -> None:
    key_result, metric = made.judgement.key_result, made.judgement.key_result.metric
    unit = f" {clean(metric.unit, 24)}" if metric.unit else ""
    target = _("none")
    if metric.target is not None:
        target = limit(made.case.on(made.as_of).direction, f"{show(metric.target)}{unit}")
    baseline = _("none") if metric.baseline is None else show(metric.baseline)
    if key_result.kind is Kind.MAINTAIN:
        said = _("baseline {baseline}, limit to keep {target}")
    else:
        said = _("baseline {baseline}, target {target}")
    say(console, said.format(baseline=baseline, target=target), indent=2, hanging=2)
    days = metric.cadence.days
    if metric.cumulative:
        said = ngettext(
            "measured by {source}, running total, differenced; a value every {count} day",
            "measured by {source}, running total, differenced; a value every {count} days",
            days,
        )
    elif metric.counted:
        said = ngettext(
            "measured by {source}, counts of a period; a value every {count} day",
            "measured by {source}, counts of a period; a value every {count} days",
            days,
        )
    else:
        said = ngettext(
            "measured by {source}, a value every {count} day", "measured by {source}, a value every {count} days", days
        )
    say(console, said.format(source=clean(metric.source_type, 40), count=days), indent=2, hanging=2)


def _rules(console: Console, made: Explanation) -> None:
    heading(console, _("2. Which work serves it"))
    if not made.rules:
        say(console, _("No rule is declared, and no work names it in a `KR:` line."), indent=2)
    for rule in made.rules:
        say(console, f"{_place(made, rule)}{clean(rule.words)}", indent=2, hanging=4)
        say(console, _uses(rule), indent=4, hanging=2)


def _place(made: Explanation, rule: RuleUse) -> str:
    return "" if rule.line is None else f"{made.judgement.key_result.file}:{rule.line} "


def _uses(rule: RuleUse) -> str:
    parts = [
        ngettext("matches {count} item", "matches {count} items", rule.matched).format(count=rule.matched)
        if rule.matched
        else _("matches nothing")
    ]
    if rule.below:
        said = ngettext("passes down to {count} item below", "passes down to {count} items below", rule.below)
        parts.append(said.format(count=rule.below))
    if rule.named:
        said = ngettext(
            "reaches {count} item more (closing, naming or belonging to one of these)",
            "reaches {count} items more (closing, naming or belonging to one of these)",
            rule.named,
        )
        parts.append(said.format(count=rule.named))
    return _("; ").join(parts)


_GROUPS = {
    Standing.COMPLETED: N_("Completed"),
    Standing.OPEN: N_("Open"),
    Standing.DROPPED: N_("Done for a reason that does not count"),
    Standing.EARLIER: N_("Done before the cycle"),
    Standing.LATER: N_("Not there yet"),
}


def _work(console: Console, made: Explanation) -> None:
    activity, lag = made.judgement.activity, made.judgement.key_result.metric.lag
    heading(console, _("3. The work, in pieces"))
    counts = _(
        "{completed} completed, {settled} of them settled; {open} open, {active} of them active; "
        "{opened} opened in the window."
    ).format(
        completed=activity.completed,
        settled=activity.settled,
        open=activity.open,
        active=activity.active,
        opened=activity.opened,
    )
    say(console, counts, indent=2, hanging=2)
    rules = ngettext(
        "Settled: completed on {settled} or earlier ({count} day before {day}). "
        "Active: open, and changed on {changed} or later (two check-in periods).",
        "Settled: completed on {settled} or earlier ({count} days before {day}). "
        "Active: open, and changed on {changed} or later (two check-in periods).",
        lag.days,
    ).format(settled=made.as_of - lag, count=lag.days, day=made.as_of, changed=made.window.changed_since)
    say(console, rules, indent=2, hanging=2)
    if not made.pieces:
        say(console, _("No piece of work is linked to it."), indent=2)
    for standing, title in _GROUPS.items():
        group = [piece for piece in made.pieces if piece.standing is standing]
        if group:
            console.print()
            lead = _("{group}: {count}").format(group=_(title), count=len(group))
            say(console, lead, style="bold", indent=2)
            listed = group[:NAMED] if standing in (Standing.EARLIER, Standing.LATER) else group
            for piece in listed:
                _piece(console, made, piece)
            if len(listed) < len(group):
                said = _("and {count:,} more: --format json lists them").format(count=len(group) - len(listed))
                say(console, said, indent=4)
    for title, items in (
        (_("Passing their links down, no pieces themselves"), made.passing_down),
        (_("Linked through another item, and counted elsewhere"), made.carried),
    ):
        if items:
            console.print()
            say(console, _("{group}: {count}").format(group=title, count=len(items)), style="bold", indent=2)
            for item in items:
                say(console, f"{_named(item)}{_(': ')}{_why(item.links)}", indent=4, hanging=2)
                _address(console, item.url)


def _piece(console: Console, made: Explanation, piece: ExplainedPiece) -> None:
    one = piece.dated
    if piece.standing is Standing.COMPLETED:
        said = _("{day} settled") if piece.settled else _("{day} settles on {settles}")
        state = said.format(day=one.done, settles=piece.settles)
    elif piece.standing is Standing.OPEN:
        said = _("active, changed {day}") if piece.active else _("idle, changed {day}")
        state = said.format(day=one.updated)
        if one.done is not None:
            state = _("{state}, done later, on {day}").format(state=state, day=one.done)
        elif one.updated > made.window.end:
            state = _("{state} (later; what changed before is not known)").format(state=state)
    else:
        state = piece.why_not or ""
    say(console, f"{state}{_(': ')}{words.piece(one.piece)}", indent=4, hanging=2)
    _address(console, one.piece.url)
    for item in piece.items:
        own = [link for link in item.links if link.reason in OWN]
        if own:
            itself = item.id == one.piece.id
            say(
                console, f"{'' if itself else f'{_named(item)}' + _(': ')}{_why(own)}", indent=6, hanging=2, style="dim"
            )
            if not itself:
                _address(console, item.url, indent=8)
    others = [item for item in piece.items if item.id != one.piece.id and not _has_own(item)]
    if others:
        named = _(", ").join(_short(item) for item in others)
        say(console, _("with {items}").format(items=named), indent=6, hanging=2, style="dim")


def _has_own(item: LinkedItem) -> bool:
    return any(link.reason in OWN for link in item.links)


def _address(console: Console, url: str | None, *, indent: int = 6) -> None:
    """Where a person opens it, unbroken whatever the width."""
    from rich.text import Text

    if link_target(url) is not None and url is not None:
        console.print(Text(" " * indent + url), soft_wrap=True)


def _short(item: LinkedItem) -> str:
    key = item.key[:10] if item.kind is ItemKind.COMMIT else clean(item.key, 80)
    kind = clean(item.type, 40) if item.kind is ItemKind.ISSUE else _(_KINDS[item.kind])
    return f"{kind} {key}"


def _named(item: LinkedItem) -> str:
    return f"{_short(item)} {clean(item.title, 120)}"


def _why(links: Iterable[ItemLink]) -> str:
    how = {
        "parent": _("by {rule} (below {key})"),
        "closes": _("by {rule} (closes {key})"),
        "names": _("by {rule} (names or belongs to {key})"),
    }
    said = []
    for link in links:
        rule = clean(link.rule.partition(":")[0] if link.reason != "trailer" else link.rule, 120)
        by = how.get(link.reason) if link.via else None
        said.append((by or _("by {rule}")).format(rule=rule, key=clean(link.via or "", 80)))
    return _(", ").join(dict.fromkeys(said))


def _measurements(console: Console, made: Explanation) -> None:
    heading(console, _("4. What was measured"))
    origin = clean(made.case.origin, 40)
    if made.failure:
        said = _("The source could not be read the last time: {error}").format(error=clean(made.failure, 300))
        say(console, said, indent=2, hanging=2)
    if not made.readings:
        say(console, _("There is no value of {origin}, which decides.").format(origin=origin), indent=2)
    else:
        used = len(made.judgement.series)
        start = made.case.cycle.start
        before = sum(one.at < start for one in made.judgement.series)
        if used:
            said = ngettext(
                "{count} value of {origin} in the series that is judged, {before} of days before the cycle and "
                "{since} since",
                "{count} values of {origin} in the series that is judged, {before} of days before the cycle and "
                "{since} since",
                used,
            )
        else:
            said = _("{count} values of {origin} in the series that is judged")
        said = said.format(count=used, origin=origin, before=before, since=used - before)
        if made.too_old:
            said = _("{said}; movement does not look at the first {count}, which are too old").format(
                said=said, count=made.too_old
            )
        say(console, _("{sentence}.").format(sentence=said), indent=2, hanging=2)
    for reading in made.readings:
        _reading(console, made, reading)
    if made.beside:
        console.print()
        say(console, _("Beside it, deciding nothing"), style="bold", indent=2)
        for reading in made.beside:
            _reading(console, made, reading)


def _reading(console: Console, made: Explanation, reading: Reading) -> None:
    value = _("withdrawn") if reading.value is None else show(reading.value)
    if reading.judged is not None and made.judgement.key_result.metric.cumulative:
        value = _("{value}, an increase of {increase}").format(value=value, increase=show(reading.judged))
    said = _("{day}  {value}  ({origin}, recorded {moment})").format(
        day=reading.at, value=value, origin=clean(reading.origin, 40), moment=_moment(made, reading.recorded_at)
    )
    said += _said(reading)
    if reading.left_out:
        said = _("{said} – left out: {why}").format(said=said, why=clean(reading.left_out))
    say(console, said, indent=4, hanging=12, style="dim" if reading.left_out else "")
    for earlier in reading.earlier:
        was = _("withdrawn") if earlier.value is None else show(earlier.value)
        said = _("before that {value}, recorded {moment}").format(value=was, moment=_moment(made, earlier.recorded_at))
        say(console, said + _said(earlier), indent=12, hanging=4, style="dim")


def _said(entry: Reading | Recorded) -> str:
    """What a person said with a value: who, how confident, why."""
    sure = "" if entry.confidence is None else _("confidence {value}").format(value=show(entry.confidence))
    note = f"“{clean(entry.note)}”" if entry.note else ""
    parts = [part for part in (clean(entry.by or "", 60), sure, note) if part]
    return _(": ") + _(", ").join(parts) if parts else ""


def _moment(made: Explanation, moment: datetime) -> str:
    return f"{moment.astimezone(made.zone):%Y-%m-%d %H:%M}"


def _movement(console: Console, made: Explanation) -> None:
    heading(console, _("5. Has it moved?"))
    outcome, result = made.judgement.outcome, made.movement
    said = ngettext(
        "{movement}; trend: {trend}; {count} reading", "{movement}; trend: {trend}; {count} readings", result.points
    ).format(movement=_(MOVEMENTS[result.movement]), trend=_(TRENDS[result.trend]), count=result.points)
    say(console, said, indent=2)
    say(console, result.rule, indent=2, hanging=2)
    if result.low is not None and result.high is not None:
        usual = _("Single readings usually lie between {low} and {high} (2σ to each side).").format(
            low=show(result.low), high=show(result.high)
        )
        say(console, usual, indent=2, hanging=2)
    if outcome.progress is not None:
        current, baseline, target = (_show(value) for value in (outcome.current, outcome.baseline, outcome.target))
        way = f"({current} − {baseline}) / ({target} − {baseline})"
        say(console, _("Progress: {way}").format(way=f"{way} = {outcome.progress:.3g}"), indent=2, hanging=2)
    if outcome.forecast is not None:
        low, mid, high = (show(value) for value in (outcome.forecast.low, outcome.forecast.mid, outcome.forecast.high))
        said = _("Forecast for {day}: {mid}, in 80% of cases {low} to {high}.").format(
            day=made.case.cycle.end, low=low, mid=mid, high=high
        )
        say(console, said, indent=2, hanging=2)


def _show(value: float | None) -> str:
    return "–" if value is None else show(value)


def _verdict(console: Console, made: Explanation) -> None:
    judged = made.judgement
    heading(console, _("6. The verdict"))
    for step in made.steps:
        say(console, f"{step.question} {clean(step.answer)}", indent=2, hanging=2)
    name = words.VERDICTS[judged.verdict].name
    row = ROWS[judged.key_result.kind].get(judged.verdict)
    if row is not None:
        said = _("{verdict}: work {work}; outcome {outcome}").format(verdict=name, work=_(row[0]), outcome=_(row[1]))
        say(console, f"→ {said}", indent=2, hanging=2, style=STYLES[judged.verdict])
    else:
        say(console, f"→ {name}", indent=2, style=STYLES[judged.verdict])
    for reason in judged.reasons:
        say(console, f"- {reason}", indent=2, hanging=2)
    if judged.since is not None and judged.verdict is not Verdict.RETIRED:
        replay = _("; ").join(f"{day} {words.VERDICTS[verdict].name}" for day, verdict in made.replayed)
        said = _("At the end of each check-in period, and now: {verdicts}.").format(verdicts=replay)
        say(console, said, indent=2, hanging=2)


def _outlook(console: Console, made: Explanation) -> None:
    heading(console, _("7. What would change it"))
    if not made.outlook:
        say(console, _("Nothing that okrsync can foretell."), indent=2)
    elif made.judgement.verdict is not Verdict.RETIRED:
        say(console, _("Each of these changes one thing and leaves all others as they are."), indent=2)
    for change in made.outlook:
        verdict = "" if change.verdict is None else f" → {words.VERDICTS[change.verdict].name}"
        on = "" if change.on is None else _(" from {day} on").format(day=change.on)
        say(console, f"- {clean(change.condition, 400)}{verdict}{on}", indent=2, hanging=2)


# --- JSON -------------------------------------------------------------------------------------------------------------


def to_json(made: Explanation) -> str:
    """The explanation as a JSON text that ends with a line feed: same store, same day, same bytes."""
    judged, key_result, cycle = made.judgement, made.judgement.key_result, made.case.cycle
    metric, result = key_result.metric, made.movement
    content = {
        "schema": SCHEMA,
        "as_of": made.as_of.isoformat(),
        "known_at": made.known_at and made.known_at.isoformat(),
        "timezone": str(made.zone),
        "cycle": {
            "id": cycle.id,
            "start": cycle.start.isoformat(),
            "end": cycle.end.isoformat(),
            "check_in_days": cycle.check_in.days,
        },
        "key_result": {
            "id": key_result.id,
            "title": key_result.title,
            "objective": judged.objective.id,
            "team": judged.objective.team,
            "owner": key_result.owner,
            "file": key_result.file,
            "line": key_result.line,
            "kind": key_result.kind.value,
            "unit": metric.unit,
            "baseline": number(metric.baseline),
            "target": number(metric.target),
            "direction": made.case.on(made.as_of).direction,
            "source": made.case.origin,
            "cadence_days": metric.cadence.days,
            "lag_days": metric.lag.days,
            "cumulative": metric.cumulative,
            "counted": metric.counted,
            "retired": key_result.retired and key_result.retired.on.isoformat(),
        },
        "rules": [
            {"rule": rule.words, "line": rule.line, "matched": rule.matched, "below": rule.below, "named": rule.named}
            for rule in made.rules
        ],
        "work": {
            "from": made.window.start.isoformat(),
            "to": made.window.end.isoformat(),
            "active_since": made.window.changed_since.isoformat(),
            "opened": judged.activity.opened,
            "open": judged.activity.open,
            "active": judged.activity.active,
            "completed": judged.activity.completed,
            "settled": judged.activity.settled,
            "pieces": [_piece_json(piece) for piece in made.pieces],
            "passing_down": [_item_json(item) for item in made.passing_down],
            "counted_elsewhere": [_item_json(item) for item in made.carried],
        },
        "measurements": {
            "until": made.measured_until.isoformat(),
            "error": made.failure,
            "too_old": made.too_old,
            "readings": [_reading_json(reading) for reading in made.readings],
            "beside": [_reading_json(reading) for reading in made.beside],
        },
        "movement": {
            "movement": result.movement.value,
            "trend": result.trend.value,
            "rule": result.rule,
            "points": result.points,
            "centre": number(result.centre),
            "low": number(result.low),
            "high": number(result.high),
        },
        "verdict": {
            "verdict": judged.verdict.value,
            "since": judged.since and judged.since.isoformat(),
            "steps": [{"question": step.question, "answer": step.answer} for step in made.steps],
            "reasons": list(judged.reasons),
            "replayed": [{"date": day.isoformat(), "verdict": verdict.value} for day, verdict in made.replayed],
        },
        "changes": [
            {
                "condition": change.condition,
                "verdict": change.verdict and change.verdict.value,
                "on": change.on and change.on.isoformat(),
            }
            for change in made.outlook
        ],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _piece_json(piece: ExplainedPiece) -> dict[str, Any]:
    one = piece.dated
    return {
        "key": one.piece.key,
        "title": one.piece.title,
        "url": one.piece.url,
        "standing": piece.standing.value,
        "created": one.created.isoformat(),
        "changed": one.updated.isoformat(),
        "done": one.done and one.done.isoformat(),
        "settles": piece.settles and piece.settles.isoformat(),
        "settled": piece.settled,
        "active": piece.active,
        "why_not": piece.why_not,
        "items": [_item_json(item) for item in piece.items],
    }


def _item_json(item: LinkedItem) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "type": item.type,
        "key": item.key,
        "title": item.title,
        "url": item.url,
        "status": item.status,
        "resolution": item.resolution,
        "links": [{"rule": link.rule, "reason": link.reason, "via": link.via} for link in item.links],
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "at": reading.at.isoformat(),
        "value": number(reading.value),
        "origin": reading.origin,
        "recorded_at": iso(reading.recorded_at),
        "judged": number(reading.judged),
        "left_out": reading.left_out,
        "by": reading.by,
        "confidence": number(reading.confidence),
        "note": reading.note,
        "earlier": [{"value": number(each.value), "recorded_at": iso(each.recorded_at)} for each in reading.earlier],
    }
