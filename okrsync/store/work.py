"""Work as it is stored: pages with their cursors, and the census.

A page's items and its cursor are one transaction, so a sync that is killed between two pages has lost nothing and
doubled nothing: the next one goes on from the last cursor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Connection, Engine, Select, delete, func, select, text, update

from okrsync.connector import Page
from okrsync.model import ItemKind, Milestone, Reference, ReferenceKind, WorkItem
from okrsync.storable import storable
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
    removed_keys,
    scopes,
    shards,
)
from okrsync.store.statements import bulk_insert, chunks, insert_ignoring, select_among, stored_day, stored_moment

_ONE_WRITER = 0x6F6B722D70616765  # "okr-page" in ASCII


_FacetIds: TypeAlias = dict[str, dict[str, int]]
"""Rows by kind and value."""

_FACET_IDS: WeakKeyDictionary[Engine, _FacetIds] = WeakKeyDictionary()
"""What is committed in each store. It stays true: facets are never changed and never deleted."""

_FACETS_REMEMBERED = 20_000
"""About 4 MB: the paths of a large repository must not all stay in memory."""


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
    remembered = _FACET_IDS.setdefault(engine, {})
    found: _FacetIds = {}
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            # Two processes that insert the same labels in another order would wait for each other for ever.
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_WRITER)))
        changed = _save_pages(connection, arrivals, remembered, found)
    # Only now is it sure that those which were new are stored. Another thread may still be reading what is remembered.
    if sum(map(len, remembered.values())) > _FACETS_REMEMBERED:
        _FACET_IDS[engine] = {}
    else:
        for kind, rows in found.items():
            remembered.setdefault(kind, {}).update(rows)
    return changed


def _save_pages(
    connection: Connection, arrivals: Sequence[Arrival], remembered: _FacetIds, found: _FacetIds
) -> list[int]:
    changed = [0] * len(arrivals)
    by_source: dict[str, list[int]] = {}
    for index, arrival in enumerate(arrivals):
        by_source.setdefault(arrival.source, []).append(index)
    for source, indexes in by_source.items():
        pages = [(arrivals[at].scope_id, arrivals[at].page.items) for at in indexes]
        numbers = _save_items(connection, source, pages, remembered, found)
        for index, number in zip(indexes, numbers, strict=True):
            changed[index] = number
        _save_milestones(connection, source, [one for at in indexes for one in arrivals[at].page.milestones])
    # The last page of a shard has the cursor from which it goes on.
    cursors = {
        (arrival.scope_id, arrival.shard): arrival.page.cursor for arrival in arrivals if arrival.shard is not None
    }
    bulk_insert(
        connection,
        shards,
        ("scope_id", "shard", "cursor", "done"),
        [
            (scope_id, shard, None if cursor is None else json.dumps(cursor, sort_keys=True), cursor is None)
            for (scope_id, shard), cursor in cursors.items()
        ],
        key=("scope_id", "shard"),
    )
    return changed


def count_items(engine: Engine, scope_id: int) -> int:
    """How many items a scope holds in the store."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).where(items.c.scope_id == scope_id)).scalar_one()


def has_items(engine: Engine, scope_id: int) -> bool:
    """Does the store hold any item of a scope?"""
    with reading(engine) as connection:
        return connection.execute(select(items.c.id).where(items.c.scope_id == scope_id).limit(1)).first() is not None


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


def _save_items(
    connection: Connection,
    source: str,
    pages: Sequence[tuple[int, Sequence[WorkItem]]],
    remembered: _FacetIds,
    found: _FacetIds,
) -> list[int]:
    """Store the items of some pages with their scopes; returns of each page how many were new or changed."""
    numbers = []
    batch = [(scope_id, {item.id: (item, digest) for item, digest in map(_storable, page)}) for scope_id, page in pages]
    # With their parents: what is stored of these costs little now, as the rows are in memory.
    named = {native: None for _, page in batch for native in page}
    named |= {item.parent_id: None for _, page in batch for item, _ in page.values() if item.parent_id is not None}
    known = _known(connection, source, list(named))
    as_stored = {native: stored for native, (_, stored) in known.items()}
    # The same item on two pages, or twice on one: the later one holds.
    changed: dict[str, tuple[WorkItem, int, str]] = {}
    for scope_id, page in batch:
        number = 0
        for native, (item, digest) in page.items():
            if as_stored.get(native) != (digest, scope_id):
                as_stored[native] = (digest, scope_id)
                changed[native] = (item, scope_id, digest)
                number += 1
        numbers.append(number)
    if not changed:
        return numbers
    new = [native for native in changed if native not in known]
    row_ids = {native: row_id for native, (row_id, _) in known.items()}
    row_ids.update(zip(new, _free_ids(connection, len(new)), strict=True))
    moment = stored_moment(connection)
    new_rows: list[tuple[Any, ...]] = []
    changed_rows: list[tuple[Any, ...]] = []
    for native, (item, scope_id, digest) in changed.items():
        parent = row_ids.get(item.parent_id) if item.parent_id is not None else None
        row_id = row_ids[native]
        row = _item_row(row_id, item, source, scope_id, digest, None if parent == row_id else parent, moment)
        (changed_rows if native in known else new_rows).append(row)
    bulk_insert(connection, items, _ITEM_COLUMNS, new_rows, new=True)
    # Of items that were stored before, the link step must see what parent they had.
    bulk_insert(connection, items, _ITEM_COLUMNS, changed_rows, key=("source", "native_id"), keep=("parent_id",))
    _forget_details(connection, [row_ids[native] for native in changed if native in known])
    by_row = sorted((row_ids[native], item) for native, (item, _, _) in changed.items())
    _save_facets(connection, by_row, remembered, found)
    _save_details(connection, by_row, moment)
    _give_back_keys(connection, source, {native: row_ids[native] for native in new})
    bulk_insert(connection, dirty_items, ("item_id",), [(row_id,) for row_id, _ in by_row])
    return numbers


_AsStored: TypeAlias = tuple[int, tuple[str, int]]
"""An item's row, its digest and its scope."""


def _known(connection: Connection, source: str, native_ids: Sequence[str]) -> dict[str, _AsStored]:
    """The stored items among some."""
    rows = select_among(
        connection,
        "SELECT native_id, id, content_hash, scope_id FROM items WHERE source = {source} AND native_id IN {among}",
        native_ids,
        source=source,
    )
    return {native: (row_id, (digest, scope_id)) for native, row_id, digest, scope_id in rows}


def _free_ids(connection: Connection, number: int) -> Sequence[int]:
    """Ids for new rows, which nobody else can take before this transaction ends."""
    if not number:
        return ()
    if connection.dialect.name == "postgresql":
        query = text("SELECT nextval(pg_get_serial_sequence('items', 'id')) FROM generate_series(1, :number)")
        return list(connection.scalars(query, {"number": number}))
    first = (connection.exec_driver_sql("SELECT MAX(id) FROM items").scalar() or 0) + 1
    return range(first, first + number)


def _give_back_keys(connection: Connection, source: str, new: Mapping[str, int]) -> None:
    """An item that was removed and is there again (it moved to a project that could not be read then) is known by the
    keys that it had before. ``new`` are rows by the source's identities."""
    if not new or connection.exec_driver_sql("SELECT 1 FROM removed_keys LIMIT 1").first() is None:
        return
    found = select_among(
        connection,
        "SELECT native_id, key FROM removed_keys WHERE source = {source} AND native_id IN {among}",
        list(new),
        source=source,
    )
    bulk_insert(connection, item_keys, ("key", "item_id"), [(key, new[native]) for native, key in found])
    for some in chunks(list({native for native, _ in found})):
        connection.execute(
            delete(removed_keys).where(removed_keys.c.source == source, removed_keys.c.native_id.in_(some))
        )


def _forget_details(connection: Connection, replaced: Sequence[int]) -> None:
    """Make room for what changed items consist of now."""
    for ids in chunks(replaced):
        # A pull request may bring other commits now: those that it brought must find their piece of work anew.
        bulk_insert(connection, dirty_items, ("item_id",), [(row,) for row in connection.scalars(_brought_by(ids))])
        connection.execute(delete(item_facets).where(item_facets.c.item_id.in_(ids)))
        connection.execute(delete(item_references).where(item_references.c.item_id.in_(ids)))
        connection.execute(delete(item_waits).where(item_waits.c.item_id.in_(ids)))


def _save_details(connection: Connection, changed: Sequence[tuple[int, WorkItem]], moment: Callable[..., Any]) -> None:
    bulk_insert(
        connection,
        item_keys,
        ("key", "item_id"),
        [(key.lower(), row_id) for row_id, item in changed for key in dict.fromkeys((item.key, *item.former_keys))],
    )
    bulk_insert(
        connection,
        item_references,
        ("item_id", "kind", "target"),
        [(row_id, str(one.kind), _target(one)) for row_id, item in changed for one in item.references],
    )
    bulk_insert(
        connection,
        item_waits,
        ("item_id", "kind", "account", "since", "until"),
        [
            (row_id, wait.kind, wait.account, moment(wait.since), moment(wait.until))
            for row_id, item in changed
            for wait in item.waits
        ],
    )


def _target(reference: Reference) -> str:
    return reference.target if reference.kind is ReferenceKind.KEY_RESULT else reference.target.lower()


def _save_facets(
    connection: Connection, changed: Sequence[tuple[int, WorkItem]], remembered: _FacetIds, found: _FacetIds
) -> None:
    """``changed`` in the order of the table: SQLite is quicker then. What is not ``remembered`` goes to ``found``."""
    carried = [
        (row_id, (item.labels, item.components, item.versions, item.milestones, item.sprints, item.paths))
        for row_id, item in changed
    ]
    ids: list[dict[str, int]] = []
    for kind, of_kind in zip(_FACET_KINDS, zip(*(values for _, values in carried), strict=True), strict=True):
        wanted = {value for some in of_kind for value in some}
        before, now = remembered.get(kind, {}), found.get(kind, {})
        known = {value: row_id for value in wanted if (row_id := before.get(value) or now.get(value))}
        if unknown := sorted(wanted - known.keys()):
            stored = _stored_facets(connection, kind, unknown)
            if missing := [value for value in unknown if value not in stored]:
                bulk_insert(connection, facets, ("kind", "value"), [(kind, value) for value in missing])
                stored |= _stored_facets(connection, kind, missing)
            found[kind] = now | stored
            known |= stored
        ids.append(known)
    rows: list[tuple[int, int]] = []
    for row_id, values in carried:
        facet_ids = {known[value] for known, some in zip(ids, values, strict=True) for value in some}
        rows += [(row_id, facet_id) for facet_id in sorted(facet_ids)]
    bulk_insert(connection, item_facets, ("item_id", "facet_id"), rows, new=True)


def _stored_facets(connection: Connection, kind: str, values: Sequence[str]) -> dict[str, int]:
    """The rows of those facets of a kind that are stored."""
    query = "SELECT value, id FROM facets WHERE kind = {kind} AND value IN {among}"
    return dict(select_among(connection, query, values, kind=kind))


def _save_milestones(connection: Connection, source: str, batch: Sequence[Milestone]) -> None:
    day = stored_day(connection)
    rows = {
        (one.kind, one.id): (
            *(source, one.kind, one.id, one.project, storable(one.name), one.state),
            *(day(one.start), day(one.due), day(one.closed), one.url),
        )
        for one in batch
    }
    bulk_insert(connection, milestones, _MILESTONE_COLUMNS, list(rows.values()), key=("source", "kind", "native_id"))


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
        kept = (
            select(items.c.source, items.c.native_id, item_keys.c.key)
            .join(item_keys)
            .where(items.c.id.in_(ids), items.c.kind != ItemKind.COMMIT)
        )
        insert_ignoring(connection, removed_keys, [dict(row) for row in connection.execute(kept).mappings()])
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


_FACET_KINDS = ("label", "component", "version", "milestone", "sprint", "path")

_MILESTONE_COLUMNS = ("source", "kind", "native_id", "project", "name", "state", "start", "due", "closed", "url")

_ITEM_COLUMNS = (
    *("id", "source", "native_id", "scope_id", "kind", "type", "level", "key", "project", "title", "url", "state"),
    *("status", "status_id", "resolution", "resolution_id", "created_at", "updated_at", "done_at", "assignee"),
    *("author", "parent_native_id", "parent_key", "parent_id", "points", "content_hash"),
)


def _item_row(
    row_id: int,
    item: WorkItem,
    source: str,
    scope_id: int,
    content_hash: str,
    parent: int | None,
    moment: Callable[[datetime | None], Any],
) -> tuple[Any, ...]:
    return (
        row_id,
        source,
        item.id,
        scope_id,
        str(item.kind),  # the driver would look up for each whether it knows how to write an enumeration
        item.type,
        item.level,
        item.key,
        item.project,
        item.title,
        item.url,
        str(item.state),
        item.status,
        item.status_id,
        item.resolution,
        item.resolution_id,
        moment(item.created_at),
        moment(item.updated_at),
        moment(item.done_at),
        item.assignee,
        item.author,
        item.parent_id,
        None if item.parent_key is None else item.parent_key.lower(),
        parent,
        item.points,
        content_hash,
    )


def _storable(item: WorkItem) -> tuple[WorkItem, str]:
    """An item without text that a database refuses, and a digest of all that it holds."""
    try:
        content = msgspec.json.encode(item)
    except UnicodeEncodeError:
        content = None
    if content is None or b"\\u0000" in content:
        item = _cleaned(item)
        content = msgspec.json.encode(item)
    return item, hashlib.blake2b(content, digest_size=16).hexdigest()


def _cleaned(value: Any) -> Any:
    """A value with ``storable`` text, in whatever it is made of."""
    if isinstance(value, tuple):
        return tuple(_cleaned(one) for one in value)
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return msgspec.structs.replace(value, **{name: _cleaned(getattr(value, name)) for name in names})
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
    return storable(value) if isinstance(value, str) else value
