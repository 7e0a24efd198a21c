"""The sample company's code: what its clone and its GitHub hold. The same on every machine, every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from okrsync.dates import iso
from okrsync.sandbox.company_goals import REPO
from okrsync.sandbox.company_issues import moment
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira_state import Json


@dataclass(frozen=True)
class Change:
    """A pull request with one commit; without ``title``, a commit that was pushed straight to main."""

    day: date
    message: str
    path: str
    developer: int
    title: str = ""
    body: str = ""
    branch: str = ""
    milestone: int | None = None
    closes: tuple[int, ...] = ()


@dataclass(frozen=True)
class HubIssue:
    """An issue of the repository."""

    title: str
    day: date
    """When it was closed, or last changed."""
    milestone: int | None = None
    reason: str | None = "completed"
    """None while it is open."""
    labels: tuple[str, ...] = ()


IMPORT, FAST = 1, 2
"""Numbers of the milestones."""

HUB_ISSUES = (
    HubIssue("Spreadsheet with two header rows", date(2026, 11, 4), IMPORT, labels=("bug",)),
    HubIssue("Import stops at an empty line", date(2026, 11, 9), IMPORT, labels=("bug",)),
    HubIssue("导入时保留前导零", date(2026, 11, 13), IMPORT),
    HubIssue("Load the payment form before it is needed", date(2026, 10, 13), FAST),
    HubIssue("Do not wait for the address service", date(2026, 10, 20), FAST),
    HubIssue("One request for basket and delivery", date(2026, 10, 27), FAST),
    HubIssue("结算页图片延迟加载", date(2026, 11, 3), FAST),
    HubIssue("Cache delivery prices", date(2026, 11, 12), FAST),
    HubIssue("Rewrite checkout in another framework", date(2026, 11, 5), FAST, "not_planned"),
    HubIssue("Footer overlaps on small screens", date(2026, 11, 6), labels=("bug",)),
    HubIssue("Dark mode", date(2026, 11, 16), reason=None),
)
"""Their numbers are 1 to 11."""

_WIZARD = (
    "Wizard skeleton", "Shop name with suggestions", "Template previews", "Tax step by country", "Bank details by scan",
    "Sample catalogue", "Logo from a photo", "Domain search", "Delivery zones on a map", "开店清单",
)  # fmt: skip
_PAYMENTS = (
    "queue the retry", "tell time-outs from refusals", "keep the wallet's token", "验证码重发", "currency of the card",
    "log the reason", "count each reason",
)  # fmt: skip
_TOOLS = ("Faster local set-up", "Screenshots in tests", "New issue template")
_STRAY = (
    "Bump the linter", "Fix a typo in the footer", "Sort imports", "Remove an unused icon", "Quieter logs in tests",
    "Pin the base image", "修正拼写", "Smaller test fixtures", "Drop the old polyfill", "Reformat the style sheet",
)  # fmt: skip


def changes() -> tuple[Change, ...]:
    """What was committed, oldest first."""
    found = [*_for_hub_issues(), *_for_jira_issues()]
    # A trailer names the key result itself.
    found.append(Change(date(2026, 11, 10), "Compress the basket\n\nKR: KR3.1", "shared/basket.ts", 6))
    # Only the path says what for.
    found.append(Change(date(2026, 11, 11), "Preconnect to the acquirer", "checkout/index.html", 4))
    # Pull requests, and commits without one, that name nothing.
    for turn, title in enumerate(_TOOLS):
        day = date(2026, 10, 9) + timedelta(days=13 * turn)
        found.append(Change(day, title, f"tools/tool{turn}.sh", 3, title=title, branch=f"tool-{turn}"))
    for turn, message in enumerate(_STRAY):
        found.append(Change(date(2026, 10, 2) + timedelta(days=5 * turn), message, f"misc/file{turn}.txt", 1 + turn))
    return tuple(sorted(found, key=lambda change: (change.day, change.message)))


def _for_hub_issues() -> Iterator[Change]:
    """Pull requests for issues of the repository: some close one, some only name it."""
    for number, issue in enumerate(HUB_ISSUES, 1):
        if issue.milestone == FAST and issue.reason == "completed":
            yield Change(
                issue.day,
                f"{issue.title}\n\nFixes #{number}",
                f"checkout/step{number}.ts",
                4 + number % 3,
                title=issue.title,
                body=f"Fixes #{number}",
                branch=f"fix-{number}",
                milestone=FAST,
                closes=(number,),
            )
        elif issue.milestone == IMPORT:
            title = f"{issue.title} (#{number})"
            path, branch = f"onboarding/import{number}.ts", f"import-{number}"
            yield Change(issue.day, title, path, 2, title=title, branch=branch, milestone=IMPORT)


def _for_jira_issues() -> Iterator[Change]:
    """A Jira key in a pull request's branch, or in a commit's message: part of that issue's piece of work."""
    for turn, title in enumerate(_WIZARD):
        day, branch = date(2026, 10, 5) + timedelta(days=4 * turn), f"feature/shop-{3 + turn * 3}-wizard"
        yield Change(day, title, f"onboarding/step{turn}.ts", 1 + turn % 3, title=title, branch=branch)
    for turn, what in enumerate(_PAYMENTS):
        day = date(2026, 10, 29) + timedelta(days=3 * turn)
        yield Change(day, f"PAY-{2 + turn}: {what}", f"payments/job{turn}.py", 5)


def fill_github(github: GitHubStandIn, hashes: Sequence[str]) -> None:
    """One repository with milestones, a release, issues and pull requests; ``hashes`` are those of ``changes``."""
    github.add_repo(REPO, 7001)
    github.put_milestone(REPO, {"title": "Spreadsheet import", "due_on": "2026-11-27T08:00:00Z"})
    github.put_milestone(
        REPO, {"title": "Fast checkout", "due_on": "2026-11-13T08:00:00Z", "closed_at": "2026-11-13T09:00:00Z"}
    )
    for number, issue in enumerate(HUB_ISSUES, 1):
        changed = moment(issue.day, number)
        given: Json = {
            "title": issue.title, "user": "dev-4", "assignees": [f"dev-{4 + number % 3}"], "labels": list(issue.labels),
            "created_at": iso(changed - timedelta(days=9)), "updated_at": iso(changed),
        }  # fmt: skip
        if issue.milestone is not None:
            given["milestone"] = issue.milestone
        if issue.reason is not None:
            given |= {"closed_at": iso(changed), "state_reason": issue.reason}
        github.put_issue(REPO, given)
    for turn, (change, sha) in enumerate(zip(changes(), hashes, strict=True)):
        if change.title:
            merged = committed(change, turn) + timedelta(minutes=20)
            pull: Json = {
                "title": change.title, "body": change.body, "user": f"dev-{change.developer}", "head": change.branch,
                "created_at": iso(merged - timedelta(days=1)), "updated_at": iso(merged), "merged_at": iso(merged),
                "commits": [{"sha": sha, "message": change.message}], "closes": list(change.closes),
            }  # fmt: skip
            if change.milestone is not None:
                pull["milestone"] = change.milestone
            github.put_pull(REPO, pull)
    given_up = iso(moment(date(2026, 11, 6), 3))
    github.put_pull(
        REPO,
        {
            "title": "Try another framework for checkout", "user": "dev-6", "head": "framework", "milestone": FAST,
            "created_at": "2026-10-21T03:00:00Z", "updated_at": given_up, "closed_at": given_up,
        },
    )  # fmt: skip
    released = iso(moment(date(2026, 11, 13), 5))
    github.put_release(REPO, {"id": 9001, "tag_name": "v2.14", "name": "2.14", "published_at": released})


def committed(change: Change, turn: int) -> datetime:
    """When the commit number ``turn`` was made."""
    return moment(change.day, turn)


def git_history() -> bytes:
    """All commits as ``git fast-import`` reads them."""
    stream: list[bytes] = []
    for turn, change in enumerate(changes()):
        who = f"dev-{change.developer}"
        message, content = f"{change.message}\n".encode(), f"{change.path}, change {turn + 1}\n".encode()
        stream += [
            b"commit refs/heads/main\n",
            f"committer {who} <{who}@marigold.example> {int(committed(change, turn).timestamp())} +0800\n".encode(),
            b"data %d\n%b" % (len(message), message),
            f"M 100644 inline {change.path}\n".encode(),
            b"data %d\n%b\n" % (len(content), content),
        ]
    return b"".join(stream)
