"""Where the CPU of a first sync goes: each part alone, in one thread of this process, the least of three runs.

The parts add up to what must be done; what a sync takes beside them is the price of having threads and of waking up for
each page.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks import _github_site, _jira_site, store
from benchmarks._harness import ROOT, Service, folder, serving
from benchmarks._stand_in import Asked
from benchmarks.sync import CLOUD, GITHUB, SERVER, _empty
from okrsync.connector import ConnectorContext, Page
from okrsync.store.engine import open_store
from okrsync.store.linking import link_all
from okrsync.store.work import Arrival, save_pages

ITEMS = 5_000
PAGE = 100
REPEATS = 3
REQUESTS = 200
FIRST = 10_000
"""Items of the first sync that the aims are about."""
NEEDED = ("send a request, read its answer", "decode, give it meaning", "store, 4 pages a transaction", "link")
WHY = (
    "What an item takes is within it; to start is most of a second of imports, of which SQLAlchemy and pydantic, "
    "which the design names, are the most, and which weighs ten times less on 100,000 items. In wall time it is the "
    "same second that a first sync takes beside its floor, whose program imports neither; and where three sources are "
    "pulled together, Python's lock makes the CPU of all three one after another."
)
PACKAGES = ("sqlalchemy", "pydantic", "ruamel", "requests", "jira", "github", "okrsync")
_IMPORTS = """
import os
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
import okrsync.cli.sync, okrsync.config, okrsync.sync, okrsync.store.linking, okrsync.cli.progress, okrsync.goal_record
import sqlalchemy.dialects.sqlite, okrsync.measure, okrsync_jira, okrsync_jira.client, jira
"""


def main() -> None:
    """Print the tables."""
    print("What a sync of a Jira source imports, ms of wall time by package, the least of five (`-X importtime`):\n")
    print("\n".join(imported()))
    print(f"\nUser CPU in µs an item, pages of {PAGE}, {ITEMS:,} items:\n")
    print("| | Jira Cloud | Jira Data Center | GitHub |")
    print("|---|--:|--:|--:|")
    columns = [column(CLOUD, *jira(cloud=True)), column(SERVER, *jira(cloud=False)), column(GITHUB, *github())]
    for name in columns[0]:
        print(f"| {name} | {' | '.join(f'{one[name]:.0f}' for one in columns)} |")
    begun = _empty().user / FIRST * 1e6
    for one in columns:
        one["start the program"] = begun
        one["all"] = sum(one[name] for name in NEEDED) + begun
    print(f"| start the program and end it, an item of {FIRST:,} | {' | '.join([f'{begun:.0f}'] * len(columns))} |")
    print("| all, with 4 pages a transaction | " + " | ".join(format(one["all"], ".0f") for one in columns) + " |")
    print(f"\nThe aim is 150 of {FIRST:,} items. {WHY}")


def imported() -> list[str]:
    """A row a package."""
    best: dict[str, float] = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    for _ in range(6):
        command = [sys.executable, "-X", "importtime", "-c", _IMPORTS]
        said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stderr
        for line in said.splitlines():
            own, _, name = line.removeprefix("import time:").split("|")
            if own.strip().isdecimal():
                best[name.strip()] = min(best.get(name.strip(), 1e9), int(own) / 1000)
    sums: dict[str, float] = {}
    for name, took in best.items():
        package = next((one for one in PACKAGES if name.lstrip("_").startswith(one)), "all else")
        sums[package] = sums.get(package, 0.0) + took
    return [
        "| package | ms |",
        "|---|--:|",
        *(f"| {name} | {sums.get(name, 0):.0f} |" for name in (*PACKAGES, "all else")),
    ]


def column(
    service: Service, bodies: Sequence[bytes], read: Callable[[bytes], Page], ask: Callable[[str], Any]
) -> dict[str, float]:
    """µs an item of each part."""
    pages = [read(body) for body in bodies]
    arrived = [Arrival("source", 1, "all", page) for page in pages]
    parts: dict[str, float] = {}
    with serving(service, ITEMS, "slowness=0") as stand_in:
        send = ask(stand_in.url)
        send()
        parts["send a request, read its answer"] = least(lambda: [send() for _ in range(REQUESTS)]) / REQUESTS / PAGE
    parts["decode, give it meaning"] = least(lambda: [read(body) for body in bodies]) / ITEMS
    with folder() as path:
        for number in (20, 4, 1):
            parts[f"store, {number} pages a transaction"] = (
                min(_stored(f"sqlite:///{path}/{number}-{at}.db", arrived, number) for at in range(REPEATS)) / ITEMS
            )
        engine = open_store(f"sqlite:///{path}/20-0.db")
        parts["link"] = cpu(lambda: link_all(engine, store.programme())) / ITEMS
        engine.dispose()
    return {name: seconds * 1e6 for name, seconds in parts.items()}


def _stored(url: str, arrived: Sequence[Arrival], pages: int) -> float:
    with store.store(url) as engine:
        return cpu(lambda: [save_pages(engine, arrived[at : at + pages]) for at in range(0, len(arrived), pages)])


def jira(*, cloud: bool) -> tuple[list[bytes], Callable[[bytes], Page], Callable[[str], Any]]:
    """Answers of a search, what reads one, and what sends a request to a stand-in."""
    from okrsync_jira import JiraConnector
    from okrsync_jira.client import JiraClient
    from okrsync_jira.custom import STANDARD_FIELDS, CustomFields
    from okrsync_jira.items import Reader
    from okrsync_jira.search import Found
    from okrsync_jira.wire import search_answer

    from okrsync.http import DEFAULT_POLICY
    from okrsync.pace import Paces

    made = (_jira_site.Site if cloud else _jira_site.Server)(ITEMS)
    custom = CustomFields.found_in(_jira_site.FIELDS)
    asked: dict[str, Any] = {"jql": 'project = "SHOP" ORDER BY created', "fields": [*STANDARD_FIELDS, *custom.ids()]}
    asked["maxResults"] = PAGE
    path = "/rest/api/3/search/jql" if cloud else "/rest/api/2/search"
    bodies: list[bytes] = []
    for start in range(0, ITEMS, PAGE):
        asked |= {} if cloud else {"startAt": start}
        bodies.append(made.answer(Asked("POST", path, "", {}, json.dumps(asked).encode())).body)
        asked |= {"nextPageToken": json.loads(bodies[-1]).get("nextPageToken")} if cloud else {}
    connector = JiraConnector(
        JiraConnector.Settings(type="jira", url="https://a.example", auth={"token": "t"}, projects=["SHOP"]),
        ConnectorContext("jira", Path(), ZoneInfo("UTC")),
    )
    site: Any = SimpleNamespace(reader=Reader("https://a.example", ZoneInfo("UTC"), custom))

    def read(body: bytes) -> Page:
        answer = search_answer(body)
        assert answer is not None
        return connector._page(site, Found(answer.issues, {"at": 1}), "jira:SHOP", ())

    def ask(url: str) -> Callable[[], Any]:
        client = JiraClient(
            url, email=None, token="t", scoped=False, source="jira", jobs=8, policy=DEFAULT_POLICY, paces=Paces(),
            on_wait=lambda why, seconds: None,
        )  # fmt: skip
        return lambda: client.search(path, "jira:SHOP", {"jql": asked["jql"], "fields": ["id"], "maxResults": 1})

    return bodies, read, ask


def github() -> tuple[list[bytes], Callable[[bytes], Page], Callable[[str], Any]]:
    """As ``jira``."""
    from okrsync_github import GitHubConnector, answers, queries
    from okrsync_github.client import GitHubClient
    from okrsync_github.envelope import envelope
    from okrsync_github.items import Repository
    from okrsync_github.pulls import PullReader
    from okrsync_github.reader import ItemReader, sorted_out

    made = _github_site.Site(ITEMS)
    repository = Repository(7, "acme/shop", "https://github.com/acme/shop", "acme/shop")
    bodies = []
    for start in range(1, ITEMS + 1, PAGE):
        query = queries.items(range(start, start + PAGE), (), people=False, pulls_only=False)
        sent = json.dumps({"query": query, "variables": repository.variables}).encode()
        bodies.append(made.answer(Asked("POST", "/graphql", "", {}, sent)).body)

    def client(url: str) -> GitHubClient:
        settings = GitHubConnector.Settings.model_validate(
            {"type": "github", "url": url, "auth": {"token": "t"}, "repos": ["acme/shop"]}
        )
        return GitHubClient(settings, ConnectorContext("github", Path(), ZoneInfo("UTC")))  # type: ignore[arg-type]  # settings of any connector

    one = client("https://github.example")
    reader = ItemReader(one, repository, PullReader(one, repository, None, listing=False), people=False)

    def read(body: bytes) -> Page:
        data, errors = envelope(body.decode(), "github")
        found = answers.decode(answers.ITEMS, data, "github")
        outcome = sorted_out([int(alias[1:]) for alias in found.repository or ()], found.repository, errors)
        return Page(tuple(reader._item(node) for node in outcome.nodes.values()), {"at": 1})

    def ask(url: str) -> Callable[[], Any]:
        asking = client(url)
        query = queries.items(range(1, PAGE + 1), (), people=False, pulls_only=False)
        return lambda: asking.graphql(lambda lacks: query.replace(": issue", ":issue"), repository.variables)

    return bodies, read, ask


def least(work: Callable[[], object]) -> float:
    """User CPU in seconds."""
    return min(cpu(work) for _ in range(REPEATS))


def cpu(work: Callable[[], object]) -> float:
    """User CPU of this process in seconds."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime - before


if __name__ == "__main__":
    main()
