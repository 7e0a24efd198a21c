"""How many items a repository has, and which of its numbers exist: what a census compares the store with."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from okrsync.errors import SourceError
from okrsync.language import _
from okrsync_github import answers, queries
from okrsync_github.client import GitHubClient
from okrsync_github.envelope import GraphQLRefused, GraphQLSpent, QueryTooHeavy
from okrsync_github.items import Repository
from okrsync_github.planning import SPARSE, Asker, listed
from okrsync_github.reader import CENSUS_SLICE, present, said

_MOST_AT_ONCE = 16


def counts(client: GitHubClient, name: str, query: str = queries.COUNT) -> answers.Counts | None:
    """How much the repository ``owner/name`` holds; None where GraphQL is refused.

    Raises ``SourceError`` when GraphQL does not know it.
    """
    owner, _slash, repo = name.partition("/")
    try:
        data, errors, _date = client.graphql(query, {"owner": owner, "name": repo}, otherwise=1.0)
    except GraphQLSpent:
        return None
    except GraphQLRefused as refused:
        client.do_without_graphql(str(refused))
        return None
    except QueryTooHeavy:
        return None
    found = answers.decode(answers.COUNTS, data, name).repository
    if found is None or errors:
        raise SourceError(
            _("{name}: GraphQL answered {said} when asked how much there is").format(name=name, said=said(errors))
        )
    return found


def present_numbers(asker: Asker, repository: Repository, at_once: int) -> Iterator[list[int]] | None:
    """The numbers of all issues and pull requests, in batches; None where they are better listed over REST: GraphQL is
    refused, or nearly all numbers are discussions'."""
    client = asker.client
    if client.without_graphql:
        return None
    counted = counts(client, repository.full_name, queries.NEWEST)
    if counted is None or counted.newest > SPARSE * counted.total:
        return None
    return _present(asker, repository, counted, min(at_once, _MOST_AT_ONCE))


def _present(asker: Asker, repository: Repository, counted: answers.Counts, at_once: int) -> Iterator[list[int]]:
    numbers = range(1, counted.newest + 1)
    found: set[int] = set()
    slices = [numbers[start : start + CENSUS_SLICE] for start in range(0, len(numbers), CENSUS_SLICE)]
    ask = partial(present, asker.client, repository, pulls_only=not counted.hasIssuesEnabled)
    with ThreadPoolExecutor(max(1, at_once), thread_name_prefix="okrsync-census") as pool:
        try:
            for batch in pool.map(ask, slices):
                found.update(batch)
                yield batch
        finally:
            pool.shutdown(cancel_futures=True)
    if len(found) < counted.total:
        # Some are above what passed for the newest: they must not count as gone.
        more = listed(asker, repository, counted, None, most=None) or set()
        yield sorted(more - found)
