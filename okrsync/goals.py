"""Versions of goals: what a goal said, what it promised, what changed from one version to the next, and why.

A version's *content* is everything that matters in the files. Its *revision* is a short digest of what the goal
promises to those below: ``okrsync ack`` writes it down. A new owner, a work rule or a lag change the content and not
the revision. Settings of outcome sources are in neither: they may hold secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

from okrsync.dates import day_of
from okrsync.language import _
from okrsync.model import ChangeReason, GoalKind, GoalVersion, KeyResult, Objective, Programme, WorkRule
from okrsync.numbers import show

_KEY_RESULT_PROMISES = ("title", "kind", "unit", "baseline", "target", "direction")
_OBJECTIVE_PROMISES = ("title", "serves", "strategy", "supports", "key_results")
_DAYS = ("cadence", "lag")
_PARTS = ("acknowledged", "key_results")
"""Fields that hold a mapping, whose entries change one by one."""
_REASONS = "changes"
"""The field that explains changes of the others, and is none itself."""


@dataclass(frozen=True, slots=True)
class GoalChange:
    """One field of one goal was changed."""

    kind: GoalKind
    goal: str
    at: datetime
    """When it was committed, or first seen by a run."""
    field: str
    """``target``, ``title`` …; ``goal`` when all of it was added or removed."""
    before: Any
    """None when there was nothing, or when the goal was added."""
    after: Any
    possible_since: datetime | None = None
    """When the version before was first seen: the change was made after that."""
    author: str | None = None
    commit: str | None = None
    subject: str | None = None
    """The first line of the commit's message."""
    reason: str | None = None
    """From the goal's ``changes:``, or else from the commit's ``Reason:``."""

    @property
    def words(self) -> str:
        """``target 500 → 350``; hostile text, as it stood in the files."""
        if self.field == "goal":
            return _("added") if self.after is not None else _("removed")
        return f"{self.field} {_words(self.field, self.before)} → {_words(self.field, self.after)}"


def versions_of(programme: Programme, seen_at: datetime) -> list[GoalVersion]:
    """Every goal of a programme as the version that is on file now, objectives before their key results."""
    return versions_in(programme.objectives, seen_at)


def versions_in(objectives: Iterable[Objective], seen_at: datetime) -> list[GoalVersion]:
    """The same of some objectives."""
    found = []
    for objective in objectives:
        key_results = [_version("key_result", kr.id, _key_result(kr), seen_at) for kr in objective.key_results]
        content = _objective(objective, {each.goal: each.revision for each in key_results})
        found += [_version("objective", objective.id, content, seen_at), *key_results]
    return found


def unseen(known: Iterable[GoalVersion], programme: Programme, now: datetime) -> list[GoalVersion]:
    """What a run that sees ``programme`` adds to the versions that runs have seen: changed goals, and removed ones.

    Each is seen at ``now``, or just after the version before it where a clock has gone back.
    """
    latest: dict[str, GoalVersion] = {}
    for version in known:
        if version.commit is None and (version.goal not in latest or latest[version.goal].seen_at <= version.seen_at):
            latest[version.goal] = version
    present = {version.goal: version for version in versions_of(programme, now)}
    gone = [
        replace(version, seen_at=now, revision="", content=None)
        for goal, version in latest.items()
        if goal not in present and version.content is not None
    ]
    changed = [
        version for goal, version in present.items() if goal not in latest or latest[goal].content != version.content
    ]
    return [
        replace(version, seen_at=max(now, latest[version.goal].seen_at + timedelta(microseconds=1)))
        if version.goal in latest
        else version
        for version in (*changed, *gone)
    ]


def timelines(versions: Iterable[GoalVersion]) -> dict[str, tuple[GoalVersion, ...]]:
    """The versions of each goal, oldest first, each once: what a run saw and what git says of it are one version.

    It begins when it was first seen or committed, and carries the first commit that made it.
    """
    by_goal: dict[str, list[GoalVersion]] = {}
    for version in sorted(versions, key=lambda each: (each.seen_at, each.commit is None)):
        line = by_goal.setdefault(version.goal, [])
        if not line or line[-1].content != version.content:
            if line or version.content is not None:
                line.append(version)
        elif line[-1].commit is None and version.commit is not None:
            line[-1] = replace(version, seen_at=line[-1].seen_at)
    return {goal: tuple(line) for goal, line in by_goal.items() if line}


def changes(
    line: Sequence[GoalVersion], zone: ZoneInfo, reasons: Iterable[ChangeReason] | None = None
) -> Iterator[GoalChange]:
    """What changed from version to version of one goal, oldest first; the first version is an addition.

    ``reasons`` are by default those that any of the versions gives under ``changes:``. One explains what changed
    between the version before it and the first sight of the new one: its day may lie anywhere between these two, both
    included. Text with a variable in it is not compared: its value is not known.
    """
    reasons = reasons_of(line) if reasons is None else tuple(reasons)
    for before, after in pairwise((None, *line)):
        assert after is not None
        since = None if before is None else before.seen_at
        reason = _reason(reasons, since, after, zone)
        for field, old, new in _differences(before, after):
            yield GoalChange(
                after.kind, after.goal, after.seen_at, field, old, new, since,
                after.author, after.commit, after.subject, reason,
            )  # fmt: skip


def reasons_of(line: Iterable[GoalVersion]) -> tuple[ChangeReason, ...]:
    """Every reason that any version of a goal gives, each once."""
    found = {
        ChangeReason(date.fromisoformat(on), reason)
        for version in line
        for on, reason in content_of(version).get(_REASONS, ())
    }
    return tuple(sorted(found, key=lambda each: (each.on, each.reason)))


def until(lines: Mapping[str, tuple[GoalVersion, ...]], end: datetime) -> dict[str, tuple[GoalVersion, ...]]:
    """The versions that were there before a moment; goals without any are left out."""
    kept = {goal: tuple(each for each in line if each.seen_at < end) for goal, line in lines.items()}
    return {goal: line for goal, line in kept.items() if line}


def on_day(line: Sequence[GoalVersion], day: date, zone: ZoneInfo) -> GoalVersion | None:
    """The version that held at the end of a day in ``zone``; None before the first."""
    held = [version for version in line if day_of(version.seen_at, zone) <= day]
    return held[-1] if held else None


def content_of(version: GoalVersion) -> Mapping[str, Any]:
    """What the files said; empty when they no longer had the goal."""
    return cast("Mapping[str, Any]", json.loads(version.content)) if version.content is not None else {}


def _reason(reasons: Sequence[ChangeReason], since: datetime | None, after: GoalVersion, zone: ZoneInfo) -> str | None:
    last = day_of(after.seen_at, zone)
    first = last if since is None else day_of(since, zone)
    said = [each.reason for each in reasons if first <= each.on <= last]
    return "; ".join(said) or after.reason


def _differences(before: GoalVersion | None, after: GoalVersion) -> Iterator[tuple[str, Any, Any]]:
    if before is None or before.content is None or after.content is None:
        yield "goal", before and before.content and before.revision, after.content and after.revision
        return
    old, new = content_of(before), content_of(after)
    for field in dict.fromkeys((*old, *new)):
        one, other = old.get(field), new.get(field)
        if field == _REASONS or one == other or _unknown(one) or _unknown(other):
            continue
        if field == "cycle" and None in (one, other):
            # An old file that does not name its cycle belongs to the only one that there was; which, it does not say.
            continue
        if field not in _PARTS:
            yield field, one, other
            continue
        one, other = one or {}, other or {}
        for part in sorted({*one, *other}):
            if field == "key_results" and part in one and part in other:
                continue  # it changed itself, and says so itself
            if one.get(part) != other.get(part):
                name = "key result" if field == "key_results" else f"{field} {part}"
                shown = (part, part) if field == "key_results" else (one.get(part), other.get(part))
                yield name, shown[0] if part in one else None, shown[1] if part in other else None


def _unknown(value: Any) -> bool:
    return isinstance(value, str) and "${" in value


def _words(field: str, value: Any) -> str:
    if value is None or value == [] or value == {}:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return _("{days:g} d").format(days=value) if field in _DAYS else show(value)
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items() if each is not None)
    return f"“{value}”" if field in ("title", "serves") else str(value)


def _version(kind: GoalKind, goal: str, content: dict[str, Any], seen_at: datetime) -> GoalVersion:
    return GoalVersion(kind, goal, seen_at, _revision(kind, content), _canonical(content))


def _key_result(kr: KeyResult) -> dict[str, Any]:
    metric = kr.metric
    return {
        "objective": kr.objective,
        "title": kr.title,
        "owner": kr.owner,
        "kind": kr.kind.value,
        "unit": metric.unit,
        "baseline": metric.baseline,
        "target": metric.target,
        "direction": metric.direction,
        "source": metric.source_type,
        "cadence": metric.cadence.days,
        "lag": metric.lag.days,
        "cumulative": metric.cumulative,
        "counted": metric.counted,
        "work": [_rule(each) for each in kr.work],
        "changes": _reasons(kr.changes),
        "retired": kr.retired and {"on": kr.retired.on.isoformat(), "reason": kr.retired.reason},
    }


def _objective(objective: Objective, revisions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "cycle": objective.cycle or None,
        "team": objective.team,
        "title": objective.title,
        "strategy": objective.strategy,
        "serves": objective.serves,
        "owner": objective.owner,
        "supports": objective.supports,
        "acknowledged": {
            each.goal: each.revision + (f" by {each.by}" if each.by else "") for each in objective.acknowledged
        },
        "key_results": dict(revisions),
        "changes": _reasons(objective.changes),
    }


def _reasons(changes: Iterable[ChangeReason]) -> list[list[str]]:
    return [[each.on.isoformat(), each.reason] for each in changes]


def _rule(rule: WorkRule) -> str:
    values = [(each.name, getattr(rule, each.name)) for each in fields(rule) if each.name != "line"]
    return " ".join(
        f"{name}={','.join(value) if isinstance(value, tuple) else value}" for name, value in values if value
    )


def _canonical(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # YAML can write half a surrogate pair, which no database stores; JSON has escaped NUL already.
    return text.encode("utf-8", "replace").decode("utf-8")


def _revision(kind: GoalKind, content: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits; spaces and case of a title make no difference."""
    names = _OBJECTIVE_PROMISES if kind == "objective" else _KEY_RESULT_PROMISES
    promises = {name: content[name] for name in names}
    promises["title"] = " ".join(str(promises["title"]).split()).casefold()
    if kind == "key_result":
        promises["retired"] = content["retired"] is not None
    return hashlib.blake2b(_canonical(promises).encode(), digest_size=4).hexdigest()
