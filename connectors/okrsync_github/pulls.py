"""What ``/issues`` leaves out of pull requests: branch, merge, commits and the issues they close.

GraphQL answers for fifty pull requests at once. Where it is refused, or tells only a part, REST answers one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync_github.client import GitHubClient, GraphQLRefused, QueryTooHeavy
from okrsync_github.items import PullFacts, Repository, facts_of_graphql, facts_of_rest, is_pull, moment, place_of

BATCH = 50
"""Pull requests a query: 50 × (50 + 100) nodes are far below the limit of 500,000, and it answers well within 10 s."""

_CLOSES = "closingIssuesReferences"
_COMMITS = "commits"
_NODES = {_CLOSES: "number repository { nameWithOwner }", _COMMITS: "commit { oid }"}
_PAGE_INFO = "pageInfo { hasNextPage endCursor }"

FACTS_QUERY = f"""
fragment Facts on PullRequest {{
  headRefName headRefOid merged mergedAt mergeCommit {{ oid }}
  {_CLOSES}(first: 50) {{ nodes {{ {_NODES[_CLOSES]} }} {_PAGE_INFO} }}
  {_COMMITS}(first: 100) {{ nodes {{ {_NODES[_COMMITS]} }} {_PAGE_INFO} }}
}}
"""
_REPOSITORY = "query($owner: String!, $name: String!{more}) {{ repository(owner: $owner, name: $name) {{ {body} }} }}"


def facts_query(numbers: Sequence[int]) -> str:
    """The query for several pull requests, each under the alias ``p<number>``."""
    aliases = " ".join(f"p{number}: pullRequest(number: {number}) {{ ...Facts }}" for number in numbers)
    return _REPOSITORY.format(more="", body=aliases) + FACTS_QUERY


def more_query(connection: str) -> str:
    """The query for the rest of one connection of one pull request."""
    body = (
        "pullRequest(number: $number) "
        f"{{ {connection}(first: 100, after: $after) {{ nodes {{ {_NODES[connection]} }} {_PAGE_INFO} }} }}"
    )
    return _REPOSITORY.format(more=", $number: Int!, $after: String!", body=body)


def owner_and_name(repository: Repository) -> dict[str, str]:
    """The variables that every query takes."""
    owner, name = repository.full_name.split("/")
    return {"owner": owner, "name": name}


class PullReader:
    """Finds the facts of one repository's pull requests; for one run of one shard, not to be shared by threads."""

    def __init__(
        self, client: GitHubClient, repository: Repository, since: datetime | None, *, listing: bool = True
    ) -> None:
        """``since``: only pull requests updated from this moment on will be asked for (None: any).

        ``listing``: many will be asked for, so that without GraphQL a list of all is cheaper than one by one.
        """
        self._client = client
        self._repository = repository
        self._since = since
        self._listing = listing
        self._path = f"/repos/{repository.full_name}/pulls"
        self._listed: dict[int, dict[str, Any]] | None = None

    def facts(self, rows: Sequence[Any]) -> dict[int, PullFacts]:
        """Facts by number for the pull requests among rows of ``/issues``."""
        pulls = {place_of(row, self._repository)[0]: row for row in rows if is_pull(row)}
        numbers = list(pulls)
        found: dict[int, PullFacts] = {}
        for start in range(0, len(numbers), BATCH):
            found |= self._from_graphql(numbers[start : start + BATCH])
        return found | {number: self._from_rest(number, row) for number, row in pulls.items() if number not in found}

    # --- GraphQL ------------------------------------------------------------------------------------------------------

    def _from_graphql(self, numbers: list[int]) -> dict[int, PullFacts]:
        """Facts of those that GraphQL tells completely."""
        try:
            data, errors = self._client.graphql(facts_query(numbers), owner_and_name(self._repository))
        except GraphQLRefused as refused:
            self._client.do_without_graphql(str(refused))
            return {}
        except QueryTooHeavy:
            if len(numbers) == 1:
                return {}
            middle = len(numbers) // 2
            return self._from_graphql(numbers[:middle]) | self._from_graphql(numbers[middle:])
        nodes = data.get("repository")
        if not isinstance(nodes, dict):
            if not errors:
                raise SourceError(f"{self._repository.full_name}: GraphQL knows no such repository, REST does")
            # One that may read issues but not code is refused here, with HTTP 200.
            self._client.do_without_graphql(f"{self._repository.full_name}: GraphQL answered {_said(errors)}")
            return {}
        paths = [_path(error) for error in errors]
        broken = {str(path[1]) for path in paths if len(path) > 1}
        unplaced = any(len(path) < 2 for path in paths)
        found = {}
        for number in numbers:
            node = nodes.get(f"p{number}")
            if not isinstance(node, dict) or f"p{number}" in broken or not _is_complete(node, strictly=unplaced):
                continue
            where = f"{self._repository.full_name}#{number}"
            closes, commits = self._all(node, _CLOSES, number), self._all(node, _COMMITS, number)
            if closes is not None and commits is not None:
                found[number] = facts_of_graphql(node, closes, commits, where)
        return found

    def _all(self, node: dict[str, Any], connection: str, number: int) -> list[Any] | None:
        """All nodes of a connection, its further pages included; None when the service tells only a part."""
        nodes: list[Any] = []
        page = node[connection]
        seen = set()
        while True:
            nodes += page["nodes"]
            if not page["pageInfo"].get("hasNextPage"):
                return nodes
            after = page["pageInfo"].get("endCursor")
            if not isinstance(after, str) or after in seen:
                raise SourceError(f"{self._repository.full_name}#{number}: the pages of {connection} do not go on")
            seen.add(after)
            variables = {**owner_and_name(self._repository), "number": number, "after": after}
            try:
                data, errors = self._client.graphql(more_query(connection), variables)
            except (GraphQLRefused, QueryTooHeavy):
                return None
            repository = data.get("repository")
            pull = repository.get("pullRequest") if isinstance(repository, dict) else None
            if errors or not isinstance(pull, dict) or not _is_connection(pull.get(connection)):
                return None
            page = pull[connection]

    # --- REST ---------------------------------------------------------------------------------------------------------

    def _from_rest(self, number: int, row: Mapping[str, Any]) -> PullFacts:
        where = f"{self._repository.full_name}#{number}"
        pull: Any = row if "head" in row else self._known(number, row.get("updated_at"))
        if pull is None:
            answer = self._client.get(f"{self._path}/{number}", accept=frozenset({404}))
            if answer.body is None:
                # Hidden by the service (its author was flagged): the issue list still has it, and that must do.
                return PullFacts()
            pull = answer.body
        commits = [
            commit
            for page in self._client.pages(f"{self._path}/{number}/commits", {"per_page": 100}, accept=frozenset({404}))
            for commit in page
        ]
        return facts_of_rest(pull, commits, where)

    def _known(self, number: int, updated_at: object) -> dict[str, Any] | None:
        """The pull request from the list of all, where that is worth its requests, unless it changed since."""
        if not (self._listing and self._client.without_graphql):
            return None
        if self._listed is None:
            self._listed = {}
            for page in list_pulls(self._client, self._repository, self._since):
                for pull in page:
                    self._listed.setdefault(place_of(pull, self._repository)[0], _essence(pull))
        known = self._listed.get(number)
        return known if known is not None and known["updated_at"] == updated_at else None


def list_pulls(client: GitHubClient, repository: Repository, since: datetime | None) -> Iterator[list[Any]]:
    """Pages of pull requests updated since a moment (None: all), the latest first.

    ``/pulls`` knows no ``since``. In this order one that changes meanwhile goes to the front and moves the others to
    later pages: some come twice, none is skipped.
    """
    path = f"/repos/{repository.full_name}/pulls"
    order: dict[str, str | int] = {"state": "all", "sort": "updated", "direction": "desc", "per_page": 100}
    for page in client.pages(path, order):
        recent = [pull for pull in page if since is None or not _is_before(pull, repository, since)]
        yield recent
        if len(recent) < len(page):
            return


def _is_before(pull: Any, repository: Repository, since: datetime) -> bool:
    updated_at = moment(pull, "updated_at", place_of(pull, repository)[1])
    return updated_at is not None and updated_at < since


def _essence(pull: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a listed pull request: the whole of it is 20 kB."""
    head = pull.get("head")
    kept = {name: pull.get(name) for name in ("number", "updated_at", "merged_at", "merge_commit_sha")}
    return kept | {"head": {name: head.get(name) for name in ("ref", "sha")} if isinstance(head, dict) else None}


def _is_connection(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("nodes"), list) and isinstance(value.get("pageInfo"), dict)


def _is_complete(node: dict[str, Any], *, strictly: bool) -> bool:
    """Is nothing missing that a query over its resource limit leaves out?

    ``strictly``, when an error does not say what it left out: a merge commit may be missing for good reason too.
    """
    return (
        isinstance(node.get("headRefName"), str)
        and isinstance(node.get("merged"), bool)
        and (not node["merged"] or isinstance(node.get("mergedAt"), str))
        and not (strictly and node["merged"] and node.get("mergeCommit") is None)
        and _is_connection(node.get(_CLOSES))
        and _is_connection(node.get(_COMMITS))
        and None not in node[_CLOSES]["nodes"]
        and None not in node[_COMMITS]["nodes"]
    )


def _path(error: Mapping[str, Any]) -> list[Any]:
    path = error.get("path")
    return path if isinstance(path, list) else []


def _said(errors: Sequence[Mapping[str, Any]]) -> str:
    return one_line(str(errors[0].get("type") or errors[0].get("message") or "an error"))
