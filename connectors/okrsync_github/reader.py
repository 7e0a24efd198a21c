"""Reading issues and pull requests by number over GraphQL, a hundred a query; what it does not tell, over REST."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.model import WorkItem
from okrsync_github import answers, queries
from okrsync_github.client import GitHubClient
from okrsync_github.envelope import GraphQLRefused, GraphQLSpent, QueryTooHeavy
from okrsync_github.items import Repository, is_pull, place_of, work_item
from okrsync_github.nodes import Incomplete, all_of, item_of_node, oids

if TYPE_CHECKING:
    from okrsync_github.pulls import PullReader

SLICE = 100
"""Numbers a query: 100 × (100 labels + 50 + 100 + 50 + 1) nodes are far below the limit of 500,000."""
CENSUS_SLICE = 250
"""Numbers a query where nothing but their presence is asked for."""

_REST_SECONDS = 60 / 900 * 2
"""An item over REST, at the 900 requests a minute that it allows: an issue takes one, a pull request three."""

_HEAVY = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of some numbers."""

    nodes: dict[int, Any]
    """What was told completely."""
    again: list[int]
    """Left out because the query asked for too much."""
    otherwise: list[int]
    """Those that GraphQL refuses to tell."""


def sorted_out(numbers: Sequence[int], nodes: dict[str, Any] | None, errors: Sequence[dict[str, Any]]) -> Outcome:
    """Which numbers an answer told, which it left out and which do not exist (they are in none of the lists).

    A number that was deleted, transferred or made a discussion is NOT_FOUND, which is no failure; a null that no error
    explains, or one that another error does, is never taken for it.
    """
    nodes = nodes or {}
    absent, troubled = set(), set()
    heavy = False
    for error in errors:
        path = error.get("path")
        path = path if isinstance(path, list) else []
        alias = str(path[1]) if len(path) > 1 else ""
        if error.get("type") == "NOT_FOUND" and len(path) == 2:
            absent.add(alias)
        else:
            troubled.add(alias)
            heavy = heavy or error.get("type") in _HEAVY
    told: dict[int, Any] = {}
    again: list[int] = []
    otherwise: list[int] = []
    for number in numbers:
        alias = f"i{number}"
        node = nodes.get(alias)
        if node is not None and alias not in troubled and "" not in troubled:
            told[number] = node
        elif alias in troubled or alias not in absent:
            (again if heavy else otherwise).append(number)
    return Outcome(told, again, otherwise)


class ItemReader:
    """Reads one repository's issues and pull requests by number. Safe to use from several threads."""

    def __init__(
        self, client: GitHubClient, repository: Repository, pulls: PullReader, *, people: bool, pulls_only: bool = False
    ) -> None:
        self._client = client
        self._repository = repository
        self._pulls = pulls
        self._people = people
        self._pulls_only = pulls_only
        self._size = SLICE
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """How many numbers a query may ask for: fewer after one was too heavy."""
        return self._size

    def items(self, numbers: Sequence[int]) -> list[WorkItem]:
        """The issues and pull requests of these numbers; those that do not exist are left out."""
        if not numbers:
            return []
        if self._client.without_graphql:
            return self._from_rest(numbers)
        query = partial(queries.items, numbers, people=self._people, pulls_only=self._pulls_only)
        try:
            data, errors, _date = self._client.graphql(
                query, self._repository.variables, otherwise=_REST_SECONDS * len(numbers)
            )
        except GraphQLRefused as refused:
            self._client.do_without_graphql(str(refused))
            return self._from_rest(numbers)
        except GraphQLSpent:
            return self._from_rest(numbers)
        except QueryTooHeavy:
            return self._in_halves(numbers)
        found = answers.decode(answers.ITEMS, data, self._repository.full_name)
        outcome = sorted_out(numbers, found.repository, errors)
        if found.repository is None and not outcome.again:
            raise SourceError(
                _("{full_name}: GraphQL answered {said}").format(
                    full_name=self._repository.full_name, said=said(errors)
                )
            )
        otherwise = outcome.otherwise
        items = []
        for number, node in outcome.nodes.items():
            try:
                if node.number == number:  # else it was transferred, and this is what it has become
                    items.append(self._item(node))
            except Incomplete:
                otherwise.append(number)
        return items + self._in_halves(outcome.again) + self._from_rest(otherwise)

    def _item(self, node: answers.Node) -> WorkItem:
        if isinstance(node, answers.IssueNode):
            return item_of_node(node, self._repository, (), ())
        closes, commits = connections(self._client, self._repository, node.number, node)
        return item_of_node(node, self._repository, closes, commits)

    def _in_halves(self, numbers: Sequence[int]) -> list[WorkItem]:
        if len(numbers) < 2:
            return self._from_rest(numbers)
        middle = (len(numbers) + 1) // 2
        with self._lock:
            self._size = max(1, min(self._size, middle))
        return self.items(numbers[:middle]) + self.items(numbers[middle:])

    def _from_rest(self, numbers: Iterable[int]) -> list[WorkItem]:
        """One by one; what was deleted, transferred or hidden is left out."""
        rows = []
        for number in numbers:
            path = f"/repos/{self._repository.full_name}/issues/{number}"
            answer = self._client.get(path, accept=frozenset({301, 404, 410}), follow=False)
            if answer.status == 301:
                # Transferred, or the repository was renamed meanwhile: then it is still the same repository's.
                answer = self._client.get(
                    f"/repositories/{self._repository.id}/issues/{number}",
                    accept=frozenset({301, 404, 410}),
                    follow=False,
                )
            if answer.status == 200 and (is_pull(answer.body) or not self._pulls_only):
                rows.append(answer.body)
        facts = self._pulls.facts(rows)
        return [work_item(row, self._repository, facts.get(place_of(row, self._repository)[0])) for row in rows]


def connections(
    client: GitHubClient,
    repository: Repository,
    number: int,
    node: answers.PullNode,
) -> tuple[list[answers.IssueName], list[str]]:
    """What a pull request closes, and its commits, further pages included. Raises ``nodes.Incomplete``."""
    closes = all_of(node.closingIssuesReferences)
    commits = oids(all_of(node.commits))
    if node.closingIssuesReferences.pageInfo.hasNextPage:
        closes += _rest(client, repository, number, "closingIssuesReferences", node, answers.Paged[answers.IssueName])
    if node.commits.pageInfo.hasNextPage:
        commits += oids(_rest(client, repository, number, "commits", node, answers.Paged[answers.CommitNode]))
    return closes, commits


def _rest(
    client: GitHubClient, repository: Repository, number: int, connection: str, node: Any, shape: type[Any]
) -> list[Any]:
    """The nodes of a connection behind its first page."""
    import msgspec

    where = f"{repository.full_name}#{number}"
    nodes: list[Any] = []
    seen: set[str] = set()
    page: Any = getattr(node, connection)
    query = queries.rest_of(connection)
    while page.pageInfo.hasNextPage:
        after = page.pageInfo.endCursor
        if not after or after in seen:
            raise SourceError(
                _("{where}: the pages of {connection} do not go on").format(where=where, connection=connection)
            )
        seen.add(after)
        try:
            data, errors, _date = client.graphql(
                query, {**repository.variables, "number": number, "after": after}, otherwise=1.0
            )
        except (GraphQLRefused, GraphQLSpent, QueryTooHeavy):
            raise Incomplete from None
        if errors:
            raise Incomplete
        found = answers.decode(answers.PRESENT, data, where)
        pull = (found.repository or {}).get("pullRequest")
        try:
            page = msgspec.convert((pull or {}).get(connection), shape)
        except msgspec.ValidationError as error:
            raise SourceError(f"{where}: GraphQL, {connection}: {one_line(str(error))}") from None
        nodes += all_of(page)
    return nodes


def present(client: GitHubClient, repository: Repository, numbers: Sequence[int], *, pulls_only: bool) -> list[int]:
    """Which of the numbers are issues or pull requests of the repository, for a census.

    Raises ``SourceError`` for anything but a plain yes or no: what is not named is removed from the store.
    """
    try:
        data, errors, _date = client.graphql(queries.present(numbers, pulls_only=pulls_only), repository.variables)
    except QueryTooHeavy:
        return _present_in_halves(client, repository, numbers, pulls_only)
    found = answers.decode(answers.PRESENT, data, repository.full_name)
    outcome = sorted_out(numbers, found.repository, errors)
    if found.repository is None and not outcome.again:
        raise SourceError(
            _("{full_name}: GraphQL answered {said}").format(full_name=repository.full_name, said=said(errors))
        )
    if outcome.otherwise:
        raise SourceError(
            _("{full_name}#{number}: GraphQL answered {said}").format(
                full_name=repository.full_name, number=outcome.otherwise[0], said=said(errors)
            )
        )
    return [*outcome.nodes, *(_present_in_halves(client, repository, outcome.again, pulls_only))]


def _present_in_halves(
    client: GitHubClient, repository: Repository, numbers: Sequence[int], pulls_only: bool
) -> list[int]:
    if not numbers:
        return []
    if len(numbers) == 1:
        raise SourceError(
            _("{full_name}: GraphQL cannot tell whether #{number} is there").format(
                full_name=repository.full_name, number=numbers[0]
            )
        )
    middle = len(numbers) // 2
    return [
        *present(client, repository, numbers[:middle], pulls_only=pulls_only),
        *present(client, repository, numbers[middle:], pulls_only=pulls_only),
    ]


def said(errors: Sequence[dict[str, Any]]) -> str:
    """The first error in a few words."""
    if not errors:
        return _("nothing")
    return one_line(str(errors[0].get("type") or errors[0].get("message") or _("an error")))
