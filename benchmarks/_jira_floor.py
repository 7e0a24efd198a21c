"""``python -m benchmarks._jira_floor cloud|server URL JOBS FILE``: the least that a first pull of Jira can cost.

Threads, one connection each, nothing but requests, decoding and one table; no retries, no incremental run, no links.
Cloud is cut into as many slices of equal time as there are threads, which fits the even data that it is given; on Data
Center offsets are asked for side by side. It states a floor; nobody could use it.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import msgspec

PAGE = 100
FIELDS = [
    "summary", "status", "resolution", "issuetype", "created", "updated", "assignee", "labels", "components",
    "fixVersions", "parent", "project",
]  # fmt: skip


class _Named(msgspec.Struct):
    id: str | None = None
    key: str | None = None
    name: str | None = None
    accountId: str | None = None  # noqa: N815 (Jira's name)


class _Fields(msgspec.Struct):
    summary: str
    status: _Named
    issuetype: _Named
    project: _Named
    created: str
    updated: str
    labels: list[str]
    resolution: _Named | None = None
    assignee: _Named | None = None
    parent: _Named | None = None
    components: list[_Named] = []
    fixVersions: list[_Named] = []  # noqa: N815 (Jira's name)


class _Issue(msgspec.Struct):
    id: str
    key: str
    fields: _Fields


class _Answer(msgspec.Struct):
    issues: list[_Issue]
    total: int = 0
    nextPageToken: str | None = None  # noqa: N815 (Jira's name)


class _Jira:
    def __init__(self, url: str, cloud: bool) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), parts.port
        self.path = "/rest/api/3/search/jql" if cloud else "/rest/api/2/search"
        self.own = threading.local()
        self.decoder = msgspec.json.Decoder(_Answer)

    def search(self, **body: Any) -> _Answer:
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPConnection(self.host, self.port)
        sent = json.dumps({"maxResults": PAGE, "fields": FIELDS, **body})
        self.own.connection.request("POST", self.path, sent, {"Content-Type": "application/json"})
        return self.decoder.decode(self.own.connection.getresponse().read())


def _cloud(jira: _Jira, jobs: int) -> list[Callable[[], Iterator[_Answer]]]:
    ends = [
        datetime.fromisoformat(
            jira.search(jql=f'project = "SHOP" ORDER BY created {order}', maxResults=1).issues[0].fields.created
        ).timestamp()
        for order in ("ASC", "DESC")
    ]
    step = (ends[1] - ends[0]) / jobs
    cuts = [int((ends[0] + step * at) * 1000) for at in range(1, jobs)]

    def one(low: int | None, high: int | None) -> Iterator[_Answer]:
        jql = 'project = "SHOP"'
        jql += f" AND created >= {low}" if low is not None else ""
        jql += f" AND created < {high}" if high is not None else ""
        token: str | None = None
        while True:
            answer = jira.search(jql=jql + " ORDER BY created ASC", **({"nextPageToken": token} if token else {}))
            yield answer
            token = answer.nextPageToken
            if token is None:
                return

    return [
        lambda low=low, high=high: one(low, high)  # type: ignore[misc]
        for low, high in zip([None, *cuts], [*cuts, None], strict=True)
    ]


def _server(jira: _Jira, jobs: int) -> list[Callable[[], Iterator[_Answer]]]:
    def one(start: int) -> _Answer:
        return jira.search(jql='project = "SHOP" ORDER BY created ASC', startAt=start)

    first = one(0)
    offsets = range(PAGE, first.total, PAGE)
    return [lambda: iter([first]), *(lambda start=start: iter([one(start)]) for start in offsets)]  # type: ignore[misc]


def main() -> None:
    """Pull everything and store it."""
    kind, url, jobs, file = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    jira = _Jira(url, kind == "cloud")
    answers: Queue[_Answer | None] = Queue(maxsize=2 * jobs)
    writer = threading.Thread(target=_store, args=(file, answers))
    writer.start()
    shards = (_cloud if kind == "cloud" else _server)(jira, jobs)

    def pull(shard: Callable[[], Iterator[_Answer]]) -> None:
        for answer in shard():
            answers.put(answer)

    with ThreadPoolExecutor(jobs) as executor:
        list(executor.map(pull, shards))
    answers.put(None)
    writer.join()


def _store(file: str, answers: Queue[_Answer | None]) -> None:
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE items (id TEXT PRIMARY KEY, key, project, title, type, status, resolution, created, updated, "
            "assignee, parent, labels, components, versions)"
        )
        while (answer := answers.get()) is not None:
            rows = (
                (
                    issue.id, issue.key, fields.project.key, fields.summary, fields.issuetype.name, fields.status.name,
                    fields.resolution and fields.resolution.name, fields.created, fields.updated,
                    fields.assignee and fields.assignee.accountId, fields.parent and fields.parent.key,
                    ",".join(fields.labels), ",".join(str(one.name) for one in fields.components),
                    ",".join(str(one.name) for one in fields.fixVersions),
                )
                for issue in answer.issues
                for fields in [issue.fields]
            )  # fmt: skip
            marks = ", ".join("?" * 14)
            database.executemany(f"INSERT OR REPLACE INTO items VALUES ({marks})", rows)
            database.commit()
    database.close()


if __name__ == "__main__":
    main()
