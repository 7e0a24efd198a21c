"""The GitHub stand-in's REST API: its answers against GitHub's own description, and the service's quirks one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from okrsync.errors import ConfigError
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.recorded_github import load_github
from tests.contracts import CONTRACTS, needs_contracts, validate_answer
from tests.github_sandbox import NOW, STORE, Ask, asking, fill

GITHUB = CONTRACTS / "github.json"
ENTERPRISE = CONTRACTS / "github-enterprise-server-3.19.json"
DATA = CONTRACTS.parent / "data"


@pytest.fixture
def hub() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(clock=lambda: NOW) as stand_in:
        yield fill(stand_in)


@pytest.fixture
def ask(hub: GitHubStandIn) -> Iterator[Ask]:
    with asking(hub) as session:
        yield session.get  # type: ignore[misc]


def numbers(response: requests.Response) -> list[int]:
    assert response.status_code == 200, response.text
    return [item["number"] for item in response.json()]


# --- the answers are the service's ------------------------------------------------------------------------------------

PATHS = [
    f"/repos/{STORE}",
    f"/repos/{STORE}/issues?state=all",
    f"/repos/{STORE}/issues/1",
    f"/repos/{STORE}/issues/6",
    f"/repos/{STORE}/pulls?state=all",
    f"/repos/{STORE}/pulls/6",
    f"/repos/{STORE}/pulls/6/commits",
    f"/repos/{STORE}/pulls/6/reviews",
    f"/repos/{STORE}/milestones?state=all",
    f"/repos/{STORE}/milestones/1",
    f"/repos/{STORE}/releases",
    f"/repos/{STORE}/releases/1",
    f"/repos/{STORE}/issues/99",
    f"/repos/{STORE}/issues/5",
    "/repos/acme/renamed",
    "/repos/acme/nothing",
    f"/repos/{STORE}/issues?state=wrong",
    "/orgs/acme/repos",
    "/user/repos",
    "/user",
    "/meta",
    "/rate_limit",
]


@needs_contracts
@pytest.mark.parametrize("enterprise", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_answers_fit_the_description(path: str, enterprise: bool) -> None:
    with GitHubStandIn(enterprise=enterprise) as hub, asking(fill(hub)) as session:
        hub.delete_issue(STORE, 5)
        hub.add_repo("acme/renamed")
        hub.rename_repo("acme/renamed", "acme/new")
        answer = session.get(path)
        if enterprise and path == "/rate_limit":
            assert answer.status_code == 404
        description = ENTERPRISE if enterprise else GITHUB
        validate_answer(description, "GET", path.partition("?")[0], answer.status_code, answer.json())


@needs_contracts
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data are not at {DATA}")
def test_recorded_objects_are_served_once_each() -> None:
    with GitHubStandIn() as hub, asking(hub) as session:
        assert load_github(DATA, hub) == ["apache/incubator-devlake", "panjf2000/ants"]
        expected: dict[str, set[int]] = {}
        for kind in ("issues", "pulls", "milestones", "reviews"):
            lines = (DATA / f"github-devlake.{kind}.jsonl").read_text(encoding="utf-8").splitlines()
            expected[kind] = {json.loads(line)["data"]["id"] for line in lines}
        served: dict[str, list[dict[str, Any]]] = {}
        for kind, path in {
            "issues": "/repos/panjf2000/ants/issues",
            "pulls": "/repos/panjf2000/ants/pulls",
            "milestones": "/repos/apache/incubator-devlake/milestones",
        }.items():
            answer = session.get(f"{path}?state=all&per_page=100")
            validate_answer(GITHUB, "GET", path, 200, answer.json())
            served[kind] = answer.json()
        reviews = [
            review["id"]
            for number in (41, 51, 53)
            for review in session.get(f"/repos/panjf2000/ants/pulls/{number}/reviews?per_page=100").json()
        ]
        assert sorted(reviews) == sorted(expected["reviews"])
        assert {each["id"] for each in served["pulls"]} == expected["pulls"]
        assert len(served["pulls"]) == 49
        assert len([each for each in served["issues"] if "pull_request" not in each]) == 26
        assert {each["id"] for each in served["issues"]} >= expected["issues"]
        assert len(served["issues"]) == 26 + 49
        milestone = served["milestones"][0]
        assert (milestone["title"], milestone["closed_issues"], milestone["open_issues"]) == ("v0.11.0", 118, 2)
        assert hub.repo("panjf2000/ants").id == 134018330


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"url": 5}',
        '{"url": "https://api.github.com/repos/a/b/pulls", "data": {"number": 1}}',
        '{"url": "https://api.github.com/repos/a/b/issues", "data": {}}',
        '{"url": "https://api.github.com/repos/a/b/issues", "data": 7}',
    ],
)
def test_a_broken_record_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "github-x.issues.jsonl").write_text(line + "\n")
    with pytest.raises(ConfigError, match=r"github-x\.issues\.jsonl:1: "):
        load_github(tmp_path, GitHubStandIn())


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [7, 5, 4, 3, 1]),
        ("state=all", [7, 6, 5, 4, 3, 2, 1]),
        ("state=closed", [6, 2]),
        ("state=all&direction=asc&sort=updated", [6, 7, 5, 4, 3, 2, 1]),
        ("state=all&since=2026-10-15T08:00:00Z", [4, 3, 2, 1]),
        ("state=all&since=2026-10-15T10:00:00%2B02:00", [4, 3, 2, 1]),
        ("state=all&since=2026-10-15T08:00:01Z", [3, 2, 1]),
        ("state=all&labels=bug,Activation", [5, 3, 1]),
        ("state=all&labels=bug", [5, 3, 1]),
        ("state=all&labels=bug,other", []),
        ("state=all&milestone=1", [6, 2, 1]),
        ("milestone=none", [7, 5, 4, 3]),
        ("state=all&milestone=*", [6, 2, 1]),
    ],
)
def test_issues_are_filtered_and_ordered(ask: Ask, query: str, expected: list[int]) -> None:
    assert numbers(ask(f"/repos/{STORE}/issues?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [7]),
        ("state=all", [7, 6]),
        ("state=closed", [6]),
        ("state=all&sort=updated", [6, 7]),
        ("state=all&sort=updated&direction=desc", [7, 6]),
    ],
)
def test_pull_requests_are_filtered_and_ordered(ask: Ask, query: str, expected: list[int]) -> None:
    assert numbers(ask(f"/repos/{STORE}/pulls?{query}")) == expected


@pytest.mark.parametrize("query", ["state=done", "sort=name", "direction=up", "since=yesterday"])
def test_wrong_parameters_are_refused(ask: Ask, query: str) -> None:
    assert ask(f"/repos/{STORE}/issues?{query}").status_code == 422


def test_a_pull_request_is_an_issue_too(ask: Ask) -> None:
    face, pull = ask(f"/repos/{STORE}/issues/6").json(), ask(f"/repos/{STORE}/pulls/6").json()
    assert face["pull_request"]["merged_at"] == pull["merged_at"] == "2026-10-07T08:00:00Z"
    assert face["id"] != pull["id"]
    assert face["node_id"] == pull["node_id"]
    assert (face["state"], face["state_reason"]) == ("closed", None)
    assert (pull["merged"], pull["commits"], pull["head"]["ref"]) == (True, 2, "SHOP-101-checkout")
    assert "pull_request" not in ask(f"/repos/{STORE}/issues/1").json()


def test_a_milestone_counts_pull_requests(ask: Ask) -> None:
    milestone = ask(f"/repos/{STORE}/milestones/1").json()
    assert (milestone["open_issues"], milestone["closed_issues"]) == (1, 2)


def follow(session: asking, url: str) -> Iterator[list[int]]:
    while url:
        answer = session.get(url)
        yield numbers(answer)
        url = answer.links.get("next", {}).get("url", "")


@pytest.mark.parametrize("largest_page", [None, 1])
def test_link_headers_lead_through_all_pages(largest_page: int | None) -> None:
    with GitHubStandIn(largest_page=largest_page) as hub, asking(fill(hub)) as session:
        pages = list(follow(session, f"/repos/{STORE}/issues?state=all&per_page=3&direction=asc"))
        assert pages == [[1, 2, 3], [4, 5, 6], [7]]
        first = session.get(f"/repos/{STORE}/issues?state=all&per_page=3")
        assert "/repositories/501/issues?" in first.links["next"]["url"]
        assert ("last" in first.links) == (largest_page is None)
        if largest_page is None:
            assert numbers(session.get(first.links["last"]["url"])) == [1]


def test_a_large_repository_refuses_pages_made_by_hand() -> None:
    with GitHubStandIn(largest_page=2) as hub, asking(fill(hub)) as session:
        path = f"/repos/{STORE}/issues?state=all&per_page=1&page="
        assert [session.get(f"{path}{page}").status_code for page in (1, 2, 3)] == [200, 200, 422]


def test_a_cursor_skips_nothing_when_the_list_changes() -> None:
    with GitHubStandIn(largest_page=1) as hub, asking(fill(hub)) as session:
        pages = follow(session, f"/repos/{STORE}/issues?state=open&per_page=2&direction=asc")
        assert next(pages) == [1, 3]
        hub.put_issue(STORE, {"number": 1, "state": "closed"})
        assert next(pages) == [4, 5]


def test_pages_hold_thirty_and_at_most_a_hundred(hub: GitHubStandIn, ask: Ask) -> None:
    for _ in range(120):
        hub.put_issue("acme/other", {})
    sizes = [len(ask(f"/repos/acme/other/issues{query}").json()) for query in ("", "?per_page=100", "?per_page=500")]
    assert sizes == [30, 100, 100]


def test_an_unchanged_answer_costs_nothing(hub: GitHubStandIn, ask: Ask) -> None:
    path = f"/repos/{STORE}/issues?state=all"
    first = ask(path)
    again = ask(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"] == "4999"
    hub.put_issue(STORE, {"number": 1, "labels": []})
    changed = ask(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.headers["X-RateLimit-Remaining"]) == (200, "4998")


# --- what befalls repositories and issues -----------------------------------------------------------------------------


def test_a_renamed_repository_redirects_with_its_query(hub: GitHubStandIn, ask: Ask) -> None:
    hub.rename_repo(STORE, "acme/shop")
    moved = ask(f"/repos/{STORE}/issues?state=all&per_page=2")
    assert moved.status_code == 301
    assert moved.headers["Location"] == f"{hub.url}/repositories/501/issues?state=all&per_page=2"
    assert numbers(ask(moved.headers["Location"])) == [7, 6]
    new = ask("/repos/ACME/Shop").json()
    assert (new["id"], new["full_name"]) == (501, "acme/shop")
    hub.add_repo(STORE, 600)
    assert ask(f"/repos/{STORE}").json()["id"] == 600


def test_a_deleted_issue_is_gone(hub: GitHubStandIn, ask: Ask) -> None:
    hub.delete_issue(STORE, 3)
    assert ask(f"/repos/{STORE}/issues/3").status_code == 410
    assert 3 not in numbers(ask(f"/repos/{STORE}/issues?state=all"))
    last = hub.put_issue(STORE, {})
    hub.delete_issue(STORE, last)
    assert (last, hub.put_issue(STORE, {})) == (8, 9)


def test_a_transferred_issue_redirects(hub: GitHubStandIn, ask: Ask) -> None:
    assert hub.transfer_issue(STORE, 3, "acme/other") == 2
    moved = ask(f"/repos/{STORE}/issues/3")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"{hub.url}/repositories/502/issues/2")
    assert ask(moved.headers["Location"]).json()["title"] == "Issue 3"
    assert 3 not in numbers(ask(f"/repos/{STORE}/issues?state=all"))
    hub.revoke("acme/other")
    assert ask(f"/repos/{STORE}/issues/3").status_code == 404


def test_an_issue_that_became_a_discussion_stays_closed_and_locked(hub: GitHubStandIn, ask: Ask) -> None:
    hub.convert_to_discussion(STORE, 3, "2026-11-01T08:00:00Z")
    shown = ask(f"/repos/{STORE}/issues/3").json()
    assert (shown["state"], shown["locked"], shown["updated_at"]) == ("closed", True, "2026-11-01T08:00:00Z")


def test_a_withdrawn_permission_looks_like_no_repository(hub: GitHubStandIn, ask: Ask) -> None:
    hub.revoke(STORE)
    for path in (f"/repos/{STORE}", f"/repos/{STORE}/issues", "/repositories/501"):
        assert ask(path).status_code == 404
    assert [each["full_name"] for each in ask("/orgs/acme/repos").json()] == ["acme/other"]
    hub.restore(STORE)
    assert ask(f"/repos/{STORE}").status_code == 200


# --- who asks, and how often ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer sandbox-token", 200),
        ("token sandbox-token", 200),
        ("Basic sandbox-token", 401),
        ("Bearer wrong", 401),
        (None, 401),
    ],
)
def test_only_the_token_is_let_in(ask: Ask, authorization: str | None, status: int) -> None:
    assert ask("/user", headers={"Authorization": authorization}).status_code == status


def test_an_expired_token_is_let_in_no_more(hub: GitHubStandIn, ask: Ask) -> None:
    hub.expire_token()
    assert ask("/user").status_code == 401


def test_requests_without_an_agent_or_of_another_version_are_refused(ask: Ask) -> None:
    assert ask("/user", headers={"User-Agent": ""}).status_code == 403
    assert ask("/user", headers={"X-GitHub-Api-Version": "2022-11-28"}).status_code == 200
    assert ask("/user", headers={"X-GitHub-Api-Version": "2019-01-01"}).status_code == 400


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_says_when_it_ends(hub: GitHubStandIn, ask: Ask, status: int) -> None:
    hub.rate_limit(2, "primary", status, seconds=30)
    for _ in range(2):
        refused = ask("/user")
        assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (status, "0")
        assert refused.headers["X-RateLimit-Reset"] == str(NOW + 30)
        assert "Retry-After" not in refused.headers
    assert ask("/user").status_code == 200


def test_the_secondary_limit_says_how_long(hub: GitHubStandIn, ask: Ask) -> None:
    hub.rate_limit(1, "secondary", 429, seconds=7)
    refused = ask("/user")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert refused.headers["X-RateLimit-Remaining"] != "0"
    assert ask("/user").status_code == 200


def test_enterprise_server_answers_below_its_own_paths() -> None:
    with GitHubStandIn(enterprise=True) as hub, asking(fill(hub)) as session:
        assert hub.api_url.endswith("/api/v3")
        shown = session.get(f"/repos/{STORE}/issues?state=all&per_page=2")
        assert shown.links["next"]["url"].startswith(f"{hub.url}/api/v3/repositories/501/issues?")
        assert "X-RateLimit-Remaining" not in shown.headers
        assert session.get(f"{hub.url}/repos/{STORE}").status_code == 404
        assert session.get("/meta").json()["installed_version"] == "3.19.0"
        assert hub.graphql_url == f"{hub.url}/api/graphql"
        assert session.query("{viewer{login}}") == {"data": {"viewer": {"login": "okrsync-bot"}}}


def test_an_app_signs_in_with_its_key() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from github import Auth, Github, GithubIntegration
    from github.GithubException import GithubException

    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    pem = serialization.Encoding.PEM
    private = [
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode() for key in keys
    ]
    public = keys[0].public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    now = [0.0]
    with GitHubStandIn(tokens=(), clock=lambda: now[0]) as hub:
        fill(hub)
        with pytest.raises(GithubException):
            GithubIntegration(auth=Auth.AppAuth(7, private[0]), base_url=hub.api_url, retry=None).get_access_token(9)
        hub.add_app(7, public, 9)
        with pytest.raises(GithubException):
            GithubIntegration(auth=Auth.AppAuth(7, private[1]), base_url=hub.api_url, retry=None).get_access_token(9)
        with GithubIntegration(auth=Auth.AppAuth(7, private[0]), base_url=hub.api_url, retry=None) as integration:
            granted = integration.get_access_token(9)
            assert granted.expires_at.timestamp() == 3600
            assert integration.get_app_installation(9).id == 9
            assert integration.get_app().name == "okrsync"
        with Github(
            auth=Auth.Token(granted.token), base_url=hub.api_url, retry=None, seconds_between_requests=0
        ) as client:
            assert client.get_repo(STORE.upper()).id == 501
            listed = client.requester.requestJsonAndCheck("GET", "/installation/repositories")[1]
            assert (listed["total_count"], len(listed["repositories"])) == (2, 2)
            now[0] = 3600.0
            with pytest.raises(GithubException):
                client.get_repo(STORE)
