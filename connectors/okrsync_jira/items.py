"""The meaning: what Jira's JSON says, as work items and milestones. Touches no network.

Accepts what the platform's API (v2 and v3) and the Agile API answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from okrsync.dates import day_of, parse_moment
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.model import ItemKind, ItemState, Milestone, Reference, ReferenceKind, WorkItem
from okrsync.references import trailers_in

STANDARD_FIELDS = (
    "summary", "status", "resolution", "resolutiondate", "statuscategorychangedate", "issuetype", "project", "created",
    "updated", "assignee", "reporter", "labels", "components", "fixVersions", "parent", "description",
)  # fmt: skip

_STATES = {
    "new": ItemState.TODO,
    "undefined": ItemState.TODO,
    "indeterminate": ItemState.DOING,
    "done": ItemState.DONE,
}
# Data Center has no hierarchyLevel, and its type names are the site's language.
_EPIC = (
    "epic",
    "epos",
    "epopeia",
    "épica",
    "épico",
    "эпик",
    "史诗",
    "史詩",
    "长篇故事",
    "長篇故事",
    "エピック",
    "에픽",
)
_INITIATIVE = ("initiative", "iniciativa", "iniziativa", "инициатива", "举措", "倡议", "イニシアチブ", "이니셔티브")
_LEVELS_BY_NAME = {**dict.fromkeys(_EPIC, 1), **dict.fromkeys(_INITIATIVE, 2)}
_POINTS_BY_NAME = frozenset({"story points", "story point estimate", "故事点", "故事點", "故事点估算"})
_SPRINT_KEY = re.compile(
    r"(?:^|,)(id|rapidViewId|state|name|startDate|endDate|completeDate|activatedDate|sequence|goal|autoStartStop"
    r"|incompleteIssuesDestinationId|synced)="
)


@dataclass(frozen=True, slots=True)
class CustomFields:
    """Ids of the custom fields that matter, found by what they are and not by what they are called here."""

    sprint: tuple[str, ...] = ()
    epic_link: tuple[str, ...] = ()
    epic_label: tuple[str, ...] = ()
    parent_link: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    """The likeliest first."""

    @classmethod
    def found_in(cls, answer: object) -> CustomFields:
        """From what ``GET /field`` answers; what is not a list of fields finds none."""
        found: dict[str, list[str]] = {}
        for raw in answer if isinstance(answer, list) else ():
            schema = raw.get("schema") if isinstance(raw, dict) else None
            custom = schema.get("custom") if isinstance(schema, dict) else None
            if not isinstance(custom, str) or not isinstance(raw.get("id"), str):
                continue
            found.setdefault(_role(custom, str(raw.get("name") or "")), []).append(raw["id"])
        return cls(
            sprint=tuple(found.get("sprint", ())),
            epic_link=tuple(found.get("epic_link", ())),
            epic_label=tuple(found.get("epic_label", ())),
            parent_link=tuple(found.get("parent_link", ())),
            points=(*found.get("points", ()), *found.get("points_by_name", ())),
        )

    def ids(self) -> tuple[str, ...]:
        """All of them, for the list of fields that a search asks for."""
        return (*self.sprint, *self.epic_link, *self.epic_label, *self.parent_link, *self.points)


def _role(custom: str, name: str) -> str:
    kind = custom.rpartition(":")[2]
    by_kind = {
        "gh-sprint": "sprint",
        "gh-epic-link": "epic_link",
        "gh-epic-label": "epic_label",
        "jpo-custom-field-parent": "parent_link",
        "jsw-story-points": "points",
    }
    if kind == "float" and name.strip().casefold() in _POINTS_BY_NAME:
        return "points_by_name"
    return by_kind.get(kind, "")


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns a site's JSON into values of ours."""

    site: str
    """The configured address, no trailing slash: links for people start with it (``self`` may name the gateway)."""
    zone: ZoneInfo
    """In which the days of sprints are told."""
    custom: CustomFields = CustomFields()

    def item(self, raw: object, where: str) -> WorkItem:
        """An issue. ``where`` is source and scope, for messages.

        Raises ``SourceError`` naming the issue and the field when something is malformed that every issue has.
        """
        issue = _Issue.of(raw, where)
        fields = issue.fields
        status = issue.object("status")
        state = _state(status, issue)
        updated = issue.moment("updated")
        done = None
        if state is ItemState.DONE:
            done = issue.moment_or_none("resolutiondate") or issue.moment_or_none("statuscategorychangedate") or updated
        type_ = issue.object("issuetype")
        resolution = _object(fields.get("resolution"))
        project = _text(_object(fields.get("project")).get("key")) or issue.key.rpartition("-")[0]
        parent_id, parent_key = self._parent(fields)
        return WorkItem(
            id=issue.id,
            kind=ItemKind.ISSUE,
            type=_text(type_.get("name")) or "",
            level=self._level(type_, fields),
            key=issue.key,
            project=project,
            title=_text(fields.get("summary")) or "",
            url=f"{self.site}/browse/{issue.key}",
            state=state,
            status=_text(status.get("name")) or "",
            created_at=issue.moment("created"),
            updated_at=updated,
            done_at=done,
            status_id=_id(status),
            resolution=_text(resolution.get("name")),
            resolution_id=_id(resolution),
            assignee=_account(fields.get("assignee")),
            author=_account(fields.get("reporter")),
            parent_id=parent_id,
            parent_key=parent_key,
            points=self._points(fields),
            labels=tuple(label for label in _list(fields.get("labels")) if isinstance(label, str)),
            components=_names(fields.get("components")),
            versions=_names(fields.get("fixVersions")),
            sprints=tuple(dict.fromkeys(_names(list(self._sprints(fields))))),
            references=tuple(
                Reference(ReferenceKind.KEY_RESULT, id_) for id_ in trailers_in(plain_text(fields.get("description")))
            ),
        )

    def milestones(self, raw: object, where: str, *, versions: bool) -> Iterator[Milestone]:
        """The sprints an issue has been in and, if asked for, the versions it is to be fixed in."""
        issue = _Issue.of(raw, where)
        for sprint in self._sprints(issue.fields):
            yield self._sprint(sprint, issue.place)
        if versions:
            project = _text(_object(issue.fields.get("project")).get("key")) or issue.key.rpartition("-")[0]
            for version in _list(issue.fields.get("fixVersions")):
                yield self.version(version, project, issue.place)

    def version(self, raw: object, project: str, where: str) -> Milestone:
        """A version of a project. Raises ``SourceError`` when it has no id or name, or a date that is none."""
        version = _object(raw)
        id_, name = _id(version), _text(version.get("name"))
        if id_ is None or name is None:
            raise SourceError(f"{where}: a version without id or name")
        place = f"{where}, version {one_line(name, 60)}"
        released, due = version.get("released") is True, _day(version.get("releaseDate"), f"{place}, releaseDate")
        return Milestone(
            id=id_,
            kind="version",
            project=project,
            name=name,
            state="closed" if released or version.get("archived") is True else "open",
            start=_day(version.get("startDate"), f"{place}, startDate"),
            due=due,
            closed=due if released else None,
            url=f"{self.site}/projects/{project}/versions/{id_}",
        )

    def _sprint(self, sprint: Mapping[str, Any], where: str) -> Milestone:
        id_, name = _id(sprint), _text(sprint.get("name")) or ""
        if id_ is None:
            raise SourceError(f"{where}: a sprint without id")
        days: dict[str, date | None] = {}
        for field in ("startDate", "endDate", "completeDate"):
            moment = _moment(sprint.get(field), f"{where}, {field} of sprint {one_line(name, 60)}")
            days[field] = None if moment is None else day_of(moment, self.zone)
        closed = str(sprint.get("state", "")).casefold() == "closed"
        return Milestone(
            id=id_,
            kind="sprint",
            project=None,
            name=name,
            state="closed" if closed else "open",
            start=days["startDate"],
            due=days["endDate"],
            closed=days["completeDate"],
        )

    def _sprints(self, fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        values = [fields.get(name) for name in ("closedSprints", "sprint", *self.custom.sprint)]
        for value in (entry for found in values for entry in (found if isinstance(found, list) else [found])):
            if isinstance(value, dict):
                yield value
            elif isinstance(value, str):
                yield _sprint_from_text(value)

    def _level(self, type_: Mapping[str, Any], fields: Mapping[str, Any]) -> int:
        level = type_.get("hierarchyLevel")
        if isinstance(level, int) and not isinstance(level, bool):
            return level
        if type_.get("subtask") is True:
            return -1
        by_name = _LEVELS_BY_NAME.get((_text(type_.get("name")) or "").strip().casefold(), 0)
        return by_name or int(any(fields.get(id_) is not None for id_ in self.custom.epic_label))

    def _parent(self, fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Id and key. ``parent`` wins: a sub-task belongs to its story even where it carries an epic link as well."""
        parent = _object(fields.get("parent"))
        if parent:
            return _id(parent), _text(parent.get("key"))
        for name in ("epic", *self.custom.epic_link, *self.custom.parent_link):
            value = fields.get(name)
            value = _object(value).get("data", value)  # Cloud wraps a parent link
            key = _text(value) or _text(_object(value).get("key"))
            if key:
                return None, key
        return None, None

    def _points(self, fields: Mapping[str, Any]) -> float | None:
        for id_ in self.custom.points:
            value = fields.get(id_)
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                return float(value)
        return None


@dataclass(frozen=True, slots=True)
class _Issue:
    """An issue whose identity is sound, and readers of its fields that name it when they fail."""

    id: str
    key: str
    fields: Mapping[str, Any]
    place: str

    @classmethod
    def of(cls, raw: object, where: str) -> _Issue:
        issue = _object(raw)
        id_, key = _id(issue), _text(issue.get("key"))
        if id_ is None or not key:
            known = f"issue {one_line(key or id_ or '?', 60)}"
            raise SourceError(f"{where}: {known} has no {'id' if id_ is None else 'key'}: the answer cannot be used")
        place = f"{where}, issue {one_line(key, 60)}"
        if not isinstance(issue.get("fields"), dict):
            raise SourceError(f"{place} has no fields")
        return cls(id_, key, issue["fields"], place)

    def object(self, name: str) -> Mapping[str, Any]:
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise SourceError(f"{self.place} has no {name}")
        return value

    def moment(self, name: str) -> datetime:
        moment = self.moment_or_none(name)
        if moment is None:
            raise SourceError(f"{self.place} has no date in {name}")
        return moment

    def moment_or_none(self, name: str) -> datetime | None:
        return _moment(self.fields.get(name), f"{self.place}, {name}")


def plain_text(value: object) -> str:
    """A description as text: wiki text (v2) as it is, an ADF document (v3) with a line for each of its blocks."""
    if isinstance(value, str):
        return value
    parts: list[str] = []
    stack: list[object] = [value]  # no recursion: a document may be nested as deep as its author likes
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, dict):
            if node.get("type") == "text":
                parts.append(_text(node.get("text")) or "")
            elif node.get("type") == "hardBreak":
                parts.append("\n")
            elif isinstance(node.get("content"), list):
                stack += ["\n", *reversed(node["content"]), "\n"]
    return "".join(parts)


def _state(status: Mapping[str, Any], issue: _Issue) -> ItemState:
    category = _object(status.get("statusCategory"))
    state = _STATES.get(str(category.get("key")))
    if state is None:
        name, key = (one_line(str(value.get(field)), 60) for value, field in ((status, "name"), (category, "key")))
        raise SourceError(f"{issue.place}: status {name} is in no known category ({key})")
    return state


def _sprint_from_text(text: str) -> dict[str, str]:
    """Data Center's ``…Sprint@1f[id=12,state=CLOSED,name=A, b,startDate=…]``; a name may hold commas and brackets.

    A key counts once: the keys come in a fixed order, so one that comes again is part of a name or a goal.
    """
    body = text[text.find("[") + 1 : text.rfind("]") if "]" in text else len(text)]
    starts: dict[str, re.Match[str]] = {}
    for match in _SPRINT_KEY.finditer(body):
        starts.setdefault(match.group(1), match)
    found = list(starts.items())
    ends = [following.start() for _, following in found[1:]] + [len(body)]
    values = {key: body[match.end() : end] for (key, match), end in zip(found, ends, strict=True)}
    return {key: value for key, value in values.items() if value != "<null>"}


def _account(value: object) -> str | None:
    """Cloud's account id; on Data Center the key, then the name."""
    person = _object(value)
    return _text(person.get("accountId")) or _text(person.get("key")) or _text(person.get("name"))


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for entry in _list(value) if (name := _text(_object(entry).get("name"))))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id(value: Mapping[str, Any]) -> str | None:
    """An id is a string on the platform's API and a number on the Agile one."""
    id_ = value.get("id")
    return str(id_) if isinstance(id_, str | int) and not isinstance(id_, bool) and id_ != "" else None


def _moment(value: object, place: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return parse_moment(value)
    except (ValueError, OverflowError):
        pass
    raise SourceError(f"{place} is not a date: {one_line(repr(value), 60)}")


def _day(value: object, place: str) -> date | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise SourceError(f"{place} is not a date: {one_line(repr(value), 60)}")
