"""Reads work from Jira Cloud and Jira Data Center.

``client`` speaks the wire, ``jql`` and ``search`` know the query language and its paging, ``items`` gives it meaning.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from okrsync.connector import Connector, ConnectorContext, Cursor, Page, Plan, Shard
from okrsync.dates import parse_moment
from okrsync.errors import AuthError, SourceError
from okrsync.http import DEFAULT_POLICY, HttpPolicy, one_line
from okrsync.model import Milestone, Scope
from okrsync_jira import jql as q
from okrsync_jira.client import POST_REFUSED, Answer, JiraClient, Refused
from okrsync_jira.items import STANDARD_FIELDS, CustomFields, Reader
from okrsync_jira.search import Found, Search, slices
from okrsync_jira.settings import CloudAuth, JiraSettings

OVERLAP = timedelta(minutes=10)
"""An incremental run looks back this much further: Cloud's search lags behind by seconds to minutes (FACTS)."""

PAGE = 100
CLOUD_IDS = 5000
SERVER_IDS = 1000
SMALLEST_SLICE = 1500
COUNTS = 16
"""Requests that sizing the slices of one project may cost."""

JQL_SCOPE = "jql"


@dataclass(frozen=True, slots=True)
class _Site:
    """What is asked once: who we are there, and what the site is."""

    client: JiraClient
    cloud: bool
    account: str
    reader: Reader

    @property
    def api(self) -> str:
        return "/rest/api/3" if self.cloud else "/rest/api/2"


class JiraConnector(Connector):
    """Issues, sub-tasks and epics as work items; versions and sprints as milestones."""

    type_name = "jira"
    Settings = JiraSettings
    settings: JiraSettings
    policy: ClassVar[HttpPolicy] = DEFAULT_POLICY

    def __init__(self, settings: JiraSettings, context: ConnectorContext) -> None:
        super().__init__(settings, context)
        self._lock = threading.Lock()
        self._client: JiraClient | None = None
        self._known_site: _Site | None = None

    def scopes(self) -> Sequence[Scope]:
        """One scope a project key, or the single scope ``jql``."""
        return [Scope(self.context.source, id_) for id_ in dict.fromkeys(self.settings.projects or (JQL_SCOPE,))]

    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        """See ``Connector.plan``. The cursor is the server's clock at the start of the plan, less an overlap: its own
        clock, because ours may be wrong; never the latest ``updated``, because search lags behind it."""
        site, where = self._site(), self._where(scope)
        jql, project, answer = self._query(site, scope)
        now = _server_time(answer) or self._told_time(site, where)
        following: Cursor = {"since": int((now - OVERLAP).timestamp() * 1000)}
        # A cursor holds for its own query only: another one finds issues that did not change since; and when a project
        # gets another key, so do all its issues, without counting as updated.
        asked = {"project": project} if self.settings.jql is None else {"jql": self.settings.jql}
        following |= asked
        versions = {} if project is None else {"versions": project}
        name = project or scope.id
        since = cursor.get("since") if cursor and {key: cursor.get(key) for key in asked} == asked else None
        if isinstance(since, int):
            shard = Shard(f"updated-{since}", {"jql": q.within(jql, "updated", since, None), **versions})
            return Plan((shard,), following, name)
        ranges = slices(Search(site.client, site.cloud, where), jql, now, largest=SMALLEST_SLICE, budget=COUNTS)
        shards = tuple(
            Shard(
                f"created-{'' if start is None else start}-{'' if end is None else end}",
                {"jql": q.within(jql, "created", start, end), **(versions if start is None else {})},
            )
            for start, end in ranges
        )
        return Plan(shards, following, name, whole=True)

    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        """See ``Connector.pages``."""
        site, where = self._site(), self._where(scope)
        fields = (*STANDARD_FIELDS, *site.reader.custom.ids())
        project = shard.params.get("versions")
        more = () if project is None or cursor is not None else self._versions(site, project, where)
        for found in Search(site.client, site.cloud, where).pages(shard.params["jql"], fields, PAGE, cursor):
            yield self._page(site, found, where, more)
            more = ()

    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        """See ``Connector.census``. Raises ``AuthError`` when the account may no longer browse the project."""
        site, where = self._site(), self._where(scope)
        jql, project, _ = self._query(site, scope)
        self._may_browse(site, project, where)
        search = Search(site.client, site.cloud, where)
        fields, size = (["id"], CLOUD_IDS) if site.cloud else (["created"], SERVER_IDS)
        seen: set[str] = set()
        for found in search.pages(jql, fields, size):
            fresh = dict.fromkeys(id_ for issue in found.issues if (id_ := _id_of(issue, where)) not in seen)
            seen.update(fresh)
            yield list(fresh)

    def count(self, scope: Scope) -> int | None:
        """How many issues the scope holds, on Cloud roughly; None when the site refuses to say."""
        site = self._site()
        return Search(site.client, site.cloud, self._where(scope)).count(self._jql(scope.id))

    def fetch(self, scope: Scope, ids: Sequence[str]) -> Iterator[Page]:
        """Single issues by id; those that no longer exist are left out."""
        site, where = self._site(), self._where(scope)
        fields = [*STANDARD_FIELDS, *site.reader.custom.ids()]
        for start in range(0, len(ids), PAGE):
            batch = list(ids[start : start + PAGE])
            yield self._page(site, Found(self._fetched(site, batch, fields, where), None), where, ())

    def describe(self) -> str:
        """``Jira Cloud at acme.atlassian.net as Sync Bot``; asks the site."""
        site, parts = self._site(), urlsplit(self.settings.url)
        return f"Jira {'Cloud' if site.cloud else 'Data Center'} at {parts.netloc}{parts.path} as {site.account}"

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._known_site = None

    # --- the site -----------------------------------------------------------------------------------------------------

    def _site(self) -> _Site:
        with self._lock:
            if self._known_site is None:
                self._known_site = self._ask_site()
            return self._known_site

    def _ask_site(self) -> _Site:
        auth, source = self.settings.auth, self.context.source
        if self._client is None:
            self._client = JiraClient(
                self.settings.url,
                email=auth.email if isinstance(auth, CloudAuth) else None,
                token=auth.token.get_secret_value(),
                scoped=isinstance(auth, CloudAuth) and auth.scoped,
                source=source,
                jobs=self.context.jobs,
                policy=self.policy,
                on_wait=self.context.on_wait,
            )
        client = self._client
        info = _if_there(client, "/rest/api/2/serverInfo", source)
        kind = info.data.get("deploymentType") if info and isinstance(info.data, dict) else None
        cloud = kind == "Cloud" if isinstance(kind, str) else isinstance(auth, CloudAuth)
        api = "/rest/api/3" if cloud else "/rest/api/2"
        me = client.get(f"{api}/myself", source).data
        names = [me.get(key) for key in ("accountId", "key", "name")] if isinstance(me, dict) else []
        if not any(isinstance(name, str) and name for name in names):
            raise AuthError(f"{source}: Jira answered without an account: the token is not accepted. Renew it")
        fields = _if_there(client, f"{api}/field", source)
        if fields is None:
            self.context.on_note(f"{source}: Jira does not list its fields: no sprints, epic links or story points")
        custom = CustomFields.found_in(fields.data if fields else None)
        account = one_line(str(me.get("displayName") or next(name for name in names if name)), 80)
        return _Site(client, cloud, account, Reader(self.settings.url, self.context.timezone, custom))

    def _where(self, scope: Scope) -> str:
        return f"{scope.source}:{scope.id}"

    # --- the scope ----------------------------------------------------------------------------------------------------

    def _jql(self, project: str) -> str:
        if self.settings.jql is not None:
            return f"({q.without_order(self.settings.jql)})"
        return f"project = {q.quoted(project)}"

    def _query(self, site: _Site, scope: Scope) -> tuple[str, str | None, Answer]:
        """The scope's query, its project's present key (None for ``jql``), and an answer that carries the time.

        Raises ``SourceError`` when the project cannot be seen: that is not an empty project.
        """
        where = self._where(scope)
        if self.settings.jql is not None:
            return self._jql(scope.id), None, site.client.get(f"{site.api}/myself", where)
        try:
            answer = site.client.get(f"{site.api}/project/{quote(scope.id, safe='')}", where)
        except Refused as error:
            if error.status != 404:
                raise
            # Where projects themselves are not shown, an issue of it proves that it can be read.
            if self._has_an_issue(site, scope.id, where):
                return self._jql(scope.id), scope.id, site.client.get(f"{site.api}/myself", where)
            raise SourceError(
                f"{where}: Jira shows no project {scope.id} to {site.account}: it is gone, or the permission to browse "
                "it was withdrawn. Nothing was removed here"
            ) from error
        key = answer.data.get("key") if isinstance(answer.data, dict) else None
        if not isinstance(key, str) or not key:
            raise SourceError(f"{where}: Jira answered without the project's key")
        return self._jql(key), key, answer

    def _has_an_issue(self, site: _Site, project: str, where: str) -> bool:
        try:
            found = next(Search(site.client, site.cloud, where).pages(self._jql(project), ["created"], 1))
        except Refused as error:
            if error.status == 400:  # Jira's answer for a project that the account cannot see
                return False
            raise
        return bool(found.issues)

    def _may_browse(self, site: _Site, project: str | None, where: str) -> None:
        # Cloud must be told which permissions; Data Center knows no such parameter and tells all of them.
        params = {
            **({"permissions": "BROWSE_PROJECTS"} if site.cloud else {}),
            **({"projectKey": project} if project else {}),
        }
        answer = _if_there(site.client, f"{site.api}/mypermissions", where, **params)
        data: Any = answer.data if answer else None
        for key in ("permissions", "BROWSE_PROJECTS", "havePermission"):
            data = data.get(key) if isinstance(data, dict) else None
        if data is False:
            raise AuthError(f"{where}: {site.account} may no longer browse {project or 'any project'}: ask for access")

    def _versions(self, site: _Site, project: str, where: str) -> tuple[Milestone, ...]:
        path = f"{site.api}/project/{quote(project, safe='')}/versions"
        answer = _if_there(site.client, path, where)
        if answer is None:
            self.context.on_note(
                f"{where}: Jira does not list the project's versions: only those of its issues are known"
            )
            return ()
        versions = answer.data
        if not isinstance(versions, list):
            raise SourceError(f"{where}: Jira answered without a list of versions")
        return tuple(site.reader.version(version, project, where) for version in versions)

    def _page(self, site: _Site, found: Found, where: str, more: tuple[Milestone, ...]) -> Page:
        items = tuple(site.reader.item(issue, where) for issue in found.issues)
        milestones = {(milestone.kind, milestone.id): milestone for milestone in more}
        # A project's versions are asked for as a whole; the issues of a query are all that tells of theirs.
        by_issue = self.settings.jql is not None
        for issue in found.issues:
            for milestone in site.reader.milestones(issue, where, versions=by_issue):
                milestones[milestone.kind, milestone.id] = milestone
        return Page(items, found.next, tuple(milestones.values()))

    def _fetched(self, site: _Site, ids: list[str], fields: list[str], where: str) -> Sequence[Any]:
        if site.cloud:
            body = {"issueIdsOrKeys": ids, "fields": fields}
            try:
                answer = site.client.post("/rest/api/3/issue/bulkfetch", where, body).data
            except Refused as error:
                if error.status not in POST_REFUSED:
                    raise
            else:
                issues = answer.get("issues") if isinstance(answer, dict) else None
                if not isinstance(issues, list):
                    raise SourceError(f"{where}: Jira answered without issues")
                return issues
        numbers = ", ".join(id_ for id_ in ids if id_.isdigit())
        search = Search(site.client, site.cloud, where)
        try:
            return [issue for page in search.pages(f"id in ({numbers})", fields, PAGE) for issue in page.issues]
        except Refused as error:
            if error.status != 400:
                raise
        # One deleted issue makes Jira refuse the whole query.
        path = f"{site.api}/issue/"
        answers = [_if_there(site.client, path + quote(id_, safe=""), where, fields=",".join(fields)) for id_ in ids]
        return [answer.data for answer in answers if answer is not None]

    def _told_time(self, site: _Site, where: str) -> datetime:
        info = _if_there(site.client, "/rest/api/2/serverInfo", where)
        if info is not None and isinstance(info.data, dict):
            try:
                return parse_moment(str(info.data.get("serverTime")))
            except (ValueError, OverflowError):
                pass
        return datetime.now(UTC)


def _if_there(client: JiraClient, path: str, where: str, **params: str) -> Answer | None:
    """What a GET answers; None for 404."""
    try:
        return client.get(path, where, **params)
    except Refused as error:
        if error.status == 404:
            return None
        raise


def _server_time(answer: Answer) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _id_of(issue: object, where: str) -> str:
    id_ = issue.get("id") if isinstance(issue, dict) else None
    if not isinstance(id_, str) or not id_:
        raise SourceError(f"{where}: an issue without id")
    return id_
