"""Links by work rules: all rules that have the same keys in one statement, whatever their number.

What the rules ask for is written into temporary tables, a row a value, and joined with the items. Two ways lead to the
same links: from what is wanted to the items that have it, or, where few items changed, from these to the rules.
``title`` is judged in Python, and so are ``paths``, once for each path that is stored rather than for each commit.

``CROSS JOIN`` in the statements is an inner join that SQLite carries out in the order in which it is written: without
statistics it would rather walk all items of a source.
"""

# ruff: noqa: S608 - statements are put together from the names of our own tables and columns; values are bound

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, select, text

from okrsync import link
from okrsync.errors import ConfigError, Problem
from okrsync.http import one_line
from okrsync.language import _
from okrsync.matching import TooSlow
from okrsync.model import KeyResult, WorkRule
from okrsync.store.schema import facets, items, links, scopes
from okrsync.store.statements import bulk_insert, chunks

_temporary = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _temporary, *columns)


_RULES = _table(
    "wanted_rules",
    Column("shape", Integer, primary_key=True),
    Column("rule", Integer, primary_key=True),
    Column("key_result", String, nullable=False),
    Column("words", String, nullable=False),
    Column("source", String),
)
_NAMES = _table(
    "wanted_names",
    Column("slot", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("rule", Integer, primary_key=True),
)
_FACETS = _table(
    "wanted_facets",
    Column("slot", String, primary_key=True),
    Column("facet_id", Integer, primary_key=True),
    Column("rule", Integer, primary_key=True),
)
_ITEMS = _table(
    "wanted_items",
    Column("slot", String, primary_key=True),
    Column("item_id", Integer, primary_key=True),
    Column("rule", Integer, primary_key=True),
)
_SERVED = _table("wanted_key_results", Column("key_result", String, primary_key=True))

_FACET_SLOTS = ("paths", *link.FACETS)
_ITEM_SLOTS = ("keys", "epics")
_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    key_result: str
    words: str
    rule: WorkRule
    file: str | None
    """Where the key result is written down."""

    @property
    def slots(self) -> tuple[str, ...]:
        """The keys of the rule that the database judges, those that leave the fewest items first."""
        every = (*_ITEM_SLOTS, *_FACET_SLOTS, "projects", "repos", "types")
        return tuple(slot for slot in every if getattr(self.rule, slot))

    @property
    def is_narrow(self) -> bool:
        """Does a key other than its title say which items it can be, rather than from where?"""
        return any(slot in _ITEM_SLOTS or slot in _FACET_SLOTS for slot in self.slots)


def want(connection: Connection, key_results: Sequence[KeyResult]) -> None:
    """Make the temporary tables, and note for which key results links are made; ``forget`` drops them again."""
    for table in _temporary.tables.values():
        connection.exec_driver_sql(_definition(table, connection.dialect.name))
    bulk_insert(connection, _SERVED, ("key_result",), [(kr.id,) for kr in key_results])


def forget(connection: Connection) -> None:
    """Drop what ``want`` made."""
    for name in _temporary.tables:
        connection.exec_driver_sql(f"DROP TABLE {name}")


def _definition(table: Table, dialect_name: str) -> str:
    """Written here, as SQLAlchemy takes longer for it than small stores for all of their links."""
    columns = [
        f"{column.name} {'INTEGER' if isinstance(column.type, Integer) else 'VARCHAR'}"
        f"{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    ]
    key = ", ".join(column.name for column in table.primary_key)
    rowless = " WITHOUT ROWID" if dialect_name == "sqlite" else ""
    return f"CREATE TEMPORARY TABLE {table.name} ({', '.join(columns)}, PRIMARY KEY ({key})){rowless}"


def link_by_rules(connection: Connection, key_results: Sequence[KeyResult], *, only_dirty: bool, few: bool) -> None:
    """Link what the work rules of ``key_results`` match, after ``want``.

    ``only_dirty`` keeps to the items that must be linked again; ``few`` of them are where to begin, rather than the
    rules. Raises ``ConfigError`` for a rule whose expression does not come to an end: no one may take what it could not
    match for no work.
    """
    numbers = count(1)
    rules = [
        _Numbered(next(numbers), kr.id, link.describe(index, rule), rule, kr.file)
        for kr in key_results
        for index, rule in enumerate(kr.work, 1)
    ]
    try:
        _link(connection, rules, only_dirty=only_dirty, few=few)
    except TooSlow as error:
        raise _too_slow(connection, rules, error) from None


def _link(connection: Connection, rules: Sequence[_Numbered], *, only_dirty: bool, few: bool) -> None:
    _write_names(connection, rules)
    _write_facets(connection, rules, few=few)
    _write_items(connection, rules, few=few)
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE wanted_names, wanted_facets, wanted_items"))
    shapes: dict[tuple[Any, ...], list[_Numbered]] = {}
    for one in rules:
        titled = one.rule.title is not None
        if titled and not one.is_narrow:
            continue
        shapes.setdefault((one.slots, one.rule.source is not None, titled), []).append(one)
    for shape, ((slots, sourced, titled), alike) in enumerate(shapes.items()):
        bulk_insert(
            connection,
            _RULES,
            ("shape", "rule", "key_result", "words", "source"),
            [(shape, one.number, one.key_result, one.words, one.rule.source) for one in alike],
        )
        found = _matching(slots, sourced=sourced, only_dirty=only_dirty, few=few)
        if not titled:
            # SQLite takes ON CONFLICT after a SELECT only when that has a WHERE clause, which all have.
            connection.execute(
                text(
                    "INSERT INTO links (key_result, item_id, rule, reason, via) "
                    f"SELECT r.key_result, i.id, r.words, 'rule', NULL {found} ON CONFLICT DO NOTHING"
                ),
                {"shape": shape},
            )
            continue
        by_number = {one.number: (one, link.title_matcher(one.rule.title or "")) for one in alike}
        candidates = text(f"SELECT r.rule, i.id, i.title {found}").execution_options(stream_results=True)
        for rows in connection.execute(candidates, {"shape": shape}).partitions(_BATCH):
            _insert(
                connection,
                ((by_number[number][0], id_) for number, id_, title in rows if by_number[number][1](title)),
            )
    _link_by_title(connection, [one for one in rules if one.rule.title and not one.is_narrow], only_dirty=only_dirty)


def _too_slow(connection: Connection, rules: Sequence[_Numbered], error: TooSlow) -> ConfigError:
    """Which rule it is, where it stands, and what it could not be compared with."""
    titled = [one for one in rules if one.rule.title == error.expression]
    one = next(iter(titled), None) or next(one for one in rules if one.rule.paths)
    shown = one_line(one.rule.title if titled and one.rule.title else ", ".join(one.rule.paths), 100)
    item = "?"
    if error.text is None:
        said = _("'{expression}' of {key_result} takes too long on very many texts: nothing was linked")
    elif titled:
        item = str(connection.execute(select(items.c.key).where(items.c.title == error.text).limit(1)).scalar())
        said = _("'{expression}' of {key_result} does not end on the title of {item}, '{text}': nothing was linked")
    else:
        said = _("'{expression}' of {key_result} does not end on the path '{text}': nothing was linked")
    message = said.format(
        expression=shown, key_result=one.key_result, item=one_line(item, 80), text=one_line(error.text or "", 60)
    )
    advice = _("Write it so that no group repeats what repeats itself: '(a+)+' says no more than 'a+'")
    return ConfigError(Problem(one.file or "okrs", one.rule.line, f"{message}. {advice}"))


def _matching(slots: Sequence[str], *, sourced: bool, only_dirty: bool, few: bool) -> str:
    """FROM and WHERE of what matches the rules ``r`` of one shape: items ``i``."""
    conditions = ["r.shape = :shape"]
    first, rest = (slots[0], slots[1:]) if slots else (None, ())
    begin = "dirty_items x CROSS JOIN " if few else ""
    if few:
        conditions.append("i.id = x.item_id")
    elif only_dirty:
        conditions.append("i.id IN (SELECT item_id FROM dirty_items)")
    if first is None:
        tables = f"{begin}items i CROSS JOIN wanted_rules r" if few else "wanted_rules r CROSS JOIN items i"
    elif first in _ITEM_SLOTS:
        tables = f"{begin}wanted_items w CROSS JOIN items i CROSS JOIN wanted_rules r"
        conditions += [f"w.slot = '{first}'", "i.id = w.item_id", "r.rule = w.rule"]
        if few:
            conditions.append("w.item_id = x.item_id")
    elif first in _FACET_SLOTS:
        pair = "item_facets f CROSS JOIN wanted_facets w" if few else "wanted_facets w CROSS JOIN item_facets f"
        tables = f"{begin}{pair} CROSS JOIN items i CROSS JOIN wanted_rules r"
        conditions += [f"w.slot = '{first}'", "f.facet_id = w.facet_id", "i.id = f.item_id", "r.rule = w.rule"]
        if few:
            conditions.append("f.item_id = x.item_id")
    else:
        column = _column(first)
        pair = "items i CROSS JOIN wanted_names w" if few else "wanted_names w CROSS JOIN items i"
        tables = f"{begin}{pair} CROSS JOIN wanted_rules r"
        conditions += [f"w.slot = '{first}'", f"w.value = i.{column}", "r.rule = w.rule"]
    for slot in rest:
        conditions.append(_has(slot))
    if sourced:
        conditions.append("i.source = r.source")
    if "paths" in slots:
        conditions.append("i.kind = 'commit'")
    return f"FROM {tables} WHERE {' AND '.join(conditions)}"


def _column(slot: str) -> str:
    return "type" if slot == "types" else "project"


def _has(slot: str) -> str:
    """Has the item ``i`` what the rule ``r`` asks for with one of its keys?"""
    if slot in _ITEM_SLOTS:
        inner = f"wanted_items v WHERE v.slot = '{slot}' AND v.item_id = i.id AND v.rule = r.rule"
    elif slot in _FACET_SLOTS:
        inner = (
            f"item_facets g CROSS JOIN wanted_facets v WHERE g.item_id = i.id AND v.slot = '{slot}' "
            "AND v.facet_id = g.facet_id AND v.rule = r.rule"
        )
    else:
        inner = f"wanted_names v WHERE v.slot = '{slot}' AND v.value = i.{_column(slot)} AND v.rule = r.rule"
    return f"EXISTS (SELECT 1 FROM {inner})"


def _link_by_title(connection: Connection, rules: Sequence[_Numbered], *, only_dirty: bool) -> None:
    """Rules that say no more than from where, and a title: all of them in one walk over the items."""
    if not rules:
        return
    catalogue = _catalogue(connection)
    places = {
        one.number: [set(catalogue.matching(names)) for names in (one.rule.projects, one.rule.repos) if names]
        for one in rules
    }
    matchers = {one.number: link.title_matcher(one.rule.title or "") for one in rules}
    projects: list[str] | None = None
    if all(places.values()):
        projects = sorted(set().union(*(set.intersection(*sets) for sets in places.values())))
    known: dict[tuple[str, str, str], list[_Numbered]] = {}
    last = -1
    while True:
        walk = select(items.c.id, items.c.source, items.c.project, items.c.type, items.c.title)
        walk = walk.where(items.c.id > last).order_by(items.c.id).limit(_BATCH)
        if projects is not None and len(projects) <= 500:
            walk = walk.where(items.c.project.in_(projects))
        if only_dirty:
            walk = walk.where(items.c.id.in_(text("SELECT item_id FROM dirty_items")))
        rows = connection.execute(walk).all()
        matched = []
        for id_, source, project, type_, title in rows:
            place = (source, project, type_)
            if place not in known:
                known[place] = [
                    one
                    for one in rules
                    if one.rule.source in (None, source)
                    and (not one.rule.types or type_ in one.rule.types)
                    and all(project in each for each in places[one.number])
                ]
            matched += [(one, id_) for one in known[place] if matchers[one.number](title)]
        _insert(connection, matched)
        if len(rows) < _BATCH:
            return
        last = rows[-1].id


def _insert(connection: Connection, matched: Iterable[tuple[_Numbered, int]]) -> None:
    rows = dict.fromkeys((one.key_result, id_, one.words, "rule", None) for one, id_ in matched)
    bulk_insert(connection, links, ("key_result", "item_id", "rule", "reason", "via"), list(rows))


# --- what the rules ask for -----------------------------------------------------------------------------------------


def _catalogue(connection: Connection) -> link.Catalogue:
    return link.Catalogue(
        projects=_projects(connection),
        renamed={
            row.scope.lower(): row.name
            for row in connection.execute(select(scopes.c.scope, scopes.c.name).where(scopes.c.scope != scopes.c.name))
        },
    )


def _projects(connection: Connection) -> list[str]:
    """All projects of the items: from one to the next along the index, as DISTINCT would read every item."""
    walk = text(
        "WITH RECURSIVE known(project) AS (SELECT MIN(project) FROM items UNION ALL "
        "SELECT (SELECT MIN(items.project) FROM items WHERE items.project > known.project) FROM known "
        "WHERE known.project IS NOT NULL) SELECT project FROM known WHERE project IS NOT NULL"
    )
    return list(connection.scalars(walk))


def _write_names(connection: Connection, rules: Sequence[_Numbered]) -> None:
    catalogue = None
    rows: dict[tuple[str, str, int], None] = {}
    for one in rules:
        for slot in ("projects", "repos"):
            names = getattr(one.rule, slot)
            if names:
                catalogue = catalogue or _catalogue(connection)
                rows |= {(slot, project, one.number): None for project in catalogue.matching(names)}
        rows |= {("types", type_, one.number): None for type_ in one.rule.types}
    bulk_insert(connection, _NAMES, ("slot", "value", "rule"), list(rows))


def _write_facets(connection: Connection, rules: Sequence[_Numbered], *, few: bool) -> None:
    wanted: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for one in rules:
        for slot, kinds in link.FACETS.items():
            for value in getattr(one.rule, slot):
                for kind in kinds:
                    wanted.setdefault((kind, value), []).append((slot, one.number))
    rows: dict[tuple[str, int, int], None] = {}
    for kind in sorted({of_kind for of_kind, _value in wanted}):
        for values in chunks([value for of_kind, value in wanted if of_kind == kind]):
            known = select(facets.c.id, facets.c.value).where(facets.c.kind == kind, facets.c.value.in_(values))
            for row in connection.execute(known):
                rows |= {(slot, row.id, number): None for slot, number in wanted[kind, row.value]}
    rows |= {("paths", facet, number): None for facet, number in _paths(connection, rules, few=few)}
    bulk_insert(connection, _FACETS, ("slot", "facet_id", "rule"), list(rows))


def _paths(connection: Connection, rules: Sequence[_Numbered], *, few: bool) -> Iterator[tuple[int, int]]:
    """Every stored path (of the items that changed, where they are few) with the rules that it matches."""
    matchers = [(one.number, link.path_matcher(one.rule.paths)) for one in rules if one.rule.paths]
    if not matchers:
        return
    if few:
        changed = text(
            "SELECT DISTINCT p.id, p.value FROM dirty_items x CROSS JOIN item_facets f CROSS JOIN facets p "
            "WHERE f.item_id = x.item_id AND p.id = f.facet_id AND p.kind = 'path'"
        )
        for id_, path in connection.execute(changed):
            yield from ((id_, number) for number, matches in matchers if matches(path))
        return
    stored = select(facets.c.id, facets.c.value).where(facets.c.kind == "path")
    for id_, path in connection.execute(stored.execution_options(stream_results=True)):
        yield from ((id_, number) for number, matches in matchers if matches(path))


def _write_items(connection: Connection, rules: Sequence[_Numbered], *, few: bool) -> None:
    """The items that rules name by their keys, and those that stand below epics that rules name."""
    keys = [(slot, key.lower(), one.number) for one in rules for slot in _ITEM_SLOTS for key in getattr(one.rule, slot)]
    if not keys:
        return
    named = [("key", *each[1:]) if each[0] == "keys" else ("epic", *each[1:]) for each in keys]
    bulk_insert(connection, _NAMES, ("slot", "value", "rule"), list(dict.fromkeys(named)))
    connection.execute(
        text(
            "INSERT INTO wanted_items (slot, item_id, rule) SELECT 'keys', k.item_id, w.rule "
            "FROM wanted_names w CROSS JOIN item_keys k WHERE w.slot = 'key' AND k.key = w.value ON CONFLICT DO NOTHING"
        )
    )
    # Also what names an epic as its parent that is not in the store itself. UNION ends a loop of parents.
    epics = (
        "SELECT w.rule, k.item_id FROM wanted_names w CROSS JOIN item_keys k WHERE w.slot = 'epic' AND k.key = w.value "
        "UNION SELECT w.rule, o.id FROM wanted_names w CROSS JOIN items o "
        "WHERE w.slot = 'epic' AND o.parent_key = w.value AND o.parent_id IS NULL"
    )
    if few:
        connection.execute(
            text(
                "WITH RECURSIVE climb(item_id, above_id) AS (SELECT item_id, item_id FROM dirty_items UNION "
                "SELECT climb.item_id, step.parent_id FROM climb CROSS JOIN items step "
                "WHERE step.id = climb.above_id AND step.parent_id IS NOT NULL) "
                "INSERT INTO wanted_items (slot, item_id, rule) SELECT 'epics', climb.item_id, w.rule "
                "FROM climb CROSS JOIN item_keys k CROSS JOIN wanted_names w "
                "WHERE k.item_id = climb.above_id AND w.slot = 'epic' AND w.value = k.key "
                "UNION SELECT 'epics', climb.item_id, w.rule FROM climb CROSS JOIN items o CROSS JOIN wanted_names w "
                "WHERE o.id = climb.above_id AND o.parent_id IS NULL AND w.slot = 'epic' AND w.value = o.parent_key"
            )
        )
    else:
        connection.execute(
            text(
                f"WITH RECURSIVE below(rule, item_id) AS ({epics} UNION "
                "SELECT below.rule, child.id FROM below CROSS JOIN items child WHERE child.parent_id = below.item_id) "
                "INSERT INTO wanted_items (slot, item_id, rule) SELECT 'epics', item_id, rule FROM below WHERE true "
                "ON CONFLICT DO NOTHING"
            )
        )
