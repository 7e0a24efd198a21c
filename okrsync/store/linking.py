"""Making links and pieces of work, in SQL: from rules, hierarchy, closing pull requests, trailers and names.

Only items that changed since the last time, with what depends on them, are linked again; a key result whose rules
changed is linked again whole. All of it is one transaction.

``links`` says which item serves which key result and by which rule. ``parts`` says which items make up which piece of
work; a piece is named by the item that stands for it. A key result takes a piece when a rule, a trailer or a parent
links any of its parts (reasons ``rule``, ``trailer``, ``parent``). What a piece's commits and pull requests inherit
from the issue they name is written down too (reasons ``closes``, ``names``), to be shown, but does not spread to other
pieces that they name.

The statements are written out: to have SQLAlchemy put them together takes as long as to run them on ten thousand items.
"""

# ruff: noqa: S608 - statements are put together from the names of our own tables and columns

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, delete, select

from okrsync import link
from okrsync.model import KeyResult, Programme
from okrsync.store.engine import reading, writing
from okrsync.store.linking_rules import forget, link_by_rules, want
from okrsync.store.linking_spread import link_by_others
from okrsync.store.schema import (
    dirty_items,
    facets,
    item_facets,
    item_keys,
    item_references,
    items,
    linked_rules,
    links,
    parts,
)
from okrsync.store.statements import chunks, count_anew

_DIRTY = "(SELECT item_id FROM dirty_items)"
_FEW = 0.2
"""Up to this share of all items, links are made from the items that changed rather than from the rules."""


def link_all(engine: Engine, programme: Programme) -> None:
    """Bring links and pieces up to date with the stored items and the rules of all cycles."""
    key_results = [kr for objective in programme.objectives for kr in objective.key_results]
    current = {kr.id: link.fingerprint(kr) for kr in key_results}
    # A report asks for this too, and must not wait for a sync's writes when there is nothing to do.
    with reading(engine) as connection:
        if not _any_dirty(connection) and _stored_rules(connection) == current:
            return
    with writing(engine) as connection:
        stored = _stored_rules(connection)
        fresh = [kr for kr in key_results if stored.get(kr.id) != current[kr.id]]
        same = [kr for kr in key_results if stored.get(kr.id) == current[kr.id]]
        stale = [kr_id for kr_id in stored if current.get(kr_id) != stored[kr_id]]
        for ids in chunks(stale):
            connection.execute(delete(links).where(links.c.key_result.in_(ids)))
            connection.execute(delete(linked_rules).where(linked_rules.c.key_result.in_(ids)))
        if _any_dirty(connection):
            dirty, total = _widen(connection)
            count_anew(connection, dirty_items)
            _find_parents(connection)
            connection.exec_driver_sql(f"DELETE FROM links WHERE item_id IN {_DIRTY}")
            connection.exec_driver_sql(f"DELETE FROM parts WHERE item_id IN {_DIRTY}")
            _make_parts(connection)
            if dirty > _FEW * total:
                count_anew(connection, parts)
            _make_links(connection, same, only_dirty=True, few=dirty <= _FEW * total)
        _make_links(connection, fresh, only_dirty=False, few=False)
        connection.exec_driver_sql("DELETE FROM dirty_items")
        if fresh:
            rows = [{"key_result": kr.id, "fingerprint": current[kr.id]} for kr in fresh]
            connection.execute(linked_rules.insert(), rows)


def _any_dirty(connection: Connection) -> bool:
    return connection.exec_driver_sql("SELECT 1 FROM dirty_items LIMIT 1").first() is not None


def _stored_rules(connection: Connection) -> dict[str, str]:
    return {row.key_result: row.fingerprint for row in connection.execute(select(linked_rules))}


# --- what must be linked again --------------------------------------------------------------------------------------


def _widen(connection: Connection) -> tuple[int, int]:
    """Add to the dirty items all whose links or pieces depend on one of them.

    Returns how many are dirty then, and how many items there are.
    """
    total = _count(connection, "items")
    changed = _count(connection, "dirty_items")
    count_anew(connection, dirty_items)
    if changed > _FEW * total:
        count_anew(connection, items, item_keys, item_references, item_facets, facets)
    before = -1
    # A chain such as epic → story → pull request → commit takes a round a step; the rounds end when nothing is new.
    while True:
        dirty = _count(connection, "dirty_items")
        if dirty in (before, total):
            return dirty, total
        before = dirty
        for dependents in _DEPENDENTS:
            connection.exec_driver_sql(f"INSERT INTO dirty_items (item_id) {dependents} ON CONFLICT DO NOTHING")


def _count(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one())


# SQLite cannot parse "SELECT … ON CONFLICT" without a WHERE clause: every SELECT here has one.
_KEYS_OF_DIRTY = f"(SELECT key FROM item_keys WHERE item_id IN {_DIRTY})"
_DEPENDENTS = (
    "SELECT i.id FROM items i JOIN items changed ON changed.native_id = i.parent_native_id "
    f"AND changed.source = i.source WHERE changed.id IN {_DIRTY}",
    f"SELECT id FROM items WHERE parent_key IN {_KEYS_OF_DIRTY}",
    # An issue inherits nothing from what it names; without this, issues that name each other would all be dirty.
    "SELECT f.item_id FROM item_references f JOIN items i ON i.id = f.item_id "
    f"WHERE f.kind IN ('closes', 'names') AND f.target IN {_KEYS_OF_DIRTY} AND i.kind <> 'issue'",
    "SELECT k.item_id FROM item_keys k JOIN item_references f ON f.target = k.key "
    f"WHERE f.kind = 'contains' AND f.item_id IN {_DIRTY}",
    # An epic turns what stands above it into something that is not counted itself, as long as it is there.
    # ``parent_id`` still is the parent of the last time here.
    "SELECT parent.id FROM items parent JOIN items changed ON changed.parent_id = parent.id "
    f"WHERE changed.id IN {_DIRTY} AND (changed.level >= 1 OR parent.level < 1 "
    "AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.item_id = parent.id))",
    "SELECT parent.id FROM items parent JOIN items changed ON changed.parent_native_id = parent.native_id "
    f"AND changed.source = parent.source WHERE changed.id IN {_DIRTY} AND changed.level >= 1",
    "SELECT k.item_id FROM item_keys k JOIN items changed ON changed.parent_key = k.key "
    f"WHERE changed.id IN {_DIRTY} AND changed.level >= 1",
)


def _find_parents(connection: Connection) -> None:
    distinct = "IS NOT" if connection.dialect.name == "sqlite" else "IS DISTINCT FROM"
    # EXISTS rather than a join: without statistics SQLite would walk all items of the source for every key.
    found = (
        "COALESCE((SELECT MIN(p.id) FROM items p WHERE p.source = items.source "
        "AND p.native_id = items.parent_native_id AND p.id <> items.id), "
        "(SELECT MIN(k.item_id) FROM item_keys k WHERE k.key = items.parent_key AND k.item_id <> items.id "
        "AND EXISTS (SELECT 1 FROM items p WHERE p.id = k.item_id AND p.source = items.source)))"
    )
    connection.exec_driver_sql(
        f"UPDATE items SET parent_id = {found} WHERE items.id IN {_DIRTY} AND (items.parent_native_id IS NOT NULL "
        f"OR items.parent_key IS NOT NULL OR items.parent_id IS NOT NULL) AND items.parent_id {distinct} {found}"
    )


# --- pieces of work -------------------------------------------------------------------------------------------------

_COUNTED = (
    "i.level >= 0 AND NOT (i.kind = 'issue' AND (i.level >= 1 "
    "OR EXISTS (SELECT 1 FROM items child WHERE child.parent_id = i.id AND child.level >= 1)))"
)
"""Not an epic, nor what stands above one: these pass their links down and are not counted themselves. Data Center does
not say that an initiative stands above epics; that an epic has it for a parent does."""


def _make_parts(connection: Connection) -> None:
    there = set(
        connection.exec_driver_sql(
            "SELECT DISTINCT i.kind, i.level < 0 FROM dirty_items x CROSS JOIN items i WHERE i.id = x.item_id"
        )
    )
    kinds = {kind for kind, _ in there}
    below = any(kind == "issue" and is_below for kind, is_below in there)
    is_dirty = f"i.id IN {_DIRTY}"

    def insert(selected: str) -> None:
        connection.exec_driver_sql(f"INSERT INTO parts (item_id, piece_id) {selected} ON CONFLICT DO NOTHING")

    def insert_alone(of_kind: str) -> None:
        insert(
            f"SELECT i.id, i.id FROM items i WHERE {is_dirty} AND {of_kind} "
            "AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.item_id = i.id)"
        )

    if "issue" in kinds:
        insert(f"SELECT i.id, i.id FROM items i WHERE {is_dirty} AND i.kind = 'issue' AND {_COUNTED}")
    if below:
        insert(
            "WITH RECURSIVE climb(item_id, above_id) AS (SELECT i.id, i.parent_id FROM items i "
            f"WHERE {is_dirty} AND i.kind = 'issue' AND i.level < 0 AND i.parent_id IS NOT NULL UNION "
            "SELECT climb.item_id, step.parent_id FROM climb JOIN items step ON step.id = climb.above_id "
            "WHERE step.level < 0 AND step.parent_id IS NOT NULL) "
            f"SELECT climb.item_id, i.id FROM climb JOIN items i ON i.id = climb.above_id WHERE {_COUNTED}"
        )
        # A sub-task whose parent is not in the store, or is an epic, stands for itself.
        insert_alone("i.kind = 'issue' AND i.level < 0")
    if "pull_request" in kinds:
        insert(_parts_by_name("pull_request", ("issue",)))
        insert_alone("i.kind = 'pull_request'")
    if "commit" in kinds:
        insert(_parts_by_name("commit", ("issue", "pull_request")))
        insert(
            "SELECT DISTINCT i.id, p.piece_id FROM item_references f JOIN item_keys k ON k.key = f.target "
            "JOIN items i ON i.id = k.item_id JOIN parts p ON p.item_id = f.item_id "
            f"WHERE f.kind = 'contains' AND i.kind = 'commit' AND {is_dirty}"
        )
        insert_alone("i.kind = 'commit'")


def _parts_by_name(kind: str, target_kinds: Sequence[str]) -> str:
    """Items of one kind with the pieces of what they close or name. An epic has no piece: naming it is no link."""
    kinds = ", ".join(f"'{each}'" for each in target_kinds)
    return (
        "SELECT DISTINCT i.id, p.piece_id FROM items i JOIN item_references f ON f.item_id = i.id "
        "JOIN item_keys k ON k.key = f.target JOIN items target ON target.id = k.item_id "
        f"JOIN parts p ON p.item_id = target.id WHERE i.kind = '{kind}' AND i.id IN {_DIRTY} "
        f"AND f.kind IN ('closes', 'names') AND target.kind IN ({kinds}) AND target.id <> i.id"
    )


def _make_links(connection: Connection, key_results: Sequence[KeyResult], *, only_dirty: bool, few: bool) -> None:
    if not key_results:
        return
    want(connection, key_results)
    link_by_rules(connection, key_results, only_dirty=only_dirty, few=few)
    if not few:
        count_anew(connection, links)
    link_by_others(connection, only_dirty=only_dirty, few=few)
    forget(connection)
