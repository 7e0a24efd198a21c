"""The GitHub stand-in's GraphQL API: its queries against GitHub's published schema, and its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.graphql import GraphQLError, execute, parse
from tests.contracts import CONTRACTS, github_schema
from tests.github_sandbox import NOW, STORE, asking, fill

ISSUES = """
query Issues($owner: String!, $name: String!, $size: Int = 2, $after: String, $since: DateTime) {
  repository(owner: $owner, name: $name) {
    databaseId nameWithOwner
    issues(first: $size, after: $after, filterBy: {since: $since}, orderBy: {field: UPDATED_AT, direction: ASC}) {
      totalCount nodes { number updatedAt state stateReason } pageInfo { hasNextPage endCursor }
    }
  }
}"""
PULL = """
query ($owner: String!, $name: String!, $number: Int!, $more: Boolean = true) {
  repository(owner: $owner, name: $name) { p6: pullRequest(number: $number) { ...Facts } }
  rateLimit { cost remaining resetAt }
}
fragment Facts on PullRequest {
  number merged mergedAt headRefName state mergeCommit { oid }
  closingIssuesReferences(first: 10) { nodes { number repository { nameWithOwner } } }
  commits(first: 1) @include(if: $more) { totalCount nodes { commit { message } } }
  reviews(first: 5) @skip(if: $more) { totalCount }
  reviewRequests(first: 5) { nodes { requestedReviewer { __typename ... on User { login } ... on Team { name } } } }
}"""
PULLS = """{ repository(owner: "acme", name: "STOREFRONT") {
  pullRequests(first: 10, states: [MERGED], orderBy: {field: CREATED_AT, direction: DESC}) { nodes { number } }
  all: pullRequests { totalCount } } }"""
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Issue { number } ... on PullRequest { number merged } } }"
WHERE = {"owner": "acme", "name": "storefront"}


def in_store(selection: str) -> str:
    return f'{{ repository(owner: "acme", name: "storefront") {{ {selection} }} }}'


@pytest.fixture
def hub() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(clock=lambda: NOW) as stand_in:
        yield fill(stand_in)


@pytest.fixture(scope="session")
def schema() -> Any:
    if not CONTRACTS.is_dir():
        pytest.skip(f"the API descriptions are not at {CONTRACTS}")
    return github_schema()


@pytest.mark.parametrize("query", [ISSUES, PULL, PULLS, NODES])
def test_the_queries_are_valid_by_the_published_schema(schema: Any, query: str) -> None:
    import graphql

    assert graphql.validate(schema, graphql.parse(query)) == []


def test_every_field_that_is_served_is_in_the_published_schema(schema: Any, hub: GitHubStandIn) -> None:
    from okrsync.sandbox.github_views import Views, Visible

    seen: set[str] = set()

    def walk(value: Any) -> None:
        if callable(value):
            try:
                value = value({"first": 100, **WHERE, "id": "R_501", "ids": [], "number": 6})
            except GraphQLError:
                return  # issue 6 is a pull request
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict) and (value["__typename"] not in seen or "totalCount" in value):
            seen.add(value["__typename"])
            fields = schema.type_map[value["__typename"]].fields
            assert value.keys() - {"__typename"} <= fields.keys()
            for item in value.values():
                walk(item)

    visible = Visible([hub.repo(STORE)], hub.repo, "bot", 5, "2026-11-20T08:00:00Z")
    views = Views(visible, hub._objects())
    walk(views.pull(hub.repo(STORE), 6))
    walk(views.query(1))
    assert {"PullRequest", "Issue", "PullRequestReview", "ReviewRequest", "Milestone", "Label", "User"} <= seen


def test_issues_by_graphql_page_by_page(hub: GitHubStandIn) -> None:
    with asking(hub) as session:
        found: list[int] = []
        after = None
        while True:
            issues = session.query(ISSUES, **WHERE, after=after, since="2026-10-15T08:00:00Z")["data"]["repository"][
                "issues"
            ]
            assert issues["totalCount"] == 4
            found += [node["number"] for node in issues["nodes"]]
            after = issues["pageInfo"]["endCursor"]
            if not issues["pageInfo"]["hasNextPage"]:
                break
        assert found == [4, 3, 2, 1]
        assert issues["nodes"][0] == {
            "number": 2, "updatedAt": "2026-10-17T08:00:00Z", "state": "CLOSED", "stateReason": "COMPLETED"
        }  # fmt: skip


def test_a_pull_request_by_graphql(hub: GitHubStandIn) -> None:
    with asking(hub) as session:
        answer = session.query(PULL, **WHERE, number=6)
        assert answer.keys() == {"data"}
        assert answer["data"]["rateLimit"]["remaining"] == 4999
        pull = answer["data"]["repository"]["p6"]
        assert len(pull.pop("mergeCommit")["oid"]) == 40
        assert pull == {
            "number": 6,
            "merged": True,
            "mergedAt": "2026-10-07T08:00:00Z",
            "headRefName": "SHOP-101-checkout",
            "state": "MERGED",
            "closingIssuesReferences": {
                "nodes": [
                    {"number": 1, "repository": {"nameWithOwner": STORE}},
                    {"number": 1, "repository": {"nameWithOwner": "acme/other"}},
                ]
            },
            "commits": {"totalCount": 2, "nodes": [{"commit": {"message": "One\n\nKR: KR1.1"}}]},
            "reviewRequests": {"nodes": [{"requestedReviewer": {"__typename": "User", "login": "mei"}}]},
        }
        hub.revoke("acme/other")
        pull = session.query(PULL, **WHERE, number=6, more=False)["data"]["repository"]["p6"]
        assert [node["number"] for node in pull["closingIssuesReferences"]["nodes"]] == [1]
        assert "commits" not in pull
        assert pull["reviews"] == {"totalCount": 1}
        assert session.query(PULLS)["data"]["repository"] == {
            "pullRequests": {"nodes": [{"number": 6}]},
            "all": {"totalCount": 2},
        }


def test_items_by_number_with_their_timeline(hub: GitHubStandIn) -> None:
    hub.put_pull(
        STORE,
        {
            "number": 7,
            "timeline": [
                {"event": "review_requested", "created_at": "2026-10-09T08:00:00Z", "reviewer": "team:acme/ops"},
                {"event": "assigned", "created_at": "2026-10-08T09:00:00Z", "assignee": "mei"},
                {"event": "cross-referenced", "created_at": "2026-10-10T08:00:00Z", "source": (STORE, 6)},
            ],
            "reviews": [{"user": "mei", "state": "APPROVED", "submitted_at": "2026-10-08T12:00:00Z"}],
        },
    )  # fmt: skip
    fields = """{ __typename ... on PullRequest { timelineItems(first: 10, itemTypes: [REVIEW_REQUESTED_EVENT,
      ASSIGNED_EVENT, PULL_REQUEST_REVIEW]) { nodes { __typename
        ... on ReviewRequestedEvent { requestedReviewer { ... on User { login } ... on Team { combinedSlug } } }
        ... on AssignedEvent { assignee { ... on User { login } } } } } } }"""
    query = in_store(" ".join(f"i{n}: issueOrPullRequest(number: {n}) {fields}" for n in (1, 7, 99)))
    with asking(hub) as session:
        answer = session.query(query)
    assert answer["data"]["repository"] == {
        "i1": {"__typename": "Issue"},
        "i7": {
            "__typename": "PullRequest",
            "timelineItems": {
                "nodes": [
                    {"__typename": "AssignedEvent", "assignee": {"login": "mei"}},
                    {"__typename": "PullRequestReview"},
                    {"__typename": "ReviewRequestedEvent", "requestedReviewer": {"combinedSlug": "acme/ops"}},
                ]
            },
        },
        "i99": None,
    }
    assert [(error["type"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["repository", "i99"])]


def test_milestones_releases_and_labels(hub: GitHubStandIn) -> None:
    hub.put_milestone(STORE, {"title": "v3", "created_at": "2026-11-01T08:00:00Z"})
    query = in_store("""
      milestones(first: 5, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { number title state } }
      milestone(number: 1) { issues(first: 5) { nodes { number } } pullRequests(first: 5) { nodes { number } } }
      releases(first: 5) { nodes { databaseId tagName isDraft publishedAt } } labels(first: 5) { nodes { name } }
      label(name: "bug") { issues(first: 5) { nodes { number } } } none: label(name: "none") { id }""")
    with asking(hub) as session:
        answer = session.query(query)["data"]["repository"]
    assert answer == {
        "milestones": {
            "nodes": [
                {"number": 2, "title": "v3", "state": "OPEN"}, {"number": 1, "title": "Onboarding v2", "state": "OPEN"},
            ]
        },
        "milestone": {
            "issues": {"nodes": [{"number": 1}, {"number": 2}]}, "pullRequests": {"nodes": [{"number": 6}]},
        },
        "releases": {
            "nodes": [
                {"databaseId": 1, "tagName": "v1.0", "isDraft": False, "publishedAt": "2026-10-30T08:00:00Z"}
            ]
        },
        "labels": {"nodes": [{"name": "activation"}, {"name": "Bug"}]},
        "label": {"issues": {"nodes": [{"number": 1}, {"number": 3}, {"number": 5}]}},
        "none": None,
    }  # fmt: skip


def test_an_old_server_names_all_that_it_lacks_at_once(hub: GitHubStandIn) -> None:
    hub.lacks = {"Issue.parent", "stateReason.enableDuplicate"}
    text = in_store("issue(number: 1) { ...I }") + " fragment I on Issue { SELECTION }"
    with asking(hub) as session:
        refused = session.query(
            text.replace("SELECTION", "number parent { number } stateReason(enableDuplicate: true)")
        )
        assert refused.keys() == {"errors"}
        assert [error["message"] for error in refused["errors"]] == [
            "Field 'parent' doesn't exist on type 'Issue'",
            "Field 'stateReason' doesn't accept argument 'enableDuplicate'",
        ]
        assert session.query(text.replace("SELECTION", "number stateReason"))["data"]["repository"] == {
            "issue": {"number": 1, "stateReason": None}
        }


def test_nodes_by_id_are_found_one_by_one(hub: GitHubStandIn) -> None:
    with asking(hub) as session:
        ids = [session.get(f"/repos/{STORE}/{path}").json()["node_id"] for path in ("issues/2", "pulls/6")]
        answer = session.query(NODES, ids=[ids[0], "I_none", ids[1]])
        assert answer["data"]["nodes"] == [
            {"id": ids[0], "number": 2}, None, {"id": ids[1], "number": 6, "merged": True}
        ]  # fmt: skip
        assert [(error["type"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["nodes", 1])]


def test_what_may_not_be_read_is_null_with_an_error(hub: GitHubStandIn) -> None:
    hub.revoke(STORE)
    with asking(hub) as session:
        answer = session.query(ISSUES, **WHERE)
        assert answer["data"] == {"repository": None}
        assert (answer["errors"][0]["type"], answer["errors"][0]["path"]) == ("NOT_FOUND", ["repository"])
        hub.restore(STORE)
        answer = session.query(PULL, **WHERE, number=1)
        assert answer["data"]["repository"] == {"p6": None}
        assert answer["errors"][0]["path"] == ["repository", "p6"]


def test_the_graphql_limit_answers_200(hub: GitHubStandIn) -> None:
    hub.rate_limit(1, "primary", seconds=5)
    with asking(hub) as session:
        answer = session.post(hub.graphql_url, json={"query": "{viewer{login}}"})
        assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "0")
        assert answer.json()["errors"][0]["type"] == "RATE_LIMITED"
        assert "errors" not in session.query("{viewer{login}}")


def test_over_the_resource_limit_data_are_partial(hub: GitHubStandIn) -> None:
    hub.cut_short_next = 2
    with asking(hub) as session:
        answer = session.query(ISSUES, **WHERE, size=4)
        nodes = answer["data"]["repository"]["issues"]["nodes"]
        assert [node and node["number"] for node in nodes] == [5, 4, None, None]
        assert [error["path"][-1] for error in answer["errors"]] == [2, 3]
        two = in_store("a: pullRequest(number: 6) { merged } b: pullRequest(number: 7) { merged }")
        assert session.query(two)["data"]["repository"] == {"a": {"merged": True}, "b": None}
        assert session.query(two)["data"]["repository"]["b"] == {"merged": False}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (in_store("issues { nodes { number } }"), "MISSING_PAGINATION_BOUNDARIES"),
        (in_store("issues(first: 101) { nodes { number } }"), "EXCESSIVE_PAGINATION"),
        (in_store("issues(first: 100) { nodes { a: labels(first: 100) { nodes { x(first: 100) { y } } } } }"),
         "MAX_NODE_LIMIT_EXCEEDED"),
        (in_store("issues(first: 1, after: 5) { nodes { number } }"), "valid cursor"),
        (in_store('issues(first: 1, after: "?") { nodes { number } }'), "valid cursor"),
        (in_store("nothing"), "Field 'nothing' doesn't exist on type 'Repository'"),
        ("{viewer}", "must have selections"),
        ("{viewer{login{x}}}", "Selections can't be made on scalars"),
        ("query($a:Int!){viewer{login}}", "Variable $a"),
        ("{viewer{...F}}", "Fragment F"),
        ("{viewer{login}", "Parse error on end of file at [1, 15]"),
        ("{viewer{login}}\n}", "Parse error on \\\"}\\\" at [2, 1]"),
        ("mutation{x}", "Parse error"),
        ("{viewer{login(a: ?)}}", "Parse error"),
        ("", "query attribute must be specified"),
    ],
)  # fmt: skip
def test_wrong_queries_are_answered_with_errors(hub: GitHubStandIn, query: str, said: str) -> None:
    with asking(hub) as session:
        answer = session.post(hub.graphql_url, json={"query": query})
        assert answer.status_code == 200
        assert said in json.dumps(answer.json()["errors"])


def test_the_endpoint_can_be_missing_and_wants_json(hub: GitHubStandIn) -> None:
    with asking(hub) as session:
        assert session.post(hub.graphql_url, data="{").status_code == 400
        assert session.get(hub.graphql_url).status_code == 404
    with GitHubStandIn(graphql=False) as without, asking(without) as session:
        assert session.post(without.graphql_url, json={"query": "{viewer{login}}"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{f(a: 1, b: -2.5e1, c: "x\\u00e9\\n", d: [true, null], e: {x: ENUM})}',
         [1, -25.0, "xé\n", [True, None], {"x": "ENUM"}]),
        ('{f(a: """block "quoted" """, b: $v, c: {y: [$v]})} # a comment', ['block "quoted"', 7, {"y": [7]}]),
    ],
)  # fmt: skip
def test_values_are_read(text: str, expected: list[Any]) -> None:
    seen: list[dict[str, Any]] = []
    data, errors = execute(parse(text), {"__typename": "Query", "f": seen.append}, {"v": 7})
    assert (data, errors) == ({"f": None}, [])
    assert list(seen[0].values()) == expected


def test_operations_are_chosen_by_name() -> None:
    document = parse("query A {a: t} query B {b: t}")
    root = {"__typename": "Query", "t": 1}
    assert execute(document, root, {}, "B") == ({"b": 1}, [])
    for operation in (None, "C"):
        with pytest.raises(GraphQLError):
            execute(document, root, {}, operation)
