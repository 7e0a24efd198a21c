"""What reports read: pieces of work with their key results, links with their rules, and how fresh each scope is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Select, and_, exists, func, or_, select

from okrsync.link import describe
from okrsync.model import (
    ItemKind,
    ItemState,
    ItemWait,
    KeyResult,
    Link,
    Piece,
    RuleLinks,
    SourceStatus,
    Wait,
    WorkText,
)
from okrsync.store.engine import reading
from okrsync.store.schema import facets, item_facets, item_waits, items, links, parts, scopes
from okrsync.store.statements import chunks

_FRESH_FOR = timedelta(days=2)
"""A scope that was last read longer before the end of the day of judgement than this is stale."""

OWN_REASONS = ("rule", "trailer", "parent")
"""A link for one of these takes the whole piece of work; see ``okrsync.store.linking``."""


def pieces(
    engine: Engine,
    *,
    sources: Collection[str],
    key_results: Collection[str],
    start: datetime,
    end: datetime,
    not_completed: Collection[str],
    all_open: bool = False,
) -> list[Piece]:
    """The pieces of work that a window from ``start`` to ``end`` (not included) needs, ordered by row.

    These are all that existed by ``end`` and were not done before ``start``; of pieces that serve none of
    ``key_results``, only those that are done, unless ``all_open``. ``Piece.key_results`` names those of
    ``key_results`` that they serve. ``not_completed`` holds names and ids of resolutions and statuses.
    """
    piece = items.alias("piece")
    in_window = and_(
        scopes.c.configured,
        piece.c.source.in_(sources),
        piece.c.created_at < end,
        or_(piece.c.done_at.is_(None), piece.c.done_at >= start),
    )
    part = items.alias("part")
    with reading(engine) as connection:
        by_piece = _served(connection, key_results)
        stands_for_a_piece = exists(
            select(parts.c.item_id).where(parts.c.item_id == piece.c.id, parts.c.piece_id == piece.c.id)
        )
        standing = (
            select(piece, scopes.c.name.label("scope"))
            .join(scopes, scopes.c.id == piece.c.scope_id)
            .where(in_window, stands_for_a_piece)
            .order_by(piece.c.id)
        )
        last_change: dict[int, datetime] = {}
        changes = (
            select(parts.c.piece_id, func.max(part.c.updated_at))
            .join(part, part.c.id == parts.c.item_id)
            .join(piece, piece.c.id == parts.c.piece_id)
            .join(scopes, scopes.c.id == piece.c.scope_id)
            .where(in_window, piece.c.done_at.is_(None) | (piece.c.done_at >= end), part.c.id != piece.c.id)
            .group_by(parts.c.piece_id)
        )
        for piece_id, changed_at in connection.execute(changes):
            last_change[piece_id] = changed_at
        dropped = frozenset(word.casefold() for word in not_completed)
        return [
            Piece(
                id=row.id,
                source=row.source,
                scope=row.scope,
                key=row.key,
                title=row.title,
                url=row.url,
                created_at=row.created_at,
                updated_at=max(row.updated_at, last_change.get(row.id, row.updated_at)),
                done_at=row.done_at,
                counts=row.state == ItemState.DONE
                and dropped.isdisjoint(
                    word.casefold()
                    for word in (row.status, row.status_id, row.resolution, row.resolution_id)
                    if word is not None
                ),
                key_results=frozenset(by_piece.get(row.id, ())),
                assignee=row.assignee or (None if row.kind == ItemKind.ISSUE else row.author),
            )
            for row in connection.execute(standing)
            if all_open or row.done_at is not None or row.id in by_piece
        ]


_FACET_KEYS = {
    "label": "labels",
    "component": "components",
    "version": "versions",
    "milestone": "milestones",
    "sprint": "sprints",
}


def work_texts(engine: Engine, pieces: Sequence[Piece]) -> list[WorkText]:
    """What is written on some pieces of work, in their order: labels and the like, and the epic they stand below."""
    epic = items.alias("epic")
    about = select(items.c.id, items.c.project, items.c.parent_key, epic.c.key, epic.c.title).outerjoin(
        epic, epic.c.id == items.c.parent_id
    )
    written = (
        select(item_facets.c.item_id, facets.c.kind, facets.c.value)
        .join(facets, facets.c.id == item_facets.c.facet_id)
        .where(facets.c.kind.in_(_FACET_KEYS))
    )
    rows: dict[int, Any] = {}
    found: dict[int, list[tuple[str, str]]] = {}
    with reading(engine) as connection:
        for ids in chunks([piece.id for piece in pieces]):
            for row in connection.execute(about.where(items.c.id.in_(ids))):
                rows[row.id] = row
                # An epic that is not stored is known by its key, and a rule may name it all the same.
                above = row.key or (row.parent_key and row.parent_key.upper())
                if above:
                    found.setdefault(row.id, []).append(("epics", above))
            for item_id, kind, value in connection.execute(written.where(item_facets.c.item_id.in_(ids))):
                found.setdefault(item_id, []).append((_FACET_KEYS[kind], value))
    return [
        WorkText(piece, rows[piece.id].project, tuple(sorted(found.get(piece.id, ()))), rows[piece.id].title)
        for piece in pieces
        if piece.id in rows
    ]


def waits(
    engine: Engine, *, sources: Collection[str], key_results: Collection[str], start: datetime, end: datetime
) -> list[ItemWait]:
    """Who was waited for between ``start`` and ``end`` (not included), by row of the item, account and time.

    ``Wait.until`` is None for what was still waited for at ``end``, whatever happened later.
    """
    in_window = (
        select(item_waits, items.c.source, items.c.key)
        .join(items, items.c.id == item_waits.c.item_id)
        .join(scopes, scopes.c.id == items.c.scope_id)
        .where(
            scopes.c.configured,
            items.c.source.in_(sources),
            item_waits.c.since < end,
            or_(item_waits.c.until.is_(None), item_waits.c.until >= start),
        )
        .order_by(item_waits.c.item_id, item_waits.c.kind, item_waits.c.account, item_waits.c.since)
    )
    with reading(engine) as connection:
        rows = connection.execute(in_window).all()
        if not rows:
            return []
        by_piece = _served(connection, key_results)
        by_item: dict[int, set[str]] = {}
        for ids in chunks(list({row.item_id for row in rows})):
            for part in connection.execute(select(parts).where(parts.c.item_id.in_(ids))):
                by_item.setdefault(part.item_id, set()).update(by_piece.get(part.piece_id, ()))
    return [
        ItemWait(
            source=row.source,
            key=row.key,
            wait=Wait(
                kind=row.kind,
                account=row.account,
                since=row.since,
                until=None if row.until is None or row.until >= end else row.until,
            ),
            key_results=frozenset(by_item.get(row.item_id, ())),
        )
        for row in rows
    ]


def _served(connection: Connection, key_results: Collection[str]) -> dict[int, set[str]]:
    """Which of some key results each piece of work serves; pieces that serve none are left out."""
    served = (
        select(links.c.key_result, parts.c.piece_id)
        .join(parts, parts.c.item_id == links.c.item_id)
        .where(links.c.reason.in_(OWN_REASONS), links.c.key_result.in_(key_results))
        .distinct()
    )
    by_piece: dict[int, set[str]] = {}
    for row in connection.execute(served):
        by_piece.setdefault(row.piece_id, set()).add(row.key_result)
    return by_piece


def rule_links(engine: Engine, key_results: Iterable[KeyResult], *, sources: Collection[str]) -> Iterator[RuleLinks]:
    """What each work rule of ``key_results`` matches, in the order of the rules; links must be up to date."""
    by_words = {
        (key_result.id, describe(index, rule)): (index, rule)
        for key_result in key_results
        for index, rule in enumerate(key_result.work, 1)
    }
    matched = (
        select(
            links.c.key_result,
            links.c.rule,
            func.count(items.c.id.distinct()).label("items"),
            func.count(parts.c.piece_id.distinct()).label("pieces"),
        )
        .join(items, items.c.id == links.c.item_id)
        .join(scopes, scopes.c.id == items.c.scope_id)
        .outerjoin(parts, parts.c.item_id == items.c.id)
        .where(links.c.reason.in_(OWN_REASONS), scopes.c.configured, items.c.source.in_(sources))
        .group_by(links.c.key_result, links.c.rule)
    )
    everything = (
        select(items.c.source, func.count(parts.c.piece_id.distinct()))
        .join(parts, parts.c.item_id == items.c.id)
        .join(scopes, scopes.c.id == items.c.scope_id)
        .where(scopes.c.configured, items.c.source.in_(sources))
        .group_by(items.c.source)
    )
    with reading(engine) as connection:
        found = {(row.key_result, row.rule): (row.items, row.pieces) for row in connection.execute(matched)}
        of_source = {row[0]: int(row[1]) for row in connection.execute(everything)}
    for (key_result, words), (index, rule) in by_words.items():
        items_, pieces_ = found.get((key_result, words), (0, 0))
        of = sum(of_source.values()) if rule.source is None else of_source.get(rule.source, 0)
        yield RuleLinks(key_result, index, items_, pieces_, of)


def listed_links(engine: Engine, *, sources: Collection[str], key_result: str | None = None) -> Iterator[Link]:
    """Every link with its rule, by key result and item."""
    query = (
        select(
            links.c.key_result, items.c.key, items.c.title, items.c.url, items.c.source, links.c.rule, links.c.reason,
            links.c.via,
        )
        .join(items, items.c.id == links.c.item_id)
        .join(scopes, scopes.c.id == items.c.scope_id)
        .where(scopes.c.configured, items.c.source.in_(sources))
        .order_by(links.c.key_result, items.c.source, items.c.kind.desc(), items.c.id, links.c.rule)
    )  # fmt: skip
    if key_result is not None:
        query = query.where(links.c.key_result == key_result)
    with reading(engine) as connection:
        for row in connection.execute(query):
            rule = row.rule if row.reason in ("rule", "trailer") else f"{row.rule} ({row.reason} {row.via})"
            yield Link(row.key_result, row.key, row.title, row.url, row.source, rule, row.via)


def source_statuses(engine: Engine, *, sources: Collection[str], end: datetime) -> list[SourceStatus]:
    """How fresh and complete each scope is, seen from ``end``, the end of the day of judgement; by source and scope."""
    count = select(func.count()).where(items.c.scope_id == scopes.c.id).correlate(scopes).scalar_subquery()
    query: Select[Any] = (
        select(scopes, count.label("items"))
        .where(scopes.c.configured, scopes.c.source.in_(sources))
        .order_by(scopes.c.source, scopes.c.name)
    )
    with reading(engine) as connection:
        return [
            SourceStatus(
                source=row.source,
                scope=row.name,
                last_success=row.last_success,
                items=row.items,
                removed=row.removed,
                state=_state(row.last_success, row.error, end),
                error=row.error,
            )
            for row in connection.execute(query)
        ]


def _state(
    last_success: datetime | None, error: str | None, end: datetime
) -> Literal["fresh", "stale", "failed", "never"]:
    if error is not None:
        return "failed"
    if last_success is None:
        return "never"
    return "fresh" if last_success >= end - _FRESH_FOR else "stale"
