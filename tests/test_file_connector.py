"""Exports of trackers as sources: what a row means, what is refused, and what a sync makes of files that change."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from okrsync_file import FileConnector, FileSettings
from okrsync_file.moments import parse
from okrsync_file.settings import Columns
from okrsync_file.trackers import GH_FIELDS
from pydantic import ValidationError
from ruamel.yaml import YAML

from okrsync.connector import ConnectorContext, Cursor, Page, Plan
from okrsync.errors import SourceError
from okrsync.model import ItemKind, ItemState, Milestone, Reference, ReferenceKind, WorkItem
from okrsync.testing import ConnectorContract

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOUD_CELLS = [
    ("Summary", "Skip the, tax step"), ("Issue key", "SHOP-52"), ("Issue id", "10052"), ("Issue Type", "Story"),
    ("Status", "Closed"), ("Project key", "SHOP"), ("Resolution", "Done"), ("Assignee", "Lin Wei"),
    ("Assignee Id", "5b10a2"), ("Reporter", "Mei"), ("Reporter Id", "712020:11"), ("Created", "02/Jan/26 3:04 PM"),
    ("Updated", "05/Jan/26 12:30 AM"), ("Resolved", "04/Jan/26 11:59 PM"), ("Fix versions", "v1"),
    ("Fix versions", "v2"), ("Components", "Checkout"), ("Labels", "activation"), ("Labels", "支付"),
    ("Description", "Why:\nKR: KR1.1"), ("Custom field (Story point estimate)", "3.5"), ("Sprint", "Sprint 7"),
    ("Sprint", "Sprint 8"), ("Parent", "10012"), ("Parent key", "SHOP-12"), ("Status Category", "Done"),
    ("Status Category Changed", "04/Jan/26 9:00 PM"),
]  # fmt: skip
CLOUD, CLOUD_ROW = ([pair[at] for pair in CLOUD_CELLS] for at in (0, 1))


def table(*rows: list[str], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def issue(number: int, *, updated: int = 1, title: str = "Work", done: bool = False) -> list[str]:
    """A row of a small export."""
    at = datetime(2026, 10, 1, 8, updated, tzinfo=UTC).isoformat()
    return [f"SHOP-{number}", title, "Done" if done else "To Do", "2026-10-01T08:00:00Z", at, at if done else ""]


SMALL = ["Issue key", "Summary", "Status", "Created", "Updated", "Resolved"]


class Source:
    """A folder with exports, and the connector over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def connector(self, path: str | list[str] = "*.csv", **settings: Any) -> FileConnector:
        context = ConnectorContext("tracker", self.folder, SHANGHAI, on_note=self.notes.append)
        return FileConnector(FileSettings.model_validate({"type": "file", "path": path, **settings}), context)

    def pull(self, path: str | list[str] = "*.csv", cursor: Cursor | None = None, **settings: Any) -> list[WorkItem]:
        return pull(self.connector(path, **settings), cursor)[1]

    def failure(self, path: str | list[str] = "*.csv", **settings: Any) -> str:
        with pytest.raises(SourceError) as raised:
            self.pull(path, **settings)
        return str(raised.value)


def pull(connector: FileConnector, cursor: Cursor | None = None) -> tuple[Plan, list[WorkItem], list[Milestone]]:
    scope = connector.scopes()[0]
    plan = connector.plan(scope, cursor)
    pages = [page for shard in plan.shards for page in connector.pages(scope, shard, None)]
    return plan, [one for page in pages for one in page.items], [one for page in pages for one in page.milestones]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


# --- what a row means ---


def test_jira_cloud_row(source: Source) -> None:
    source.write("jira.csv", table(CLOUD, CLOUD_ROW))
    [item] = source.pull(url="https://acme.atlassian.net/")
    assert item == WorkItem(
        id="10052",
        kind=ItemKind.ISSUE,
        type="Story",
        level=0,
        key="SHOP-52",
        project="SHOP",
        title="Skip the, tax step",
        url="https://acme.atlassian.net/browse/SHOP-52",
        state=ItemState.DONE,
        status="Closed",
        created_at=datetime(2026, 1, 2, 7, 4, tzinfo=UTC),
        updated_at=datetime(2026, 1, 4, 16, 30, tzinfo=UTC),
        done_at=datetime(2026, 1, 4, 15, 59, tzinfo=UTC),
        resolution="Done",
        assignee="5b10a2",
        author="712020:11",
        parent_id="10012",
        parent_key="SHOP-12",
        points=3.5,
        labels=("activation", "支付"),
        components=("Checkout",),
        versions=("v1", "v2"),
        sprints=("Sprint 7", "Sprint 8"),
        references=(Reference(ReferenceKind.KEY_RESULT, "KR1.1"),),
    )


def changed(**cells: str) -> list[str]:
    """The row of Cloud with other cells, by their column."""
    return [cells.get(name.replace(" ", "_"), cell) for name, cell in zip(CLOUD, CLOUD_ROW, strict=True)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Status_Category": "In Progress"}, (ItemState.DOING, None)),
        ({"Status_Category": "进行中"}, (ItemState.DOING, None)),
        ({"Status_Category": "To Do"}, (ItemState.TODO, None)),
        # Done without a resolution (team-managed projects): when it came into its category.
        ({"Resolved": "", "Resolution": ""}, (ItemState.DONE, datetime(2026, 1, 4, 13, 0, tzinfo=UTC))),
        (
            {"Resolved": "", "Resolution": "", "Status_Category_Changed": ""},
            (ItemState.DONE, datetime(2026, 1, 4, 16, 30, tzinfo=UTC)),
        ),
        # Reopened, with the resolution that it had.
        ({"Status_Category": "To Do", "Resolution": "Done"}, (ItemState.TODO, None)),
    ],
)
def test_state(source: Source, cells: dict[str, str], expected: tuple[ItemState, datetime | None]) -> None:
    source.write("jira.csv", table(CLOUD, changed(**cells)))
    [item] = source.pull()
    assert (item.state, item.done_at) == expected


@pytest.mark.parametrize(
    ("type_", "level"), [("Epic", 1), ("史诗", 1), ("Sub-task", -1), ("子任务", -1), ("Bug", 0), ("Initiative", 2)]
)
def test_level(source: Source, type_: str, level: int) -> None:
    source.write("jira.csv", table(CLOUD, changed(Issue_Type=type_)))
    [item] = source.pull(levels={"initiative": 2})
    assert item.level == level


def test_data_center_row(source: Source) -> None:
    header = ["Issue key", "Issue id", "Parent id", "Issue Type", "Summary", "Status", "Resolution", "Resolved",
              "Created", "Updated", "Component/s", "Fix Version/s", "Custom field (Epic Link)"]  # fmt: skip
    story = ["PAY-1", "1", "", "Story", "Pay", "Closed", "Fixed", "3/五月/26 1:00 下午", "2026-05-01 09:00",
             "2026-05-03", "Core", "2.0", "PAY-9"]  # fmt: skip
    part = ["PAY-2", "2", "1", "Sub-task", "Part", "Open", "Unresolved", "", "2026/5/1 9:00", "2026/5/2", "", "", ""]
    source.write("dc.csv", table(header, story, part))
    first, second = source.pull()
    assert (first.state, first.done_at) == (ItemState.DONE, datetime(2026, 5, 3, 5, 0, tzinfo=UTC))
    assert (first.parent_key, first.components, first.versions) == ("PAY-9", ("Core",), ("2.0",))
    assert (second.state, second.parent_id, second.level) == (ItemState.TODO, "1", -1)
    assert (second.project, second.resolution) == ("PAY", "Unresolved")


CHINESE = {
    "columns": {
        "key": "编号", "title": "标题", "status": "状态", "created": "创建时间", "done": "完成时间", "labels": "标签",
        "assignee": "负责人", "parent": "父任务", "url": "链接",
    },
    "statuses": {"done": ["已关闭"], "doing": "开发中"},
    "separator": "、",
}  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "delimiter", "settings"),
    [
        ("gb18030", ",", {"encoding": "gb18030"}),
        ("utf-8-sig", ";", {}),
        ("utf-16", "\t", {}),
        ("utf-8", "|", {"delimiter": "|"}),
        ("utf-8", ",", {"encoding": "UTF8"}),
    ],
)
def test_any_tracker(source: Source, encoding: str, delimiter: str, settings: dict[str, Any]) -> None:
    rows = [
        ["编号", "标题", "状态", "创建时间", "完成时间", "标签", "负责人", "父任务", "链接"],
        [
            "17",
            "支付成功率",
            "已关闭",
            "2026年10月8日 09:30",
            "2026/10/9",
            "支付、风控",
            "林伟",
            "",
            "https://t.example/17",
        ],
        ["18", "对账", "开发中", "2026-10-08", "", "", "", "17", "javascript:alert(1)"],
        ["19", "退款", "新建", "2026-10-08", "", "", "", "", "https://bot:s3cret@t.example/19"],
    ]
    source.write("export.csv", table(*rows, delimiter=delimiter).encode(encoding))
    first, second, third = source.pull(**CHINESE, **settings)
    assert (first.key, first.title, first.labels, first.assignee) == ("17", "支付成功率", ("支付", "风控"), "林伟")
    assert (first.project, first.url, first.type) == ("tracker", "https://t.example/17", "issue")
    assert first.created_at == datetime(2026, 10, 8, 1, 30, tzinfo=UTC)
    assert first.done_at == datetime(2026, 10, 8, 16, 0, tzinfo=UTC)
    assert (second.state, second.parent_key, second.url) == (ItemState.DOING, "17", None)
    assert (third.state, third.url) == (ItemState.TODO, None)


def test_zone_and_form_of_dates(source: Source) -> None:
    source.write("a.csv", table(SMALL, ["A-1", "x", "Open", "1/2/2026 3:04", "13/2/2026 3:04", ""]))
    [item] = source.pull(dates="%d/%m/%Y %H:%M", timezone="America/New_York")
    assert item.created_at == datetime(2026, 2, 1, 8, 4, tzinfo=UTC)
    assert "a.csv:2: A-1: '1/2/2026 3:04' is no date" in source.failure()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T15:04:05+02:00", "2026-01-02 13:04:05"),
        ("2026-01-02T15:04:05.123Z", "2026-01-02 15:04:05.123000"),
        ("2026-01-02 15:04", "2026-01-02 07:04:00"),
        ("2026-01-02", "2026-01-01 16:00:00"),
        ("2026/1/2 3:04:05 PM", "2026-01-02 07:04:05"),
        ("2026年1月2日 下午3:04", "2026-01-02 07:04:00"),
        ("02/Jan/26 12:04 AM", "2026-01-01 16:04:00"),
        ("02/Jan/26 12:04 PM", "2026-01-02 04:04:00"),
        ("2 January 2026, 15:04", "2026-01-02 07:04:00"),
        ("02/一月/26 3:04 下午", "2026-01-02 07:04:00"),
        ("02/十二月/26", "2026-12-01 16:00:00"),
        ("02-1月-26", "2026-01-01 16:00:00"),
        ("０２/Jan/26", "2026-01-01 16:00:00"),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert str(parse(text, SHANGHAI)).removesuffix("+00:00") == expected


@pytest.mark.parametrize(
    "text",
    ["1/2/2026", "02.01.2026", "31/Feb/26", "02/Foo/26", "2026-13-01", "2026-01-02 25:00", "02/Jan/26 0:04 AM",
     "yesterday", "45123", "0001-01-01", "9999-12-31T23:59:59-12:00", "2026-01-02" * 100],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text, SHANGHAI)


# --- JSON ---


def jira_issue(number: int, **fields: object) -> dict[str, object]:
    at = "2026-10-08T09:30:00.000+0800"
    return {
        "id": str(number),
        "key": f"SHOP-{number}",
        "fields": {
            "summary": "Work", "status": {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
            "issuetype": {"name": "Story", "subtask": False}, "project": {"key": "SHOP"}, "created": at, "updated": at,
            "fixVersions": [{"id": "7", "name": "v1", "released": True, "releaseDate": "2026-10-30"}], **fields,
        },
    }  # fmt: skip


ISSUES = [jira_issue(1), jira_issue(2, customfield_10016=5.0, customfield_10014="SHOP-1"), jira_issue(3)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("answer.json", json.dumps({"expand": "names", "issues": ISSUES, "total": 3, "isLast": True})),
        ("answer.json", json.dumps({"startAt": 0, "names": {"issues": []}, "issues": ISSUES}, indent=2)),
        ("pages.json", "".join(json.dumps({"issues": [one]}) for one in ISSUES)),
        ("list.json", json.dumps(ISSUES)),
        ("list.json", json.dumps(ISSUES, indent=1).replace("\n", "\r\n")),
        ("lists.json", "".join(json.dumps([one]) for one in ISSUES)),
        ("lines.jsonl", "\n".join(json.dumps(one) for one in ISSUES) + "\n"),
        ("recorded.jsonl", "\n".join(json.dumps({"url": "https://x", "data": one}) for one in ISSUES)),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1024 * 1024])
def test_json_of_jira(source: Source, monkeypatch: pytest.MonkeyPatch, name: str, text: str, chunk: int) -> None:
    monkeypatch.setattr("okrsync_file.documents._CHUNK", chunk)
    source.write(name, text)
    columns = {"points": "customfield_10016", "parent": "customfield_10014"}
    plan, items, milestones = pull(source.connector(name, url="https://acme.atlassian.net", columns=columns))
    assert [item.key for item in items] == ["SHOP-1", "SHOP-2", "SHOP-3"]
    assert (items[1].points, items[1].parent_key) == (5.0, "SHOP-1")
    assert items[0].url == "https://acme.atlassian.net/browse/SHOP-1"
    assert {(one.kind, one.name, one.state) for one in milestones} == {("version", "v1", "closed")}
    assert plan.whole


def test_packed(source: Source) -> None:
    source.write("list.json.gz", gzip.compress(json.dumps(ISSUES).encode()))
    assert [item.url for item in source.pull("*.gz")] == [None] * 3
    source.write("list.json.gz", gzip.compress(json.dumps(ISSUES).encode())[:-12])
    assert "list.json.gz is not whole" in source.failure("*.gz")


GH_ISSUE = {
    "number": 45, "title": "Onboarding", "state": "CLOSED", "stateReason": "NOT_PLANNED",
    "url": "https://github.com/acme/storefront/issues/45", "createdAt": "2026-10-01T08:00:00Z",
    "updatedAt": "2026-10-03T08:00:00Z", "closedAt": "2026-10-02T08:00:00Z", "author": {"login": "mei"},
    "assignees": [{"login": "lin"}], "labels": [{"name": "activation"}], "milestone": {"number": 1, "title": "M1"},
    "body": "KR: KR1.1",
}  # fmt: skip
GH_PULL = {
    "number": 46, "title": "Fix it", "state": "MERGED", "url": "https://github.com/acme/storefront/pull/46",
    "createdAt": "2026-10-01T08:00:00Z", "updatedAt": "2026-10-03T08:00:00Z", "closedAt": "2026-10-02T08:00:00Z",
    "mergedAt": "2026-10-02T08:00:00Z", "headRefName": "shop-101-cart", "isDraft": False,
    "mergeCommit": {"oid": "A" * 40}, "commits": [{"oid": "b" * 40}], "body": "",
    "closingIssuesReferences": [{"number": 45, "repository": {"name": "storefront", "owner": {"login": "Acme"}}}],
}  # fmt: skip


def test_github_command_line(source: Source) -> None:
    source.write("issues.json", json.dumps([GH_ISSUE]))
    source.write("pulls.json", json.dumps([GH_PULL]))
    items = {item.key: item for item in source.pull(["issues.json", "pulls.json"])}
    issue = items["acme/storefront#45"]
    assert (issue.state, issue.resolution, issue.assignee, issue.author) == (
        ItemState.DONE, "not_planned", "lin", "mei",
    )  # fmt: skip
    assert (issue.labels, issue.milestones) == (("activation",), ("M1",))
    assert issue.references == (Reference(ReferenceKind.KEY_RESULT, "KR1.1"),)
    merged = items["acme/storefront#46"]
    assert (merged.kind, merged.resolution, merged.status) == (ItemKind.PULL_REQUEST, "merged", "merged")
    assert set(merged.references) == {
        Reference(ReferenceKind.CLOSES, "acme/storefront#45"),
        Reference(ReferenceKind.NAMES, "SHOP-101"),
        Reference(ReferenceKind.CONTAINS, "a" * 40),
        Reference(ReferenceKind.CONTAINS, "b" * 40),
    }


def test_github_items_that_do_not_tell_enough(source: Source) -> None:
    source.write("issues.json", json.dumps([{"number": 1, "title": "x", "url": GH_ISSUE["url"]}]))
    said = source.failure("issues.json")
    assert "issues.json:1: state, createdAt, updatedAt, closedAt is missing: ask for it, with `gh issue list" in said
    row = {key: value for key, value in GH_ISSUE.items() if key != "url"}
    source.write("issues.json", json.dumps([row]))
    assert "write `repo: owner/name`" in source.failure("issues.json")


def test_json_of_any_tracker(source: Source) -> None:
    source.write("t.json", json.dumps([{"ref": 7, "name": "x", "state": {"name": "closed"}, "at": "2026-10-01",
                                        "tags": [{"name": "a"}, {"name": "b"}]}]))  # fmt: skip
    columns = {"key": "ref", "title": "name", "status": "state.name", "created": "at", "labels": "tags.name"}
    [item] = source.pull("t.json", format="table", columns=columns, statuses={"done": "Closed"})
    assert (item.key, item.state, item.labels) == ("7", ItemState.DONE, ("a", "b"))
    assert "neither an issue of Jira nor of GitHub" in source.failure("t.json")


# --- what cannot be used is said ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a.csv:1: the file is empty"),
        ("date,value\n2026-01-01,1\n", "a.csv:1: no column is known to be key: write `columns: {key: …}`"),
        ("Issue key,Summary,Created,Status\n", "a.csv:1: no column tells what is done"),
        ("Issue key,Summary,Resolved\n", "a.csv:1: no column is known to be created"),
        (table(SMALL, issue(1), ["SHOP-2", "x"]), "a.csv:3: 2 cells where the header has 6"),
        (table(SMALL, issue(1), [*issue(2), "more"]), "a.csv:3: 7 cells where the header has 6"),
        (table(SMALL, ["", *issue(1)[1:]]), "a.csv:2: no key stands in the row"),
        (table(SMALL, [*issue(1)[:3], "", "", ""]), "a.csv:2: SHOP-1 has no date of creation"),
        (table(SMALL, [*issue(1)[:3], "soon", "", ""]), "a.csv:2: SHOP-1: 'soon' is no date"),
        (table(SMALL, issue(1, title="two\nlines"), ["SHOP-2"]), "a.csv:4: 1 cell where"),
        (table(SMALL, issue(1)) + '"SHOP-2,cut off', "a.csv:3: from here on this is no CSV (unexpected end of data)"),
        (table(CLOUD, changed(Status_Category="gerade dabei")), "the status category 'gerade dabei' is not known"),
        (table(CLOUD, changed(Issue_id="")), "a.csv:2: SHOP-52 has no id"),
        ("Issue key,Summary\x1b[2J,Created\n", "no column tells what is done"),
    ],
)
def test_rows_that_cannot_be_used(source: Source, text: str, said: str) -> None:
    source.write("a.csv", text)
    assert said in source.failure()


def test_all_others_are_read_and_the_first_places_are_told(source: Source) -> None:
    rows = [issue(number) if number % 2 else ["SHOP"] for number in range(1, 20)]
    source.write("a.csv", table(SMALL, *rows))
    connector = source.connector()
    scope = connector.scopes()[0]
    [shard] = connector.plan(scope, None).shards
    pages: list[Page] = []
    with pytest.raises(SourceError, match=r"9 rows cannot be used: a.csv:3: .*; a.csv:11: .*; and 4 more. All others"):
        pages.extend(connector.pages(scope, shard, None))
    assert sum(len(page.items) for page in pages) == 10
    assert all(page.cursor for page in pages), "the last page would end the shard, and what is wrong be forgotten"
    for count in (connector.count, lambda scope: list(connector.census(scope))):
        with pytest.raises(SourceError, match="9 rows cannot be used"):
            count(scope)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"message": "Not Found"}', "a.json:1: this is neither an issue of Jira nor of GitHub"),
        ("[1]", "a.json:1: this is no object"),
        ("<html>", "a.json:1: from here on this is no JSON"),
        ("[]]", "a.json:1: from here on this is no JSON"),
        (json.dumps(ISSUES, indent=0)[:-40], "from here on this is no JSON; is the file whole?"),
        ('{"issues": [' + json.dumps(ISSUES[0]), "a.json:1: from here on this is no JSON"),
        ('{"issues" ' + json.dumps(ISSUES[0]), "a.json:1: from here on this is no JSON"),
        ("[" * 100_000, "a.json:1: from here on this is no JSON"),
        ('{"a":' * 100_000, "a.json:1: from here on this is no JSON"),
        ('[{"number": NaN}]', "a.json:1: from here on this is no JSON"),
        ('[{"number": 1' + "0" * 5000 + "}]", "a.json:1: from here on this is no JSON"),
        (json.dumps([jira_issue(1, status=None)]), "a.json:1: issue SHOP-1 has no status"),
        (
            json.dumps([ISSUES[0], jira_issue(2, created="soon")], indent=0),
            "issue SHOP-2, created is not a date: 'soon'",
        ),
        (json.dumps([{**GH_ISSUE, "title": None}]), "the field 'title' is missing"),
        (json.dumps([{**GH_ISSUE, "author": "mei"}]), "the field 'user' should be dict"),
    ],
)
def test_json_that_cannot_be_used(source: Source, text: str, said: str) -> None:
    source.write("a.json", text)
    assert said in source.failure("a.json")


def test_a_wrong_encoding_is_said(source: Source) -> None:
    source.write("a.csv", table(SMALL, issue(1, title="支付")).encode("gb18030"))
    assert "a.csv is not UTF-8: write how it is encoded, such as `encoding: gb18030`" in source.failure()


def test_long_lines_are_refused_before_they_fill_the_memory(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("files", "table", "documents"):
        monkeypatch.setattr(f"okrsync_file.{module}.LONGEST_LINE", 1000)
    monkeypatch.setattr("okrsync_file.documents._CHUNK", 100)
    source.write("a.csv", table(SMALL, issue(1), issue(2, title="x" * 5000)))
    assert "a.csv:3: a line is longer" in source.failure()
    source.write("a.csv", table(SMALL, issue(1), issue(2, title="x\n" * 5000)))
    assert "a.csv:3: from here on this is no CSV (field larger than field limit" in source.failure()
    source.write("a.json", json.dumps([{"title": "x" * 500_000}]))
    assert "a.json:1: from here on this is no JSON" in source.failure("a.json")


def test_column_that_is_misspelt(source: Source) -> None:
    source.write("a.csv", table(SMALL, issue(1)))
    said = source.failure(columns={"labels": "Sumary"})
    assert "a.csv:1: there is no column 'Sumary', which `columns: labels` names; did you mean 'Summary'?" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"path": "a.xlsx"}, "save it as CSV"),
        ({"path": ""}, "write a file"),
        ({"path": []}, "at least 1"),
        ({"path": "a.csv", "encoding": "rot13"}, "is no encoding of text"),
        ({"path": "a.csv", "encoding": "klingon"}, "is no encoding of text"),
        ({"path": "a.csv", "timezone": "Mars/Base"}, "is no time zone"),
        ({"path": "a.csv", "delimiter": ";;"}, "at most 1"),
        ({"path": "a.csv", "max_age": "soon"}, "length of time"),
        ({"path": "a.csv", "url": "https://bot:s3cret@acme.example"}, "must not hold a user"),
        ({"path": "a.csv", "columns": {"tags": "x"}}, "Extra inputs"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as raised:
        FileSettings.model_validate({"type": "file", **settings})
    assert "s3cret" not in str(raised.value)


# --- which files ---


def test_files_that_are_missing_or_none(source: Source) -> None:
    assert "no file matches *.csv: nothing was removed" in source.failure()
    assert "gone.csv cannot be read: No such file or directory" in source.failure("gone.csv")
    (source.folder / "folder").mkdir()
    assert "folder is no file" in source.failure("folder")
    os.mkfifo(source.folder / "pipe.csv")
    assert "pipe.csv is no file" in source.failure()


def test_links(source: Source, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text(table(SMALL, issue(1)))
    source.write("exports/a.csv", table(SMALL, issue(2)))
    (source.folder / "exports" / "b.csv").symlink_to(outside)
    assert "b.csv is a link that leads out of" in source.failure("exports/*.csv")
    assert [item.key for item in source.pull("exports/b.csv")] == ["SHOP-1"], "one that is named outright is meant"
    assert [item.key for item in source.pull(str(outside))] == ["SHOP-1"]


def test_the_item_that_changed_last_holds(source: Source) -> None:
    source.write("2026-10-01.csv", table(SMALL, issue(1, updated=1, title="old"), issue(2, updated=9, title="newer")))
    source.write("2026-10-08.csv", table(SMALL, issue(1, updated=5, title="new"), issue(2, updated=3, title="older")))
    source.write("2026-10-15.csv", table(SMALL, issue(1, updated=5, title="the same moment, the last file")))
    items = source.pull()
    assert {item.key: item.title for item in items} == {"SHOP-1": "the same moment, the last file", "SHOP-2": "newer"}
    assert [item.title for item in items if item.key == "SHOP-1"] == ["the same moment, the last file"]
    assert source.connector().count(source.connector().scopes()[0]) == 2


def test_files_with_and_without_ids(source: Source) -> None:
    source.write("a.csv", table(CLOUD, CLOUD_ROW))
    source.write("b.csv", table(SMALL, issue(1)))
    assert "some files tell the items' ids and others do not" in source.failure()


# --- a sync after the other ---


def test_what_did_not_change_is_not_opened(source: Source) -> None:
    file = source.write("a.csv", table(SMALL, issue(1)))
    os.utime(file, (1_750_000_000, 1_750_000_000))
    connector = source.connector(max_age="never")
    scope = connector.scopes()[0]
    cursor = connector.plan(scope, None).next
    assert json.loads(json.dumps(cursor)) == cursor
    # The same time and size with other content: were it opened, it would be seen.
    file.write_text(table(SMALL, issue(2)))
    os.utime(file, (1_750_000_000, 1_750_000_000))
    assert connector.plan(scope, cursor).shards == ()
    # Another time and the same content: read once, to compare it.
    file.write_text(table(SMALL, issue(1)))
    assert connector.plan(scope, cursor).shards == ()
    file.write_text(table(SMALL, issue(3)))
    plan = connector.plan(scope, cursor)
    assert (len(plan.shards), plan.census, plan.whole) == (1, True, False)
    # Other settings make other items of the same file.
    assert source.connector(max_age="never", project="X").plan(scope, plan.next).shards


def test_written_this_moment_is_compared_by_content(source: Source) -> None:
    file = source.write("a.csv", table(SMALL, issue(1)))
    connector = source.connector()
    scope = connector.scopes()[0]
    cursor = connector.plan(scope, None).next
    written = file.stat().st_mtime_ns
    file.write_text(table(SMALL, issue(2)))
    os.utime(file, ns=(written, written))
    assert connector.plan(scope, cursor).shards, "a clock that ticks slowly hid a change"


def test_a_file_written_while_it_is_read(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    file = source.write("a.csv", table(SMALL, *map(issue, range(1, 20))))
    monkeypatch.setattr(FileConnector, "page_size", 5)
    connector = source.connector()
    scope = connector.scopes()[0]
    pages = connector.pages(scope, connector.plan(scope, None).shards[0], None)
    next(pages)
    with file.open("a") as stream:
        stream.write(table(issue(20)))
    with pytest.raises(SourceError, match="was written while it was read"):
        list(pages)


def test_an_old_export_is_said(source: Source) -> None:
    file = source.write("a.csv", table(SMALL, issue(1)))
    connector = source.connector()
    scope = connector.scopes()[0]
    cursor = connector.plan(scope, None).next
    week = file.stat().st_mtime - 9 * 86400
    os.utime(file, (week, week))
    assert "the newest file is 9 days old" in source.failure()
    with pytest.raises(SourceError, match="the newest file is 9 days old"):
        connector.plan(scope, cursor)
    assert len(source.pull(max_age="30d")) == 1


# --- the documentation ---


def test_documented_settings() -> None:
    page = (Path(__file__).parents[1] / "docs" / "file.md").read_text("utf-8")
    blocks = [YAML(typ="safe").load(block.split("```")[0])["sources"] for block in page.split("```yaml\n")[1:]]
    settings = [FileSettings.model_validate(one) for block in blocks for one in block.values()]
    assert len(settings) == 2
    named = page.split("`columns` knows ")[1].split(". Only")[0]
    assert set(re.findall(r"`(\w+)`", named)) == set(Columns.model_fields)
    asked = re.search(r"gh issue list [^`]*--json ([\w,]+)", page)
    assert asked is not None
    assert set(GH_FIELDS) <= set(asked[1].split(","))


class TestCsv(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return Source(tmp_path)

    @pytest.fixture
    def connector(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> FileConnector:
        monkeypatch.setattr(FileConnector, "page_size", 3)
        source.write("a.csv", table(SMALL, *(issue(number, done=number % 2 == 0) for number in range(1, 9))))
        source.write("b.csv", table(SMALL, *(issue(number) for number in range(20, 23))))
        return source.connector()

    @pytest.fixture
    def change(self, source: Source) -> Callable[[], str]:
        def change() -> str:
            source.write("b.csv", table(SMALL, *(issue(number, updated=20 + number) for number in range(20, 24))))
            return "SHOP-23"

        return change


class TestJson(ConnectorContract):
    @pytest.fixture
    def connector(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileConnector:
        monkeypatch.setattr(FileConnector, "page_size", 1)
        source = Source(tmp_path)
        source.write("a.jsonl", "\n".join(map(json.dumps, ISSUES)))
        return source.connector("a.jsonl", url="https://acme.atlassian.net")
