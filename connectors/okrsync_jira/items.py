"""The meaning: what Jira's JSON says, as work items and milestones. Touches no network.

Accepts what the platform's API (v2 and v3) and the Agile API answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from okrsync.dates import day_of
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import ItemKind, ItemState, Milestone, Reference, ReferenceKind, WorkItem
from okrsync.references import trailers_in
from okrsync_jira import values
from okrsync_jira.custom import CustomFields
from okrsync_jira.values import Malformed
from okrsync_jira.wire import Issue, Known, decoded, plain

_MAY_HOLD_A_TRAILER = re.compile(rb"[Kk][Rr]|\\u00[46][Bb]|\\u00[57]2")
"""A trailer's name, in JSON as any program writes it or with its letters escaped."""


class Reader:
    """Turns a site's JSON into values of ours. Safe to use from several threads.

    Values that many issues share are read once: each ``Known`` remembers what one sort of values says.
    """

    def __init__(
        self,
        site: str,
        zone: ZoneInfo,
        custom: CustomFields = CustomFields(),  # noqa: B008
        people: Collection[str] = (),
    ) -> None:
        """``site`` is the configured address without a trailing slash: links for people start with it (``self`` may
        name the gateway). The days of sprints are told in ``zone``; ``people`` are the accounts that are configured."""
        self.site = site
        self.zone = zone
        self.custom = custom
        self._status = Known(values.status)
        self._type = Known(values.issue_type)
        self._resolution = Known(values.id_and_name)
        self._key = Known(values.key)
        self._parent_object = Known(values.id_and_key)
        self._account = Known(lambda value: values.account(value, people))
        self._names = Known(values.names)
        self._labels = Known(values.labels)
        self._number = Known(values.number)
        self._sprints_of = Known(self._read_sprints)
        self._sprint_fields = ("closedSprints", "sprint", *custom.sprint)
        self._epic_fields = ("epic", *custom.epic_link, *custom.parent_link)

    def item(self, raw: object, where: str) -> WorkItem:
        """An issue, as a search brought it or as decoded JSON. ``where`` is source and scope, for messages.

        Raises ``SourceError`` naming the issue and the field when something is malformed that every issue has.
        """
        issue = _sound(raw, where)
        try:
            return self._item(issue.id, issue.key, issue.fields)
        except Malformed as error:
            raise SourceError(error.at(_place(issue, where))) from None

    def milestones(self, raw: object, where: str, *, versions: bool) -> Iterator[Milestone]:
        """The sprints an issue has been in and, if asked for, the versions it is to be fixed in."""
        issue = _sound(raw, where)
        if not versions and issue.fields.keys().isdisjoint(self._sprint_fields):
            return
        yield from self._sprints(issue, where)
        if versions:
            project = self._key(issue.fields.get("project")) or issue.key.rpartition("-")[0]
            for version in values.sequence(plain(issue.fields.get("fixVersions"))):
                yield self.version(version, project, _place(issue, where))

    def version(self, raw: object, project: str, where: str) -> Milestone:
        """A version of a project. Raises ``SourceError`` when it has no id or name, or a date that is none."""
        version = values.mapping(raw)
        id_, name = values.id_and_name(version)
        if id_ is None or name is None:
            raise SourceError(_("{where}: a version without id or name").format(where=where))
        days: dict[str, date | None] = {}
        for field in ("startDate", "releaseDate"):
            try:
                days[field] = values.day(version.get(field))
            except Malformed as error:
                part = _("{where}, version {name}, {field}")
                raise SourceError(error.at(part.format(where=where, name=one_line(name, 60), field=field))) from None
        released = version.get("released") is True
        return Milestone(
            id=id_,
            kind="version",
            project=project,
            name=name,
            state="closed" if released or version.get("archived") is True else "open",
            start=days["startDate"],
            due=days["releaseDate"],
            closed=days["releaseDate"] if released else None,
            url=f"{self.site}/projects/{project}/versions/{id_}",
        )

    def _item(self, id_: str, key: str, fields: Mapping[str, Any]) -> WorkItem:
        get = fields.get
        status = self._status(get("status"))
        updated = _needed(fields, "updated")
        done = None
        if status.state is ItemState.DONE:
            done = _moment(fields, "resolutiondate") or _moment(fields, "statuscategorychangedate") or updated
        type_ = self._type(get("issuetype"))
        level = type_.level
        if not type_.certain:
            level = int(any(plain(get(name)) is not None for name in self.custom.epic_label))
        resolution_id, resolution = self._resolution(get("resolution"))
        parent_id, parent_key = self._parent(fields)
        title = plain(get("summary"))
        sprints: Sequence[str] = [
            sprint.name
            for name in self._sprint_fields
            if (value := get(name)) is not None
            for sprint in self._sprints_of(value)
            if sprint.name
        ]
        points = (self._number(value) for name in self.custom.points if (value := get(name)) is not None)
        return WorkItem(
            id=id_,
            kind=ItemKind.ISSUE,
            type=type_.name,
            level=level,
            key=key,
            project=self._key(get("project")) or key.rpartition("-")[0],
            title=title if isinstance(title, str) else "",
            url=f"{self.site}/browse/{key}",
            state=status.state,
            status=status.name,
            created_at=_needed(fields, "created"),
            updated_at=updated,
            done_at=done,
            status_id=status.id,
            resolution=resolution,
            resolution_id=resolution_id,
            assignee=self._account(get("assignee")),
            author=self._account(get("reporter")),
            parent_id=parent_id,
            parent_key=parent_key,
            points=next((one for one in points if one is not None), None),
            labels=self._labels(get("labels")),
            components=self._names(get("components")),
            versions=self._names(get("fixVersions")),
            sprints=tuple(dict.fromkeys(sprints)),
            references=_trailers(get("description")),
        )

    def _parent(self, fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Id and key. ``parent`` wins: a sub-task belongs to its story even where it carries an epic link as well."""
        parent = self._parent_object(fields.get("parent"))
        if parent is not None:
            return parent
        for name in self._epic_fields:
            value = fields.get(name)
            if value is not None and (key := self._key(value)):
                return None, key
        return None, None

    def _sprints(self, issue: Issue, where: str) -> Iterator[Milestone]:
        assert issue.fields is not None
        for name in self._sprint_fields:
            value = issue.fields.get(name)
            if value is not None:
                try:
                    yield from self._sprints_of(value)
                except Malformed as error:
                    raise SourceError(error.at(_place(issue, where))) from None

    def _read_sprints(self, value: object) -> tuple[Milestone, ...]:
        return tuple(self._sprint(sprint) for sprint in values.sprints(value))

    def _sprint(self, sprint: Mapping[str, Any]) -> Milestone:
        id_, name = values.id_of(sprint), values.text(sprint.get("name")) or ""
        if id_ is None:
            raise Malformed(_("{where}: a sprint without id"))
        days: dict[str, date | None] = {}
        for field in ("startDate", "endDate", "completeDate"):
            try:
                moment = values.moment(sprint.get(field))
            except Malformed as error:
                raise error.within(
                    _("{where}, {field} of sprint {name}"), field=field, name=one_line(name, 60)
                ) from None
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


def _sound(raw: object, where: str) -> Any:
    """An issue that has an identity and fields."""
    issue = raw if isinstance(raw, Issue) else Issue.of(raw)
    if type(issue.id) is not str or not issue.id:
        id_ = values.id_of({"id": issue.id})
        if id_ is None:
            raise SourceError(
                _("{place} has no id: the answer cannot be used").format(place=_place(issue, where)),
            )
        issue.id = id_
    if not isinstance(issue.key, str) or not issue.key:
        raise SourceError(_("{place} has no key: the answer cannot be used").format(place=_place(issue, where)))
    if not isinstance(issue.fields, dict):
        raise SourceError(_("{place} has no fields").format(place=_place(issue, where)))
    return issue


def _place(issue: Issue, where: str) -> str:
    name = values.text(issue.key) or values.id_of({"id": issue.id}) or "?"
    return _("{where}, issue {key}").format(where=where, key=one_line(name, 60))


def _moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    value = fields.get(name)
    if type(value) is msgspec.Raw:
        value = decoded(value)
    if value is None:
        return None
    try:
        return values.moment(value)
    except Malformed as error:
        raise error.within(_("{where}, {field}"), field=name) from None


def _needed(fields: Mapping[str, Any], name: str) -> datetime:
    moment = _moment(fields, name)
    if moment is None:
        raise Malformed(_("{where} has no date in {field}"), field=name)
    return moment


def _trailers(description: Any) -> tuple[Reference, ...]:
    if description is None or (type(description) is msgspec.Raw and not _MAY_HOLD_A_TRAILER.search(description)):
        return ()
    found = trailers_in(values.plain_text(plain(description)))
    return tuple(Reference(ReferenceKind.KEY_RESULT, id_) for id_ in found)
