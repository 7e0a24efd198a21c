"""A sync that ended half-way asks for the rest only: requests are counted, against the stand-ins of all services."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import okrsync_jira
import pytest
from okrsync_github import counting, planning, reader
from okrsync_jira import slices

from okrsync.connector import SourceSettings
from okrsync.opening import SyncOptions
from okrsync.plugins import CONNECTORS, load
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response
from okrsync.store.engine import open_store
from okrsync.sync import sync
from tests.github_source import fill_in
from tests.test_jira_requests import put
from tests.test_jira_requests import settings as jira_settings

ITEMS = 1000


class Nobody:
    def __getattr__(self, name: str) -> Any:
        return lambda *told: None


@pytest.fixture(params=["cloud", "server", "github"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, SourceSettings]]:
    """A service of a thousand items, of which a page holds ten, and the settings of a source there."""
    for module, name, size in (
        (slices, "PAGE", 10),
        (slices, "SMALL", 30),
        (okrsync_jira, "PAGE", 10),
        (reader, "SLICE", 10),
        # Imported before anything is patched: a module that first comes now would keep the patched values for good.
        (planning, "SLICE", 10),
        (counting, "CENSUS_SLICE", 25),  # a census, which is not due, would show
    ):
        monkeypatch.setattr(module, name, size)
    if request.param == "github":
        with GitHubStandIn(record=True) as github:
            github.add_repo("acme/storefront", id=7)
            fill_in(github, ITEMS)
            given: dict[str, Any] = {"auth": {"token": "sandbox-token"}, "repos": ["acme/storefront"]}
            yield github, load(CONNECTORS, "github").Settings(type="github", url=github.url, **given)
        return
    jira = JiraStandIn(request.param)
    jira.add_project("SHOP", "Shop", "1")
    for number in range(1, ITEMS + 1):
        put(jira, 10_000 + number, f"SHOP-{number}", 50 * number)
    with jira:
        yield jira, jira_settings(jira)


def test_the_rest_costs_at_most_55_percent_of_the_requests(service: tuple[Any, SourceSettings], tmp_path: Path) -> None:
    stand_in, settings = service
    options = SyncOptions(tmp_path, ZoneInfo("UTC"), census=timedelta(days=1), jobs=4)
    engines = [open_store(f"sqlite:///{tmp_path / name}.db") for name in ("whole", "halves")]
    (result,) = sync(engines[0], {"source": settings}, options, Nobody())
    assert (result.items, result.error) == (ITEMS, None)
    whole = len(stand_in.requests)

    def after_half(request: Request) -> Response | None:
        return Response(401, {"message": "no"}) if len(stand_in.requests) > whole / 2 + 4 else None

    stand_in.requests.clear()
    stand_in.faults.append(after_half)
    (half,) = sync(engines[1], {"source": settings}, options, Nobody())
    assert half.error is not None
    assert half.items >= 0.45 * ITEMS
    stand_in.faults.clear()
    stand_in.requests.clear()
    (rest,) = sync(engines[1], {"source": settings}, options, Nobody())
    assert rest.error is None
    assert half.items + rest.items >= ITEMS
    assert len(stand_in.requests) <= 0.55 * whole
    for engine in engines:
        engine.dispose()
