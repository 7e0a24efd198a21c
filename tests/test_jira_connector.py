"""The Jira connector: single exchanges against recorded answers, whole syncs against the stand-in over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import responses
from okrsync_jira import JiraConnector
from okrsync_jira.jql import quoted, within, without_order
from pydantic import ValidationError

from okrsync.connector import ConnectorContext, Cursor, Page, Shard
from okrsync.errors import AuthError, CursorExpired, RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY
from okrsync.model import Scope

SITE = "https://acme.atlassian.net"
SERVER = "https://acme.example/jira"
TOKEN = "s3cret-token"
SCOPE = Scope("shop", "SHOP")
DATE = {"Date": "Fri, 20 Nov 2026 08:00:00 GMT"}
CLOUD_AUTH = {"email": "bot@acme.example", "token": TOKEN}


def connector(url: str = SITE, auth: dict[str, Any] | None = None, **settings: Any) -> JiraConnector:
    waits: list[tuple[str, float]] = []
    notes: list[str] = []
    if "jql" not in settings:
        settings.setdefault("projects", ["SHOP"])
    made = JiraConnector(
        JiraConnector.Settings(type="jira", url=url, auth=auth or CLOUD_AUTH, **settings),
        ConnectorContext(
            "shop", Path(), ZoneInfo("UTC"), on_wait=lambda why, s: waits.append((why, s)), on_note=notes.append
        ),
    )
    made.policy = replace(DEFAULT_POLICY, attempts=3)  # type: ignore[misc]
    made.waits, made.notes = waits, notes  # type: ignore[attr-defined]
    return made


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def cloud_site(web: responses.RequestsMock, site: str = SITE) -> None:
    """A Cloud that knows the account and the project, and has no fields of its own."""
    web.get(f"{site}/rest/api/2/serverInfo", json={"deploymentType": "Cloud"})
    web.get(f"{site}/rest/api/3/myself", json={"accountId": "5b10", "displayName": "Sync Bot"}, headers=DATE)
    web.get(f"{site}/rest/api/3/field", json=[])
    web.get(
        f"{site}/rest/api/3/project/SHOP",
        json={"id": "1", "key": "SHOP"},
        headers=DATE,
    )
    web.get(f"{site}/rest/api/3/project/SHOP/versions", json=[])


def newest(web: responses.RequestsMock, number: int) -> None:
    """The next search finds this issue."""
    web.post(f"{SITE}/rest/api/3/search/jql", json={"issues": [raw(number)]})


def server_site(web: responses.RequestsMock) -> None:
    web.get(f"{SERVER}/rest/api/2/serverInfo", json={"deploymentType": "Server"})
    web.get(f"{SERVER}/rest/api/2/myself", json={"key": "JIRAUSER1", "name": "bot"})
    web.get(f"{SERVER}/rest/api/2/field", json=[])
    web.get(f"{SERVER}/rest/api/2/project/SHOP", json={"id": "1", "key": "SHOP"})
    web.get(f"{SERVER}/rest/api/2/project/SHOP/versions", json=[])


def raw(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "key": f"SHOP-{number}",
        "fields": {
            "summary": "",
            "status": {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
            "issuetype": {"name": "Bug"},
            "created": f"2026-10-01T00:{number // 60 % 60:02d}:{number % 60:02d}.000+0000",
            "updated": "2026-10-02T00:00:00.000+0000",
        },
    }


def bodies(web: responses.RequestsMock, ending: str) -> list[Any]:
    """The JSON bodies that were sent to addresses with this ending."""
    return [json.loads(call.request.body or "null") for call in web.calls if str(call.request.url).endswith(ending)]


def ids(pages: Iterator[Page]) -> list[str]:
    return [item.id for page in pages for item in page.items]


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://acme.atlassian.net/", "http://127.0.0.1:8080", "https://acme.example/jira/"])
def test_addresses_that_are_accepted(url: str) -> None:
    assert connector(url).settings.url == url.rstrip("/")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "acme.atlassian.net"}, "http or https"),
        ({"url": "ftp://acme.example"}, "http or https"),
        ({"url": "https://"}, "http or https"),
        ({"url": "https://acme.example:99999"}, "http or https"),
        ({"url": "https://bot:s3cret@acme.example"}, "user or password"),
        ({"url": "https://acme.example/?x=1"}, "site's address alone"),
        ({"projects": []}, "exactly one of"),
        ({"jql": "project = SHOP"}, "exactly one of"),
        ({"projects": [], "jql": " order by created"}, "no condition"),
        ({"projects": ['SHOP" OR 1']}, "not a project key"),
        ({"auth": {"token": "s3cret\n"}}, "no token has"),
        ({"auth": {"token": ""}}, "no token has"),
        ({"auth": {"email": "a:b", "token": "t"}}, "email"),
        ({"auth": {**CLOUD_AUTH, "user": "x"}}, "user"),
        ({"board": 3}, "board"),
    ],
)
def test_settings_that_are_refused(change: dict[str, Any], message: str) -> None:
    settings: dict[str, Any] = {"type": "jira", "url": SITE, "auth": CLOUD_AUTH, "projects": ["SHOP"], **change}
    with pytest.raises(ValidationError) as caught:
        JiraConnector.Settings(**settings)
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_token_does_not_show() -> None:
    assert TOKEN not in repr(connector().settings)


def test_scopes() -> None:
    assert [scope.id for scope in connector(projects=["SHOP", "PAY", "SHOP"]).scopes()] == ["SHOP", "PAY"]
    assert list(connector(jql="project = SHOP").scopes()) == [Scope("shop", "jql")]


# --- JQL --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jql", "expected"),
    [
        ("project = SHOP", "project = SHOP"),
        ("project = SHOP ORDER BY created DESC", "project = SHOP"),
        ("project = SHOP\norder\n by rank", "project = SHOP"),
        ('summary ~ "order by me" AND a = 1 Order By x', 'summary ~ "order by me" AND a = 1'),
        ("summary ~ 'it\\'s order by' order by x", "summary ~ 'it\\'s order by'"),
        ('summary ~ "a \\" order by"', 'summary ~ "a \\" order by"'),
        ("reorder by x", "reorder by x"),
        ("(a = 1)order by x", "(a = 1)"),
        ("order by x", ""),
        ('a ~ "never closed order by x', 'a ~ "never closed order by x'),
    ],
)
def test_an_order_is_cut_off(jql: str, expected: str) -> None:
    assert without_order(jql) == expected


def test_quoting_and_ranges() -> None:
    assert quoted('a"b\\') == '"a\\"b\\\\"'
    assert within("a = 1", "updated", 5, None) == "a = 1 AND updated >= 5"
    assert within("a = 1", "created", 5, 9) == "a = 1 AND created >= 5 AND created < 9"
    assert within("a = 1", "created", None, None) == "a = 1"


# --- who we are -------------------------------------------------------------------------------------------------------


def test_cloud_is_told_from_data_center(web: responses.RequestsMock) -> None:
    cloud_site(web)
    server_site(web)
    assert connector().describe() == "Jira Cloud at acme.atlassian.net as Sync Bot"
    server = connector(SERVER, {"token": TOKEN})
    assert server.describe() == "Jira Data Center at acme.example/jira as JIRAUSER1"
    sent = [call.request.headers["Authorization"] for call in web.calls]
    assert sent == ["Basic Ym90QGFjbWUuZXhhbXBsZTpzM2NyZXQtdG9rZW4="] * 3 + [f"Bearer {TOKEN}"] * 3
    server.describe()
    assert len(web.calls) == 6  # asked once


@pytest.mark.parametrize(("auth", "api"), [(CLOUD_AUTH, "3"), ({"token": TOKEN}, "2")])
def test_a_site_that_hides_its_kind_is_known_by_the_auth(
    web: responses.RequestsMock, auth: dict[str, Any], api: str
) -> None:
    web.get(f"{SITE}/rest/api/2/serverInfo", status=404)
    web.get(f"{SITE}/rest/api/{api}/myself", json={"accountId": "a", "displayName": "B"})
    web.get(f"{SITE}/rest/api/{api}/field", status=404)
    made = connector(auth=auth)
    assert ("Cloud" in made.describe()) == (api == "3")
    assert made.notes == ["shop: Jira does not list its fields: no sprints, epic links or story points"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"json": {}}, "without an account"),
        ({"body": "null"}, "without an account"),
        ({"json": {"accountId": ""}}, "without an account"),
        ({"status": 401, "json": {"errorMessages": ["Client must be authenticated"]}}, "401.*must be authenticated"),
        ({"status": 403, "body": "CAPTCHA"}, "403"),
        ({"body": "<html>", "content_type": "text/html"}, "login page"),
        ({"status": 302, "headers": {"Location": "https://sso.example/login?token=x"}}, "login page"),
        ({"json": {"accountId": "a"}, "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}}, "does not accept"),
    ],
)
def test_without_an_account_nothing_goes_on(web: responses.RequestsMock, answer: dict[str, Any], message: str) -> None:
    web.get(f"{SITE}/rest/api/2/serverInfo", json={"deploymentType": "Cloud"})
    web.get(f"{SITE}/rest/api/3/myself", **answer)
    web.get(f"{SITE}/rest/api/3/field", status=401)
    web.get(f"{SITE}/rest/api/3/project/SHOP", status=401)
    with pytest.raises(AuthError, match=message) as caught:
        connector().plan(SCOPE, None)
    assert str(caught.value).startswith("shop: ")
    assert TOKEN not in str(caught.value)


def test_scoped_tokens_go_to_the_gateway(
    web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.atlassian.net login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    cloud_site(web, "https://api.atlassian.com/ex/jira/11-22")
    web.get(f"{SITE}/_edge/tenant_info", json={"cloudId": "11-22"})
    web.post("https://api.atlassian.com/ex/jira/11-22/rest/api/3/search/jql", json={"issues": [raw(1)]})
    made = connector(auth={**CLOUD_AUTH, "scoped": True})
    (page,) = made.pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None)
    assert page.items[0].url == f"{SITE}/browse/SHOP-1"
    assert "Authorization" not in web.calls[0].request.headers


@pytest.mark.parametrize("body", [{}, [], {"cloudId": "../x"}, {"cloudId": 5}])
def test_a_site_without_a_usable_cloud_id(web: responses.RequestsMock, body: object) -> None:
    web.get(f"{SITE}/_edge/tenant_info", json=body)
    with pytest.raises(SourceError, match=r"shop: GET https://acme.atlassian.net/_edge/tenant_info names no cloudId"):
        connector(auth={**CLOUD_AUTH, "scoped": True}).describe()


def test_a_token_is_not_taken_to_another_host(web: responses.RequestsMock) -> None:
    for resource in ("2/serverInfo", "3/myself", "3/field"):
        web.get(f"{SITE}/rest/api/{resource}", status=301, headers={"Location": "https://evil.example/x?y=z"})
    web.get("https://evil.example/x", json={})
    made = connector()
    with pytest.raises(SourceError, match=r"redirects to https://evil.example/x. Check `url`"):
        made.describe()
    made.close()
    assert {str(call.request.url).startswith(SITE) for call in web.calls} == {True}


# --- the wire ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ({"status": 500, "body": "x"}, RetryableError, "answered 500"),
        ({"body": "plain", "content_type": "text/plain"}, SourceError, "not JSON .text/plain"),
        ({"body": "[" * 200_000}, SourceError, "not JSON"),
        ({"status": 400, "json": ["not", "an", "object"]}, SourceError, "400|cannot be read"),
        ({"status": 400, "json": {"errorMessages": ["bad\njql \x1b[31m"]}}, SourceError, "400: bad jql  ?.31m"),
        ({"status": 410, "body": "<html>gone</html>", "content_type": "text/html"}, SourceError, "answered 410$"),
        ({"json": {"issues": None}}, SourceError, "without issues"),
        ({"json": []}, SourceError, "without issues"),
        ({"json": {"issues": [{}]}}, SourceError, "issue . has no id"),
    ],
)
def test_unusable_answers(
    web: responses.RequestsMock, answer: dict[str, Any], error: type[Exception], message: str, quick: None
) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/jql", **answer)
    with pytest.raises(error, match=message) as caught:
        list(connector().pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None))
    assert str(caught.value).startswith("shop:SHOP")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses take no time."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


def test_a_rate_limit_is_waited_for_and_told(web: responses.RequestsMock, quick: None) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/jql", status=429, headers={"Retry-After": "1"})
    web.post(f"{SITE}/rest/api/3/search/jql", json={"issues": [raw(1)]})
    made = connector()
    assert ids(made.pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None)) == ["1"]
    why, seconds = made.waits[0]  # type: ignore[attr-defined]
    assert why.startswith("shop:SHOP: POST https://acme.atlassian.net/rest/api/3/search/jql answered 429")
    assert seconds == 1.0


def test_a_connection_that_fails_is_retried(web: responses.RequestsMock, quick: None) -> None:
    made = connector()
    with pytest.raises(RetryableError, match=r"did not answer .ConnectionError"):
        made.describe()
    made.close()
    assert sum(str(call.request.url).endswith("/serverInfo") for call in web.calls) == 3


# --- planning ---------------------------------------------------------------------------------------------------------


def test_a_small_project_is_one_shard(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/approximate-count", json={"count": 300})
    newest(web, 300)
    plan = connector().plan(SCOPE, None)
    assert plan.shards == (Shard("created--", {"jql": 'project = "SHOP"', "versions": "SHOP"}),)
    assert (plan.whole, plan.scope_name) == (True, "SHOP")
    assert plan.next == {"since": 1_795_161_000_000, "project": "SHOP"}  # the answer's Date less ten minutes


def test_an_incremental_plan_asks_only_for_what_changed(web: responses.RequestsMock) -> None:
    cloud_site(web)
    plan = connector().plan(SCOPE, {"since": 123, "project": "SHOP"})
    jql = 'project = "SHOP" AND updated >= 123'
    assert plan.shards == (Shard("updated-123", {"jql": jql, "versions": "SHOP"}),)
    assert not plan.whole


def test_a_renamed_project_is_read_under_its_new_key(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.get(f"{SITE}/rest/api/3/project/OLD", json={"key": "SHOP"}, headers=DATE)
    web.post(f"{SITE}/rest/api/3/search/approximate-count", json={"count": 1})
    newest(web, 1)
    plan = connector(projects=["OLD"]).plan(Scope("shop", "OLD"), None)
    assert plan.scope_name == "SHOP"
    assert plan.shards[0].params["jql"] == 'project = "SHOP"'


def test_another_query_is_read_from_its_beginning(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/approximate-count", json={"count": 1})
    newest(web, 1)
    made = connector(jql="labels = a OR labels = b ORDER BY rank")
    scope = Scope("shop", "jql")
    first = made.plan(scope, None)
    assert first.shards[0].params == {"jql": "(labels = a OR labels = b)"}
    again = made.plan(scope, first.next)
    assert again.shards[0].params["jql"].startswith("(labels = a OR labels = b) AND updated >= ")
    assert connector(jql="labels = c").plan(scope, first.next).whole


def test_where_counting_is_refused_there_is_one_shard(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/approximate-count", status=404)
    newest(web, 1000)
    assert [shard.id for shard in connector().plan(SCOPE, None).shards] == ["created--"]
    assert connector().count(SCOPE) is None


@pytest.mark.parametrize("call", ["plan", "census"])
@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ({"status": 404, "json": {}}, SourceError, "shows no project GONE to Sync Bot"),
        ({"status": 401, "json": {}}, AuthError, "401"),
        ({"status": 403, "json": {}}, AuthError, "403"),
        ({"json": []}, SourceError, "without the project's key"),
    ],
)
def test_a_project_that_cannot_be_seen_is_not_empty(
    web: responses.RequestsMock, call: str, answer: dict[str, Any], error: type[Exception], message: str
) -> None:
    cloud_site(web)
    web.get(f"{SITE}/rest/api/3/project/GONE", **answer)
    if answer.get("status") == 404:
        web.post(f"{SITE}/rest/api/3/search/jql", status=400, json={"errorMessages": ["no project GONE"]})
    made, scope = connector(projects=["GONE"]), Scope("shop", "GONE")
    with pytest.raises(error, match=f"shop:GONE.*{message}"):
        made.plan(scope, None) if call == "plan" else list(made.census(scope))


def test_a_withdrawn_permission_is_not_a_census(web: responses.RequestsMock) -> None:
    cloud_site(web)
    no = {"permissions": {"BROWSE_PROJECTS": {"havePermission": False}}}
    web.get(f"{SITE}/rest/api/3/mypermissions", json=no)
    with pytest.raises(AuthError, match="shop:SHOP: Sync Bot may no longer browse SHOP"):
        list(connector().census(SCOPE))


# --- paging -----------------------------------------------------------------------------------------------------------


def test_a_short_page_is_not_the_last(web: responses.RequestsMock) -> None:
    cloud_site(web)
    for numbers, token in (([1, 2], "a"), ([], "b"), ([3], None)):
        body = {"issues": [raw(number) for number in numbers], **({"nextPageToken": token} if token else {})}
        web.post(f"{SITE}/rest/api/3/search/jql", json=body)
    pages = list(connector().pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None))
    assert ids(iter(pages)) == ["1", "2", "3"]
    assert [page.cursor for page in pages] == [{"token": "a"}, {"token": "b"}, None]
    sent = bodies(web, "/search/jql")
    assert [body.get("nextPageToken") for body in sent] == [None, "a", "b"]
    assert {body["jql"] for body in sent} == {"project = SHOP ORDER BY created ASC, key ASC"}
    assert "description" in sent[0]["fields"]


def test_a_repeated_token_fails(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/jql", json={"issues": [raw(1)], "nextPageToken": "a"})
    with pytest.raises(SourceError, match=r"shop:SHOP.*repeats a page token"):
        list(connector().pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None))


def test_an_old_token_is_an_expired_cursor(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/search/jql", status=400, json={"errorMessages": ["token expired"]})
    made, shard = connector(), Shard("s", {"jql": "project = SHOP"})
    with pytest.raises(CursorExpired):
        list(made.pages(SCOPE, shard, {"token": "old"}))
    with pytest.raises(CursorExpired):
        list(made.pages(SCOPE, shard, {"startAt": 5}))
    with pytest.raises(SourceError) as caught:
        list(made.pages(SCOPE, shard, None))
    assert not isinstance(caught.value, CursorExpired)


class Shelf:
    """Data Center's search over issues in creation order; ``between`` may change them before each answer."""

    def __init__(
        self, numbers: list[int], limit: int, between: Callable[[Shelf, int], None] = lambda s, n: None
    ) -> None:
        self.numbers, self.limit, self.between, self.asked = numbers, limit, between, 0
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: Any) -> tuple[int, dict[str, str], str]:
        body = json.loads(request.body)
        self.bodies.append(body)
        if body["maxResults"]:
            self.between(self, self.asked)
            self.asked += 1
        found = self.numbers
        if "created >=" in body["jql"]:
            anchor = int(body["jql"].split("created >= ")[1].split()[0])
            found = [n for n in found if 1_790_812_800_000 + n * 1000 >= anchor]  # 2026-10-01T00:00Z
        start = body["startAt"]
        page = found[start : start + min(body["maxResults"], self.limit)]
        if start >= 10_000:
            return 500, {}, "too deep"
        return 200, {}, json.dumps({"startAt": start, "total": len(found), "issues": [raw(n) for n in page]})


def server_pages(web: responses.RequestsMock, shelf: Shelf, cursor: Cursor | None = None) -> list[Page]:
    server_site(web)
    web.add_callback("POST", f"{SERVER}/rest/api/2/search", shelf)
    made = connector(SERVER, {"token": TOKEN})
    return list(made.pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), cursor))


def test_offsets_go_on_by_what_came(web: responses.RequestsMock) -> None:
    shelf = Shelf(list(range(1, 8)), limit=3)
    pages = server_pages(web, shelf)
    assert ids(iter(pages)) == ["1", "2", "3", "4", "5", "6", "7"]
    assert [body["startAt"] for body in shelf.bodies] == [0, 2, 4]
    assert pages[-1].cursor is None
    again = server_pages(web, shelf, pages[0].cursor)
    assert ids(iter(again)) == ["4", "5", "6", "7"]


def test_a_server_that_gives_one_at_a_time(web: responses.RequestsMock) -> None:
    def lower(shelf: Shelf, asked: int) -> None:
        shelf.limit = 1 if asked else 3

    assert ids(iter(server_pages(web, Shelf(list(range(1, 8)), 3, lower)))) == ["1", "2", "3", "4", "5", "6", "7"]


def test_an_empty_page_before_the_end_is_not_the_end(web: responses.RequestsMock) -> None:
    server_site(web)
    web.post(f"{SERVER}/rest/api/2/search", json={"issues": [], "total": 7})
    with pytest.raises(SourceError, match="shop:SHOP: a search came back empty at 0 of 7 issues"):
        list(connector(SERVER, {"token": TOKEN}).pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None))


@pytest.mark.parametrize("when", [1, 2])
def test_a_deletion_meanwhile_skips_nothing(web: responses.RequestsMock, when: int) -> None:
    def delete(shelf: Shelf, asked: int) -> None:
        if asked == when:
            del shelf.numbers[:2]

    found = ids(iter(server_pages(web, Shelf(list(range(1, 9)), 3, delete))))
    assert set(map(int, found)) == set(range(1, 9))


def test_an_emptied_project_ends(web: responses.RequestsMock) -> None:
    def empty(shelf: Shelf, asked: int) -> None:
        if asked:
            shelf.numbers.clear()

    assert ids(iter(server_pages(web, Shelf([1, 2, 3, 4], 3, empty)))) == ["1", "2", "3"]


def test_a_census_survives_deletions_hidden_by_new_issues(web: responses.RequestsMock) -> None:
    def swap(shelf: Shelf, asked: int) -> None:
        if asked == 1:
            shelf.numbers[:] = [*shelf.numbers[1:], 100]

    server_site(web)
    web.get(f"{SERVER}/rest/api/2/mypermissions", status=404)
    web.add_callback("POST", f"{SERVER}/rest/api/2/search", Shelf(list(range(1, 8)), 3, swap))
    found = [id_ for batch in connector(SERVER, {"token": TOKEN}).census(SCOPE) for id_ in batch]
    assert set(found) == {*map(str, range(1, 8)), "100"}  # 1 was there when it was read


def test_no_offset_goes_past_what_the_server_can(web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okrsync_jira.search.DEEPEST", 200)
    shelf = Shelf(list(range(1, 1000)), limit=100)
    found = ids(iter(server_pages(web, shelf)))
    assert set(map(int, found)) == set(range(1, 1000))
    assert len(found) < 1600
    assert max(body["startAt"] for body in shelf.bodies) < 300


def test_a_census_names_each_issue_once(web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okrsync_jira.search.DEEPEST", 200)
    server_site(web)
    web.get(f"{SERVER}/rest/api/2/mypermissions", status=404)
    web.add_callback("POST", f"{SERVER}/rest/api/2/search", Shelf(list(range(1, 1000)), limit=100))
    found = [id_ for batch in connector(SERVER, {"token": TOKEN}).census(SCOPE) for id_ in batch]
    assert sorted(map(int, found)) == list(range(1, 1000))


def test_a_server_that_does_not_tell_a_total(web: responses.RequestsMock) -> None:
    server_site(web)
    web.post(f"{SERVER}/rest/api/2/search", json={"issues": []})
    with pytest.raises(SourceError, match=r"shop:SHOP.*without a total"):
        list(connector(SERVER, {"token": TOKEN}).pages(SCOPE, Shard("s", {"jql": "project = SHOP"}), None))


# --- single issues ----------------------------------------------------------------------------------------------------


def test_fetch_on_cloud_asks_for_a_hundred_at_a_time(web: responses.RequestsMock) -> None:
    cloud_site(web)
    web.post(f"{SITE}/rest/api/3/issue/bulkfetch", json={"issues": [raw(1)], "issueErrors": [{"id": "2"}]})
    assert ids(connector().fetch(SCOPE, [str(n) for n in range(250)])) == ["1", "1", "1"]
    assert [len(body["issueIdsOrKeys"]) for body in bodies(web, "/bulkfetch")] == [100, 100, 50]


def test_fetch_on_data_center_leaves_out_what_was_deleted(web: responses.RequestsMock) -> None:
    server_site(web)
    web.post(f"{SERVER}/rest/api/2/search", status=400, json={"errorMessages": ["2 does not exist"]})
    web.get(f"{SERVER}/rest/api/2/issue/1", json=raw(1))
    web.get(f"{SERVER}/rest/api/2/issue/2", status=404)
    assert ids(connector(SERVER, {"token": TOKEN}).fetch(SCOPE, ["1", "2"])) == ["1"]
    assert bodies(web, "/search")[0]["jql"].startswith("id in (1, 2) ORDER BY")


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # where nobody listens
    made = connector("http://jira.example")
    with pytest.raises(RetryableError, match=r"did not answer .ProxyError"):
        made.describe()
    made.close()
