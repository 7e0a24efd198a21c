"""A store of any size, written as rows: an organisation's Jira and GitHub over three years, and 500 key results.

Of every ten items six are issues below one of an epic's, one is a sub-task, one a pull request that names an issue and
brings a commit, one that commit; every fiftieth is an epic. Nine of ten are done eight days after they were created.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from okrsync.store.engine import writing
from okrsync.store.schema import (
    dirty_items,
    facets,
    item_facets,
    item_keys,
    item_references,
    items,
    measurements,
    scopes,
)
from okrsync.store.statements import bulk_insert, stored_moment

GOALS = 500
AS_OF = date(2026, 11, 20)
_END = datetime(2026, 11, 20, 16, tzinfo=UTC)
_SPAN = timedelta(days=3 * 365)
_PROJECTS = 20
_BATCH = 20_000
_ITEM = (
    *("id", "source", "native_id", "scope_id", "kind", "type", "level", "key", "project", "title", "url", "state"),
    *("status", "status_id", "resolution", "created_at", "updated_at", "done_at", "assignee", "author"),
    *("parent_native_id", "parent_id", "content_hash"),
)


def goal_of(number: int) -> int:
    """The goal that an item's epic works for."""
    return number // 50 * 7 % GOALS


def key_of(number: int) -> str:
    """``P3-1234``, ``acme/r3#1234`` or the name of a commit."""
    place = number % 10
    project = goal_of(number) % _PROJECTS
    if place == 8 and number % 50:
        return f"acme/r{project}#{number}"
    if place == 9:
        return f"{number:040x}"
    return f"P{project}-{number}"


def fill(engine: Engine, count: int) -> None:
    """Write ``count`` items as a sync would have, none of them linked yet, and 60 readings a key result."""
    with writing(engine) as connection:
        names = [*(("jira", f"P{n}") for n in range(_PROJECTS)), *(("github", f"acme/r{n}") for n in range(_PROJECTS))]
        bulk_insert(
            connection,
            scopes,
            ("id", "source", "scope", "name", "configured", "removed", "last_success"),
            [
                (n, source, name, name, True, 0, stored_moment(connection)(_END))
                for n, (source, name) in enumerate(names)
            ],
        )
        values = [*(("label", f"goal-{n}") for n in range(GOALS)), *(("label", f"team-{n}") for n in range(40))]
        values += [*(("component", f"part-{n}") for n in range(100)), *(("version", f"v{n}") for n in range(150))]
        bulk_insert(connection, facets, ("id", "kind", "value"), [(n, *each) for n, each in enumerate(values)])
    for first in range(0, count, _BATCH):
        with writing(engine) as connection:
            moment = stored_moment(connection)
            numbers = range(first, min(first + _BATCH, count))
            bulk_insert(connection, items, _ITEM, [_item(number, count, moment) for number in numbers])
            bulk_insert(connection, item_keys, ("key", "item_id"), [(key_of(n).lower(), n) for n in numbers])
            bulk_insert(connection, item_facets, ("item_id", "facet_id"), [row for n in numbers for row in _facets(n)])
            bulk_insert(
                connection,
                item_references,
                ("item_id", "kind", "target"),
                [row for n in numbers for row in _references(n, count)],
            )
            bulk_insert(connection, dirty_items, ("item_id",), [(n,) for n in numbers])
    with writing(engine) as connection:
        bulk_insert(
            connection,
            measurements,
            ("key_result", "origin", "at", "value", "recorded_at"),
            [
                (f"KR{goal}", "csv", str(AS_OF - timedelta(days=4 + 7 * week)), value, moment(_END))
                for goal in range(GOALS)
                for week, value in enumerate(_readings(goal))
            ],
        )


def _readings(goal: int) -> Iterator[float]:
    """60 readings, the latest first: noise, and in every third a step three weeks after the cycle's start."""
    for week in range(60):
        noise = ((goal * 7919 + week * 104729) % 1009) / 1009 - 0.5
        yield round(100 + 8 * noise + (9 if goal % 3 == 0 and week < 5 else 0), 3)


def _item(number: int, count: int, moment: Any) -> tuple[Any, ...]:
    place, goal = number % 10, goal_of(number)
    created = _END - _SPAN + _SPAN / count * number
    done = None if number * 13 % 100 < 10 else created + timedelta(days=8)
    if done is not None and done > _END:
        done = None
    epic = number % 50 == 0
    kind, type_, level = "issue", ("Story", "Bug", "Task")[number % 3], 0
    if epic:
        type_, level, done = "Epic", 1, None
    elif place == 7:
        type_, level = "Sub-task", -1
    elif place == 8:
        kind, type_ = "pull_request", "pull request"
    elif place == 9:
        kind, type_, done = "commit", "commit", created
    parent = None
    if kind == "issue" and not epic:
        parent = number - 1 if place == 7 else number - number % 50
    github = kind != "issue"
    key, project = key_of(number), goal % _PROJECTS
    return (
        number,
        "github" if github else "jira",
        f"i{number}",
        project + _PROJECTS * github,
        kind,
        type_,
        level,
        key,
        f"acme/r{project}" if github else f"P{project}",
        f"Checkout: the {number}th thing that somebody wants to be better for goal {goal}",
        f"https://acme.example/browse/{key}",
        "doing" if done is None else "done",
        "In Progress" if done is None else "Done",
        "3" if done is None else "10001",
        None if done is None or github else ("Fixed", "Won't Do")[number * 7 % 20 == 0],
        moment(created),
        moment(min(_END, created + timedelta(days=9))),
        moment(done),
        None if kind == "commit" else f"account-{goal}-{number % 5}",
        f"account-{goal}-{number % 4}",
        None if parent is None else f"i{parent}",
        parent,
        f"{number:032x}",
    )


def _facets(number: int) -> list[tuple[int, int]]:
    if number % 10 in (8, 9) and number % 50:
        return [(number, GOALS + number % 40)]
    found = [GOALS + number % 40, GOALS + 40 + number % 100, GOALS + 140 + number // 50 % 150]
    if number % 5 < 3:
        found.insert(0, goal_of(number))
    return [(number, facet) for facet in found]


def _references(number: int, count: int) -> list[tuple[int, str, str]]:
    if number % 10 == 8 and number % 50:
        found = [(number, "names", key_of(number - 2).lower())]
        return [*found, (number, "contains", key_of(number + 1))] if number + 1 < count else found
    return []


def rules(goal: int, count: int) -> list[dict[str, Any]]:
    """The work rules of a key result: labels mostly, else epics, components of a project, titles, versions."""
    project = goal % _PROJECTS
    epics = [number for number in range(count - count % 50, -1, -50) if number < count and goal_of(number) == goal]
    match goal % 10:
        case 5 | 6:
            return [{"source": "jira", "epics": [key_of(number) for number in epics[:20]] or ["P0-0"]}]
        case 7:
            return [{"projects": [f"P{project}"], "components": [f"part-{goal % 100}"]}]
        case 8:
            return [
                {"keys": [key_of(number + 1) for number in epics[:10]] or ["P0-1"]},
                {"source": "jira", "projects": [f"P{project}"], "title": f"goal {goal}$"},
            ]
        case 9:
            return [{"source": "jira", "versions": [f"v{goal % 150}"], "types": ["Story"], "labels": [f"goal-{goal}"]}]
    return [{"source": "jira", "labels": [f"goal-{goal}"]}]


def configure(path: Path, store: str, count: int) -> None:
    """``okrsync.yaml`` and the goals: 50 objectives of ten key results in 20 teams."""
    sources = {
        "jira": {
            "type": "jira",
            "url": "http://127.0.0.1:9",
            "auth": {"token": "${BENCHMARK_TOKEN}"},
            "projects": ["P0"],
        },
        "github": {"type": "github", "auth": {"token": "${BENCHMARK_TOKEN}"}, "repos": ["acme/r0"]},
    }
    (path / "okrsync.yaml").write_text(json.dumps({"store": store, "sources": sources, "okrs": "okrs.yaml"}))
    teams = [{"id": "acme", "level": "company"}]
    teams += [{"id": f"team-{n}", "level": "team", "parent": "acme", "lead": f"lead-{n}"} for n in range(20)]
    objectives = [
        {
            "id": f"O{n}",
            "team": f"team-{n % 20}",
            "title": f"Objective {n}",
            "owner": f"lead-{n % 20}",
            "key_results": [
                {
                    "id": f"KR{goal}",
                    "title": f"Shops per week of goal {goal} from 100 to 130",
                    "owner": f"lead-{n % 20}",
                    "metric": {
                        "unit": "shops",
                        "baseline": 100,
                        "target": 130,
                        "source": {"type": "csv", "path": "none.csv", "date": "day", "value": "v"},
                        "cadence": "7d",
                        "lag": "14d",
                    },
                    "work": rules(goal, count),
                }
                for goal in range(n * 10, n * 10 + 10)
            ],
        }
        for n in range(50)
    ]
    cycle = {"id": "2026-Q4", "start": "2026-10-01", "end": "2026-12-31"}
    (path / "okrs.yaml").write_text(json.dumps({"cycle": cycle, "teams": teams, "objectives": objectives}, indent=1))
