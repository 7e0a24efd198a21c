"""GitHub where GraphQL is refused: chains side by side, and requests that ask only whether anything changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from okrsync.errors import SourceError
from okrsync.model import Reference, ReferenceKind
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.server import Request, Response
from tests.github_source import SCOPE, connected, fill_in, minute, pull_all

STORE = "acme/storefront"


@pytest.fixture
def github() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(record=True, graphql=False) as stand_in:
        stand_in.add_repo(STORE, id=7, created_at=minute(0))
        yield stand_in


@pytest.mark.parametrize("largest_page", [None, 1])
def test_a_large_repository_is_read_in_chains_side_by_side(
    github: GitHubStandIn, largest_page: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okrsync_github.rest_planning._ITEMS_A_CHAIN", 20)
    monkeypatch.setattr("okrsync_github.rest_planning.MOST_CHAINS", 9)
    github.largest_page = largest_page
    fill_in(github, 240)
    # Updated at the very end of a chain, and before the repository was made (by an importer).
    github.put_issue(STORE, {"number": 500, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"})
    with connected(github.url) as connector:
        plan = connector.plan(SCOPE, None)
        chains = [shard for shard in plan.shards if shard.id != "milestones"]
        github.put_issue(STORE, {"number": 241, "updated_at": chains[3].params["until"]})
        pages = {shard.id: list(connector.pages(SCOPE, shard, None)) for shard in chains}
        assert len(chains) == 9
        found = Counter(item.id for read in pages.values() for page in read for item in page.items)
        assert set(found) == {*(f"7/{number}" for number in range(1, 242)), "7/500"}
        assert set(found.values()) == {1}
        assert [shard.id for shard in connector.plan(SCOPE, None).shards] == [shard.id for shard in plan.shards]
    assert github.count("/repos/acme/storefront/pulls") - 80 <= 3, "one list of all pull requests for all chains"
    contains = Reference(ReferenceKind.CONTAINS, f"{3:040x}")
    assert any(contains in item.references for read in pages.values() for page in read for item in page.items)


@pytest.mark.parametrize(
    ("change", "shards"),
    [
        (lambda github: None, []),
        (lambda github: github.put_issue(STORE, {"number": 1, "title": "New", "updated_at": minute(999)}), ["issues"]),
        (lambda github: github.put_milestone(STORE, {"number": 1, "title": "v3"}), ["milestones"]),
        (lambda github: github.put_release(STORE, {"id": 5, "tag_name": "v9"}), ["milestones"]),
        (lambda github: github.repo(STORE).given.update(description="pushed"), []),
    ],
)
def test_only_what_changed_is_read(github: GitHubStandIn, change: Any, shards: list[str]) -> None:
    fill_in(github, 5)
    github.put_milestone(STORE, {"number": 1, "title": "v2"})
    github.put_release(STORE, {"id": 5, "tag_name": "v1", "published_at": minute(5)})
    with connected(github.url) as connector:
        cursor = pull_all(connector).plan.next | {"since": minute(900)}
        change(github)
        pulled = pull_all(connector, cursor)
        assert [shard.id for shard in pulled.plan.shards] == shards
        assert not pulled.plan.whole
        assert [item.title for item in pulled.items.values()] == (["New"] if shards == ["issues"] else [])
        assert bool(pulled.milestones) is (shards == ["milestones"])
        # And then nothing.
        github.answers.clear()
        assert connector.plan(SCOPE, pulled.plan.next | {"since": minute(2000)}).shards == ()
    assert {answer.status for _, answer in github.answers} <= {304}


def test_more_milestones_than_a_page_are_read_from_their_list(github: GitHubStandIn) -> None:
    for number in range(1, 131):
        github.put_milestone(STORE, {"number": number, "title": f"v{number}"})
    with connected(github.url) as connector:
        assert len(pull_all(connector).milestones) == 130
    github.graphql = True
    with connected(github.url) as connector:
        pulled = pull_all(connector)
        assert len(pulled.milestones) == 130
        assert connector.plan(SCOPE, pulled.plan.next).shards == ()


def test_a_proxy_of_the_environment_is_used(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", github.url)
    monkeypatch.setenv("NO_PROXY", "")
    fill_in(github, 1)
    with connected("http://hub.example") as connector:
        assert len(pull_all(connector).items) == 1


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b"7", b'"OK"'])
@pytest.mark.parametrize("answered", range(12))
@pytest.mark.parametrize("graphql", [False, True])
def test_an_answer_of_another_kind_is_an_error_and_never_nothing(body: bytes, answered: int, graphql: bool) -> None:
    """Whichever request it answers: what it should have told is not taken for missing."""
    with GitHubStandIn(record=True, graphql=graphql) as github:
        github.add_repo(STORE, id=7, created_at=minute(0))
        fill_in(github, 9)
        github.put_milestone(STORE, {"number": 1, "title": "v2"})
        with connected(github.url) as connector:
            whole = pull_all(connector)
            begun = len(github.requests)

            def other(request: Request) -> Response | None:
                wrong = len(github.requests) - begun == answered + 1
                return Response(200, body=body, headers={"Content-Type": "application/json"}) if wrong else None

            github.faults.append(other)
            with suppress(SourceError):
                pulled = pull_all(connector)
                # An empty list is an answer that lists may have: releases, commits of a pull request.
                if body != b"[]":
                    assert pulled.items == whole.items
                    assert pulled.milestones == whole.milestones


@pytest.mark.parametrize(
    ("status", "location", "left_out"),
    [
        (301, "/repositories/9/issues/4", True),  # GitHub's own, of an issue that was transferred
        (301, "https://sso.example/repositories/9/issues/4", False),
        (302, "/login?return_to=%2Frepos", False),
        (301, "/", False),
    ],
)
def test_only_a_redirect_to_another_issue_tells_that_it_was_transferred(
    github: GitHubStandIn, status: int, location: str, left_out: bool
) -> None:
    fill_in(github, 3)

    def moved(request: Request) -> Response | None:
        return Response(status, {}, {"Location": location}) if request.path.endswith("/issues/2") else None

    with connected(github.url) as connector:
        connector.plan(SCOPE, None)
        github.faults.append(moved)
        pages = connector.fetch(SCOPE, ["7/1", "7/2", "7/3"])
        if left_out:
            assert [item.id for page in pages for item in page.items] == ["7/1", "7/3"]
        else:
            with pytest.raises(SourceError, match=r"another host|no issue"):
                list(pages)
