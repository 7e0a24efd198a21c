"""What git's answers mean: a commit as a work item, a remote's URL as a repository on the web."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from okrsync.model import ItemKind, ItemState, WorkItem
from okrsync.references import references_of
from okrsync_git.client import RawCommit

LONGEST_TITLE = 500
_KIND, _STATE = ItemKind.COMMIT, ItemState.DONE  # Python 3.11 takes as long for a member as for a whole title
_LAST_SECOND = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_OWNER_REPO = re.compile(r"/*([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/*")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]{2,}):(?P<path>[^:\s]+)")
# github.com takes ssh on port 443 under another name: that of no web server.
_WEB_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "altssh.gitlab.com": "gitlab.com",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository at a web host, as a remote's URL names it."""

    web: str
    """``https://github.com``, without a slash at the end."""
    repo: str
    """``owner/name``"""


def remote_of(url: str) -> Remote | None:
    """The repository behind ``https://``, ``http://``, ``ssh://``, ``git://`` or ``git@host:owner/name``.

    User and password are dropped. None for a path on this machine and for anything that is not ``owner/name``.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme, path = parts.scheme.lower(), parts.path
    if "://" not in url:
        scp = _SCP.fullmatch(url)
        if scp is None:
            return None
        scheme, host, path, port = "ssh", scp["host"].lower(), scp["path"], None
    repo = _OWNER_REPO.fullmatch(path)
    if scheme not in {"https", "http", "ssh", "git"} or repo is None or not _HOST.fullmatch(host):
        return None
    if scheme not in {"https", "http"}:
        scheme, host, port = "https", _WEB_HOSTS.get(host, host), None
    return Remote(f"{scheme}://{host}{f':{port}' if port else ''}", repo[1])


def item_of(commit: RawCommit, *, project: str, repo: str | None, web: str | None) -> WorkItem:
    """A commit as a work item, done when it was committed.

    The committer's date counts, not the author's: a rebase or a cherry-pick keeps the latter, and a branch that was
    written in March and came in May is work of May. ``web`` is the repository's address without a slash at the end.
    """
    at = moment_of(commit.committed)
    first_line = commit.message.lstrip().partition("\n")[0].strip()
    return WorkItem(
        id=commit.id,
        kind=_KIND,
        type="commit",
        level=0,
        key=commit.id,
        project=project,
        title=first_line if len(first_line) <= LONGEST_TITLE else f"{first_line[: LONGEST_TITLE - 1]}…",
        url=f"{web}/commit/{commit.id}" if web else None,
        state=_STATE,
        status="committed",
        created_at=at,
        updated_at=at,
        done_at=at,
        author=_account(commit.email),
        paths=commit.paths,
        references=references_of(repo=repo, body=commit.message),
    )


@lru_cache(maxsize=10_000)
def _account(email: str) -> str | None:
    return email.strip().lower() or None


def moment_of(seconds: str) -> datetime:
    """A commit's time. What lies outside the years that can be told is 1970, as git itself shows broken dates."""
    try:
        number = int(seconds)
    except ValueError:
        number = 0
    return datetime.fromtimestamp(number if 0 <= number < _LAST_SECOND else 0, UTC)
