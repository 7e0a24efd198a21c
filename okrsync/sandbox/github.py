"""GitHub's stand-in: the REST and GraphQL answers that a sync reads, on loopback.

It answers as github.com does, or with ``enterprise`` as Enterprise Server (``/api/v3``, ``/api/graphql``, no rate
limits unless a test sets one). What FACTS says of the service holds here: pull requests among the issues, ``since`` as
*updated since*, ``Link`` headers, 301 for what moved, 410 for what was deleted, 404 for what may not be read, 304 that
costs nothing, limits that answer 403 or 429, and a GraphQL limit that answers 200.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from urllib.parse import urlencode

from okrsync.dates import iso
from okrsync.sandbox import github_graphql, github_lists
from okrsync.sandbox.github_objects import Json, Objects, Repository
from okrsync.sandbox.github_state import GitHubState
from okrsync.sandbox.github_views import Visible
from okrsync.sandbox.server import Request, Response, StandIn

API_VERSION = "2022-11-28"
DOCUMENTATION = "https://docs.github.com/rest"


class GitHubStandIn(GitHubState, StandIn):
    """GitHub on loopback; ``api_url`` is what stands in a source's ``url``.

    ``tokens`` are accepted as ``Bearer`` or ``token``. ``largest_page`` makes every list one of a large repository:
    its ``Link`` headers carry cursors, and a hand-made ``page=`` beyond that number answers 422. Without ``graphql``
    that endpoint answers 404. Pages for people are said to be at ``web_url``, so that two runs on different ports
    report the same addresses. ``clock`` (epoch seconds) decides when limits are over and App tokens expire.
    """

    def __init__(
        self,
        *,
        tokens: tuple[str, ...] = ("sandbox-token",),
        login: str = "okrsync-bot",
        enterprise: bool = False,
        graphql: bool = True,
        largest_page: int | None = None,
        web_url: str = "https://github.example",
        clock: Callable[[], float] = time.time,
        record: bool = False,
        latency: float = 0.0,
    ) -> None:
        GitHubState.__init__(self)
        StandIn.__init__(self, record=record, latency=latency)
        self.tokens = set(tokens)
        self.login = login
        self.enterprise = enterprise
        self.graphql = graphql
        self.largest_page = largest_page
        self.web_url = web_url
        self.clock = clock
        self.remaining = 5000
        self.token_headers: dict[str, str] = {}
        """What GitHub tells of a token with every answer, such as ``X-OAuth-Scopes``."""
        self.cut_short_next = 0
        """How many GraphQL answers are over the resource limit: partial data plus an error."""
        self.lacks: set[str] = set()
        """What its GraphQL schema does not know: ``Issue.parent``, ``stateReason.enableDuplicate``."""
        self._limit: tuple[int, str, int, float] | None = None
        self._graphql_spent_until = 0
        self._app: tuple[str, str, int] | None = None
        self.app_permissions = {"metadata": "read", "issues": "read", "pull_requests": "read", "contents": "read"}
        """What the App's installation may do."""
        self._app_tokens: dict[str, float] = {}

    @property
    def api_url(self) -> str:
        """The base of the REST API."""
        return f"{self.url}/api/v3" if self.enterprise else self.url

    @property
    def graphql_url(self) -> str:
        """The GraphQL endpoint."""
        return f"{self.url}/api/graphql" if self.enterprise else f"{self.url}/graphql"

    def expire_token(self) -> None:
        """No token is accepted any more."""
        with self.lock:
            self.tokens.clear()
            self._app_tokens.clear()

    def rate_limit(
        self, requests: int, kind: Literal["primary", "secondary"] = "primary", status: int = 403, seconds: float = 1.0
    ) -> None:
        """Refuse the next requests: *primary* says when by ``X-RateLimit-Reset``, *secondary* by ``Retry-After``.

        At the GraphQL endpoint a primary limit answers 200 with an error instead.
        """
        with self.lock:
            self._limit = (requests, kind, status, seconds)

    def spend_graphql(self, seconds: float) -> None:
        """Refuse every query for so long: its points of the hour are spent. REST goes on, as it counts its own."""
        with self.lock:
            self._graphql_spent_until = int(self.clock() + seconds)  # its end is told in whole seconds

    def add_app(self, app_id: int | str, public_key: str, installation_id: int) -> None:
        """A GitHub App (its RSA public key as PEM) that is installed once, on all repositories."""
        self._app = (str(app_id), public_key, installation_id)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self.lock:
            answer = self._answer(request)
            # Enterprise Server names no limits: they are off until its administrator turns them on.
            limits = {} if self.enterprise else self._rate_headers()
            headers = {
                "X-GitHub-Media-Type": "github.v3; format=json",
                **limits,
                **self.token_headers,
                **answer.headers,
            }
            if request.method == "GET" and answer.status == 200:
                tag = f'W/"{hashlib.sha256(json.dumps(answer.json).encode()).hexdigest()}"'
                headers["ETag"] = tag
                if request.headers.get("If-None-Match") == tag:
                    if not self.enterprise:
                        self.remaining = min(5000, self.remaining + 1)
                        headers |= self._rate_headers()
                    return Response(304, headers=headers)
            return replace(answer, headers=headers)

    def _answer(self, request: Request) -> Response:
        prefix = "/api/v3" if self.enterprise else ""
        is_graphql = request.path == ("/api/graphql" if self.enterprise else "/graphql")
        if not is_graphql and not request.path.startswith(prefix + "/"):
            return _refusal(404, "Not Found")
        path = request.path.removeprefix(prefix)
        if not request.headers.get("User-Agent"):
            return _refusal(403, "Request forbidden by administrative rules. A User-Agent header is required.")
        if not is_graphql and request.headers.get("X-GitHub-Api-Version", API_VERSION) != API_VERSION:
            return _refusal(400, "The requested version is not supported")
        if path.startswith("/app"):
            return self._app_answer(request, path)
        if refusal := self._unauthorized(request):
            return refusal
        if refusal := self._over_limit(is_graphql):
            return refusal
        if path != "/rate_limit":
            self.remaining = max(0, self.remaining - 1)
        if is_graphql:
            return self._graphql(request) if request.method == "POST" and self.graphql else _refusal(404, "Not Found")
        return self._rest(request, path) if request.method == "GET" else _refusal(404, "Not Found")

    # --- who asks, and how often --------------------------------------------------------------------------------------

    def _unauthorized(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token:
            return _refusal(401, "Requires authentication")
        known = token in self.tokens or self._app_tokens.get(token, 0.0) > self.clock()
        return None if scheme.lower() in ("bearer", "token") and known else _refusal(401, "Bad credentials")

    def _rate_headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": str(self.remaining), "X-RateLimit-Resource": "core",
            "X-RateLimit-Used": str(5000 - self.remaining), "X-RateLimit-Reset": str(self._reset()),
        }  # fmt: skip

    def _reset(self) -> int:
        return int(self.clock()) // 3600 * 3600 + 3600

    def _over_limit(self, is_graphql: bool) -> Response | None:
        if is_graphql and self.clock() < self._graphql_spent_until:
            return self._spent(is_graphql, 200, self._graphql_spent_until)
        if self._limit is None:
            return None
        requests, kind, status, seconds = self._limit
        self._limit = (requests - 1, kind, status, seconds) if requests > 1 else None
        if kind == "secondary":
            said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            return _refusal(status, said, {"Retry-After": str(int(seconds))})
        return self._spent(is_graphql, status, self.clock() + seconds)

    def _spent(self, is_graphql: bool, status: int, until: float) -> Response:
        headers = self._rate_headers() | {
            "X-RateLimit-Remaining": "0", "X-RateLimit-Used": "5000", "X-RateLimit-Reset": str(int(until)),
        }  # fmt: skip
        if is_graphql:
            said = "API rate limit exceeded for user ID 1."
            headers["X-RateLimit-Resource"] = "graphql"
            return Response(200, {"errors": [{"type": "RATE_LIMITED", "message": said}]}, headers)
        return _refusal(status, "API rate limit exceeded for user ID 1.", headers)

    def _app_answer(self, request: Request, path: str) -> Response:
        """What an App asks as itself, with a JSON Web Token signed by its private key."""
        import jwt

        if self._app is None:
            return _refusal(401, "A JSON web token could not be decoded")
        app_id, public_key, installation_id = self._app
        said = request.headers.get("Authorization", "").partition(" ")[2]
        try:
            claims = jwt.decode(
                said, public_key, algorithms=["RS256"], issuer=app_id, options={"require": ["exp", "iat"]}
            )
        except jwt.PyJWTError:
            return _refusal(401, "A JSON web token could not be decoded")
        if claims["exp"] - claims["iat"] > 660:
            return _refusal(401, "'Expiration time' claim ('exp') is too far in the future")
        app = {"id": int(app_id) if app_id.isdigit() else 1, "slug": "okrsync", "name": "okrsync", "events": []}
        installation = {
            "id": installation_id, "app_id": app["id"], "repository_selection": "all",
            "permissions": self.app_permissions,
            "access_tokens_url": f"{self.api_url}/app/installations/{installation_id}/access_tokens",
        }  # fmt: skip
        if (request.method, path) == ("GET", "/app"):
            return Response(200, app)
        if (request.method, path) == ("GET", f"/app/installations/{installation_id}"):
            return Response(200, installation)
        if (request.method, path) == ("POST", f"/app/installations/{installation_id}/access_tokens"):
            expires = self.clock() + 3600
            token = f"ghs_sandbox{len(self._app_tokens)}"
            self._app_tokens[token] = expires
            moment = iso(datetime.fromtimestamp(expires, UTC))
            return Response(
                201,
                {
                    "token": token,
                    "expires_at": moment,
                    "permissions": self.app_permissions,
                    "repository_selection": "all",
                },
            )
        return _refusal(404, "Not Found")

    # --- what is asked ------------------------------------------------------------------------------------------------

    def _visible(self) -> list[Repository]:
        return [repository for repository in self.repositories.values() if not repository.revoked]

    def _named(self, name: str) -> tuple[Repository | None, bool]:
        """The readable repository of a name, and whether it has that name still."""
        try:
            repository, current = self.repo(name), True
        except KeyError:
            found = self.repositories.get(self.former_names.get(name.lower(), -1))
            if found is None:
                return None, False
            repository, current = found, False
        return (None if repository.revoked else repository), current

    def _graphql(self, request: Request) -> Response:
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _refusal(400, "Problems parsing JSON")
        reset = iso(datetime.fromtimestamp(self._reset(), UTC))
        visible = Visible(self._visible(), lambda name: self._named(name)[0], self.login, self.remaining, reset)
        cut_short, self.cut_short_next = self.cut_short_next > 0, max(0, self.cut_short_next - 1)
        return Response(
            200, github_graphql.answer(body, visible, self._objects(), cut_short=cut_short, lacks=self.lacks)
        )

    def _objects(self) -> Objects:
        return Objects(self.api_url, self.web_url)

    def _rest(self, request: Request, path: str) -> Response:
        objects = self._objects()
        owner_and_name = re.match(r"/repos/([^/]+/[^/]+)(/.*)?$", path)
        if owner_and_name:
            repository, current = self._named(owner_and_name[1])
            rest = owner_and_name[2] or ""
            if repository is not None and not current:
                return self._moved(f"/repositories/{repository.id}{rest}", request)
            return self._repository(request, repository, rest, objects)
        by_id = re.match(r"/repositories/(\d+)(/.*)?$", path)
        if by_id:
            repository = self.repositories.get(int(by_id[1]))
            if repository is not None and repository.revoked:
                repository = None
            return self._repository(request, repository, by_id[2] or "", objects)
        organisation = re.match(r"/orgs/([^/]+)/repos$", path)
        if organisation or path in ("/user/repos", "/installation/repositories"):
            return self._repositories(request, path, organisation and organisation[1].lower(), objects)
        if path == "/user":
            return Response(200, objects.viewer(self.login))
        if path == "/meta":
            version = {"installed_version": "3.19.0"} if self.enterprise else {}
            return Response(200, {"verifiable_password_authentication": False, **version})
        if path == "/rate_limit":
            if self.enterprise:
                return _refusal(404, "Rate limiting is not enabled.")
            rate = {"limit": 5000, "remaining": self.remaining, "used": 5000 - self.remaining, "reset": self._reset()}
            return Response(200, {"resources": dict.fromkeys(["core", "search", "graphql"], rate), "rate": rate})
        return _refusal(404, "Not Found")

    def _repositories(self, request: Request, path: str, owner: str | None, objects: Objects) -> Response:
        known = [each.id for each in self._visible() if owner in (None, each.full_name.lower().partition("/")[0])]
        if owner is not None and not known:
            return _refusal(404, "Not Found")
        page = self._page(request, path, known, lambda identity: objects.repository(self.repositories[identity]))
        if path != "/installation/repositories" or page.status != 200:
            return page
        return replace(page, json={"total_count": len(known), "repositories": page.json})

    def _repository(self, request: Request, repository: Repository | None, rest: str, objects: Objects) -> Response:
        """Everything below one repository; None stands for one that is not there or may not be read."""
        if repository is None:
            return _refusal(404, "Not Found")
        if not rest:
            return Response(200, objects.repository(repository))
        here = f"/repositories/{repository.id}{rest}"
        single = re.match(r"/(issues|pulls|milestones|releases)/(\d+)(/commits|/reviews)?$", rest)
        if single:
            return self._single(repository, single[1], int(single[2]), single[3], request, here, objects)
        try:
            if rest == "/issues":
                facts = [objects.facts(repository, number) for number in repository.numbers()]
                return self._page(
                    request, here, github_lists.issues(facts, request), partial(objects.issue, repository)
                )
            if rest == "/pulls":
                facts = [objects.facts(repository, number) for number in sorted(repository.pulls)]
                return self._page(request, here, github_lists.pulls(facts, request), partial(objects.pull, repository))
            if rest == "/milestones":
                milestones = [objects.milestone(repository, number) for number in sorted(repository.milestones)]
                found = github_lists.milestones(milestones, request)
                return self._page(request, here, found, partial(objects.milestone, repository))
        except ValueError as error:
            return _refusal(422, f"Validation Failed: {error}")
        if rest == "/commits":
            return _refusal(409, "Git Repository is empty.")  # commits are known of pull requests alone
        if rest == "/releases":
            releases = [objects.release(repository, number) for number in repository.releases]
            releases.sort(key=lambda each: str(each["created_at"]), reverse=True)
            return self._page(request, here, [each["id"] for each in releases], partial(objects.release, repository))
        return _refusal(404, "Not Found")

    def _single(
        self,
        repository: Repository,
        kind: str,
        number: int,
        below: str | None,
        request: Request,
        here: str,
        objects: Objects,
    ) -> Response:
        if kind == "issues" and number in repository.transferred:
            other, arrived = repository.transferred[number]
            if self.repositories[other].revoked:
                return _refusal(404, "Not Found")
            return self._moved(f"/repositories/{other}/issues/{arrived}", request)
        if kind == "issues" and number in repository.deleted:
            return _refusal(410, "This issue was deleted")
        known = set(repository.numbers()) if kind == "issues" else set(getattr(repository, kind))
        if number not in known or (below is not None and kind != "pulls"):
            return _refusal(404, "Not Found")
        if below is not None:
            listed = (objects.commits if below == "/commits" else objects.reviews)(repository, number)
            return self._page(request, here, list(range(len(listed))), listed.__getitem__)
        if kind == "pulls":
            return Response(200, objects.pull(repository, number, single=True))
        show = {"issues": objects.issue, "milestones": objects.milestone, "releases": objects.release}[kind]
        return Response(200, show(repository, number))

    def _moved(self, path: str, request: Request) -> Response:
        query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
        location = f"{self.api_url}{path}{query}"
        body = {"message": "Moved Permanently", "url": location, "documentation_url": DOCUMENTATION}
        return Response(301, body, {"Location": location})

    def _page(self, request: Request, here: str, numbers: list[int], show: Callable[[int], Json]) -> Response:
        """One page of a list given by its numbers, with the ``Link`` header to the others."""
        try:
            size = min(100, max(1, int(request.first("per_page", "30"))))
            page = max(1, int(request.first("page", "1")))
        except ValueError:
            size, page = 30, 1
        after = request.first("after")
        start = (page - 1) * size
        large = self.largest_page is not None
        if self.largest_page is not None and after:
            # The cursor names the last item that was shown, so that a list that changes meanwhile skips nothing.
            start = next((index + 1 for index, number in enumerate(numbers) if str(number) == after), start)
        elif self.largest_page is not None and page > self.largest_page:
            said = "Pagination with the page parameter is not supported for large datasets"
            return _refusal(422, f"{said}, please use cursor based pagination (after/before)")
        found = numbers[start : start + size]
        others = {}
        if start + size < len(numbers):
            others["next"] = {"page": page + 1} | ({"after": found[-1]} if large else {})
            if not large:
                others["last"] = {"page": -(-len(numbers) // size)}
        if page > 1 and not large:
            others |= {"prev": {"page": page - 1}, "first": {"page": 1}}
        kept = {key: values for key, values in request.query.items() if key not in ("page", "after")}
        links = [
            f'<{self.api_url}{here}?{urlencode({**kept, **query}, doseq=True)}>; rel="{name}"'
            for name, query in others.items()
        ]
        return Response(200, [show(number) for number in found], {"Link": ", ".join(links)} if links else {})


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status, {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}, headers or {}
    )
