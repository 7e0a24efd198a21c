"""What an object of a JSON export is: an issue of Jira's API, one of GitHub's API or of its command line, or a row.

The meaning of Jira's and GitHub's own objects is that of their connectors, so that a file says the same as the service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from okrsync.connector import ConnectorContext
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import Milestone, WorkItem
from okrsync_file.columns import Columns
from okrsync_file.settings import FileSettings
from okrsync_file.table import Broken, Row

GH_FIELDS = ("number", "title", "state", "url", "createdAt", "updatedAt", "closedAt")
"""What `gh issue list --json` and `gh pr list --json` must have been asked for; more is better."""
_ON_GITHUB = re.compile(r"(https?://[^/\s]+)/(?:api/v3/)?(?:repos/)?([^/\s?#]+/[^/\s?#]+)/(?:issues|pulls?)/[0-9]+/?$")
_Known = tuple[WorkItem, tuple[Milestone, ...], bool]
"""An item, the milestones that it names, and whether it has an identity of its own beside its key."""


class Objects:
    """Reads the objects of a source's JSON files."""

    def __init__(self, settings: FileSettings, context: ConnectorContext, zone: ZoneInfo) -> None:
        self._settings = settings
        self._context = context
        self._zone = zone
        self._jira: Callable[[Any, str], _Known] | None = None
        self._columns: Columns | None = None

    def read(self, value: Any, where: str) -> _Known:
        """An object as an item. ``where`` is file and line, for messages. Raises ``Broken``, or ``SourceError`` with
        a message that begins with ``where``."""
        if isinstance(value, dict) and value.keys() == {"url", "data"}:
            value = value["data"]  # a recorded answer, beside the request that brought it
        if not isinstance(value, dict):
            raise Broken(_("this is no object"))
        kind = self._settings.format
        if kind == "jira" or (kind is None and isinstance(value.get("fields"), dict)):
            return self._read_jira(value, where)
        if kind == "github" or (kind is None and "number" in value and "title" in value):
            return self._read_github(value, where)
        if kind is None and not self._settings.columns.key:
            raise Broken(
                _(
                    "this is neither an issue of Jira nor of GitHub: write `format: table` and name its fields in "
                    "`columns`"
                )
            )
        return self._read_row(value)

    def _read_jira(self, value: Any, where: str) -> _Known:
        if self._jira is None:
            from okrsync_jira.custom import CustomFields
            from okrsync_jira.items import Reader

            wanted = self._settings.columns
            custom = CustomFields(sprint=wanted.sprints, epic_link=wanted.parent, points=wanted.points)
            reader = Reader(self._settings.url or "https://jira.invalid", self._zone, custom, self._context.people)

            def read(issue: Any, where: str) -> _Known:
                item = reader.item(issue, where)
                milestones = tuple(reader.milestones(issue, where, versions=True))
                if self._settings.url is None:
                    item = structs.replace(item, url=None)
                    milestones = tuple(replace(milestone, url=None) for milestone in milestones)
                return item, milestones, True

            self._jira = read
        return self._jira(value, where)

    def _read_github(self, value: Any, where: str) -> _Known:
        from okrsync_github.items import PullFacts, Repository, facts_of_rest, milestone_of, work_item

        said = next((value.get(key) for key in ("html_url", "url") if isinstance(value.get(key), str)), "")
        place = _ON_GITHUB.fullmatch(str(said))
        name = place[2] if place else self._settings.repo
        if name is None:
            raise Broken(_("no address tells the repository: ask gh for `url` as well, or write `repo: owner/name`"))
        web = place[1] if place else "https://github.com"
        repository = Repository(0, name, f"{web}/{name}", name)
        facts: PullFacts | None = None
        milestones: tuple[Milestone, ...] = ()
        try:
            if "createdAt" in value or "created_at" not in value:
                value, facts = _of_gh(value, PullFacts)
            else:
                facts = facts_of_rest(value, [], name) if "head" in value else None
                if isinstance(value.get("milestone"), dict):
                    milestones = (milestone_of(value["milestone"], repository, self._zone),)
            item = work_item(value, repository, facts)
        except SourceError as error:
            raise Broken(str(error)) from None
        # The service's own number of the repository is not in an export: its name stands for it.
        prefix = name.lower()
        milestones = tuple(replace(one, id=f"{prefix}/{one.id.rpartition('/')[2]}") for one in milestones)
        return structs.replace(item, id=item.key.lower(), parent_id=None), milestones, False

    def _read_row(self, value: Mapping[str, Any]) -> _Known:
        if self._columns is None:
            self._columns = Columns(None, self._settings, self._zone, self._context.source)
        wanted = type(self._settings.columns).model_fields
        names = {column for name in wanted for column in getattr(self._settings.columns, name)}
        row = Row(0, {name.casefold(): _cells(value, name) for name in names})
        return self._columns.item(row), (), self._columns.identified


def _cells(value: Any, name: str) -> Sequence[str]:
    """The texts that a field holds; ``status.name`` looks into an object, and so into each of a list."""
    found = [value]
    for part in [name] if isinstance(value, dict) and name in value else name.split("."):
        found = [one[part] for one in found if isinstance(one, dict) and part in one]
        found = [each for one in found for each in (one if isinstance(one, list) else [one])]
    return [
        one if isinstance(one, str) else str(one)
        for one in found
        if isinstance(one, str | int | float) and not isinstance(one, bool)
    ]


def _of_gh(row: Mapping[str, Any], facts: Callable[..., Any]) -> tuple[dict[str, Any], Any]:
    """What `gh … list --json` writes, as the API has it. Raises ``Broken`` when it was not asked for enough."""
    missing = [name for name in GH_FIELDS if name not in row]
    if missing:
        raise Broken(
            _("{fields} is missing: ask for it, with `gh issue list --state all --limit 100000 --json {all}`").format(
                fields=", ".join(missing), all=",".join(GH_FIELDS)
            )
        )
    from okrsync_github.items import commit_of, moment

    where = f"#{one_line(str(row['number']), 20)}"
    pull = not {"headRefName", "mergedAt", "isDraft"}.isdisjoint(row) or "/pull/" in str(row["url"])
    reason = row.get("stateReason")
    merged = row.get("mergedAt") or None
    answer = {
        "number": row["number"],
        "title": row["title"],
        "html_url": row["url"],
        "state": "open" if str(row["state"]).lower() == "open" else "closed",
        "state_reason": reason.lower() if isinstance(reason, str) and reason else None,
        "created_at": row["createdAt"],
        "updated_at": row["updatedAt"],
        "closed_at": row["closedAt"] or merged,
        "user": row.get("author"),
        "assignees": row.get("assignees") or [],
        "labels": row.get("labels") or [],
        "milestone": row.get("milestone") or None,
        "body": row.get("body"),
    }
    if not pull:
        return answer, None
    answer |= {"head": {}, "draft": row.get("isDraft"), "merged_at": merged}
    commits = [_mapping(row.get("mergeCommit")).get("oid"), row.get("headRefOid")]
    commits += [_mapping(each).get("oid") for each in _sequence(row.get("commits"))]
    branch = row.get("headRefName")
    return answer, facts(
        branch=branch if isinstance(branch, str) else "",
        merged_at=moment(answer, "merged_at", where),
        closes=tuple(filter(None, map(_closed, _sequence(row.get("closingIssuesReferences"))))),
        commits=tuple(
            dict.fromkeys(sha for text in commits if isinstance(text, str) and (sha := commit_of(text)) is not None)
        ),
    )


def _closed(reference: Any) -> str | None:
    repository = _mapping(_mapping(reference).get("repository"))
    owner, number = _mapping(repository.get("owner")).get("login"), _mapping(reference).get("number")
    name = repository.get("name")
    if not isinstance(owner, str) or not isinstance(name, str) or not isinstance(number, int):
        return None
    return f"{owner}/{name}#{number}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
