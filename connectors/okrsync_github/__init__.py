"""The GitHub connector: issues, pull requests with what they close, milestones and releases.

For github.com and GitHub Enterprise Server. The scope is a repository; its identity is the service's own number, so it
stays one scope when it is renamed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, PositiveInt, SecretStr, field_validator, model_validator

from okrsync.connector import Connector, ConnectorContext, Cursor, Page, Plan, Shard, SourceSettings
from okrsync.dates import iso, parse_moment
from okrsync.errors import AuthError, SourceError
from okrsync.model import Scope
from okrsync_github.items import (
    FULL_NAME,
    Repository,
    maybe,
    milestone_of,
    place_of,
    release_of,
    repository_of,
    take,
    work_item,
)

if TYPE_CHECKING:
    from okrsync_github.client import Answer, GitHubClient
    from okrsync_github.pulls import PullReader

OVERLAP = timedelta(minutes=2)
"""How far each run reaches back behind the start of the one before: the list lags behind the changes."""
_BATCH = 50
_COUNT = """query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
  hasIssuesEnabled issues { totalCount } pullRequests { totalCount } } }"""


class Auth(BaseModel):
    """A token, or a GitHub App's id, key and installation."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr | None = None
    """A personal access token, fine-grained or classic: issues, pull requests, contents and metadata, read only."""
    app_id: PositiveInt | str | None = None
    """The App's id, or its client id."""
    private_key: SecretStr | None = None
    """The App's key, in PEM form; line breaks may be written as ``\\n``, as environment variables often have them."""
    installation_id: PositiveInt | None = None

    @field_validator("token")
    @classmethod
    def _one_word(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        text = token.get_secret_value().strip()
        if not text:
            raise ValueError("is empty")
        if not re.fullmatch(r"[!-~]+", text):
            raise ValueError("holds blanks or characters that no token has")
        return SecretStr(text)

    @field_validator("private_key")
    @classmethod
    def _real_line_breaks(cls, key: SecretStr | None) -> SecretStr | None:
        if key is None:
            return None
        text = key.get_secret_value().replace("\\n", "\n").strip()
        if not text.startswith("-----BEGIN"):
            raise ValueError("is no key in PEM form: it begins with -----BEGIN")
        return SecretStr(text)

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        app = (self.app_id, self.private_key, self.installation_id)
        if self.token is not None and any(part is not None for part in app):
            raise ValueError("give either token, or app_id, private_key and installation_id, not both")
        if self.token is None and any(part in (None, "") for part in app):
            raise ValueError("give token, or app_id, private_key and installation_id")
        return self


class Settings(SourceSettings):
    """What ``type: github`` accepts."""

    type: Literal["github"]
    url: str = "https://api.github.com"
    """Root of the API; of an Enterprise Server ``https://HOST/api/v3``."""
    auth: Auth
    repos: tuple[str, ...] = ()
    """Repositories as ``owner/name``."""
    org: str | None = None
    """Instead of ``repos``: all repositories of an organisation except forks."""

    @field_validator("url")
    @classmethod
    def _api(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not url.isprintable() or " " in url:
            raise ValueError("is no http(s) address")
        if parts.username is not None or parts.password is not None:
            raise ValueError("holds a user or password: give them under auth")
        if parts.query or parts.fragment:
            raise ValueError("takes neither ? nor #")
        if parts.hostname in ("github.com", "www.github.com"):
            raise ValueError("is the web site; the API is https://api.github.com")
        return url.rstrip("/")

    @field_validator("repos")
    @classmethod
    def _names(cls, repos: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for repo in repos:
            if not FULL_NAME.fullmatch(repo):
                raise ValueError(f"{repo!r} is no repository: write owner/name, without https:// and .git")
            if repo.lower() in seen:
                raise ValueError(f"{repo!r} is named twice")
            seen.add(repo.lower())
        return repos

    @field_validator("org")
    @classmethod
    def _organisation(cls, org: str | None) -> str | None:
        if org is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", org):
            raise ValueError("is no organisation's name: write acme, not its address")
        return org

    @model_validator(mode="after")
    def _either(self) -> Settings:
        if bool(self.repos) == bool(self.org):
            raise ValueError("give either repos or org")
        return self


_Settings: TypeAlias = Settings  # the connector has an attribute of that name


class GitHubConnector(Connector):
    """Reads issues, pull requests, milestones and releases."""

    type_name: ClassVar[str] = "github"
    Settings: ClassVar[type[SourceSettings]] = Settings
    settings: _Settings

    def __init__(self, settings: _Settings, context: ConnectorContext) -> None:
        super().__init__(settings, context)
        self._opened: GitHubClient | None = None
        self._opening = threading.Lock()

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
                f"{self.context.source}: there is no organisation {self.settings.org!r}, or the token may not see it "
                "(a person's repositories are listed under repos)"
            )
        where = f"{self.context.source}: repositories of {self.settings.org}"
        listed = [row for page in self._client.pages(path, {"per_page": 100}) for row in page]
        repositories = [
            repository_of(row, "", self._web, where) for row in listed if not maybe(row, "fork", bool, where)
        ]
        return [Scope(self.context.source, repository.full_name) for repository in repositories]

    def expects(self, scope: Scope) -> bool:
        """True of the organisation's repositories: one that is not listed was renamed, deleted or hidden."""
        return self.settings.org is not None and scope.id.lower().startswith(f"{self.settings.org.lower()}/")

    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        """Everything, or what was updated since the former plan began, by the server's clock.

        A repository that was deleted and made anew under its name is read whole, and so is a renamed one: the keys of
        its issues change, and none of them counts as updated by that.
        """
        repository, answer = self._repository(scope)
        same = {"repository": repository.id, "name": repository.full_name}
        since = cursor.get("since") if cursor and {key: cursor.get(key) for key in same} == same else None
        # Without a Date header (a proxy took it) this machine's clock must do; the overlap covers a small difference.
        start = (answer.date or datetime.now(UTC)) - OVERLAP
        params: Cursor = {"repository": asdict(repository), "since": since}
        return Plan(
            shards=(Shard("issues", params), Shard("milestones", params)),
            next={"since": iso(start), **same},
            scope_name=repository.full_name,
            whole=since is None,
        )

    def count(self, scope: Scope) -> int | None:
        """Issues and pull requests together; None where GraphQL is refused."""
        from okrsync_github.client import GraphQLRefused, QueryTooHeavy
        from okrsync_github.pulls import owner_and_name

        repository, _ = self._repository(scope)
        try:
            data, errors = self._client.graphql(_COUNT, owner_and_name(repository))
        except (GraphQLRefused, QueryTooHeavy):
            return None
        if errors or data.get("repository") is None:
            return None
        where = f"{repository.full_name}, count"
        found = take(data, "repository", dict, where)
        pulls = take(take(found, "pullRequests", dict, where), "totalCount", int, where)
        if not take(found, "hasIssuesEnabled", bool, where):
            return pulls
        return pulls + take(take(found, "issues", dict, where), "totalCount", int, where)

    def describe(self) -> str:
        """The service and how we are known there; sends nothing."""
        auth = self.settings.auth
        account = "with a token" if auth.token else f"as app {auth.app_id}, installation {auth.installation_id}"
        return f"GitHub at {urlsplit(self.settings.url).netloc} {account}"

    def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # --- reading ------------------------------------------------------------------------------------------------------

    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        """The shard ``issues`` (pull requests among them) or ``milestones`` (releases among them).

        A page's cursor is a moment, not a place in a list, so it never expires.
        """
        repository = Repository(**shard.params["repository"])
        if shard.id == "milestones":
            yield from self._milestones(repository)
        else:
            since = (cursor or shard.params)["since"]
            yield from self._issues(repository, None if since is None else parse_moment(since))

    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        """All ids, read in the order of updates: an offset into a list would skip one when another is deleted."""
        from okrsync_github.issues import IssuesDisabled, issue_pages
        from okrsync_github.pulls import list_pulls

        repository, _ = self._repository(scope)
        try:
            batches = (page.rows for page in issue_pages(self._client, repository, None))
            yield from self._ids(batches, repository)
        except IssuesDisabled:
            yield from self._ids(list_pulls(self._client, repository, None), repository)

    def fetch(self, scope: Scope, ids: Sequence[str]) -> Iterator[Page]:
        """Single items; one that was deleted, transferred or hidden meanwhile is left out."""
        from okrsync_github.pulls import PullReader

        repository, _ = self._repository(scope)
        reader = PullReader(self._client, repository, None, listing=False)
        prefix = repository.item_id(0).removesuffix("0")
        numbers = [id_.removeprefix(prefix) for id_ in ids if id_.startswith(prefix)]
        for start in range(0, len(numbers), _BATCH):
            answers = [
                self._client.get(
                    f"/repos/{repository.full_name}/issues/{number}", accept=frozenset({301, 404, 410}), follow=False
                )
                for number in numbers[start : start + _BATCH]
            ]
            rows = [answer.body for answer in answers if answer.status == 200]
            yield self._page(rows, repository, reader, None)

    def _issues(self, repository: Repository, since: datetime | None) -> Iterator[Page]:
        from okrsync_github.issues import IssuesDisabled, issue_pages
        from okrsync_github.pulls import PullReader, list_pulls

        reader = PullReader(self._client, repository, since)
        try:
            for page in issue_pages(self._client, repository, since):
                cursor = None if page.resume is None else {"since": iso(page.resume)}
                yield self._page(page.rows, repository, reader, cursor)
        except IssuesDisabled as disabled:
            self.context.on_note(f"{disabled}: only its pull requests are read")
            # The latest come first: what a run that was stopped has not read is not later than a moment, so it begins
            # again where it began.
            again = {"since": None if since is None else iso(since)}
            for rows in list_pulls(self._client, repository, since):
                yield self._page(rows, repository, reader, again)
            yield Page((), None)

    def _page(self, rows: Sequence[Any], repository: Repository, reader: PullReader, cursor: Cursor | None) -> Page:
        facts = reader.facts(rows)
        items = tuple(work_item(row, repository, facts.get(place_of(row, repository)[0])) for row in rows)
        return Page(items, cursor)

    def _milestones(self, repository: Repository) -> Iterator[Page]:
        """Milestones and releases on one page: always all of them, as neither list can be asked what changed."""
        root, zone = f"/repos/{repository.full_name}", self.context.timezone
        milestones = self._optional(f"{root}/milestones", {"state": "all", "per_page": 100})
        releases = self._optional(f"{root}/releases", {"per_page": 100})
        found = [milestone_of(row, repository, zone) for rows in milestones for row in rows]
        published = (release_of(row, repository, zone) for rows in releases for row in rows)
        yield Page((), None, (*found, *(release for release in published if release is not None)))

    def _optional(self, path: str, parameters: Mapping[str, str | int]) -> Iterator[list[Any]]:
        """Pages of what a repository may have switched off, or a token may not see though it may read issues."""
        try:
            yield from self._client.pages(path, parameters, accept=frozenset({404, 410}))
        except AuthError as error:
            self.context.on_note(f"{error}. Done without")

    def _ids(self, batches: Iterator[list[Any]], repository: Repository) -> Iterator[Sequence[str]]:
        seen: set[int] = set()
        for rows in batches:
            numbers = [place_of(row, repository)[0] for row in rows]
            yield [repository.item_id(number) for number in dict.fromkeys(numbers) if number not in seen]
            seen.update(numbers)

    def _repository(self, scope: Scope) -> tuple[Repository, Answer]:
        """The repository as it is called now; a rename is followed. Raises ``SourceError`` when it is not visible."""
        answer = self._client.get(f"/repos/{scope.id}", accept=frozenset({404}))
        where = f"{self.context.source}:{scope.id}"
        if answer.body is None:
            raise SourceError(f"{where} is missing at {self._client.host}, or the token has no access to it")
        return repository_of(answer.body, scope.id, self._web, where), answer

    @property
    def _web(self) -> str:
        """Where the service's pages for people are."""
        parts = urlsplit(self.settings.url)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
