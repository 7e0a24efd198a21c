"""A GitHub connector over a stand-in, and what a pull of it brings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from okrsync_github import GitHubConnector, Settings

from okrsync.connector import ConnectorContext, Cursor, Plan
from okrsync.model import Milestone, Scope, WorkItem
from okrsync.sandbox.github import GitHubStandIn

SCOPE = Scope("shop-github", "acme/storefront")
API = "https://api.github.com"


@dataclass
class Heard:
    """What the connector tells the person who runs it."""

    waits: list[tuple[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def connected(
    url: str = API, heard: Heard | None = None, *, people: bool = False, **settings: Any
) -> Iterator[GitHubConnector]:
    """A connector with a token, for ``acme/storefront``."""
    heard = heard or Heard()
    context = ConnectorContext(
        source="shop-github",
        base=Path(),
        timezone=ZoneInfo("Asia/Shanghai"),
        on_wait=lambda why, seconds: heard.waits.append((why, seconds)),
        on_note=heard.notes.append,
        people=frozenset({"lin"} if people else ()),
    )
    given = {"type": "github", "url": url, "auth": {"token": "sandbox-token"}, "repos": ["acme/storefront"]}
    if "org" in settings:
        del given["repos"]
    connector = GitHubConnector(Settings.model_validate(given | settings), context)
    try:
        yield connector
    finally:
        connector.close()


@dataclass
class Pulled:
    """What all pages of a plan brought."""

    plan: Plan
    items: dict[str, WorkItem]
    milestones: dict[tuple[str, str], Milestone]
    cursors: list[Cursor | None]
    times: int = 0
    """How many items came, the same one twice counted twice."""


def pull_all(connector: GitHubConnector, cursor: Cursor | None = None, scope: Scope = SCOPE) -> Pulled:
    """Plan from a cursor as the store gives it back, and read all shards."""
    plan = connector.plan(scope, json.loads(json.dumps(cursor)))
    pulled = Pulled(plan, {}, {}, [])
    for shard in plan.shards:
        for page in connector.pages(scope, shard, None):
            pulled.items |= {item.id: item for item in page.items}
            pulled.milestones |= {(each.kind, each.id): each for each in page.milestones}
            pulled.cursors.append(page.cursor)
            pulled.times += len(page.items)
        assert pulled.cursors[-1] is None
    return pulled


def census(connector: GitHubConnector) -> list[str]:
    """All ids that a census names."""
    return [id_ for batch in connector.census(SCOPE) for id_ in batch]


def minute(n: int) -> str:
    """The n-th minute of October 2026."""
    return f"2026-10-{1 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00Z"


def fill_in(github: GitHubStandIn, count: int = 250) -> None:
    """Issues and, every third, pull requests; each was changed in a minute of its own."""
    for n in range(1, count + 1):
        common = {"number": n, "title": f"T{n}", "created_at": minute(0), "updated_at": minute(n)}
        if n % 3:
            github.put_issue("acme/storefront", common | {"state": "open"})
            continue
        merged = {"state": "closed", "closed_at": minute(n), "merged_at": minute(n)} if n % 2 else {}
        commits = [{"sha": f"{n:040x}", "message": "m", "date": minute(n), "author": "lin"}]
        github.put_pull(
            "acme/storefront", common | merged | {"head": f"b{n}", "body": f"Fixes #{n - 1}", "commits": commits}
        )
