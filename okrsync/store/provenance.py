"""What an explanation reads: the work behind one key result, item by item, and every value ever recorded for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, select

from okrsync.model import ItemKind, ItemState
from okrsync.provenance import ItemLink, LinkedItem, Recorded
from okrsync.store.engine import reading
from okrsync.store.read import OWN_REASONS
from okrsync.store.schema import items, links, measurements, parts, scopes


def linked_items(engine: Engine, *, sources: Collection[str], key_result: str) -> list[LinkedItem]:
    """All items that are linked to a key result, and the other parts of the pieces of work that it takes; by row."""
    linked = select(links.c.item_id).where(links.c.key_result == key_result)
    taken = (
        select(parts.c.piece_id)
        .join(links, links.c.item_id == parts.c.item_id)
        .where(links.c.key_result == key_result, links.c.reason.in_(OWN_REASONS))
    )
    carried = select(parts.c.item_id).where(parts.c.piece_id.in_(taken))
    wanted = items.c.id.in_(linked) | items.c.id.in_(carried)
    query = (
        select(items)
        .join(scopes, scopes.c.id == items.c.scope_id)
        .where(scopes.c.configured, items.c.source.in_(sources), wanted)
        .order_by(items.c.id)
    )
    with reading(engine) as connection:
        reasons: dict[int, list[ItemLink]] = {}
        for row in connection.execute(
            select(links).where(links.c.key_result == key_result).order_by(links.c.item_id, links.c.rule)
        ):
            reasons.setdefault(row.item_id, []).append(ItemLink(row.rule, row.reason, row.via))
        pieces: dict[int, list[int]] = {}
        for row in connection.execute(
            select(parts).where(parts.c.item_id.in_(linked) | parts.c.item_id.in_(carried)).order_by(parts.c.piece_id)
        ):
            pieces.setdefault(row.item_id, []).append(row.piece_id)
        return [
            LinkedItem(
                id=row.id,
                kind=ItemKind(row.kind),
                type=row.type,
                source=row.source,
                key=row.key,
                title=row.title,
                url=row.url,
                state=ItemState(row.state),
                status=row.status,
                resolution=row.resolution,
                created_at=row.created_at,
                updated_at=row.updated_at,
                done_at=row.done_at,
                pieces=tuple(pieces.get(row.id, ())),
                links=tuple(reasons.get(row.id, ())),
            )
            for row in connection.execute(query)
        ]


def recorded(engine: Engine, key_result: str, *, known_at: datetime | None = None) -> list[Recorded]:
    """Every value recorded for a key result, corrected and withdrawn ones included, in the order of recording.

    ``known_at`` leaves out what was recorded from that moment on.
    """
    query = select(measurements).where(measurements.c.key_result == key_result).order_by(measurements.c.id)
    if known_at is not None:
        query = query.where(measurements.c.recorded_at < known_at)
    with reading(engine) as connection:
        return [
            Recorded(
                at=row.at,
                origin=row.origin,
                value=row.value,
                recorded_at=row.recorded_at,
                confidence=row.confidence,
                note=row.note,
                by=row.person,
            )
            for row in connection.execute(query)
        ]
