"""Links that items have from others: trailers, parents, and what a pull request or commit closes, names or brings.

Each statement comes in two orders that find the same, see ``okrsync.store.linking_rules``: from all that is linked, or
from the few items that changed. ``CROSS JOIN`` keeps SQLite to that order.
"""

# ruff: noqa: S608 - statements are put together from the names of our own tables and columns; values are bound

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

_INTO = "INSERT INTO links (key_result, item_id, rule, reason, via)"
_WANTED = "l.key_result || '' IN (SELECT key_result FROM wanted_key_results)"
"""The empty text keeps SQLite from walking all links of each key result for every item: these are found by item."""


def link_by_others(connection: Connection, *, only_dirty: bool, few: bool) -> None:
    """Make these links for the key results that ``okrsync.store.linking_rules.want`` noted, after those by rules."""
    _by_trailer(connection, only_dirty, few)
    _from_above(connection, only_dirty, few)
    _by_name(connection, only_dirty, few, "pull_request", ("issue",))
    _by_name(connection, only_dirty, few, "commit", ("issue", "pull_request"))
    _contained(connection, only_dirty, few)


def _dirty(column: str, only_dirty: bool) -> str:
    return f"AND {column} IN (SELECT item_id FROM dirty_items)" if only_dirty else ""


def _by_trailer(connection: Connection, only_dirty: bool, few: bool) -> None:
    if few:
        tables = "dirty_items x CROSS JOIN item_references f CROSS JOIN wanted_key_results k"
        condition = "f.item_id = x.item_id"
    else:
        tables = "wanted_key_results k CROSS JOIN item_references f"
        condition = f"true {_dirty('f.item_id', only_dirty)}"
    _run(
        connection,
        f"{_INTO} SELECT f.target, f.item_id, 'trailer KR: ' || f.target, 'trailer', NULL FROM {tables} "
        f"WHERE f.kind = 'key_result' AND f.target = k.key_result AND {condition}",
    )


def _from_above(connection: Connection, only_dirty: bool, few: bool) -> None:
    """Epics, and all that has something below it, pass their own links down."""
    # UNION, not UNION ALL: a loop of parents, which a service should not have but may, ends here.
    if few:
        _run(
            connection,
            "WITH RECURSIVE climb(item_id, above_id) AS (SELECT i.id, i.parent_id FROM dirty_items x "
            "CROSS JOIN items i WHERE i.id = x.item_id AND i.parent_id IS NOT NULL UNION "
            "SELECT climb.item_id, s.parent_id FROM climb CROSS JOIN items s "
            "WHERE s.id = climb.above_id AND s.parent_id IS NOT NULL) "
            f"{_INTO} SELECT l.key_result, climb.item_id, l.rule, 'parent', MIN(a.key) "
            "FROM climb CROSS JOIN links l CROSS JOIN items a WHERE l.item_id = climb.above_id "
            f"AND a.id = climb.above_id AND l.reason IN ('rule', 'trailer') AND {_WANTED} "
            "GROUP BY l.key_result, climb.item_id, l.rule",
        )
        return
    _run(
        connection,
        "WITH RECURSIVE below(above_id, item_id) AS (SELECT h.item_id, c.id FROM (SELECT DISTINCT l.item_id "
        f"FROM links l WHERE l.reason IN ('rule', 'trailer') AND {_WANTED}) h CROSS JOIN items c "
        "WHERE c.parent_id = h.item_id UNION "
        "SELECT below.above_id, c.id FROM below CROSS JOIN items c WHERE c.parent_id = below.item_id) "
        f"{_INTO} SELECT l.key_result, below.item_id, l.rule, 'parent', MIN(a.key) "
        "FROM below CROSS JOIN links l CROSS JOIN items a WHERE l.item_id = below.above_id "
        f"AND a.id = below.above_id AND l.reason IN ('rule', 'trailer') AND {_WANTED} "
        # Most have the link by the rule itself; to sort only the others takes half of the time.
        "AND NOT EXISTS (SELECT 1 FROM links e WHERE e.key_result = l.key_result AND e.item_id = below.item_id "
        f"AND e.rule = l.rule) {_dirty('below.item_id', only_dirty)} GROUP BY l.key_result, below.item_id, l.rule",
    )


def _by_name(connection: Connection, only_dirty: bool, few: bool, kind: str, target_kinds: Sequence[str]) -> None:
    """What closes or names a linked item is linked too, by that item's rule."""
    begin, condition = ("dirty_items x CROSS JOIN ", "i.id = x.item_id") if few else ("", "true")
    kinds = ", ".join(f"'{each}'" for each in target_kinds)
    _run(
        connection,
        f"{_INTO} SELECT l.key_result, i.id, l.rule, MIN(f.kind), MIN(t.key) "
        f"FROM {begin}items i CROSS JOIN item_references f CROSS JOIN item_keys k CROSS JOIN items t "
        f"CROSS JOIN links l WHERE {condition} {'' if few else _dirty('i.id', only_dirty)} AND i.kind = '{kind}' "
        "AND f.item_id = i.id AND f.kind IN ('closes', 'names') AND k.key = f.target "
        f"AND t.id = k.item_id AND t.kind IN ({kinds}) AND t.id <> i.id AND l.item_id = t.id AND {_WANTED} "
        "AND EXISTS (SELECT 1 FROM parts p WHERE p.item_id = t.id) GROUP BY l.key_result, i.id, l.rule",
    )


def _contained(connection: Connection, only_dirty: bool, few: bool) -> None:
    """The commits that a linked pull request brought."""
    if few:
        tables = "dirty_items x CROSS JOIN items c CROSS JOIN item_keys k CROSS JOIN item_references f"
        condition = "c.id = x.item_id"
    else:
        tables = "item_references f CROSS JOIN item_keys k CROSS JOIN items c"
        condition = f"true {_dirty('c.id', only_dirty)}"
    _run(
        connection,
        f"{_INTO} SELECT l.key_result, c.id, l.rule, 'names', MIN(p.key) "
        f"FROM {tables} CROSS JOIN links l CROSS JOIN items p WHERE {condition} AND c.kind = 'commit' "
        "AND k.item_id = c.id AND f.kind = 'contains' AND f.target = k.key AND l.item_id = f.item_id "
        f"AND p.id = f.item_id AND {_WANTED} GROUP BY l.key_result, c.id, l.rule",
    )


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(f"{statement} ON CONFLICT DO NOTHING")
