"""What a row means: cells in, a work item out. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import ItemKind, ItemState, Reference, ReferenceKind, WorkItem
from okrsync.outcomes.values import parse_number
from okrsync.references import trailers_in
from okrsync_file.moments import parse
from okrsync_file.settings import FileSettings
from okrsync_file.table import Broken, Row, Unreadable

JIRA: Mapping[str, tuple[str, ...]] = {
    "id": ("Issue id",),
    "key": ("Issue key",),
    "title": ("Summary",),
    "type": ("Issue Type",),
    "project": ("Project key",),
    "status": ("Status",),
    "category": ("Status Category",),
    "resolution": ("Resolution",),
    "created": ("Created",),
    "updated": ("Updated",),
    "done": ("Resolved",),
    "moved": ("Status Category Changed",),
    "assignee": ("Assignee Id", "Assignee"),
    "author": ("Reporter Id", "Reporter"),
    "parent_id": ("Parent", "Parent id"),
    "parent": ("Parent key", "Custom field (Epic Link)", "Epic Link", "Custom field (Parent Link)"),
    "points": ("Custom field (Story Points)", "Custom field (Story point estimate)", "Story Points"),
    "description": ("Description",),
    "labels": ("Labels",),
    "components": ("Component/s", "Components"),
    "versions": ("Fix Version/s", "Fix versions"),
    "sprints": ("Sprint",),
}
"""Columns of Jira's exports, on Cloud and Data Center, with their names of many years."""

_CATEGORIES = {
    **dict.fromkeys(("to do", "new", "待办", "待辦", "新建", "zu erledigen", "à faire", "por hacer"), ItemState.TODO),
    **dict.fromkeys(
        ("in progress", "进行中", "正在进行", "處理中", "進行中", "in arbeit", "en cours", "en curso"), ItemState.DOING
    ),
    **dict.fromkeys(("done", "完成", "已完成", "完了", "fertig", "erledigt", "terminé", "listo"), ItemState.DONE),
}
_SUB_TASKS = frozenset(
    {
        "sub-task",
        "subtask",
        "technical task",
        "子任务",
        "子任務",
        "unteraufgabe",
        "sous-tâche",
        "subtarea",
        "サブタスク",
    }
)
_EPICS = frozenset({"epic", "史诗", "史詩", "长篇故事", "長篇故事", "エピック", "épica", "épico", "epos"})
_UNRESOLVED = frozenset({"", "unresolved", "未解决", "未解決"})
_NUMBERED = re.compile(r"(.+)[-#][0-9]+")
_MANY = ("labels", "components", "versions", "milestones", "sprints")


class Columns:
    """How the rows of one table are read."""

    def __init__(self, names: Sequence[str] | None, settings: FileSettings, zone: ZoneInfo, project: str) -> None:
        """``names`` is the header, None where every row has names of its own (JSON); ``project`` is that of items which
        tell none.

        Raises ``Unreadable`` when a column is missing that the settings name, or that is needed.
        """
        self._settings = settings
        self._zone = zone
        self._project = project
        given = {name: getattr(settings.columns, name) for name in type(settings.columns).model_fields}
        jira = settings.format == "jira" or (
            settings.format is None and names is not None and "issue key" in {name.casefold() for name in names}
        )
        self._wanted = {
            name: tuple(column.casefold() for column in (given.get(name) or (JIRA.get(name, ()) if jira else ())))
            for name in (*given, "moved")
        }
        if names is not None:
            self._check(names, given)
        self._done = {status.casefold() for status in settings.statuses.done}
        self._doing = {status.casefold() for status in settings.statuses.doing}
        self._levels = {type_.casefold(): level for type_, level in settings.levels.items()}
        self.identified = bool(given["id"]) or (jira and names is not None and "issue id" in _folded(names))

    def item(self, row: Row) -> WorkItem:
        """A row as a work item. Raises ``Broken``."""
        first = self._reader(row)
        key = first("key")
        if not key:
            raise Broken(_("no key stands in the row"))
        id_ = first("id") if self.identified else key
        if not id_:
            raise Broken(_("{key} has no id").format(key=one_line(key, 60)))
        moment = self._moments(first, key)
        created = moment("created")
        if created is None:
            raise Broken(_("{key} has no date of creation").format(key=one_line(key, 60)))
        finished = moment("done")
        updated = moment("updated") or finished or created
        state = self._state(first, key, finished is not None)
        type_ = first("type") or "issue"
        parent_id, parent_key = self._parent(first)
        description = first("description")
        many = {name: self._many(row, name) for name in _MANY}
        return WorkItem(
            id=id_,
            kind=ItemKind.ISSUE,
            type=type_,
            level=self._level(type_),
            key=key,
            project=first("project") or self._settings.project or _project_of(key) or self._project,
            title=first("title"),
            url=self._url(first, key),
            state=state,
            status=first("status"),
            created_at=created,
            updated_at=updated,
            done_at=(finished or moment("moved") or updated) if state is ItemState.DONE else None,
            resolution=first("resolution") or None,
            assignee=first("assignee") or None,
            author=first("author") or None,
            parent_id=parent_id,
            parent_key=parent_key,
            points=_number(first("points")),
            labels=many["labels"],
            components=many["components"],
            versions=many["versions"],
            milestones=many["milestones"],
            sprints=many["sprints"],
            references=tuple(Reference(ReferenceKind.KEY_RESULT, goal) for goal in trailers_in(description)),
        )

    def _check(self, names: Sequence[str], given: Mapping[str, Sequence[str]]) -> None:
        known = _folded(names)
        for name, columns in given.items():
            for column in columns:
                if column.casefold() not in known:
                    near = get_close_matches(column, names, 1)
                    raise Unreadable(
                        _("there is no column {column}, which `columns: {name}` names; {hint}").format(
                            column=repr(one_line(column, 60)),
                            name=name,
                            hint=_("did you mean {column}?").format(column=repr(one_line(near[0], 60)))
                            if near
                            else _("the header has {columns}").format(columns=one_line(", ".join(names), 300)),
                        ),
                        1,
                    )
        for name in ("key", "created"):
            if not known.intersection(self._wanted[name]):
                raise Unreadable(
                    _(
                        "no column is known to be {name}: write `columns: {{{name}: …}}`; the header has {columns}"
                    ).format(name=name, columns=one_line(", ".join(names), 300)),
                    1,
                )
        told = {column for name in ("category", "resolution", "done") for column in self._wanted[name]}
        if not known.intersection(told) and not self._settings.statuses.done:
            raise Unreadable(
                _(
                    "no column tells what is done: write `statuses: {{done: [Closed, …]}}`, or `columns: {{done: …}}`"
                ).format(),
                1,
            )

    def _reader(self, row: Row) -> Callable[[str], str]:
        def first(name: str) -> str:
            for column in self._wanted[name]:
                for cell in row.cells.get(column, ()):
                    if cell := cell.strip():
                        return cell
            return ""

        return first

    def _many(self, row: Row, name: str) -> tuple[str, ...]:
        cells = [cell for column in self._wanted[name] for cell in row.cells.get(column, ())]
        if self._settings.separator is not None:
            cells = [part for cell in cells for part in cell.split(self._settings.separator)]
        return tuple(dict.fromkeys(cell for cell in map(str.strip, cells) if cell))

    def _moments(self, first: Callable[[str], str], key: str) -> Callable[[str], datetime | None]:
        def moment(name: str) -> datetime | None:
            text = first(name)
            if not text:
                return None
            try:
                return parse(text, self._zone, self._settings.dates)
            except ValueError:
                raise Broken(
                    _(
                        "{key}: {text} is no date that is understood: write how dates are, such as "
                        '`dates: "%m/%d/%Y %H:%M"`'
                    ).format(key=one_line(key, 60), text=repr(one_line(text, 40)))
                ) from None

        return moment

    def _state(self, first: Callable[[str], str], key: str, finished: bool) -> ItemState:
        if self._done or self._doing:
            status = first("status").casefold()
            if status in self._done:
                return ItemState.DONE
            if status in self._doing:
                return ItemState.DOING
            if self._done:
                return ItemState.TODO
        category = first("category")
        if category:
            state = _CATEGORIES.get(category.casefold())
            if state is None:
                raise Broken(
                    _("{key}: the status category {category} is not known: write `statuses: {{done: […]}}`").format(
                        key=one_line(key, 60), category=repr(one_line(category, 40))
                    )
                )
            return state
        resolved = first("resolution").casefold() not in _UNRESOLVED
        return ItemState.DONE if finished or resolved else ItemState.TODO

    def _level(self, type_: str) -> int:
        name = type_.casefold()
        if name in self._levels:
            return self._levels[name]
        return -1 if name in _SUB_TASKS else int(name in _EPICS)

    def _parent(self, first: Callable[[str], str]) -> tuple[str | None, str | None]:
        """Id and key. What stands in a column of ids is a key where rows are known by their keys."""
        id_, key = first("parent_id"), first("parent")
        if not self.identified:
            return None, key or id_ or None
        if id_ and not id_.isdecimal() and not self._settings.columns.parent_id:
            return None, id_
        return id_ or None, key or None

    def _url(self, first: Callable[[str], str], key: str) -> str | None:
        pattern = self._settings.url
        if pattern is None:
            return web_address(first("url"))
        name = quote(key, safe="")
        return pattern.replace("{key}", name) if "{key}" in pattern else f"{pattern}/browse/{name}"


def web_address(text: str) -> str | None:
    """An address that a person may be sent to; None for anything else."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return None
    return text if sound else None


def _folded(names: Sequence[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _project_of(key: str) -> str:
    """``SHOP`` of ``SHOP-101``, ``acme/storefront`` of ``acme/storefront#45``; empty for any other key."""
    found = _NUMBERED.fullmatch(key)
    return found[1] if found else ""


def _number(text: str) -> float | None:
    try:
        return parse_number(text)
    except ValueError:
        return None
