"""Reads work from Jira Cloud and Jira Data Center.

``client`` and ``wire`` speak the wire; ``site`` asks whom we talk to; ``jql``, ``search`` and ``slices`` know the query
language, its paging and how to cut it; ``items`` and ``values`` give it meaning.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from okrsync.checkup import Check
from okrsync.connector import Connector, ConnectorContext, Cursor, Page, Plan, Shard
from okrsync.errors import AuthError, SourceError
from okrsync.http import DEFAULT_POLICY, HttpPolicy
from okrsync.language import _
from okrsync.model import Milestone, Scope, WorkItem
from okrsync_jira import jql as q
from okrsync_jira.client import POST_REFUSED, Answer, JiraClient, Refused
from okrsync_jira.custom import STANDARD_FIELDS
from okrsync_jira.history import MOST_ISSUES, Histories, entries_by_issue, entries_of
from okrsync_jira.history import body as history_body
from okrsync_jira.search import Found, Search
from okrsync_jira.settings import CloudAuth, JiraSettings
from okrsync_jira.site import Site, api_root, ask_site, if_there, server_time
from okrsync_jira.slices import PAGE, cut, ended
from okrsync_jira.wire import Issue, plain

OVERLAP = timedelta(minutes=10)
"""An incremental run looks back this much further: Cloud's search lags behind by seconds to minutes (FACTS)."""

CENSUS_PAGE = 5000
"""Ids in one answer: Cloud gives so many when nothing else is asked for, Data Center as many as it is set up for."""

SIDE = 8
"""Threads for what a plan may ask at once; how fast a host is asked is the business of its pace."""

JQL_SCOPE = "jql"


class JiraConnector(Connector):
    """Issues, sub-tasks and epics as work items; versions and sprints as milestones."""

    type_name = "jira"
    Settings = JiraSettings
    paced = True
    plans_ahead = True
    settings: JiraSettings
    policy: ClassVar[HttpPolicy] = DEFAULT_POLICY

    def __init__(self, settings: JiraSettings, context: ConnectorContext) -> None:
        super().__init__(settings, context)
        self._lock = threading.RLock()
        self._client: JiraClient | None = None
        self._known_site: Site | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._site_asked: Future[Site] | None = None
        self._projects_asked: dict[str, Future[Answer]] = {}
        """Asked ahead, each good for one plan."""
        self._reads_history = bool(context.people)
        self._histories = Histories(context.people)
        self._versions_of: dict[str, Sequence[Any]] = {}
        """What a plan has learned of a project on the way, until its first page asks for it."""

    def scopes(self) -> Sequence[Scope]:
        """One scope a project key, or the single scope ``jql``."""
        return [Scope(self.context.source, id_) for id_ in dict.fromkeys(self.settings.projects or (JQL_SCOPE,))]

    def prepare(self) -> None:
        """See ``Connector.prepare``."""
        self._wire()

    def ask_ahead(self, scopes: Sequence[Scope]) -> None:
        """See ``Connector.ask_ahead``: the site, and the projects."""
        with self._lock:
            if self._known_site is None and self._site_asked is None:
                self._site_asked = self._ask_site()
        if self.settings.jql is None:
            for scope in scopes:
                self._projects_asked[scope.id] = self._ask_project(scope.id)

    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        """See ``Connector.plan``. The cursor is the server's clock at the start of the plan, less an overlap: its own
        clock, because ours may be wrong; never the latest ``updated``, because search lags behind it."""
        where = self._where(scope)
        site, project, now = self._open(scope)
        jql = self._jql(project)
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
        shards = tuple(
            Shard(
                f"created-{'' if start is None else start}-{'' if end is None else end}",
                {"jql": q.within(jql, "created", start, end), **(versions if start is None else {})},
            )
            for start, end in cut(Search(site.client, site.cloud, where), jql, project, self._side())
        )
        return Plan(shards, following, name, whole=True)

    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        """See ``Connector.pages``."""
        site, where = self._site(), self._where(scope)
        fields = (*STANDARD_FIELDS, *site.reader.custom.ids())
        project = shard.params.get("versions")
        more = () if project is None or cursor is not None else self._versions(site, project, where)
        search = Search(site.client, site.cloud, where, history=self._reads_history and not site.cloud)
        for found in search.pages(shard.params["jql"], fields, PAGE, cursor):
            yield self._page(site, found, where, more)
            more = ()

    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        """See ``Connector.census``. Raises ``AuthError`` when the account may no longer browse the project."""
        where = self._where(scope)
        site, project, _ = self._open(scope)
        self._may_browse(site, project, where)
        search = Search(site.client, site.cloud, where)
        fields = ["id"] if site.cloud else ["created"]
        seen: set[str] = set()
        for found in search.pages(self._jql(project), fields, CENSUS_PAGE):
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

    def checkup(self, now: datetime) -> Iterator[Check]:
        """See ``Connector.checkup``."""
        from okrsync_jira.checkup import checkup

        return checkup(self, now)

    def site(self) -> Site:
        """What the site says of itself and of us; asked once."""
        return self._site()

    def check_scope(self, scope: Scope) -> str | None:
        """The present key of the scope's project, None for ``jql``. Raises ``SourceError`` when it is not shown."""
        site, project, _ = self._open(scope)
        self._may_browse(site, project, self._where(scope))
        return project

    def describe(self) -> str:
        """``Jira Cloud at acme.atlassian.net as Sync Bot``; asks the site."""
        site, parts = self._site(), urlsplit(self.settings.url)
        return _("Jira {edition} at {netloc}{path} as {account}").format(
            edition="Cloud" if site.cloud else "Data Center", netloc=parts.netloc, path=parts.path, account=site.account
        )

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            executor = self._executor
        if executor is not None:
            executor.shutdown(cancel_futures=True)  # without the lock, which what is under way may need
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._known_site = self._executor = None

    # --- the site -----------------------------------------------------------------------------------------------------

    def _side(self) -> ThreadPoolExecutor:
        """For requests that need not wait for each other."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(SIDE, thread_name_prefix="okrsync-jira")
            return self._executor

    def _wire(self) -> JiraClient:
        auth = self.settings.auth
        with self._lock:
            if self._client is None:
                self._client = JiraClient(
                    self.settings.url,
                    email=auth.email if isinstance(auth, CloudAuth) else None,
                    token=auth.token.get_secret_value(),
                    scoped=isinstance(auth, CloudAuth) and auth.scoped,
                    source=self.context.source,
                    jobs=self.context.jobs,
                    policy=self.policy,
                    paces=self.context.paces,
                    on_wait=self.context.on_wait,
                )
            return self._client

    def _site(self) -> Site:
        with self._lock:
            if self._known_site is not None:
                return self._known_site
            if self._site_asked is None:
                self._site_asked = self._ask_site()
            asked = self._site_asked
        # Without the lock, which asking needs. Who comes after a failure asks again.
        try:
            site = asked.result()
        finally:
            with self._lock:
                if self._site_asked is asked:
                    self._site_asked = None
        with self._lock:
            self._known_site = site
        return site

    def _where(self, scope: Scope) -> str:
        return f"{scope.source}:{scope.id}"

    # --- the scope ----------------------------------------------------------------------------------------------------

    def _jql(self, project: str | None) -> str:
        if self.settings.jql is not None:
            return f"({q.without_order(self.settings.jql)})"
        return f"project = {q.quoted(str(project))}"

    def _open(self, scope: Scope) -> tuple[Site, str | None, datetime]:
        """The site, the present key of the scope's project (None for ``jql``), and the time by the site's clock.

        Raises ``SourceError`` when the project cannot be seen: that is not an empty project.
        """
        where = self._where(scope)
        if self.settings.jql is not None:
            site = self._site()
            return site, None, site.now()
        asked = self._projects_asked.pop(scope.id, None) or self._ask_project(scope.id)
        try:
            site = self._site()  # who we are comes first, and so does what is wrong with that
        finally:
            ended([asked])
        try:
            answer = asked.result()
        except Refused as error:
            if error.status != 404:
                raise
            # Where projects themselves are not shown, an issue of it proves that it can be read.
            if self._has_an_issue(site, scope.id, where):
                return site, scope.id, site.now()
            raise SourceError(
                _(
                    "{where}: Jira shows no project {id} to {account}: it is gone, or the permission to browse "
                    "it was withdrawn. Nothing was removed here"
                ).format(where=where, id=scope.id, account=site.account)
            ) from error
        project = answer.data if isinstance(answer.data, dict) else {}
        key = project.get("key")
        if not isinstance(key, str) or not key:
            raise SourceError(_("{where}: Jira answered without the project's key").format(where=where))
        if isinstance(project.get("versions"), list):
            self._versions_of[key] = project["versions"]
        return site, key, server_time(answer) or site.now()

    def _ask_site(self) -> Future[Site]:
        side = self._side()
        return side.submit(ask_site, self._wire(), self.settings, self.context, side)

    def _ask_project(self, project: str) -> Future[Answer]:
        # Both APIs know this address; which of them is the site's own need not be known yet.
        path = f"{api_root(isinstance(self.settings.auth, CloudAuth))}/project/{quote(project, safe='')}"
        return self._side().submit(lambda: self._wire().get(path, f"{self.context.source}:{project}"))

    def _has_an_issue(self, site: Site, project: str, where: str) -> bool:
        try:
            found = next(Search(site.client, site.cloud, where).pages(self._jql(project), ["created"], 1))
        except Refused as error:
            if error.status == 400:  # Jira's answer for a project that the account cannot see
                return False
            raise
        return bool(found.issues)

    def _may_browse(self, site: Site, project: str | None, where: str) -> None:
        # Cloud must be told which permissions; Data Center knows no such parameter and tells all of them.
        params = {
            **({"permissions": "BROWSE_PROJECTS"} if site.cloud else {}),
            **({"projectKey": project} if project else {}),
        }
        answer = if_there(site.client, f"{site.api}/mypermissions", where, **params)
        data: Any = answer.data if answer else None
        for key in ("permissions", "BROWSE_PROJECTS", "havePermission"):
            data = data.get(key) if isinstance(data, dict) else None
        if data is False:
            raise AuthError(
                _("{where}: {account} may no longer browse {project}: ask for access").format(
                    where=where, account=site.account, project=project or _("any project")
                )
            )

    def _versions(self, site: Site, project: str, where: str) -> tuple[Milestone, ...]:
        versions: Any = self._versions_of.pop(project, None)
        if versions is None:
            path = f"{site.api}/project/{quote(project, safe='')}/versions"
            answer = if_there(site.client, path, where)
            if answer is None:
                self.context.on_note(
                    _("{where}: Jira does not list the project's versions: only those of its issues are known").format(
                        where=where
                    )
                )
                return ()
            versions = answer.data
        if not isinstance(versions, list):
            raise SourceError(_("{where}: Jira answered without a list of versions").format(where=where))
        return tuple(site.reader.version(version, project, where) for version in versions)

    def _page(self, site: Site, found: Found, where: str, more: tuple[Milestone, ...]) -> Page:
        items = tuple(site.reader.item(issue, where) for issue in found.issues)
        if self._reads_history:
            items = self._with_waits(site, items, found.issues, where)
        milestones = {(milestone.kind, milestone.id): milestone for milestone in more}
        # A project's versions are asked for as a whole; the issues of a query are all that tells of theirs.
        by_issue = self.settings.jql is not None
        for issue in found.issues:
            for milestone in site.reader.milestones(issue, where, versions=by_issue):
                milestones[milestone.kind, milestone.id] = milestone
        return Page(items, found.next, tuple(milestones.values()))

    def _with_waits(
        self, site: Site, items: tuple[WorkItem, ...], issues: Sequence[Issue], where: str
    ) -> tuple[WorkItem, ...]:
        """The items with whom they waited for: one more request a page on Cloud, none on Data Center."""
        if site.cloud:
            entries = self._bulk_histories(site, [item.id for item in items], where)
        else:
            entries = {item.id: entries_of(plain(issue.changelog)) for item, issue in zip(items, issues, strict=True)}
        if entries is None:
            return items
        with self._lock:
            return tuple(self._histories.with_waits(item, entries.get(item.id, ())) for item in items)

    def _bulk_histories(self, site: Site, ids: list[str], where: str) -> dict[str, Sequence[object]] | None:
        """The histories by issue; None, from then on without asking, where the site refuses them."""
        found: dict[str, list[object]] = {}
        for start in range(0, len(ids), MOST_ISSUES):
            token: str | None = None
            seen: set[str] = set()
            while True:
                try:
                    asked = history_body(ids[start : start + MOST_ISSUES], token)
                    data = site.client.post("/rest/api/3/changelog/bulkfetch", where, asked).data
                except (AuthError, Refused) as error:
                    self._reads_history = False
                    self.context.on_note(_("{error}. Whom issues waited for is not known").format(error=error))
                    return None
                for id_, entries in entries_by_issue(data).items():
                    found.setdefault(id_, []).extend(entries)
                token = data.get("nextPageToken") if isinstance(data, dict) else None
                if not token:
                    break
                if token in seen:
                    raise SourceError(
                        _("{where}: the histories repeat a page token and would never end").format(where=where)
                    )
                seen.add(token)
        return dict(found)

    def _fetched(self, site: Site, ids: list[str], fields: list[str], where: str) -> Sequence[Issue]:
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
                    raise SourceError(_("{where}: Jira answered without issues").format(where=where))
                return [Issue.of(issue) for issue in issues]
        numbers = ", ".join(id_ for id_ in ids if id_.isdigit())
        reads_history = self._reads_history and not site.cloud
        search = Search(site.client, site.cloud, where, history=reads_history)
        try:
            return [issue for page in search.pages(f"id in ({numbers})", fields, PAGE) for issue in page.issues]
        except Refused as error:
            if error.status != 400:
                raise
        # One deleted issue makes Jira refuse the whole query.
        path = f"{site.api}/issue/"
        more = {"fields": ",".join(fields), **({"expand": "changelog"} if reads_history else {})}
        answers = [if_there(site.client, path + quote(id_, safe=""), where, **more) for id_ in ids]
        return [Issue.of(answer.data) for answer in answers if answer is not None]


def _id_of(issue: Issue, where: str) -> str:
    if not isinstance(issue.id, str) or not issue.id:
        raise SourceError(_("{where}: an issue without id").format(where=where))
    return issue.id
