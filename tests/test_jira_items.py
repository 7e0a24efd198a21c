"""What Jira's JSON means, from single issues to the 29,057 recorded ones."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from okrsync_jira import values
from okrsync_jira.custom import CustomFields
from okrsync_jira.items import Reader
from okrsync_jira.values import plain_text

from okrsync.errors import SourceError
from okrsync.model import ItemKind, ItemState, Milestone, Reference, ReferenceKind, WorkItem

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not at {DATA}")

FIELDS = [
    {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string", "system": "summary"}},
    {"id": "customfield_1", "name": "冲刺", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"}},
    {"id": "customfield_2", "name": "Epos-Link", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-epic-link"}},
    {"id": "customfield_3", "name": "Epic Name", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-epic-label"}},
    {"id": "customfield_4", "name": "Parent Link", "schema": {"custom": "com.atlassian.jpo:jpo-custom-field-parent"}},
    {
        "id": "customfield_5",
        "name": "Story Points",
        "schema": {"custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    },
    {"id": "customfield_6", "name": "SP", "schema": {"custom": "com.pyxis.greenhopper.jira:jsw-story-points"}},
    {
        "id": "customfield_7",
        "name": "Budget",
        "schema": {"custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    },
    {"id": 8, "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"}},
    {"id": "customfield_9", "schema": None},
    "nonsense",
]
READER = Reader("https://acme.example/jira", ZoneInfo("Asia/Shanghai"), CustomFields.found_in(FIELDS))


def issue(**fields: Any) -> dict[str, Any]:
    """A sound issue with some fields replaced."""
    sound = {
        "summary": "Faster cart",
        "status": {"id": "3", "name": "In Arbeit", "statusCategory": {"id": 4, "key": "indeterminate"}},
        "issuetype": {"id": "1", "name": "Story", "subtask": False},
        "project": {"key": "SHOP"},
        "created": "2026-10-01T08:00:00.000+0800",
        "updated": "2026-10-02T08:00:00.000+0800",
    }
    return {"id": "10001", "key": "SHOP-1", "self": "https://api.atlassian.com/x", "fields": {**sound, **fields}}


def read(**fields: Any) -> WorkItem:
    return READER.item(issue(**fields), "shop:SHOP")


def status(category: str) -> dict[str, Any]:
    return {"id": "9", "name": "S", "statusCategory": {"key": category}}


def test_a_whole_issue() -> None:
    item = read(
        status={"id": "5", "name": "Fertig", "statusCategory": {"key": "done"}},
        resolution={"id": "1", "name": "Erledigt"},
        resolutiondate="2026-10-03T00:00:00.000+0000",
        statuscategorychangedate="2026-10-04T00:00:00.000+0000",
        assignee={"accountId": "5b10", "displayName": "Lin"},
        reporter={"key": "JIRAUSER1", "name": "mei"},
        labels=["activation", "cart"],
        components=[{"name": "Web"}],
        fixVersions=[{"id": "7", "name": "2.0"}],
        parent={"id": "10000", "key": "SHOP-0"},
        customfield_1=[{"id": 12, "name": "Sprint 1", "state": "closed"}],
        customfield_5=3,
        description="Why\n\nKR: KR1.1\nblocks SHOP-7",
    )
    assert item == WorkItem(
        id="10001",
        kind=ItemKind.ISSUE,
        type="Story",
        level=0,
        key="SHOP-1",
        project="SHOP",
        title="Faster cart",
        url="https://acme.example/jira/browse/SHOP-1",
        state=ItemState.DONE,
        status="Fertig",
        status_id="5",
        created_at=datetime(2026, 10, 1, tzinfo=UTC),
        updated_at=datetime(2026, 10, 2, tzinfo=UTC),
        done_at=datetime(2026, 10, 3, tzinfo=UTC),
        resolution="Erledigt",
        resolution_id="1",
        assignee="5b10",
        author="JIRAUSER1",
        parent_id="10000",
        parent_key="SHOP-0",
        points=3.0,
        labels=("activation", "cart"),
        components=("Web",),
        versions=("2.0",),
        sprints=("Sprint 1",),
        references=(Reference(ReferenceKind.KEY_RESULT, "KR1.1"),),
    )


def test_what_is_absent_or_null_is_empty() -> None:
    optional = (
        "summary",
        "resolution",
        "assignee",
        "reporter",
        "labels",
        "components",
        "fixVersions",
        "parent",
        "epic",
    )
    item = read(**dict.fromkeys(optional), description=None, sprint=None, customfield_1=None, customfield_5=None)
    assert item == read(summary="")
    assert (item.title, item.points, item.sprints, item.done_at, item.parent_key) == ("", None, (), None, None)


@pytest.mark.parametrize(
    ("category", "state"),
    [
        ("new", ItemState.TODO),
        ("undefined", ItemState.TODO),
        ("indeterminate", ItemState.DOING),
        ("done", ItemState.DONE),
    ],
)
def test_states(category: str, state: ItemState) -> None:
    assert read(status=status(category)).state is state


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"resolutiondate": "2026-10-05T00:00:00.000+0000", "statuscategorychangedate": "2026-10-06T00:00:00Z"}, 5),
        ({"resolutiondate": None, "statuscategorychangedate": "2026-10-06T00:00:00.000+0000"}, 6),
        ({}, 2),
    ],
)
def test_done_at(fields: dict[str, Any], day: int) -> None:
    done = read(status=status("done"), **fields).done_at
    assert done is not None
    assert done.day == day
    assert read(status=status("new"), **fields).done_at is None


@pytest.mark.parametrize(
    ("type_", "fields", "level"),
    [
        ({"name": "Story", "hierarchyLevel": 0}, {"customfield_3": "an epic's name"}, 0),
        ({"name": "Feature", "hierarchyLevel": 1}, {}, 1),
        ({"name": "Theme", "hierarchyLevel": 3}, {}, 3),
        ({"name": "子任务", "hierarchyLevel": -1}, {}, -1),
        ({"name": "Sub-task", "subtask": True}, {}, -1),
        ({"name": "EPIC", "subtask": False}, {}, 1),
        ({"name": "长篇故事"}, {}, 1),
        ({"name": "Grand plan"}, {"customfield_3": "Checkout"}, 1),
        ({"name": "Initiative"}, {}, 2),
        ({"name": "Bug", "hierarchyLevel": None}, {"customfield_3": None}, 0),
    ],
)
def test_levels(type_: dict[str, Any], fields: dict[str, Any], level: int) -> None:
    assert read(issuetype=type_, **fields).level == level


@pytest.mark.parametrize(
    ("fields", "parent"),
    [
        ({"parent": {"id": "5", "key": "A-5"}, "customfield_2": "A-9", "epic": {"key": "A-8"}}, ("5", "A-5")),
        ({"parent": {"key": "A-5"}}, (None, "A-5")),
        ({"customfield_2": "A-9", "customfield_4": "A-7"}, (None, "A-9")),
        ({"epic": {"id": 8, "key": "A-8", "name": "E"}}, (None, "A-8")),
        ({"customfield_4": "A-7"}, (None, "A-7")),
        ({"customfield_4": {"showField": True, "data": {"id": 7, "key": "A-7"}}}, (None, "A-7")),
        ({"customfield_4": {"showField": False}}, (None, None)),
    ],
)
def test_parents(fields: dict[str, Any], parent: tuple[str | None, str | None]) -> None:
    item = read(**fields)
    assert (item.parent_id, item.parent_key) == parent


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ({"customfield_5": 3.5}, 3.5),
        ({"customfield_5": 3, "customfield_6": 8}, 8.0),
        ({"customfield_5": 3, "customfield_6": None}, 3.0),
        ({"customfield_6": 0, "customfield_5": 3}, 0.0),
        ({"customfield_5": True}, None),
        ({"customfield_5": float("nan")}, None),
        ({"customfield_5": "3"}, None),
        ({"customfield_7": 5}, None),
    ],
)
def test_points(fields: dict[str, Any], points: float | None) -> None:
    assert read(**fields).points == points


SPRINT = (
    "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=12,rapidViewId=3,state=CLOSED,name=A, b [x],state=odd,"
    "startDate=2026-10-01T20:00:00.000Z,endDate=2026-10-14T20:00:00.000+02:00,completeDate=<null>,sequence=12,goal=a=1]"
)


def test_sprints_of_every_shape() -> None:
    raw = issue(
        closedSprints=[{"id": 1, "name": "One", "state": "closed", "completeDate": "2026-09-01T17:00:00.000Z"}],
        sprint={"id": 2, "name": "Two", "state": "active"},
        customfield_1=[SPRINT, {"id": 2, "name": "Two", "state": "active"}],
    )
    assert READER.item(raw, "w").sprints == ("One", "Two", "A, b [x],state=odd")
    assert list(dict.fromkeys(READER.milestones(raw, "w", versions=False))) == [
        Milestone("1", "sprint", None, "One", "closed", closed=date(2026, 9, 2)),
        Milestone("2", "sprint", None, "Two", "open"),
        Milestone(
            "12", "sprint", None, "A, b [x],state=odd", "closed", start=date(2026, 10, 2), due=date(2026, 10, 15)
        ),
    ]


def test_versions() -> None:
    raw = {"id": "7", "name": "2.0", "released": True, "startDate": "2026-09-01", "releaseDate": "2026-10-01"}
    url = "https://acme.example/jira/projects/SHOP/versions/7"
    released = Milestone(
        "7", "version", "SHOP", "2.0", "closed", date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 1), url
    )
    assert READER.version(raw, "SHOP", "w") == released
    assert list(READER.milestones(issue(fixVersions=[raw]), "w", versions=True)) == [released]
    assert list(READER.milestones(issue(fixVersions=[raw]), "w", versions=False)) == []
    open_ = READER.version({"id": "8", "name": "3.0", "released": False, "releaseDate": "2027-01-01"}, "SHOP", "w")
    assert (open_.state, open_.due, open_.closed) == ("open", date(2027, 1, 1), None)
    assert READER.version({"id": "9", "name": "x", "archived": True}, "SHOP", "w").state == "closed"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (None, "issue ? has no id"),
        ([], "issue ? has no id"),
        ({"key": "SHOP-1"}, "issue SHOP-1 has no id"),
        ({"id": "1"}, "issue 1 has no key"),
        ({"id": "1", "key": "SHOP-1"}, "issue SHOP-1 has no fields"),
        (issue(status=None), "issue SHOP-1 has no status"),
        (issue(status={"name": "Odd"}), "issue SHOP-1: status Odd is in no known category (None)"),
        (issue(status=status("x\x1b[31m")), "issue SHOP-1: status S is in no known category (x [31m)"),
        (issue(issuetype="Bug"), "issue SHOP-1 has no issuetype"),
        (issue(created=None), "issue SHOP-1 has no date in created"),
        (issue(created="yesterday"), "issue SHOP-1, created is not a date: 'yesterday'"),
        (issue(created="2026-10-01T08:00:00"), "issue SHOP-1, created is not a date: '2026-10-01T08:00:00'"),
        (issue(created="0001-01-01T00:00:00+14:00"), "issue SHOP-1, created is not a date"),
        (issue(updated=5), "issue SHOP-1, updated is not a date: 5"),
        (issue(status=status("done"), resolutiondate="x"), "issue SHOP-1, resolutiondate is not a date: 'x'"),
    ],
)
def test_malformed_issues_are_named(raw: object, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        READER.item(raw, "shop:SHOP")
    assert str(caught.value).startswith("shop:SHOP")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("sprint", "message"),
    [({"name": "x"}, "a sprint without id"), ({"id": 1, "name": "x", "endDate": "soon"}, "endDate of sprint x is not")],
)
def test_malformed_sprints_are_named(sprint: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=f"shop:SHOP, issue SHOP-1.*{message}"):
        list(READER.milestones(issue(sprint=sprint), "shop:SHOP", versions=False))


@pytest.mark.parametrize("raw", [{}, {"id": "1"}, {"name": "x"}, None, {"id": "1", "name": "x", "releaseDate": "soon"}])
def test_malformed_versions_are_named(raw: object) -> None:
    with pytest.raises(SourceError, match=r"shop:SHOP.*version"):
        READER.version(raw, "SHOP", "shop:SHOP")


def test_an_adf_description_gives_its_trailer() -> None:
    def paragraph(*nodes: dict[str, Any]) -> dict[str, Any]:
        return {"type": "paragraph", "content": list(nodes)}

    def text(words: str) -> dict[str, Any]:
        return {"type": "text", "text": words}

    document = {
        "type": "doc",
        "version": 1,
        "content": [
            paragraph(text("Why the KR: KR9.9")),
            {
                "type": "bulletList",
                "content": [{"type": "listItem", "content": [paragraph(text("KR: "), text("KR1.1"))]}],
            },
            paragraph(text("first"), {"type": "hardBreak"}, text("KR: KR2.1"), {"type": "mention", "attrs": {}}),
        ],
    }
    found = read(description=document).references
    assert [reference.target for reference in found] == ["KR1.1", "KR2.1"]


def test_a_deep_document_is_read_without_recursion() -> None:
    node: dict[str, Any] = {"type": "text", "text": "KR: KR1.1"}
    for _ in range(50_000):
        node = {"type": "panel", "content": [node]}
    try:
        assert plain_text(node).strip() == "KR: KR1.1"
    finally:
        while node.get("content"):  # taken apart by hand: freeing it whole would recurse in older Pythons
            node = node["content"].pop()


@pytest.mark.parametrize("answer", [None, {}, "x", [None, 1, {"schema": 3}]])
def test_an_unusable_list_of_fields_finds_none(answer: object) -> None:
    assert CustomFields.found_in(answer) == CustomFields()


def test_fields_are_found_by_what_they_are() -> None:
    assert READER.custom == CustomFields(
        sprint=("customfield_1",),
        epic_link=("customfield_2",),
        epic_label=("customfield_3",),
        parent_link=("customfield_4",),
        points=("customfield_6", "customfield_5"),
    )


# --- recorded data ----------------------------------------------------------------------------------------------------


def recorded_server() -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / "jira-server-tidev.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@needs_data
def test_all_recorded_issues_of_a_server() -> None:
    ours: Counter[tuple[str, object]] = Counter()
    theirs: Counter[tuple[str, object]] = Counter()
    reader = Reader("https://jira.example", ZoneInfo("UTC"))
    for raw in recorded_server():
        item = reader.item(raw, "w")
        ours.update(
            [("type", item.type), ("level", item.level), ("state", item.state.value), ("project", item.project)]
        )
        ours.update(("sprint", name) for name in item.sprints)
        ours.update(("version", name) for name in item.versions)
        ours.update(("component", name) for name in item.components)
        ours.update(("label", name) for name in item.labels)
        ours.update([("parent", item.parent_key), ("resolution", item.resolution), ("assignee", item.assignee)])
        ours["done on", item.done_at and item.done_at.date().isoformat()] += 1
        ours.update(("milestone", milestone.id) for milestone in reader.milestones(raw, "w", versions=False))

        f = raw["fields"]
        type_ = f["issuetype"]["name"]
        level = -1 if f["issuetype"]["subtask"] else 1 if type_ == "Epic" else 0
        state = {"new": "todo", "indeterminate": "doing", "done": "done"}[f["status"]["statusCategory"]["key"]]
        sprints = {s["id"]: s["name"] for s in (f.get("closedSprints") or []) + [s for s in [f.get("sprint")] if s]}
        above = f.get("parent") or f.get("epic") or {}
        done = (f.get("resolutiondate") or f["updated"])[:10] if state == "done" else None
        theirs.update([("type", type_), ("level", level), ("state", state), ("project", raw["key"].split("-")[0])])
        theirs.update(("sprint", name) for name in set(sprints.values()))
        theirs.update(("version", v["name"]) for v in f.get("fixVersions") or [])
        theirs.update(("component", c["name"]) for c in f["components"])
        theirs.update(("label", name) for name in f["labels"])
        theirs.update([("parent", above.get("key")), ("resolution", (f.get("resolution") or {}).get("name"))])
        theirs["assignee", (f.get("assignee") or {}).get("key")] += 1
        theirs["done on", done] += 1
        theirs.update(("milestone", str(id_)) for id_ in sprints)
    assert sum(count for (kind, _), count in ours.items() if kind == "type") == 29_057
    assert ours["level", 1] == 134
    assert ours == theirs


@needs_data
def test_all_recorded_issues_of_a_cloud_site() -> None:
    lines = (DATA / "jira-cloud-devlake.issues.jsonl").read_text("utf-8").splitlines()
    raws = [json.loads(line)["data"] for line in lines]
    items = [Reader("https://x.example", ZoneInfo("Asia/Shanghai")).item(raw, "w") for raw in raws]
    assert len(items) == 33
    assert [item.level for item in items] == [raw["fields"]["issuetype"]["hierarchyLevel"] for raw in raws]
    assert sum(item.state is ItemState.DONE for item in items) == 25
    assert sum(item.parent_key is not None for item in items) == sum(
        bool(raw["fields"].get("parent") or raw["fields"].get("epic")) for raw in raws
    )
    assert all(item.assignee is None or "-" not in item.assignee for item in items)


@pytest.mark.parametrize(
    ("person", "people", "account"),
    [
        ({"accountId": "5b10"}, {"lin"}, "5b10"),
        ({"key": "JIRAUSER10100", "name": "lin"}, set(), "JIRAUSER10100"),
        ({"key": "JIRAUSER10100", "name": "lin"}, {"lin"}, "lin"),
        ({"key": "JIRAUSER10100", "name": "lin"}, {"JIRAUSER10100", "lin"}, "JIRAUSER10100"),
        ({"key": "JIRAUSER10100", "name": "mei"}, {"lin"}, "JIRAUSER10100"),
        ({"name": "lin"}, set(), "lin"),
    ],
)
def test_an_account_is_matched_by_key_then_name(person: dict[str, str], people: set[str], account: str) -> None:
    assert values.account(person, people) == account
