"""The GitHub connector: issues, pull requests with what they close, milestones and releases.

For github.com and GitHub Enterprise Server. The scope is a repository; its identity is the service's own number, so it
stays one scope when it is renamed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from urllib.parse import urlsplit

from okrsync.checkup import Check
from okrsync.connector import Connector, ConnectorContext, Cursor, Page, Plan, Shard, SourceSettings
from okrsync.dates import iso, parse_moment
from okrsync.errors import AuthError, SourceError
from okrsync.language import _
from okrsync.model import Scope
from okrsync_github.items import (
    Repository,
    maybe,
    milestone_of,
    number_of,
    place_of,
    release_of,
    repository_of,
    work_item,
)
from okrsync_github.settings import Settings

if TYPE_CHECKING:
    from okrsync_github.client import GitHubClient
    from okrsync_github.planning import Asker
    from okrsync_github.pulls import PullReader


_Settings: TypeAlias = Settings  # the connector has an attribute of that name


class GitHubConnector(Connector):
    """Reads issues, pull requests, milestones and releases."""

    type_name: ClassVar[str] = "github"
    Settings: ClassVar[type[SourceSettings]] = Settings
    paced = True
    plans_ahead = True
    settings: _Settings

    def __init__(self, settings: _Settings, context: ConnectorContext) -> None:
        super().__init__(settings, context)
        self._opened: GitHubClient | None = None
        self._opening = threading.Lock()
        self._planned: dict[str, Repository] = {}
        self._counted: dict[str, int | None] = {}
        self._readers: dict[tuple[str, str | None], PullReader] = {}

    @property
    def _client(self) -> GitHubClient:
        with self._opening:
            if self._opened is None:
                from okrsync_github.client import GitHubClient

                self._opened = GitHubClient(self.settings, self.context)
            return self._opened

    # --- what there is ------------------------------------------------------------------------------------------------

    def scopes(self) -> Sequence[Scope]:
        """The configured repositories, or all that the organisation lists: archived ones too, forks not."""
        if self.settings.org is None:
            return [Scope(self.context.source, repo) for repo in self.settings.repos]
        path = f"/orgs/{self.settings.org}/repos"
        if self._client.get(path, {"per_page": 1}, accept=frozenset({404})).body is None:
            raise SourceError(
                _(
                    "{source}: there is no organisation {org!r}, or the token may not see it (a person's "
                    "repositories are listed under repos)"
                ).format(source=self.context.source, org=self.settings.org)
            )
        where = _("{source}: repositories of {org}").format(source=self.context.source, org=self.settings.org)
        listed = [row for page in self._client.pages(path, {"per_page": 100}) for row in page]
        repositories = [
            repository_of(row, "", self._web, where) for row in listed if not maybe(row, "fork", bool, where)
        ]
        return [Scope(self.context.source, repository.full_name) for repository in repositories]

    def prepare(self) -> None:
        """See ``Connector.prepare``."""
        from okrsync_github import planning, pulls, reader  # noqa: F401

        self._client  # noqa: B018

    def expects(self, scope: Scope) -> bool:
        """True of the organisation's repositories: one that is not listed was renamed, deleted or hidden."""
        return self.settings.org is not None and scope.id.lower().startswith(f"{self.settings.org.lower()}/")

    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        """Everything, or what was updated since the former plan began, by the server's clock.

        One query over GraphQL; where it is refused, conditional requests over REST.
        """
        from okrsync_github.planning import plan_over_graphql
        from okrsync_github.rest_planning import plan_over_rest

        planned = None
        if not self._client.without_graphql:
            planned = plan_over_graphql(self._asker(scope), scope.id, cursor)
        if planned is None:
            planned = plan_over_rest(self._asker(scope), scope.id, self._web, cursor)
        with self._opening:
            self._planned[scope.id], self._counted[scope.id] = planned.repository, planned.total
        return planned.plan

    def count(self, scope: Scope) -> int | None:
        """Issues and pull requests together; None where the service cannot tell.

        Asks nothing when the plan that was just made told, and left nothing to be read.
        """
        from okrsync_github.counting import counts
        from okrsync_github.rest_planning import count_over_rest

        with self._opening:
            counted = self._counted.pop(scope.id, None)
        if counted is not None:
            return counted
        found = counts(self._client, scope.id)
        return count_over_rest(self._client, scope.id) if found is None else found.total

    def checkup(self, now: datetime) -> Iterator[Check]:
        """See ``Connector.checkup``."""
        from okrsync_github.checkup import checkup

        return checkup(self, self._client, now)

    def describe(self) -> str:
        """The service and how we are known there; sends nothing."""
        auth = self.settings.auth
        said = (
            _("GitHub at {host} with a token")
            if auth.token
            else _("GitHub at {host} as app {app}, installation {installation}")
        )
        host = urlsplit(self.settings.url).netloc
        return said.format(host=host, app=auth.app_id, installation=auth.installation_id)

    def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # --- reading ------------------------------------------------------------------------------------------------------

    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        """Issues and pull requests by number or by time, or milestones and releases.

        A page's cursor is a number or a moment, not a place in a list, so it never expires.
        """
        repository = Repository(**shard.params["repository"])
        if shard.id == "milestones":
            yield from self._milestones(repository, shard.params)
        elif "since" in shard.params:
            since, until = (cursor or shard.params)["since"], shard.params["until"]
            yield from self._issues(repository, since, until, shard.params["since"])
        else:
            yield from self._numbered(repository, shard.params, (cursor or {"next": 0})["next"])

    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        """All ids: which of the numbers exist; over REST, in the order of updates, as an offset into a list would skip
        one when another is deleted."""
        from okrsync_github.counting import present_numbers

        with self._opening:
            planned = self._planned.get(scope.id)
        repository = planned or self._repository(scope)
        found = present_numbers(self._asker(scope), repository, self.context.jobs)
        if found is None:
            yield from self._census_over_rest(repository)
            return
        for numbers in found:
            yield [repository.item_id(number) for number in numbers]

    def fetch(self, scope: Scope, ids: Sequence[str]) -> Iterator[Page]:
        """Single items; one that was deleted, transferred or hidden meanwhile is left out."""
        # One of them that is not there is no failure, so that the repository is must be known first.
        repository = self._repository(scope)
        prefix = repository.item_id(0).removesuffix("0")
        numbers = [int(id_.removeprefix(prefix)) for id_ in ids if id_.startswith(prefix)]
        params = {"numbers": numbers, "people": bool(self.context.people), "pulls_only": False}
        for page in self._numbered(repository, params, 0):
            yield Page(page.items, None)

    def _numbered(self, repository: Repository, params: Cursor, begin: int) -> Iterator[Page]:
        from okrsync_github.pulls import PullReader
        from okrsync_github.reader import ItemReader

        numbers = params["numbers"] if "numbers" in params else range(params["first"], params["last"] + 1)
        pulls = PullReader(self._client, repository, None, listing=False)
        reader = ItemReader(self._client, repository, pulls, people=params["people"], pulls_only=params["pulls_only"])
        while True:
            end = begin + reader.size
            asked = numbers[begin:end] or range(params["first"] + begin, params["first"] + end)
            items = reader.items(list(asked))
            newest = params.get("newest")
            more = newest is not None and any(number_of(item.id) > newest for item in items)
            done = end >= len(numbers) and not more
            yield Page(tuple(items), None if done else {"next": end})
            if done:
                return
            begin = end

    def _issues(
        self, repository: Repository, since: str | None, until: str | None, beginning: str | None
    ) -> Iterator[Page]:
        """One chain of REST's list; ``beginning`` is where the first shard of the plan begins."""
        from okrsync_github.issues import IssuesDisabled, issue_pages
        from okrsync_github.pulls import list_pulls

        start = None if since is None else parse_moment(since)
        reader = self._reader(repository, beginning if until is None else None)
        try:
            for page in issue_pages(self._client, repository, start, None if until is None else parse_moment(until)):
                cursor = None if page.resume is None else {"since": iso(page.resume)}
                yield self._page(page.rows, repository, reader, cursor)
        except IssuesDisabled as disabled:
            self.context.on_note(_("{disabled}: only its pull requests are read").format(disabled=disabled))
            # The latest come first: what a run that was stopped has not read is not later than a moment, so it begins
            # again where it began.
            for rows in list_pulls(self._client, repository, start):
                yield self._page(rows, repository, reader, {"since": since})
            yield Page((), None)

    def _reader(self, repository: Repository, since: str | None) -> PullReader:
        """The chains of a plan share one list of all pull requests."""
        from okrsync_github.pulls import PullReader

        client, moment = self._client, None if since is None else parse_moment(since)
        with self._opening:
            return self._readers.setdefault((repository.full_name, since), PullReader(client, repository, moment))

    def _page(self, rows: Sequence[Any], repository: Repository, reader: PullReader, cursor: Cursor | None) -> Page:
        facts = reader.facts(rows)
        items = tuple(work_item(row, repository, facts.get(place_of(row, repository)[0])) for row in rows)
        return Page(items, cursor)

    def _census_over_rest(self, repository: Repository) -> Iterator[Sequence[str]]:
        from okrsync_github.issues import IssuesDisabled, issue_pages
        from okrsync_github.pulls import list_pulls

        try:
            batches = (page.rows for page in issue_pages(self._client, repository, None))
            yield from self._ids(batches, repository)
        except IssuesDisabled:
            yield from self._ids(list_pulls(self._client, repository, None), repository)

    def _milestones(self, repository: Repository, params: Cursor) -> Iterator[Page]:
        """Milestones and releases on one page, as the plan found them; where it found too many, from their lists."""
        root, zone = f"/repos/{repository.full_name}", self.context.timezone
        if "milestones" in params:
            milestones, releases = params["milestones"], params["releases"]
        else:
            milestones = list(
                chain.from_iterable(self._optional(f"{root}/milestones", {"state": "all", "per_page": 100}))
            )
            releases = list(chain.from_iterable(self._optional(f"{root}/releases", {"per_page": 100})))
        found = [milestone_of(row, repository, zone) for row in milestones]
        published = (release_of(row, repository, zone) for row in releases)
        yield Page((), None, (*found, *(release for release in published if release is not None)))

    def _optional(self, path: str, parameters: Mapping[str, str | int]) -> Iterator[list[Any]]:
        """Pages of what a repository may have switched off, or a token may not see though it may read issues."""
        try:
            yield from self._client.pages(path, parameters, accept=frozenset({404, 410}))
        except AuthError as error:
            self.context.on_note(_("{error}. Done without").format(error=error))

    def _ids(self, batches: Iterator[list[Any]], repository: Repository) -> Iterator[Sequence[str]]:
        seen: set[int] = set()
        for rows in batches:
            numbers = [place_of(row, repository)[0] for row in rows]
            yield [repository.item_id(number) for number in dict.fromkeys(numbers) if number not in seen]
            seen.update(numbers)

    def _repository(self, scope: Scope) -> Repository:
        """The repository as it is called now; a rename is followed. Raises ``SourceError`` when it is not visible."""
        answer = self._client.get(f"/repos/{scope.id}", accept=frozenset({404}))
        where = f"{self.context.source}:{scope.id}"
        if answer.body is None:
            raise SourceError(
                _("{where} is missing at {host}, or the token has no access to it").format(
                    where=where, host=self._client.host
                )
            )
        return repository_of(answer.body, scope.id, self._web, where)

    def _asker(self, scope: Scope) -> Asker:
        from okrsync_github.planning import Asker

        where = f"{self.context.source}:{scope.id}"
        return Asker(self._client, where, bool(self.context.people), self.context.on_note)

    @property
    def _web(self) -> str:
        """Where the service's pages for people are."""
        parts = urlsplit(self.settings.url)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
