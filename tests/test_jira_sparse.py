"""A Jira behind a gateway that lets little through: only GET, and no endpoint beside what a search needs."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from okrsync_jira import JiraConnector

from okrsync.connector import ConnectorContext
from okrsync.errors import SourceError
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response

FIELDS = {
    "summary": "A title",
    "project": {"id": "10000", "key": "SHOP", "name": "Shop"},
    "issuetype": {"id": "1", "name": "Story", "subtask": False},
    "status": {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new"}},
    "created": "2026-10-05T10:00:00.000+0000",
    "updated": "2026-10-05T10:00:00.000+0000",
}


def gateway(request: Request) -> Response | None:
    """What the gateway answers itself; None for what it lets through."""
    if request.method != "GET":
        return Response(501, json={"errorMessages": ["only GET here"]})
    last = request.path.rstrip("/").rpartition("/")[2]
    if last in {"myself", "serverInfo", "jql", "search"}:
        return None
    return Response(404, json={"errorMessages": ["not here"]})


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_issues_are_read_with_get_and_without_further_endpoints(deployment: str) -> None:
    with JiraStandIn(deployment=deployment) as jira:
        jira.add_project("SHOP", "Shop", "10000", "classic")
        for number in range(1, 4):
            jira.put_issue({"id": str(number), "key": f"SHOP-{number}", "fields": FIELDS})
        jira.faults.append(gateway)
        notes: list[str] = []
        auth = {"token": jira.token} if deployment == "server" else {"email": jira.email, "token": jira.token}
        settings = JiraConnector.Settings.model_validate(
            {"type": "jira", "url": jira.url, "auth": auth, "projects": ["SHOP", "GONE"]}
        )
        context = ConnectorContext("j", Path(), ZoneInfo("UTC"), on_note=notes.append)
        connector = JiraConnector(settings, context)
        shop, gone = connector.scopes()
        plan = connector.plan(shop, None)
        found = [
            item.key for shard in plan.shards for page in connector.pages(shop, shard, None) for item in page.items
        ]
        assert sorted(found) == ["SHOP-1", "SHOP-2", "SHOP-3"]
        assert sorted(id_ for batch in connector.census(shop) for id_ in batch) == ["1", "2", "3"]
        assert [item.key for page in connector.fetch(shop, ["2"]) for item in page.items] == ["SHOP-2"]
        assert any("versions" in note for note in notes)
        with pytest.raises(SourceError, match="shows no project GONE"):
            connector.plan(gone, None)
        connector.close()
