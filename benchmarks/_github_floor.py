"""``python -m benchmarks._github_floor URL JOBS FILE``: the least that a first pull of a GitHub repository can cost.

Threads, one connection each, a hundred numbered aliases a query, decoding and one table; no retries, no incremental
run, no links, no pull request with more than a page of anything. It states a floor; nobody could use it.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from urllib.parse import urlsplit

import msgspec

PAGE = 100
NEWEST = """query { repository(owner: "acme", name: "shop") {
  issueCount: issues { totalCount } newestIssue: issues(last: 1) { nodes { number } }
  newestPull: pullRequests(last: 1) { nodes { number } } } }"""
ITEMS = """query { repository(owner: "acme", name: "shop") { %s } }
fragment I on Issue { ...C stateReason parent { number } }
fragment P on PullRequest { ...C mergedAt headRefName headRefOid mergeCommit { oid }
  closingIssuesReferences(first: 50) { nodes { number repository { nameWithOwner } } }
  commits(first: 100) { nodes { commit { oid } } } }
fragment C on Node { number title body createdAt updatedAt closedAt author { login } milestone { title }
  assignees(first: 1) { nodes { login } } labels(first: 100) { nodes { name } } }"""


class _Login(msgspec.Struct):
    login: str


class _Name(msgspec.Struct):
    name: str


class _Title(msgspec.Struct):
    title: str


class _Number(msgspec.Struct):
    number: int


class _Logins(msgspec.Struct):
    nodes: list[_Login]


class _Names(msgspec.Struct):
    nodes: list[_Name]


class _Numbers(msgspec.Struct):
    nodes: list[_Number]


class _Item(msgspec.Struct):
    number: int
    title: str
    body: str
    createdAt: str  # noqa: N815 (GitHub's name, as those below)
    updatedAt: str  # noqa: N815
    labels: _Names
    assignees: _Logins
    closedAt: str | None = None  # noqa: N815
    author: _Login | None = None
    milestone: _Title | None = None
    stateReason: str | None = None  # noqa: N815
    parent: _Number | None = None
    mergedAt: str | None = None  # noqa: N815
    headRefName: str | None = None  # noqa: N815
    closingIssuesReferences: _Numbers | None = None  # noqa: N815


class _Data(msgspec.Struct):
    repository: dict[str, _Item | None]


class _Answer(msgspec.Struct):
    data: _Data


class _GitHub:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), parts.port
        self.own = threading.local()

    def ask(self, query: str) -> bytes:
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPConnection(self.host, self.port)
        sent = json.dumps({"query": query, "variables": {}})
        self.own.connection.request("POST", "/graphql", sent, {"Content-Type": "application/json"})
        return bytes(self.own.connection.getresponse().read())


def main() -> None:
    """Pull everything and store it."""
    url, jobs, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    github = _GitHub(url)
    found = json.loads(github.ask(NEWEST))["data"]["repository"]
    newest = max(node["number"] for kind in ("newestIssue", "newestPull") for node in found[kind]["nodes"])
    decoder = msgspec.json.Decoder(_Answer)
    answers: Queue[list[_Item] | None] = Queue(maxsize=2 * jobs)
    writer = threading.Thread(target=_store, args=(file, answers))
    writer.start()

    def pull(start: int) -> None:
        numbers = range(start, min(start + PAGE, newest + 1))
        aliases = " ".join(f"i{number}: issueOrPullRequest(number: {number}) {{ ...I ...P }}" for number in numbers)
        answer = decoder.decode(github.ask(ITEMS % aliases))
        answers.put([item for item in answer.data.repository.values() if item])

    with ThreadPoolExecutor(jobs) as executor:
        list(executor.map(pull, range(1, newest + 1, PAGE)))
    answers.put(None)
    writer.join()


def _store(file: str, answers: Queue[list[_Item] | None]) -> None:
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE items (number INTEGER PRIMARY KEY, title, created, updated, closed, reason, merged, author, "
            "assignee, labels, milestone, parent, closes)"
        )
        while (items := answers.get()) is not None:
            rows = (
                (
                    item.number, item.title, item.createdAt, item.updatedAt, item.closedAt, item.stateReason,
                    item.mergedAt, item.author and item.author.login,
                    ",".join(one.login for one in item.assignees.nodes),
                    ",".join(one.name for one in item.labels.nodes), item.milestone and item.milestone.title,
                    item.parent and item.parent.number,
                    ",".join(str(one.number) for one in item.closingIssuesReferences.nodes)
                    if item.closingIssuesReferences else None,
                )
                for item in items
            )  # fmt: skip
            database.executemany(f"INSERT OR REPLACE INTO items VALUES ({', '.join('?' * 13)})", rows)
            database.commit()
    database.close()


if __name__ == "__main__":
    main()
