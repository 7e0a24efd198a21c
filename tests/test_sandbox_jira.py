"""The stand-in of Jira answers as Jira does: over HTTP, held against the vendor's descriptions."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.jira_state import EPIC_LABEL, EPIC_LINK, SPRINT
from okrsync.sandbox.recorded import greenhopper, load_jira
from okrsync.sandbox.server import Request, Response, StandIn
from tests.contracts import CONTRACTS, needs_contracts, validate_answer, validate_request

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not at {DATA}")
CLOUD_V3 = CONTRACTS / "jira-cloud-v3.json"
DATA_CENTER = CONTRACTS / "jira-dc-10.3.json"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

DONE = {"id": "5", "name": "Done", "statusCategory": {"id": 3, "key": "done", "colorName": "green", "name": "Done"}}
OPEN = {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"}}


def issue(id: int, key: str, created: str = "2026-11-01T10:00:00.000+0000", **fields: Any) -> dict[str, Any]:
    given = {"summary": f"Summary of {key}", "status": OPEN, "created": created, "updated": created, "labels": []}
    return {"id": str(id), "key": key, "fields": given | fields}


class Caller:
    """A client of one stand-in, with its right credentials unless told otherwise."""

    def __init__(self, jira: JiraStandIn) -> None:
        self.jira, self.session = jira, requests.Session()
        self.session.trust_env = False
        if jira.cloud:
            self.session.auth = (jira.email, jira.token)
        else:
            self.session.headers["Authorization"] = f"Bearer {jira.token}"
        self.api = "/rest/api/3" if jira.cloud else "/rest/api/2"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(f"{self.jira.url}{self.api}/{path}", params=query)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(f"{self.jira.url}{self.api}/{path}", json=body)

    def keys(self, jql: str) -> list[str]:
        path = "search/jql" if self.jira.cloud else "search"
        answer = self.get(path, jql=jql, fields="key", maxResults=1000)
        assert answer.status_code == 200, answer.text
        return [found["key"] for found in answer.json()["issues"]]

    def refusal(self, jql: str) -> str:
        answer = self.get("search/jql" if self.jira.cloud else "search", jql=jql)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["errorMessages"][0])


Open = Callable[..., Caller]


@pytest.fixture
def site() -> Iterator[Open]:
    opened: list[Caller] = []

    def open_site(deployment: Any = "cloud", **options: Any) -> Caller:
        jira = JiraStandIn(deployment, record=True, **options).start()
        jira.now = lambda: NOW
        jira.add_project("SHOP", "Online shop", "10001")
        jira.add_project("PAY", "Payments", "10002", "next-gen")
        opened.append(Caller(jira))
        return opened[-1]

    yield open_site
    for caller in opened:
        caller.session.close()
        caller.jira.stop()


def fill(caller: Caller, count: int = 5) -> None:
    for number in range(1, count + 1):
        caller.jira.put_issue(issue(1000 + number, f"SHOP-{number}", f"2026-11-0{number % 9 + 1}T10:00:00.000+0000"))


# --- the server under it ----------------------------------------------------------------------------------------------


def test_a_stand_in_logs_requests_and_asks_its_faults_first() -> None:
    with StandIn(record=True) as server, requests.Session() as session:
        session.trust_env = False
        server.faults.append(
            lambda request: Response(429, headers={"Retry-After": "3"}) if "b" in request.path else None
        )
        answers = [session.post(f"{server.url}/{name}?q=1&q=2", json={"n": 1}) for name in ("a%20a", "b")]
        assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers] == [
            (404, None),
            (429, "3"),
        ]
        assert (server.count(), server.count("/a")) == (2, 1)
        first = server.requests[0]
        assert (first.method, first.path, first.query, first.json()) == ("POST", "/a a", {"q": ["1", "2"]}, {"n": 1})
        assert first.headers["content-TYPE"] == "application/json"
        assert [response.status for _, response in server.answers] == [404, 429]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{answers[0].url.split(':')[2].split('/')[0]}/", timeout=1)


# --- the descriptions -------------------------------------------------------------------------------------------------


def visit_everything(caller: Caller) -> None:
    bounded = "project = SHOP ORDER BY created"
    for path in ("serverInfo", "myself", "field", "status", "statuscategory", "project/SHOP", "project/NOPE"):
        caller.get(path)
    caller.get("project/SHOP/versions")
    caller.get("project/PAY/version", startAt=0, maxResults=1)
    caller.get("mypermissions", **({"permissions": "BROWSE_PROJECTS"} if caller.jira.cloud else {}), projectKey="SHOP")
    caller.get("issue/SHOP-1")
    caller.get("issue/SHOP-99")
    if caller.jira.cloud:
        caller.get("project/search", keys="SHOP")
        caller.get("search/jql", jql=bounded)
        caller.get("search/jql", jql="nonsense")
        caller.post("search/jql", {"jql": bounded, "fields": ["*all"], "maxResults": 2})
        caller.post("search/approximate-count", {"jql": bounded})
        caller.post("issue/bulkfetch", {"issueIdsOrKeys": ["SHOP-1", "gone"], "fields": ["summary"]})
    else:
        caller.get("search", jql=bounded)
        caller.post("search", {"jql": bounded, "fields": ["summary"], "startAt": 1, "maxResults": 2})


@needs_contracts
@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_every_answer_and_our_requests_fit_the_description(site: Open, deployment: str) -> None:
    caller = site(deployment)
    fill(caller)
    caller.jira.put_issue(issue(1001, "SHOP-1", description="one\n\ntwo", customfield_10020=None, resolution=None))
    caller.jira.versions["10002"] = [
        {"id": str(number), "name": f"v{number}", "archived": False, "released": True, "releaseDate": "2026-11-01"}
        for number in range(3)
    ]
    visit_everything(caller)
    spec, loose = (CLOUD_V3, False) if caller.jira.cloud else (DATA_CENTER, True)
    for request, response in caller.jira.answers:
        validate_request(spec, request.method, request.path, request.query, request.json(), loose=loose)
        validate_answer(spec, request.method, request.path, response.status, response.json, loose=loose)
    assert Counter(response.status for _, response in caller.jira.answers)[200] >= 12


@needs_contracts
@pytest.mark.parametrize(
    "check",
    [
        lambda: validate_answer(CLOUD_V3, "GET", "/rest/api/3/myself", 200, {"accountId": 1}),
        lambda: validate_answer(CLOUD_V3, "GET", "/rest/api/3/myself", 299, {}),
        lambda: validate_answer(CLOUD_V3, "GET", "/rest/api/3/nowhere", 200, {}),
        lambda: validate_answer(DATA_CENTER, "GET", "/rest/api/2/search", 200, {"issues": [{"key": 1}]}, loose=True),
        lambda: validate_request(CLOUD_V3, "GET", "/rest/api/3/search/jql", {"startAt": "0"}),
        lambda: validate_request(CLOUD_V3, "GET", "/rest/api/3/search/jql", {"maxResults": "many"}),
        lambda: validate_request(CLOUD_V3, "POST", "/rest/api/3/search/jql", body={"startAt": 0}),
        lambda: validate_request(CLOUD_V3, "POST", "/rest/api/3/search/jql"),
    ],
)
def test_the_descriptions_refuse_what_is_wrong(check: Callable[[], None]) -> None:
    with pytest.raises(AssertionError):
        check()


# --- search -----------------------------------------------------------------------------------------------------------

QUERIES = [
    ("project = SHOP", ["SHOP-3", "SHOP-2", "SHOP-1"]),
    ('project in ("Online shop", 10002) ORDER BY key', ["PAY-1", "SHOP-1", "SHOP-2", "SHOP-3"]),
    ("project != SHOP", ["PAY-1"]),
    ("key in (SHOP-1, pay-1) ORDER BY created DESC", ["PAY-1", "SHOP-1"]),
    ("id = 1002", ["SHOP-2"]),
    ("id >= 1001 ORDER BY id", ["SHOP-1", "SHOP-2", "SHOP-3"]),
    ("key not in (SHOP-1) AND project = SHOP", ["SHOP-3", "SHOP-2"]),
    ("labels = Activation", ["SHOP-2"]),
    ("labels != activation", ["SHOP-3"]),
    ("NOT labels = activation", ["SHOP-3"]),
    ("NOT (labels = activation OR project = PAY)", ["SHOP-3"]),
    ("labels is EMPTY AND project = SHOP", ["SHOP-1"]),
    ("labels is not EMPTY", ["SHOP-3", "SHOP-2"]),
    ("statusCategory = Done", ["SHOP-3"]),
    ("status in (Open, 77) AND project = SHOP", ["SHOP-2", "SHOP-1"]),
    ("resolution = Unresolved AND project = SHOP", ["SHOP-2", "SHOP-1"]),
    ("resolution = Fixed", ["SHOP-3"]),
    ("resolution != Fixed", []),
    ("sprint = 'A, [b]' OR sprint = 13", ["SHOP-2", "SHOP-1"]),
    ('"Epic Link" = SHOP-3', ["SHOP-1"]),
    ("cf[10014] = SHOP-3", ["SHOP-1"]),
    ("component = Checkout AND fixVersion = 1.0", ["SHOP-2"]),
    ('summary ~ "summary shop-1"', ["SHOP-1"]),
    ("updated >= 1793613600000 AND project = SHOP ORDER BY updated", ["SHOP-2", "SHOP-3"]),
    ("updated > 1793613600000 AND project = SHOP", ["SHOP-3"]),
    ("created >= '2026-11-02' AND created < '2026/11/03 10:00'", ["SHOP-2"]),
    ("updated >= -19d AND updated <= now()", ["SHOP-3", "SHOP-2", "PAY-1"]),
    ("resolutiondate is EMPTY ORDER BY project DESC, created ASC", ["SHOP-1", "SHOP-2", "PAY-1"]),
]


@pytest.mark.parametrize("deployment", ["cloud", "server"])
@pytest.mark.parametrize(("jql", "keys"), QUERIES)
def test_a_query_finds(site: Open, deployment: str, jql: str, keys: list[str]) -> None:
    caller = site(deployment)
    sprints: list[Any] = [{"id": 12, "name": "A, [b]"}, {"id": 13, "name": "B"}]
    if deployment == "server":
        sprints = [greenhopper(sprint | {"state": "closed"}) for sprint in sprints]
    put = caller.jira.put_issue
    put(issue(1001, "SHOP-1", customfield_10014="SHOP-3", customfield_10020=sprints[:1]))
    put(
        issue(
            1002,
            "SHOP-2",
            "2026-11-02T10:00:00.000+0000",
            labels=["activation", "ios"],
            components=[{"id": "7", "name": "Checkout"}],
            fixVersions=[{"id": "8", "name": "1.0"}],
            customfield_10020=sprints[1:],
        )
    )
    fixed = {"resolution": {"id": "1", "name": "Fixed"}, "resolutiondate": "2026-11-04T10:00:00.000+0000"}
    put(issue(1003, "SHOP-3", "2026-11-03T10:00:00.000+0000", labels=["ios"], status=DONE, **fixed))
    put(issue(2001, "PAY-1", "2026-11-05T10:00:00.000+0000"))
    assert caller.keys(jql) == keys


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("project in (SHOP, NOPE)", "The value 'NOPE' does not exist for the field 'project'."),
        ("key in (SHOP-1, SHOP-99)", "An issue with key 'SHOP-99' does not exist for field 'key'."),
        ("id = 99", "A value with ID '99' does not exist for the field 'id'."),
        ("colour = red", "Field 'colour' does not exist"),
        ("summary = x", "The operator '=' is not supported by the 'summary' field."),
        ("labels > x", "The operator '>' is not supported by the 'labels' field."),
        ("updated >= '2026-11-01 10:00:30'", "Date value '2026-11-01 10:00:30' for field 'updated' is invalid."),
        ("updated >= '2026-02-31'", "Date value"),
        ("updated >= startOfMoon()", "Unable to find JQL function 'startOfMoon()'."),
        ("project = ON", "'ON' is a reserved JQL word"),
        ("project = SHOP AND", "Error in the JQL Query: Expecting a field name before the end"),
        ("project = SHOP labels = x", "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'labels'."),
        ("(project = SHOP", "Expecting ')'"),
        ("project is SHOP", "The operator 'is' only supports the values EMPTY and NULL."),
        ("project = SHOP ORDER BY rank", "Not able to sort using field 'rank'."),
    ],
)
@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_a_query_is_refused(site: Open, deployment: str, jql: str, message: str) -> None:
    caller = site(deployment)
    fill(caller)
    assert message in caller.refusal(jql)


def test_cloud_refuses_unbounded_queries_and_long_orders(site: Open) -> None:
    caller = site()
    fill(caller)
    assert "Unbounded JQL" in caller.refusal("ORDER BY created")
    assert caller.post("search/approximate-count", {"jql": ""}).status_code == 400
    fields = ["created", "updated", "key", "status", "summary", "project", "issuetype", "resolution"]
    assert "7" in caller.refusal(f"project = SHOP ORDER BY {', '.join(fields)}")
    assert len(caller.keys(f"project = SHOP ORDER BY {', '.join(fields[:7])}")) == 5


def test_a_bound_that_does_not_exist_finds_nothing_on_cloud_and_is_refused_on_server(site: Open) -> None:
    cloud, server = site(), site("server")
    fill(cloud)
    fill(server)
    assert cloud.keys("id > 1") == []
    assert "A value with ID '1' does not exist" in server.refusal("id > 1")


@pytest.mark.parametrize(
    ("zone", "keys"),
    [("UTC", ["SHOP-2"]), ("America/Los_Angeles", []), ("Asia/Shanghai", ["SHOP-2", "SHOP-1"])],
)
def test_dates_are_read_in_the_accounts_zone_and_milliseconds_are_not(site: Open, zone: str, keys: list[str]) -> None:
    caller = site(account_timezone=zone)
    caller.jira.put_issue(issue(1, "SHOP-1", "2026-11-01T03:00:00.000+0000"))
    caller.jira.put_issue(issue(2, "SHOP-2", "2026-11-01T12:00:30.000+0000"))
    assert caller.get("myself").json()["timeZone"] == zone
    assert caller.keys("updated >= '2026-11-01 11:00'") == keys
    assert caller.keys("updated >= 1793534430000") == ["SHOP-2"]
    assert caller.keys("updated > 1793534430000") == []


# --- paging -----------------------------------------------------------------------------------------------------------


def walk(caller: Caller, **body: Any) -> list[list[str]]:
    pages, token = [], None
    while True:
        answer = caller.post("search/jql", body | ({"nextPageToken": token} if token else {})).json()
        pages.append([found["id"] for found in answer["issues"]])
        token = answer.get("nextPageToken")
        assert answer["isLast"] is (token is None)
        if token is None:
            return pages


def test_cloud_pages_by_token(site: Open) -> None:
    caller = site(page_limit=4)
    fill(caller, 9)
    every = [str(number) for number in range(1001, 1010)]
    assert walk(caller, jql="project = SHOP ORDER BY key") == [every]
    assert walk(caller, jql="project = SHOP ORDER BY key", fields=["summary"], maxResults=50) == [
        every[:4], every[4:8], every[8:],
    ]  # fmt: skip
    caller.jira.short_pages = True
    assert walk(caller, jql="project = SHOP ORDER BY key", fields=["summary"]) == [
        every[:4], every[4:6], every[6:8], every[8:],
    ]  # fmt: skip


def test_a_token_is_good_for_its_own_query_and_for_a_week(site: Open) -> None:
    caller = site()
    fill(caller)
    body = {"jql": "project = SHOP ORDER BY key", "maxResults": 2}
    token = caller.post("search/jql", body).json()["nextPageToken"]
    caller.jira.delete_issue("SHOP-3")
    assert [found["id"] for found in caller.post("search/jql", body | {"nextPageToken": token}).json()["issues"]] == [
        "1004"
    ]
    assert caller.post("search/jql", {"jql": "project = PAY", "nextPageToken": token}).status_code == 400
    caller.jira.now = lambda: NOW + timedelta(days=8)
    assert caller.post("search/jql", body | {"nextPageToken": token}).status_code == 400


def test_cloud_answers_ids_unless_asked_for_more(site: Open) -> None:
    caller = site()
    caller.jira.put_issue(issue(1, "SHOP-1", description="text", customfield_10014="SHOP-9"))

    def fields_of(*fields: str) -> Any:
        return caller.post("search/jql", {"jql": "key = SHOP-1", "fields": list(fields)}).json()["issues"][0]

    assert fields_of() == {"id": "1"}
    assert fields_of("key") == {"id": "1", "key": "SHOP-1"}
    assert fields_of("summary", "Epic Link")["fields"] == {
        "summary": "Summary of SHOP-1",
        "customfield_10014": "SHOP-9",
    }
    assert "summary" not in fields_of("*all", "-summary")["fields"]
    assert fields_of("description")["fields"]["description"]["type"] == "doc"
    caller.api = "/rest/api/2"
    assert fields_of("description")["fields"]["description"] == "text"


def test_the_old_search_is_gone_on_cloud(site: Open) -> None:
    caller = site()
    for api in ("/rest/api/3", "/rest/api/2"):
        caller.api = api
        assert caller.get("search", jql="project = SHOP").status_code == 410
    assert caller.post("search/jql", {"jql": "project = SHOP", "startAt": 0}).status_code == 400


def test_server_pages_by_offset_and_lowers_what_is_asked(site: Open) -> None:
    caller = site("server", page_limit=3)
    fill(caller, 5)
    pages = [
        caller.get("search", jql="project = SHOP ORDER BY key", startAt=at, maxResults=1000).json() for at in (0, 3)
    ]
    assert [[found["key"] for found in page["issues"]] for page in pages] == [
        ["SHOP-1", "SHOP-2", "SHOP-3"], ["SHOP-4", "SHOP-5"],
    ]  # fmt: skip
    assert {(page["total"], page["maxResults"]) for page in pages} == {(5, 3)}
    assert caller.get("search", jql="", maxResults=0).json()["total"] == 5
    assert caller.get("search/jql", jql="project = SHOP").status_code == 404


# --- what happens between two syncs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_a_moved_issue_keeps_its_id_and_answers_to_both_keys(site: Open, deployment: str) -> None:
    caller = site(deployment)
    fill(caller)
    assert caller.jira.move_issue("SHOP-2", "PAY", updated=NOW) == "PAY-1"
    assert caller.keys("project = PAY") == ["PAY-1"]
    assert caller.keys("key = SHOP-2") == ["PAY-1"]
    for key in ("SHOP-2", "PAY-1", "1002"):
        found = caller.get(f"issue/{key}").json()
        assert (found["id"], found["key"], found["fields"]["project"]["key"]) == ("1002", "PAY-1", "PAY")
    assert found["fields"]["updated"] == "2026-11-20T12:00:00.000+0000"


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_a_deleted_issue_is_gone_and_fails_a_query_that_names_it(site: Open, deployment: str) -> None:
    caller = site(deployment)
    fill(caller)
    assert len(caller.keys("project = SHOP")) == 5
    caller.jira.delete_issue("SHOP-2")
    assert caller.keys("project = SHOP ORDER BY key") == ["SHOP-1", "SHOP-3", "SHOP-4", "SHOP-5"]
    assert caller.get("issue/SHOP-2").status_code == 404
    assert "SHOP-2" in caller.refusal("key in (SHOP-1, SHOP-2)")


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_a_revoked_project_disappears_until_it_is_restored(site: Open, deployment: str) -> None:
    caller = site(deployment)
    fill(caller)
    permissions = {"permissions": "BROWSE_PROJECTS", "projectKey": "SHOP"}
    caller.jira.revoke("SHOP")
    assert caller.keys("created > 0") == []
    assert "does not exist" in caller.refusal("project = SHOP")
    assert caller.get("project/SHOP").status_code == caller.get("project/SHOP/versions").status_code == 404
    assert caller.get("issue/SHOP-1").status_code == 404
    browse = caller.get("mypermissions", **permissions).json()["permissions"]["BROWSE_PROJECTS"]
    assert browse["havePermission"] is False
    assert [project["key"] for project in caller.get("project").json()] == ["PAY"]
    caller.jira.restore("SHOP")
    assert len(caller.keys("project = SHOP")) == 5
    assert caller.get("mypermissions", **permissions).json()["permissions"]["BROWSE_PROJECTS"]["havePermission"]


def test_a_renamed_project_answers_to_both_keys(site: Open) -> None:
    caller = site()
    fill(caller, 2)
    caller.jira.rename_project("SHOP", "STORE")
    assert caller.keys("project = SHOP ORDER BY key") == ["STORE-1", "STORE-2"]
    assert caller.get("project/SHOP").json()["key"] == "STORE"
    assert caller.get("issue/SHOP-1").json()["key"] == "STORE-1"


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_a_token_that_is_refused(site: Open, deployment: str) -> None:
    caller = site(deployment)
    fill(caller)
    search = "search/jql" if deployment == "cloud" else "search"
    caller.jira.expire_token()
    assert {caller.get(path).status_code for path in ("myself", search, "project/SHOP", "field")} == {401}
    assert caller.get("serverInfo").status_code == 200
    caller.jira.expire_token("anonymous")
    answer = caller.get(search, jql="project = SHOP")
    assert (answer.status_code, answer.json()["issues"]) == (200, [])
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert caller.get("myself").status_code == 401
    assert caller.get("issue/SHOP-1").status_code == 404
    caller.jira.renew_token()
    assert len(caller.keys("project = SHOP")) == 5
    caller.session.auth, caller.session.headers["Authorization"] = None, "Bearer wrong"
    assert caller.get("myself").status_code == 401


def test_the_index_may_lag(site: Open) -> None:
    caller = site()
    fill(caller, 2)
    release = caller.jira.lag_until("SHOP-2")
    assert caller.keys("project = SHOP") == ["SHOP-1"]
    assert caller.get("issue/SHOP-2").status_code == 200
    release()
    assert caller.keys("project = SHOP") == ["SHOP-2", "SHOP-1"]


def test_a_replaced_issue_is_found_by_what_it_is_now(site: Open) -> None:
    caller = site()
    caller.jira.put_issue(issue(1, "SHOP-1", labels=["old"]))
    assert caller.keys("labels = old") == ["SHOP-1"]
    caller.jira.put_issue(issue(1, "SHOP-1", labels=["new"]), updated=NOW)
    assert (caller.keys("labels = old"), caller.keys("updated >= '2026-11-20 12:00'")) == ([], ["SHOP-1"])
    caller.jira.issues["1"]["fields"]["labels"] = ["old"]
    caller.jira.changed()
    assert caller.keys("labels = old") == ["SHOP-1"]
    with pytest.raises(ValueError, match="no project"):
        caller.jira.put_issue(issue(2, "NOPE-1"))


def test_bulk_fetch_follows_moves_and_reports_what_is_missing(site: Open) -> None:
    caller = site()
    fill(caller)
    caller.jira.move_issue("SHOP-2", "PAY")
    answer = caller.post("issue/bulkfetch", {"issueIdsOrKeys": ["SHOP-2", "1001", "SHOP-99"]}).json()
    assert [found["key"] for found in answer["issues"]] == ["PAY-1", "SHOP-1"]
    assert [error["id"] for error in answer["issueErrors"]] == ["SHOP-99"]
    assert caller.post("issue/bulkfetch", {"issueIdsOrKeys": ["1"] * 101}).status_code == 400


# --- recorded data ----------------------------------------------------------------------------------------------------


@needs_data
def test_the_recorded_server_is_served_whole() -> None:
    path = DATA / "jira-server-tidev.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        recorded = [json.loads(line) for line in lines]
    with JiraStandIn("server") as jira:
        assert load_jira(path, jira) == len(recorded) == 29_057
        caller = Caller(jira)
        with caller.session:
            for project, count in Counter(one["fields"]["project"]["key"] for one in recorded).items():
                assert caller.get("search", jql=f"project = {project}", maxResults=0).json()["total"] == count
            epic = [one for one in recorded if (one["fields"].get("epic") or {}).get("key") == "ALOY-974"]
            assert sorted(caller.keys('"Epic Link" = ALOY-974')) == sorted(one["key"] for one in epic)
            sprinted = next(one for one in recorded if len(one["fields"].get("closedSprints", ())) > 1)
            ids = {field["schema"].get("custom"): field["id"] for field in caller.get("field").json()}
            fields = caller.get(f"issue/{sprinted['key']}").json()["fields"]
            for text, sprint in zip(fields[ids[SPRINT]], sprinted["fields"]["closedSprints"], strict=True):
                assert f"[id={sprint['id']}," in text
                assert f",name={sprint['name']},startDate=" in text
                assert f"state={sprint['state'].upper()}" in text
            assert "closedSprints" not in fields
            assert caller.get(f"issue/{epic[0]['key']}").json()["fields"][ids[EPIC_LINK]] == "ALOY-974"
            assert caller.get("issue/ALOY-974").json()["fields"][ids[EPIC_LABEL]] == "Document Alloy"
            deep = {"jql": "project = TIMOB ORDER BY created", "startAt": 9_900, "maxResults": 200, "fields": "key"}
            assert caller.get("search", **deep).status_code == 500
            jira.beyond_window = "empty"
            assert len(caller.get("search", **deep).json()["issues"]) == 100
            assert caller.get("search", **deep | {"startAt": 10_000}).json()["issues"] == []
            names = {version["name"] for version in caller.get("project/MOD/versions").json()}
            versions = (v for one in recorded if one["fields"]["project"]["key"] == "MOD"
                        for v in [*one["fields"].get("fixVersions", ()), *one["fields"]["versions"]])  # fmt: skip
            assert names == {version["name"] for version in versions}


@needs_data
@needs_contracts
def test_the_recorded_cloud_is_served_and_fits_the_description() -> None:
    with JiraStandIn(record=True) as jira:
        assert load_jira(DATA, jira) == 33
        caller = Caller(jira)
        with caller.session:
            assert (len(caller.keys("project = EE")), len(caller.keys("project = K5"))) == (30, 3)
            assert caller.keys("sprint = 7 AND key = EE-1") == ["EE-1"]
            assert sorted(caller.keys("parent = K5-1")) == sorted(caller.keys('"Epic Link" = K5-1')) != []
            styles = Counter(one["style"] for one in caller.get("project/search").json()["values"])
            assert styles == {"next-gen": 6, "classic": 7}
            assert len(caller.get("status").json()) == 53
            caller.post("search/jql", {"jql": "project in (EE, K5)", "fields": ["*all"]})
            for request, response in jira.answers:
                if response.status == 200:
                    validate_answer(CLOUD_V3, request.method, request.path, 200, response.json)


def test_requests_need_no_server() -> None:
    jira = JiraStandIn()
    assert jira.handle(Request("GET", "/nowhere")).status == 404
    with pytest.raises(RuntimeError, match="not started"):
        _ = jira.url
