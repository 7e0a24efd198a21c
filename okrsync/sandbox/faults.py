"""What services do instead of answering: a stand-in with ``Faults`` does it too, at the requests that a test chooses.

    faults = Faults(stand_in)
    faults.plan("dropped", after=3, times=2)     # requests 4 and 5 from now on

Faults of the machine itself (full disk, no name service, a locked database) are none of a stand-in's.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response, StandIn

HANGS = 3.0
"""Seconds for which a hanging server keeps a request: longer than the time-out of the tests that use it."""

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><form action='/login'></form></body></html>"

Fault: TypeAlias = Callable[[StandIn, Request], Response | None]
"""What is answered instead; None where the fault makes no sense for the request."""


def _fixed(response: Response) -> Fault:
    return lambda stand_in, request: response


def _hanging(stand_in: StandIn, request: Request) -> Response:
    stand_in.ending.wait(HANGS)
    return Response(504, dropped_after=-1)


def _dropped(stand_in: StandIn, request: Request) -> Response:
    answer = stand_in.handle(request)
    return replace(answer, dropped_after=len(answer.payload()) // 2)


def _truncated(stand_in: StandIn, request: Request) -> Response | None:
    """Half of the JSON, whose length is what the header says."""
    answer = stand_in.handle(request)
    whole = answer.payload()
    headers = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
    return replace(answer, headers=headers, body=whole[: len(whole) // 2]) if len(whole) > 1 else None


def _stranger(stand_in: StandIn, request: Request) -> Response | None:
    """Jira takes an expired token for no token, and shows what everybody may see: nothing."""
    if not isinstance(stand_in, JiraStandIn):
        return None
    without = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
    answer = stand_in.handle(replace(request, headers=type(request.headers)(without.items())))
    return replace(answer, headers={**answer.headers, "X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})


def _partial(stand_in: StandIn, request: Request) -> Response | None:
    """GraphQL over its resource limit: some of the data, and an error beside it."""
    if not isinstance(stand_in, GitHubStandIn) or not request.path.endswith("graphql"):
        return None
    with stand_in.lock:
        stand_in.cut_short_next = 1
        return stand_in.handle(request)


def _graphql_limit(stand_in: StandIn, request: Request) -> Response | None:
    """GraphQL over its rate limit answers 200."""
    if not isinstance(stand_in, GitHubStandIn) or not request.path.endswith("graphql"):
        return None
    said = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}
    return Response(200, said, {"Retry-After": "0"})


def _repeated_token(stand_in: StandIn, request: Request) -> Response | None:
    """A page that names itself as the next."""
    if request.path.endswith("/search/jql"):
        asked = (
            request.json() if request.method == "POST" else {name: value[0] for name, value in request.query.items()}
        )
        if not isinstance(asked, dict) or not asked.get("nextPageToken"):
            return None
        answer = stand_in.handle(request)
        page = json.loads(answer.payload())
        return Response(200, {**page, "isLast": False, "nextPageToken": asked["nextPageToken"]})
    if isinstance(stand_in, GitHubStandIn) and request.method == "GET" and request.path.endswith("/issues"):
        answer = stand_in.handle(request)
        return replace(answer, headers={**answer.headers, "Link": f'<{stand_in.api_url}{request.path}>; rel="next"'})
    return None


def _moved(status: int, location: str) -> Fault:
    return lambda stand_in, request: Response(status, {"message": "Moved"}, {"Location": location})


_SLOW_DOWN = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}

FAULTS: Mapping[str, Fault] = {
    "429": _fixed(Response(429, _SLOW_DOWN)),
    "429 with Retry-After": _fixed(Response(429, _SLOW_DOWN, {"Retry-After": "0"})),
    "429 for an hour": _fixed(Response(429, _SLOW_DOWN, {"Retry-After": "3600"})),
    "403 secondary limit": _fixed(Response(403, _SLOW_DOWN)),
    "403 with Retry-After": _fixed(Response(403, _SLOW_DOWN, {"Retry-After": "0"})),
    "401": _fixed(Response(401, {"message": "Bad credentials"})),
    "404": _fixed(Response(404, {"message": "Not Found"})),
    "500": _fixed(Response(500, body=b"<html>Oops</html>", headers={"Content-Type": "text/html"})),
    "502": _fixed(Response(502, body=b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"})),
    "503 with Retry-After": _fixed(Response(503, headers={"Retry-After": "0"})),
    "504": _fixed(Response(504)),
    "closed": _fixed(Response(dropped_after=-1)),
    "dropped": _dropped,
    "truncated": _truncated,
    "nothing": _fixed(Response(200, body=b"", headers={"Content-Type": "application/json"})),
    "null": _fixed(Response(200, body=b"null", headers={"Content-Type": "application/json"})),
    "an object": _fixed(Response(200, {})),
    "hanging": _hanging,
    "login page": _fixed(Response(200, body=LOGIN_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})),
    "to the login page": _moved(302, "/login?os_destination=%2F"),
    "to another host": _moved(301, "http://192.0.2.1/rest/api/2/search"),
    "a stranger": _stranger,
    "partial data": _partial,
    "GraphQL limit": _graphql_limit,
    "repeated token": _repeated_token,
}


@dataclass(slots=True, eq=False)
class _Planned:
    name: str
    path: str
    after: int
    times: int


class Faults:
    """The faults of one stand-in. ``injected`` counts, by name, what was answered instead of what was asked for."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        self.injected: Counter[str] = Counter()
        stand_in.faults.append(self._answer)

    def plan(self, name: str, *, path: str = "", after: int = 0, times: int = 1) -> None:
        """Let ``after`` requests pass, and answer the following ones so that the fault makes sense for.

        ``name`` is one of ``FAULTS``; only requests count whose path contains ``path``. Raises ``KeyError`` for an
        unknown name.
        """
        if name not in FAULTS:
            raise KeyError(name)
        with self._lock:
            self._planned.append(_Planned(name, path, after, times))

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._planned.clear()

    def _answer(self, request: Request) -> Response | None:
        with self._lock:
            due = []
            for planned in [one for one in self._planned if one.path in request.path]:
                if planned.after > 0:
                    planned.after -= 1
                    continue
                due.append(planned)
        for planned in due:
            # Outside of the lock: a hanging answer must not keep the others.
            said = FAULTS[planned.name](self._stand_in, request)
            if said is None:
                continue
            with self._lock:
                if planned.times <= 0:
                    continue
                planned.times -= 1
                if not planned.times and planned in self._planned:
                    self._planned.remove(planned)
                self.injected[planned.name] += 1
            return said
        return None
