"""Making links and pieces of work, in SQL: from rules, hierarchy, closing pull requests, trailers and names.

Only items that changed since the last time, with what depends on them, are linked again; a key result whose rules
changed is linked again whole. All of it is one transaction.

``links`` says which item serves which key result and by which rule. ``parts`` says which items make up which piece of
work; a piece is named by the item that stands for it. A key result takes a piece when a rule, a trailer or a parent
links any of its parts (reasons ``rule``, ``trailer``, ``parent``). What a piece's commits and pull requests inherit
from the issue they name is written down too (reasons ``closes``, ``names``), to be shown, but does not spread to other
pieces that they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, delete, exists, func, or_, select, update

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
from okrsync.store.statements import chunks, count_anew, insert_into

_DIRTY = select(dirty_items.c.item_id)
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
            connection.execute(delete(links).where(links.c.item_id.in_(_DIRTY)))
            connection.execute(delete(parts).where(parts.c.item_id.in_(_DIRTY)))
            _make_parts(connection)
            if dirty > _FEW * total:
                count_anew(connection, parts)
            _make_links(connection, same, only_dirty=True, few=dirty <= _FEW * total)
        _make_links(connection, fresh, only_dirty=False, few=False)
        connection.execute(delete(dirty_items))
        if fresh:
            rows = [{"key_result": kr.id, "fingerprint": current[kr.id]} for kr in fresh]
            connection.execute(linked_rules.insert(), rows)


def _any_dirty(connection: Connection) -> bool:
    return bool(connection.execute(select(exists(select(dirty_items.c.item_id)))).scalar())


def _stored_rules(connection: Connection) -> dict[str, str]:
    return {row.key_result: row.fingerprint for row in connection.execute(select(linked_rules))}


# --- what must be linked again --------------------------------------------------------------------------------------


def _widen(connection: Connection) -> tuple[int, int]:
    """Add to the dirty items all whose links or pieces depend on one of them.

    Returns how many are dirty then, and how many items there are.
    """
    total = connection.execute(select(func.count()).select_from(items)).scalar_one()
    changed = connection.execute(select(func.count()).select_from(dirty_items)).scalar_one()
    count_anew(connection, dirty_items)
    if changed > _FEW * total:
        count_anew(connection, items, item_keys, item_references, item_facets, facets)
    before = -1
    # A chain such as epic → story → pull request → commit takes a round a step; the rounds end when nothing is new.
    while True:
        dirty = connection.execute(select(func.count()).select_from(dirty_items)).scalar_one()
        if dirty in (before, total):
            return dirty, total
        before = dirty
        for dependents in _dependents():
            _insert(connection, dirty_items, ["item_id"], dependents)


def _dependents() -> Iterable[Select[Any]]:
    changed = items.alias("changed")
    is_dirty = changed.c.id.in_(_DIRTY)
    yield (
        select(items.c.id)
        .join(changed, and_(changed.c.native_id == items.c.parent_native_id, changed.c.source == items.c.source))
        .where(is_dirty)
    )
    keys_of_dirty = select(item_keys.c.key).where(item_keys.c.item_id.in_(_DIRTY))
    yield select(items.c.id).where(items.c.parent_key.in_(keys_of_dirty))
    # An issue inherits nothing from what it names; without this, issues that name each other would all be dirty.
    yield (
        select(item_references.c.item_id)
        .join(items, items.c.id == item_references.c.item_id)
        .where(
            item_references.c.kind.in_(("closes", "names")),
            item_references.c.target.in_(keys_of_dirty),
            items.c.kind != "issue",
        )
    )
    yield (
        select(item_keys.c.item_id)
        .join(item_references, item_references.c.target == item_keys.c.key)
        .where(item_references.c.kind == "contains", item_references.c.item_id.in_(_DIRTY))
    )
    # An epic turns what stands above it into something that is not counted itself, as long as it is there.
    # ``parent_id`` still is the parent of the last time here.
    parent = items.alias("parent")
    not_counted = and_(parent.c.level < 1, ~exists(select(parts.c.item_id).where(parts.c.item_id == parent.c.id)))
    yield (
        select(parent.c.id)
        .join(changed, changed.c.parent_id == parent.c.id)
        .where(is_dirty, or_(changed.c.level >= 1, not_counted))
    )
    yield (
        select(parent.c.id)
        .join(changed, and_(changed.c.parent_native_id == parent.c.native_id, changed.c.source == parent.c.source))
        .where(is_dirty, changed.c.level >= 1)
    )
    yield (
        select(item_keys.c.item_id)
        .join(changed, changed.c.parent_key == item_keys.c.key)
        .where(is_dirty, changed.c.level >= 1)
    )


def _find_parents(connection: Connection) -> None:
    parent = items.alias("parent")
    by_id = (
        select(func.min(parent.c.id))
        .where(
            parent.c.source == items.c.source,
            parent.c.native_id == items.c.parent_native_id,
            parent.c.id != items.c.id,
        )
        .correlate(items)
        .scalar_subquery()
    )
    # EXISTS rather than a join: without statistics SQLite would walk all items of the source for every key.
    of_same_source = exists(
        select(parent.c.id).where(parent.c.id == item_keys.c.item_id, parent.c.source == items.c.source)
    ).correlate(items, item_keys)
    by_key = (
        select(func.min(item_keys.c.item_id))
        .where(item_keys.c.key == items.c.parent_key, item_keys.c.item_id != items.c.id, of_same_source)
        .correlate(items)
        .scalar_subquery()
    )
    found = func.coalesce(by_id, by_key)
    connection.execute(
        update(items)
        .where(
            items.c.id.in_(_DIRTY),
            or_(items.c.parent_native_id.is_not(None), items.c.parent_key.is_not(None), items.c.parent_id.is_not(None)),
            items.c.parent_id.is_distinct_from(found),
        )
        .values(parent_id=found)
    )


# --- pieces of work -------------------------------------------------------------------------------------------------


def _make_parts(connection: Connection) -> None:
    def insert(selected: Select[Any]) -> None:
        _insert(connection, parts, ["item_id", "piece_id"], selected)

    dirty = items.c.id.in_(_DIRTY)
    alone = select(items.c.id, items.c.id).where(
        dirty, ~exists(select(parts.c.item_id).where(parts.c.item_id == items.c.id))
    )
    issue = items.c.kind == "issue"
    insert(select(items.c.id, items.c.id).where(dirty, issue, items.c.level >= 0, ~link.container()))

    above = select(items.c.id.label("item_id"), items.c.parent_id.label("above_id")).where(
        dirty, issue, items.c.level < 0, items.c.parent_id.is_not(None)
    )
    climb = above.cte("climb", recursive=True)
    step = items.alias("step")
    climb = climb.union(
        select(climb.c.item_id, step.c.parent_id)
        .join(step, step.c.id == climb.c.above_id)
        .where(step.c.level < 0, step.c.parent_id.is_not(None))
    )
    insert(
        select(climb.c.item_id, items.c.id)
        .join(items, items.c.id == climb.c.above_id)
        .where(items.c.level >= 0, ~link.container())
    )
    # A sub-task whose parent is not in the store, or is an epic, stands for itself.
    insert(alone.where(issue, items.c.level < 0))

    insert(_parts_by_name("pull_request", ("issue",)))
    insert(alone.where(items.c.kind == "pull_request"))

    insert(_parts_by_name("commit", ("issue", "pull_request")))
    commit = items.alias("commit")
    insert(
        select(commit.c.id, parts.c.piece_id)
        .select_from(item_references)
        .join(item_keys, item_keys.c.key == item_references.c.target)
        .join(commit, commit.c.id == item_keys.c.item_id)
        .join(parts, parts.c.item_id == item_references.c.item_id)
        .where(item_references.c.kind == "contains", commit.c.kind == "commit", commit.c.id.in_(_DIRTY))
        .distinct()
    )
    insert(alone.where(items.c.kind == "commit"))


def _parts_by_name(kind: str, target_kinds: Sequence[str]) -> Select[Any]:
    """Items of one kind with the pieces of what they close or name. An epic has no piece: naming it is no link."""
    target = items.alias("target")
    return (
        select(items.c.id, parts.c.piece_id)
        .join(item_references, item_references.c.item_id == items.c.id)
        .join(item_keys, item_keys.c.key == item_references.c.target)
        .join(target, target.c.id == item_keys.c.item_id)
        .join(parts, parts.c.item_id == target.c.id)
        .where(
            items.c.kind == kind,
            items.c.id.in_(_DIRTY),
            item_references.c.kind.in_(("closes", "names")),
            target.c.kind.in_(target_kinds),
            target.c.id != items.c.id,
        )
        .distinct()
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


def _insert(connection: Connection, table: Any, columns: Sequence[str], selected: Select[Any]) -> None:
    # SQLite cannot parse "SELECT … ON CONFLICT" without a WHERE clause: every SELECT here has one.
    connection.execute(insert_into(connection, table).from_select(list(columns), selected).on_conflict_do_nothing())
