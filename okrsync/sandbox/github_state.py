"""What the GitHub stand-in knows: repositories and what befalls them, changed by tests between two syncs."""

from __future__ import annotations

import threading
from typing import Any

from okrsync.sandbox.github_objects import Json, Repository

_KINDS = {"issue": "issues", "pull": "pulls", "milestone": "milestones", "release": "releases"}


class GitHubState:
    """Repositories by name and by id, with the names they had before.

    ``put_…`` adds an object, or changes the fields it is given of one that exists; it returns the object's number
    (without ``number`` among the fields: the next free one). Nothing changes by itself: a change that the service would
    stamp is given with its ``updated_at``. Unknown repositories raise ``KeyError``.

    Fields are the service's own. In short form: ``user`` and ``assignees`` as logins, ``labels`` as names,
    ``milestone`` as its number, ``head`` and ``base`` as branch names. A pull request takes beside them ``commits``
    (``[{"sha", "message", "date", "author"}]``), ``reviews`` (``[{"user", "state", "submitted_at"}]``), ``closes``
    (``[12, "acme/other#3"]``) and ``requested_reviewers`` (logins). Both take ``timeline``, see ``github_timeline``.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.repositories: dict[int, Repository] = {}
        self.former_names: dict[str, int] = {}
        """Names in lower case that a repository had once, with its id."""

    def add_repo(self, full_name: str, id: int | None = None, **given: Any) -> Repository:
        """A new repository ``owner/name``; it takes the name over from one that was renamed."""
        with self.lock:
            identity = id if id is not None else max(self.repositories, default=1000) + 1
            repository = Repository(identity, full_name, dict(given))
            self.repositories[identity] = repository
            return repository

    def repo(self, full_name: str) -> Repository:
        """The repository of that name now, without regard to case. Raises ``KeyError``."""
        for repository in self.repositories.values():
            if repository.full_name.lower() == full_name.lower():
                return repository
        raise KeyError(full_name)

    def put_issue(self, repo: str, given: Json) -> int:
        """Add or change an issue."""
        return self._put(repo, "issue", given)

    def put_pull(self, repo: str, given: Json) -> int:
        """Add or change a pull request; it appears among the issues too."""
        return self._put(repo, "pull", given)

    def put_milestone(self, repo: str, given: Json) -> int:
        """Add or change a milestone."""
        return self._put(repo, "milestone", given)

    def put_release(self, repo: str, given: Json) -> int:
        """Add or change a release; its number is its ``id``."""
        given = dict(given)
        if "id" in given:
            given["number"] = given["id"]
        return self._put(repo, "release", given)

    def _put(self, repo: str, kind: str, given: Json) -> int:
        with self.lock:
            repository = self.repo(repo)
            among: dict[int, Json] = getattr(repository, _KINDS[kind])
            taken = [*repository.numbers(), *repository.deleted] if kind in ("issue", "pull") else list(among)
            number: int = given["number"] if "number" in given else max(taken, default=0) + 1
            fields = {key: value for key, value in given.items() if key != "number"}
            among[number] = among.get(number, {}) | fields
            return number

    def delete_issue(self, repo: str, number: int) -> None:
        """Gone from all lists; its own address answers 410."""
        with self.lock:
            repository = self.repo(repo)
            del repository.issues[number]
            repository.deleted.add(number)

    def transfer_issue(self, repo: str, number: int, to: str) -> int:
        """Move an issue to another repository: a new number and a new id there, 301 at its old address."""
        with self.lock:
            old, new = self.repo(repo), self.repo(to)
            moved = {key: value for key, value in old.issues.pop(number).items() if key not in ("id", "milestone")}
            arrived = self.put_issue(to, moved)
            old.transferred[number] = (new.id, arrived)
            return arrived

    def convert_to_discussion(self, repo: str, number: int, at: str) -> None:
        """It stays among the issues, closed and locked; the service's API gives no other sign of it."""
        self.put_issue(repo, {"number": number, "state": "closed", "closed_at": at, "updated_at": at, "locked": True})

    def rename_repo(self, old: str, new: str) -> None:
        """Rename or transfer a repository: it keeps its id, and its old name redirects."""
        with self.lock:
            repository = self.repo(old)
            self.former_names[repository.full_name.lower()] = repository.id
            repository.full_name = new

    def revoke(self, repo: str) -> None:
        """Withdraw the account's permission: 404, as if there were no such repository."""
        with self.lock:
            self.repo(repo).revoked = True

    def restore(self, repo: str) -> None:
        """Give the permission back."""
        with self.lock:
            self.repo(repo).revoked = False
