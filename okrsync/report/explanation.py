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
from okrsync.model import ItemKind, Kind, Verdict
from okrsync.numbers import count_of, show
from okrsync.provenance import ItemLink, LinkedItem, Recorded
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
_KINDS = {ItemKind.ISSUE: "issue", ItemKind.PULL_REQUEST: "pull request", ItemKind.COMMIT: "commit"}


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
    say(console, words.CLOSING, style="dim")
    return printed(console)


def _lead(console: Console, made: Explanation) -> None:
    judged, key_result = made.judgement, made.judgement.key_result
    say(console, words.name(judged), style="bold")
    since = f", since {judged.since}" if judged.since else ""
    known = f", with what was measured and known by {made.known_at}" if made.known_at else ""
    verdict = words.VERDICTS[judged.verdict]
    say(console, f"{verdict.mark} {verdict.name} on {made.as_of}{since}{known}", style=STYLES[judged.verdict])
    if key_result.file:
        say(console, f"{key_result.file}:{key_result.line}", style="dim")


def _declared(console: Console, made: Explanation) -> None:
    judged, key_result, cycle = made.judgement, made.judgement.key_result, made.case.cycle
    metric, objective = key_result.metric, judged.objective
    heading(console, "1. What is declared")
    say(console, f"objective {clean(objective.id, 40)}: {clean(objective.title)}", indent=2, hanging=2)
    owner = key_result.owner or objective.owner
    say(console, f"team {clean(objective.team, 60)}, owner {clean(owner or 'nobody', 60)}", indent=2)
    if key_result.kind is Kind.MILESTONE:
        say(console, "milestone: reached when a person checks it in as reached", indent=2)
    else:
        unit = f" {clean(metric.unit, 24)}" if metric.unit else ""
        side = {"at_least": "at least ", "at_most": "at most ", None: ""}[made.case.on(made.as_of).direction]
        target = "none" if metric.target is None else f"{side}{show(metric.target)}{unit}"
        baseline = "none" if metric.baseline is None else show(metric.baseline)
        what = "limit to keep" if key_result.kind is Kind.MAINTAIN else "target"
        say(console, f"baseline {baseline}, {what} {target}", indent=2, hanging=2)
        series = (
            " running total, differenced;" if metric.cumulative else " counts of a period;" if metric.counted else ""
        )
        days = count_of(metric.cadence.days, "day")
        say(console, f"measured by {clean(metric.source_type, 40)},{series} a value every {days}", indent=2, hanging=2)
    say(console, f"lag: {count_of(metric.lag.days, 'day')} until finished work can show", indent=2)
    period = f"check-in period {count_of(cycle.check_in.days, 'day')}"
    say(console, f"cycle {clean(cycle.id, 40)}: {cycle.start} to {cycle.end}, {period}", indent=2, hanging=2)
    if key_result.retired:
        reason = f": {clean(key_result.retired.reason)}" if key_result.retired.reason else ""
        say(console, f"retired on {key_result.retired.on}{reason}", indent=2, hanging=2)
    start, end = made.window.start, made.window.end
    counts = f"work counts from {start} to {end}" if start <= end else f"no work counts: {end} lies before {start}"
    say(
        console,
        f"{counts}, measurements up to {made.measured_until}; days are those of {made.zone}",
        indent=2,
        hanging=2,
    )


def _rules(console: Console, made: Explanation) -> None:
    heading(console, "2. Which work serves it")
    if not made.rules:
        say(console, "No rule is declared, and no work names it in a `KR:` line.", indent=2)
    for rule in made.rules:
        say(console, f"{_place(made, rule)}{clean(rule.words)}", indent=2, hanging=4)
        say(console, _uses(rule), indent=4, hanging=2)


def _place(made: Explanation, rule: RuleUse) -> str:
    return "" if rule.line is None else f"{made.judgement.key_result.file}:{rule.line} "


def _uses(rule: RuleUse) -> str:
    parts = [f"matches {count_of(rule.matched, 'item')}" if rule.matched else "matches nothing"]
    if rule.below:
        parts.append(f"passes down to {count_of(rule.below, 'item')} below")
    if rule.named:
        parts.append(f"reaches {count_of(rule.named, 'item')} more (closing, naming or belonging to one of these)")
    return "; ".join(parts)


_GROUPS = {
    Standing.COMPLETED: "Completed",
    Standing.OPEN: "Open",
    Standing.DROPPED: "Done for a reason that does not count",
    Standing.EARLIER: "Done before the cycle",
    Standing.LATER: "Not there yet",
}


def _work(console: Console, made: Explanation) -> None:
    activity, lag = made.judgement.activity, made.judgement.key_result.metric.lag
    heading(console, "3. The work, in pieces")
    say(
        console,
        f"{activity.completed} completed, {activity.settled} of them settled; {activity.open} open, "
        f"{activity.active} of them active; {activity.opened} opened in the window.",
        indent=2,
        hanging=2,
    )
    rules = (
        f"Settled: completed on {made.as_of - lag} or earlier ({count_of(lag.days, 'day')} before {made.as_of}). "
        f"Active: open, and changed on {made.window.changed_since} or later (two check-in periods)."
    )
    say(console, rules, indent=2, hanging=2)
    if not made.pieces:
        say(console, "No piece of work is linked to it.", indent=2)
    for standing, title in _GROUPS.items():
        group = [piece for piece in made.pieces if piece.standing is standing]
        if group:
            console.print()
            say(console, f"{title}: {len(group)}", style="bold", indent=2)
            listed = group[:NAMED] if standing in (Standing.EARLIER, Standing.LATER) else group
            for piece in listed:
                _piece(console, made, piece)
            if len(listed) < len(group):
                say(console, f"and {len(group) - len(listed):,} more: --format json lists them", indent=4)
    for title, items in (
        ("Passing their links down, no pieces themselves", made.passing_down),
        ("Linked through another item, and counted elsewhere", made.carried),
    ):
        if items:
            console.print()
            say(console, f"{title}: {len(items)}", style="bold", indent=2)
            for item in items:
                say(console, f"{_named(item)}: {_why(item.links)}", indent=4, hanging=2)
                _address(console, item.url)


def _piece(console: Console, made: Explanation, piece: ExplainedPiece) -> None:
    one = piece.dated
    if piece.standing is Standing.COMPLETED:
        state = f"{one.done} settled" if piece.settled else f"{one.done} settles on {piece.settles}"
    elif piece.standing is Standing.OPEN:
        state = f"{'active' if piece.active else 'idle'}, changed {one.updated}"
        if one.done is not None:
            state += f", done later, on {one.done}"
        elif one.updated > made.window.end:
            state += " (later; what changed before is not known)"
    else:
        state = piece.why_not or ""
    say(console, f"{state}: {words.piece(one.piece)}", indent=4, hanging=2)
    _address(console, one.piece.url)
    for item in piece.items:
        own = [link for link in item.links if link.reason in OWN]
        if own:
            itself = item.id == one.piece.id
            say(console, f"{'' if itself else f'{_named(item)}: '}{_why(own)}", indent=6, hanging=2, style="dim")
            if not itself:
                _address(console, item.url, indent=8)
    others = [item for item in piece.items if item.id != one.piece.id and not _has_own(item)]
    if others:
        say(console, f"with {', '.join(_short(item) for item in others)}", indent=6, hanging=2, style="dim")


def _has_own(item: LinkedItem) -> bool:
    return any(link.reason in OWN for link in item.links)


def _address(console: Console, url: str | None, *, indent: int = 6) -> None:
    """Where a person opens it, unbroken whatever the width."""
    from rich.text import Text

    if link_target(url) is not None and url is not None:
        console.print(Text(" " * indent + url), soft_wrap=True)


def _short(item: LinkedItem) -> str:
    key = item.key[:10] if item.kind is ItemKind.COMMIT else clean(item.key, 80)
    kind = clean(item.type, 40) if item.kind is ItemKind.ISSUE else _KINDS[item.kind]
    return f"{kind} {key}"


def _named(item: LinkedItem) -> str:
    return f"{_short(item)} {clean(item.title, 120)}"


def _why(links: Iterable[ItemLink]) -> str:
    how = {"parent": "below", "closes": "closes", "names": "names or belongs to"}
    said = []
    for link in links:
        rule = clean(link.rule.partition(":")[0] if link.reason != "trailer" else link.rule, 120)
        via = f" ({how[link.reason]} {clean(link.via, 80)})" if link.via and link.reason in how else ""
        said.append(f"by {rule}{via}")
    return ", ".join(dict.fromkeys(said))


def _measurements(console: Console, made: Explanation) -> None:
    heading(console, "4. What was measured")
    if made.failure:
        say(console, f"The source could not be read the last time: {clean(made.failure, 300)}", indent=2, hanging=2)
    if not made.readings:
        say(console, f"There is no value of {clean(made.case.origin, 40)}, which decides.", indent=2)
    else:
        used = len(made.judgement.series)
        said = f"{count_of(used, 'value')} of {clean(made.case.origin, 40)} in the series that is judged"
        start = made.case.cycle.start
        before = sum(one.at < start for one in made.judgement.series)
        if used:
            said += f", {before} of days before the cycle and {used - before} since"
        if made.too_old:
            said += f"; movement does not look at the first {made.too_old}, which are too old"
        say(console, f"{said}.", indent=2, hanging=2)
    for reading in made.readings:
        _reading(console, made, reading)
    if made.beside:
        console.print()
        say(console, "Beside it, deciding nothing", style="bold", indent=2)
        for reading in made.beside:
            _reading(console, made, reading)


def _reading(console: Console, made: Explanation, reading: Reading) -> None:
    value = "withdrawn" if reading.value is None else show(reading.value)
    if reading.judged is not None and made.judgement.key_result.metric.cumulative:
        value += f", an increase of {show(reading.judged)}"
    said = f"{reading.at}  {value}  ({clean(reading.origin, 40)}, recorded {_moment(made, reading.recorded_at)})"
    said += _said(reading)
    if reading.left_out:
        said += f" – left out: {clean(reading.left_out)}"
    say(console, said, indent=4, hanging=12, style="dim" if reading.left_out else "")
    for earlier in reading.earlier:
        was = "withdrawn" if earlier.value is None else show(earlier.value)
        said = f"before that {was}, recorded {_moment(made, earlier.recorded_at)}{_said(earlier)}"
        say(console, said, indent=12, hanging=4, style="dim")


def _said(entry: Reading | Recorded) -> str:
    """What a person said with a value: who, how confident, why."""
    sure = "" if entry.confidence is None else f"confidence {show(entry.confidence)}"
    note = f"“{clean(entry.note)}”" if entry.note else ""
    parts = [part for part in (clean(entry.by or "", 60), sure, note) if part]
    return f": {', '.join(parts)}" if parts else ""


def _moment(made: Explanation, moment: datetime) -> str:
    return f"{moment.astimezone(made.zone):%Y-%m-%d %H:%M}"


def _movement(console: Console, made: Explanation) -> None:
    heading(console, "5. Has it moved?")
    outcome, result = made.judgement.outcome, made.movement
    say(console, f"{result.movement}; trend: {result.trend}; {count_of(result.points, 'reading')}", indent=2)
    say(console, result.rule, indent=2, hanging=2)
    if result.low is not None and result.high is not None:
        usual = f"Single readings usually lie between {show(result.low)} and {show(result.high)} (2σ to each side)."
        say(console, usual, indent=2, hanging=2)
    if outcome.progress is not None:
        current, baseline, target = (_show(value) for value in (outcome.current, outcome.baseline, outcome.target))
        way = f"({current} − {baseline}) / ({target} − {baseline})"
        say(console, f"Progress: {way} = {outcome.progress:.3g}", indent=2, hanging=2)
    if outcome.forecast is not None:
        low, mid, high = (show(value) for value in (outcome.forecast.low, outcome.forecast.mid, outcome.forecast.high))
        say(
            console, f"Forecast for {made.case.cycle.end}: {mid}, in 80% of cases {low} to {high}.", indent=2, hanging=2
        )


def _show(value: float | None) -> str:
    return "–" if value is None else show(value)


def _verdict(console: Console, made: Explanation) -> None:
    judged = made.judgement
    heading(console, "6. The verdict")
    for step in made.steps:
        say(console, f"{step.question} {clean(step.answer)}", indent=2, hanging=2)
    name = words.VERDICTS[judged.verdict].name
    row = ROWS[judged.key_result.kind].get(judged.verdict)
    if row is not None:
        say(console, f"→ {name}: work {row[0]}; outcome {row[1]}", indent=2, hanging=2, style=STYLES[judged.verdict])
    else:
        say(console, f"→ {name}", indent=2, style=STYLES[judged.verdict])
    for reason in judged.reasons:
        say(console, f"- {reason}", indent=2, hanging=2)
    if judged.since is not None and judged.verdict is not Verdict.RETIRED:
        replay = "; ".join(f"{day} {words.VERDICTS[verdict].name}" for day, verdict in made.replayed)
        say(console, f"At the end of each check-in period, and now: {replay}.", indent=2, hanging=2)


def _outlook(console: Console, made: Explanation) -> None:
    heading(console, "7. What would change it")
    if not made.outlook:
        say(console, "Nothing that okrsync can foretell.", indent=2)
    elif made.judgement.verdict is not Verdict.RETIRED:
        say(console, "Each of these changes one thing and leaves all others as they are.", indent=2)
    for change in made.outlook:
        verdict = "" if change.verdict is None else f" → {words.VERDICTS[change.verdict].name}"
        on = "" if change.on is None else f" from {change.on} on"
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
