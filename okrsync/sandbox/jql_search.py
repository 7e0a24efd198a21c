"""What a JQL query means: which issues it finds, in which order, with Jira's own peculiarities and error messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import ge, gt, le, lt
from typing import Any
from zoneinfo import ZoneInfo

from okrsync.sandbox.jql import Clause, Group, JqlError, Operand


@dataclass(frozen=True, slots=True)
class Row:
    """One issue, as far as queries look at it. Moments are epoch milliseconds."""

    id: int
    key: str
    project_id: str
    project_key: str
    number: int
    """Of the key: 101 in ``SHOP-101``."""
    created: int | None
    updated: int | None
    resolved: int | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a query means depends on who asks, when, and where."""

    cloud: bool
    zone: ZoneInfo
    """The time zone of the calling account: dates in a query are read in it."""
    now: datetime
    project: Callable[[str], str | None]
    """Id of the project with this key, name or id; None when the account sees none."""
    issue: Callable[[str], Row | None]
    """The issue with this id or key, present or former."""
    fields: Mapping[str, str]
    """Custom fields: clause name in lower case (``epic link``, ``cf[10014]``) → field id."""
    validate: bool = True
    """False: an issue that does not exist is simply not found (Data Center's ``validateQuery``)."""


Predicate = Callable[[Row], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}

_KEY_FIELDS = frozenset({"key", "id", "issue", "issuekey"})
_DATE_FIELDS: dict[str, Callable[[Row], int | None]] = {
    "created": lambda row: row.created,
    "createddate": lambda row: row.created,
    "updated": lambda row: row.updated,
    "updateddate": lambda row: row.updated,
    "resolved": lambda row: row.resolved,
    "resolutiondate": lambda row: row.resolved,
}
_TEXT_FIELDS = {"summary": "summary", "description": "description"}
_VALUE_FIELDS = {
    "status": "status",
    "statuscategory": "status",
    "resolution": "resolution",
    "issuetype": "issuetype",
    "type": "issuetype",
    "labels": "labels",
    "component": "components",
    "fixversion": "fixVersions",
    "affectedversion": "versions",
    "parent": "parent",
    "priority": "priority",
    "assignee": "assignee",
    "reporter": "reporter",
    "creator": "creator",
}


def predicate(node: Clause | Group, context: Context) -> Predicate:
    """The test that a row must pass. Raises ``JqlError`` for what does not exist or does not fit together."""
    if isinstance(node, Group):
        parts = [predicate(part, context) for part in node.parts]
        return partial(_every, parts) if node.every else partial(_any, parts)
    if node.field in _KEY_FIELDS:
        return _key_test(node, context)
    if node.field == "project":
        return _project_test(node, context)
    if node.field in _DATE_FIELDS:
        return _date_test(node, context)
    if node.field in _TEXT_FIELDS:
        return _text_test(node)
    return _value_test(node, context)


def _every(parts: list[Predicate], row: Row) -> bool:
    return all(part(row) for part in parts)


def _any(parts: list[Predicate], row: Row) -> bool:
    return any(part(row) for part in parts)


def _unsupported(clause: Clause) -> JqlError:
    return JqlError(f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")


def _key_test(clause: Clause, context: Context) -> Predicate:
    found: list[Row] = []
    for operand in clause.operands:
        row = context.issue(operand.text)
        if row is not None:
            found.append(row)
        elif context.validate and (not context.cloud or clause.operator not in _COMPARE):
            if operand.text.isdigit():
                raise JqlError(f"A value with ID '{operand.text}' does not exist for the field '{clause.field}'.")
            raise JqlError(f"An issue with key '{operand.text}' does not exist for field '{clause.field}'.")
    if clause.operator in _COMPARE:
        # `id` and `key` are one field: Jira looks the issue up and compares the numbers of keys in its project. The
        # bound must exist: otherwise Data Center refuses the query, and Cloud finds nothing at all (CData, Jira
        # driver, "KeyColumnOperators").
        compare = _COMPARE[clause.operator]
        return lambda row: any(row.project_id == to.project_id and compare(row.number, to.number) for to in found)
    ids = {row.id for row in found}
    if clause.operator in ("=", "in"):
        return lambda row: row.id in ids
    if clause.operator in ("!=", "not in"):
        return lambda row: row.id not in ids
    raise _unsupported(clause)


def _project_test(clause: Clause, context: Context) -> Predicate:
    if clause.operator not in ("=", "in", "!=", "not in"):
        raise _unsupported(clause)
    ids = set()
    for operand in clause.operands:
        project_id = context.project(operand.text)
        if project_id is None:
            raise JqlError(f"The value '{operand.text}' does not exist for the field 'project'.")
        ids.add(project_id)
    wanted = clause.operator in ("=", "in")
    return lambda row: (row.project_id in ids) is wanted


def _date_test(clause: Clause, context: Context) -> Predicate:
    moment = _DATE_FIELDS[clause.field]
    if clause.operator in ("is", "is not"):
        wanted = clause.operator == "is"
        return lambda row: (moment(row) is None) is wanted
    if clause.operator not in _COMPARE:
        raise _unsupported(clause)
    limit = _milliseconds(clause.field, clause.operands[0], context)
    compare = _COMPARE[clause.operator]

    def test(row: Row) -> bool:
        value = moment(row)
        return value is not None and compare(value, limit)

    return test


_DAY_OR_MINUTE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?: (\d{1,2}):(\d{2}))?")
_PERIOD = re.compile(r"([-+]?)((?:\d+[wdhm] ?)+)")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


def _milliseconds(field: str, operand: Operand, context: Context) -> int:
    """A date operand: epoch milliseconds (unquoted), a day or minute in the account's zone, a period, ``now()``."""
    text = operand.text.strip()
    if operand.call and text.lower() == "now":
        return _epoch(context.now)
    if operand.call:
        raise JqlError(f"Unable to find JQL function '{text}()'.")
    if not operand.quoted and re.fullmatch(r"-?\d+", text):
        return int(text)
    if match := _DAY_OR_MINUTE.fullmatch(text):
        year, _, month, day, hour, minute = match.groups(default="0")
        try:
            return _epoch(datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=context.zone))
        except ValueError:
            pass
    elif match := _PERIOD.fullmatch(text):
        amounts = ((int(amount), _UNITS[unit]) for amount, unit in re.findall(r"(\d+)([wdhm])", match[2]))
        length = sum((timedelta(**{unit: amount}) for amount, unit in amounts), timedelta())
        return _epoch(context.now - length if match[1] == "-" else context.now + length)
    raise JqlError(
        f"Date value '{operand.text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _epoch(moment: datetime) -> int:
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _text_test(clause: Clause) -> Predicate:
    field = _TEXT_FIELDS[clause.field]
    if clause.operator in ("is", "is not"):
        wanted = clause.operator == "is"
        return lambda row: (not row.fields.get(field)) is wanted
    if clause.operator not in ("~", "!~"):
        raise _unsupported(clause)
    words = clause.operands[0].text.casefold().replace("*", "").split()
    found = clause.operator == "~"

    def test(row: Row) -> bool:
        text = row.fields.get(field)
        return isinstance(text, str) and all(word in text.casefold() for word in words) is found

    return test


def _value_test(clause: Clause, context: Context) -> Predicate:
    field = _VALUE_FIELDS.get(clause.field) or context.fields.get(clause.field)
    if field is None:
        raise JqlError(f"Field '{clause.field}' does not exist or you do not have permission to view it.")
    if clause.operator in _COMPARE or "~" in clause.operator:
        raise _unsupported(clause)
    epic = context.fields.get("epic link") if context.cloud and clause.field == "parent" else None
    wanted = {operand.text.casefold() for operand in clause.operands if not operand.empty}
    empty = any(operand.empty for operand in clause.operands)
    if clause.field == "resolution" and "unresolved" in wanted:
        wanted.discard("unresolved")
        empty = True
    positive = clause.operator in ("=", "in", "is")

    def test(row: Row) -> bool:
        value = row.fields.get(field)
        if clause.field == "statuscategory" and isinstance(value, dict):
            value = value.get("statusCategory")
        has = set(names_of(value))
        if epic is not None:
            has.update(names_of(row.fields.get(epic)))
        if not has:
            return empty is positive and (empty or positive)
        return bool(has & wanted) if positive else not has & wanted

    return test


_CATEGORY = {"new": "to do", "indeterminate": "in progress", "done": "done"}
_GREENHOPPER = re.compile(r"Sprint@[0-9a-f]+\[(?:.*,)?id=(\d+),.*?,name=(.*?),(?:startDate|goal)=", re.DOTALL)


def names_of(value: Any) -> Iterable[str]:
    """What a query may call a field's value, in lower case: ids, keys and names; nothing when it is empty."""
    if value is None or value == "":
        return
    if isinstance(value, list):
        for item in value:
            yield from names_of(item)
    elif isinstance(value, dict):
        for name in ("id", "key", "name", "value", "accountId", "displayName"):
            if value.get(name) is not None:
                yield str(value[name]).casefold()
        if "colorName" in value:  # a status category, whose English name Jira takes in every language
            yield _CATEGORY.get(str(value.get("key")), "no category")
    elif isinstance(value, str) and (match := _GREENHOPPER.search(value)):
        yield match[1]
        yield match[2].casefold()
    else:
        yield str(value).casefold()


# --- order ------------------------------------------------------------------------------------------------------------


def sort(rows: list[Row], order: tuple[tuple[str, bool], ...]) -> list[Row]:
    """The rows in the asked order; ties, and a query that asks for none, by key downwards, as Jira does.

    Raises ``JqlError`` for a field that cannot be sorted by.
    """
    result = sorted(rows, key=lambda row: (row.project_key, row.number), reverse=True)
    for field, descending in reversed(order):
        result.sort(key=_sort_key(field), reverse=descending)
    return result


def _sort_key(field: str) -> Callable[[Row], Any]:
    if field in _KEY_FIELDS:
        return lambda row: (row.project_key, row.number)
    if field == "project":
        return lambda row: row.project_key
    if moment := _DATE_FIELDS.get(field):
        return lambda row: moment(row) or 0
    name = _TEXT_FIELDS.get(field) or _VALUE_FIELDS.get(field)
    if name is None:
        raise JqlError(f"Not able to sort using field '{field}'.")
    return lambda row: sorted(names_of(row.fields.get(name)))
