"""The report as JSON (DESIGN section 8; ``config/report.schema.json`` describes it)."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from typing import Any

from okrsync.dates import day_of, iso
from okrsync.model import Judgement, Movement, SourceStatus, Suggestion, Trend, Verdict
from okrsync.report.value import Change, Closing, Finding, GoalNode, Report, Subject, Unjudged

SCHEMA = 1
"""Version of the format; it rises when a key goes or changes its meaning."""

# json leaves these as they are. Escaped, a title cannot steer the terminal that shows the report, nor turn its writing
# direction, and a lone surrogate does not make the text unwritable as UTF-8. A reader gets the same text back.
UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def to_json(report: Report) -> str:
    """The report as a JSON text that ends with a line feed: same report, same bytes.

    Days are ISO 8601, moments ISO 8601 in UTC with ``Z``, ratios fractions. What is not known is ``null``; so is a
    number that is not finite.
    """
    headline = report.headline
    content = {
        "schema": SCHEMA,
        "as_of": report.as_of.isoformat(),
        "cycle": {
            "id": report.cycle.id,
            "start": report.cycle.start.isoformat(),
            "end": report.cycle.end.isoformat(),
        },
        "headline": {
            "key_results": headline.key_results,
            "verdicts": {verdict.value: count for verdict, count in headline.verdicts},
            "completed": headline.completed,
            "completed_on_busy": headline.completed_on_busy,
            "completed_unlinked": headline.completed_unlinked,
        },
        "sources": [_source(status) for status in report.sources],
        "key_results": [_key_result(judgement) for judgement in report.judgements],
        "findings": [_finding(finding) for finding in report.findings],
        "not_judged": [_unjudged(unjudged) for unjudged in report.not_judged],
        "silenced": [
            {
                "rule": each.finding.rule,
                "subject": _subject(each.finding.subject),
                "message": each.finding.message,
                "reason": each.reason,
            }
            for each in report.silenced
        ],
        "unlinked": {
            "completed": report.unlinked.completed,
            "by_scope": dict(report.unlinked.by_scope),
            "suggestions": [_suggestion(each) for each in report.unlinked.suggestions],
        },
        "closing": report.closing and _closing(report.closing),
        "changes": report.previous_as_of and _changes(report, report.previous_as_of),
        "goals": [_goal(node) for node in report.goals],
        "chain": [{"level": share.level, "serving": share.part, "completed": share.whole} for share in report.chain],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _goal(node: GoalNode) -> dict[str, Any]:
    return {
        "id": node.id,
        "title": node.title,
        "team": node.team,
        "depth": node.depth,
        "parent": node.parent,
        "broken": node.broken,
        "busy": node.busy,
    }


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    piece, score = suggestion.pieces[0]
    return {
        "key_result": suggestion.key_result,
        "score": round(suggestion.score, 2),
        "rule": suggestion.rule,
        "pieces": len(suggestion.pieces),
        "example": {"source": piece.source, "key": piece.key, "title": piece.title, "url": piece.url, "score": score},
    }


def _source(status: SourceStatus) -> dict[str, Any]:
    return {
        "source": status.source,
        "scope": status.scope,
        "last_success": None if status.last_success is None else iso(status.last_success),
        "items": status.items,
        "removed": status.removed,
        "state": status.state,
        "error": status.error,
    }


def _key_result(judgement: Judgement) -> dict[str, Any]:
    key_result, activity = judgement.key_result, judgement.activity
    return {
        "id": key_result.id,
        "objective": judgement.objective.id,
        "team": judgement.objective.team,
        "owner": key_result.owner,
        "title": key_result.title,
        "verdict": judgement.verdict.value,
        "since": _day(judgement.since),
        "activity": {
            "opened": activity.opened,
            "open": activity.open,
            "completed": activity.completed,
            "settled": activity.settled,
            "last_completed": _day(activity.last_completed),
        },
        "outcome": _outcome(judgement),
        "reasons": list(judgement.reasons),
    }


def _outcome(judgement: Judgement) -> dict[str, Any]:
    outcome = judgement.outcome
    # What cannot be judged has not been found flat: no reader of the JSON may take it for that.
    judged = judgement.verdict is not Verdict.UNMEASURED
    forecast = outcome.forecast
    return {
        "movement": (outcome.movement if judged else Movement.UNKNOWN).value,
        "trend": (outcome.trend if judged else Trend.UNKNOWN).value,
        "rule": outcome.rule,
        "points": outcome.points,
        "baseline": number(outcome.baseline),
        "target": number(outcome.target),
        "current": number(outcome.current),
        "progress": number(outcome.progress),
        "measured_at": _day(outcome.measured_at),
        "origin": outcome.origin,
        "forecast": forecast
        and {"low": number(forecast.low), "mid": number(forecast.mid), "high": number(forecast.high)},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "mode": finding.mode,
        "rule": finding.rule,
        "severity": finding.severity,
        "subject": _subject(finding.subject),
        "message": finding.message,
        "evidence": list(finding.evidence),
        "action": finding.action,
    }


def _closing(closing: Closing) -> dict[str, Any]:
    return {
        "as_of": closing.as_of.isoformat(),
        "verdicts": {id_: verdict.value for id_, verdict in closing.verdicts},
        "changes": [_turned(change) for change in closing.changes],
        "measured_until": [
            {"date": last.isoformat(), "key_results": list(ids)} for last, ids in closing.measured_until
        ],
    }


def _changes(report: Report, since: date) -> dict[str, Any]:
    return {
        "since": since.isoformat(),
        "verdicts": [_turned(change) for change in report.changes],
        "goals": [
            {
                "kind": change.kind,
                "goal": change.goal,
                "day": day_of(change.at, report.zone).isoformat(),
                "field": change.field,
                "before": _plain(change.before),
                "after": _plain(change.after),
                "by": change.author,
                "commit": change.commit,
                "reason": change.reason,
            }
            for change in report.goal_changes
        ],
        "findings": {
            "new": [_named(finding) for finding in report.new_findings],
            "gone": [_named(finding) for finding in report.findings_gone],
        },
    }


def _plain(value: Any) -> Any:
    return number(value) if isinstance(value, float) else value


def _turned(change: Change) -> dict[str, Any]:
    return {
        "key_result": change.key_result,
        "before": None if change.before is None else change.before.value,
        "after": change.after.value,
    }


def _named(finding: Finding) -> dict[str, Any]:
    return {
        "mode": finding.mode,
        "rule": finding.rule,
        "subject": _subject(finding.subject),
        "message": finding.message,
    }


def _unjudged(unjudged: Unjudged) -> dict[str, Any]:
    return {
        "mode": unjudged.mode,
        "rule": unjudged.rule,
        "subject": unjudged.subject and _subject(unjudged.subject),
        "because": unjudged.because,
    }


def _subject(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind, "id": subject.id}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def number(value: float | None) -> float | int | None:
    """``value`` as JSON shows it: 120, not 120.0."""
    if value is None or not math.isfinite(value):
        return None
    # Above 2**53 a float no longer tells whole numbers apart: its digits would say more than it knows.
    return int(value) if float(value).is_integer() and abs(value) <= 2**53 else value
