"""GitHub by number over GraphQL: what is read, what is not there, what a server lacks, what only looks like gone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from okrsync.errors import SourceError
from okrsync.model import Wait
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.server import Request, Response
from tests.cli_project import start
from tests.contracts import github_schema, needs_contracts
from tests.github_source import SCOPE, Heard, census, connected, fill_in, minute, pull_all

STORE = "acme/storefront"


@pytest.fixture
def github() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(record=True) as stand_in:
        stand_in.add_repo(STORE, id=7)
        yield stand_in


def at(n: int) -> datetime:
    return datetime.fromisoformat(minute(n)).astimezone(UTC)


def queries(github: GitHubStandIn) -> list[str]:
    return [request.json()["query"] for request in github.requests if request.path.endswith("/graphql")]


def asked_for(github: GitHubStandIn) -> list[int]:
    """The numbers whose whole items were asked for."""
    found = (re.findall(r"i(\d+): \w+\(number: \d+\) \{ \.\.\.", query) for query in queries(github))
    return sorted(int(number) for numbers in found for number in numbers)


def answering(github: GitHubStandIn, change: Callable[[Request, Any], Any]) -> None:
    """Every answer of GraphQL goes through ``change``, which may alter it in place or give another."""

    def fault(request: Request) -> Response | None:
        if not request.path.endswith("/graphql"):
            return None
        answer = github.handle(request)
        return replace(answer, json=change(request, answer.json) or answer.json)

    github.faults.append(fault)


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("graphql", [True, False], ids=["graphql", "rest"])
def test_an_item_whole(github: GitHubStandIn, graphql: bool) -> None:
    github.graphql = graphql
    url = f"{github.url}/repos/{STORE}/issues"
    github.put_milestone(STORE, {"number": 1, "title": "v2"})
    common = {"created_at": minute(0), "updated_at": minute(9), "milestone": 1, "assignees": ["mei", "lin"]}
    issue = common | {
        "title": "A\x00\U0001f600", "body": "see #9\n\nkr: KR1", "labels": ["a", "b"], "parent_issue_url": f"{url}/12",
        "type": {"id": 1, "node_id": "x", "name": "Epic", "description": ""}, "user": "lin",
    }  # fmt: skip
    github.put_issue(STORE, {"number": 1, **issue})
    github.put_issue(STORE, {"number": 12})
    bot = {"login": "dependabot[bot]", "type": "Bot"}
    closed = {"closed_at": minute(8)}
    github.put_issue(STORE, {"number": 2, "user": bot, "state_reason": "duplicate", **closed})
    github.put_issue(STORE, {"number": 3, "user": None, "state_reason": "not_planned", **closed})
    github.put_pull(STORE, {"number": 4, "draft": True, "closes": [1], "head": "fix/shop-7"})
    github.put_pull(STORE, {"number": 5, "state": "closed", **closed})
    with connected(github.url) as connector:
        items = pull_all(connector).items
    first = items["7/1"]
    assert first.title == "A\ufffd\U0001f600"
    assert (first.type, first.level, first.labels, first.milestones) == ("Epic", 1, ("a", "b"), ("v2",))
    assert (first.author, first.assignee) == ("lin", "mei")
    assert (first.parent_id, first.parent_key) == ("7/12", f"{STORE}#12")
    assert [reference.target for reference in first.references] == ["KR1"]
    assert first.url == f"https://github.example/{STORE}/issues/1"
    assert (items["7/2"].author, items["7/2"].resolution) == ("dependabot[bot]", "duplicate")
    assert (items["7/3"].author, items["7/3"].resolution) == (None, "not_planned")
    assert (items["7/4"].status, items["7/4"].url) == ("draft", f"https://github.example/{STORE}/pull/4")
    assert (items["7/5"].status, items["7/5"].resolution, items["7/5"].done_at) == ("closed", "unmerged", at(8))
    if graphql:
        closes = [reference.target for reference in items["7/4"].references if reference.kind == "closes"]
        assert closes == [f"{STORE}#1"]


def test_numbers_that_are_not_there_are_no_failure(github: GitHubStandIn) -> None:
    github.add_repo("acme/other", id=8)
    fill_in(github, 150)
    for number in (1, 2, 149):
        github.delete_issue(STORE, number)
    github.transfer_issue(STORE, 50, "acme/other")
    heard = Heard()
    with connected(github.url, heard) as connector:
        pulled = pull_all(connector)
        assert sorted(census(connector)) == sorted(pulled.items)
    assert len(pulled.items) == 146
    assert heard == Heard()
    assert {request.path for request in github.requests} == {"/graphql"}


def test_an_issue_that_came_with_a_high_number_and_an_old_date(github: GitHubStandIn) -> None:
    """A transferred issue keeps its date and may not have been touched since: no list has it at its end."""
    fill_in(github, 100)
    late = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
    for number in (*range(101, 106), 210):
        github.put_issue(STORE, {"number": number, **late})
    with connected(github.url) as connector:
        assert f"7/{210}" in census(connector), "or it would be removed from the store"
        assert connector.count(SCOPE) == 106
    github.put_issue(STORE, {"number": 110, "created_at": minute(5), "updated_at": minute(5)})
    for number in range(111, 205):
        github.put_issue(STORE, {"number": number, **late})
    with connected(github.url) as connector:
        assert set(pull_all(connector).items) == {f"7/{n}" for n in (*range(1, 106), *range(110, 205), 210)}


def test_few_items_among_many_discussions_are_listed_first(github: GitHubStandIn) -> None:
    for number in (3, 1500, 2001, 2100):
        put = github.put_pull if number == 1500 else github.put_issue
        put(STORE, {"number": number, "created_at": minute(number), "updated_at": minute(number)})
    with connected(github.url) as connector:
        assert set(pull_all(connector).items) == {"7/3", "7/1500", "7/2001", "7/2100"}
        assert asked_for(github) == [3, 1500, 2001, 2100]
        assert sorted(census(connector)) == ["7/1500", "7/2001", "7/2100", "7/3"]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_shards_cover_every_number_once(count: int) -> None:
    from okrsync_github.planning import MOST_SHARDS, number_shards

    for numbers in (range(1, count * 1000 + 1), list(range(5, count * 5 + 1, 5))):
        shards = number_shards(numbers, 9, {"people": True})
        assert len(shards) <= MOST_SHARDS
        assert len({shard.id for shard in shards}) == len(shards)
        covered = [
            number
            for shard in shards
            for number in shard.params.get("numbers") or range(shard.params["first"], shard.params["last"] + 1)
        ]
        assert covered == list(numbers)
    assert number_shards([], 0, {}) == []


# --- what changed -----------------------------------------------------------------------------------------------------


def test_only_what_changed_is_read(github: GitHubStandIn) -> None:
    fill_in(github)
    with connected(github.url) as connector:
        cursor = pull_all(connector).plan.next | {"since": minute(1000)}
        github.put_issue(STORE, {"number": 1, "title": "New", "updated_at": minute(1001)})
        github.put_pull(STORE, {"number": 6, "updated_at": minute(1000)})
        github.put_issue(STORE, {"number": 7, "title": "Old", "updated_at": minute(999)})
        github.requests.clear()
        pulled = pull_all(connector, cursor)
    assert not pulled.plan.whole
    assert {item.title for item in pulled.items.values()} == {"New", "T6"}
    assert asked_for(github) == [1, 6]
    assert len(github.requests) == 2


def test_what_an_error_without_a_place_may_have_left_out_comes_from_rest(github: GitHubStandIn) -> None:
    fill_in(github, 4)
    with connected(github.url) as connector:
        expected = pull_all(connector).items["7/3"]

    def cut(request: Request, answer: Any) -> None:
        if "i3" in answer["data"]["repository"]:
            answer["data"]["repository"]["i3"]["mergeCommit"] = None
            answer["errors"] = [{"message": "Something went wrong"}]

    answering(github, cut)
    with connected(github.url) as connector:
        found = pull_all(connector).items["7/3"]
    assert set(found.references) >= {each for each in expected.references if each.kind == "contains"}


def test_what_a_number_leads_to_elsewhere_is_not_taken(github: GitHubStandIn) -> None:
    fill_in(github, 4)

    def move(request: Request, answer: Any) -> None:
        if "i2" in answer["data"]["repository"]:
            answer["data"]["repository"]["i2"]["number"] = 77

    answering(github, move)
    with connected(github.url) as connector:
        assert set(pull_all(connector).items) == {"7/1", "7/3", "7/4"}


def test_after_a_query_that_was_too_heavy_the_next_are_smaller(
    github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okrsync_github.planning.MOST_SHARDS", 1)
    fill_in(github, 300)

    def too_heavy(request: Request) -> Response | None:
        heavy = len(re.findall(rb"i\d+:", request.body)) > 40
        return Response(502, body=b"<html>Bad Gateway</html>") if heavy else None

    github.faults.append(too_heavy)
    with connected(github.url) as connector:
        assert len(pull_all(connector).items) == 300
    sizes = [query.count("issueOrPullRequest(") for query in queries(github)]
    assert [size for size in sizes if size > 40] == [100, 50, 50]


def test_many_pull_requests_changed(github: GitHubStandIn) -> None:
    fill_in(github, 20)
    github.put_issue(STORE, {"number": 2500, "created_at": minute(3), "updated_at": minute(3)})
    for number in range(1001, 1151):
        github.put_pull(STORE, {"number": number, "created_at": minute(2), "updated_at": minute(1000 + number)})
    with connected(github.url) as connector:
        cursor = {"repository": 7, "name": STORE, "people": False, "since": minute(1100)}
        assert set(pull_all(connector, cursor).items) == {f"7/{number}" for number in range(1001, 1151)}


@pytest.mark.parametrize("changed", [90, 240, 700])
def test_more_changes_than_a_page(github: GitHubStandIn, changed: int) -> None:
    """With many numbers the changes are listed on; with few it is less work to read all."""
    fill_in(github, 20)
    github.put_issue(STORE, {"number": 2500, "created_at": minute(3), "updated_at": minute(3)})
    for number in range(1001, 1001 + 2 * changed):
        put = github.put_issue if number % 2 else github.put_pull
        put(STORE, {"number": number, "created_at": minute(2), "updated_at": minute(1000 + number)})
    with connected(github.url) as connector:
        cursor = {"repository": 7, "name": STORE, "people": False, "since": minute(1100)}
        pulled = pull_all(connector, cursor)
    assert set(pulled.items) >= {f"7/{number}" for number in range(1001, 1001 + 2 * changed)}
    if changed == 90:
        assert len(pulled.items) == 180
    else:
        assert len(asked_for(github)) == 2500
        assert any("found:" in query for query in queries(github)) is (changed == 240)


@pytest.mark.parametrize("kind", ["label", "milestone"])
def test_a_rename_reaches_the_items_though_their_date_stays(github: GitHubStandIn, kind: str) -> None:
    github.put_milestone(STORE, {"number": 1, "title": "v1"})
    label = {"name": "activation", "node_id": "LA_1"}
    for number in range(1, 301):
        carries = {"labels": [label], "milestone": 1} if number in (5, 9, 12) else {"labels": [], "milestone": None}
        put = github.put_pull if number == 9 else github.put_issue
        put(STORE, {"number": number, "created_at": minute(0), "updated_at": minute(number), **carries})
    with connected(github.url) as connector:
        cursor = pull_all(connector).plan.next | {"since": minute(1000)}
        assert connector.plan(SCOPE, cursor).shards == ()
        if kind == "label":
            for number in (5, 9, 12):
                put = github.put_pull if number == 9 else github.put_issue
                put(STORE, {"number": number, "labels": [{**label, "name": "onboarding"}]})
        else:
            github.put_milestone(STORE, {"number": 1, "title": "v1.1"})
        github.requests.clear()
        pulled = pull_all(connector, cursor)
        assert set(pulled.items) == {"7/5", "7/9", "7/12"}
        expected = (("onboarding",), ("v1",)) if kind == "label" else (("activation",), ("v1.1",))
        assert {(item.labels, item.milestones) for item in pulled.items.values()} == {expected}
        assert asked_for(github) == [5, 9, 12]
        assert connector.plan(SCOPE, pulled.plan.next | {"since": minute(1000)}).shards == ()


def test_a_label_that_went_makes_a_small_repository_read_again(
    github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_in(github, 5)
    github.put_issue(STORE, {"number": 1, "labels": ["activation"]})
    heard = Heard()
    with connected(github.url, heard) as connector:
        cursor = pull_all(connector).plan.next | {"since": minute(1000)}
        github.put_issue(STORE, {"number": 1, "labels": []})
        assert pull_all(connector, cursor).items["7/1"].labels == ()
        assert heard == Heard()
        monkeypatch.setattr("okrsync_github.planning._SMALL", 3)
        assert pull_all(connector, cursor).items == {}
    assert "okrsync sync shop-github:acme/storefront --full reads them again" in heard.notes[0]


def test_whether_people_are_wanted_changes_what_was_read(github: GitHubStandIn) -> None:
    fill_in(github, 3)
    with connected(github.url) as connector:
        cursor = connector.plan(SCOPE, None).next
    with connected(github.url, people=True) as connector:
        assert connector.plan(SCOPE, cursor).whole
    assert not any("timelineItems" in query for query in queries(github))


# --- what a server lacks, or does not tell ----------------------------------------------------------------------------


def test_an_old_server_is_not_asked_twice_for_what_it_lacks() -> None:
    with GitHubStandIn(enterprise=True) as github:
        github.add_repo(STORE, id=7)
        fill_in(github, 250)
        github.lacks = {"Issue.parent", "Issue.issueType", "stateReason.enableDuplicate", "PullRequest.isDraft"}
        heard = Heard()
        with connected(github.api_url, heard) as connector:
            assert len(pull_all(connector).items) == 250
        assert len(github.requests) == 1 + 4
        assert heard == Heard()


def test_a_server_that_lacks_what_is_needed_is_read_over_rest(github: GitHubStandIn) -> None:
    fill_in(github, 4)
    github.lacks = {"PullRequest.headRefName"}
    heard = Heard()
    with connected(github.url, heard, people=True) as connector:
        assert len(pull_all(connector).items) == 4
    assert [note for note in heard.notes if "'headRefName' doesn't exist" in note and "REST instead" in note]


def test_a_timeline_that_the_server_words_otherwise_is_done_without(github: GitHubStandIn) -> None:
    fill_in(github, 4)

    def refuse(request: Request, answer: Any) -> Any:
        if b"timelineItems" in request.body:
            extensions = {"code": "undefinedType"}
            return {"errors": [{"message": "No such type ConnectedEvent", "extensions": extensions}]}
        return None

    answering(github, refuse)
    with connected(github.url, people=True) as connector:
        assert len(pull_all(connector).items) == 4
    assert {request.path for request in github.requests} == {"/graphql"}


@pytest.mark.parametrize("where", ["milestones", "releases", "labels"])
def test_what_may_not_be_read_beside_the_items_is_noted(github: GitHubStandIn, where: str) -> None:
    fill_in(github, 3)

    def forbid(request: Request, answer: Any) -> None:
        repository = answer["data"]["repository"]
        if where in repository:
            repository[where] = None
            answer["errors"] = [{"type": "FORBIDDEN", "path": ["repository", where], "message": "no"}]

    answering(github, forbid)
    heard = Heard()
    with connected(github.url, heard) as connector:
        assert len(pull_all(connector).items) == 3
    assert heard.notes == [f"shop-github:acme/storefront: {where}: GraphQL answered FORBIDDEN. Done without"]


def test_what_the_token_may_not_read_over_graphql_comes_from_rest(github: GitHubStandIn) -> None:
    """One that may read issues but no pull requests is refused the newest of them already."""
    fill_in(github, 6)

    def forbid(request: Request, answer: Any) -> None:
        repository = answer["data"]["repository"]
        if "newestPull" in repository:
            repository["newestPull"]["nodes"][0] = None
            path = ["repository", "newestPull", "nodes", 0]
            answer["errors"] = [{"type": "FORBIDDEN", "path": path, "message": "Resource not accessible"}]

    answering(github, forbid)
    heard = Heard()
    with connected(github.url, heard) as connector:
        assert len(pull_all(connector).items) == 6
    assert "GraphQL answered FORBIDDEN" in heard.notes[0]


def test_graphql_that_is_refused_in_the_middle_is_done_without(github: GitHubStandIn) -> None:
    fill_in(github, 30)
    heard = Heard()
    with connected(github.url, heard) as connector:
        expected = pull_all(connector).items
        plan = connector.plan(SCOPE, None)
        github.graphql = False
        pages = [page for shard in plan.shards for page in connector.pages(SCOPE, shard, None)]
    found = {item.id: item for page in pages for item in page.items}
    assert {key: item.updated_at for key, item in found.items()} == {
        key: item.updated_at for key, item in expected.items()
    }
    assert len(heard.notes) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, "GraphQL answered nothing"),
        ({"type": "FORBIDDEN", "path": ["repository", "i4"]}, "GraphQL answered FORBIDDEN"),
        ({"type": "NOT_FOUND", "path": ["repository", "i4", "author"]}, "GraphQL answered NOT_FOUND"),
        ({"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["repository", "i4"]}, "cannot tell whether #4 is there"),
        ({"type": "RESOURCE_LIMITS_EXCEEDED"}, "cannot tell whether"),
    ],
)
def test_a_census_takes_nothing_but_not_found_for_gone(
    github: GitHubStandIn, error: dict[str, Any] | None, said: str
) -> None:
    fill_in(github, 6)

    def hide(request: Request, answer: Any) -> None:
        repository = answer["data"]["repository"]
        if "i4" in repository or (error is not None and "path" not in error and "i1" in repository):
            repository["i4"] = None
            answer["errors"] = [error | {"message": "no"}] if error else []

    answering(github, hide)
    with connected(github.url) as connector, pytest.raises(SourceError, match=re.escape(said)):
        census(connector)


def test_a_malformed_item_is_named_with_its_number(github: GitHubStandIn) -> None:
    fill_in(github, 6)

    def break_it(request: Request, answer: Any) -> None:
        if "i5" in answer["data"]["repository"]:
            answer["data"]["repository"]["i5"]["title"] = 5

    answering(github, break_it)
    with connected(github.url) as connector, pytest.raises(SourceError) as caught:
        pull_all(connector)
    assert str(caught.value).startswith("acme/storefront#5: GraphQL: Expected `str`, got `int`")


# --- whom it waited for -----------------------------------------------------------------------------------------------


def asked(n: int, reviewer: str) -> dict[str, Any]:
    return {"event": "review_requested", "created_at": minute(n), "reviewer": reviewer}


def withdrawn(n: int, reviewer: str) -> dict[str, Any]:
    return {"event": "review_request_removed", "created_at": minute(n), "reviewer": reviewer}


def assigned(n: int, who: str, event: str = "assigned") -> dict[str, Any]:
    return {"event": event, "created_at": minute(n), "assignee": who}


def review(n: int, by: str) -> dict[str, Any]:
    return {"user": by, "state": "APPROVED", "submitted_at": minute(n)}


@pytest.mark.parametrize(
    ("timeline", "reviews", "closed", "waits"),
    [
        ([], [review(5, "mei")], None, []),
        ([asked(1, "mei")], [], None, [("review", "mei", 1, None)]),
        ([asked(1, "mei")], [review(5, "mei"), review(6, "mei")], None, [("review", "mei", 1, 5)]),
        ([asked(1, "mei")], [review(5, "tom")], None, [("review", "mei", 1, None)]),
        # Her own remark on her pull request is no review that was waited for.
        ([asked(1, "team:acme/ops")], [review(5, "lin")], None, [("review", "acme/ops", 1, None)]),
        ([asked(1, "team:acme/ops")], [review(5, "tom")], None, [("review", "acme/ops", 1, 5)]),
        ([asked(3, "mei")], [review(2, "mei")], 9, [("review", "mei", 3, 9)]),
        ([asked(1, "mei"), withdrawn(4, "mei")], [review(5, "mei")], None, [("review", "mei", 1, 4)]),
        ([asked(1, "mei"), asked(2, "mei")], [review(5, "mei")], None, [("review", "mei", 1, 5)]),
        (
            [asked(1, "mei"), asked(7, "mei")], [review(5, "mei"), review(9, "mei")], None,
            [("review", "mei", 1, 5), ("review", "mei", 7, 9)],
        ),
        ([asked(1, "mei")], [review(12, "mei")], 9, [("review", "mei", 1, 9)]),
        ([asked(11, "mei")], [review(12, "mei")], 9, []),
        ([assigned(1, "mei")], [review(5, "mei")], None, [("assignment", "mei", 1, 5)]),
        ([assigned(1, "lin")], [], None, []),
        ([assigned(1, "mei"), assigned(4, "mei", "unassigned")], [], None, [("assignment", "mei", 1, 4)]),
    ],
)  # fmt: skip
def test_whom_a_pull_request_waited_for(
    github: GitHubStandIn, timeline: list[Any], reviews: list[Any], closed: int | None, waits: list[Any]
) -> None:
    ended = {"closed_at": minute(closed), "merged_at": minute(closed)} if closed else {}
    github.put_pull(STORE, {"number": 1, "user": "lin", "timeline": timeline, "reviews": reviews, **ended})
    assert waits_of(github) == waits


def waits_of(github: GitHubStandIn, number: int = 1) -> list[tuple[str, str, int, int | None]]:
    """Kind, account, first and last minute of the waits that a pull finds."""
    with connected(github.url, people=True) as connector:
        found: tuple[Wait, ...] = pull_all(connector).items[f"7/{number}"].waits

    def of(moment: datetime) -> int:
        return int((moment - at(0)).total_seconds() // 60)

    return [(wait.kind, wait.account, of(wait.since), None if wait.until is None else of(wait.until)) for wait in found]


@pytest.mark.parametrize(
    ("timeline", "closed", "waits"),
    [
        ([assigned(1, "mei")], None, [("assignment", "mei", 1, None)]),
        ([assigned(1, "mei")], 8, [("assignment", "mei", 1, 8)]),
        ([assigned(1, "mei"), assigned(2, "tom"), assigned(3, "mei", "unassigned")], None,
         [("assignment", "mei", 1, 3), ("assignment", "tom", 2, None)]),
        # Number 2 is mei's pull request, 3 is tom's.
        ([assigned(1, "mei"), {"event": "cross-referenced", "created_at": minute(5), "source": (STORE, 2)}], None,
         [("assignment", "mei", 1, 5)]),
        ([assigned(1, "mei"), {"event": "connected", "created_at": minute(5), "source": (STORE, 2)}], None,
         [("assignment", "mei", 1, 5)]),
        ([assigned(1, "mei"), {"event": "cross-referenced", "created_at": minute(5), "source": (STORE, 3)}], None,
         [("assignment", "mei", 1, None)]),
        ([assigned(1, "mei"), {"event": "cross-referenced", "created_at": minute(5), "source": (STORE, 4)}], None,
         [("assignment", "mei", 1, None)]),
    ],
)  # fmt: skip
def test_whom_an_issue_waited_for(
    github: GitHubStandIn, timeline: list[Any], closed: int | None, waits: list[Any]
) -> None:
    ended = {"closed_at": minute(closed)} if closed else {}
    github.put_issue(STORE, {"number": 1, "user": "mei", "timeline": timeline, **ended})
    github.put_pull(STORE, {"number": 2, "user": "mei"})
    github.put_pull(STORE, {"number": 3, "user": "tom"})
    github.put_issue(STORE, {"number": 4, "user": "mei"})
    assert waits_of(github) == waits


def test_nobody_is_asked_about_when_people_are_not_wanted(github: GitHubStandIn) -> None:
    github.put_pull(STORE, {"number": 1, "timeline": [asked(1, "mei")]})
    with connected(github.url) as connector:
        assert pull_all(connector).items["7/1"].waits == ()
    assert not any("timelineItems" in query for query in queries(github))
    assert json.loads(github.requests[0].body)["variables"] == {"owner": "acme", "name": "storefront"}


# --- what we send -----------------------------------------------------------------------------------------------------


@needs_contracts
def test_every_query_is_valid_by_the_published_schema() -> None:
    from graphql import parse, validate
    from okrsync_github import queries as texts

    lacks = {"Issue.parent", "Issue.issueType", "stateReason.enableDuplicate", "PullRequest.isDraft", texts.TIMELINE}
    every = [
        texts.COUNT,
        texts.NEWEST,
        texts.changes(),
        *(texts.head(missing, people=people) for missing in ((), lacks) for people in (True, False)),
        *(
            texts.items([1, 2], (), people=people, pulls_only=only)
            for people in (True, False)
            for only in (True, False)
        ),
        *(texts.present([1, 2], pulls_only=only) for only in (True, False)),
        *(texts.rest_of(connection) for connection in ("commits", "closingIssuesReferences")),
        *(texts.more_changes(kind) for kind in ("issues", "pullRequests")),
        *(texts.having(kind, below) for kind in ("label", "milestone") for below in ("issues", "pullRequests")),
    ]
    for text in every:
        assert validate(github_schema(), parse(text)) == [], text
    assert "issueType" not in texts.head(lacks, people=True)
    assert "timelineItems" not in texts.head(lacks, people=True)


def test_a_slice_stays_far_below_the_limit_of_nodes() -> None:
    from okrsync_github import queries as texts
    from okrsync_github.reader import SLICE

    text = texts.items(range(1, SLICE + 1), (), people=True, pulls_only=False)
    first = [int(number) for number in re.findall(r"first: (\d+)", text)]
    assert max(first) <= 100
    assert SLICE * sum(first) < 500_000 / 4


@pytest.mark.parametrize(("source", "wanted"), [("hub", True), ("other", False)])
def test_a_sync_asks_about_people_where_one_of_them_has_an_account(
    github: GitHubStandIn,
    source: str,
    wanted: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    github.put_pull(STORE, {"number": 1, "timeline": [asked(1, "mei")]})
    project = start(tmp_path, monkeypatch, capsys)
    auth = f"{{type: github, url: '{github.url}', auth: {{token: sandbox-token}}, repos: [{STORE}]}}"
    sources = f"sources: {{hub: {auth}, other: {auth}}}"
    people = f"people: [{{id: lin, name: Lin Wei, accounts: {{{source}: lin}}}}]"
    project.write("okrsync.yaml", f"{sources}\nokrs: okrs/\n{people}\n")
    assert project.run("sync", "hub").code == 0
    assert any("timelineItems" in query for query in queries(github)) is wanted
    assert ("mei" in str(project.store())) is wanted
