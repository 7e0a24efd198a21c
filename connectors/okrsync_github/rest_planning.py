"""What to read of a repository where GraphQL is refused: conditional requests say whether anything changed at all."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from okrsync.connector import Cursor, Plan, Shard
from okrsync.dates import iso
from okrsync.errors import AuthError, SourceError
from okrsync.language import _
from okrsync_github.client import Answer, GitHubClient, rows_of
from okrsync_github.items import Repository, moment, repository_of
from okrsync_github.planning import OVERLAP, Asker, Planned, digest_of

MOST_CHAINS = 32
_ITEMS_A_CHAIN = 300
_NEWEST: dict[str, str | int] = {"state": "all", "sort": "updated", "direction": "desc", "per_page": 1}
_GONE = frozenset({404, 410})


def plan_over_rest(asker: Asker, name: str, web: str, cursor: Cursor | None) -> Planned:
    """The plan; raises ``SourceError`` when the repository is not visible.

    A repository that was deleted and made anew under its name is read whole, and so is a renamed one: the keys of its
    issues change, and none of them counts as updated by that.
    """
    tags: dict[str, str] = dict(cursor.get("etags", {})) if cursor else {}
    first, repository = _repository(asker, name, web, cursor, tags)
    same = {"repository": repository.id, "name": repository.full_name}
    known = cursor if cursor and {key: cursor.get(key) for key in same} == same else None
    if known is None:
        tags = {key: tag for key, tag in tags.items() if key == "repository"}
    # Without a Date header (a proxy took it) this machine's clock must do; the overlap covers a small difference.
    start = (first.date or datetime.now(UTC)) - OVERLAP
    root = f"/repos/{repository.full_name}"
    newest = _conditional(asker.client, f"{root}/issues", _NEWEST, tags, "issues", accept=frozenset({410}))
    shards: list[Shard] = []
    params = {"repository": asdict(repository)}
    if known is None:
        shards += _chains(params, first, newest, start)
    elif newest.status != 304:
        shards.append(Shard("issues", {**params, "since": known["since"], "until": None}))
    side = _side(asker, root, tags)
    digest = known.get("side") if known else None
    if side is None or (side != {} and digest_of(side) != digest):
        shards.append(Shard("milestones", {**params, **(side or {})}))
        digest = digest_of(side)
    plan = Plan(
        shards=tuple(shards),
        next={"since": iso(start), **same, "html_url": repository.html_url, "etags": tags, "side": digest},
        scope_name=repository.full_name,
        whole=known is None,
    )
    return Planned(plan, repository, None)


def count_over_rest(client: GitHubClient, repository: str) -> int | None:
    """How many issues and pull requests there are, from the number of the last page; None where pages have none."""
    answer = client.get(f"/repos/{repository}/issues", {"state": "all", "per_page": 1}, accept=frozenset({410}))
    if answer.status == 410:
        return None
    if answer.next is None:
        return len(rows_of(answer, f"{repository}, issues"))
    return _pages(answer)


def _pages(answer: Answer) -> int | None:
    found = re.search(r"[?&]page=([0-9]{1,9})(?:&|$)", answer.last or "")
    return int(found[1]) if found else None


def _repository(
    asker: Asker, name: str, web: str, cursor: Cursor | None, tags: dict[str, str]
) -> tuple[Answer, Repository]:
    answer = _conditional(asker.client, f"/repos/{name}", {}, tags, "repository", accept=frozenset({404}))
    if answer.status == 304 and cursor is not None:
        return answer, Repository(cursor["repository"], cursor["name"], cursor["html_url"], name)
    if answer.body is None:
        raise SourceError(
            _("{where} is missing at {host}, or the token has no access to it").format(
                where=asker.where, host=asker.client.host
            )
        )
    return answer, repository_of(answer.body, name, web, asker.where)


def _conditional(
    client: GitHubClient,
    path: str,
    parameters: dict[str, str | int],
    tags: dict[str, str],
    key: str,
    accept: frozenset[int] = frozenset(),
) -> Answer:
    """GET with the entity tag of the run before, and keep that of this one."""
    answer = client.get(path, parameters, etag=tags.get(key), accept=accept)
    if answer.status == 200 and answer.etag:
        tags[key] = answer.etag
    elif answer.status != 304:
        tags.pop(key, None)
    return answer


def _side(asker: Asker, root: str, tags: dict[str, str]) -> Cursor | None:
    """The rows of milestones and releases; an empty mapping when neither changed, None when they are to be read whole:
    there is more than a page of them, or one of the two changed and the other's rows are not at hand."""
    lists: dict[str, dict[str, str | int]] = {
        "milestones": {"state": "all", "per_page": 100},
        "releases": {"per_page": 100},
    }
    found: dict[str, Any] = {}
    unchanged = 0
    for key, parameters in lists.items():
        try:
            answer = _conditional(asker.client, f"{root}/{key}", parameters, tags, key, accept=_GONE)
        except AuthError as error:
            asker.note(_("{error}. Done without").format(error=error))
            found[key] = []
            continue
        if answer.status == 304:
            unchanged += 1
        elif answer.next is not None:
            tags.pop(key, None)
            return None
        else:
            found[key] = [] if answer.body is None else rows_of(answer, f"{asker.where}, {key}")
    if unchanged == len(lists):
        return {}
    return found if not unchanged else None


def _chains(params: Cursor, first: Answer, newest: Answer, start: datetime) -> list[Shard]:
    """Chains of requests by time of update, side by side: the time since the repository was made in equal parts."""
    created = moment(first.body, "created_at", "repository") if isinstance(first.body, dict) else None
    items = 0 if newest.next is None else _pages(newest)
    wanted = MOST_CHAINS if items is None else min(MOST_CHAINS, items // _ITEMS_A_CHAIN)
    if created is None or wanted < 2 or start - created < timedelta(hours=wanted):
        return [Shard("issues", {**params, "since": None, "until": None})]
    part = (start - created) / wanted
    ends = [iso(created + part * step) for step in range(1, wanted)]
    spans = zip([None, *ends], [*ends, None], strict=True)
    return [
        Shard(f"issues {index}", {**params, "since": since, "until": until})
        for index, (since, until) in enumerate(spans, 1)
    ]
