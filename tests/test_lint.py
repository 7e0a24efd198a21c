"""What a valid file of goals can still get wrong, and the starter configuration, which gets nothing wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from okrsync.checking import check_goals
from okrsync.config import Config, load_config
from okrsync.durations import parse_days, parse_duration
from okrsync.errors import ConfigError
from okrsync.findings.diagnose import Located
from okrsync.starter import write_starter
from tests.config_fakes import GOALS, MAIN, Folder, install

KEY_RESULT = "{id: KR2.1, title: Portal, kind: milestone, owner: lin}"
CASES = [
    (KEY_RESULT, []),
    ("{id: K, title: T, kind: milestone}", ["warning K has no owner: nobody answers for it"]),
    (
        "{id: K, title: T}",
        [
            "warning K has no owner: nobody answers for it",
            "error K has no target: it can never be reached; for something to be done, 'kind: milestone'",
            "warning K has no baseline: its progress cannot be told",
            "warning K has no unit: its numbers cannot be read",
        ],
    ),
    ("{id: K, title: T, owner: lin, metric: {unit: u, baseline: 1, target: 2}}", []),
    (
        "{id: K, title: T, owner: lin, metric: {unit: u, baseline: 2, target: 2}}",
        ["error K has its target equal to its baseline: nothing is to change; to keep it, 'kind: maintain'"],
    ),
    ("{id: K, title: T, owner: lin, kind: maintain, metric: {unit: u, baseline: 1, target: 2}}", []),
    ("{id: K, title: T, owner: lin, kind: maintain, metric: {unit: u, target: 2, direction: at_most}}", []),
    (
        "{id: K, title: T, owner: lin, kind: maintain, metric: {unit: u, target: 2}}",
        ["error K does not say on which side of its target to stay: 'direction: at_least' or at_most"],
    ),
    (
        "{id: K, title: T, owner: lin, kind: maintain, metric: {unit: u}}",
        ["error K has no target: it can never be reached; for something to be done, 'kind: milestone'"],
    ),
    (
        "{id: K, title: T, owner: lin, kind: milestone, work: [{source: shop}, {source: shop, types: [Bug]}]}",
        ["warning K takes all work of shop: say which of it serves this result"],
    ),
    ("{id: K, title: T, retired: {on: 2026-11-10}}", []),
]


def checked(config: Config) -> list[Located]:
    """What ``okrsync check`` warns of, in every cycle."""
    return [
        each
        for cycle in config.programme.cycles
        for each in check_goals(config, cycle).located
        if each.finding.severity != "info"
    ]


@pytest.mark.parametrize(("key_result", "expected"), CASES)
def test_lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_result: str, expected: list[str]) -> None:
    install(monkeypatch)
    config = Folder(tmp_path).load(MAIN, GOALS.replace(KEY_RESULT, key_result))
    found = [each for each in checked(config) if each.line == 29]
    assert [f"{each.finding.severity} {each.finding.message}" for each in found] == expected
    assert {each.file for each in found} <= {"okrs/q4.yaml"}


def test_an_objective_without_key_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    config = Folder(tmp_path).load(MAIN, GOALS.split("    key_results:\n      - {id: KR2.1")[0])
    (found,) = [each for each in checked(config) if each.finding.rule == "S012" and each.line == 24]
    assert found.file == "okrs/q4.yaml"
    assert found.finding.message == "objective O2 has no key result: nothing shows that it is reached"


@pytest.mark.parametrize(
    ("today", "cycle", "start", "end"),
    [
        (date(2026, 1, 1), "2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 6, 30), "2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), "2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 12, 31), "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_the_starter_loads_and_is_well_formed(tmp_path: Path, today: date, cycle: str, start: date, end: date) -> None:
    folder = tmp_path / "新的 folder"
    written = write_starter(folder, today)
    assert [str(each.relative_to(folder)) for each in written] == [
        "okrsync.yaml",
        f"okrs/{cycle}.yaml",
        "metrics/activation.csv",
        "schemas/okrsync.schema.json",
        "schemas/okrs.schema.json",
    ]
    for path in written[:2]:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (path.parent / first.split("=")[1]).is_file()
    config = load_config(cwd=folder, environ={})
    assert (config.warnings, checked(config)) == ((), [])
    (found,) = config.programme.cycles
    assert (found.id, found.start, found.end) == (cycle, start, end)
    assert [each.metric.source_type for each in config.programme.key_results_of(cycle)] == ["csv", "manual"]
    days = [date.fromisoformat(row.split(",")[0]) for row in written[2].read_text().splitlines()[1:]]
    assert len(days) == 8
    assert days[-1] < start


def test_the_starter_s_example_sources_are_valid(tmp_path: Path) -> None:
    main, goals, *_ = write_starter(tmp_path, date(2026, 11, 23))
    main.write_text(main.read_text().replace("\n#  ", "\n  "))
    goals.write_text(goals.read_text().replace("\n#  ", "\n  "))
    config = load_config(cwd=tmp_path, environ={"JIRA_TOKEN": "j" * 8, "GITHUB_TOKEN": "g" * 8})
    assert list(config.sources) == ["jira", "github", "clone", "export"]
    assert [len(each.work) for each in config.programme.objectives[0].key_results] == [2, 0]
    assert checked(config) == []


def test_the_starter_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "activation.csv").write_text("mine")
    with pytest.raises(ConfigError, match=r"activation.csv exists already: nothing was written"):
        write_starter(tmp_path, date(2026, 11, 23))
    assert [each.name for each in tmp_path.iterdir()] == ["metrics"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match=r"^cannot write .*file"):
        write_starter(tmp_path / "file", date(2026, 11, 23))


@pytest.mark.parametrize(
    ("text", "hours"),
    [("7d", 168), ("2w", 336), ("12h", 12), ("0d", 0), (3, 72), (" 1 D ", 24), ("1w", 168), ("3660d", 87840)],
)
def test_durations(text: object, hours: int) -> None:
    assert parse_duration(text).total_seconds() == hours * 3600


@pytest.mark.parametrize(
    "text", ["", "7", "1m", "1.5d", "-1d", "d", "1d2h", "٣d", True, None, 1.0, -1, 10**9, "99999w"]
)
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="must "):
        parse_duration(text)


def test_whole_days() -> None:
    assert parse_days("48h").days == 2
    with pytest.raises(ValueError, match="must be whole days"):
        parse_days("36h")
