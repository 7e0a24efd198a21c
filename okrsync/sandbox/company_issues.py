"""The sample company's issues: what its Jira holds. The same on every machine, every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count

from okrsync.sandbox.company_goals import AS_OF
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.jira_state import Json


@dataclass(frozen=True)
class Stream:
    """Issues that belong together: each of ``things`` with each of ``tasks``, as far as they are needed.

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
    type: str = "Story"

    def titles(self) -> list[str]:
        """Each thing with each task once, in an order that goes round both."""
        rounds = range(len(self.tasks))
        return [
            self.tasks[(turn + place) % len(self.tasks)].format(thing)
            for turn in rounds
            for place, thing in enumerate(self.things)
        ]


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
         "logo upload", "domain step", "delivery zones step", "opening checklist", "first order preview"),
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
        ("a first product", "a price range", "商品分类", "delivery times", "商品标题", "a description", "a category"),
        done=11, since=date(2026, 10, 5), until=date(2026, 11, 18), open=2, component="catalogue",
    ),
    Stream(
        "SHOP",
        ("Mail: {}", "Test two subjects of: {}"),
        ("your order is on its way", "what others bought", "a voucher for next time", "we kept your basket",
         "your size is back", "rate what you bought", "new from this shop", "birthday greeting", "price dropped",
         "last pieces", "the week's picks", "thank you", "节日问候"),
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
         "日志格式", "the release notes page", "the icon set"),
        done=14, since=date(2026, 10, 2), until=date(2026, 11, 19), dropped=1, open=3, developers=(2, 3, 8),
        type="Task",
    ),
    Stream(
        "PAY", ("Retry {} once", "Log why {} fail"),
        ("declined cards", "time-outs of the acquirer", "wallet payments", "银行卡验证", "payments from abroad"),
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
        developers=(9, 10), type="Task",
    ),
    Stream(
        "PAY",
        ("Report {} to finance", "Rename {}"),
        ("fees", "chargebacks", "currency differences", "dormant accounts", "rounding", "对账差异", "late payouts",
         "reserves", "payout dates"),
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


_NEW, _DOING = _status(1, "To Do", "new"), _status(3, "In Progress", "indeterminate")
_DONE, _WONT_DO = _status(10, "Done", "done"), _status(11, "Won't Do", "done")
_TYPES = {
    "Epic": {"id": "1", "name": "Epic", "subtask": False, "hierarchyLevel": 1},
    "Story": {"id": "2", "name": "Story", "subtask": False, "hierarchyLevel": 0},
    "Task": {"id": "4", "name": "Task", "subtask": False, "hierarchyLevel": 0},
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
        self.epics: dict[str, Json] = {}
        self.turn = 0

    def version(self, project_id: str, id: str, name: str, due: date, *, released: bool) -> None:
        self.versions[name] = {"id": id, "name": name, "archived": False, "released": released, "releaseDate": str(due)}
        self.jira.versions.setdefault(project_id, []).append(self.versions[name])

    def put(self, project: str, kind: str, title: str, created: datetime, updated: datetime, **fields: object) -> Json:
        key = f"{project}-{next(self.numbers[project])}"
        issue: Json = {
            "id": str(next(self.ids)), "key": key,
            "fields": {
                "summary": title, "issuetype": _TYPES[kind], "status": _NEW, "resolution": None, "labels": [],
                "components": [], "fixVersions": [], "description": None, "created": self.jira.stamp(created),
                **fields,
            },
        }  # fmt: skip
        self.jira.put_issue(issue, updated=updated)
        return issue

    def stream(self, stream: Stream) -> None:
        titles = stream.titles()
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
            "status": (_DOING if index % 2 else _NEW) if end is None else _DONE,
        }
        if stream.epic:
            fields["parent"] = self.epics[stream.epic]
        if stream.sprints:
            fields[_SPRINT_FIELD] = [next(each for each in _SPRINTS if str(each["endDate"]) > str(updated.date()))]
            fields[_POINTS_FIELD] = float(1 + index % 3 * 2)
        if end is not None:
            dropped = index >= stream.done
            fields["resolutiondate"] = self.jira.stamp(updated)
            if stream.project == "SHOP":
                fields["resolution"] = {"id": "2", "name": "Won't Do"} if dropped else {"id": "1", "name": "Done"}
            elif dropped:  # a team-managed project has no resolutions: its statuses say it
                fields["status"] = _WONT_DO
        made = "SHOP" if title == MOVED else stream.project
        issue = self.put(made, stream.type, title, created, updated, **fields)
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
        epic = tracker.put(key.partition("-")[0], "Epic", title, start, start, assignee=_account("head-commerce"))
        assert epic["key"] == key
        tracker.epics[key] = {"id": epic["id"], "key": key}
    for stream in STREAMS:
        tracker.stream(stream)
