"""The sample company's work: what its Jira, its GitHub and its clone hold. The same on every machine, every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count

from okrsync.dates import iso
from okrsync.sandbox.company_goals import AS_OF, REPO
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.jira_state import Json


@dataclass(frozen=True)
class Stream:
    """Issues that belong together: each of ``things`` with each of ``tasks``, in that order, as far as they are needed.

    ``done`` of them are completed, spread evenly over the days ``since`` to ``until``; after these come ``dropped``
    ones, which nobody did, and ``open`` ones, last changed on ``touched``.
    """

    project: str
    tasks: Sequence[str]
    things: Sequence[str]
    done: int = 0
    since: date = date(2026, 10, 1)
    until: date = AS_OF
    dropped: int = 0
    open: int = 0
    touched: date = date(2026, 11, 17)
    epic: str | None = None
    labels: tuple[str, ...] = ()
    component: str | None = None
    version: str | None = None
    sprints: bool = False
    subtasks: int = 0
    """How many of the first issues have two sub-tasks each."""
    developers: tuple[int, ...] = (1, 2, 3)


EPICS = {
    "SHOP-1": "Onboarding wizard / 开店引导",
    "SHOP-2": "Mails that bring buyers back",
    "PAY-1": "Refunds within a day / 一天内退款",
}

STREAMS = (
    Stream(
        "SHOP",
        ("Redraw the {}", "Explain the {} in one sentence", "Let shops skip the {}", "Count who stops at the {}"),
        ("welcome page", "shop name step", "template picker", "tax step", "bank details step", "sample catalogue",
         "logo upload", "domain step", "delivery zones step", "opening checklist"),
        done=32, until=date(2026, 11, 19), dropped=3, open=6, epic="SHOP-1", labels=("activation",), sprints=True,
        subtasks=9,
    ),
    Stream(
        "SHOP",
        ("{}", "{}（移动端）"),
        ("优化注册页文案", "缩短开店表单", "引导视频加字幕", "税务步骤给出示例"),
        done=6, since=date(2026, 10, 12), until=date(2026, 11, 12), labels=("activation",), sprints=True,
    ),
    Stream(
        "SHOP",
        ("Import {} from a spreadsheet", "Show what is wrong with imported {}"),
        ("products", "prices", "pictures", "variants", "stock", "categories", "tax rates", "descriptions", "barcodes"),
        done=16, since=date(2026, 11, 2), until=date(2026, 11, 19), open=2, version="Onboarding 2.0", subtasks=3,
    ),
    Stream(
        "SHOP",
        ("Suggest {}", "Fill in {} from the photo"),
        ("a first product", "a price range", "商品分类", "delivery times", "商品标题", "a description"),
        done=11, since=date(2026, 10, 5), until=date(2026, 11, 18), open=2, component="catalogue",
    ),
    Stream(
        "SHOP",
        ("Mail: {}", "Test two subjects of: {}"),
        ("your order is on its way", "what others bought", "a voucher for next time", "we kept your basket",
         "your size is back", "rate what you bought", "new from this shop", "birthday greeting", "price dropped",
         "last pieces", "the week's picks", "thank you"),
        done=19, since=date(2026, 10, 6), until=date(2026, 11, 17), dropped=2, open=4, epic="SHOP-2", sprints=True,
        developers=(7, 8),
    ),
    Stream(
        "SHOP", ("Show a re-order button {}",), ("in the order list", "in the app", "on the receipt"),
        done=3, since=date(2026, 10, 20), until=date(2026, 10, 27), developers=(7,),
    ),
    Stream(
        "SHOP", ("{}",), ("Structured data for product pages", "Site map for small shops"),
        open=2, touched=date(2026, 10, 8), labels=("seo",), developers=(8,),
    ),
    Stream(
        "SHOP", ("{}",), ("Invite link for shop owners", "Reward for a recommendation", "推荐有礼活动页"),
        open=3, touched=date(2026, 8, 12), labels=("referral",), developers=(8,),
    ),
    Stream(
        "SHOP", ("Loyalty card: {}",),
        ("scan at the till", "points per order", "print the card", "wallet pass", "points by phone", "card design",
         "export for the supplier", "积分规则"),
        done=8, since=date(2026, 10, 7), until=date(2026, 11, 16), labels=("loyalty-card",), developers=(7, 8),
    ),
    Stream(
        "SHOP", ("Answer in place: {}", "Check answers on: {}"),
        ("where is my order", "change an address", "invoice by mail", "cancel an order", "怎样开发票"),
        open=5, touched=date(2026, 11, 18), labels=("self-service",), developers=(9, 10),
    ),
    Stream(
        "SHOP", ("Ask shop owners after {}",), ("their first sale", "their first month"),
        done=1, since=date(2026, 10, 30), until=date(2026, 10, 30), open=1, component="feedback",
    ),
    Stream(
        "SHOP",
        ("Upgrade {}", "Tidy {}"),
        ("the build", "the test data", "translations", "the admin menu", "old feature flags", "the style guide",
         "日志格式", "the release notes page"),
        done=14, since=date(2026, 10, 2), until=date(2026, 11, 19), dropped=1, open=3, developers=(2, 3, 8),
    ),
    Stream(
        "PAY", ("Retry {} once",), ("declined cards", "time-outs of the acquirer", "wallet payments", "银行卡验证",
                                   "3-D Secure", "double clicks", "payments from abroad"),
        done=7, since=date(2026, 10, 29), until=date(2026, 11, 18), open=2, labels=("success-rate",),
        developers=(4, 5, 6),
    ),
    Stream(
        "PAY",
        ("Pay out {} at once", "Tell the buyer about {}"),
        ("card refunds", "partial refunds", "wallet refunds", "退货退款", "refunds of vouchers", "refunds of deposits"),
        done=11, since=date(2026, 10, 3), until=date(2026, 11, 10), dropped=1, epic="PAY-1", developers=(4, 9),
    ),
    Stream(
        "PAY", ("Move {} to the regional database", "Delete the old copy of {}"),
        ("card tokens", "payout accounts", "invoices", "dispute files"),
        done=7, since=date(2026, 10, 5), until=date(2026, 11, 6), version="Data residency", developers=(5, 6),
    ),
    Stream(
        "PAY", ("Rehearse {}", "Alert on {}"),
        ("a failed data centre", "the shopping festival", "a full disk", "an expired certificate", "双十一流量"),
        done=9, since=date(2026, 10, 6), until=date(2026, 11, 13), open=1, component="operations",
        developers=(9, 10),
    ),
    Stream(
        "PAY",
        ("Report {} to finance", "Rename {}"),
        ("fees", "chargebacks", "currency differences", "dormant accounts", "rounding", "对账差异", "late payouts"),
        done=12, since=date(2026, 10, 1), until=date(2026, 11, 19), dropped=2, open=4, developers=(4, 5),
    ),
)  # fmt: skip

MOVED = "Report rounding to finance"
"""An issue that was made in SHOP and moved to PAY: its key changed, its id did not."""

_ZONE = timedelta(hours=8)
_SPRINTS = tuple(
    {"id": 40 + number, "name": f"Sprint {70 + number}", "boardId": 3, "goal": "",
     "state": "closed" if number < 4 else "active",
     "startDate": f"{date(2026, 9, 21) + timedelta(weeks=2 * number)}T01:00:00.000Z",
     "endDate": f"{date(2026, 10, 5) + timedelta(weeks=2 * number)}T01:00:00.000Z"}
    for number in range(5)
)  # fmt: skip


def moment(day: date, turn: int) -> datetime:
    """A moment in the office hours of a day in Shanghai; ``turn`` spreads several over them."""
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC) - _ZONE + timedelta(minutes=turn * 47 % 500)


def spread(since: date, until: date, number: int) -> Iterator[date]:
    """``number`` days from ``since`` to ``until``, evenly, both included."""
    days = (until - since).days
    return (since + timedelta(days=round(index * days / max(1, number - 1))) for index in range(number))


# --- Jira -------------------------------------------------------------------------------------------------------------

_CATEGORY = {"new": (2, "To Do"), "indeterminate": (4, "In Progress"), "done": (3, "Done")}


def _status(id: int, name: str, category: str) -> Json:
    number, category_name = _CATEGORY[category]
    return {
        "id": str(id), "name": name,
        "statusCategory": {"id": number, "key": category, "colorName": "green", "name": category_name},
    }  # fmt: skip


_TODO, _DOING = _status(1, "To Do", "new"), _status(3, "In Progress", "indeterminate")
_DONE, _WONT_DO = _status(10, "Done", "done"), _status(11, "Won't Do", "done")
_TYPES = {
    "Epic": {"id": "1", "name": "Epic", "subtask": False, "hierarchyLevel": 1},
    "Story": {"id": "2", "name": "Story", "subtask": False, "hierarchyLevel": 0},
    "Sub-task": {"id": "3", "name": "Sub-task", "subtask": True, "hierarchyLevel": -1},
}
_SPRINT_FIELD, _POINTS_FIELD = "customfield_10020", "customfield_10016"


class _Tracker:
    """Writes the streams into the stand-in, numbering issues as Jira does."""

    def __init__(self, jira: JiraStandIn) -> None:
        self.jira = jira
        self.ids = count(10_001)
        self.numbers = {"SHOP": count(1), "PAY": count(1)}
        self.versions: dict[str, Json] = {}
        self.turn = 0

    def version(self, project_id: str, id: str, name: str, due: date, *, released: bool) -> None:
        self.versions[name] = {"id": id, "name": name, "archived": False, "released": released, "releaseDate": str(due)}
        self.jira.versions.setdefault(project_id, []).append(self.versions[name])

    def put(self, project: str, kind: str, title: str, created: datetime, updated: datetime, **fields: object) -> Json:
        key = f"{project}-{next(self.numbers[project])}"
        issue: Json = {
            "id": str(next(self.ids)), "key": key,
            "fields": {
                "summary": title, "issuetype": _TYPES[kind], "status": _TODO, "resolution": None, "labels": [],
                "components": [], "fixVersions": [], "description": None, "created": self.jira.stamp(created),
                **fields,
            },
        }  # fmt: skip
        self.jira.put_issue(issue, updated=updated)
        return issue

    def stream(self, stream: Stream) -> None:
        titles = [task.format(thing) for task in stream.tasks for thing in stream.things]
        ends = [*spread(stream.since, stream.until, stream.done), *spread(stream.since, stream.until, stream.dropped)]
        assert len(titles) >= len(ends) + stream.open, f"{stream.tasks[0]}: too few titles"
        for index, title in enumerate(titles[: len(ends) + stream.open]):
            self.turn += 1
            end = ends[index] if index < len(ends) else None
            self.issue(stream, index, title, end)

    def issue(self, stream: Stream, index: int, title: str, end: date | None) -> None:
        updated = moment(end or stream.touched - timedelta(days=index % 5), self.turn)
        created = updated - timedelta(days=3 + self.turn * 7 % 18, hours=2)
        developer = stream.developers[index % len(stream.developers)]
        fields: Json = {
            "assignee": _account(f"dev-{developer}"),
            "reporter": _account(f"dev-{stream.developers[0]}"),
            "labels": list(stream.labels),
            "components": [{"id": "7", "name": stream.component}] if stream.component else [],
            "fixVersions": [self.versions[stream.version]] if stream.version else [],
            "status": (_DOING if index % 2 else _TODO) if end is None else _DONE,
        }
        if stream.epic:
            fields["parent"] = {"id": self.jira.issue(stream.epic)["id"], "key": stream.epic}  # type: ignore[index]
        if stream.sprints:
            first = next((each for each in _SPRINTS if str(each["endDate"])[:10] > str(updated.date())), _SPRINTS[-1])
            fields[_SPRINT_FIELD] = [first]
            fields[_POINTS_FIELD] = float(1 + index % 3 * 2)
        if end is not None:
            dropped = index >= stream.done
            fields["resolutiondate"] = self.jira.stamp(updated)
            if stream.project == "SHOP":
                fields["resolution"] = {"id": "2", "name": "Won't Do"} if dropped else {"id": "1", "name": "Done"}
            elif dropped:  # a team-managed project has no resolutions: its statuses say it
                fields["status"] = _WONT_DO
        made = "SHOP" if title == MOVED else stream.project
        issue = self.put(made, "Story", title, created, updated, **fields)
        if made != stream.project:
            self.jira.move_issue(issue["id"], stream.project, updated=updated)
            next(self.numbers[stream.project])
        if index < stream.subtasks:
            parent = {"id": issue["id"], "key": issue["key"]}
            common = {name: fields[name] for name in ("assignee", "status", "resolution") if name in fields}
            for part in ("build", "test"):
                self.put(
                    made, "Sub-task", f"{title}: {part}", created, updated, parent=parent,
                    **common, resolutiondate=fields.get("resolutiondate"),
                )  # fmt: skip


def _account(id: str) -> Json:
    return {"accountId": id, "accountType": "atlassian", "displayName": id, "active": True}


def fill_jira(jira: JiraStandIn) -> None:
    """Two projects: SHOP is company-managed, PAY team-managed. Epics, stories, sub-tasks, versions and sprints."""
    jira.add_project("SHOP", "Online shop", "10100")
    jira.add_project("PAY", "Payments", "10200", "next-gen")
    tracker = _Tracker(jira)
    tracker.version("10100", "501", "Onboarding 2.0", date(2026, 11, 27), released=False)
    tracker.version("10200", "502", "Data residency", date(2026, 11, 9), released=True)
    start = datetime(2026, 9, 7, 2, tzinfo=UTC)
    for key, title in EPICS.items():
        made = tracker.put(key.partition("-")[0], "Epic", title, start, start, assignee=_account("head-commerce"))
        assert made["key"] == key
    for stream in STREAMS:
        tracker.stream(stream)


# --- git and GitHub ---------------------------------------------------------------------------------------------------


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

_STRAY = (
    "Bump the linter", "Fix a typo in the footer", "Sort imports", "Remove an unused icon", "Quieter logs in tests",
    "Pin the base image", "修正拼写", "Smaller test fixtures", "Drop the old polyfill", "Reformat the style sheet",
)  # fmt: skip


def changes() -> tuple[Change, ...]:
    """What was committed, oldest first."""
    oct_, nov = (lambda day: date(2026, 10, day)), (lambda day: date(2026, 11, day))
    found = [
        # The closing keyword and the title name the issues of this repository.
        *(
            Change(
                issue.day, f"{issue.title}\n\nFixes #{number}", f"checkout/step{number}.ts", 4 + number % 3,
                title=issue.title, body=f"Fixes #{number}", branch=f"fix-{number}", milestone=issue.milestone,
                closes=(number,),
            )
            for number, issue in enumerate(HUB_ISSUES, 1)
            if issue.milestone == FAST and issue.reason == "completed"
        ),
        *(
            Change(
                issue.day, f"{issue.title} (#{number})", f"onboarding/import{number}.ts", 2,
                title=f"{issue.title} (#{number})", branch=f"import-{number}", milestone=issue.milestone,
            )
            for number, issue in enumerate(HUB_ISSUES, 1)
            if issue.milestone == IMPORT
        ),
        # A Jira key in a branch, in a title, in a message: part of that issue's piece of work.
        *(
            Change(
                oct_(5) + timedelta(days=4 * turn), f"Onboarding step {turn + 1}", f"onboarding/step{turn}.ts",
                1 + turn % 3, title=f"Onboarding step {turn + 1}", branch=f"feature/shop-{3 + turn * 3}-wizard",
            )
            for turn in range(10)
        ),
        *(
            Change(oct_(8) + timedelta(days=5 * turn), f"PAY-{2 + turn}: keep the receipt", f"payments/job{turn}.py", 5)
            for turn in range(7)
        ),
        # A trailer names the key result itself.
        Change(nov(10), "Compress the basket\n\nKR: KR3.1", "shared/basket.ts", 6),
        # Only the path says what for.
        Change(nov(11), "Preconnect to the acquirer", "checkout/index.html", 4),
        # A pull request that names nothing.
        *(
            Change(
                oct_(9) + timedelta(days=13 * turn), title, f"tools/tool{turn}.sh", 3, title=title, branch=f"tool-{turn}"
            )
            for turn, title in enumerate(("Faster local set-up", "Screenshots in tests", "New issue template"))
        ),
        *(
            Change(oct_(2) + timedelta(days=5 * turn), message, f"misc/file{turn}.txt", 1 + turn % 10)
            for turn, message in enumerate(_STRAY)
        ),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda change: (change.day, change.message)))


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
