"""One thread's connection to GitHub: PyGithub's, with redirects, the pace and the environment in our hands."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from github.Requester import HTTPSRequestsConnectionClass, RequestsResponse

from okrsync.errors import RetryableError
from okrsync.http import HttpPolicy, shown_url
from okrsync.language import _
from okrsync.paced import Cost, PacedAdapter
from okrsync.pacing import HostLimits

MOVED = frozenset({301, 302, 307, 308})
HOST_LIMITS = HostLimits(at_once=100, points_a_minute={"rest": 900, "graphql": 2000})
"""GitHub's secondary limits: a GET is a point, and so is a query that changes nothing."""
ENTERPRISE_LIMITS = HostLimits(at_once=100)
"""Enterprise Server has none until its administrator sets some."""


class Moved(Exception):
    """A redirect, taken out of PyGithub's hands."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class Connection(HTTPSRequestsConnectionClass):
    """PyGithub's connection, for both schemes; without its detour over ``https://host:443``."""

    def __init__(self, root: str, policy: HttpPolicy, adapter: PacedAdapter) -> None:
        super().__init__(urlsplit(root).hostname or "")
        self._root = root
        self._policy = policy
        self.session.mount(f"{root}/", adapter)
        # What requests reads from the environment anew for each request: proxies and certificates.
        settings = self.session.merge_environment_settings(root, {}, False, None, None)
        self.session.proxies, self.session.verify = settings["proxies"], settings["verify"]
        self.session.trust_env = False

    def getresponse(self) -> RequestsResponse:
        response = self.session.request(
            self.verb,
            self._root + self.url,
            headers=self.headers,
            data=self.input,
            timeout=self._policy.timeout,
            allow_redirects=False,
        )
        if response.status_code in MOVED and "Location" in response.headers:
            raise Moved(response.headers["Location"])
        if response.status_code == 202:
            raise RetryableError(
                _("{where} answered 202: it is still working on the answer").format(where=shown_url(response.url))
            )
        response.encoding = "utf-8"  # JSON is; without a charset in the header requests would guess, at length
        return RequestsResponse(response)


def cost_of(request: requests.PreparedRequest) -> Cost:
    """Which of GitHub's allowances a request counts against: REST and GraphQL have one each."""
    return Cost("graphql" if urlsplit(request.url or "").path.endswith("/graphql") else "rest")
