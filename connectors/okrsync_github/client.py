"""The wire: GitHub's REST and GraphQL API, one request at a time, with PyGithub's sessions and authentication.

PyGithub 2.10 follows a 301 *without the query it carried* (``/issues?state=all`` becomes ``/issues``: open ones only),
waits for ever on 202, and its ``GithubRetry`` sleeps without a cap. So its requester gets a connection that hands
redirects back to us, no retries and no pauses of its own; what is tried again, and how long, is ``okrsync.http``'s.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
from github import Auth, Github
from github.Requester import Requester
from msgspec import Raw
from requests.structures import CaseInsensitiveDict

from okrsync import __version__
from okrsync.connector import ConnectorContext
from okrsync.dates import parse_moment
from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY, HttpPolicy, error_of, one_line, retry_after, shown_url, with_retries
from okrsync.language import _
from okrsync.paced import PacedAdapter
from okrsync.redaction import keep_out
from okrsync_github.connection import ENTERPRISE_LIMITS, HOST_LIMITS, Connection, Moved, cost_of
from okrsync_github.envelope import (
    GraphQLRefused,
    GraphQLSpent,
    NotInSchema,
    QueryTooHeavy,
    envelope,
    loads,
    refusal_of,
)
from okrsync_github.queries import TIMELINE

if TYPE_CHECKING:
    from okrsync_github.settings import Settings

API_VERSION = "2022-11-28"
UNNAMED_WAIT = 60.0
"""Seconds to wait for a limit that names no time: "at least one minute", says GitHub of its secondary limits."""
_AN_ISSUE = re.compile(r"/(repositories/[0-9]+|repos/[^/]+/[^/]+)/issues/[0-9]+/?$")
_LONGEST_CHAIN = 5
_TOKEN_MARGIN = timedelta(minutes=5)

# At DEBUG PyGithub logs whole answers, and one of them is an App's fresh token.
logging.getLogger("github.Requester").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one GET brought."""

    status: int
    body: Any
    """The JSON value; None unless ``status`` is a success."""
    next: str | None
    """URL of the next page, from the ``Link`` header."""
    last: str | None
    """URL of the last page, where the service numbers its pages."""
    etag: str | None
    """To ask next time whether it has changed."""
    date: datetime | None
    """The server's clock."""
    token_scopes: str | None = None
    """What a classic token may do, as GitHub tells it; None for every other kind of token."""
    token_expires: str | None = None
    """When the token ends, where it does."""


class GraphQLAnswer(NamedTuple):
    """What one query brought."""

    data: Raw
    """JSON; partial where there are errors."""
    errors: list[dict[str, Any]]
    date: datetime | None
    """The server's clock."""


@dataclass(slots=True)
class _Line:
    """One thread's own: PyGithub keeps the request that is under way in its connection, and dicts in its requester."""

    connection: Connection
    requester: Requester | None = None
    token: str = field(default="", repr=False)


class GitHubClient:
    """Speaks to one GitHub. Safe to use from several threads."""

    def __init__(self, settings: Settings, context: ConnectorContext, policy: HttpPolicy = DEFAULT_POLICY) -> None:
        self._settings = settings
        self._context = context
        self._policy = policy
        self._own = threading.local()
        self._lines: list[_Line] = []
        self._lock = threading.Lock()
        self._minted: tuple[str, datetime] | None = None
        self.granted: Mapping[str, Any] = {}
        """What an App's installation may do, once its token was made: ``{"issues": "read"}``."""
        self._pace = context.paces.of(settings.url, HOST_LIMITS if settings.is_cloud else ENTERPRISE_LIMITS)
        self._without_graphql = False
        self._spent_told = 0.0
        self._lacks: frozenset[str] = frozenset()

    # --- requests -----------------------------------------------------------------------------------------------------

    def get(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        accept: frozenset[int] = frozenset(),
        follow: bool = True,
        etag: str | None = None,
    ) -> Answer:
        """GET a path below the API's root, or the URL of a next page.

        With ``etag`` (that of a former answer) one that has not changed comes back as 304 with no body, and costs
        nothing. Answers whose status is in ``accept`` come back with no body instead of being raised; no other comes
        without one. Redirects are followed on the same host only (a renamed repository), unless ``follow`` is False
        (301: a transferred issue).
        """

        def once() -> Answer:
            status, headers, text = self._send("GET", path, dict(parameters or {}), None, follow, etag)
            where = self._where("GET", path)
            if status not in range(200, 300):
                if status in accept or (status == 304 and etag is not None):
                    return Answer(status, None, None, None, etag, _date(headers))
                raise self._refusal(status, headers, text, where)
            links = self._links(headers, where)
            body = _json(text, where)
            if body is None:
                # Nothing that is asked for here is ever null, which stands for "not there" behind this.
                raise SourceError(_("{where}: the answer is null").format(where=where))
            return Answer(
                status,
                body,
                links.get("next"),
                links.get("last"),
                headers.get("ETag"),
                _date(headers),
                headers.get("X-OAuth-Scopes"),
                headers.get("GitHub-Authentication-Token-Expiration"),
            )

        return with_retries(once, policy=self._policy, on_wait=self._context.on_wait)

    def pages(
        self, path: str, parameters: Mapping[str, str | int], *, accept: frozenset[int] = frozenset()
    ) -> Iterator[list[Any]]:
        """The lists of all pages of a path, following ``Link``; none when the first has a status in ``accept``.

        Raises ``SourceError`` when a page is no list, or when a page names itself or a former one as the next.
        """
        url: str | None = path
        seen: set[str] = set()
        while url is not None:
            first = url == path
            answer = self.get(url, parameters if first else None, accept=accept if first else frozenset())
            if answer.status in accept:
                return
            yield rows_of(answer, self._where("GET", url))
            seen.add(url)
            if answer.next in seen:
                raise SourceError(_("{where}: the Link header leads in a circle").format(where=self._where("GET", url)))
            url = answer.next

    def graphql(
        self,
        query: str | Callable[[frozenset[str]], str],
        variables: Mapping[str, Any],
        *,
        otherwise: float = math.inf,
    ) -> GraphQLAnswer:
        """The answer to a query. ``otherwise``: how many seconds it takes to learn the same from REST, if that can be.

        A query that is a function is given what this server's schema is known to lack (see ``queries``), and asked
        again with less when the server refuses it for that. Raises ``RetryableError`` after its retries for a rate
        limit, which GraphQL reports with HTTP 200; ``GraphQLRefused``; ``QueryTooHeavy``; and ``GraphQLSpent`` when the
        hour's points are spent and REST is the quicker way.
        """
        if self._without_graphql:
            raise GraphQLRefused(
                _("{source}: GraphQL at {host} was refused before").format(source=self._context.source, host=self.host)
            )
        self._or_else(otherwise)
        if isinstance(query, str):
            return self._ask(query, variables, otherwise)
        while True:
            text = query(self._lacks)
            try:
                return self._ask(text, variables, otherwise)
            except NotInSchema as error:
                with self._lock:
                    self._lacks |= error.names
                if query(self._lacks) != text:
                    continue
                with self._lock:
                    self._lacks |= {TIMELINE}
                if query(self._lacks) == text:
                    raise

    def _or_else(self, otherwise: float) -> None:
        """Raise ``GraphQLSpent`` when GraphQL's points are spent for longer than REST takes, which has some left."""
        seconds = self._pace.spent("graphql")
        if seconds <= otherwise or self._pace.spent("rest"):
            return
        with self._lock:
            told, self._spent_told = self._spent_told, monotonic() + seconds
        message = _("{source}: GraphQL's points at {host} are spent for {minutes:.0f} min more").format(
            source=self._context.source, host=self.host, minutes=seconds / 60
        )
        if told < monotonic():
            self._context.on_note(
                _("{message}: read from REST until then, which has an allowance of its own").format(message=message)
            )
        raise GraphQLSpent(message)

    def _ask(self, query: str, variables: Mapping[str, Any], otherwise: float) -> GraphQLAnswer:
        where = f"{self._context.source}: GraphQL at {self.host}"

        def once() -> GraphQLAnswer:
            status, headers, text = self._send("POST", None, {}, {"query": query, "variables": dict(variables)}, False)
            if status in (502, 504):
                raise QueryTooHeavy(_("{where} answered {status}").format(where=where, status=status))
            if status not in range(200, 300):
                error = self._refusal(status, headers, text, where)
                raise error if isinstance(error, RetryableError) else GraphQLRefused(str(error))
            data, errors = envelope(text, where)
            for each in errors:
                message = str(each.get("message", ""))
                if each.get("type") in ("RATE_LIMITED", "RATE_LIMIT") or Requester.isRateLimitError(message):
                    refusal = self._rate_limit(f"{where}: {one_line(message)}", headers)
                    self._pace.read(usable=False)
                    if headers.get("X-RateLimit-Remaining", "").strip() == "0":
                        # The hour's points of GraphQL alone: REST counts its own.
                        self._pace.spend("graphql", refusal.retry_after or 0.0)
                        self._or_else(otherwise)
                        raise refusal
                    # What is refused with 200 looks like an answer to the pace, which all threads share.
                    self._pace.pause(refusal.retry_after or 0.0, one_line(message))
                    raise refusal
            self._pace.read(usable=True)
            if bytes(data) in (b"", b"null"):
                raise refusal_of(errors, where)
            return GraphQLAnswer(data, errors, _date(headers))

        try:
            return with_retries(once, policy=self._policy, on_wait=self._context.on_wait)
        except RetryableError:
            self._or_else(otherwise)  # others may have spent the rest while this one waited for its turn
            raise

    def do_without_graphql(self, why: str) -> None:
        """Ask GraphQL no more, and say so once."""
        with self._lock:
            told, self._without_graphql = self._without_graphql, True
        if not told:
            self._context.on_note(
                _("{why}. Everything is read from REST instead, which takes more requests").format(why=why)
            )

    @property
    def without_graphql(self) -> bool:
        """Has GraphQL been refused?"""
        return self._without_graphql

    @property
    def host(self) -> str:
        """Host and port of the API, for messages."""
        return urlsplit(shown_url(self._settings.url)).netloc

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            lines, self._lines = self._lines, []
            self._own = threading.local()
        for line in lines:
            line.connection.close()

    # --- one exchange -------------------------------------------------------------------------------------------------

    def _send(
        self,
        verb: str,
        path: str | None,
        parameters: dict[str, Any],
        payload: Any,
        follow: bool,
        etag: str | None = None,
    ) -> tuple[int, CaseInsensitiveDict[str], str]:
        """One exchange, redirects included; ``path`` None is the GraphQL endpoint."""
        line = self._line()
        token = self._token(line)
        if line.requester is None or line.token != token:
            line.requester, line.token = self._requester(Auth.Token(token)), token
        if path is None:
            path = line.requester.graphql_url
        return self._exchange(line, line.requester, verb, path, parameters, payload, follow, etag)

    def _exchange(
        self,
        line: _Line,
        requester: Requester,
        verb: str,
        path: str,
        parameters: dict[str, Any],
        payload: Any,
        follow: bool,
        etag: str | None = None,
    ) -> tuple[int, CaseInsensitiveDict[str], str]:
        where = self._where(verb, path)
        url = self._here(path, where)
        for _redirect in range(_LONGEST_CHAIN):
            headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
            if etag is not None:
                headers["If-None-Match"] = etag
            try:
                status, answered, text = requester.requestJson(verb, url, parameters, headers, payload, line.connection)
            except Moved as moved:
                url = self._here(urljoin(url, moved.location), where)
                if not follow:
                    # To another issue's address, or it has not moved: a proxy asks for a login, say.
                    if not _AN_ISSUE.search(urlsplit(url).path):
                        raise SourceError(
                            _("{where}: a redirect to {url}, which is no issue").format(where=where, url=shown_url(url))
                        ) from None
                    return 301, CaseInsensitiveDict(), ""
                if urlsplit(url).query:
                    parameters = {}
                continue
            except (requests.exceptions.SSLError, requests.exceptions.InvalidURL) as error:
                raise SourceError(
                    _("{where}: no secure connection ({name})").format(where=where, name=type(error).__name__)
                ) from None
            except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidSchema):
                # What requests says of it quotes the header, and so the token.
                raise SourceError(
                    _("{where}: the request cannot be sent; check url and auth").format(where=where)
                ) from None
            except requests.exceptions.RequestException as error:
                reason = getattr(error.args[0] if error.args else None, "reason", error)
                raise RetryableError(
                    _("{where}: no answer ({name})").format(where=where, name=type(reason).__name__)
                ) from None
            except (ValueError, OverflowError):
                # PyGithub reads the X-RateLimit headers of every answer as numbers.
                raise SourceError(_("{where}: the answer's headers cannot be read").format(where=where)) from None
            return status, CaseInsensitiveDict(answered), text
        raise SourceError(_("{where}: more than {count} redirects").format(where=where, count=_LONGEST_CHAIN))

    def _here(self, url: str, where: str) -> str:
        """An absolute URL at the configured host. Credentials go nowhere else."""
        if url.startswith("/"):
            return self._settings.url + url
        if _origin(url) != _origin(self._settings.url):
            raise SourceError(
                _(
                    "{where} leads to {target!r}, another host than the configured {url}: if that is right, "
                    "set url to it"
                ).format(where=where, target=shown_url(url), url=self._settings.url)
            )
        return url

    def _links(self, headers: Mapping[str, str], where: str) -> dict[str, str]:
        return {
            link["rel"]: self._here(urljoin(self._settings.url, link["url"]), where)
            for link in requests.utils.parse_header_links(headers.get("Link", ""))
            if "rel" in link
        }

    def _where(self, verb: str, path: str) -> str:
        url = self._settings.url + path if path.startswith("/") else path
        return f"{self._context.source}: {verb} {shown_url(url)}"

    # --- refusals -----------------------------------------------------------------------------------------------------

    def _refusal(self, status: int, headers: Mapping[str, str], text: str, where: str) -> SourceError:
        detail = _message(text)
        error = error_of(status, headers, detail, where)
        if isinstance(error, RetryableError):
            return self._capped(error)
        if status == 403 and Requester.isRateLimitError(detail):
            return self._rate_limit(str(error), headers)
        return error

    def _rate_limit(self, message: str, headers: Mapping[str, str]) -> RetryableError:
        asked = retry_after(headers)
        return self._capped(RetryableError(message, UNNAMED_WAIT if asked is None else asked))

    def _capped(self, error: RetryableError) -> RetryableError:
        seconds = error.retry_after
        if seconds is None or seconds <= self._policy.longest_wait:
            return error
        return RetryableError(
            _(
                "{error}. It asks to wait {seconds:.0f} s, more than the {longest_wait:.0f} s that a run "
                "waits: what was read so far is kept, sync again later"
            ).format(error=error, seconds=seconds, longest_wait=self._policy.longest_wait),
            seconds,
        )

    # --- authentication -----------------------------------------------------------------------------------------------

    def _line(self) -> _Line:
        line: _Line | None = getattr(self._own, "line", None)
        if line is None:
            parts = urlsplit(self._settings.url)
            adapter = PacedAdapter(self._pace, on_wait=self._context.on_wait, cost=cost_of, policy=self._policy)
            line = _Line(Connection(f"{parts.scheme}://{parts.netloc}", self._policy, adapter))
            self._own.line = line
            with self._lock:
                self._lines.append(line)
        return line

    def _requester(self, auth: Auth.Auth) -> Requester:
        return Github(
            auth=auth,
            base_url=self._settings.url,
            user_agent=f"okrsync/{__version__}",
            per_page=100,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        ).requester

    def _token(self, line: _Line) -> str:
        """The configured token, or the App installation's, which all threads share and which lives an hour."""
        auth = self._settings.auth
        if auth.token is not None:
            return auth.token.get_secret_value()
        with self._lock:
            if self._minted is None or self._minted[1] - _TOKEN_MARGIN < datetime.now(UTC):
                self._minted = self._mint(line)
            return self._minted[0]

    def _mint(self, line: _Line) -> tuple[str, datetime]:
        auth = self._settings.auth
        if auth.app_id is None or auth.private_key is None:
            raise AuthError(_("{source}: no credentials").format(source=self._context.source))
        app = Auth.AppAuth(auth.app_id, auth.private_key.get_secret_value())
        path = f"/app/installations/{auth.installation_id}/access_tokens"
        where = self._where("POST", path)
        from jwt.exceptions import PyJWTError

        try:
            signed = app.create_jwt()
            keep_out(signed)
            requester = self._requester(Auth.AppAuthToken(signed))
        except (PyJWTError, ValueError, TypeError):
            raise AuthError(
                _("{source}: auth.private_key is no RSA key in PEM form").format(source=self._context.source)
            ) from None
        status, headers, text = self._exchange(line, requester, "POST", path, {}, {}, False)
        if status in (301, 404):
            raise AuthError(
                _("{where} answered {status}: check app_id and installation_id").format(where=where, status=status)
            )
        if status not in range(200, 300):
            raise self._refusal(status, headers, text, where)
        body = _json(text, where)
        try:
            token, expires = body["token"], parse_moment(body["expires_at"])
        except (KeyError, TypeError, ValueError):
            raise SourceError(_("{where}: the answer holds no token with its end").format(where=where)) from None
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise SourceError(_("{where}: the answer holds no usable token").format(where=where))
        keep_out(token)
        granted = body.get("permissions")
        self.granted = granted if isinstance(granted, dict) else {}
        return token, expires


def rows_of(answer: Answer, where: str) -> list[Any]:
    """The list that a page is. Raises ``SourceError`` when it is something else, which must not pass for empty."""
    if not isinstance(answer.body, list):
        raise SourceError(
            _("{where}: expected a list, got {name}").format(where=where, name=type(answer.body).__name__)
        )
    return answer.body


def _json(text: str, where: str) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError):
        raise SourceError(
            _("{where}: the answer is no JSON: {text!r}; is url the API's?").format(
                where=where, text=one_line(text, 80)
            )
        ) from None


def _message(text: str) -> str:
    try:
        body = loads(text)
    except (ValueError, RecursionError):
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.hostname, port
    except ValueError:
        return "", None, None
