"""The Jira connector against the stand-in over HTTP: whole reads, what changes between two of them, and failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from okrsync_jira import JiraConnector, slices

from okrsync.connector import ConnectorContext, Plan
from okrsync.errors import AuthError, CursorExpired, RetryableError, SourceError
from okrsync.model import ItemState, Milestone, Scope, WorkItem
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Response
from okrsync.testing import ConnectorContract
from tests.contracts import CONTRACTS, needs_contracts, validate_request

SCOPE = Scope("shop", "SHOP")
START = datetime(2020, 10, 1, tzinfo=UTC)
OPEN = {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}
DONE = {"id": "5", "name": "Done", "statusCategory": {"id": 3, "key": "done", "name": "Done"}}


@pytest.fixture(params=["cloud", "server"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    """A site with 250 issues of SHOP and one of PAY, read by an account in Los Angeles."""
    stand_in = JiraStandIn(request.param, account_timezone="America/Los_Angeles")
    stand_in.add_project("SHOP", "Shop", "10")
    stand_in.add_project("PAY", "Payments", "20")
    for number in range(1, 251):
        put(stand_in, number)
    put(stand_in, 900, key="PAY-1")
    with stand_in:
        yield stand_in


@pytest.fixture
def connector(jira: JiraStandIn) -> Iterator[JiraConnector]:
    made = connect(jira)
    yield made
    made.close()


def connect(jira: JiraStandIn, **scopes: Any) -> JiraConnector:
    auth = {"email": jira.email, "token": jira.token} if jira.cloud else {"token": jira.token}
    settings = JiraConnector.Settings(type="jira", url=jira.url, auth=auth, **(scopes or {"projects": ["SHOP"]}))
    return JiraConnector(settings, ConnectorContext("shop", Path(), ZoneInfo("Asia/Shanghai")))


def put(
    jira: JiraStandIn, number: int, *, key: str | None = None, updated: datetime | None = None, **fields: Any
) -> None:
    """Issue ``number``; issues are made six hours apart and last changed when they were made."""
    created = START + timedelta(hours=6 * number)
    sound = {
        "summary": f"Issue {number}",
        "status": OPEN,
        "issuetype": {"id": "1", "name": "Story", "subtask": False},
        "created": jira.stamp(created),
        "labels": ["activation"] if number % 2 else [],
        "description": f"Why\n\nKR: KR{number}",
    }
    jira.put_issue(
        {"id": str(10_000 + number), "key": key or f"SHOP-{number}", "fields": {**sound, **fields}},
        updated=updated or created,
    )


def pull(connector: JiraConnector, scope: Scope, plan: Plan) -> list[WorkItem]:
    pages = (page for shard in plan.shards for page in connector.pages(scope, shard, None))
    return [item for page in pages for item in page.items]


def census(connector: JiraConnector, scope: Scope = SCOPE) -> list[str]:
    return [id_ for batch in connector.census(scope) for id_ in batch]


ALL = {str(10_000 + number) for number in range(1, 251)}


def test_everything_is_read_once(jira: JiraStandIn, connector: JiraConnector) -> None:
    plan = connector.plan(SCOPE, None)
    items = pull(connector, SCOPE, plan)
    assert sorted(item.id for item in items) == sorted(ALL)
    assert set(census(connector)) == ALL
    assert connector.count(SCOPE) == 250
    (first,) = (item for item in items if item.key == "SHOP-1")
    assert first.created_at == START + timedelta(hours=6)
    assert first.url == f"{jira.url}/browse/SHOP-1"
    assert [reference.target for reference in first.references] == ["KR1"]
    assert connector.describe().startswith(f"Jira {'Cloud' if jira.cloud else 'Data Center'} at 127.0.0.1:")


def test_slices_cover_everything_and_what_comes_meanwhile(
    jira: JiraStandIn, connector: JiraConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SMALL", 40)
    monkeypatch.setattr(slices, "PAGE", 40)
    plan = connector.plan(SCOPE, None)
    assert len(plan.shards) == 7
    assert len({shard.id for shard in plan.shards}) == len(plan.shards)
    assert connector.plan(SCOPE, None).shards == plan.shards
    put(jira, 251, created=jira.stamp(datetime.now(UTC) + timedelta(days=400)))
    put(jira, 252, created="1999-01-01T00:00:00.000+0000")
    before = len(jira.requests)
    per_shard = [pull(connector, SCOPE, Plan((shard,), {}, "")) for shard in plan.shards]
    assert len(jira.requests) - before == len(plan.shards)
    ids = [item.id for items in per_shard for item in items]
    assert sorted(ids) == sorted({*ALL, "10251", "10252"})
    assert max(map(len, per_shard)) <= 41


def test_a_shard_goes_on_from_any_page(jira: JiraStandIn, connector: JiraConnector) -> None:
    (shard,) = connector.plan(SCOPE, None).shards
    pages = list(connector.pages(SCOPE, shard, None))
    assert len(pages) == 3
    for done, page in enumerate(pages[:-1], start=1):
        rest = connector.pages(SCOPE, shard, page.cursor)
        assert {item.id for later in rest for item in later.items} == {
            item.id for later in pages[done:] for item in later.items
        }


def test_a_second_run_asks_only_for_what_changed(jira: JiraStandIn, connector: JiraConnector) -> None:
    plan = connector.plan(SCOPE, None)
    now = datetime.now(UTC)
    put(jira, 7, updated=now, labels=[], status=DONE, resolutiondate=jira.stamp(now))
    put(jira, 8, updated=now - timedelta(minutes=9))
    put(jira, 9, updated=now - timedelta(minutes=12))
    before = len(jira.requests)
    again = connector.plan(SCOPE, plan.next)
    items = {item.key: item for item in pull(connector, SCOPE, again)}
    # An account in another time zone would find none of these, or hours too many.
    assert items.keys() == {"SHOP-7", "SHOP-8"}
    assert items["SHOP-7"].labels == ()
    assert items["SHOP-7"].state is ItemState.DONE
    assert len(jira.requests) - before == 2
    assert not again.whole
    assert again.next["since"] >= plan.next["since"]


def test_a_late_index_loses_nothing(jira: JiraStandIn, connector: JiraConnector) -> None:
    plan = connector.plan(SCOPE, None)
    put(jira, 7, updated=datetime.now(UTC))
    put(jira, 8, updated=datetime.now(UTC))
    release = jira.lag_until("SHOP-7")
    second = connector.plan(SCOPE, plan.next)
    assert [item.key for item in pull(connector, SCOPE, second)] == ["SHOP-8"]
    release()
    assert "SHOP-7" in {item.key for item in pull(connector, SCOPE, connector.plan(SCOPE, second.next))}


def test_a_moved_issue_keeps_its_identity(jira: JiraStandIn) -> None:
    connector, pay = connect(jira, projects=["SHOP", "PAY"]), Scope("shop", "PAY")
    cursor = connector.plan(pay, None).next
    key = jira.move_issue("SHOP-7", "PAY", updated=datetime.now(UTC))
    (moved,) = pull(connector, pay, connector.plan(pay, cursor))
    assert (moved.id, moved.key, moved.project) == ("10007", key, "PAY")
    assert "10007" not in census(connector)
    assert "10007" in census(connector, pay)
    connector.close()


def test_a_deleted_issue_is_not_in_the_census_and_cannot_be_fetched(
    jira: JiraStandIn, connector: JiraConnector
) -> None:
    jira.delete_issue("SHOP-7")
    assert set(census(connector)) == ALL - {"10007"}
    fetched = [item.id for page in connector.fetch(SCOPE, ["10006", "10007", "10008"]) for item in page.items]
    assert sorted(fetched) == ["10006", "10008"]


def test_a_withdrawn_permission_is_not_empty(jira: JiraStandIn, connector: JiraConnector) -> None:
    connector.describe()
    jira.revoke("SHOP")
    for call in (lambda: connector.plan(SCOPE, None), lambda: census(connector)):
        with pytest.raises(SourceError, match=r"shop:SHOP.*no project SHOP"):
            call()
    jira.restore("SHOP")
    assert set(census(connector)) == ALL


@pytest.mark.parametrize("mode", ["401", "anonymous"])
@pytest.mark.parametrize("known", [True, False])
def test_an_expired_token_is_not_empty(jira: JiraStandIn, connector: JiraConnector, mode: Any, known: bool) -> None:
    if known:
        (shard,) = connector.plan(SCOPE, None).shards
        jira.expire_token(mode)
        with pytest.raises(AuthError, match="shop:SHOP"):
            list(connector.pages(SCOPE, shard, None))
    jira.expire_token(mode)
    for call in (lambda: connector.plan(SCOPE, None), lambda: census(connector)):
        with pytest.raises(AuthError, match="shop") as caught:
            call()
        assert jira.token not in str(caught.value)


def test_a_renamed_project_is_found_by_its_old_key(jira: JiraStandIn, connector: JiraConnector) -> None:
    before = connector.plan(SCOPE, None).next
    jira.rename_project("SHOP", "STORE")
    # No issue counts as updated by that, but all have another key now.
    plan = connector.plan(SCOPE, before)
    assert plan.scope_name == "STORE"
    assert {item.project for item in pull(connector, SCOPE, plan)} == {"STORE"}
    assert set(census(connector)) == ALL


def test_a_query_of_the_users_own(jira: JiraStandIn) -> None:
    connector = connect(jira, jql="key = PAY-1 OR labels = activation AND project = SHOP ORDER BY key DESC")
    scope = Scope("shop", "jql")
    plan = connector.plan(scope, None)
    assert len(pull(connector, scope, plan)) == connector.count(scope) == len(census(connector, scope)) == 126
    # The brackets matter: AND binds closer than OR.
    assert pull(connector, scope, connector.plan(scope, plan.next)) == []
    connector.close()


def test_a_query_that_jira_refuses(jira: JiraStandIn) -> None:
    connector, scope = connect(jira, jql="project = NOPE"), Scope("shop", "jql")
    with pytest.raises(SourceError, match=r"shop:jql.*400.*NOPE"):
        pull(connector, scope, connector.plan(scope, None))
    with pytest.raises(SourceError, match=r"shop:jql.*400"):
        census(connector, scope)
    connector.close()


def test_milestones_and_custom_fields(jira: JiraStandIn, connector: JiraConnector) -> None:
    sprint = {"id": 12, "name": "A, b [x]", "state": "closed", "completeDate": "2026-10-14T20:00:00.000Z"}
    text = "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=12,rapidViewId=1,state=CLOSED,name=A, b [x],"
    text += "startDate=<null>,endDate=<null>,completeDate=2026-10-14T20:00:00.000Z,sequence=12,goal=]"
    version = {"id": "7", "name": "2.0", "released": True, "archived": False, "releaseDate": "2026-11-01"}
    jira.versions["10"] = [version]
    fields = {
        "customfield_10020": [sprint if jira.cloud else text],
        "customfield_10014": "SHOP-1",
        "fixVersions": [version],
    }
    put(jira, 1, issuetype={"id": "9", "name": "Epic", "subtask": False}, customfield_10011="Checkout")
    put(jira, 2, customfield_10024=3.0, **fields)
    pages = [page for shard in connector.plan(SCOPE, None).shards for page in connector.pages(SCOPE, shard, None)]
    items = {item.key: item for page in pages for item in page.items}
    story = items["SHOP-2"]
    assert (story.parent_key, story.points, story.sprints, story.versions) == ("SHOP-1", 3.0, ("A, b [x]",), ("2.0",))
    assert items["SHOP-1"].level == 1
    day = datetime(2026, 11, 1).date()  # noqa: DTZ001 - a day, not a moment
    assert [milestone for page in pages for milestone in page.milestones] == [
        Milestone("7", "version", "SHOP", "2.0", "closed", None, day, day, f"{jira.url}/projects/SHOP/versions/7"),
        Milestone("12", "sprint", None, "A, b [x]", "closed", closed=datetime(2026, 10, 15).date()),  # noqa: DTZ001
    ]


def test_a_forgotten_token_starts_the_shard_again(jira: JiraStandIn, connector: JiraConnector) -> None:
    if not jira.cloud:
        pytest.skip("Data Center has no tokens")
    (shard,) = connector.plan(SCOPE, None).shards
    with pytest.raises(CursorExpired):
        list(connector.pages(SCOPE, shard, {"token": "long gone"}))


def test_short_pages_lose_nothing(jira: JiraStandIn, connector: JiraConnector) -> None:
    jira.page_limit, jira.short_pages = 30, True
    (shard,) = connector.plan(SCOPE, None).shards
    pages = list(connector.pages(SCOPE, shard, None))
    assert len(pages) > 8
    assert {item.id for page in pages for item in page.items} == ALL
    assert set(census(connector)) == ALL


def test_deletions_while_paging_lose_nothing(jira: JiraStandIn, connector: JiraConnector) -> None:
    """A deletion and a new issue at once leave the total as it was, but move every offset."""
    jira.page_limit = 50
    (shard,) = connector.plan(SCOPE, None).shards
    found = set()
    for number, page in enumerate(connector.pages(SCOPE, shard, None), start=1):
        found |= {item.id for item in page.items}
        if number == 2:
            jira.delete_issue("SHOP-1")
            put(jira, 251)
    assert found >= ALL - ({"10001"} if jira.cloud else set())


def test_a_rate_limit_is_waited_for(jira: JiraStandIn, connector: JiraConnector) -> None:
    refused = []

    def once(request: Any) -> Response | None:
        if "search" not in request.path or refused:
            return None
        refused.append(request.path)
        return Response(429, {"errorMessages": ["slow down"]}, {"Retry-After": "0"})

    jira.faults.append(once)
    assert set(census(connector)) == ALL
    assert refused


def test_a_server_that_asks_for_too_long_a_pause_fails_the_scope(jira: JiraStandIn, connector: JiraConnector) -> None:
    jira.faults.append(lambda request: Response(429, {}, {"Retry-After": "3600"}))
    with pytest.raises(RetryableError, match=r"429.*3600 s, which is too long") as caught:
        connector.plan(SCOPE, None)
    assert caught.value.retry_after == pytest.approx(3600, abs=5)


@needs_contracts
def test_requests_are_as_the_vendor_describes_them(
    jira: JiraStandIn, connector: JiraConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SMALL", 40)
    plan = connector.plan(SCOPE, None)
    pull(connector, SCOPE, plan)
    pull(connector, SCOPE, connector.plan(SCOPE, plan.next))
    census(connector)
    jira.delete_issue("SHOP-7")
    list(connector.fetch(SCOPE, ["10006", "10007"]))
    asked = {request.path for request in jira.requests}
    assert len(asked) >= 7
    description = CONTRACTS / ("jira-cloud-v3.json" if jira.cloud else "jira-dc-10.3.json")
    for request in jira.requests:
        # The version is the only thing in which the descriptions differ for what both know.
        path = request.path.replace("/rest/api/2/", "/rest/api/3/") if jira.cloud else request.path
        validate_request(description, request.method, path, request.query, request.json(), loose=not jira.cloud)


class TestContract(ConnectorContract):
    """What every connector must do."""

    @pytest.fixture
    def connector(self, jira: JiraStandIn) -> Iterator[JiraConnector]:
        made = connect(jira, projects=["SHOP", "PAY"])
        yield made
        made.close()

    @pytest.fixture
    def change(self, jira: JiraStandIn) -> Callable[[], str]:
        def alter() -> str:
            put(jira, 7, updated=datetime.now(UTC), labels=["new"])
            return "10007"

        return alter
