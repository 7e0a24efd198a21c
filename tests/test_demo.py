"""``okrsync demo``, run as a stranger runs it; its numbers are counted again from what the stand-ins hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from rich.cells import cell_len

from docs.generate import README, with_excerpt
from okrsync.cli.common import App
from okrsync.cli.sync import opening, pull
from okrsync.config import load_config
from okrsync.model import Verdict
from okrsync.publish.section import files_of
from okrsync.sandbox.company import Company, found_company
from okrsync.sandbox.company_goals import JIRA, NOW, REPO
from okrsync.sandbox.company_issues import MOVED
from okrsync.store.engine import open_store
from tests.contracts import CONTRACTS, needs_contracts, validate_answer, validate_request

ROOT = Path(__file__).resolve().parents[1]
AS_OF = ("--as-of", "2026-11-20")
SHANGHAI = timezone(timedelta(hours=8))
START, END = datetime(2026, 10, 1, tzinfo=SHANGHAI), datetime(2026, 11, 21, tzinfo=SHANGHAI)

VERDICTS = {
    "KR1.1": "busy", "KR1.2": "unmeasured", "KR2.1": "busy", "KR2.2": "delivering", "KR3.1": "delivering",
    "KR3.2": "too_early", "KR4.1": "unattributed", "KR4.2": "busy", "KR4.3": "neglected", "KR4.4": "retired",
    "KR5.1": "delivering", "KR5.2": "achieved", "KR6.1": "building", "KR6.2": "achieved",
}  # fmt: skip

Done = subprocess.CompletedProcess[str]


def okrsync(*arguments: str | Path, cwd: Path, **environment: str) -> Done:
    return subprocess.run(
        [sys.executable, "-c", "from okrsync.cli import main; main()", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONWARNINGS": "error::ResourceWarning", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class Run:
    folder: Path
    done: Done

    def report(self, format: str) -> str:
        found = okrsync("report", *AS_OF, "--format", format, cwd=self.folder)
        assert found.returncode == 0, found.stderr
        return found.stdout

    @property
    def page(self) -> Path:
        return self.folder / "wiki" / "OKR-2026-W47.md"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A first run, on a machine whose own proxy leads nowhere."""
    home = tmp_path_factory.mktemp("demo")
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": "*"}
    return Run(home / "okrsync-demo", okrsync("demo", cwd=home, **nowhere))


@pytest.fixture(scope="module")
def content(demo: Run) -> Any:
    return json.loads(demo.report("json"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return found_company(tmp_path_factory.mktemp("company") / "storefront")


def test_it_does_the_whole_job(demo: Run) -> None:
    assert demo.done.returncode == 0, demo.done.stderr
    assert demo.done.stdout == demo.report("terminal")
    assert demo.done.stdout.startswith("Marigold · 2026-Q4 · week 47\n")
    said = demo.done.stderr
    assert "Traceback" not in said
    assert re.search(r"260 work items came from Jira and GitHub in \d{1,2} requests, 40 from the clone", said)
    for name in ("wiki/OKR-2026-W47.md", "okrs/2026-Q4.yaml", "okrsync.yaml", "okrsync.db"):
        assert f"okrsync-demo/{name}" in said
        assert (demo.folder / name).is_file()


def test_every_verdict_is_shown(content: Any) -> None:
    assert {kr["id"]: kr["verdict"] for kr in content["key_results"]} == VERDICTS
    assert set(VERDICTS.values()) == {verdict.value for verdict in Verdict}
    assert {kr["outcome"]["trend"] for kr in content["key_results"]} >= {"continued", "none"}
    # By the demo's own clock, so that the page is the same whenever it is made.
    read = [(source["state"], datetime.fromisoformat(source["last_success"])) for source in content["sources"]]
    assert read == [("fresh", NOW)] * 4


def test_the_report_is_as_its_schema_says(content: Any) -> None:
    schema = json.loads((ROOT / "config" / "report.schema.json").read_text("utf-8"))
    jsonschema.validate(content, schema, cls=jsonschema.Draft202012Validator)


def test_the_tree_of_goals_is_in_the_json(content: Any) -> None:
    ids = {goal["id"] for goal in content["goals"]}
    assert {result["objective"] for result in content["key_results"]} <= ids
    assert {goal["parent"] for goal in content["goals"]} - {None} <= ids
    assert all(share["serving"] <= share["completed"] for share in content["chain"])
    assert content["chain"]


def test_what_changed_is_what_a_report_of_the_week_before_does_not_say(demo: Run, content: Any) -> None:
    """The day before is judged from today's facts; asked for itself, it says the same."""
    done = okrsync("report", "--as-of", "2026-11-13", "--format", "json", cwd=demo.folder)
    before, changes = json.loads(done.stdout), content["changes"]
    assert changes["since"] == before["as_of"]

    def named(findings: Any) -> set[tuple[str, str, str]]:
        return {(each["rule"], each["subject"]["kind"], each["subject"]["id"]) for each in findings}

    new, gone = named(changes["findings"]["new"]), named(changes["findings"]["gone"])
    assert new
    assert new <= named(content["findings"])
    assert (named(content["findings"]) - new) | gone == named(before["findings"])
    verdicts = {each["id"]: each["verdict"] for each in before["key_results"]}
    turned = {each["key_result"]: (each["before"], each["after"]) for each in changes["verdicts"]}
    assert turned == {id_: (verdicts[id_], VERDICTS[id_]) for id_ in VERDICTS if verdicts[id_] != VERDICTS[id_]}
    assert changes["goals"] == []


# --- counted again ----------------------------------------------------------------------------------------------------

BY_EPIC = {"SHOP-1": "KR1.1", "SHOP-2": "KR4.2", "PAY-1": "KR6.2"}
BY_LABEL = {
    "activation": "KR1.1", "success-rate": "KR3.2", "seo": "KR4.1", "referral": "KR4.3", "loyalty-card": "KR4.4",
    "self-service": "KR6.1",
}  # fmt: skip
BY_COMPONENT = {"feedback": "KR1.2", "catalogue": "KR2.2", "operations": "KR5.1"}
BY_VERSION = {"Onboarding 2.0": "KR2.1", "Data residency": "KR5.2"}
BY_MILESTONE = {1: "KR2.1", 2: "KR3.1"}


def completed(company: Company, clone: Path) -> Iterator[tuple[str, set[str]]]:
    """Scope and key results of every piece of work completed in the window, from the company's own data."""

    def in_window(text: str | None) -> bool:
        return text is not None and START <= datetime.fromisoformat(text) < END

    for issue in company.jira.issues.values():
        fields = issue["fields"]
        dropped = "Won't Do" in (fields["status"]["name"], (fields["resolution"] or {}).get("name"))
        standard = fields["issuetype"]["hierarchyLevel"] == 0
        if standard and not dropped and in_window(fields.get("resolutiondate")):
            found = {
                BY_EPIC.get(fields.get("parent", {}).get("key")),
                *map(BY_LABEL.get, fields["labels"]),
                *(BY_COMPONENT[each["name"]] for each in fields["components"]),
                *(BY_VERSION[each["name"]] for each in fields["fixVersions"]),
                "KR4.2" if "re-order" in fields["summary"] else None,
            }
            late = datetime.fromisoformat(fields["resolutiondate"]) >= datetime(2026, 11, 4, tzinfo=SHANGHAI)
            yield f"jira:{issue['key'].partition('-')[0]}", found - {None, "KR4.4" if late else None}

    def names_an_issue(text: str) -> bool:
        keys = {issue["key"] for issue in company.jira.issues.values()}
        numbers = {f"#{number}" for number in hub.issues}
        return bool({*re.findall(r"[A-Z]+-\d+", text), *re.findall(r"#\d+", text)} & (keys | numbers))

    hub = company.github.repo(REPO)
    for issue in hub.issues.values():
        if issue.get("state_reason") == "completed" and in_window(issue.get("closed_at")):
            yield f"github:{REPO}", {BY_MILESTONE.get(issue.get("milestone"))} - {None}
    in_pulls = set()
    for request in hub.pulls.values():
        in_pulls |= {commit["sha"] for commit in request.get("commits", [])}
        text = f"{request['title']} {request.get('body', '')} {request['head'].upper()}"
        if in_window(request.get("merged_at")) and not names_an_issue(text):
            yield f"github:{REPO}", {BY_MILESTONE.get(request.get("milestone"))} - {None}
    log = subprocess.run(
        ["git", "log", "--format=%x00%H%x01%cI%x01%B%x01", "--name-only"], cwd=clone, capture_output=True, check=True
    )
    for entry in log.stdout.decode().split("\0")[1:]:
        sha, date, message, path = entry.split("\1")
        if sha not in in_pulls and in_window(date) and not names_an_issue(message):
            by_path = path.strip().startswith("checkout/")
            yield f"clone:{REPO}", {"KR3.1"} if by_path or "KR: KR3.1" in message else set()


def test_the_numbers_are_those_of_the_companys_own_data(demo: Run, content: Any, company: Company) -> None:
    pieces = list(completed(company, demo.folder / "storefront"))
    busy = {id_ for id_, verdict in VERDICTS.items() if verdict == "busy"}
    unlinked = Counter(scope for scope, key_results in pieces if not key_results)
    assert content["headline"]["completed"] == len(pieces)
    assert content["headline"]["completed_on_busy"] == sum(bool(key_results & busy) for _, key_results in pieces)
    assert content["headline"]["completed_unlinked"] == unlinked.total()
    assert content["unlinked"]["by_scope"] == unlinked
    counted = Counter(id_ for _, key_results in pieces for id_ in key_results)
    assert {kr["id"]: kr["activity"]["completed"] for kr in content["key_results"]} == {
        id_: counted[id_] for id_ in VERDICTS
    }
    assert 0.4 < content["headline"]["completed_on_busy"] / len(pieces) < 0.5


def test_the_company_has_what_a_company_has(company: Company) -> None:
    issues, hub = company.jira.issues.values(), company.github.repo(REPO)
    assert 150 <= len(issues) <= 300
    assert {issue["fields"]["issuetype"]["name"] for issue in issues} == {"Epic", "Story", "Task", "Sub-task"}
    assert any(sprint["state"] == "active" for i in issues for sprint in i["fields"].get("customfield_10020", []))
    assert {issue.get("state_reason") for issue in hub.issues.values()} == {None, "completed", "not_planned"}
    assert any("closed_at" in pull and "merged_at" not in pull for pull in hub.pulls.values())
    assert hub.releases
    stamps = [issue["fields"][name] for issue in issues for name in ("created", "updated")]
    assert max(map(datetime.fromisoformat, stamps)) < END


def test_a_moved_issue_is_there_once_under_its_new_key(demo: Run, company: Company) -> None:
    (moved,) = (issue for issue in company.jira.issues.values() if issue["fields"]["summary"] == MOVED)
    former = [f"SHOP-{n}" for n in range(1, 400) if (found := company.jira.issue(f"SHOP-{n}")) and found is moved]
    assert moved["key"].startswith("PAY-")
    assert len(former) == 1
    store = sqlite3.connect(demo.folder / "okrsync.db")
    assert store.execute("SELECT key FROM items WHERE title = ?", (MOVED,)).fetchall() == [(moved["key"],)]
    store.close()


# --- what it leaves behind --------------------------------------------------------------------------------------------


def test_the_page_is_on_both_wikis_and_is_the_report(demo: Run) -> None:
    page = demo.page.read_bytes()
    draft = okrsync("publish", "--draft", *AS_OF, cwd=demo.folder)
    assert files_of(page)
    assert page.partition(b"\n")[2].startswith(draft.stdout.encode())
    wiki = demo.folder / "storefront.wiki.git"
    shown = subprocess.run(["git", "show", "HEAD:OKR-2026-W47.md"], cwd=wiki, capture_output=True, check=True)
    # Its links are those of a git wiki; what it says is the same.
    assert files_of(shown.stdout)
    assert shown.stdout.splitlines()[1:8] == page.splitlines()[1:8]


def test_the_folder_works_offline(demo: Run) -> None:
    assert okrsync("check", cwd=demo.folder).returncode == 0
    links = okrsync("links", "--kr", "KR3.1", cwd=demo.folder)
    rules = {line.split("\t")[3].partition(" (")[0] for line in links.stdout.splitlines()}
    assert rules == {
        "trailer KR: KR3.1",
        "work[1]: source=github milestones=Fast checkout",
        "work[2]: source=clone paths=checkout/**",
    }
    everything = okrsync("links", cwd=demo.folder)
    assert everything.returncode == 0
    assert "matches nothing" not in everything.stderr
    unlinked = okrsync("links", "--unlinked", *AS_OF, cwd=demo.folder).stdout.splitlines()
    assert [line.split("\t")[1:3] for line in unlinked if line.endswith(f"\t{MOVED}")] == [["PAY-44", "completed"]]
    published = okrsync("publish", *AS_OF, cwd=demo.folder)
    assert published.returncode == 0
    assert published.stderr.count("OKR-2026-W47 and 15 other pages unchanged") == 2


def test_again_in_the_same_folder_makes_the_same(demo: Run, tmp_path: Path) -> None:
    shutil.copytree(demo.folder, tmp_path / "demo", symlinks=True)
    again = Run(tmp_path / "demo", okrsync("demo", "demo", cwd=tmp_path, TZ="America/New_York", LC_ALL="C"))
    assert again.done.returncode == 0, again.done.stderr
    assert again.page.read_bytes() == demo.page.read_bytes()
    assert again.report("json") == demo.report("json")
    assert sorted(path.name for path in again.folder.iterdir()) == sorted(path.name for path in demo.folder.iterdir())


def _file_beside(folder: Path) -> Path:
    (folder / "mine.txt").write_text("mine")
    return folder


def _file_inside(folder: Path) -> Path:
    (folder / "okrs" / "mine.yaml").write_text("mine")
    return folder


def _file_in_the_clone(folder: Path) -> Path:
    (folder / "storefront" / "checkout" / "mine.ts").write_text("mine")
    return folder


def _link_for_a_folder(folder: Path) -> Path:
    shutil.move(folder / "metrics", folder.parent / "elsewhere")
    (folder / "metrics").symlink_to(folder.parent / "elsewhere")
    return folder


def _no_mark(folder: Path) -> Path:
    (folder / ".okrsync-demo").unlink()
    return folder


def _a_file(folder: Path) -> Path:
    return folder / "okrsync.yaml"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_file_beside, "mine.txt"),
        (_file_inside, "okrs/mine.yaml"),
        (_file_in_the_clone, "storefront/checkout/mine.ts"),
        (_link_for_a_folder, "metrics"),
        (_no_mark, "okrs"),
        (_a_file, "okrsync.yaml"),
    ],
)
def test_a_folder_with_anything_else_is_left_alone(
    demo: Run, tmp_path: Path, change: Callable[[Path], Path], named: str
) -> None:
    shutil.copytree(demo.folder, tmp_path / "demo", symlinks=True)
    place = change(tmp_path / "demo")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    refused = okrsync("demo", place, cwd=tmp_path)
    assert refused.returncode == 2
    assert named in refused.stderr
    assert "Traceback" not in refused.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_empty_folder_will_do_and_quiet_is_quiet(demo: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = okrsync("--quiet", "demo", "empty", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, demo.done.stdout, "")


def test_without_git_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    done = okrsync("demo", cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 4
    assert "Install git" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_takes_no_configuration(tmp_path: Path) -> None:
    assert okrsync("-c", "other.yaml", "demo", cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_services_are_there_for_the_run_alone(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("http_proxy", raising=False)
    with company.on_loopback():
        port = int(os.environ["http_proxy"].rpartition(":")[2])
        assert requests.get(f"{JIRA}/rest/api/3/serverInfo", timeout=5).json()["baseUrl"] == JIRA
        assert requests.get("http://elsewhere.example/", timeout=5).status_code == 502
    assert os.environ["no_proxy"] == "*"
    assert "http_proxy" not in os.environ
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@needs_contracts
def test_what_is_asked_and_answered_fits_the_services_descriptions(demo: Run, tmp_path: Path) -> None:
    """The company is far richer than what the stand-ins' own tests put into them."""
    shutil.copytree(demo.folder, tmp_path / "demo", ignore=shutil.ignore_patterns("okrsync.db*"), symlinks=True)
    company = found_company(tmp_path / "clone")
    company.jira.record = company.github.record = True
    app = App()
    app.use(config_path=None, quiet=True, verbose=False, no_color=True)
    config = load_config(tmp_path / "demo" / "okrsync.yaml")
    engine = open_store(config.store)
    with company.on_loopback(), opening(config, clock=lambda: NOW) as opened:
        assert pull(app, config, engine, opened).failed == 0
    engine.dispose()
    for service, name in ((company.jira, "jira-cloud-v3.json"), (company.github, "github.json")):
        assert len(service.answers) == service.count() > 0
        for request, response in service.answers:
            # Asking which kind of Jira it is, the connector cannot know the version to ask yet; GraphQL has no paths.
            if request.path == "/graphql":
                continue
            path = request.path.replace("/rest/api/2/", "/rest/api/3/")
            body = request.json() if request.method == "POST" else None
            validate_request(CONTRACTS / name, request.method, path, request.query, body)
            validate_answer(CONTRACTS / name, request.method, path, response.status, response.json)


def test_the_readme_shows_what_the_demo_prints(demo: Run) -> None:
    readme = README.read_text("utf-8")
    assert readme == with_excerpt(readme, demo.done.stdout), "run `make docs`"


def foreign(demo: Run) -> list[str]:
    """What people wrote in the sample company: it stays as it is in every language. The longest first."""
    programme = load_config(demo.folder / "okrsync.yaml").programme
    people = load_config(demo.folder / "okrsync.yaml").people
    texts = [text for one in programme.objectives for text in (one.title, *(kr.title for kr in one.key_results))]
    texts += [kr.retired.reason or "" for one in programme.objectives for kr in one.key_results if kr.retired]
    texts += [kr.metric.unit or "" for one in programme.objectives for kr in one.key_results]
    texts += [pillar.title for pillar in programme.strategy]
    texts += [one.name for one in (*programme.teams, *people) if one.name]
    with closing(sqlite3.connect(demo.folder / "okrsync.db")) as store:
        texts += [title for (title,) in store.execute("SELECT title FROM items")]
    return sorted({text for text in texts if text}, key=len, reverse=True)


def in_english(text: str, written: list[str]) -> list[str]:
    """Three Latin words in a row, but for what people wrote."""
    for each in written:
        text = text.replace(each, "§")
    text = re.sub(r"“[^”]*”|\]\([^)]*\)|```.*?```|docs/findings\.md of okrsync", "§", text, flags=re.DOTALL)
    return re.findall(r"[A-Za-z'’]+(?:[ ,]+[A-Za-z'’]+){2,}[^\n]{0,40}", text)


def without_findings(page: str, begin: str, end: str) -> str:
    before, _, rest = page.partition(begin)
    assert rest
    assert end in rest
    return before + rest[rest.index(end) :]


def test_the_report_in_chinese_has_no_english_sentence(demo: Run) -> None:
    """The texts of the findings themselves are looked at by the tests of the findings."""
    written = foreign(demo)
    zh = ("--language", "zh")
    page = okrsync("report", *AS_OF, *zh, "--format", "markdown", cwd=demo.folder).stdout
    assert page.splitlines()[2] == "**本周期完成的 180 项工作中，有 79 项（44%）投向了 3 个毫无变化的关键结果。**"
    assert "截至 2026年11月20日，周期第 51 天，共 92 天。" in page
    assert in_english(without_findings(page, "## 五种失效模式", "## 这一页有多可信"), written) == []
    shown = okrsync("report", *AS_OF, *zh, cwd=demo.folder, COLUMNS="2000").stdout
    assert "忙而无果已持续 4 周，自 2026年10月21日 起" in shown
    assert in_english(without_findings(shown, "五种失效模式", "这份报告有多可信"), written) == []
    told = json.loads(okrsync("report", *AS_OF, *zh, "--format", "json", cwd=demo.folder).stdout)
    assert {kr["id"]: kr["verdict"] for kr in told["key_results"]} == VERDICTS
    assert in_english("\n".join(reason for kr in told["key_results"] for reason in kr["reasons"]), written) == []
    assert in_english("\n".join(kr["outcome"]["rule"] for kr in told["key_results"]), written) == []


def test_the_terminal_s_table_in_chinese_is_straight(demo: Run) -> None:
    """Each Chinese character is two columns wide: a column's cells begin below one another all the same."""
    lines = okrsync("report", *AS_OF, "--language", "zh", cwd=demo.folder).stdout.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("判定"))
    starts = {
        cell_len(line[: re.search(r"\bKR\d\.\d ", line).start()]) for line in lines[head + 1 : head + 1 + len(VERDICTS)]
    }
    assert starts == {cell_len(lines[head][: lines[head].index("关键结果")])}
    assert all(cell_len(line) <= 100 for line in lines[head : head + 1 + len(VERDICTS)])


def test_commands_in_chinese(demo: Run) -> None:
    written = foreign(demo)
    for kr in ("KR1.1", "KR4.4", "KR5.1", "KR1.2"):
        told = okrsync("explain", kr, *AS_OF, "--language", "zh", cwd=demo.folder, COLUMNS="2000")
        assert told.returncode == 0, told.stderr
        assert "六、判定" in told.stdout
        # Rules are quoted in the words of their keys; addresses and commands are no language.
        lines = [line for line in told.stdout.splitlines() if "work[" not in line and "http" not in line]
        assert in_english("\n".join(lines).replace("okrsync check-in KR", "§"), written) == []
    checked = okrsync("check", "--language", "zh", cwd=demo.folder)
    assert re.search(r"okrsync\.yaml: 1 个周期、\d+ 个目标、\d+ 个关键结果；0 个错误", checked.stderr)
    wrong = okrsync("explain", "KR1.0", "--language", "zh", cwd=demo.folder)
    assert (wrong.returncode, wrong.stderr) == (2, "okrsync: 没有关键结果 'KR1.0'；是否想写 'KR1.2'？\n")
    from_environment = okrsync("explain", "KR1.0", cwd=demo.folder, OKRSYNC_LANGUAGE="zh")
    assert from_environment.stderr == wrong.stderr
    unknown = okrsync("check", cwd=demo.folder, OKRSYNC_LANGUAGE="fr")
    assert (unknown.returncode, "OKRSYNC_LANGUAGE: 'fr' is not one of 'en', 'zh'." in unknown.stderr) == (2, True)
