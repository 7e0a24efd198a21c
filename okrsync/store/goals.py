"""Versions of goals as they are stored: append-only, from runs that saw them and from the files' git history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, text

from okrsync.goals import unseen
from okrsync.model import GoalVersion, Programme
from okrsync.store.engine import reading, writing
from okrsync.store.schema import goal_history, goal_versions
from okrsync.store.statements import insert_ignoring, upsert

_TURN = 0x676F616C73  # "goals" in ASCII: any number that no other program picks


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """How far the git history of the files of goals is in the store."""

    head: str
    """The newest commit that was read; empty when none was."""
    notes: tuple[str, ...]
    """What is missing in it, and why."""


def record(engine: Engine, programme: Programme, now: datetime) -> int:
    """Store what a run that sees ``programme`` at ``now`` sees for the first time; how many versions that are.

    Runs beside each other store each version once. Nothing is written, and no lock is taken, when nothing changed.
    Raises ``StoreError``.
    """
    with reading(engine) as connection:
        if not unseen(_latest_seen(connection), programme, now):
            return 0
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})
        new = unseen(_latest_seen(connection), programme, now)
        insert_ignoring(connection, goal_versions, [_row(version) for version in new])
    return len(new)


def save_history(
    engine: Engine, folder: str, head: str, notes: Iterable[str], versions: Iterable[GoalVersion], *, anew: bool
) -> None:
    """Store versions from git, up to the commit ``head``; ``anew`` forgets those that were stored before."""
    with writing(engine) as connection:
        if anew:
            connection.execute(delete(goal_versions).where(goal_versions.c.git_commit != ""))
            connection.execute(delete(goal_history))
        insert_ignoring(connection, goal_versions, [_row(version) for version in versions])
        upsert(connection, goal_history, [{"folder": folder, "head": head, "notes": json.dumps(list(notes))}])


def stored_history(engine: Engine, folder: str) -> StoredHistory | None:
    """How far the history of ``folder`` is stored; None when it never was."""
    with reading(engine) as connection:
        row = connection.execute(select(goal_history).where(goal_history.c.folder == folder)).one_or_none()
    return None if row is None else StoredHistory(row.head, tuple(json.loads(row.notes)))


def versions(engine: Engine) -> list[GoalVersion]:
    """All versions of all goals, oldest first."""
    query = select(goal_versions).order_by(goal_versions.c.seen_at, goal_versions.c.goal, goal_versions.c.git_commit)
    with reading(engine) as connection:
        return [_version(row) for row in connection.execute(query)]


def _latest_seen(connection: Connection) -> list[GoalVersion]:
    """The newest version of each goal that a run has seen."""
    newest = (
        select(goal_versions.c.goal, func.max(goal_versions.c.seen_at).label("seen_at"))
        .where(goal_versions.c.git_commit == "")
        .group_by(goal_versions.c.goal)
        .subquery()
    )
    query = select(goal_versions).join(
        newest, (newest.c.goal == goal_versions.c.goal) & (newest.c.seen_at == goal_versions.c.seen_at)
    )
    return [_version(row) for row in connection.execute(query.where(goal_versions.c.git_commit == ""))]


def _row(version: GoalVersion) -> dict[str, Any]:
    return {
        "goal": version.goal,
        "seen_at": version.seen_at,
        "git_commit": version.commit or "",
        "kind": version.kind,
        "revision": version.revision,
        "content": version.content,
        "author": version.author,
        "subject": version.subject,
        "reason": version.reason,
    }


def _version(row: Any) -> GoalVersion:
    return GoalVersion(
        kind=row.kind,
        goal=row.goal,
        seen_at=row.seen_at,
        revision=row.revision,
        content=row.content,
        commit=row.git_commit or None,
        author=row.author,
        subject=row.subject,
        reason=row.reason,
    )
