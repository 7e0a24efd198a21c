"""`okrsync doctor`: each thing that can be wrong, planted one at a time in a company where all is well."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from okrsync_github.client import GitHubClient
from okrsync_jira import JiraConnector

from okrsync.checkup import Check, clocks, time_zones
from okrsync.http import HttpPolicy
from okrsync.publish.confluence import Confluence
from okrsync.publish.git import Git
from okrsync.publish.mediawiki import MediaWiki
from okrsync.sandbox.git_http import GitHttpStandIn
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response
from tests.cli_project import GOALS, Project, Ran, clone, series, start
from tests.github_sandbox import fill

TOKEN = "canary-4711"


class Company:
    """A folder and its services; ``doctor`` asks them all."""

    def __init__(self, project: Project, jira: JiraStandIn, github: GitHubStandIn, wiki: GitHttpStandIn) -> None:
        self.project, self.jira, self.github, self.wiki = project, jira, github, wiki
        login = "{email: bot@acme.example, token: '${JIRA_TOKEN}'}" if jira.cloud else "{token: '${JIRA_TOKEN}'}"
        self.main = f"""\
timezone: Asia/Shanghai
sources:
  shop: {{type: jira, url: '{jira.url}', auth: {login}, projects: [SHOP]}}
  hub: {{type: github, url: '{github.api_url}', auth: {{token: '${{HUB_TOKEN}}'}}, repos: [acme/storefront]}}
  clone: {{type: git, path: clone}}
people: [{{id: lin, name: Lin Wei}}]
publish:
  - {{type: folder, path: wiki/}}
  - {{type: git, url: '{wiki.url}/wiki.git', auth: {{token: '${{WIKI_TOKEN}}'}}}}
"""

    def doctor(self, main: str | None = None, goals: str = GOALS) -> Ran:
        self.project.write("okrsync.yaml", main or self.main)
        self.project.write("okrs/q4.yaml", goals)
        return self.project.run("doctor")


@pytest.fixture(params=["cloud", "server"])
def company(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Company]:
    now = datetime.now(UTC)
    jira = JiraStandIn(request.param, account_timezone="Asia/Shanghai", token="jira-canary")
    jira.add_project("SHOP", "Shop", "10")
    hub = fill(GitHubStandIn(tokens={"hub-canary"}))
    (tmp_path / "served").mkdir()
    bare = tmp_path / "served" / "wiki.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "master", str(bare)], check=True)
    with jira, hub, GitHttpStandIn(tmp_path / "served", token="wiki-canary") as wiki:
        folder = tmp_path / "company"
        folder.mkdir()
        project = start(folder, monkeypatch, capsys)
        monkeypatch.setattr("okrsync.cli.doctor.now", lambda: now)
        project.write("a.csv", series(last=now.date() - timedelta(days=now.weekday())))
        clone(project, "clone", "One", "Two")
        monkeypatch.setenv("JIRA_TOKEN", "jira-canary")
        monkeypatch.setenv("HUB_TOKEN", "hub-canary")
        monkeypatch.setenv("WIKI_TOKEN", "wiki-canary")
        yield Company(project, jira, hub, wiki)


def goals_of(now: datetime) -> str:
    """Goals whose cycle is running, whatever the day."""
    start, end = now.date() - timedelta(days=40), now.date() + timedelta(days=40)
    return GOALS.replace("2026-10-01", str(start)).replace("2026-12-31", str(end))


RUNNING = goals_of(datetime.now(UTC))


def test_all_is_well(company: Company) -> None:
    ran = company.doctor(goals=RUNNING)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    good = [line for line in lines if line.startswith("ok ")]
    assert [line.split()[1].rstrip(":") for line in good] == [
        "shop", "shop:SHOP", "hub", "hub:acme/storefront", "clone", "clone:clone", "KR1.1", "wiki", "wiki",
    ]  # fmt: skip
    assert [line for line in lines if line.startswith("note")] == [
        f"note     {name}: from the environment" for name in ("HUB_TOKEN", "JIRA_TOKEN", "WIKI_TOKEN")
    ]
    # Nothing was synced yet, which is the one thing to say.
    assert [line for line in lines if not line.startswith(("ok ", "note "))] == [
        f"warning  store: sqlite:///{company.project.path}/okrsync.db is not there yet",
        "         `okrsync sync` makes it",
    ]
    assert "can be read: 2 items" in ran.out
    assert not (company.project.path / "wiki").exists()
    assert not any(canary in ran.out for canary in ("jira-canary", "hub-canary", "wiki-canary"))
    # Asked, not changed.
    assert {request.method for request in company.jira.requests} <= {"GET", "POST"}
    assert not subprocess.run(
        ["git", "for-each-ref"], cwd=company.wiki.folder / "wiki.git", capture_output=True, check=True
    ).stdout


def test_a_store_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = start(tmp_path, monkeypatch, capsys)
    project.write("okrsync.yaml", "store: sqlite:///a.csv/here/okrsync.db\n")
    project.write("a.csv", "no folder")
    ran = project.run("doctor")
    assert ran.code == 4
    assert f"okrsync.db cannot be made: {tmp_path}/a.csv is not a folder that this user may write" in ran.out


@pytest.mark.parametrize("company", ["cloud"], indirect=True)
def test_in_chinese(company: Company) -> None:
    """Every check and what to do about it; names of things stay."""
    company.jira.permissions |= {"EDIT_ISSUES"}
    company.main = company.main.replace("[SHOP]", "[SHOP, SHPO]").replace("path: clone", "path: nowhere")
    company.project.write("okrsync.yaml", company.main)
    company.project.write("okrs/q4.yaml", RUNNING)
    ran = company.project.run("doctor", "--language", "zh")
    assert ran.code == 3
    for said in ("可以读取", "该账号还可以编辑事务", "请检查项目键", "可以创建", "尚不存在", "最近一个是"):
        assert said in ran.out
    assert not re.search(r"can be|may also|give okrsync|check the|mended", ran.out)


def _unplugged(company: Company) -> None:
    company.jira.stop()


def _wrong_project(company: Company) -> None:
    company.main = company.main.replace("[SHOP]", "[SHOP, SHPO]")


def _wrong_repo(company: Company) -> None:
    company.main = company.main.replace("[acme/storefront]", "[acme/storefront, acme/warehouse]")


def _bad_token(company: Company) -> None:
    company.github.tokens = {"another"}


def _no_pulls(company: Company) -> None:
    def refuse(request: Request) -> Response | None:
        return Response(403, {"message": "Resource not accessible"}) if request.path.endswith("/pulls") else None

    company.github.faults.append(refuse)


def _wrong_column(company: Company) -> None:
    company.project.write("a.csv", "day,shops\n2026-11-16,3\n")


def _no_values(company: Company) -> None:
    company.project.write("a.csv", "date,value\n1999-01-04,3\n")


def _no_clone(company: Company) -> None:
    company.main = company.main.replace("path: clone", "path: nowhere")


def _wiki_is_a_file(company: Company) -> None:
    company.project.write("wiki", "a file")


def _wiki_token(company: Company) -> None:
    company.main = company.main.replace("${WIKI_TOKEN}", "${HUB_TOKEN}")


def _broken_store(company: Company) -> None:
    company.project.write("okrsync.db", "this is no database, it is much too long for that " * 100)


def _clock(company: Company) -> str:
    company.jira.skew = 600
    return "shop: the clock of this machine is 10 minutes behind the service's"


def _clock_of_github(company: Company) -> str:
    company.github.skew = -7200
    return "hub: the clock of this machine is 2 hours ahead of the service's"


def _store_of_others(company: Company) -> str:
    company.project.run("sync", "clone")
    store = company.project.path / "okrsync.db"
    store.chmod(0o644)
    return f"store: others on this machine may read or change {store} (mode 0644)"


@pytest.mark.parametrize("plant", [_clock, _clock_of_github, _store_of_others])
@pytest.mark.parametrize("company", ["cloud"], indirect=True)
def test_what_to_look_at(company: Company, plant: Callable[[Company], str]) -> None:
    company.project.write("okrsync.yaml", company.main)
    company.project.write("okrs/q4.yaml", RUNNING)
    said = plant(company)
    ran = company.doctor(goals=RUNNING)
    assert ran.code == 0
    assert f"warning  {said}" in ran.out


NOBODY = "http://127.0.0.1:1"


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize("company", ["cloud"], indirect=True)
def test_hosts_that_cannot_be_reached(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source of each kind, each wiki and each outcome source, all at once: every one of them is said."""
    once = HttpPolicy(attempts=1)
    for each in (Git, Confluence, MediaWiki, JiraConnector):
        monkeypatch.setattr(each, "policy", once)
    monkeypatch.setattr("okrsync_github.client.GitHubClient", partial(GitHubClient, policy=once))
    company.jira.stop()
    company.github.stop()
    company.wiki.stop()
    wikis = f"""\
  - {{type: confluence, url: '{NOBODY}/wiki', auth: {{token: '${{WIKI_TOKEN}}'}}, space: OKR}}
  - {{type: mediawiki, url: '{NOBODY}/api.php', auth: {{user: Bot@x, password: '${{WIKI_TOKEN}}'}}}}
"""
    sources = {
        "csv": f"path: '{NOBODY}/a.csv'",
        "http": f"url: '{NOBODY}/a'",
        "prometheus": f"url: '{NOBODY}', query: up",
        "sql": "url: 'postgresql://127.0.0.1:1/shop', query: 'SELECT 1, 2'",
    }
    more = "".join(
        f"      - id: KR2.{kind}\n        title: Shops\n        owner: lin\n"
        f"        metric: {{baseline: 1, target: 2, source: {{type: {kind}, {how}}}}}\n"
        for kind, how in sources.items()
    )
    ran = company.doctor(company.main + wikis, RUNNING + more)
    assert ran.code == 3
    bad = [line.split(": ")[0].removeprefix("BAD").strip() for line in ran.out.splitlines() if line.startswith("BAD")]
    assert bad == ["shop", "hub", *(f"KR2.{kind}" for kind in sources), "wiki git", "wiki confluence", "wiki mediawiki"]
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("plant", "said", "what_to_do"),
    [
        (_unplugged, "BAD      shop: ", "no work of this source can be read"),
        (_wrong_project, "BAD      shop:SHPO: ", "check the key"),
        (_wrong_repo, "BAD      hub:acme/warehouse: ", "check the name"),
        (_bad_token, "BAD      hub: ", "no work of this source can be read"),
        (
            _no_pulls,
            "BAD      hub:acme/storefront: the token may not read Pull requests",
            "read access to Pull requests",
        ),
        (_wrong_column, "BAD      KR1.1: ", "judged by the values that are known"),
        (_no_values, "BAD      KR1.1: its csv source has no value between", "without values it is unmeasured"),
        (_no_clone, "BAD      clone:nowhere: ", "nothing of this scope can be read"),
        (_wiki_is_a_file, "BAD      wiki folder: ", "no page reaches this wiki"),
        (_wiki_token, "BAD      wiki git: ", "no page reaches this wiki"),
        (_broken_store, "BAD      store: ", "nothing can be kept"),
    ],
)
@pytest.mark.parametrize("company", ["cloud"], indirect=True)
def test_what_is_broken(company: Company, plant: Callable[[Company], None], said: str, what_to_do: str) -> None:
    plant(company)
    ran = company.doctor(goals=RUNNING)
    assert ran.code == 3
    lines = ran.out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("BAD")]
    assert lines[place].startswith(said)
    assert what_to_do in lines[place + 1]
    assert "Traceback" not in ran.err


def test_nothing_works(company: Company) -> None:
    """One source, and nobody is there."""
    main = company.main.split("  hub:")[0]
    company.jira.stop()
    ran = company.doctor(main, goals=RUNNING.replace("source: {type: csv, path: a.csv}", "source: {type: manual}"))
    assert ran.code == 4


def _may_edit(company: Company) -> str:
    company.jira.permissions |= {"EDIT_ISSUES", "ADMINISTER"}
    return "shop: the account may also administer Jira and edit issues"


def _classic_token(company: Company) -> str:
    company.github.token_headers = {"X-OAuth-Scopes": "read:org, repo"}
    return "hub: the token may do more than read: repo"


def _token_ends(company: Company) -> str:
    day = datetime.now(UTC) + timedelta(days=3)
    company.github.token_headers = {"GitHub-Authentication-Token-Expiration": f"{day:%Y-%m-%d %H:%M:%S} UTC"}
    return f"hub: the token ends on {day.date()}"


def _another_zone(company: Company) -> str:
    company.main = company.main.replace("Asia/Shanghai", "UTC")
    return "shop: its account lives in Asia/Shanghai; days and weeks here are those of UTC and begin 8 hours later"


@pytest.mark.parametrize("plant", [_may_edit, _classic_token, _token_ends, _another_zone])
def test_what_should_be_changed(company: Company, plant: Callable[[Company], str]) -> None:
    said = plant(company)
    ran = company.doctor(goals=RUNNING)
    assert ran.code == 0
    assert f"warning  {said}" in ran.out


@pytest.mark.parametrize("company", ["cloud"], indirect=True)
def test_a_token_that_reads_is_not_warned_of(company: Company) -> None:
    far = datetime.now(UTC) + timedelta(days=90)
    company.github.token_headers = {
        "X-OAuth-Scopes": "read:org, read:user",
        "GitHub-Authentication-Token-Expiration": f"{far:%Y-%m-%d %H:%M:%S} +0800",
    }
    assert "warning  hub" not in company.doctor(goals=RUNNING).out


@pytest.mark.parametrize("company", ["cloud"], indirect=True)
def test_rules_that_match_nothing(company: Company) -> None:
    """Known once their source has been read, and said of the rule that is wrong alone."""
    rules = (
        "        work: [{source: hub, labels: [activation]}, {source: hub, labels: [Activation]}, "
        "{source: shop, labels: [none]}]\n"
    )
    goals = RUNNING.replace("      - {id: KR1.2", rules + "      - {id: KR1.2")
    assert "work rule" not in company.doctor(goals=goals).out
    assert company.project.run("sync", "hub").code == 0
    assert [line for line in company.doctor(goals=goals).out.splitlines() if "work rule" in line] == [
        "warning  KR1.1: its work rule 2 matches nothing in the store"
    ]


@pytest.mark.parametrize("company", ["cloud"], indirect=True)
@pytest.mark.parametrize(("zone", "warned"), [("America/Los_Angeles", True), ("Asia/Shanghai", False)])
def test_weeks_that_begin_on_sunday_evening(company: Company, zone: str, warned: bool) -> None:
    """Mondays at midnight UTC, asked for by an HTTP endpoint."""
    monday = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday())
    rows = [{"at": f"{monday - timedelta(weeks=week)}T00:00:00Z", "value": week} for week in range(8)]

    def serve(request: Request) -> Response | None:
        return Response(200, rows) if request.path == "/weeks" else None

    company.jira.faults.append(serve)
    source = f"source: {{type: http, url: '{company.jira.url}/weeks', date: '[].at', value: '[].value'}}"
    goals = RUNNING.replace("source: {type: csv, path: a.csv}", source)
    ran = company.doctor(company.main.replace("Asia/Shanghai", zone), goals)
    assert ("warning  KR1.1: its time stamps are midnight on Mondays in UTC" in ran.out) is warned


# --- the parts that are pure ---

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (None, None),
        (NOW, None),
        (NOW + timedelta(seconds=59), None),
        (NOW + timedelta(minutes=5), "5 minutes behind the service's"),
        (NOW - timedelta(hours=1, minutes=1), "1 hour 1 minute ahead of the service's"),
    ],
)
def test_clocks(theirs: datetime | None, said: str | None) -> None:
    assert [said in check.message for check in clocks("shop", theirs, NOW)] == ([True] if said else [])


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        (None, "UTC", None),
        ("No/Where", "UTC", None),
        ("../etc/passwd", "UTC", None),
        ("Asia/Shanghai", "Asia/Singapore", None),
        ("Asia/Shanghai", "UTC", "begin 8 hours later"),
        ("America/New_York", "Asia/Kolkata", "begin 10 hours 30 minutes earlier"),
    ],
)
def test_time_zones(theirs: str | None, ours: str, said: str | None) -> None:
    found: list[Check] = list(time_zones("shop", theirs, ours, NOW))
    assert [said in check.message for check in found] == ([True] if said else [])
