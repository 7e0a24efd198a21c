"""What reports read: pieces of work with their key results, links with their rules, and how fresh each scope is."""

# ruff: noqa: S608 - statements are put together from the names of our own tables and columns; values are bound

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Join,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    text,
)

from okrsync.link import describe
from okrsync.model import (
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
from okrsync.store.ahead import Begin
from okrsync.store.engine import reading
from okrsync.store.schema import facets, item_facets, item_waits, items, links, parts, scopes
from okrsync.store.statements import as_moment, chunks, stored_moment

_FRESH_FOR = timedelta(days=2)
"""A scope that was last read longer before the end of the day of judgement than this is stale."""

Rows: TypeAlias = CursorResult[*tuple[Any, ...]]

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
    only_linked: bool = False,
    at_rest: tuple[datetime, datetime] | None = None,
    opened: Callable[[], Rows] | None = None,
) -> list[Piece]:
    """The pieces of work that a window from ``start`` to ``end`` (not included) needs, ordered by row.

    These are all that existed by ``end`` and were not done before ``start``; of pieces that serve none of
    ``key_results``, only those that are done, unless ``all_open``, and none with ``only_linked``: then the time that it
    takes follows their number. ``Piece.key_results`` names those of ``key_results`` that they serve. ``not_completed``
    holds names and ids of resolutions and statuses.

    What is open, was created before the first and has not changed since the second moment of ``at_rest`` comes as one
    piece a scope, worker and set of key results, with their ``number``: a report only counts these, and there are more
    of them than of all others. ``opened`` is what ``open_pieces`` returned for the same ``end`` and ``at_rest``.
    """
    dropped = frozenset(word.casefold() for word in not_completed)
    counted: dict[tuple[str | None, ...], bool] = {}
    same: dict[str | None, str | None] = {}
    """Names that come a thousand times are kept once."""
    serving: dict[str | None, frozenset[str]] = {None: _NONE}
    resting: dict[tuple[str, str, str | None, frozenset[str]], Piece] = {}
    found = []
    with reading(engine) as connection:
        linked = key_results if only_linked else None
        statements: tuple[Callable[[], Rows], ...] = (
            lambda: _ask(connection, _DONE, {"start": start, "end": end}, linked),
            opened or (lambda: _ask_open(connection, end, at_rest, linked)),
        )
        for ask in statements:
            for row in chain.from_iterable(ask().partitions(_AT_ONCE)):
                number, by, id_, source, scope, key, title, url, created, updated, done_at, changed, worker, *end_ = row
                serves = serving.get(by)
                if serves is None:
                    serves = serving[by] = frozenset(by.split(",")).intersection(key_results)
                if source not in sources or not (serves or (not only_linked and (all_open or done_at is not None))):
                    continue
                end_of_it = tuple(end_)
                if end_of_it not in counted:
                    state, *words = end_of_it
                    counted[end_of_it] = state == ItemState.DONE and dropped.isdisjoint(
                        word.casefold() for word in words if word is not None
                    )
                piece = Piece(
                    id=id_,
                    source=same.setdefault(source, source) or "",
                    scope=same.setdefault(scope, scope) or "",
                    key=key,
                    title=title,
                    url=url,
                    created_at=as_moment(created),
                    updated_at=as_moment(updated if changed is None else max(updated, changed)),
                    done_at=None if done_at is None else as_moment(done_at),
                    counts=counted[end_of_it],
                    key_results=serves,
                    assignee=same.setdefault(worker, worker),
                    number=abs(number),
                )
                if number > 0:
                    found.append(piece)
                    continue
                # The same set of key results may come in several orders, and beside others of other cycles.
                place = (source, scope, worker, serves)
                if place not in resting:
                    resting[place] = piece
                else:
                    first = min(resting[place], piece, key=lambda one: one.id)
                    resting[place] = replace(first, number=resting[place].number + piece.number)
    found += resting.values()
    found.sort(key=lambda piece: piece.id)
    return found


_NONE: frozenset[str] = frozenset()
_NEVER = datetime.min.replace(tzinfo=UTC)
_AT_ONCE = 2_000
"""So many rows are fetched in one call: one by one takes a third longer."""
_LINKED_PIECES = (
    "(SELECT DISTINCT linked.piece_id FROM links named CROSS JOIN parts linked WHERE named.key_result IN {wanted} "
    "AND named.reason IN ('rule', 'trailer', 'parent') AND linked.item_id = named.item_id) chosen CROSS JOIN "
)
_WORKER = "COALESCE(NULLIF(piece.assignee, ''), CASE WHEN piece.kind <> 'issue' THEN piece.author END)"
_CHANGED = (
    "(SELECT MAX(part.updated_at) FROM parts p CROSS JOIN items part "
    "WHERE p.piece_id = piece.id AND p.item_id <> piece.id AND part.id = p.item_id)"
)
# Asked for the three reasons as they are, SQLite would search the links of an item three times.
_SERVED = (
    "(SELECT {joined} FROM parts p CROSS JOIN links l WHERE p.piece_id = piece.id AND l.item_id = p.item_id "
    "AND l.reason || '' IN ('rule', 'trailer', 'parent'))"
)
_STANDING = "EXISTS (SELECT 1 FROM parts own WHERE own.item_id = piece.id AND own.piece_id = piece.id)"
_AT_REST = (
    "piece.created_at < :created_by AND piece.updated_at < :changed_by AND piece.kind <> 'commit' AND NOT EXISTS "
    "(SELECT 1 FROM parts p CROSS JOIN items part WHERE p.piece_id = piece.id AND p.item_id <> piece.id "
    "AND part.id = p.item_id AND part.updated_at >= :changed_by)"
)
_COLUMNS = (
    "SELECT {number}, {served}, piece.id, piece.source, scope.name, piece.key, piece.title, piece.url, "
    f"piece.created_at, piece.updated_at, piece.done_at, {{changed}}, {_WORKER}, "
    "piece.state, piece.status, piece.status_id, piece.resolution, piece.resolution_id FROM "
)
# Two statements: asked for both at once, no database takes its index of days, but reads every item.
_OPEN = (
    f"{_COLUMNS.format(changed=_CHANGED, number='fold.number', served='fold.served')}"
    "(SELECT MIN(id) AS first, served, CASE WHEN alone = 0 THEN -COUNT(*) ELSE 1 END AS number "
    f"FROM (SELECT piece.id, piece.scope_id, {_WORKER} AS worker, {_SERVED} AS served, "
    f"CASE WHEN {_AT_REST} THEN 0 ELSE piece.id END AS alone "
    f"FROM {{pieces}} WHERE {{chosen}}piece.done_at IS NULL AND piece.created_at < :end AND {_STANDING}) standing "
    "GROUP BY scope_id, worker, served, alone) fold CROSS JOIN items piece CROSS JOIN scopes scope "
    "WHERE piece.id = fold.first AND scope.id = piece.scope_id AND scope.configured"
)
"""What is at rest comes as the first of its like, with their number less than 0."""
_DONE = (
    f"{_COLUMNS.format(changed=f'CASE WHEN piece.done_at >= :end THEN {_CHANGED} END', number='1', served=_SERVED)}"
    "{pieces} CROSS JOIN scopes scope WHERE {chosen}piece.done_at >= :start AND piece.created_at < :end "
    f"AND scope.id = piece.scope_id AND scope.configured AND {_STANDING}"
)
"""``CROSS JOIN`` is an inner join that SQLite carries out in this order."""


def open_pieces(begin: Begin, *, end: datetime, at_rest: tuple[datetime, datetime] | None) -> Callable[[], Rows]:
    """Begin to read what is open, which takes the longest, for ``pieces``."""
    return begin(lambda connection: _ask_open(connection, end, at_rest))


def _ask_open(
    connection: Connection,
    end: datetime,
    at_rest: tuple[datetime, datetime] | None,
    linked: Collection[str] | None = None,
) -> Rows:
    created_by, changed_by = (_NEVER, _NEVER) if at_rest is None else at_rest
    return _ask(connection, _OPEN, {"end": end, "created_by": created_by, "changed_by": changed_by}, linked)


def _ask(connection: Connection, query: str, days: dict[str, datetime], linked: Collection[str] | None) -> Rows:
    """Execute a statement about pieces: all of them, or those that are linked to some key results."""
    moment = stored_moment(connection)
    bounds = {name: moment(day) for name, day in days.items()}
    wanted, joined = "(SELECT value FROM json_each(:key_results))", "group_concat(l.key_result, ',')"
    if connection.dialect.name == "postgresql":
        wanted = "(SELECT json_array_elements_text(CAST(:key_results AS json)))"
        joined = "string_agg(l.key_result, ',')"
    pieces_, chosen = "items piece", ""
    if linked is not None:
        bounds["key_results"] = msgspec.json.encode(sorted(linked)).decode()
        pieces_, chosen = f"{_LINKED_PIECES.format(wanted=wanted)}items piece", "piece.id = chosen.piece_id AND "
    return connection.execute(text(query.format(pieces=pieces_, chosen=chosen, joined=joined)), bounds)


def _served(rows: Iterable[Any], key_results: Collection[str]) -> dict[int, frozenset[str]]:
    """Which of some key results each piece of work, or item, serves, from pairs; those that serve none are left out."""
    by_id: dict[int, tuple[str, ...]] = {}
    for id_, key_result in rows:
        if key_result in key_results:
            by_id[id_] = (*by_id.get(id_, ()), key_result)
    sets = {each: frozenset(each) for each in set(by_id.values())}
    return {id_: sets[each] for id_, each in by_id.items()}


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
    written = select(item_facets.c.item_id, item_facets.c.facet_id)
    named = select(facets.c.id, facets.c.kind, facets.c.value).where(facets.c.kind.in_(_FACET_KEYS))
    rows: dict[int, Any] = {}
    found: dict[int, list[tuple[str, str]]] = {}
    of_items: list[tuple[int, int]] = []
    with reading(engine) as connection:
        for ids in chunks([piece.id for piece in pieces]):
            for row in connection.execute(about.where(items.c.id.in_(ids))):
                rows[row.id] = row
                # An epic that is not stored is known by its key, and a rule may name it all the same.
                above = row.key or (row.parent_key and row.parent_key.upper())
                if above:
                    found.setdefault(row.id, []).append(("epics", above))
            # Joined to the facets, SQLite would begin with these and read all items that have them.
            of_items += ((row[0], row[1]) for row in connection.execute(written.where(item_facets.c.item_id.in_(ids))))
        names = {
            row[0]: (_FACET_KEYS[row[1]], row[2])
            for ids in chunks(list({facet for _, facet in of_items}))
            for row in connection.execute(named.where(facets.c.id.in_(ids)))
        }
    for item_id, facet in of_items:
        if facet in names:
            found.setdefault(item_id, []).append(names[facet])
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
            item_waits.c.since < end,
            or_(item_waits.c.until.is_(None), item_waits.c.until >= start),
        )
        .order_by(item_waits.c.item_id, item_waits.c.kind, item_waits.c.account, item_waits.c.since)
    )
    with reading(engine) as connection:
        # Asked for the sources, SQLite would begin with all of their items.
        rows = [row for row in connection.execute(in_window) if row.source in sources]
        if not rows:
            return []
        with_it = parts.alias("with_it")
        serving = (
            select(parts.c.item_id, links.c.key_result)
            .join(with_it, with_it.c.piece_id == parts.c.piece_id)
            .join(links, links.c.item_id == with_it.c.item_id)
            .where(links.c.reason.in_(OWN_REASONS))
            .distinct()
        )
        by_item: dict[int, frozenset[str]] = {}
        for ids in chunks(list({row.item_id for row in rows})):
            by_item |= _served(connection.execute(serving.where(parts.c.item_id.in_(ids))), key_results)
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
            key_results=by_item.get(row.item_id, _NONE),
        )
        for row in rows
    ]


def rule_links(
    engine: Engine,
    key_results: Iterable[KeyResult],
    *,
    sources: Collection[str],
    share: float = 0.5,
    counted: Callable[[], LinkCounts] | None = None,
) -> Iterator[RuleLinks]:
    """What each work rule of ``key_results`` matches, in the order of the rules; links must be up to date.

    Pieces are counted, which costs much, for the rules that may match so large a ``share`` of all pieces. ``counted``
    is what ``link_counts`` returned for the same sources.
    """
    by_words = {
        (key_result.id, describe(index, rule)): (index, rule)
        for key_result in key_results
        for index, rule in enumerate(key_result.work, 1)
    }
    with reading(engine) as connection:
        counts = counted() if counted is not None else LinkCounts(connection, sources)
        all_of = counts.pieces
        found = {(row[0], row[1]): int(row[2]) for row in counts.links}
        for (key_result, words), (index, rule) in by_words.items():
            number = found.get((key_result, words), 0)
            wanted = sources if rule.source is None else (rule.source,)
            of, pieces_ = all_of.least(wanted), None
            # An item is part of one piece, but for those that are part of several.
            if number + all_of.several >= share * of:
                of = all_of.look(wanted)
                if number + all_of.several >= share * of:
                    pieces_ = all_of.with_links(key_result, words)
            yield RuleLinks(key_result, index, number, pieces_, of)


def link_counts(begin: Begin, *, sources: Collection[str]) -> Callable[[], LinkCounts]:
    """Begin to count links, for ``rule_links``."""
    return begin(lambda connection: LinkCounts(connection, sources))


class LinkCounts:
    """How many items each rule of each key result matches, of the scopes that are shown."""

    def __init__(self, connection: Connection, sources: Collection[str]) -> None:
        shown = and_(scopes.c.configured, items.c.source.in_(sources))
        self.pieces = _PiecesOf(connection, shown)
        hidden = select(scopes.c.id).where(or_(~scopes.c.configured, scopes.c.source.not_in(sources)))
        counted = select(links.c.key_result, links.c.rule, func.count()).where(links.c.reason.in_(OWN_REASONS))
        # With all scopes in the report, which is so as a rule, the links tell without a look at the items.
        if connection.execute(select(exists(hidden))).scalar():
            counted = counted.select_from(_linked_items()).where(shown)
            self.pieces.look(sources)
        self.links: Rows = connection.execute(counted.group_by(links.c.key_result, links.c.rule))


def _linked_items() -> Join:
    return links.join(items, items.c.id == links.c.item_id).join(scopes, scopes.c.id == items.c.scope_id)


class _PiecesOf:
    """How many pieces of work have an item of a source: counted only for sources where a quick estimate will not do."""

    def __init__(self, connection: Connection, shown: ColumnElement[bool]) -> None:
        self._connection = connection
        self._shown = shown
        self._counted: dict[str, int] = {}
        rows = connection.execute(
            select(scopes.c.source, func.count()).join(items, items.c.scope_id == scopes.c.id).group_by(scopes.c.source)
        )
        self._items = {row[0]: int(row[1]) for row in rows}
        self._pieces = int(connection.execute(select(func.count(parts.c.piece_id.distinct()))).scalar_one())
        # Not COUNT(DISTINCT item_id): SQLite would sort what the table has in order.
        rows_, of_items = (
            select(func.count()).select_from(each) for each in (parts, select(parts.c.item_id).distinct().subquery())
        )
        several = select(rows_.scalar_subquery() - of_items.scalar_subquery())
        self.several = int(connection.execute(several).scalar_one())
        """How many more rows than items the table of parts has."""

    def least(self, sources: Collection[str]) -> int:
        """At least so many; what was counted is exact. A piece that has items in two sources counts for each."""
        return sum(self._least(source) for source in sources)

    def _least(self, source: str) -> int:
        if source in self._counted:
            return self._counted[source]
        # All others together have no more pieces than parts.
        others = sum(number for name, number in self._items.items() if name != source)
        return max(0, self._pieces - others - self.several) if others else self._pieces

    def look(self, sources: Collection[str]) -> int:
        """Exactly so many."""
        missing = [source for source in sources if source not in self._counted]
        if missing:
            every = (
                select(items.c.source, func.count(parts.c.piece_id.distinct()))
                .select_from(items.join(scopes, scopes.c.id == items.c.scope_id).join(parts))
                .where(self._shown, items.c.source.in_(missing))
                .group_by(items.c.source)
            )
            self._counted |= dict.fromkeys(missing, 0)
            self._counted |= {row[0]: int(row[1]) for row in self._connection.execute(every)}
        return sum(self._counted[source] for source in sources)

    def with_links(self, key_result: str, rule: str) -> int:
        """Exactly so many that a rule matches."""
        pieces_of = select(func.count(parts.c.piece_id.distinct())).select_from(
            _linked_items().join(parts, parts.c.item_id == items.c.id)
        )
        this = (links.c.key_result == key_result, links.c.rule == rule, links.c.reason.in_(OWN_REASONS))
        return int(self._connection.execute(pieces_of.where(*this, self._shown)).scalar_one())


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
            yield Link(row.key_result, row.key, row.title, row.url, row.source, row.rule, row.reason, row.via)


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
