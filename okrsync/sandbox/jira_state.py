"""What a stand-in of Jira holds: plain data, what may happen to it between two syncs, and the search over it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from okrsync.dates import parse_moment
from okrsync.sandbox.jql import JqlError, Query, parse
from okrsync.sandbox.jql_search import Context, Row, predicate, sort

Json = dict[str, Any]

CACHED_SEARCHES = 64
MOST_ORDER_FIELDS = 7

SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"
EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"
EPIC_LABEL = "com.pyxis.greenhopper.jira:gh-epic-label"
STORY_POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"
FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"

_SYSTEM_FIELDS = (
    ("summary", "Summary", "string"), ("issuetype", "Issue Type", "issuetype"), ("project", "Project", "project"),
    ("status", "Status", "status"), ("resolution", "Resolution", "resolution"), ("labels", "Labels", "array"),
    ("resolutiondate", "Resolved", "datetime"), ("created", "Created", "datetime"), ("updated", "Updated", "datetime"),
    ("components", "Components", "array"), ("fixVersions", "Fix versions", "array"), ("parent", "Parent", "issue"),
    ("versions", "Affects versions", "array"), ("assignee", "Assignee", "user"), ("reporter", "Reporter", "user"),
    ("creator", "Creator", "user"), ("priority", "Priority", "priority"), ("subtasks", "Sub-tasks", "array"),
    ("description", "Description", "string"), ("duedate", "Due date", "date"), ("issuelinks", "Linked Issues", "array"),
)  # fmt: skip


def custom_field(number: int, name: str, custom: str, type: str = "any", **schema: str) -> Json:
    """A custom field as ``/field`` lists it: ``custom`` says what it is, ``name`` what the site calls it."""
    return {
        "id": f"customfield_{number}",
        "key": f"customfield_{number}",
        "name": name,
        "custom": True,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [f"cf[{number}]", name],
        "schema": {"type": type, "custom": custom, "customId": number, **schema},
    }


def _default_fields() -> list[Json]:
    system = [
        {
            "id": id,
            "key": id,
            "name": name,
            "custom": False,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": [id.lower()],
            "schema": {"type": kind, "system": id},
        }
        for id, name, kind in _SYSTEM_FIELDS
    ]
    return [
        *system,
        custom_field(10011, "Epic Name", EPIC_LABEL, "string"),
        custom_field(10014, "Epic Link", EPIC_LINK),
        custom_field(10016, "Story point estimate", STORY_POINTS, "number"),
        custom_field(10020, "Sprint", SPRINT, "array", items="json"),
        custom_field(10024, "Story Points", FLOAT, "number"),
    ]


class JiraState:
    """The site. Whoever changes ``issues`` or ``fields`` by hand calls ``changed`` afterwards; the methods do.

    Issues are kept as API v2 shows them at this deployment: a description is text, a sprint is an object on Cloud and
    a GreenHopper string on Server.
    """

    def __init__(self, *, deployment: Literal["cloud", "server"], account_timezone: str) -> None:
        self.cloud = deployment == "cloud"
        self.zone = ZoneInfo(account_timezone)
        self.projects: dict[str, Json] = {}
        """By id."""
        self.issues: dict[str, Json] = {}
        self.histories: dict[str, list[Json]] = {}
        """By issue id, oldest first."""
        """By id."""
        self.versions: dict[str, list[Json]] = {}
        """By project id."""
        self.fields: list[Json] = _default_fields()
        self.statuses: list[Json] = []
        """Those that no issue has, too."""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.lock = threading.RLock()
        self.rejects: Literal["401", "anonymous"] | None = None
        """How the right token is refused; None while it is accepted."""
        self._rows: dict[str, Row] = {}
        self._keys: dict[str, str] = {}
        """Present and former keys → issue id."""
        self._former_project_keys: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._lagging: set[str] = set()
        self._found: dict[tuple[str, int, bool], list[str]] = {}

    # --- what happens ---

    def add_project(self, key: str, name: str, id: str, style: str = "classic") -> str:
        """Add a project and return its id. On Cloud ``style`` is ``classic`` or ``next-gen`` (team-managed)."""
        project: Json = {"id": id, "key": key, "name": name, "projectTypeKey": "software"}
        if self.cloud:
            project |= {"style": style, "simplified": style == "next-gen", "isPrivate": False, "properties": {}}
        with self.lock:
            self.projects[id] = project
            self._found.clear()
        return id

    def put_issue(self, issue: Json, *, updated: datetime | None = None) -> None:
        """Create or replace an issue by its id: ``{"id", "key", "fields"}``.

        ``updated`` sets the field of that name; a missing ``project`` field is filled in from the key. Raises
        ``ValueError`` for a key of an unknown project.
        """
        id, key, fields = str(issue["id"]), str(issue["key"]), dict(issue["fields"])
        with self.lock:
            if not isinstance(fields.get("project"), dict):
                project = self._named(key.rpartition("-")[0])
                if project is None:
                    raise ValueError(f"{key} belongs to no project of this site")
                fields["project"] = {name: project[name] for name in ("id", "key", "name")}
            if updated is not None:
                fields["updated"] = self.stamp(updated)
            self.issues[id] = {"id": id, "key": key, "fields": fields}
            self._rows[id] = _row(self.issues[id])
            self._keys[key.upper()] = id
            self._found.clear()

    def put_history(self, key_or_id: str, at: datetime, author: Json, items: list[Json]) -> None:
        """Add an entry to an issue's history: who changed which fields when. Raises ``KeyError`` for an unknown one."""
        with self.lock:
            entries = self.histories.setdefault(self._id(key_or_id), [])
            number = sum(map(len, self.histories.values()))
            entries.append({"id": str(number), "author": author, "created": self.stamp(at), "items": items})

    def delete_issue(self, key_or_id: str) -> None:
        """Delete an issue for good; none of its keys answers any more. Raises ``KeyError`` for an unknown one."""
        with self.lock:
            id = self._id(key_or_id)
            del self.issues[id], self._rows[id]
            self._keys = {key: found for key, found in self._keys.items() if found != id}
            self._found.clear()

    def move_issue(self, key_or_id: str, new_project: str, *, updated: datetime | None = None) -> str:
        """Move an issue to another project and return its new key; its id stays and its old key still finds it."""
        with self.lock:
            issue, project = self.issues[self._id(key_or_id)], self._named(new_project)
            if project is None:
                raise KeyError(new_project)
            number = 1 + max((row.number for row in self._rows.values() if row.project_id == project["id"]), default=0)
            fields = {name: value for name, value in issue["fields"].items() if name != "project"}
            key = f"{project['key']}-{number}"
            self.put_issue({"id": issue["id"], "key": key, "fields": fields}, updated=updated)
        return key

    def rename_project(self, key: str, new_key: str) -> None:
        """Give a project another key, and so its issues; the old keys still answer."""
        with self.lock:
            project = self._named(key)
            if project is None:
                raise KeyError(key)
            self._former_project_keys[project["key"].upper()] = project["id"]
            project["key"] = new_key
            for row in [row for row in self._rows.values() if row.project_id == project["id"]]:
                issue = self.issues[str(row.id)]
                fields = {name: value for name, value in issue["fields"].items() if name != "project"}
                self.put_issue({"id": issue["id"], "key": f"{new_key}-{row.number}", "fields": fields})

    def revoke(self, project: str) -> None:
        """Withdraw the account's permission to see a project: all of it disappears, as if it were deleted."""
        self._permit(project, self._revoked.add)

    def restore(self, project: str) -> None:
        """Give the permission back."""
        self._permit(project, self._revoked.discard)

    def expire_token(self, mode: Literal["401", "anonymous"] = "401") -> None:
        """Refuse the token from now on: by 401, or by answering 200 as to a stranger, who sees no issue."""
        self.rejects = mode

    def renew_token(self) -> None:
        """Accept the token again."""
        self.rejects = None

    def lag_until(self, key_or_id: str) -> Callable[[], None]:
        """Hide an issue from search, whose index is late, until the returned function is called."""
        with self.lock:
            id = self._id(key_or_id)
            self._lagging.add(id)
            self._found.clear()

        def release() -> None:
            with self.lock:
                self._lagging.discard(id)
                self._found.clear()

        return release

    def changed(self) -> None:
        """Look at ``issues`` again after a change by hand."""
        with self.lock:
            self._rows = {id: _row(issue) for id, issue in self.issues.items()}
            self._keys |= {issue["key"].upper(): id for id, issue in self.issues.items()}
            self._found.clear()

    def stamp(self, moment: datetime) -> str:
        """A moment as Jira writes it, in the account's zone: ``2021-03-28T16:06:08.713+0800``."""
        local = moment.astimezone(self.zone)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"

    # --- what the account sees ---

    def project(self, key_name_or_id: str) -> Json | None:
        """The project of this key (a former one too), name or id; None where the account may not see it."""
        found = self._named(key_name_or_id)
        return None if found is None or found["id"] in self._revoked else found

    def has_project(self, key_name_or_id: str) -> bool:
        """There is such a project, whether the account may see it or not."""
        return self._named(key_name_or_id) is not None

    def visible_projects(self) -> list[Json]:
        """All projects that the account may see, by key."""
        seen = (project for id, project in self.projects.items() if id not in self._revoked)
        return sorted(seen, key=lambda project: str(project["key"]))

    def issue(self, key_or_id: str) -> Json | None:
        """The issue of this id or key (a former one too); None where the account may not see it."""
        row = self._row_of(key_or_id)
        return None if row is None else self.issues[str(row.id)]

    def search(self, jql: str, *, validate: bool = True) -> tuple[Query, list[str]]:
        """The parsed query and the ids that it finds, in order; remembered until something changes.

        Raises ``JqlError``, without ``validate`` not for an issue that does not exist.
        """
        query = parse(jql)
        if len(query.order) > MOST_ORDER_FIELDS and self.cloud:
            raise JqlError(f"The maximum number of ORDER BY fields is {MOST_ORDER_FIELDS}.")
        with self.lock:
            now = self.now()
            remembered = (jql, int(now.timestamp() // 60), validate)
            if remembered not in self._found:
                context = Context(
                    cloud=self.cloud,
                    zone=self.zone,
                    now=now,
                    project=lambda text: project["id"] if (project := self.project(text)) else None,
                    issue=self._row_of,
                    fields=self._clause_names(),
                    validate=validate,
                )
                test = predicate(query.where, context) if query.where else None
                rows = [row for row in self._searchable() if test is None or test(row)]
                if len(self._found) >= CACHED_SEARCHES:
                    del self._found[next(iter(self._found))]
                self._found[remembered] = [str(row.id) for row in sort(rows, query.order)]
            return query, self._found[remembered]

    def all_statuses(self) -> list[Json]:
        """The statuses of all issues and those of ``statuses``, each once."""
        known = {status["id"]: status for status in self.statuses}
        for issue in self.issues.values():
            status = issue["fields"].get("status")
            if isinstance(status, dict):
                known.setdefault(status.get("id"), status)
        return list(known.values())

    def _searchable(self) -> Iterable[Row]:
        if not self._lagging and not self._revoked:
            return self._rows.values()
        return (
            row for id, row in self._rows.items() if id not in self._lagging and row.project_id not in self._revoked
        )

    def _clause_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for field in self.fields:
            if field["custom"]:
                # Sprint and Epic Link can be asked for by these names whatever the site's language calls them.
                kind = {SPRINT: "sprint", EPIC_LINK: "epic link"}.get(field["schema"].get("custom"))
                for name in [*field["clauseNames"], *([kind] if kind else [])]:
                    names[name.lower()] = field["id"]
        return names

    def _named(self, key_name_or_id: str) -> Json | None:
        wanted = key_name_or_id.upper()
        for id, project in self.projects.items():
            if wanted in (id, str(project["key"]).upper(), str(project["name"]).upper()):
                return project
        former = self._former_project_keys.get(wanted)
        return None if former is None else self.projects[former]

    def _permit(self, project: str, change: Callable[[str], None]) -> None:
        with self.lock:
            found = self._named(project)
            if found is None:
                raise KeyError(project)
            change(found["id"])
            self._found.clear()

    def _id(self, key_or_id: str) -> str:
        return key_or_id if key_or_id in self.issues else self._keys[key_or_id.upper()]

    def _row_of(self, key_or_id: str) -> Row | None:
        row = self._rows.get(key_or_id) or self._rows.get(self._keys.get(key_or_id.upper(), ""))
        return None if row is None or row.project_id in self._revoked else row


def _row(issue: Json) -> Row:
    fields = issue["fields"]
    project_key, _, number = issue["key"].rpartition("-")
    return Row(
        id=int(issue["id"]),
        key=issue["key"],
        project_id=str(fields["project"]["id"]),
        project_key=project_key,
        number=int(number),
        created=_milliseconds(fields.get("created")),
        updated=_milliseconds(fields.get("updated")),
        resolved=_milliseconds(fields.get("resolutiondate")),
        fields=fields,
    )


def _milliseconds(stamp: str | None) -> int | None:
    if stamp is None:
        return None
    return (parse_moment(stamp) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
