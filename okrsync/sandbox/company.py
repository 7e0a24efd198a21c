"""A sample company, Marigold: its Jira Cloud, its GitHub and its clone, in stand-ins on loopback.

Its services have names that exist nowhere (``.example`` is reserved for that). While ``on_loopback`` runs, one server
on this machine answers for all of them, as a proxy does, so that requests, addresses in pages and the configuration are
the same in every run, whatever port is free.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from okrsync import git_command
from okrsync.sandbox.company_code import fill_github, git_history
from okrsync.sandbox.company_goals import ACCOUNT, GITHUB, JIRA, NOW, REPO, TOKEN, WEB
from okrsync.sandbox.company_issues import fill_jira
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response, StandIn

_PROXIES = ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY")


class _Jira(JiraStandIn):
    @property
    def url(self) -> str:
        return JIRA


class _GitHub(GitHubStandIn):
    @property
    def url(self) -> str:
        return GITHUB


class _Proxy(StandIn):
    """Hands each request to the stand-in of the host that it names."""

    def __init__(self, services: dict[str, StandIn]) -> None:
        super().__init__()
        self.services = {urlsplit(url).netloc: service for url, service in services.items()}

    def handle(self, request: Request) -> Response:
        service = self.services.get(request.headers.get("Host", ""))
        return Response(502, {"message": "No such host"}) if service is None else service.answer(request)


@dataclass(frozen=True)
class Company:
    """The stand-ins of the services, filled; ``jira`` and ``github`` keep the log of what they were asked."""

    jira: JiraStandIn
    github: GitHubStandIn

    @contextmanager
    def on_loopback(self) -> Iterator[None]:
        """Answer for the company's services, for this process alone."""
        with _Proxy({JIRA: self.jira, GITHUB: self.github}) as proxy:
            before = {name: os.environ.pop(name, None) for name in _PROXIES}
            os.environ["http_proxy"] = proxy.url
            try:
                yield
            finally:
                del os.environ["http_proxy"]
                os.environ.update({name: value for name, value in before.items() if value is not None})


def found_company(clone: Path) -> Company:
    """Make the company; its repository is cloned to ``clone``, which must not exist. Raises ``SourceError``."""
    jira = _Jira("cloud", email=ACCOUNT, token=TOKEN, account_timezone="Asia/Shanghai")
    jira.now = lambda: NOW
    fill_jira(jira)
    github = _GitHub(tokens=(TOKEN,), web_url=WEB)
    fill_github(github, _make_clone(clone))
    return Company(jira, github)


def _make_clone(clone: Path) -> list[str]:
    """Write the repository; the hashes of its commits, oldest first: the same each time."""
    where = f"the sample clone {clone}"
    clone.mkdir()

    def git(*arguments: str, stdin: bytes = b"") -> bytes:
        return git_command.run(arguments, where=where, folder=clone, stdin=stdin)[1]

    git("init", "--quiet", "--template=", "--initial-branch=main")
    git("remote", "add", "origin", f"{WEB}/{REPO}.git")
    git("fast-import", "--quiet", stdin=git_history())
    git("reset", "--quiet", "--hard", "main")
    return git("rev-list", "--reverse", "main").decode().split()
