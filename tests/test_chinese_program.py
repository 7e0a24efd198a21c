"""With ``--language zh`` no line of the program is English prose: its usual output, and what it says of mistakes."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from okrsync.cli import run_command
from okrsync.cli.common import App
from okrsync.language import choose
from tests.cli_project import GOALS, MAIN, Project, Ran, start

ENGLISH = re.compile(r"(?<![\w./=-])[a-z']{2,} [a-z']{2,} [a-z']{2,}(?![\w/=-])")
"""Three words in succession."""
QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|`[^`]*`|「[^」]*」")
"""What people or services wrote, keys and commands."""


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    choose("en")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


def english(text: str, *written: str) -> list[str]:
    """The lines of a text that are English prose; ``written`` are texts of the user's, which stay as they are."""
    for each in sorted(written, key=len, reverse=True):
        text = text.replace(each, "")
    return [line for line in text.splitlines() if ENGLISH.search(QUOTED.sub("", line))]


BROKEN_MAIN = [
    "store: [1]\n",
    "store: mysql://x/y\n",
    "store: 'sqlite://'\n",
    "timezone: Asia/Shanghay\n",
    "timezone: 5\n",
    "language: fr\n",
    "census: 0d\n",
    "census: soon\n",
    "census: 9999w\n",
    "okrs: nowhere/\n",
    "okrs: '*.nothing'\n",
    "unknown: 1\n",
    "store: ${NOT_SET}\n",
    "store: 1\nstore: 2\n",
    "people: [{name: a}]\n",
    "people: [{id: lin}, {id: lin}]\n",
    "people: [{id: 'a b'}]\n",
    "people: [{id: lin, accounts: {nowhere: x}}]\n",
    "people: 5\n",
    "privacy: {people: maybe}\n",
    "schedule: {sync: often}\n",
    "schedule: {sync: '61 * * * *'}\n",
    "schedule: {report: '0 8 31 2 *'}\n",
    "schedule: {report: '0 8-5 * * *'}\n",
    "notify: [{type: pager, url: https://x.example}]\n",
    "notify: [{type: slack, url: 'http://x.example/'}]\n",
    "notify: [{type: slack, url: x, link: y z}]\n",
    "findings: {thresholds: {few: x, nothing: 1}}\n",
    "findings: {thresholds: {few: -1}}\n",
    "findings: {ignore: [{rule: X999, reason: no}]}\n",
    "findings: {ignore: [{rule: A002, subject: 'planet:x', reason: no}]}\n",
    "sources: {x: {url: y}}\n",
    "sources: {x: {type: jirra}}\n",
    "sources: {x: {type: 5}}\n",
    "sources: {outcomes: {type: git, path: .}}\n",
    "sources: {x: {type: git, path: '', branches: ['a..b'], repo: x}}\n",
    "sources: {x: {type: jira, url: acme, auth: {email: a b, token: ''}, projects: [low], jql: ''}}\n",
    "sources: {x: {type: jira, url: 'https://u:p@a.example/?x', auth: {token: 'a b'}}}\n",
    "sources: {x: {type: github, url: 'https://github.com', auth: {}, repos: [a, b/c, b/c], org: 'x y'}}\n",
    "sources: {x: {type: github, url: ftp, auth: {token: x, app_id: 1, private_key: y}}}\n",
    "sources: {x: {type: file, path: a.xlsx}}\n",
    "publish: [{type: wiki}]\n",
    "publish: [{type: folder, path: ''}]\n",
    "publish: [{type: folder, path: x, colour: red}]\n",
    "publish: [{type: git, url: 'https://u:p@x.example/y'}]\n",
    "publish: [{type: git, url: 'http://x.example/y', auth: {token: x, password: y, user: 'a:b'}, folder: ../x}]\n",
    "publish: [{type: git, url: 'nope://x', branch: '-x', author: {name: '<', email: ''}}]\n",
    "publish: [{type: confluence, url: 'http://x.example', auth: {email: x, token: ''}}]\n",
    "publish: [{type: mediawiki, url: 'https://x.example/w', auth: {user: '', password: ''}}]\n",
]
"""Each is put in place of the lines of the configuration that have its keys."""

BROKEN_METRIC = [
    "{baseline: x, target: true}",
    "{lag: 36h}",
    "{lag: 99999d}",
    "{cadence: 0d}",
    "{cadence: often}",
    "{direction: up}",
    "{cumulative: perhaps}",
    "{source: {type: excel}}",
    "{source: {type: csv}}",
    "{source: {type: csv, path: a.csv, auth: {}}}",
    "{source: {type: csv, path: 'ftp://x/y', where: 5}}",
    "{source: {type: http, url: 'https://x/{day}', date: '[', value: ''}}",
    "{source: {type: http, url: 'https://', date: d, value: v, auth: {user: 'a:b', password: ''}}}",
    "{source: {type: sql, url: x, query: 'DROP TABLE x', timeout: 9d}}",
    "{source: {type: sql, url: 'sqlite://', query: 'SELECT :x'}}",
    "{source: {type: prometheus, url: 'https://u:p@x.example', query: '', step: 1h}}",
]

BROKEN_GOALS = [
    "",
    "[a]\n",
    "just text\n",
    "a: [b\n",
    "a: b: c\n",
    "\tx: 1\n",
    "a: 'b\n",
    "a: !thing b\n",
    "cycle: {id: c, start: 2026-10-01, end: 2026-09-01}\n",
    "cycle: {id: c, start: 2026-13-01, end: tomorrow}\n",
    "cycle: {id: c, start: 2026-10-01T08:00:00, end: 0999-01-01}\n",
    "cycle: {id: c, start: 2026-10-01}\n",
    GOALS.replace("id: KR1.2", "id: KR1.1"),
    GOALS.replace("team: acme", "team: acne"),
    GOALS.replace("    team: acme\n", ""),
    GOALS.replace("owner: lin\n    key", "supports: O1\n    key"),
    GOALS.replace("owner: lin\n    key", "supports: O7\n    strategy: none\n    key"),
    GOALS.replace("kind: milestone", "kind: thing"),
    GOALS.replace("kind: milestone", "kind: milestone, work: [{}]"),
    GOALS.replace("kind: milestone", "kind: milestone, work: [{source: nowhere, label: [x]}]"),
    GOALS.replace("kind: milestone", "kind: milestone, work: [{keys: []}]"),
    GOALS.replace("kind: milestone", "kind: milestone, retired: {reason: x}"),
    GOALS.replace("kind: milestone", "kind: milestone, changes: [{on: 2026-10-02}]"),
    GOALS.replace("kind: milestone", "kind: milestone, ignore: [{rule: s1, reason: x}]"),
    GOALS.replace("{id: acme, level: company}", "{id: acme, level: company, parent: acme}"),
    GOALS.replace("{id: acme, level: company}", "{id: acme, level: company}, {id: acme, level: team}"),
    *(
        GOALS.replace("{unit: shops, baseline: 120, target: 300, source: {type: csv, path: a.csv}}", metric)
        for metric in BROKEN_METRIC
    ),
]


def without(main: str, broken: str) -> str:
    keys = re.findall(r"^(\w+):", broken, re.MULTILINE)
    return "".join(line for line in main.splitlines(keepends=True) if line.partition(":")[0] not in keys)


def checked(ran: Ran, *written: str) -> None:
    assert re.search("[\u4e00-\u9fff]", ran.err), ran.err
    assert english(ran.out + ran.err, *written) == []


@pytest.mark.parametrize("broken", BROKEN_MAIN)
def test_mistakes_in_the_configuration(project: Project, broken: str) -> None:
    project.write("okrsync.yaml", without(MAIN, broken) + broken)
    ran = project.run("check", "--language", "zh")
    assert ran.code == 2
    checked(ran)


@pytest.mark.parametrize("broken", BROKEN_GOALS)
def test_mistakes_in_the_goals(project: Project, broken: str) -> None:
    project.write("okrs/q4.yaml", broken)
    ran = project.run("check", "--language", "zh")
    assert ran.code == 2, ran
    checked(ran)


def test_problems_are_said_in_the_language_that_is_configured(project: Project) -> None:
    """Also those of the very file that says so."""
    project.write("okrsync.yaml", MAIN + "language: zh\nunknown: 1\n")
    assert "okrsync.yaml:7: 配置：未知的键 'unknown'" in project.run("check").err
    project.write("okrsync.yaml", MAIN + "language: zh\n")
    assert "1 个周期、1 个目标、3 个关键结果" in project.run("check").err


TITLES = re.findall(r"title: ([^,}\n]*)", GOALS)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check",), 0),
        (("sync",), 0),
        (("sync", "nowhere"), 2),
        (("report", "--as-of", "2026-11-20"), 0),
        (("report", "--format", "markdown"), 0),
        (("report", "--cycle", "2020-Q1"), 2),
        (("report", "--as-of", "2020-01-01"), 2),
        (("report", "-o", "nowhere/else/x.md"), 2),
        (("explain", "KR1.1"), 0),
        (("explain", "KR9"), 2),
        (("check-in", "KR1.2", "many"), 2),
        (("check-in", "KR1.2", "34", "--at", "2030-01-01"), 2),
        (("check-in", "KR1.2", "34"), 0),
        (("check-in", "KR1.3", "34"), 2),
        (("check-in", "KR1.1", "34", "--by", "nobody"), 2),
        (("links",), 0),
        (("links", "--unlinked"), 0),
        (("links", "--suggest"), 0),
        (("links", "--kr", "KR9"), 2),
        (("links", "--unlinked", "--kr", "KR1.1"), 2),
        (("history",), 0),
        (("history", "O9"), 2),
        (("ack", "O9"), 2),
        (("ack", "O1"), 2),
        (("publish",), 0),
        (("publish", "--draft"), 0),
        (("run",), 0),
        (("schedule", "--health-file", "none.json", "--probe"), 4),
        (("schedule",), 2),
        (("export", "nowhere/x.jsonl"), 2),
        (("import", "a.csv"), 4),
        (("import", "nowhere.jsonl"), 2),
    ],
)  # fmt: skip
def test_commands(project: Project, arguments: tuple[str, ...], code: int) -> None:
    ran = project.run(*arguments, "--language", "zh")
    assert ran.code == code, ran
    assert english(ran.out + ran.err, *TITLES, "Lin Wei") == []


@pytest.mark.parametrize("unit", ["cron", "systemd", "github-actions", "kubernetes"])
def test_units(project: Project, unit: str) -> None:
    project.write("okrsync.yaml", MAIN + "schedule: {sync: '0 * * * *', report: '0 8 * * 1'}\n")
    ran = project.run("schedule", "--print", unit, "--language", "zh")
    comments = [line for line in ran.out.splitlines() if line.startswith("#") and "kubectl create" not in line]
    assert ran.code == 0
    assert comments
    assert english("\n".join(comments)) == []


BROKEN_SERIES = [
    "",
    "date\n2026-10-01\n",
    "date,value\n2026-10-01,many\n",
    "date,value\nsoon,1\n",
    "date,value\n2026-10-01,1\n2026-10-01,2\n",
    "date,value\n2026-10-01\n",
    "date,value,value\n2026-10-01,1,2\n",
]


@pytest.mark.parametrize("series", BROKEN_SERIES)
def test_a_series_that_cannot_be_read(project: Project, series: str) -> None:
    project.write("a.csv", series)
    ran = project.run("sync", "--language", "zh")
    assert ran.code == 4, ran
    checked(ran)
    # What failed is kept in the words of the run that met it.
    assert english(project.run("report", "--language", "zh").out, *TITLES) == []


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_the_demo(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """All that it says and writes, but for what the sample company's people wrote."""
    assert run_command(["demo", str(tmp_path / "demo"), "--language", "zh"], App()) == 0
    said = capfd.readouterr()
    goals = (tmp_path / "demo" / "okrs" / "2026-Q4.yaml").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "demo" / "okrsync.db")) as store:
        titles = [title for (title,) in store.execute("SELECT title FROM items")]
        notes = [note for (note,) in store.execute("SELECT note FROM measurements WHERE note IS NOT NULL")]
    written = " ".join([goals, *titles, *notes]).split()
    pages = [file.read_text(encoding="utf-8") for file in (tmp_path / "demo" / "wiki").glob("*.md")]
    for text in (said.err, said.out, *(re.sub(r"<!--.*?-->", "", page) for page in pages)):
        found = [match[0] for match in ENGLISH.finditer(QUOTED.sub("", " ".join(text.split())))]
        assert [words for words in found if words not in " ".join(written)] == []


def test_an_expression_that_is_none(project: Project) -> None:
    """What a library says of it stays in its words."""
    project.write("okrs/q4.yaml", GOALS.replace("kind: milestone", "kind: milestone, work: [{title: '('}]"))
    assert "'title' 不是正则表达式：" in project.run("check", "--language", "zh").err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("okrs/q4.yaml:3: it must be a number", True),
        ("错误：this cannot be read", True),
        ("“this cannot be read” 无法读取", False),
        ("请运行 `okrsync report as it is`", False),
        ("Leader 沉迷细节", False),
        ("--format json -o file.json", False),
    ],
)
def test_english_is_found(text: str, found: bool) -> None:
    assert bool(english(text)) is found
