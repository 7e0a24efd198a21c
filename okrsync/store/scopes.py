"""What the store knows of a scope: its cursor, the plan that is under way, and how the last sync went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update

from okrsync.connector import Cursor, Plan, Shard
from okrsync.store.engine import reading, writing
from okrsync.store.schema import scopes, shards
from okrsync.store.statements import upsert


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """What the store knows of a scope before a sync begins."""

    id: int
    source: str
    scope: str
    cursor: Cursor | None
    last_census: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A plan and how far it has come: cursors of shards under way, and which shards are done."""

    plan: Plan
    cursors: Mapping[str, Cursor]
    done: frozenset[str]


def use_scopes(engine: Engine, source: str, names: Iterable[str]) -> dict[str, ScopeRow]:
    """Make the scopes of a source those of the configuration; the others stay stored but are no longer reported."""
    names = list(names)
    with writing(engine) as connection:
        connection.execute(
            update(scopes).where(scopes.c.source == source, scopes.c.scope.not_in(names)).values(configured=False)
        )
        connection.execute(
            update(scopes).where(scopes.c.source == source, scopes.c.scope.in_(names)).values(configured=True)
        )
        known = set(connection.scalars(select(scopes.c.scope).where(scopes.c.source == source)))
        new = [
            {"source": source, "scope": name, "name": name, "configured": True}
            for name in dict.fromkeys(names)
            if name not in known
        ]
        if new:
            connection.execute(insert(scopes), new)
        rows = connection.execute(
            select(scopes.c.id, scopes.c.scope, scopes.c.cursor, scopes.c.last_census).where(
                scopes.c.source == source, scopes.c.configured
            )
        ).all()
    return {
        row.scope: ScopeRow(row.id, source, row.scope, json.loads(row.cursor) if row.cursor else None, row.last_census)
        for row in rows
    }


def configured_scopes(engine: Engine, source: str) -> list[str]:
    """The scopes of a source as the last sync that could list them left them."""
    with reading(engine) as connection:
        return list(
            connection.scalars(
                select(scopes.c.scope).where(scopes.c.source == source, scopes.c.configured).order_by(scopes.c.scope)
            )
        )


def name_scope(engine: Engine, source: str, scope: str, name: str) -> None:
    """Remember the present name of a scope that has another one by now."""
    with writing(engine) as connection:
        connection.execute(update(scopes).where(scopes.c.source == source, scopes.c.scope == scope).values(name=name))


def progress_of(engine: Engine, scope_id: int) -> Progress | None:
    """The plan that an interrupted sync left behind, or None."""
    with reading(engine) as connection:
        stored = connection.execute(select(scopes.c.plan).where(scopes.c.id == scope_id)).scalar()
        if stored is None:
            return None
        rows = connection.execute(select(shards).where(shards.c.scope_id == scope_id)).all()
    plan = json.loads(stored)
    return Progress(
        plan=Plan(
            shards=tuple(Shard(shard["id"], shard["params"]) for shard in plan["shards"]),
            next=plan["next"],
            scope_name=plan["scope_name"],
            whole=plan["whole"],
            census=plan.get("census"),
        ),
        cursors={row.shard: json.loads(row.cursor) for row in rows if row.cursor},
        done=frozenset(row.shard for row in rows if row.done),
    )


def start_plan(engine: Engine, scope_id: int, plan: Plan) -> None:
    """Remember a plan, so that a sync that is killed can be resumed."""
    with writing(engine) as connection:
        connection.execute(delete(shards).where(shards.c.scope_id == scope_id))
        connection.execute(
            update(scopes)
            .where(scopes.c.id == scope_id)
            .values(plan=json.dumps(asdict(plan), sort_keys=True), name=plan.scope_name)
        )


def shard_cursor(engine: Engine, scope_id: int, shard: str) -> Cursor | None:
    """Where a shard goes on; None for its beginning."""
    with reading(engine) as connection:
        stored = connection.execute(
            select(shards.c.cursor).where(shards.c.scope_id == scope_id, shards.c.shard == shard)
        ).scalar()
    return None if stored is None else json.loads(stored)


def restart_shard(engine: Engine, scope_id: int, shard: str) -> None:
    """Forget a shard's cursor, because the service no longer accepts it."""
    with writing(engine) as connection:
        connection.execute(delete(shards).where(shards.c.scope_id == scope_id, shards.c.shard == shard))


def finish_plan(engine: Engine, scope_id: int, plan: Plan, now: datetime) -> None:
    """All shards are stored: the plan's cursor holds from here on."""
    with writing(engine) as connection:
        connection.execute(delete(shards).where(shards.c.scope_id == scope_id))
        connection.execute(
            update(scopes)
            .where(scopes.c.id == scope_id)
            .values(
                plan=None,
                cursor=json.dumps(plan.next, sort_keys=True),
                name=plan.scope_name,
                last_success=now,
                error=None,
            )
        )


def fail_scope(engine: Engine, scope_id: int, message: str) -> None:
    """Remember why a scope could not be brought up to date; what is stored stays."""
    with writing(engine) as connection:
        connection.execute(update(scopes).where(scopes.c.id == scope_id).values(error=message))


def finish_shard(engine: Engine, scope_id: int, shard: str) -> None:
    """Mark a shard as done that ended without a last page of its own."""
    with writing(engine) as connection:
        upsert(connection, shards, [{"scope_id": scope_id, "shard": shard, "cursor": None, "done": True}])


def mark_census(engine: Engine, scope_id: int, now: datetime) -> None:
    """A whole pull has just named every item: that was a census too."""
    with writing(engine) as connection:
        connection.execute(update(scopes).where(scopes.c.id == scope_id).values(last_census=now))
