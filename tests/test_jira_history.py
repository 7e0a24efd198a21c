"""Whom Jira issues waited for: read from histories where somebody is configured, in the cheapest way of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from okrsync_jira import JiraConnector

from okrsync.connector import ConnectorContext
from okrsync.model import Scope, Wait, WorkItem
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response
from tests.contracts import CONTRACTS, needs_contracts, validate_request

SCOPE = Scope("shop", "SHOP")
START = datetime(2026, 10, 1, 9, tzinfo=UTC)
OPEN = {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}
DONE = {"id": "5", "name": "Done", "statusCategory": {"id": 3, "key": "done", "name": "Done"}}


def day(number: float) -> datetime:
    return START + timedelta(days=number)


class Site:
    """A site with one project; ``person`` is how it shows somebody, ``named`` how the configuration names them."""

    def __init__(self, jira: JiraStandIn) -> None:
        self.jira = jira
        jira.add_project("SHOP", "Shop", "10")
        self.count = 0

    def person(self, name: str) -> dict[str, Any]:
        if self.jira.cloud:
            return {"accountId": f"id-{name}", "displayName": name}
        return {"key": f"JIRAUSER-{name}", "name": name, "displayName": name}

    def id(self, name: str | None) -> str | None:
        person = self.person(name) if name else {}
        return person.get("accountId") or person.get("key")

    def issue(self, assignee: str | None, *, reporter: str = "reporter", done: float | None = None) -> str:
        self.count += 1
        key = f"SHOP-{self.count}"
        fields = {
            "summary": "x", "status": OPEN if done is None else DONE, "created": self.jira.stamp(day(0)),
            "issuetype": {"id": "1", "name": "Story", "subtask": False},
            "assignee": self.person(assignee) if assignee else None, "reporter": self.person(reporter),
            "resolutiondate": None if done is None else self.jira.stamp(day(done)),
        }  # fmt: skip
        self.jira.put_issue({"id": str(10_000 + self.count), "key": key, "fields": fields}, updated=day(30))
        return key

    def assign(self, key: str, at: float, by: str, before: str | None, after: str | None) -> None:
        change = {"field": "assignee", "fieldId": "assignee", "from": self.id(before), "to": self.id(after)}
        self.jira.put_history(key, day(at), self.person(by), [change])

    def move(self, key: str, at: float, by: str) -> None:
        self.jira.put_history(
            key, day(at), self.person(by), [{"field": "status", "fieldId": "status", "from": "1", "to": "3"}]
        )

    def read(self, *people: str, notes: list[str] | None = None) -> dict[str, WorkItem]:
        auth = {"email": self.jira.email, "token": self.jira.token} if self.jira.cloud else {"token": self.jira.token}
        settings = JiraConnector.Settings(type="jira", url=self.jira.url, auth=auth, projects=["SHOP"])
        context = ConnectorContext(
            "shop",
            Path(),
            ZoneInfo("UTC"),
            people=frozenset(people),
            on_note=(notes if notes is not None else []).append,
        )
        connector = JiraConnector(settings, context)
        try:
            plan = connector.plan(SCOPE, None)
            pages = [page for shard in plan.shards for page in connector.pages(SCOPE, shard, None)]
        finally:
            connector.close()
        return {item.key: item for page in pages for item in page.items}


@pytest.fixture(params=["cloud", "server"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with JiraStandIn(request.param) as jira:
        yield Site(jira)


def spans(waits: tuple[Wait, ...]) -> list[tuple[str, float, float | None]]:
    """Account, and first and last day counted from the issue's creation."""
    assert {wait.kind for wait in waits} <= {"assignment"}
    days = [
        (
            wait.account,
            (wait.since - START) / timedelta(days=1),
            wait.until and (wait.until - START) / timedelta(days=1),
        )
        for wait in waits
    ]
    return [(account.rpartition("-")[2], since, until) for account, since, until in days]


def test_from_the_assignment_to_the_act(site: Site) -> None:
    moved, handed_on, taken, still, done, twice, created_for = (site.issue(None) for _ in range(7))
    site.issue("lin", reporter="lin")
    site.assign(moved, 2, "mei", None, "lin")
    site.move(moved, 5, "wang")  # somebody else
    site.move(moved, 9, "lin")
    site.assign(handed_on, 1, "mei", None, "lin")
    site.assign(handed_on, 11, "lin", "lin", "wang")
    site.assign(taken, 3, "lin", None, "lin")
    site.assign(still, 4, "mei", None, "lin")
    twice_by = [(1, "mei", None, "lin"), (2, "mei", "lin", "wang"), (6, "mei", "wang", "lin")]
    for at, by, before, after in twice_by:
        site.assign(twice, at, by, before, after)
    site.move(twice, 7, "lin")
    site.assign(created_for, 8, "mei", "lin", None)
    site.assign(done, 1, "mei", None, "lin")
    finished = site.issue("lin", done=6)
    items = site.read(str(site.id("lin")))
    assert {key: spans(item.waits) for key, item in items.items() if item.waits} == {
        moved: [("lin", 2, 9)],
        handed_on: [("lin", 1, 11)],
        still: [("lin", 4, None)],
        twice: [("lin", 1, 2), ("lin", 6, 7)],
        created_for: [("lin", 0, 8)],
        done: [("lin", 1, None)],
        finished: [("lin", 0, 6)],
    }


def test_only_who_is_configured_is_kept(site: Site) -> None:
    key = site.issue(None)
    site.assign(key, 1, "mei", None, "wang")
    site.assign(key, 3, "mei", "wang", "lin")
    site.move(key, 4, "lin")
    assert spans(site.read(str(site.id("lin")))[key].waits) == [("lin", 3, 4)]
    assert spans(site.read(str(site.id("lin")), str(site.id("wang")))[key].waits) == [("wang", 1, 3), ("lin", 3, 4)]


@pytest.mark.parametrize("site", ["server"], indirect=True)
def test_data_center_people_by_name(site: Site) -> None:
    """The history names keys; the configuration a name, which is how the account is called from there on."""
    key = site.issue(None)
    site.assign(key, 1, "mei", None, "lin")
    site.move(key, 4, "lin")
    assert spans(site.read("lin")[key].waits) == [("lin", 1, 4)]


def test_nobody_is_configured(site: Site) -> None:
    """No history is asked for, in no way."""
    key = site.issue(None)
    site.assign(key, 1, "mei", None, "lin")
    assert site.read()[key].waits == ()
    assert site.jira.count("/rest/api/3/changelog") == 0
    assert not any(b"changelog" in request.body for request in site.jira.requests)


def test_what_it_costs(site: Site) -> None:
    """On Cloud a request for each page of issues, on Data Center none."""
    for _ in range(250):
        site.issue("lin")
    site.read()
    before = len(site.jira.requests)
    site.read(str(site.id("lin")))
    more = len(site.jira.requests) - 2 * before
    assert more == site.jira.count("/rest/api/3/changelog")
    pages = sum(request.path.endswith("/search/jql") and b"summary" in request.body for request in site.jira.requests)
    assert more == (pages // 2 if site.jira.cloud else 0)


@pytest.mark.parametrize("site", ["cloud"], indirect=True)
@needs_contracts
def test_the_request_is_the_one_that_the_vendor_describes(site: Site) -> None:
    site.issue("lin")
    site.read("id-lin")
    (request,) = [each for each in site.jira.requests if each.path.endswith("/changelog/bulkfetch")]
    spec = CONTRACTS / "jira-cloud-v3.json"
    validate_request(spec, "POST", request.path, request.query, request.json())


@pytest.mark.parametrize("site", ["cloud"], indirect=True)
def test_histories_of_many_pages(site: Site) -> None:
    site.jira.history_page = 3
    keys = [site.issue(None) for _ in range(5)]
    for number, key in enumerate(keys):
        site.assign(key, number + 1, "mei", None, "lin")
        site.move(key, number + 2, "lin")
    items = site.read("id-lin")
    assert [spans(items[key].waits) for key in keys] == [[("lin", n + 1, n + 2)] for n in range(5)]
    assert site.jira.count("/rest/api/3/changelog") == 4


@pytest.mark.parametrize("site", ["cloud"], indirect=True)
@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_said_once_and_fails_nothing(site: Site, status: int) -> None:
    for _ in range(150):
        site.issue("lin")

    def refuse(request: Request) -> Response | None:
        return Response(status, {"errorMessages": ["no"]}) if "/changelog/" in request.path else None

    site.jira.faults.append(refuse)
    notes: list[str] = []
    items = site.read("id-lin", notes=notes)
    assert len(items) == 150
    assert not any(item.waits for item in items.values())
    assert site.jira.count("/rest/api/3/changelog") <= 2  # two pages may be under way
    (note,) = set(notes)
    assert "Whom issues waited for is not known" in note


@pytest.mark.parametrize("site", ["cloud"], indirect=True)
@pytest.mark.parametrize(
    "entries",
    [None, [None], [{}], [{"created": "never", "items": [{"fieldId": "assignee", "to": "id-lin"}]}], [{"items": 3}], 7],
)
def test_a_history_of_another_shape(site: Site, entries: object) -> None:
    key = site.issue(None)
    answer = {"issueChangeLogs": [{"issueId": "10001", "changeHistories": entries}]}
    site.jira.faults.append(lambda request: Response(200, answer) if "/changelog/" in request.path else None)
    assert site.read("id-lin")[key].waits == ()
