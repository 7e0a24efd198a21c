"""The GitHub connector end to end against the stand-in on loopback, and single exchanges that no stand-in plays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import responses
from okrsync_github import GitHubConnector, Settings
from okrsync_github.client import GitHubClient
from pydantic import ValidationError

import okrsync.http
from okrsync.connector import Shard
from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.model import ItemKind, Reference, ReferenceKind, WorkItem
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.server import Request, Response
from okrsync.testing import ConnectorContract
from tests.contracts import CONTRACTS, github_schema, needs_contracts, validate_request
from tests.github_source import API, SCOPE, Heard, census, connected, minute, pull_all
from tests.github_source import fill_in as fill

SAME = {"repository": 7, "name": "acme/storefront"}
REFUSED = {"json": {"message": "Not Found"}, "status": 404}
both = pytest.mark.parametrize("graphql", [True, False], ids=["graphql", "rest"])


@pytest.fixture
def github() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(record=True) as stand_in:
        stand_in.add_repo("acme/storefront", id=7)
        yield stand_in


class TestContract(ConnectorContract):
    graphql = True

    @pytest.fixture
    def connector(self, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubConnector]:
        monkeypatch.setattr("okrsync_github.planning.MOST_SHARDS", 2)
        github.graphql = self.graphql
        fill(github)
        github.put_milestone("acme/storefront", {"number": 1, "title": "v2"})
        github.put_release("acme/storefront", {"id": 5, "tag_name": "v1", "published_at": minute(5)})
        with connected(github.url) as connector:
            yield connector

    @pytest.fixture
    def change(self, github: GitHubStandIn) -> Callable[[], str]:
        def add() -> str:
            return f"7/{github.put_issue('acme/storefront', {'updated_at': '2099-01-01T00:00:00Z'})}"

        return add


class TestContractOverRest(TestContract):
    graphql = False


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "ftp://x"}, "no http(s) address"),
        ({"url": "https://"}, "no http(s) address"),
        ({"url": "https://h:99999/"}, "no http(s) address"),
        ({"url": "https://bot:secret@h/api/v3"}, "give them under auth"),
        ({"url": "https://h/api/v3?x=1"}, "neither ? nor #"),
        ({"url": "https://github.com"}, "the API is https://api.github.com"),
        ({"repos": []}, "either repos or org"),
        ({"org": "acme"}, "either repos or org"),
        ({"repos": None, "org": "https://github.com/acme"}, "organisation"),
        ({"repos": ["https://github.com/acme/x"]}, "write owner/name"),
        ({"repos": ["acme/.."]}, "write owner/name"),
        ({"repos": ["acme/x", "Acme/X"]}, "named twice"),
        ({"auth": {}}, "give token, or app_id"),
        ({"auth": {"token": " "}}, "is empty"),
        ({"auth": {"token": "a b"}}, "holds blanks"),
        ({"auth": {"token": "secret", "app_id": 1}}, "not both"),
        ({"auth": {"app_id": 1, "private_key": "-----BEGIN X"}}, "give token, or app_id"),
        ({"auth": {"app_id": 1, "private_key": "secret", "installation_id": 2}}, "no key in PEM form"),
        ({"tokens": 1}, "Extra inputs"),
        ({"auth": {"token": "x", "tokn": 1}}, "Extra inputs"),
    ],
)
def test_wrong_settings_are_refused_without_showing_a_secret(given: dict[str, Any], said: str) -> None:
    base = {"type": "github", "auth": {"token": "x"}, "repos": ["acme/storefront"]}
    if given.get("repos", 0) is None:
        del base["repos"]
        given = {"org": given["org"]}
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(base | given)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_settings_as_users_write_them() -> None:
    settings = Settings.model_validate(
        {
            "type": "github",
            "url": "https://github.acme.example/api/v3/",
            "auth": {"app_id": "12", "private_key": "-----BEGIN\\nx", "installation_id": "34"},
            "org": "acme",
        }
    )
    assert settings.url == "https://github.acme.example/api/v3"
    assert settings.auth.private_key is not None
    assert settings.auth.private_key.get_secret_value() == "-----BEGIN\nx"
    assert settings.auth.installation_id == 34
    token = Settings.model_validate({"type": "github", "auth": {"token": " ghp_x\n"}, "repos": ["a/b"]}).auth.token
    assert token is not None
    assert token.get_secret_value() == "ghp_x"
    assert "ghp_x" not in repr(token)


# --- the whole job ----------------------------------------------------------------------------------------------------


def test_everything_is_read_once_and_then_only_what_changed(github: GitHubStandIn) -> None:
    fill(github)
    github.put_milestone("acme/storefront", {"number": 1, "title": "v2", "due_on": "2026-10-31T07:00:00Z"})
    github.put_release("acme/storefront", {"id": 5, "tag_name": "v1", "published_at": minute(5)})
    with connected(github.url) as connector:
        first = pull_all(connector)
        assert first.plan.whole
        assert first.times == 250
        assert first.plan.scope_name == "acme/storefront"
        assert set(first.items) == {f"7/{n}" for n in range(1, 251)}
        assert {(each.kind, each.name) for each in first.milestones.values()} == {
            ("milestone", "v2"),
            ("release", "v1"),
        }
        merged = first.items["7/3"]
        assert (merged.kind, merged.resolution) == (ItemKind.PULL_REQUEST, "merged")
        assert Reference(ReferenceKind.CLOSES, "acme/storefront#2") in merged.references
        assert Reference(ReferenceKind.CONTAINS, f"{3:040x}") in merged.references
        assert census(connector) == [f"7/{n}" for n in range(1, 251)]
        assert connector.count(SCOPE) == 250

        again = pull_all(connector, {**first.plan.next, "since": minute(249)})
        assert not again.plan.whole
        assert set(again.items) == {"7/249", "7/250"}


@pytest.mark.parametrize(("graphql", "first", "again"), [(True, 4, 1), (False, 92, 5)], ids=["graphql", "rest"])
def test_what_a_sync_costs(github: GitHubStandIn, graphql: bool, first: int, again: int) -> None:
    """First a query for the plan and one for each hundred. Over REST: a refused query, four requests for the plan,
    three hundreds of issues, one of pull requests, the commits of each of these 83; then only the count is not free."""
    github.graphql = graphql
    fill(github)
    with connected(github.url) as connector:
        pulled = pull_all(connector)
    assert len(github.requests) == first
    github.requests.clear()
    github.answers.clear()
    with connected(github.url) as connector:
        cursor = pulled.plan.next | {"since": minute(1000)}
        nothing = connector.plan(SCOPE, cursor)
        assert nothing.shards == ()
        assert connector.count(SCOPE) == 250
    paid = [answer for _, answer in github.answers if answer.status not in (304, 404)]
    assert len(github.requests) - (not graphql) == again
    assert len(paid) == 1
    assert {key: value for key, value in nothing.next.items() if key != "since"} == {
        key: value for key, value in cursor.items() if key != "since"
    }


@both
@responses.activate
def test_the_next_run_reaches_back_behind_this_one_by_the_servers_clock(graphql: bool) -> None:
    clock = {"Date": "Fri, 20 Nov 2026 08:00:00 GMT"}
    repository = {
        "databaseId": 7, "nameWithOwner": "acme/storefront", "url": "https://github.com/acme/storefront",
        "hasIssuesEnabled": True, "issueCount": {"totalCount": 0}, "pullCount": {"totalCount": 0},
    }  # fmt: skip
    answer = {"json": {"data": {"repository": repository}}, "headers": clock} if graphql else REFUSED
    responses.post(f"{API}/graphql", **answer)
    responses.get(f"{API}/repos/acme/storefront", json={"id": 7, "full_name": "acme/storefront"}, headers=clock)
    for name in ("issues", "milestones", "releases"):
        responses.get(f"{API}/repos/acme/storefront/{name}", json=[])
    with connected() as connector:
        found = connector.plan(SCOPE, None).next
    assert found["since"] == "2026-11-20T07:58:00Z"
    assert found.items() >= SAME.items()


def test_what_changes_between_two_pages_is_not_skipped(github: GitHubStandIn) -> None:
    """Somebody comments on issues of a page that was read already: by offset, the next page would skip as many."""
    github.graphql = False
    fill(github)
    touched: list[int] = []
    later = [1000]

    def answer_then_comment(request: Request) -> Response:
        answer = github.handle(request)
        if request.path.endswith("/issues") and len(touched) < 90:
            for n in range(len(touched) + 1, len(touched) + 31):
                kind = github.put_issue if n % 3 else github.put_pull
                kind("acme/storefront", {"number": n, "updated_at": minute(later[0] + n)})
                touched.append(n)
        return answer

    github.faults.append(answer_then_comment)
    with connected(github.url) as connector:
        pulled = pull_all(connector)
        assert touched
        assert set(pulled.items) == {f"7/{n}" for n in range(1, 251)}
        assert all(pulled.items[f"7/{n}"].updated_at.minute == (1000 + n) % 60 for n in touched)

        touched.clear()
        later[0] = 2000
        assert sorted(census(connector)) == sorted(f"7/{n}" for n in range(1, 251))


def test_more_than_a_page_of_one_second_is_read_by_the_link(github: GitHubStandIn) -> None:
    github.graphql = False
    for n in range(1, 331):
        stamp = minute(1) if n <= 250 else minute(n)
        github.put_issue("acme/storefront", {"number": n, "created_at": minute(0), "updated_at": stamp})
    with connected(github.url) as connector:
        assert set(pull_all(connector).items) == {f"7/{n}" for n in range(1, 331)}
        assert sorted(census(connector)) == sorted(f"7/{n}" for n in range(1, 331))


@both
def test_a_shard_goes_on_where_a_stored_page_ended(
    github: GitHubStandIn, graphql: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okrsync_github.planning.MOST_SHARDS", 1)
    github.graphql = graphql
    fill(github)
    with connected(github.url) as connector:
        plan = connector.plan(SCOPE, None)
        pages = connector.pages(SCOPE, plan.shards[0], None)
        first = next(pages)
        pages.close()
        rest = list(connector.pages(SCOPE, plan.shards[0], json.loads(json.dumps(first.cursor))))
    assert {item.id for page in [first, *rest] for item in page.items} == {f"7/{n}" for n in range(1, 251)}
    assert "7/1" not in {item.id for page in rest for item in page.items}


def test_shards_are_read_side_by_side(github: GitHubStandIn) -> None:
    fill(github, 90)
    with connected(github.url) as connector, ThreadPoolExecutor(4) as pool:
        plan = connector.plan(SCOPE, None)
        read = [pool.submit(lambda: list(connector.pages(SCOPE, plan.shards[0], None))) for _ in range(4)]
        pages = [future.result() for future in read]
    assert all(page == pages[0] for page in pages)


# --- what befalls a repository ----------------------------------------------------------------------------------------


@both
def test_a_renamed_repository_keeps_its_identity(github: GitHubStandIn, graphql: bool) -> None:
    github.graphql = graphql
    fill(github, 130)
    with connected(github.url) as connector:
        plan = connector.plan(SCOPE, None)
        github.rename_repo("acme/storefront", "acme/shop")
        # Renamed after the plan: the redirect's query must not get lost, closed issues would be missing.
        late = {item.id for shard in plan.shards for page in connector.pages(SCOPE, shard, None) for item in page.items}
        assert late == {f"7/{n}" for n in range(1, 131)}

        pulled = pull_all(connector, plan.next)
        assert pulled.plan.scope_name == "acme/shop"
        # No issue counts as updated by the rename, but all have another key now.
        assert pulled.plan.whole
        item = pulled.items["7/1"]
    assert (item.key, item.project, item.former_keys) == ("acme/shop#1", "acme/shop", ("acme/storefront#1",))


@both
def test_a_repository_made_anew_under_the_name_is_read_whole(github: GitHubStandIn, graphql: bool) -> None:
    github.graphql = graphql
    with connected(github.url) as connector:
        assert connector.plan(SCOPE, {"since": minute(5), **SAME, "repository": 6}).whole
        assert not connector.plan(SCOPE, {"since": minute(5), **SAME}).whole


@both
def test_deleted_transferred_relabelled(github: GitHubStandIn, graphql: bool) -> None:
    github.graphql = graphql
    github.add_repo("acme/other", id=8)
    fill(github, 8)
    github.put_issue("acme/storefront", {"number": 4, "labels": ["activation", "bug"]})
    with connected(github.url) as connector:
        assert pull_all(connector).items["7/4"].labels == ("activation", "bug")
        github.delete_issue("acme/storefront", 1)
        github.transfer_issue("acme/storefront", 2, "acme/other")
        github.put_issue("acme/storefront", {"number": 4, "labels": ["bug"], "updated_at": minute(99)})
        assert pull_all(connector, {"since": minute(90), **SAME}).items["7/4"].labels == ("bug",)
        assert sorted(census(connector)) == [f"7/{n}" for n in (3, 4, 5, 6, 7, 8)]
        fetched = list(connector.fetch(SCOPE, ["7/1", "7/2", "7/3", "7/4", "7/99", "6/3"]))
    assert [item.id for page in fetched for item in page.items] == ["7/3", "7/4"]
    assert Reference(ReferenceKind.CONTAINS, f"{3:040x}") in fetched[0].items[0].references


@both
def test_a_withdrawn_permission_is_not_an_empty_repository(github: GitHubStandIn, graphql: bool) -> None:
    github.graphql = graphql
    fill(github, 3)
    with connected(github.url) as connector:
        plan = connector.plan(SCOPE, None)
        github.revoke("acme/storefront")
        for read in (
            lambda: connector.plan(SCOPE, None),
            lambda: census(connector),
            lambda: list(connector.pages(SCOPE, plan.shards[0], None)),
            lambda: connector.count(SCOPE),
            lambda: list(connector.fetch(SCOPE, ["7/1"])),
        ):
            with pytest.raises(SourceError):
                read()
        with pytest.raises(SourceError, match=r"acme/storefront is missing at .*, or the token has no access"):
            connector.plan(SCOPE, None)
        github.restore("acme/storefront")
        github.expire_token()
        with pytest.raises(AuthError, match=r"401: Bad credentials\. Check the token"):
            connector.plan(SCOPE, None)


@both
def test_disabled_issues_leave_the_pull_requests(github: GitHubStandIn, graphql: bool) -> None:
    github.graphql = graphql
    fill(github, 12)
    github.repo("acme/storefront").given["has_issues"] = False
    heard = Heard()
    github.faults.append(
        lambda request: (
            Response(410, {"message": "Issues are disabled for this repo"})
            if request.path.endswith("/issues")
            else None
        )
    )
    with connected(github.url, heard) as connector:
        expected = {"7/3", "7/6", "7/9", "7/12"}
        pulled = pull_all(connector)
        assert set(pulled.items) == expected
        assert Reference(ReferenceKind.CONTAINS, f"{9:040x}") in pulled.items["7/9"].references
        assert pulled.items["7/3"].resolution == "merged"
        assert set(census(connector)) == expected
        assert set(pull_all(connector, {"since": minute(8), **SAME}).items) == {"7/9", "7/12"}
        assert connector.count(SCOPE) == (4 if graphql else None)
    assert any("issues disabled" in note for note in heard.notes)


def test_an_organisations_repositories_without_forks(github: GitHubStandIn) -> None:
    for n in range(105):
        github.add_repo(f"acme/r{n}", archived=n == 3)
    github.add_repo("acme/fork", fork=True)
    github.add_repo("other/x")
    with connected(github.url, org="acme") as connector:
        scopes = connector.scopes()
    assert {scope.id for scope in scopes} == {"acme/storefront", *(f"acme/r{n}" for n in range(105))}
    with connected(github.url, org="nobody") as connector, pytest.raises(SourceError, match="no organisation 'nobody'"):
        connector.scopes()


# --- GraphQL and what stands in for it --------------------------------------------------------------------------------


def _items(github: GitHubStandIn, heard: Heard | None = None) -> dict[str, WorkItem]:
    """What a first sync finds, with references in one order."""
    with connected(github.api_url, heard) as connector:
        return {
            id_: msgspec.structs.replace(
                item, references=tuple(sorted(item.references, key=lambda ref: (ref.kind, ref.target)))
            )
            for id_, item in pull_all(connector).items.items()
        }


def test_rest_alone_finds_the_same(github: GitHubStandIn) -> None:
    fill(github)
    expected = _items(github)
    github.graphql = False
    heard = Heard()
    assert _items(github, heard) == expected
    assert len(heard.notes) == 1
    assert "read from REST instead" in heard.notes[0]
    assert not any(re.search(r"/pulls/\d+$", request.path) for request in github.requests), "listed, not one by one"
    with connected(github.url) as connector:
        assert connector.count(SCOPE) == 250
    github.largest_page = 1
    with connected(github.url) as connector:
        assert connector.count(SCOPE) is None, "the lists of a large repository have no numbered pages"


def test_what_a_cut_answer_leaves_out_is_asked_for_again(github: GitHubStandIn) -> None:
    fill(github, 60)
    expected = _items(github)
    github.requests.clear()
    cut = iter([1, 1])

    def cut_short(request: Request) -> None:
        if b"issueOrPullRequest" in request.body:
            github.cut_short_next = next(cut, 0)

    github.faults.append(cut_short)
    assert _items(github) == expected
    assert {request.path for request in github.requests} == {"/graphql"}
    assert next(cut, None) is None


def test_what_an_error_points_at_is_read_from_rest(github: GitHubStandIn) -> None:
    """A merge commit may be missing for good reason; here it is missing because of an error."""
    fill(github, 10)
    expected = _items(github)

    def without_merge_commit(request: Request) -> Response | None:
        if not request.path.endswith("/graphql"):
            return None
        answer = github.handle(request)
        if "i3" not in answer.json["data"]["repository"]:
            return answer
        answer.json["data"]["repository"]["i3"]["mergeCommit"] = None
        error = {"message": "Something went wrong", "path": ["repository", "i3", "mergeCommit", "oid"]}
        return replace(answer, json=answer.json | {"errors": [error]})

    github.faults.append(without_merge_commit)
    github.requests.clear()
    assert _items(github) == expected
    assert [request.path for request in github.requests if re.search(r"/pulls/\d+$", request.path)] == [
        "/repos/acme/storefront/pulls/3"
    ]


def test_rest_lists_no_more_than_what_changed(github: GitHubStandIn) -> None:
    for n in range(1, 251):
        github.put_pull("acme/storefront", {"number": n, "created_at": minute(0), "updated_at": minute(n)})
    github.graphql = False
    with connected(github.url) as connector:
        assert len(pull_all(connector, {"since": minute(246), **SAME}).items) == 5
    assert github.count("/repositories/7/pulls") == 0


def test_a_pull_request_that_changed_after_it_was_listed_is_read_again(github: GitHubStandIn) -> None:
    fill(github)
    github.graphql = False

    def list_then_push(request: Request) -> Response | None:
        if request.path != "/repos/acme/storefront/pulls":
            return None
        answer = github.handle(request)
        github.put_pull("acme/storefront", {"number": 249, "head": "fix/shop-7-cart", "updated_at": minute(999)})
        return answer

    github.faults.append(list_then_push)
    with connected(github.url) as connector:
        item = pull_all(connector).items["7/249"]
    assert Reference(ReferenceKind.NAMES, "SHOP-7") in item.references


def test_a_query_that_is_too_heavy_is_halved(github: GitHubStandIn) -> None:
    fill(github, 60)
    expected = _items(github)
    sizes: list[int] = []

    def too_heavy(request: Request) -> Response | None:
        if not request.path.endswith("/graphql"):
            return None
        size = len(re.findall(r"i\d+:", request.json()["query"]))
        if size:
            sizes.append(size)
        return Response(502, body=b"<html>Bad Gateway</html>") if size > 5 else None

    github.faults.append(too_heavy)
    heard = Heard()
    assert _items(github, heard) == expected
    assert sizes[0] == 100
    assert sum(size for size in sizes if size <= 5) == 100
    assert heard == Heard()


def test_all_commits_and_all_closed_issues_are_read(github: GitHubStandIn) -> None:
    for n in range(1, 121):
        github.put_issue("acme/storefront", {"number": n, "updated_at": minute(1)})
    commits = [{"sha": f"{n:040x}", "message": "m", "date": minute(1), "author": "lin"} for n in range(1, 231)]
    github.put_pull(
        "acme/storefront",
        {"number": 121, "commits": commits, "closes": list(range(1, 121)), "updated_at": minute(2)},
    )
    with connected(github.url) as connector:
        item = pull_all(connector).items["7/121"]
    kinds = [reference.kind for reference in item.references]
    assert kinds.count(ReferenceKind.CLOSES) == 120
    assert {f"{n:040x}" for n in range(1, 231)} <= {reference.target for reference in item.references}


# --- limits and refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status"), [("primary", 403), ("primary", 429), ("secondary", 403), ("secondary", 429)]
)
def test_a_limit_is_waited_for_and_shown(github: GitHubStandIn, kind: Any, status: int) -> None:
    heard = Heard()
    github.rate_limit(1, kind, status, seconds=2)
    with connected(github.url, heard, org="acme") as connector:
        connector.scopes()
    assert len(heard.waits) == 1
    assert 0.5 < heard.waits[0][1] <= 2
    assert f"answered {status}" in heard.waits[0][0]
    assert "rate limit" in heard.waits[0][0].lower()


def test_graphql_over_its_limit_answers_200_and_is_waited_for() -> None:
    # An Enterprise Server names no limit before it is reached, so that none of its answers names another end.
    heard = Heard()
    with GitHubStandIn(enterprise=True) as github:
        github.add_repo("acme/storefront", id=7)
        fill(github, 3)
        with connected(github.api_url, heard) as connector:
            plan = connector.plan(SCOPE, None)
            github.faults.append(_once(github, "/api/graphql", lambda: github.rate_limit(1, seconds=2)))
            items = [item for page in connector.pages(SCOPE, plan.shards[0], None) for item in page.items]
    assert Reference(ReferenceKind.CONTAINS, f"{3:040x}") in items[2].references
    assert len(heard.waits) == 1
    assert 0.5 < heard.waits[0][1] <= 2
    assert heard.notes == []


@pytest.mark.parametrize("when", ["before the plan", "after the plan"])
def test_once_graphqls_points_are_spent_rest_is_asked_where_that_is_sooner(github: GitHubStandIn, when: str) -> None:
    fill(github, 3)
    with connected(github.url) as connector:
        expected = pull_all(connector).items
    heard = Heard()
    with connected(github.url, heard) as connector:
        if when == "before the plan":
            github.spend_graphql(1800)
        plan = connector.plan(SCOPE, None)
        github.spend_graphql(1800)
        github.requests.clear()
        items = {
            item.id: item
            for shard in plan.shards
            for page in connector.pages(SCOPE, shard, None)
            for item in page.items
        }
    assert items == expected
    assert sum(request.path == "/graphql" for request in github.requests) <= 1
    assert heard.waits == []
    (note,) = heard.notes
    assert re.search(
        r"GraphQL's points at 127\.0\.0\.1:\d+ are spent for (29|[3-5]\d|60) min more: read from REST until then", note
    )


def test_graphqls_points_are_waited_for_where_that_is_sooner() -> None:
    # An Enterprise Server names no limit before it is reached, so that none of its answers names another end.
    heard = Heard()
    with GitHubStandIn(enterprise=True, record=True) as github:
        github.add_repo("acme/storefront", id=7)
        fill(github, 100)
        with connected(github.api_url, heard) as connector:
            plan = connector.plan(SCOPE, None)
            github.spend_graphql(2)
            github.requests.clear()
            items = [item for page in connector.pages(SCOPE, plan.shards[0], None) for item in page.items]
        assert len(items) == 100
        assert {request.path for request in github.requests} == {"/api/graphql"}
    assert heard.waits
    assert heard.notes == []


def _once(github: GitHubStandIn, path: str, act: Any) -> Any:
    done: list[bool] = []

    def fault(request: Request) -> None:
        if request.path == path and not done:
            done.append(True)
            act()

    return fault


def test_a_limit_longer_than_the_cap_ends_the_run_and_says_so(github: GitHubStandIn) -> None:
    heard = Heard()
    github.rate_limit(2, seconds=3000)  # of GraphQL, and of REST, to which the plan falls back
    with connected(github.url, heard) as connector, pytest.raises(RetryableError) as caught:
        connector.plan(SCOPE, None)
    assert re.search(r"asks to wait (29|30)\d\d s, more than the 120 s", str(caught.value))
    assert heard.waits == []


def test_a_secondary_limit_that_names_no_time_waits_a_minute(
    github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    said = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    answers = iter([Response(403, said, {"X-RateLimit-Remaining": "4000"})])
    github.faults.append(lambda request: next(answers, None))
    with connected(github.url) as connector:
        connector.plan(SCOPE, None)
    assert slept == [60.0]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({"body": "<html>Sign in</html>", "status": 200}, SourceError, "is no JSON: '<html>Sign in</html>'"),
        ({"body": "", "status": 200}, SourceError, "is no JSON"),
        ({"body": "[" * 100_000, "status": 200}, SourceError, "is no JSON"),
        ({"json": [], "status": 200}, SourceError, "expected an object, got list"),
        ({"json": {"full_name": "acme/x"}, "status": 200}, SourceError, "the field 'id' is missing"),
        ({"json": {"id": 1, "full_name": "../x"}, "status": 200}, SourceError, "no owner/name"),
        ({"json": {}, "headers": {"X-RateLimit-Reset": "soon"}}, SourceError, "headers cannot be read"),
        ({"json": {"message": "Resource not accessible"}, "status": 403}, AuthError, "403: Resource not accessible"),
        ({"status": 301, "headers": {"Location": "https://evil.example/repos/x"}}, SourceError, "another host"),
        ({"status": 302, "headers": {"Location": "http://api.github.com/repos/x"}}, SourceError, "another host"),
        ({"status": 301, "headers": {"Location": "https://api.github.com:8443/x"}}, SourceError, "another host"),
        ({"status": 307, "headers": {"Location": "/repos/acme/storefront"}}, SourceError, "more than 5 redirects"),
    ],
)
@responses.activate
def test_answers_that_cannot_be_used(answer: dict[str, Any], error: type[Exception], said: str) -> None:
    responses.post(f"{API}/graphql", **REFUSED)
    responses.get(f"{API}/repos/acme/storefront", **answer)
    with connected(auth={"token": "ghp_secret"}) as connector, pytest.raises(error) as caught:
        connector.plan(SCOPE, None)
    assert said in str(caught.value)
    assert "ghp_secret" not in str(caught.value)
    assert all(call.request.url.startswith(f"{API}/") for call in responses.calls)


@responses.activate
def test_a_link_to_another_host_or_in_a_circle_is_refused() -> None:
    responses.post(f"{API}/graphql", **REFUSED)
    responses.get(f"{API}/repos/acme/storefront", json={"id": 7, "full_name": "acme/storefront"})
    for name in ("issues", "milestones", "releases"):
        responses.get(f"{API}/repos/acme/storefront/{name}", json=[])
    with connected() as connector:
        plan = connector.plan(SCOPE, None)
        plan = replace(plan, shards=tuple(map(_without_lists, plan.shards)))
        for target, said in [("https://evil.example/x?page=2", "another host"), (f"{API}/again?page=2", "circle")]:
            link = {"Link": f'<{target}>; rel="next"'}
            responses.upsert(responses.GET, f"{API}/repos/acme/storefront/issues", json=[], headers=link)
            responses.upsert(responses.GET, f"{API}/repos/acme/storefront/milestones", json=[], headers=link)
            responses.upsert(responses.GET, f"{API}/again", json=[], headers=link)
            for shard in plan.shards:
                with pytest.raises(SourceError, match=said):
                    list(connector.pages(SCOPE, shard, None))


def _without_lists(shard: Shard) -> Shard:
    """A shard of a plan that found more milestones or releases than a page."""
    return replace(shard, params={key: value for key, value in shard.params.items() if key not in ("milestones",)})


def test_nothing_answers() -> None:
    with GitHubStandIn() as github:
        url = github.url
    policy = okrsync.http.HttpPolicy(attempts=1)
    with connected(url) as connector:
        client = GitHubClient(connector.settings, connector.context, policy)
        with pytest.raises(RetryableError, match=r"GET http://127.0.0.1:\d+/repos/a/b: no answer \(NewConnectionError"):
            client.get("/repos/a/b")
        client.close()


def test_milestones_and_releases_that_may_not_be_read_are_noted(github: GitHubStandIn) -> None:
    heard = Heard()
    github.graphql = False
    github.faults.append(
        lambda request: (
            Response(404, {"message": "Not Found"})
            if request.path.endswith("/milestones")
            else Response(403, {"message": "Resource not accessible by personal access token"})
            if request.path.endswith("/releases")
            else None
        )
    )
    with connected(github.url, heard) as connector:
        assert pull_all(connector).milestones == {}
    assert len(heard.notes) == 2
    assert "/releases answered 403: Resource not accessible" in heard.notes[1]


# --- who we are -------------------------------------------------------------------------------------------------------


def test_an_app_mints_one_token_for_all_threads(github: GitHubStandIn) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    github.add_app(12, public.decode(), 34)
    github.tokens.clear()
    fill(github, 5)
    auth = {"app_id": 12, "private_key": private.replace("\n", "\\n"), "installation_id": 34}
    with connected(github.url, auth=auth) as connector, ThreadPoolExecutor(4) as pool:
        plan = connector.plan(SCOPE, None)
        futures = [pool.submit(lambda: list(connector.pages(SCOPE, plan.shards[0], None))) for _ in range(4)]
        assert all(len(future.result()[0].items) == 5 for future in futures)
        assert connector.describe().endswith("as app 12, installation 34")
        assert "may do more" not in str(list(connector.checkup(datetime.now(UTC))))
    github.app_permissions["issues"] = "write"
    with connected(github.url, auth=auth) as connector:
        assert "the App may do more than read: issues: write" in str(list(connector.checkup(datetime.now(UTC))))
    github.requests[:] = [each for each in github.requests if "access_tokens" not in each.path][:1] + [
        each for each in github.requests if "access_tokens" in each.path
    ][:1]
    assert github.count("/app/installations/34/access_tokens") == 1

    wrong = auth | {"installation_id": 35}
    with (
        connected(github.url, auth=wrong) as connector,
        pytest.raises(AuthError, match="check app_id and installation"),
    ):
        connector.plan(SCOPE, None)
    unknown = auth | {"app_id": 13}
    with connected(github.url, auth=unknown) as connector, pytest.raises(AuthError, match="answered 401"):
        connector.plan(SCOPE, None)
    broken = auth | {"private_key": "-----BEGIN RSA PRIVATE KEY-----\nnonsense"}
    with connected(github.url, auth=broken) as connector, pytest.raises(AuthError, match="no RSA key in PEM") as caught:
        connector.plan(SCOPE, None)
    assert "nonsense" not in str(caught.value)


def test_an_enterprise_server() -> None:
    with GitHubStandIn(enterprise=True) as github:
        github.add_repo("acme/storefront", id=7)
        fill(github, 5)
        with connected(github.api_url) as connector:
            assert len(pull_all(connector).items) == 5
            assert connector.describe() == f"GitHub at {github.url.removeprefix('http://')} with a token"
        assert github.count("/api/graphql") == len(github.requests) == 2
        assert {request.headers["X-GitHub-Api-Version"] for request in github.requests} == {"2022-11-28"}


# --- what we send -----------------------------------------------------------------------------------------------------


@needs_contracts
@pytest.mark.parametrize("graphql", [True, False])
def test_every_request_is_one_that_the_service_describes(github: GitHubStandIn, graphql: bool) -> None:
    from graphql import parse, validate

    schema = github_schema()
    fill(github, 30)
    github.graphql = graphql
    commits = [{"sha": f"{n:040x}", "message": "m", "date": minute(1), "author": "lin"} for n in range(1, 150)]
    github.put_pull("acme/storefront", {"number": 31, "commits": commits, "closes": list(range(1, 31))})
    with connected(github.url) as connector:
        pull_all(connector)
        census(connector)
        connector.count(SCOPE)
        list(connector.fetch(SCOPE, ["7/3"]))
    with connected(github.url, org="acme") as connector:
        connector.scopes()

    queries = set()
    for request in github.requests:
        if request.path == "/graphql":
            queries.add(request.json()["query"])
        else:
            # A Link leads to the repository by its id, which the description leaves out.
            path = request.path.replace("/repositories/7/", "/repos/acme/storefront/")
            validate_request(CONTRACTS / "github.json", request.method, path, request.query)
    assert queries
    for query in queries:
        assert validate(schema, parse(query)) == []


def test_importing_the_connector_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, okrsync_github; print({'github', 'requests', 'tenacity'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
