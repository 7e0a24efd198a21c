"""A filled GitHub stand-in and a session that asks it, for the tests of both of its APIs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from okrsync.sandbox.github import GitHubStandIn

STORE = "acme/storefront"
NOW = 1_795_000_000

Ask = Callable[..., requests.Response]


def fill(hub: GitHubStandIn) -> GitHubStandIn:
    """Two repositories: issues 1 to 5, pull requests 6 (merged) and 7 (open)."""
    hub.add_repo(STORE, 501)
    hub.add_repo("acme/other", 502)
    hub.put_milestone(STORE, {"title": "Onboarding v2", "due_on": "2026-12-01T08:00:00Z"})
    for number in range(1, 6):
        hub.put_issue(
            STORE,
            {
                "title": f"Issue {number}", "user": "lin", "assignees": ["mei"],
                "labels": ["activation", {"name": "Bug"}] if number % 2 else [], "milestone": 1 if number < 3 else None,
                "created_at": f"2026-10-0{number}T08:00:00Z", "updated_at": f"2026-10-1{9 - number}T08:00:00Z",
                "closed_at": "2026-10-20T08:00:00Z" if number == 2 else None,
            },
        )  # fmt: skip
    hub.put_pull(
        STORE,
        {
            "title": "Merged", "created_at": "2026-10-06T08:00:00Z", "merged_at": "2026-10-07T08:00:00Z",
            "milestone": 1, "head": "SHOP-101-checkout", "closes": [1, "acme/other#1"],
            "commits": [{"message": "One\n\nKR: KR1.1"}, {}],
            "reviews": [{"user": "mei", "state": "APPROVED"}], "requested_reviewers": ["mei"],
        },
    )  # fmt: skip
    hub.put_pull(STORE, {"title": "Open", "created_at": "2026-10-08T08:00:00Z", "draft": True})
    hub.put_issue("acme/other", {"title": "Elsewhere"})
    hub.put_release(STORE, {"tag_name": "v1.0", "published_at": "2026-10-30T08:00:00Z"})
    return hub


class asking(requests.Session):
    """A session with the token; paths are below the stand-in's API."""

    def __init__(self, hub: GitHubStandIn) -> None:
        super().__init__()
        self.hub = hub
        self.headers["Authorization"] = f"Bearer {next(iter(hub.tokens), 'none')}"

    def request(self, method: str, url: str, **more: Any) -> requests.Response:  # type: ignore[override]
        more["allow_redirects"] = False
        return super().request(method, url if url.startswith("http") else self.hub.api_url + url, timeout=10, **more)

    def query(self, text: str, **variables: Any) -> Any:
        return self.post(self.hub.graphql_url, json={"query": text, "variables": variables}).json()
