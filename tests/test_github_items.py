"""What GitHub's objects mean: tables of cases, and the recorded objects against counts made straight from the file."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from okrsync_github.items import (
    PullFacts,
    Repository,
    facts_of_rest,
    milestone_of,
    release_of,
    repository_of,
    work_item,
)

from okrsync.errors import SourceError
from okrsync.model import ItemKind, ItemState, Reference, ReferenceKind

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not at {DATA}")

REPO = Repository(7, "Acme/Storefront", "https://github.com/Acme/Storefront", "acme/storefront")
SHANGHAI = ZoneInfo("Asia/Shanghai")
A, B, C = "a" * 40, "b" * 40, "c" * 40


def issue(**fields: Any) -> dict[str, Any]:
    return {
        "number": 45,
        "title": "Pay later",
        "state": "open",
        "user": {"login": "lin"},
        "labels": [],
        "created_at": "2026-10-01T08:00:00Z",
        "updated_at": "2026-10-02T08:00:00Z",
        "closed_at": None,
        "html_url": "https://github.com/Acme/Storefront/issues/45",
    } | fields


def pull(**fields: Any) -> dict[str, Any]:
    return issue(**{"pull_request": {"merged_at": None}} | fields)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_issue_whole() -> None:
    item = work_item(
        issue(
            labels=[{"name": "bug"}, "activation", {"name": None}, {"name": "bug"}],
            milestone={"title": "Onboarding v2"},
            assignee=None,
            assignees=[{"login": "mei"}, {"login": "lin"}],
            type={"name": "Epic"},
            parent_issue_url="https://api.github.com/repos/acme/storefront/issues/12",
            body="Fixes #1, see #2\n\nKR: KR1.1",
        ),
        REPO,
        None,
    )
    assert (item.id, item.key, item.project) == ("7/45", "Acme/Storefront#45", "Acme/Storefront")
    assert (item.kind, item.type, item.level) == (ItemKind.ISSUE, "Epic", 1)
    assert (item.labels, item.milestones) == (("bug", "activation"), ("Onboarding v2",))
    assert (item.assignee, item.author) == ("mei", "lin")
    assert (item.parent_id, item.parent_key) == ("7/12", "Acme/Storefront#12")
    assert item.references == (Reference(ReferenceKind.KEY_RESULT, "KR1.1"),)
    assert (item.created_at, item.updated_at) == (at("2026-10-01T08:00:00"), at("2026-10-02T08:00:00"))
    assert item.url == "https://github.com/Acme/Storefront/issues/45"
    assert item.former_keys == ()


@pytest.mark.parametrize(
    ("row", "facts", "state", "status", "done_at", "resolution"),
    [
        (issue(), None, ItemState.TODO, "open", None, None),
        (issue(state_reason="reopened"), None, ItemState.TODO, "open", None, None),
        (issue(state="closed", closed_at="2026-10-03T00:00:00Z"), None, ItemState.DONE, "closed", "2026-10-03", None),
        *(
            (
                issue(state="closed", closed_at="2026-10-03T00:00:00Z", state_reason=reason),
                None, ItemState.DONE, "closed", "2026-10-03", reason,
            )
            for reason in ("completed", "not_planned", "duplicate")
        ),
        (pull(), None, ItemState.DOING, "open", None, None),
        (pull(draft=True), None, ItemState.DOING, "draft", None, None),
        (
            pull(state="closed", closed_at="2026-10-04T00:00:00Z"),
            None, ItemState.DONE, "closed", "2026-10-04", "unmerged",
        ),
        (
            pull(state="closed", closed_at="2026-10-04T00:00:00Z", pull_request={"merged_at": "2026-10-03T00:00:00Z"}),
            None, ItemState.DONE, "merged", "2026-10-03", "merged",
        ),
        # An old Enterprise Server says nothing of the merge in /issues.
        (
            pull(state="closed", closed_at="2026-10-04T00:00:00Z", pull_request={}),
            PullFacts(merged_at=at("2026-10-03T00:00:00")), ItemState.DONE, "merged", "2026-10-03", "merged",
        ),
        # A row of /pulls.
        (
            issue(state="closed", closed_at="2026-10-04T00:00:00Z", head={}, merged_at="2026-10-03T00:00:00Z"),
            None, ItemState.DONE, "merged", "2026-10-03", "merged",
        ),
    ],
)  # fmt: skip
def test_where_it_stands(
    row: dict[str, Any], facts: PullFacts | None, state: str, status: str, done_at: str | None, resolution: str | None
) -> None:
    item = work_item(row, REPO, facts)
    assert (item.state, item.status, item.resolution) == (state, status, resolution)
    assert item.done_at == (None if done_at is None else at(done_at))


def test_a_pull_request_points_at_what_it_closes_names_and_contains() -> None:
    facts = PullFacts("feature/shop-101-cart", None, ("Acme/Other#3",), (A, B))
    item = work_item(pull(title="Cart, see #9", body="Fixes #8\nKR: KR2"), REPO, facts)
    assert set(item.references) == {
        Reference(ReferenceKind.CLOSES, "acme/other#3"),
        Reference(ReferenceKind.CLOSES, "acme/storefront#8"),
        Reference(ReferenceKind.NAMES, "acme/storefront#9"),
        Reference(ReferenceKind.NAMES, "SHOP-101"),
        Reference(ReferenceKind.KEY_RESULT, "KR2"),
        Reference(ReferenceKind.CONTAINS, A),
        Reference(ReferenceKind.CONTAINS, B),
    }


def test_a_renamed_repository_is_known_by_both_names() -> None:
    renamed = Repository(7, "Acme/Shop", "https://github.com/Acme/Shop", "acme/storefront")
    item = work_item(issue(parent_issue_url="https://x/repos/acme/storefront/issues/2/"), renamed, None)
    assert (item.id, item.key, item.former_keys) == ("7/45", "Acme/Shop#45", ("acme/storefront#45",))
    assert (item.parent_id, item.parent_key) == ("7/2", "Acme/Shop#2")


def test_a_parent_in_another_repository_is_known_by_key_alone() -> None:
    item = work_item(issue(parent={"url": "https://x/repos/acme/plans/issues/2"}), REPO, None)
    assert (item.parent_id, item.parent_key) == (None, "acme/plans#2")


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://", "https://[", "data:text/html,x"])
def test_no_address_but_a_web_address_is_shown(url: str | None) -> None:
    assert work_item(issue(html_url=url), REPO, None).url == "https://github.com/Acme/Storefront/issues/45"
    assert work_item(pull(html_url=url), REPO, None).url == "https://github.com/Acme/Storefront/pull/45"


def test_deleted_accounts_and_what_no_database_takes() -> None:
    item = work_item(issue(user=None, assignee=None, assignees=[None], title="a\x00b\ud800c"), REPO, None)
    assert (item.author, item.assignee, item.title) == (None, None, "a\ufffdb\ufffdc")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("text", "Acme/Storefront: expected an object, got str"),
        (issue(number=None), "Acme/Storefront: the field 'number' is missing"),
        (issue(number=True), "Acme/Storefront: the field 'number' should be int, is bool"),
        (issue(number=-1), "Acme/Storefront: the field 'number' is -1"),
        (issue(title=None), "Acme/Storefront#45: the field 'title' is missing"),
        (issue(title=["x"]), "Acme/Storefront#45: the field 'title' should be str, is list"),
        (issue(state="merged"), "Acme/Storefront#45: the field 'state' is 'merged', neither open nor closed"),
        (issue(state="closed"), "Acme/Storefront#45: the field 'closed_at' is missing"),
        (issue(created_at=None), "Acme/Storefront#45: the field 'created_at' is missing"),
        (issue(updated_at="soon\n"), "Acme/Storefront#45: the field 'updated_at' is no time stamp: 'soon'"),
        (issue(updated_at="2026-01-01"), "the field 'updated_at' is no time stamp"),
        (issue(updated_at="0001-01-01T00:00:00+14:00"), "the field 'updated_at' is no time stamp"),
        (issue(labels="bug"), "Acme/Storefront#45: the field 'labels' should be list, is str"),
        (issue(labels=[1]), "Acme/Storefront#45, labels: expected an object, got int"),
        (issue(user="lin"), "Acme/Storefront#45: the field 'user' should be dict, is str"),
        (issue(milestone={"title": 3}), "Acme/Storefront#45, milestone: the field 'title' should be str, is int"),
        (issue(body=3), "Acme/Storefront#45: the field 'body' should be str, is int"),
        (pull(draft="no"), "Acme/Storefront#45: the field 'draft' should be bool, is str"),
    ],
)
def test_a_malformed_object_is_named_with_its_field(row: Any, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        work_item(row, REPO, None)
    assert said in str(caught.value)


def test_the_trial_merge_of_an_open_pull_request_does_not_count() -> None:
    rest = {"merge_commit_sha": A, "head": {"ref": "x", "sha": B.upper()}, "merged_at": None}
    assert facts_of_rest(rest, [{"sha": C}, {"sha": B}], "x") == PullFacts("x", None, (), (B, C))
    merged = rest | {"merged_at": "2026-10-03T00:00:00Z"}
    assert facts_of_rest(merged, [{"sha": "no hash"}], "x") == PullFacts("x", at("2026-10-03"), (), (A, B))
    assert facts_of_rest({"head": None}, [], "x") == PullFacts()


def test_milestones_and_releases() -> None:
    row = {
        "number": 3, "title": "Onboarding v2", "state": "closed", "due_on": "2026-10-31T07:00:00Z",
        "closed_at": "2026-11-01T20:00:00Z", "html_url": "https://github.com/Acme/Storefront/milestone/3",
    }  # fmt: skip
    milestone = milestone_of(row, REPO, SHANGHAI)
    assert (milestone.id, milestone.kind, milestone.name, milestone.state) == (
        "7/3", "milestone", "Onboarding v2", "closed",
    )  # fmt: skip
    assert (milestone.due, milestone.closed) == (date(2026, 10, 31), date(2026, 11, 2))

    # due_on is a day written in UTC: west and east of it, it is the same day.
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati"):
        assert milestone_of(row, REPO, ZoneInfo(zone)).due == date(2026, 10, 31)

    release = {"id": 99, "name": "", "tag_name": "v2.0", "draft": False, "published_at": "2026-11-01T20:00:00Z"}
    found = release_of(release, REPO, SHANGHAI)
    assert found is not None
    assert (found.id, found.kind, found.name, found.closed) == ("99", "release", "v2.0", date(2026, 11, 2))
    assert release_of(release | {"draft": True}, REPO, SHANGHAI) is None
    assert release_of(release | {"published_at": None}, REPO, SHANGHAI) is None


@pytest.mark.parametrize("name", ["acme", "acme/..", "acme/a/b", "acme/a?x", "/a", "acme/"])
def test_a_repository_name_that_would_change_a_path_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="full_name"):
        repository_of({"id": 1, "full_name": name}, "acme/a", "https://github.com", "x")


@needs_data
def test_the_recorded_objects_become_what_an_independent_count_finds() -> None:
    rows = [json.loads(line)["data"] for line in (DATA / "github-devlake.issues.jsonl").read_text().splitlines()]
    items = [work_item(row, REPO, PullFacts() if "pull_request" in row else None) for row in rows]

    expected = Counter(
        ("pull_request" in row, row["state"], bool(row.get("pull_request", {}).get("merged_at"))) for row in rows
    )
    found = Counter(
        (
            item.kind is ItemKind.PULL_REQUEST,
            "closed" if item.state is ItemState.DONE else "open",
            item.resolution == "merged",
        )
        for item in items
    )
    assert found == expected
    assert len(items) == 42
    assert sum(len(item.labels) for item in items) == sum(len(row["labels"]) for row in rows)
    assert [item.milestones for item in items] == [
        (row["milestone"]["title"],) if row["milestone"] else () for row in rows
    ]


@needs_data
def test_the_recorded_pull_requests_become_what_an_independent_count_finds() -> None:
    rows = [json.loads(line)["data"] for line in (DATA / "github-devlake.pulls.jsonl").read_text().splitlines()]
    items = [work_item(row, REPO, facts_of_rest(row, [], "x")) for row in rows]
    assert len(items) == 50
    assert all(item.kind is ItemKind.PULL_REQUEST for item in items)
    assert sum(item.resolution == "merged" for item in items) == sum(row["merged_at"] is not None for row in rows)
    assert sum(item.resolution == "unmerged" for item in items) == sum(
        row["closed_at"] is not None and row["merged_at"] is None for row in rows
    )
    for row, item in zip(rows, items, strict=True):
        commits = {ref.target for ref in item.references if ref.kind is ReferenceKind.CONTAINS}
        assert commits == {row["head"]["sha"]} | ({row["merge_commit_sha"]} if row["merged_at"] else set())


@needs_data
def test_the_recorded_milestone() -> None:
    (row,) = [json.loads(line)["data"] for line in (DATA / "github-devlake.milestones.jsonl").read_text().splitlines()]
    milestone = milestone_of(row, REPO, SHANGHAI)
    assert (milestone.id, milestone.name, milestone.state, milestone.due) == ("7/7", "v0.11.0", "open", None)
