"""Loads recorded GitHub objects (``{"url": the request, "data": the object}`` a line) into the stand-in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from okrsync.errors import ConfigError
from okrsync.sandbox.github_objects import Json
from okrsync.sandbox.github_state import GitHubState

_LISTS = {"issues": "put_issue", "pulls": "put_pull", "milestones": "put_milestone"}


def load_github(folder: Path, state: GitHubState) -> list[str]:
    """Put what ``github-*.{issues,pulls,milestones,reviews}.jsonl`` in ``folder`` hold into ``state``.

    Out come the names of all repositories. An object that was recorded more than once is there once, as it was first
    recorded. Its own API addresses are the stand-in's, everything else is as recorded. Raises ``ConfigError`` naming
    the line that is no such record.
    """
    reviews: dict[tuple[str, int], dict[int, Json]] = {}
    for kind in ("pulls", "issues", "milestones", "reviews"):
        for path in sorted(folder.glob(f"github-*.{kind}.jsonl")):
            for repo, pull, data in _records(path, kind):
                if kind == "reviews":
                    reviews.setdefault((repo, pull), {}).setdefault(data["id"], data)
                else:
                    _put(state, repo, kind, data)
    for (repo, pull), found in reviews.items():
        listed = sorted(found.values(), key=lambda review: str(review["submitted_at"]))
        state.put_pull(repo, {"number": pull, "reviews": listed})
    return sorted(repository.full_name for repository in state.repositories.values())


def _records(path: Path, kind: str) -> Iterator[tuple[str, int, Json]]:
    """Repository, pull request (0 but for reviews) and object of each line."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                address = re.match(r"/repos/([^/]+/[^/]+)/(?:pulls/(\d+)/)?(\w+)$", urlsplit(str(record["url"])).path)
                if address is None or address[3] != kind:
                    raise ValueError("not the address of such a list")
                # What the object is stored under, and ordered by.
                int(record["data"]["id"] if kind == "reviews" else record["data"]["number"])
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(f"{path}:{number}: not a recorded {kind} object: {error}") from error
            yield address[1], int(address[2] or 0), record["data"]


def _put(state: GitHubState, repo: str, kind: str, data: Json) -> None:
    try:
        repository = state.repo(repo)
    except KeyError:
        # Only a pull request brings the id of its repository along.
        repository = state.add_repo(repo, data["base"]["repo"]["id"] if kind == "pulls" else None)
    if data["number"] in getattr(repository, kind):
        return
    given = {key: value for key, value in data.items() if not str(value).startswith("https://api.github.com/")}
    if kind == "pulls":
        for side in ("head", "base"):
            given[side] = {key: data[side][key] for key in ("label", "ref", "sha")}
        given["requested_reviewers"] = [each["login"] for each in data["requested_reviewers"]]
    getattr(state, _LISTS[kind])(repo, given)
