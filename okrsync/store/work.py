"""Work as it is stored: pages with their cursors, plans that can be resumed, the census, and what the sync knows of a
scope.

A page's items and its cursor are one transaction, so a sync that is killed between two pages has lost nothing and
doubled nothing: the next one goes on from the last cursor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from okrsync.connector import Cursor, Page, Plan, Shard
from okrsync.model import Milestone, ReferenceKind, WorkItem
from okrsync.store.engine import reading, writing
from okrsync.store.schema import (
    census_ids,
    dirty_items,
    facets,
    item_facets,
    item_keys,
    item_references,
    items,
    milestones,
    parts,
    scopes,
    shards,
)

_BATCH = 500
"""Values in one IN list: below the 999 variables that old SQLite libraries allow."""


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


@dataclass(frozen=True, slots=True)
class CensusResult:
    """What a census found."""

    removed: int
    missing: tuple[str, ...]
    """Ids that the source has and the store has not."""


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


def drop_plan(engine: Engine, scope_id: int) -> None:
    """Forget an interrupted plan: the next one begins anew."""
    with writing(engine) as connection:
        connection.execute(delete(shards).where(shards.c.scope_id == scope_id))
        connection.execute(update(scopes).where(scopes.c.id == scope_id).values(plan=None))


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


def save_page(engine: Engine, source: str, scope_id: int, shard: str | None, page: Page) -> int:
    """Store a page and, with it, the cursor from which its shard goes on. Returns how many items were new or changed.

    ``shard`` is None for items fetched outside a plan.
    """
    with writing(engine) as connection:
        changed = _save_items(connection, source, scope_id, page.items)
        _save_milestones(connection, source, page.milestones)
        if shard is not None:
            _upsert(
                connection,
                shards,
                [
                    {
                        "scope_id": scope_id,
                        "shard": shard,
                        "cursor": None if page.cursor is None else json.dumps(page.cursor, sort_keys=True),
                        "done": page.cursor is None,
                    }
                ],
            )
    return changed


def finish_shard(engine: Engine, scope_id: int, shard: str) -> None:
    """Mark a shard as done that ended without a last page of its own."""
    with writing(engine) as connection:
        _upsert(connection, shards, [{"scope_id": scope_id, "shard": shard, "cursor": None, "done": True}])


def count_items(engine: Engine, scope_id: int) -> int:
    """How many items a scope holds in the store."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).where(items.c.scope_id == scope_id)).scalar_one()


def take_census(
    engine: Engine, source: str, scope_id: int, ids: Iterable[Sequence[str]], now: datetime, *, may_empty: bool
) -> CensusResult | None:
    """Compare the store with all ids that a scope holds at its source; remove what is gone.

    ``ids`` is read to its end before anything is removed: an error that it raises leaves the store as it was. Returns
    None, and removes nothing, when the source names no item at all though the store has some, unless ``may_empty``: a
    withdrawn permission looks just like that.
    """
    with writing(engine) as connection:
        connection.execute(delete(census_ids).where(census_ids.c.scope_id == scope_id))
    for batch in ids:
        with writing(engine) as connection:
            _insert_ignore(connection, census_ids, [{"scope_id": scope_id, "native_id": native} for native in batch])
    here = items.c.scope_id == scope_id
    named = select(census_ids.c.native_id).where(census_ids.c.scope_id == scope_id)
    with writing(engine) as connection:
        seen = connection.execute(select(func.count()).select_from(named.subquery())).scalar_one()
        stored = connection.execute(select(func.count()).where(here)).scalar_one()
        if not seen and stored and not may_empty:
            return None
        gone = select(items.c.id).where(here, items.c.native_id.not_in(named))
        removed = _remove(connection, gone)
        known = select(items.c.native_id).where(items.c.source == source)
        missing = tuple(connection.scalars(named.where(census_ids.c.native_id.not_in(known)).order_by("native_id")))
        connection.execute(delete(census_ids).where(census_ids.c.scope_id == scope_id))
        connection.execute(
            update(scopes).where(scopes.c.id == scope_id).values(last_census=now, removed=scopes.c.removed + removed)
        )
    return CensusResult(removed, missing)


def mark_census(engine: Engine, scope_id: int, now: datetime) -> None:
    """A whole pull has just named every item: that was a census too."""
    with writing(engine) as connection:
        connection.execute(update(scopes).where(scopes.c.id == scope_id).values(last_census=now))


def _save_items(connection: Connection, source: str, scope_id: int, batch: Sequence[WorkItem]) -> int:
    # The same item twice in one page: the later one holds, as it would on two pages.
    incoming = {item.id: item for item in batch}
    if not incoming:
        return 0
    known: dict[str, Any] = {}
    for native_ids in _chunks(list(incoming)):
        rows = connection.execute(
            select(items.c.native_id, items.c.id, items.c.content_hash, items.c.scope_id).where(
                items.c.source == source, items.c.native_id.in_(native_ids)
            )
        )
        known |= {row.native_id: row for row in rows}
    hashes = {native: _content_hash(item) for native, item in incoming.items()}
    changed = [
        item
        for native, item in incoming.items()
        if native not in known or known[native].content_hash != hashes[native] or known[native].scope_id != scope_id
    ]
    if not changed:
        return 0
    _upsert(
        connection,
        items,
        [_item_row(item, source, scope_id, hashes[item.id]) for item in changed],
        key=("source", "native_id"),
    )
    row_ids: dict[str, int] = {}
    for native_ids in _chunks([item.id for item in changed]):
        row_ids |= {
            row.native_id: row.id
            for row in connection.execute(
                select(items.c.native_id, items.c.id).where(items.c.source == source, items.c.native_id.in_(native_ids))
            )
        }
    replaced = [row_ids[item.id] for item in changed if item.id in known]
    for ids in _chunks(replaced):
        # A pull request may bring other commits now: those that it brought must find their piece of work anew.
        _insert_ignore(
            connection, dirty_items, [{"item_id": row_id} for row_id in connection.scalars(_brought_by(ids))]
        )
        connection.execute(delete(item_facets).where(item_facets.c.item_id.in_(ids)))
        connection.execute(delete(item_references).where(item_references.c.item_id.in_(ids)))
    _insert_ignore(
        connection,
        item_keys,
        [
            {"key": _clean(key).lower(), "item_id": row_ids[item.id]}
            for item in changed
            for key in dict.fromkeys((item.key, *item.former_keys))
        ],
    )
    _save_facets(connection, {row_ids[item.id]: item for item in changed})
    _insert_ignore(
        connection,
        item_references,
        [
            {"item_id": row_ids[item.id], "kind": reference.kind, "target": _target(reference.kind, reference.target)}
            for item in changed
            for reference in item.references
        ],
    )
    _insert_ignore(connection, dirty_items, [{"item_id": row_id} for row_id in row_ids.values()])
    return len(changed)


def _clean(value: Any) -> Any:
    """Text that every database takes: PostgreSQL refuses NUL, and no database stores half a surrogate pair."""
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _target(kind: ReferenceKind, target: str) -> str:
    target = str(_clean(target))
    return target if kind is ReferenceKind.KEY_RESULT else target.lower()


def _save_facets(connection: Connection, by_row: Mapping[int, WorkItem]) -> None:
    wanted: dict[tuple[str, str], list[int]] = {}
    for row_id, item in by_row.items():
        for kind, values in (
            ("label", item.labels),
            ("component", item.components),
            ("version", item.versions),
            ("milestone", item.milestones),
            ("sprint", item.sprints),
            ("path", item.paths),
        ):
            for value in dict.fromkeys(_clean(value) for value in values):
                wanted.setdefault((kind, value), []).append(row_id)
    if not wanted:
        return
    _insert_ignore(connection, facets, [{"kind": kind, "value": value} for kind, value in wanted])
    facet_ids: dict[tuple[str, str], int] = {}
    for kind in sorted({kind for kind, _ in wanted}):
        for some in _chunks([value for of_kind, value in wanted if of_kind == kind]):
            rows = connection.execute(
                select(facets.c.value, facets.c.id).where(facets.c.kind == kind, facets.c.value.in_(some))
            )
            facet_ids |= {(kind, row.value): row.id for row in rows}
    _insert_ignore(
        connection,
        item_facets,
        [{"item_id": row_id, "facet_id": facet_ids[facet]} for facet, row_ids in wanted.items() for row_id in row_ids],
    )


def _save_milestones(connection: Connection, source: str, batch: Sequence[Milestone]) -> None:
    rows = {
        (milestone.kind, milestone.id): {
            "source": source,
            "kind": milestone.kind,
            "native_id": milestone.id,
            "project": milestone.project,
            "name": _clean(milestone.name),
            "state": milestone.state,
            "start": milestone.start,
            "due": milestone.due,
            "closed": milestone.closed,
            "url": milestone.url,
        }
        for milestone in batch
    }
    _upsert(connection, milestones, list(rows.values()))


def _remove(connection: Connection, gone: Any) -> int:
    """Delete the selected items; what depended on them (children, what named them …) is linked again."""
    row_ids = list(connection.scalars(gone))
    for ids in _chunks(row_ids):
        keys = select(item_keys.c.key).where(item_keys.c.item_id.in_(ids))
        dependents = (
            select(items.c.id)
            .where(items.c.parent_id.in_(ids))
            .union(
                select(item_references.c.item_id).where(item_references.c.target.in_(keys)),
                select(parts.c.item_id).where(parts.c.piece_id.in_(ids)),
                _brought_by(ids),
                # What stood above an epic alone is an ordinary issue now.
                select(items.c.parent_id).where(
                    items.c.id.in_(ids), items.c.level >= 1, items.c.parent_id.is_not(None)
                ),
            )
            .subquery()
        )
        affected = list(connection.scalars(select(dependents.c[0])))
        connection.execute(delete(items).where(items.c.id.in_(ids)))
        _insert_ignore(connection, dirty_items, [{"item_id": row_id} for row_id in set(affected) - set(ids)])
        connection.execute(delete(dirty_items).where(dirty_items.c.item_id.in_(ids)))
    return len(row_ids)


def _brought_by(ids: Sequence[int]) -> Select[tuple[int]]:
    """The commits that some pull requests brought."""
    return (
        select(item_keys.c.item_id)
        .join(item_references, item_references.c.target == item_keys.c.key)
        .where(item_references.c.kind == "contains", item_references.c.item_id.in_(ids))
    )


def _item_row(item: WorkItem, source: str, scope_id: int, content_hash: str) -> dict[str, Any]:
    row = {
        "source": source,
        "native_id": item.id,
        "scope_id": scope_id,
        "kind": item.kind,
        "type": item.type,
        "level": item.level,
        "key": item.key,
        "project": item.project,
        "title": item.title,
        "url": item.url,
        "state": item.state,
        "status": item.status,
        "status_id": item.status_id,
        "resolution": item.resolution,
        "resolution_id": item.resolution_id,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "done_at": item.done_at,
        "assignee": item.assignee,
        "author": item.author,
        "parent_native_id": item.parent_id,
        "parent_key": None if item.parent_key is None else item.parent_key.lower(),
        "points": item.points,
        "content_hash": content_hash,
    }
    return {name: _clean(value) for name, value in row.items()}


def _content_hash(item: WorkItem) -> str:
    # repr of a slotted frozen dataclass names every field in order; it is stable for the plain values it holds.
    return hashlib.blake2b(repr(item).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))


def _dialect_insert(connection: Connection, table: Any) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)


def _upsert(connection: Connection, table: Any, rows: list[dict[str, Any]], key: Sequence[str] = ()) -> None:
    if not rows:
        return
    key = key or [column.name for column in table.primary_key]
    statement = _dialect_insert(connection, table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values), rows)


def _insert_ignore(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_dialect_insert(connection, table).on_conflict_do_nothing(), rows)
