"""What ``/issues`` leaves out of pull requests, over REST: branch, merge and commits.

GraphQL tells all of it, and what the service says that they close, with the items themselves (``reader``). Without it,
each pull request costs a request for its commits, and one more where no list brought it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from okrsync_github.client import GitHubClient
from okrsync_github.items import PullFacts, Repository, facts_of_rest, is_pull, moment, place_of


class PullReader:
    """Finds the facts of one repository's pull requests. Safe to use from several threads."""

    def __init__(
        self, client: GitHubClient, repository: Repository, since: datetime | None, *, listing: bool = True
    ) -> None:
        """``since``: only pull requests updated from this moment on will be asked for (None: any).

        ``listing``: many will be asked for, so that a list of all is cheaper than one by one.
        """
        self._client = client
        self._repository = repository
        self._since = since
        self._listing = listing
        self._path = f"/repos/{repository.full_name}/pulls"
        self._lock = threading.Lock()
        self._listed: dict[int, dict[str, Any]] | None = None

    def facts(self, rows: Sequence[Any]) -> dict[int, PullFacts]:
        """Facts by number for the pull requests among rows of ``/issues`` or ``/pulls``."""
        pulls = ((place_of(row, self._repository)[0], row) for row in rows if is_pull(row))
        return {number: self._facts(number, row) for number, row in pulls}

    def _facts(self, number: int, row: Mapping[str, Any]) -> PullFacts:
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
        if not self._listing:
            return None
        with self._lock:
            if self._listed is None:
                listed: dict[int, dict[str, Any]] = {}
                for page in list_pulls(self._client, self._repository, self._since):
                    for pull in page:
                        listed.setdefault(place_of(pull, self._repository)[0], _essence(pull))
                self._listed = listed
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
