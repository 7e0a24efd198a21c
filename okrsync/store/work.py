"""Work as it is stored: pages with their cursors, and the census.

A page's items and its cursor are one transaction, so a sync that is killed between two pages has lost nothing and
doubled nothing: the next one goes on from the last cursor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, select, update

from okrsync.connector import Page
from okrsync.model import Milestone, ReferenceKind, Wait, WorkItem
from okrsync.store.engine import reading, writing
from okrsync.store.schema import (
    census_ids,
    dirty_items,
    facets,
    item_facets,
    item_keys,
    item_references,
    item_waits,
    items,
    milestones,
    parts,
    scopes,
    shards,
)
from okrsync.store.statements import chunks, insert_ignoring, upsert

_ONE_WRITER = 0x6F6B722D70616765  # "okr-page" in ASCII


@dataclass(frozen=True, slots=True)
class CensusResult:
    """What a census found."""

    removed: int
    missing: tuple[str, ...]
    """Ids that the source has and the store has not."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A page, and where it belongs."""

    source: str
    scope_id: int
    shard: str | None
    """None for items fetched outside a plan."""
    page: Page


def save_page(engine: Engine, source: str, scope_id: int, shard: str | None, page: Page) -> int:
    """Store a page and, with it, the cursor from which its shard goes on. Returns how many items were new or changed.

    ``shard`` is None for items fetched outside a plan.
    """
    return save_pages(engine, [Arrival(source, scope_id, shard, page)])[0]


def save_pages(engine: Engine, arrivals: Sequence[Arrival]) -> list[int]:
    """Store pages with their cursors, all of them or none, in the order in which they came.

    Returns of each how many of its items were new or changed.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            # Two processes that insert the same labels in another order would wait for each other for ever.
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_WRITER)))
        return [_save_page(connection, arrival) for arrival in arrivals]


def _save_page(connection: Connection, arrival: Arrival) -> int:
    page = arrival.page
    changed = _save_items(connection, arrival.source, arrival.scope_id, page.items)
    _save_milestones(connection, arrival.source, page.milestones)
    if arrival.shard is not None:
        upsert(
            connection,
            shards,
            [
                {
                    "scope_id": arrival.scope_id,
                    "shard": arrival.shard,
                    "cursor": None if page.cursor is None else json.dumps(page.cursor, sort_keys=True),
                    "done": page.cursor is None,
                }
            ],
        )
    return changed


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
            insert_ignoring(connection, census_ids, [{"scope_id": scope_id, "native_id": native} for native in batch])
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


def _save_items(connection: Connection, source: str, scope_id: int, batch: Sequence[WorkItem]) -> int:
    # The same item twice in one page: the later one holds, as it would on two pages.
    incoming = {item.id: item for item in batch}
    if not incoming:
        return 0
    known: dict[str, Any] = {}
    for native_ids in chunks(list(incoming)):
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
    upsert(
        connection,
        items,
        [_item_row(item, source, scope_id, hashes[item.id]) for item in changed],
        key=("source", "native_id"),
    )
    row_ids: dict[str, int] = {}
    for native_ids in chunks([item.id for item in changed]):
        row_ids |= {
            row.native_id: row.id
            for row in connection.execute(
                select(items.c.native_id, items.c.id).where(items.c.source == source, items.c.native_id.in_(native_ids))
            )
        }
    replaced = [row_ids[item.id] for item in changed if item.id in known]
    for ids in chunks(replaced):
        # A pull request may bring other commits now: those that it brought must find their piece of work anew.
        insert_ignoring(
            connection, dirty_items, [{"item_id": row_id} for row_id in connection.scalars(_brought_by(ids))]
        )
        connection.execute(delete(item_facets).where(item_facets.c.item_id.in_(ids)))
        connection.execute(delete(item_references).where(item_references.c.item_id.in_(ids)))
        connection.execute(delete(item_waits).where(item_waits.c.item_id.in_(ids)))
    insert_ignoring(
        connection,
        item_keys,
        [
            {"key": _clean(key).lower(), "item_id": row_ids[item.id]}
            for item in changed
            for key in dict.fromkeys((item.key, *item.former_keys))
        ],
    )
    _save_facets(connection, {row_ids[item.id]: item for item in changed})
    insert_ignoring(
        connection,
        item_references,
        [
            {"item_id": row_ids[item.id], "kind": reference.kind, "target": _target(reference.kind, reference.target)}
            for item in changed
            for reference in item.references
        ],
    )
    insert_ignoring(
        connection, item_waits, [_wait_row(row_ids[item.id], wait) for item in changed for wait in item.waits]
    )
    insert_ignoring(connection, dirty_items, [{"item_id": row_id} for row_id in row_ids.values()])
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
    insert_ignoring(connection, facets, [{"kind": kind, "value": value} for kind, value in wanted])
    facet_ids: dict[tuple[str, str], int] = {}
    for kind in sorted({kind for kind, _ in wanted}):
        for some in chunks([value for of_kind, value in wanted if of_kind == kind]):
            rows = connection.execute(
                select(facets.c.value, facets.c.id).where(facets.c.kind == kind, facets.c.value.in_(some))
            )
            facet_ids |= {(kind, row.value): row.id for row in rows}
    insert_ignoring(
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
    upsert(connection, milestones, list(rows.values()))


def _remove(connection: Connection, gone: Any) -> int:
    """Delete the selected items; what depended on them (children, what named them …) is linked again."""
    row_ids = list(connection.scalars(gone))
    for ids in chunks(row_ids):
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
        insert_ignoring(connection, dirty_items, [{"item_id": row_id} for row_id in set(affected) - set(ids)])
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


def _wait_row(item_id: int, wait: Wait) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "kind": wait.kind,
        "account": _clean(wait.account),
        "since": wait.since,
        "until": wait.until,
    }


def _content_hash(item: WorkItem) -> str:
    # repr of a slotted frozen dataclass names every field in order; it is stable for the plain values it holds.
    return hashlib.blake2b(repr(item).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
