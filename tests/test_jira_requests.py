"""How many requests a sync of Jira costs: the first one, the next ones, one that was interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import okrsync_jira
import pytest
from okrsync_jira import JiraConnector, slices

from okrsync.connector import ConnectorContext
from okrsync.model import Scope
from okrsync.opening import Opened, SyncOptions
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response
from okrsync.store.engine import open_store
from okrsync.sync import sync

SHOP = Scope("jira", "SHOP")
SITE = 3
"""Requests that tell what a site is and who we are there."""
ISSUES = 400
OPEN = {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}


@pytest.fixture(params=["cloud", "server"])
def jira(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[JiraStandIn]:
    """Ten projects; SHOP has 400 issues, made ever more often. Pages hold ten."""
    monkeypatch.setattr(slices, "PAGE", 10)
    monkeypatch.setattr(slices, "SMALL", 30)
    monkeypatch.setattr(okrsync_jira, "PAGE", 10)
    stand_in = JiraStandIn(request.param)
    for number, key in enumerate(("SHOP", *(f"P{n}" for n in range(9))), 1):
        stand_in.add_project(key, key, str(number))
    for number in range(1, ISSUES + 1):
        put(stand_in, 10_000 + number, f"SHOP-{number}", int(3_000 * number**0.5))
    with stand_in:
        yield stand_in


def put(jira: JiraStandIn, id_: int, key: str, hours: int) -> None:
    """An issue that was made so many hours after the first."""
    created = jira.stamp(datetime(2016, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
    fields = {
        "summary": key,
        "status": OPEN,
        "issuetype": {"id": "1", "name": "Story", "subtask": False},
        "created": created,
        "updated": created,
    }
    jira.put_issue({"id": str(id_), "key": key, "fields": fields})


def settings(jira: JiraStandIn, **scopes: Any) -> Any:
    auth = {"email": jira.email, "token": jira.token} if jira.cloud else {"token": jira.token}
    return JiraConnector.Settings(type="jira", url=jira.url, auth=auth, **(scopes or {"projects": ["SHOP"]}))


@pytest.fixture
def connector(jira: JiraStandIn) -> Iterator[JiraConnector]:
    made = JiraConnector(settings(jira), ConnectorContext("jira", Path(), ZoneInfo("UTC")))
    yield made
    made.close()


def pulled(connector: JiraConnector, scope: Scope) -> list[list[str]]:
    """The ids of each shard of a first sync."""
    plan = connector.plan(scope, None)
    return [[item.id for page in connector.pages(scope, shard, None) for item in page.items] for shard in plan.shards]


def ids(jira: JiraStandIn, project: str = "SHOP") -> list[str]:
    return sorted(issue["id"] for issue in jira.issues.values() if issue["key"].startswith(f"{project}-"))


def test_a_first_sync_costs_its_pages_and_a_few_more(jira: JiraStandIn, connector: JiraConnector) -> None:
    shards = pulled(connector, SHOP)
    assert sorted(id_ for shard in shards for id_ in shard) == ids(jira)
    assert [len(shard) for shard in shards] == [10] * 40
    # The project, its newest issue, on Cloud a count, and one question when some of the issues were made.
    planning = 4 if jira.cloud else 3
    assert len(jira.requests) == SITE + planning + 40


def test_numbers_that_are_missing_cost_little(jira: JiraStandIn, connector: JiraConnector) -> None:
    for number in range(1, ISSUES, 9):
        jira.delete_issue(f"SHOP-{number}")
    for number in (number for number in range(5, ISSUES, 40) if number % 9 != 1):
        jira.move_issue(f"SHOP-{number}", "P1")
    for number in range(1, 6):  # old issues that were moved here have the highest numbers
        put(jira, 20_000 + number, f"SHOP-{ISSUES + number}", 100 * number)
    shards = pulled(connector, SHOP)
    left = ids(jira)
    assert sorted(id_ for shard in shards for id_ in shard) == left
    # With ten issues a page chance weighs heavily; with a hundred it is a few per cent.
    assert len(jira.requests) <= 1.6 * len(left) / 10
    assert max(map(len, shards)) <= 40


def test_a_query_of_the_users_own_is_cut_by_counts(jira: JiraStandIn) -> None:
    made = JiraConnector(settings(jira, jql="summary ~ SHOP"), ConnectorContext("jira", Path(), ZoneInfo("UTC")))
    shards = pulled(made, Scope("jira", "jql"))
    made.close()
    assert sorted(id_ for shard in shards for id_ in shard) == ids(jira)
    assert 30 <= len(shards) <= 60
    assert max(map(len, shards)) <= 30
    assert len(jira.requests) <= SITE + 40 + 60


def test_a_site_that_does_not_tell_of_single_issues_is_cut_by_counts(
    jira: JiraStandIn, connector: JiraConnector
) -> None:
    def refuse(request: Request) -> Response | None:
        asked = b"key in" in request.body or request.path.endswith("/bulkfetch")
        return Response(400, {"errorMessages": ["no"]}) if asked else None

    jira.faults.append(refuse)
    shards = pulled(connector, SHOP)
    assert sorted(id_ for shard in shards for id_ in shard) == ids(jira)
    assert 30 <= len(shards) <= 60


def test_the_cut_does_not_depend_on_how_many_are_read_at_once(jira: JiraStandIn, connector: JiraConnector) -> None:
    many = JiraConnector(settings(jira), ConnectorContext("jira", Path(), ZoneInfo("UTC"), jobs=64))
    assert many.plan(SHOP, None).shards == connector.plan(SHOP, None).shards
    many.close()


def test_nothing_changed_costs_two_requests_a_scope(jira: JiraStandIn) -> None:
    keys = [project["key"] for project in jira.visible_projects()]
    made = JiraConnector(settings(jira, projects=keys), ConnectorContext("jira", Path(), ZoneInfo("UTC")))
    cursors = {scope: made.plan(scope, None).next for scope in made.scopes()}
    made.close()
    jira.requests.clear()
    made = JiraConnector(settings(jira, projects=keys), ConnectorContext("jira", Path(), ZoneInfo("UTC")))
    for scope, cursor in cursors.items():
        plan = made.plan(scope, cursor)
        assert [item for shard in plan.shards for page in made.pages(scope, shard, None) for item in page.items] == []
    made.close()
    assert len(jira.requests) == SITE + 2 * len(keys)
    assert sum(request.path.endswith("/myself") for request in jira.requests) == 1


def test_a_census_costs_one_page_of_ids(jira: JiraStandIn, connector: JiraConnector) -> None:
    connector.describe()
    jira.requests.clear()
    assert sorted(id_ for batch in connector.census(SHOP) for id_ in batch) == ids(jira)
    words = [request.path.rpartition("/")[2] for request in jira.requests]
    assert words == ["SHOP", "mypermissions", "jql" if jira.cloud else "search"]


def test_a_sync_with_nothing_new_costs_two_requests_a_scope(jira: JiraStandIn, tmp_path: Path) -> None:
    class Nobody:
        def __getattr__(self, name: str) -> Any:
            return lambda *told: None

    keys = [project["key"] for project in jira.visible_projects()]
    options = SyncOptions(tmp_path, ZoneInfo("UTC"), census=timedelta(days=1), jobs=4)
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    sources = {"jira": settings(jira, projects=keys)}
    sync(engine, sources, options, Nobody())
    jira.requests.clear()
    results = sync(engine, sources, options, Nobody())
    assert {result.error for result in results} == {None}
    assert len(jira.requests) == SITE + 2 * len(keys)
    # What was deleted meanwhile is found by the census in its rhythm, and before that when anything has changed.
    jira.delete_issue("SHOP-7")
    assert sum(result.removed for result in sync(engine, sources, options, Nobody())) == 0
    put(jira, 20_001, "SHOP-9001", (datetime.now(UTC) - datetime(2016, 1, 1, tzinfo=UTC)) // timedelta(hours=1) + 1)
    assert sum(result.removed for result in sync(engine, sources, options, Nobody())) == 1
    engine.dispose()


def test_what_was_asked_ahead_and_refused_is_not_asked_again(jira: JiraStandIn, tmp_path: Path) -> None:
    class Nobody:
        def __getattr__(self, name: str) -> Any:
            return lambda *told: None

    def stranger(request: Request) -> Response | None:
        return Response(401, {"message": "who?"}) if request.path.endswith("/myself") else None

    options = SyncOptions(tmp_path, ZoneInfo("UTC"), census=timedelta(days=1))
    sources = {"jira": settings(jira)}
    jira.faults.append(stranger)
    with Opened(sources, options) as opened:
        opened.listings["jira"].result()
        while not jira.requests:
            time.sleep(0.001)
    assert len(jira.requests) <= SITE + 1  # no store was opened, and nobody waited for them
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    jira.requests.clear()
    (result,) = sync(engine, sources, options, Nobody())
    assert "401" in str(result.error)
    assert sum(request.path.endswith("/myself") for request in jira.requests) == 1
    engine.dispose()


def test_an_interrupted_sync_does_not_ask_twice(jira: JiraStandIn, tmp_path: Path) -> None:
    class Nobody:
        def __getattr__(self, name: str) -> Any:
            return lambda *told: None

    def pages() -> int:
        return sum(b"summary" in request.body for request in jira.requests)

    def half(request: Request) -> Response | None:
        full = b"summary" in request.body and pages() > 20
        return Response(400, {"errorMessages": ["enough"]}) if full else None

    options = SyncOptions(tmp_path, ZoneInfo("UTC"), census=timedelta(days=7), jobs=1)
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    sources = {"jira": settings(jira)}
    jira.faults.append(half)
    (result,) = sync(engine, sources, options, Nobody())
    assert result.error is not None
    stored = result.items
    assert 0 < stored < ISSUES
    jira.faults.clear()
    jira.requests.clear()
    (result,) = sync(engine, sources, options, Nobody())
    engine.dispose()
    assert result.error is None
    assert result.items == ISSUES - stored
    searches = [request for request in jira.requests if b"summary" in request.body]
    assert len(searches) == (ISSUES - stored) / 10 + 1  # and what changed meanwhile
