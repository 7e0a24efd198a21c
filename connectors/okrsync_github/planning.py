"""What to read of a repository: one GraphQL query says what it is, what it holds and what changed since.

Everything is read by number, a hundred a query, many queries at once: numbers are handed out one after another to
issues, pull requests and discussions, and those that are not there cost nothing. What changed is listed, and then read
by number too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from okrsync.connector import Cursor, Plan, Shard
from okrsync.dates import iso, parse_moment
from okrsync.errors import SourceError
from okrsync.language import _
from okrsync_github import answers, queries
from okrsync_github.client import GitHubClient
from okrsync_github.envelope import GraphQLRefused, GraphQLSpent, QueryTooHeavy
from okrsync_github.items import FULL_NAME, Repository
from okrsync_github.nodes import Incomplete, all_of
from okrsync_github.reader import SLICE, said

OVERLAP = timedelta(minutes=2)
"""How far each run reaches back behind the start of the one before: the list lags behind the changes."""
MOST_SHARDS = 128
"""Of one plan: enough to keep any number of workers evenly busy, few enough to be remembered."""
SPARSE = 8
"""From so many numbers an item on it is quicker to list what there is than to ask for every number."""
_SMALL = 5000
"""Items that are read again when a label or milestone went, which may leave no trace on those that had it."""
_PATIENCE = 60.0
"""Seconds that GraphQL is waited for once its points are spent, before a plan is made from REST."""
_SIDE = ("milestones", "releases", "labels")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what was learned on the way."""

    plan: Plan
    repository: Repository
    total: int | None
    """How many items there are; None when some of them are still to be read, or nobody told."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and how it is told."""

    client: GitHubClient
    where: str
    """``shop-github:acme/storefront``, for messages."""
    people: bool
    note: Callable[[str], None]


def plan_over_graphql(asker: Asker, name: str, cursor: Cursor | None) -> Planned | None:
    """The plan for the repository that the configuration calls ``name``; None where GraphQL does not tell."""
    since = parse_moment(cursor["since"]) if cursor else None
    found = _ask(asker, name, since)
    if found is None:
        return None
    head, date = found
    repository = Repository(head.databaseId, head.nameWithOwner, head.url, name)
    same = {"repository": repository.id, "name": repository.full_name, "people": asker.people}
    known = cursor if cursor and {key: cursor.get(key, False) for key in same} == same else None
    # Without a Date header (a proxy took it) this machine's clock must do; the overlap covers a small difference.
    start = (date or datetime.now(UTC)) - OVERLAP
    side = _Side.of(head)
    if not head.hasIssuesEnabled:
        asker.note(
            _("{full_name} has its issues disabled: only its pull requests are read").format(
                full_name=repository.full_name
            )
        )
    numbers = _everything(asker, repository, head) if known is None else None
    if numbers is None:
        assert known is not None
        assert since is not None
        numbers = _changed(asker, repository, head, since)
        if side.relabelled(known):
            numbers = _with_relabelled(asker, repository, head, side, known, numbers)
    params = {
        "repository": asdict(repository),
        "people": asker.people,
        "pulls_only": not head.hasIssuesEnabled,
    }
    shards = number_shards(numbers, head.newest, params)
    total = None if shards else head.total
    if known is None or known.get("side") != side.digest:
        shards.append(Shard("milestones", {"repository": asdict(repository), **side.params()}))
    plan = Plan(
        shards=tuple(shards),
        next={"since": iso(start), **same, **side.cursor()},
        scope_name=repository.full_name,
        whole=known is None,
        total=total,
    )
    return Planned(plan, repository, total)


def number_shards(numbers: range | Sequence[int], newest: int, params: Cursor) -> list[Shard]:
    """Shards of about the same size, a query each as long as they are not too many.

    The last of a range goes on behind its end as long as it finds numbers above ``newest``.
    """
    size = SLICE * -(-len(numbers) // (SLICE * MOST_SHARDS))
    shards = []
    for start in range(0, len(numbers), size or 1):
        chunk = numbers[start : start + size]
        which: Cursor = {"numbers": list(chunk)}
        if isinstance(chunk, range):
            which = {"first": chunk[0], "last": chunk[-1]}
        shards.append(Shard(f"items {chunk[0]}-{chunk[-1]}", {**params, **which}))
    if shards and isinstance(numbers, range):
        shards[-1].params["newest"] = newest
    return shards


def _ask(asker: Asker, name: str, since: datetime | None) -> tuple[answers.Head, datetime | None] | None:
    owner, _slash, repo = name.partition("/")
    variables: dict[str, Any] = {"owner": owner, "name": repo}
    query: str | Callable[[frozenset[str]], str] = partial(queries.head, people=asker.people)
    if since is not None:
        query, variables = queries.changes(), {**variables, "since": iso(since)}
    try:
        data, errors, date = asker.client.graphql(query, variables, otherwise=_PATIENCE)
    except GraphQLSpent:
        return None
    except GraphQLRefused as refused:
        asker.client.do_without_graphql(str(refused))
        return None
    except QueryTooHeavy as heavy:
        asker.note(
            _("{heavy}. {name} is read from REST instead, which takes more requests").format(heavy=heavy, name=name)
        )
        return None
    for error in errors:
        given = error.get("path")
        path: list[Any] = given if isinstance(given, list) else []
        if path == ["repository"] and error.get("type") == "NOT_FOUND":
            return None  # REST tells what became of it
        if path[1:2] and path[1] in _SIDE:
            asker.note(
                _("{where}: {path}: GraphQL answered {said}. Done without").format(
                    where=asker.where, path=path[1], said=said([error])
                )
            )
        else:
            asker.client.do_without_graphql(f"{asker.where}: GraphQL answered {said([error])}")
            return None
    head = answers.decode(answers.HEAD, data, asker.where).repository
    if head is None:
        return None
    if not FULL_NAME.fullmatch(head.nameWithOwner):
        raise SourceError(_("{where}: the field 'nameWithOwner' is no owner/name").format(where=asker.where))
    return head, date


# --- which numbers ----------------------------------------------------------------------------------------------------


def _everything(asker: Asker, repository: Repository, head: answers.Head) -> range | list[int]:
    if head.newest > SPARSE * head.total:
        return sorted(listed(asker, repository, head, None, most=None) or ())
    return everything(head)


def everything(counts: answers.Counts) -> range:
    """All numbers in use, as far as is known, up to a full slice."""
    return range(1, -(-counts.newest // SLICE) * SLICE + 1)


def _changed(asker: Asker, repository: Repository, head: answers.Head, since: datetime) -> range | list[int]:
    """What was updated since; everything, when that is less work than to find out what."""
    issues, pulls = head.changedIssues, head.changedPulls
    if issues is None or pulls is None:
        raise SourceError(_("{where}: GraphQL does not say what changed").format(where=asker.where))
    recent = [node for node in _nodes(pulls, asker) if node.updatedAt >= since]
    more_pulls = pulls.pageInfo.hasNextPage and len(recent) == len(pulls.nodes or ())
    if not (issues.pageInfo.hasNextPage and head.hasIssuesEnabled) and not more_pulls:
        found = {node.number for node in recent}
        if head.hasIssuesEnabled:
            found.update(node.number for node in _nodes(issues, asker))
        return sorted(found)
    most = head.newest // SPARSE
    if (issues.totalCount or 0) <= most:
        changed = listed(asker, repository, head, since, most=most)
        if changed is not None:
            return sorted(changed)
    return everything(head)


def listed(
    asker: Asker, repository: Repository, head: answers.Counts, since: datetime | None, most: int | None
) -> set[int] | None:
    """The numbers of what was updated since; None once they are more than ``most``."""
    found: set[int] = set()
    for kind in ("issues", "pullRequests") if head.hasIssuesEnabled else ("pullRequests",):
        variables: dict[str, Any] = {**repository.variables}
        if kind == "issues":
            variables["since"] = None if since is None else iso(since)
        for nodes in _pages(asker, queries.more_changes(kind), variables):
            recent = [node.number for node in nodes if since is None or node.updatedAt >= since]
            found.update(recent)
            if most is not None and len(found) > most:
                return None
            if kind == "pullRequests" and len(recent) < len(nodes):
                break
    return found


def _pages(asker: Asker, query: str, variables: dict[str, Any]) -> Iterable[list[answers.Changed]]:
    after: str | None = None
    seen: set[str | None] = {None}
    while True:
        data, errors, _date = asker.client.graphql(query, {**variables, "after": after})
        repository = answers.decode(answers.CHANGES, data, asker.where).repository
        page = repository.found if repository else None
        if errors or page is None:
            raise SourceError(
                _("{where}: GraphQL answered {said} when asked what changed").format(
                    where=asker.where, said=said(errors)
                )
            )
        yield _nodes(page, asker)
        if not page.pageInfo.hasNextPage:
            return
        after = page.pageInfo.endCursor
        if after in seen:
            raise SourceError(_("{where}: the pages of what changed do not go on").format(where=asker.where))
        seen.add(after)


def _nodes(page: answers.Paged[answers.Changed], asker: Asker) -> list[answers.Changed]:
    try:
        return all_of(page)
    except Incomplete:
        raise SourceError(_("{where}: GraphQL leaves out a part of what changed").format(where=asker.where)) from None


# --- milestones, releases, labels -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Side:
    """What a repository has beside its items, in the shape of REST's rows."""

    milestones: list[dict[str, Any]]
    releases: list[dict[str, Any]]
    more: bool
    """There are more than these: the lists are read whole from REST when something changed."""
    labels: dict[str, str] | None
    """Name by id; None when there are more than a page, or they may not be read."""
    titles: dict[str, str] | None
    """The same of milestones, by number."""

    @classmethod
    def of(cls, head: answers.Head) -> _Side:
        milestones = [node for node in (head.milestones.nodes if head.milestones else None) or () if node]
        releases = [node for node in (head.releases.nodes if head.releases else None) or () if node]
        lists = [listed for listed in (head.milestones, head.releases) if listed]
        labels = None
        if head.labels and head.labels.nodes is not None and not head.labels.pageInfo.hasNextPage:
            labels = {node.id: node.name for node in head.labels.nodes if node}
        titles = None
        if head.milestones and not head.milestones.pageInfo.hasNextPage:
            titles = {str(node.number): node.title for node in milestones}
        return cls(
            [
                {
                    "number": node.number, "title": node.title, "state": node.state.lower(), "due_on": node.dueOn,
                    "closed_at": node.closedAt,
                }
                for node in milestones
            ],
            [
                {
                    "id": node.databaseId, "name": node.name, "tag_name": node.tagName, "draft": node.isDraft,
                    "published_at": node.publishedAt, "html_url": node.url,
                }
                for node in releases
            ],
            any(listed.pageInfo.hasNextPage for listed in lists),
            labels,
            titles,
        )  # fmt: skip

    @property
    def digest(self) -> str:
        return digest_of([self.milestones, self.releases])

    def params(self) -> Cursor:
        return {} if self.more else {"milestones": self.milestones, "releases": self.releases}

    def cursor(self) -> Cursor:
        return {"side": self.digest, "labels": self.labels, "titles": self.titles}

    def relabelled(self, known: Cursor) -> bool:
        """Was a label or milestone renamed or removed? Neither may touch ``updatedAt`` of the items that have it."""
        return any(_renamed_or_gone(known.get(name), new) for name, new in self._names())

    def _names(self) -> tuple[tuple[str, dict[str, str] | None], ...]:
        return ("labels", self.labels), ("titles", self.titles)


def _renamed_or_gone(old: Any, new: dict[str, str] | None) -> dict[str, str | None]:
    """By id, the name now (None: gone) of what had another one."""
    if not isinstance(old, dict) or new is None:
        return {}
    return {id_: new.get(id_) for id_, name in old.items() if new.get(id_) != name}


def _with_relabelled(
    asker: Asker,
    repository: Repository,
    head: answers.Head,
    side: _Side,
    known: Cursor,
    numbers: range | list[int],
) -> range | list[int]:
    """The numbers, and those of the items that carry what was renamed; all, when something is gone and they are few."""
    labels = _renamed_or_gone(known.get("labels"), side.labels)
    titles = _renamed_or_gone(known.get("titles"), side.titles)
    if None in labels.values() or None in titles.values():
        if head.newest <= _SMALL:
            return everything(head)
        asker.note(
            _(
                "{where}: a label or milestone was removed, which GitHub may not tell of the items that had "
                "it: okrsync sync {where} --full reads them again"
            ).format(where=asker.where)
        )
    which: list[tuple[str, Any]] = [("label", name) for name in labels.values() if name is not None]
    which += [("milestone", int(number)) for number, title in titles.items() if title is not None]
    found = set(numbers)
    for kind, value in which:
        for below in ("issues", "pullRequests"):
            found.update(_having(asker, repository, kind, value, below))
            if len(found) > head.newest // SPARSE and len(found) > SLICE:
                return everything(head)
    return sorted(found)


def _having(asker: Asker, repository: Repository, kind: str, value: Any, below: str) -> Iterable[int]:
    query = queries.having(kind, below)
    after: str | None = None
    while True:
        data, errors, _date = asker.client.graphql(query, {**repository.variables, "which": value, "after": after})
        within = answers.decode(answers.HAVING, data, asker.where).repository
        page = within.found.found if within and within.found else None
        if page is None:
            if errors and errors[0].get("type") != "NOT_FOUND":
                raise SourceError(
                    _("{where}: GraphQL answered {said} when asked for a {kind}").format(
                        where=asker.where, said=said(errors), kind=kind
                    )
                )
            return
        yield from (node.number for node in page.nodes or () if node)
        if not page.pageInfo.hasNextPage or page.pageInfo.endCursor in (None, after):
            return
        after = page.pageInfo.endCursor


def digest_of(value: Any) -> str:
    """A short text that is the same for the same JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:20]
