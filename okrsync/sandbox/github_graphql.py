"""What GitHub's GraphQL API answers about repositories, issues and pull requests, over ``graphql``'s small engine.

The service's limits are kept (FACTS): a connection needs ``first`` of 1 to 100, a query may ask for 500,000 nodes at
most, and an answer over the resource limit is partial data plus an error, all of them as HTTP 200.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from okrsync.sandbox.github_objects import Json, Objects, Repository
from okrsync.sandbox.graphql import Document, GraphQLError, Selection, View, execute, parse

MOST_NODES = 500_000
_ORDER = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "COMMENTS": "comments"}
_NODE_TYPES = {
    "issues": "Issue", "pullRequests": "PullRequest", "closingIssuesReferences": "Issue", "labels": "Label",
    "commits": "PullRequestCommit", "reviews": "PullRequestReview", "reviewRequests": "ReviewRequest",
    "assignees": "User",
}  # fmt: skip


@dataclass(frozen=True)
class Visible:
    """The repositories that the asking account may read, and how much it may still ask."""

    repositories: list[Repository]
    find: Callable[[str], Repository | None]
    """By ``owner/name``, former names included; None where there is none or it may not be read."""
    login: str
    remaining: int
    reset_at: str


def answer(body: Json, visible: Visible, objects: Objects, *, cut_short: bool = False) -> Json:
    """The JSON answer to a request's JSON body; ``cut_short`` makes it one over the resource limit."""
    text, variables, operation = body.get("query"), body.get("variables") or {}, body.get("operationName")
    if not isinstance(text, str) or not text.strip():
        return {"errors": [{"message": "A query attribute must be specified and must be a string."}]}
    try:
        document = parse(text)
        defaults = next(iter(document.defaults.values()), {}) | variables
        nodes = sum(_nodes(document, each, 1, defaults) for each in document.operations.values())
        if nodes > MOST_NODES:
            raise GraphQLError(
                f"This query requests up to {nodes:,} possible nodes which exceeds the maximum of {MOST_NODES:,}.",
                type="MAX_NODE_LIMIT_EXCEEDED",
            )
        data, errors = execute(document, _Views(visible, objects).query(nodes), variables, operation)
    except GraphQLError as error:
        return {"errors": [error.as_json()]}
    said = [error.as_json() for error in errors]
    if cut_short:
        over = "Resource limits for this query exceeded."
        said += [GraphQLError(over, type="RESOURCE_LIMITS_EXCEEDED", path=path).as_json() for path in _cut(data, [])]
    return {"data": data, "errors": said} if said else {"data": data}


def _nodes(document: Document, selection: Selection, parents: int, variables: dict[str, Any]) -> int:
    """How many nodes a selection may bring: each ``first`` times those of the connections around it."""
    fragment = document.fragments.get(selection.spread or "")
    first = selection.arguments.get("first", 0)
    asked = variables.get(first.name) if hasattr(first, "name") else first
    if isinstance(asked, int) and asked > 0:
        parents *= asked
    total = parents if asked else 0
    children = fragment.children if fragment else selection.children
    return total + sum(_nodes(document, child, parents, variables) for child in children)


def _cut(data: Any, path: list[str | int]) -> list[list[str | int]]:
    """Null the later half of the first list, or of the first aliases of one selection, in place; their paths."""
    if isinstance(data, list):
        children: list[tuple[Any, Any]] = list(enumerate(data))
        alike = len(data) > 1
    elif isinstance(data, dict):
        children = [(key, value) for key, value in data.items() if isinstance(value, dict | list)]
        alike = len(children) > 1 and len({frozenset(value) for _, value in children if isinstance(value, dict)}) == 1
        alike = alike and all(isinstance(value, dict) for _, value in children)
    else:
        return []
    if alike:
        late = [key for key, _ in children[len(children) // 2 :]]
        for key in late:
            data[key] = None
        return [[*path, key] for key in late]
    return next((found for key, value in children if (found := _cut(value, [*path, key]))), [])


def _connection(
    entries: list[tuple[Any, int]], view: Callable[[int], View], args: Json, kind: str, *, reverse: bool = False
) -> View:
    """A page of ``entries`` (sort key, number), ordered by key; cursors name an entry, so that they outlive changes."""
    first = args.get("first")
    if first is not None and (not isinstance(first, int) or not 1 <= first <= 100):
        raise GraphQLError(
            f"Requesting {first} records on the `{kind}` connection exceeds the `first` limit of 100 records.",
            type="EXCESSIVE_PAGINATION",
        )
    ordered = sorted(entries, reverse=reverse)
    start = 0
    if args.get("after") is not None:
        last = _entry_of(args["after"])
        start = sum((entry >= last) if reverse else (entry <= last) for entry in ordered)
    page = ordered[start : start + (first or 0)]

    def bounded(value: Callable[[], Any]) -> Callable[[Json], Any]:
        def resolve(_: Json) -> Any:
            # A bare totalCount needs no bounds.
            if first is None:
                raise GraphQLError(
                    f"You must provide a `first` or `last` value to properly paginate the `{kind}` connection.",
                    type="MISSING_PAGINATION_BOUNDARIES",
                )
            return value()

        return resolve

    return {
        "__typename": f"{_NODE_TYPES[kind]}Connection",
        "totalCount": len(ordered),
        "nodes": bounded(lambda: [view(number) for _, number in page]),
        "edges": bounded(
            lambda: [
                {"__typename": f"{_NODE_TYPES[kind]}Edge", "cursor": _cursor_of(entry), "node": view(entry[1])}
                for entry in page
            ]
        ),
        "pageInfo": bounded(
            lambda: {
                "__typename": "PageInfo",
                "hasNextPage": start + len(page) < len(ordered),
                "hasPreviousPage": start > 0,
                "startCursor": _cursor_of(page[0]) if page else None,
                "endCursor": _cursor_of(page[-1]) if page else None,
            }
        ),
    }


def _cursor_of(entry: tuple[Any, int]) -> str:
    return base64.b64encode(json.dumps(entry).encode()).decode()


def _entry_of(cursor: str) -> tuple[Any, int]:
    try:
        key, number = json.loads(base64.b64decode(cursor, validate=True))
    except (ValueError, TypeError):
        raise GraphQLError(
            f"`{cursor}` does not appear to be a valid cursor.", type="INVALID_CURSOR_ARGUMENTS"
        ) from None
    return key, number


def _listed(items: list[View], kind: str) -> Callable[[Json], View]:
    """A connection over a short list in its own order."""
    return lambda args: _connection([(0, index) for index in range(len(items))], items.__getitem__, args, kind)


class _Views:
    def __init__(self, visible: Visible, objects: Objects) -> None:
        self.visible = visible
        self.objects = objects

    def query(self, nodes: int) -> View:
        limit = {
            "__typename": "RateLimit", "limit": 5000, "cost": max(1, nodes // 100), "nodeCount": nodes,
            "remaining": self.visible.remaining, "used": 5000 - self.visible.remaining,
            "resetAt": self.visible.reset_at,
        }  # fmt: skip
        return {
            "__typename": "Query",
            "rateLimit": limit,
            "viewer": self.user(self.objects.user(self.visible.login)),
            "repository": self.repository_named,
            "node": lambda args: self.node(args["id"]),
            "nodes": lambda args: [partial(self.node_of, node_id) for node_id in args["ids"]],
        }

    def repository_named(self, args: Json) -> View:
        name = f"{args['owner']}/{args['name']}"
        repository = self.visible.find(name)
        if repository is None:
            raise GraphQLError(f"Could not resolve to a Repository with the name '{name}'.", type="NOT_FOUND")
        return self.repository(repository)

    def node_of(self, node_id: str, _args: Json) -> View:
        return self.node(node_id)

    def node(self, node_id: str) -> View:
        for repository, number in self.numbers():
            pull = number in repository.pulls
            shown = (self.objects.pull if pull else self.objects.issue)(repository, number)
            if shown["node_id"] == node_id:
                return self.pull(repository, number) if pull else self.issue(repository, number)
        for repository in self.visible.repositories:
            if self.objects.repository(repository)["node_id"] == node_id:
                return self.repository(repository)
        raise GraphQLError(f"Could not resolve to a node with the global id of '{node_id}'", type="NOT_FOUND")

    def numbers(self) -> Iterator[tuple[Repository, int]]:
        for repository in self.visible.repositories:
            for number in repository.numbers():
                yield repository, number

    def user(self, shown: Json | None) -> View | None:
        if shown is None:
            return None
        return {
            "__typename": shown["type"], "id": shown["node_id"], "databaseId": shown["id"], "login": shown["login"],
            "name": shown.get("name"), "url": shown["html_url"],
        }  # fmt: skip

    def repository(self, repository: Repository) -> View:
        shown = self.objects.repository(repository)

        def numbered(kind: str, among: dict[int, Json], view: Callable[[Repository, int], View]) -> Any:
            def find(args: Json) -> View:
                if args["number"] not in among:
                    raise GraphQLError(
                        f"Could not resolve to {kind} with the number of {args['number']}.", type="NOT_FOUND"
                    )
                return view(repository, args["number"])

            return find

        issues = {number: given for number, given in repository.issues.items() if number not in repository.pulls}
        return {
            "__typename": "Repository", "id": shown["node_id"], "databaseId": shown["id"], "name": shown["name"],
            "nameWithOwner": shown["full_name"], "url": shown["html_url"], "isPrivate": shown["private"],
            "hasIssuesEnabled": shown["has_issues"],
            "owner": self.user(shown["owner"]),
            "issue": numbered("an Issue", issues, self.issue),
            "pullRequest": numbered("a PullRequest", repository.pulls, self.pull),
            "issues": lambda args: self.items(repository, issues, self.issue, "issues", args),
            "pullRequests": lambda args: self.items(repository, repository.pulls, self.pull, "pullRequests", args),
        }  # fmt: skip

    def items(
        self,
        repository: Repository,
        among: dict[int, Json],
        view: Callable[[Repository, int], View],
        kind: str,
        args: Json,
    ) -> View:
        """The connection of issues or pull requests with its filters and its order."""
        order = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
        filters = args.get("filterBy") or {}
        since = _moment(filters["since"]) if filters.get("since") else None
        states = args.get("states") or filters.get("states")
        names = set(args.get("labels") or filters.get("labels") or ())
        entries = []
        for number in among:
            facts = self.objects.facts(repository, number)
            if (
                (states and _state(facts) not in states)
                or (since and _moment(facts["updated_at"]) < since)
                or (names and names.isdisjoint(facts["labels"]))
            ):
                continue
            entries.append((facts[_ORDER[order["field"]]], number))
        return _connection(
            entries, lambda number: view(repository, number), args, kind, reverse=order.get("direction") == "DESC"
        )

    def issue(self, repository: Repository, number: int) -> View:
        shown = self.objects.issue(repository, number)
        reason = shown["state_reason"]
        return self.common(repository, shown, "Issue") | {"stateReason": reason.upper() if reason else None}

    def pull(self, repository: Repository, number: int) -> View:
        shown = self.objects.pull(repository, number)
        given = repository.pulls[number]
        merged = shown["merged_at"] is not None
        commits: list[View] = [
            {
                "__typename": "PullRequestCommit", "id": f"PRC_{each['sha']}",
                "commit": {
                    "__typename": "Commit", "id": each["node_id"], "oid": each["sha"],
                    "message": each["commit"]["message"], "committedDate": each["commit"]["committer"]["date"],
                    "messageHeadline": each["commit"]["message"].partition("\n")[0], "url": each["html_url"],
                },
            }
            for each in self.objects.commits(repository, number)
        ]  # fmt: skip
        reviews: list[View] = [
            {
                "__typename": "PullRequestReview", "id": each["node_id"], "databaseId": each["id"],
                "author": self.user(each["user"]), "state": each["state"], "submittedAt": each["submitted_at"],
                "url": each["html_url"], "body": each["body"],
            }
            for each in self.objects.reviews(repository, number)
        ]  # fmt: skip
        requested: list[View] = [
            {"__typename": "ReviewRequest", "id": f"RR_{each['id']}", "requestedReviewer": self.user(each)}
            for each in shown["requested_reviewers"]
        ]
        return self.common(repository, shown, "PullRequest") | {
            "merged": merged, "mergedAt": shown["merged_at"], "isDraft": shown["draft"],
            "headRefName": shown["head"]["ref"], "baseRefName": shown["base"]["ref"],
            "headRefOid": shown["head"]["sha"],
            "mergeCommit": {"__typename": "Commit", "oid": shown["merge_commit_sha"]} if merged else None,
            "closingIssuesReferences": _listed(self.closes(repository, given), "closingIssuesReferences"),
            "commits": _listed(commits, "commits"), "reviews": _listed(reviews, "reviews"),
            "reviewRequests": _listed(requested, "reviewRequests"),
        }  # fmt: skip

    def closes(self, repository: Repository, given: Json) -> list[View]:
        """The issues that a pull request closes: given as numbers, or as ``owner/name#12`` in another repository."""
        found = []
        for reference in given.get("closes", []):
            name, _, number = str(reference).rpartition("#")
            other = self.visible.find(name) if name else repository
            if other is not None and int(number) in other.issues:
                found.append(self.issue(other, int(number)))
        return found

    def common(self, repository: Repository, shown: Json, type_name: str) -> View:
        milestone = shown["milestone"]
        labels: list[View] = [
            {"__typename": "Label", "id": label["node_id"], "name": label["name"], "color": label["color"]}
            for label in shown["labels"]
        ]
        return {
            "__typename": type_name, "id": shown["node_id"], "databaseId": shown["id"],
            "fullDatabaseId": str(shown["id"]), "number": shown["number"], "title": shown["title"],
            "body": shown["body"] or "", "bodyText": shown["body"] or "", "state": _state(shown),
            "closed": shown["closed_at"] is not None, "createdAt": shown["created_at"],
            "updatedAt": shown["updated_at"], "closedAt": shown["closed_at"], "url": shown["html_url"],
            "locked": shown["locked"], "author": self.user(shown["user"]),
            "assignees": _listed([view for each in shown["assignees"] if (view := self.user(each))], "assignees"),
            "labels": _listed(labels, "labels"),
            "milestone": milestone and {
                "__typename": "Milestone", "id": milestone["node_id"], "number": milestone["number"],
                "title": milestone["title"], "dueOn": milestone["due_on"], "state": milestone["state"].upper(),
                "closedAt": milestone["closed_at"],
            },
            "repository": lambda _: self.repository(repository),
        }  # fmt: skip


def _state(shown: Json) -> str:
    return "MERGED" if shown.get("merged_at") else str(shown["state"]).upper()


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise GraphQLError(f"Could not coerce value {json.dumps(text)} to DateTime") from None
