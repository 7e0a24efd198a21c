"""A company whose every secret is a canary, and a search for them in everything that a run leaves behind."""

from __future__ import annotations

import gc
import gzip
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from okrsync.redaction import forms_of
from okrsync.sandbox.confluence import ConfluenceStandIn
from okrsync.sandbox.git_http import GitHttpStandIn
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response, StandIn
from tests.cli_project import GOALS, Project, Ran, clone, start
from tests.github_sandbox import fill
from tests.shop import Shop

NAMES = (
    "JIRA_TOKEN", "JIRA_PAT", "HUB_TOKEN", "WIKI_TOKEN", "CONFLUENCE_TOKEN", "BOT_PASSWORD", "STORE_PASSWORD",
    "SQL_PASSWORD", "STATS_KEY", "CSV_TOKEN", "CSV_KEY", "PROMETHEUS_PASSWORD", "HOOK", "DING_HOOK", "DING_SECRET",
)  # fmt: skip
GIT = shutil.which("git") or "git"
"""The real one, that nobody watches."""
CANARIES = {name: f"Canary+{number:02}/{name.title().replace('_', '')}/4711" for number, name in enumerate(NAMES)}
"""With characters that look different in URLs."""
BAD = {
    "401": Response(401, {"message": "Bad credentials"}),
    "403": Response(403, {"message": "Forbidden"}),
    "500": Response(500, headers={"Retry-After": "0"}, body=b"<html>Oops</html>"),
    "503": Response(503, {"message": "busy"}, headers={"Retry-After": "0"}),
    "login page": Response(200, headers={"Content-Type": "text/html"}, body=b"<html><form>Log in</form></html>"),
    "garbage": Response(200, headers={"Content-Type": "application/json"}, body=b'{"a": [1,'),
    "nothing": Response(200, headers={"Content-Type": "application/json"}, body=b""),
}


class Chats(StandIn):
    """Takes any message."""

    def handle(self, request: Request) -> Response:
        return Response(200, {"code": 0, "errcode": 0})


class MediaWiki(StandIn):
    """Gives a token to log in with, and lets nobody in."""

    def handle(self, request: Request) -> Response:
        if request.method == "POST":
            return Response(200, {"login": {"result": "Failed", "reason": "Incorrect username or password"}})
        return Response(200, {"query": {"tokens": {"logintoken": "abc"}}})


class Outside(StandIn):
    """Another server, that nobody has any business to ask; whatever it is asked is kept in ``requests``."""

    def handle(self, request: Request) -> Response:
        return Response(200, [])


@dataclass
class Found:
    """Where a canary was found."""

    where: str
    name: str
    around: str

    def __str__(self) -> str:
        return f"{self.name} in {self.where}: …{self.around}…"


_FORMS = {name: [form.encode() for form in forms_of(canary)] for name, canary in CANARIES.items()}
_ANY = re.compile(b"|".join(re.escape(form) for forms in _FORMS.values() for form in forms))


def search(where: str, content: bytes | str, but: Iterable[str] = ()) -> list[Found]:
    """The canaries in some bytes, in any form; those in ``but`` may stand there."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    if not _ANY.search(raw):
        return []
    return [
        Found(where, name, raw[max(0, at - 40) : at + 60].decode("utf-8", "replace"))
        for name, forms in _FORMS.items()
        if name not in but
        for at in [next((raw.find(form) for form in forms if form in raw), -1)]
        if at >= 0
    ]


def search_files(folder: Path) -> list[Found]:
    """In every file below a folder, whatever it is: databases, repositories (unpacked), what is compressed."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        raw = path.read_bytes()
        found += search(str(path), raw)
        if path.suffix == ".gz":
            found += search(f"{path} unpacked", gzip.decompress(raw))
    for head in folder.rglob("HEAD"):
        if (head.parent / "objects").is_dir():
            everything = [GIT, "cat-file", "--batch-all-objects", "--batch"]
            done = subprocess.run(everything, cwd=head.parent, capture_output=True, check=True)
            found += search(f"objects of {head.parent}", done.stdout)
    return found


def search_objects() -> list[Found]:
    """In the ``repr`` of every object of okrsync's that is alive now: what a debugger or a log would show."""
    found = []
    for each in gc.get_objects():
        module = str(type(each).__module__)
        if module.startswith("okrsync") and not module.startswith("okrsync.sandbox"):
            found += search(f"repr of {type(each).__qualname__}", f"{each!r} {each}")
    return found


class Company:
    """Services, the folder with their configuration, and what was found so far."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        served = folder / "served"
        served.mkdir()
        now = datetime.now(UTC)
        self.cloud = JiraStandIn("cloud", token=CANARIES["JIRA_TOKEN"])
        self.server = JiraStandIn("server", token=CANARIES["JIRA_PAT"])
        self.hub = fill(GitHubStandIn(tokens={CANARIES["HUB_TOKEN"]}))
        self.git = GitHttpStandIn(served, token=CANARIES["WIKI_TOKEN"])
        self.confluence = ConfluenceStandIn()
        self.confluence.token = CANARIES["CONFLUENCE_TOKEN"]
        self.mediawiki, self.shop, self.chats, self.ding = MediaWiki(), Shop(), Chats(), Chats()
        self.services: dict[str, StandIn] = {
            name: getattr(self, name)
            for name in ("cloud", "server", "hub", "git", "confluence", "mediawiki", "shop", "chats", "ding")
        }
        self.outside = Outside()
        for service in (*self.services.values(), self.outside):
            stack.enter_context(service)
        self.git.create("wiki")
        for jira, key in ((self.cloud, "SHOP"), (self.server, "PAY")):
            jira.add_project(key, key.title(), "10")
            status = {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}
            fields = {"summary": "One", "project": {"id": "10", "key": key, "name": key}, "status": status}
            fields |= {"issuetype": {"id": "1", "name": "Task", "subtask": False}, "created": f"{now:%FT%T.000+0000}"}
            jira.put_issue({"id": "100", "key": f"{key}-1", "fields": fields})
        weeks = [date(2026, 11, 16) - timedelta(weeks=week) for week in range(20)]
        rows = "".join(f"{day},{120 + day.day % 3}\n" for day in weeks)
        self.shop.pages["/a.csv"] = [Response(body=f"date,value\n{rows}".encode())]
        self.shop.pages["/stats"] = [Response(200, [{"date": str(day), "value": 3} for day in weeks])]
        self.shop.pages["/api/v1/query_range"] = [
            Response(200, {"status": "success", "data": {"resultType": "matrix", "result": []}})
        ]

    def main(self, store: str = "sqlite:///okrsync.db") -> str:
        wiki = f"url: '{self.mediawiki.url}/w/api.php', auth: {{user: Bot@okr, password: '${{BOT_PASSWORD}}'}}"
        confluence = f"url: '{self.confluence.base}', auth: {{email: bot@acme.example, token: '${{CONFLUENCE_TOKEN}}'}}"
        login = "{email: bot@acme.example, token: '${JIRA_TOKEN}'}"
        return f"""\
store: {store}
sources:
  cloud: {{type: jira, url: '{self.cloud.url}', auth: {login}, projects: [SHOP]}}
  server: {{type: jira, url: '{self.server.url}', auth: {{token: '${{JIRA_PAT}}'}}, projects: [PAY]}}
  hub: {{type: github, url: '{self.hub.api_url}', auth: {{token: '${{HUB_TOKEN}}'}}, repos: [acme/storefront]}}
  clone: {{type: git, path: clone}}
people: [{{id: lin, name: Lin Wei}}]
publish:
  - {{type: folder, path: wiki/}}
  - {{type: git, url: '{self.git.url}/wiki.git', auth: {{token: '${{WIKI_TOKEN}}'}}}}
  - {{type: confluence, {confluence}, space: OKR}}
  - {{type: mediawiki, {wiki}}}
schedule: {{sync: "0 * * * *", report: "0 8 * * 1"}}
notify:
  - {{type: slack, url: '{self.chats.url}/hook/${{HOOK}}'}}
  - {{type: dingtalk, url: '{self.ding.url}/robot/send?access_token=${{DING_HOOK}}', secret: '${{DING_SECRET}}'}}
"""

    def goals(self, sql: str | None = None) -> str:
        """A key result for each outcome source."""
        sources = {
            "csv": f"{{type: csv, path: '{self.shop.url}/a.csv?token=${{CSV_KEY}}', "
            "auth: {token: '${CSV_TOKEN}'}}",
            "http": f"{{type: http, url: '{self.shop.url}/stats', rows: '[]', "
            "auth: {header: X-Api-Key, value: '${STATS_KEY}'}}",
            "prometheus": f"{{type: prometheus, url: '{self.shop.url}', query: up, "
            "auth: {user: okr, password: '${PROMETHEUS_PASSWORD}'}}",
            "sql": sql or "{type: sql, url: 'postgresql://okr:${SQL_PASSWORD}@127.0.0.1:1/shop', query: 'SELECT 1, 2'}",
        }
        metric = "          {unit: shops, baseline: 120, target: 300, source: "
        more = "".join(
            f"      - id: KR2.{number}\n        title: Shops by {name}\n        owner: lin\n        metric:\n"
            f"{metric}{source}}}\n"
            for number, (name, source) in enumerate(sources.items(), 1)
        )
        work = "        work: [{source: cloud, projects: [SHOP]}, {source: hub, labels: [activation]}]\n"
        return GOALS.replace("      - {id: KR1.2", f"{work}      - {{id: KR1.2") + more

    @contextmanager
    def answering(self, answer: Callable[[StandIn, Request], Response | None]) -> Iterator[None]:
        """Every service answers otherwise, as long as the block lasts."""
        faults = []
        for service in self.services.values():
            fault = lambda request, service=service: answer(service, request)  # noqa: E731
            service.faults.append(fault)
            faults.append((service, fault))
        try:
            yield
        finally:
            for service, fault in faults:
                service.faults.remove(fault)


@dataclass
class Watch:
    """Runs commands and keeps all that they say, to be searched."""

    project: Project
    records: logging.Handler
    log: Path
    """What each git that was started had as arguments and environment."""
    found: list[Found] = field(default_factory=list)
    runs: int = 0

    def run(self, *arguments: str) -> Ran:
        ran = self.project.run(*arguments)
        self.runs += 1
        shown = " ".join(arguments)
        self.found += search(f"stdout of `{shown}`", ran.out)
        self.found += search(f"stderr of `{shown}`", ran.err)
        assert "Traceback" not in ran.err, ran.err
        return ran


class Records(logging.Handler):
    """Every log record of every library, formatted with its exception."""

    def __init__(self) -> None:
        super().__init__(0)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def watched_git(folder: Path) -> tuple[Path, Path]:
    """A folder with a `git` that notes what it is given and then does what it should; and the notes."""
    folder.mkdir()
    log = folder / "git.log"
    program = folder / "git"
    program.write_text(f'#!/bin/sh\n{{ echo "ARGUMENTS $*"; env; echo END; }} >> "{log}"\nexec {GIT} "$@"\n')
    program.chmod(0o755)
    log.touch()
    return folder, log


def in_git(log: str) -> list[Found]:
    """What no git should have been given: secrets in arguments, any but its own in its environment."""
    found = []
    for call in log.split("END\n"):
        arguments, _, environment = call.partition("\n")
        found += search("arguments of git", arguments)
        found += search(f"environment of `{arguments[:60]}`", environment, but=["WIKI_TOKEN"])
        if not re.search(r" (ls-remote|fetch|push|clone) ", f"{arguments} "):
            found += search(f"environment of `{arguments[:60]}`", environment)
    return found


OWNERS: Mapping[str, frozenset[str]] = {
    "cloud": frozenset({"JIRA_TOKEN"}),
    "server": frozenset({"JIRA_PAT"}),
    "hub": frozenset({"HUB_TOKEN"}),
    "git": frozenset({"WIKI_TOKEN"}),
    "confluence": frozenset({"CONFLUENCE_TOKEN"}),
    "mediawiki": frozenset({"BOT_PASSWORD"}),
    "shop": frozenset({"CSV_TOKEN", "CSV_KEY", "STATS_KEY", "PROMETHEUS_PASSWORD"}),
    "chats": frozenset({"HOOK"}),
    "ding": frozenset({"DING_HOOK"}),
}
"""Which service is to be told which secret."""


def sent(company: Company) -> dict[str, frozenset[str]]:
    """Which canaries each service was sent, in header, address or body."""
    return {
        name: frozenset(found.name for request in service.requests for found in search(name, _told(request)))
        for name, service in {**company.services, "outside": company.outside}.items()
    }


def _told(request: Request) -> bytes:
    """All that a request says; a plus in a query has been read as a blank."""
    query = str(request.query)
    said = [request.path, query, query.replace(" ", "+"), *map(str, request.headers.items())]
    return "\n".join(said).encode() + request.body


@contextmanager
def watching(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
) -> Iterator[tuple[Company, Watch]]:
    """A company, and `okrsync` in its folder with every secret in its environment."""
    with ExitStack() as stack:
        (folder / "company").mkdir()
        company = Company(folder, stack)
        project = start(folder / "company", monkeypatch, capture)
        project.write("okrsync.yaml", company.main())
        project.write("okrs/q4.yaml", company.goals())
        clone(project, "clone", "SHOP-1 One", "Two")
        for name, canary in CANARIES.items():
            if name in company.main() + company.goals():
                monkeypatch.setenv(name, canary)
        # A user who looks for an error in git has these set.
        for name in ("GIT_TRACE", "GIT_CURL_VERBOSE", "GIT_TRACE_CURL"):
            monkeypatch.setenv(name, "1")
        programs, log = watched_git(folder / "programs")
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        (folder / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))
        records, root = Records(), logging.getLogger()
        level = root.level
        root.addHandler(records)
        root.setLevel(logging.NOTSET)
        try:
            yield company, Watch(project, records, log)
        finally:
            root.removeHandler(records)
            root.setLevel(level)


def elsewhere(company: Company, service: StandIn, request: Request) -> Response:
    """What a service answers, with every address of its own in it leading to another server, and a next page there."""
    answer = service.handle(request)
    body = answer.payload()
    host, other = urlsplit(service.url).netloc.encode(), urlsplit(company.outside.url).netloc.encode()
    headers = {**answer.headers, "Link": f'<{company.outside.url}/next?page=2>; rel="next"'}
    if answer.json is not None:
        headers.setdefault("Content-Type", "application/json")
    return Response(answer.status, headers=headers, body=body.replace(host, other))
