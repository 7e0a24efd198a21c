"""Reading both files: what comes out, and where they are found."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from okrsync import plugins
from okrsync.config import load_config
from okrsync.errors import ConfigError
from okrsync.model import Cycle, Kind, Metric, Person, Pillar, Retirement, Team, WorkRule
from tests.config_fakes import GOALS, MAIN, SECRET, CsvSettings, Folder, ManualSettings, TrackerSettings, install

EXAMPLE = Path(__file__).resolve().parents[1] / "config" / "example"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    install(monkeypatch)
    return Folder(tmp_path)


def test_both_files_become_values(folder: Folder) -> None:
    config = folder.load()
    programme = config.programme
    assert config.path == folder.path / "okrsync.yaml"
    assert config.base == folder.path
    assert (config.language, str(config.timezone), config.census) == ("en", "UTC", timedelta(hours=24))
    assert config.store == f"sqlite:///{folder.path}/okrsync.db"
    assert config.schedule is None
    assert "unmerged" in config.not_completed
    assert "不做" in config.not_completed
    assert config.warnings == ()
    assert isinstance(config.sources["shop"], TrackerSettings)
    assert config.sources["shop"].auth.token.get_secret_value() == SECRET
    assert config.people == (Person("lin", "林薇", "payments", (("shop", "5b10"),)),)
    assert programme.cycles == (Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), timedelta(days=7)),)
    assert programme.strategy == (Pillar("smb", "Small shops first"),)
    assert programme.teams == (Team("acme", "company"), Team("payments", "team", "acme", "lin"))
    first, second = programme.objectives
    assert (first.id, first.cycle, first.strategy, first.supports) == ("O1", "2026-Q4", "smb", None)
    assert (first.file, first.line, second.supports) == ("okrs/q4.yaml", 8, "KR1.1")
    (key_result,) = first.key_results
    settings = CsvSettings(type="csv", path="a.csv", date="week", value="shops")
    assert key_result.metric == Metric(
        unit="shops/week", baseline=120, target=300, source_type="csv", source_settings=settings
    )
    assert (key_result.kind, key_result.objective, key_result.line) == (Kind.METRIC, "O1", 14)
    assert key_result.work == (WorkRule(source="shop", labels=("activation",)),)
    assert key_result.work[0].line == 23
    (milestone,) = second.key_results
    assert milestone.metric == Metric(source_settings=ManualSettings(type="manual"))
    assert SECRET not in repr(config)


def test_every_key_of_a_key_result(folder: Folder) -> None:
    goals = GOALS.replace(
        "          - {source: shop, labels: [activation]}\n",
        """\
          - {source: shop, projects: SHOP, repos: [a/b], types: [Bug], labels: [x, 1.10, 007], components: [c],
             epics: [SHOP-1], versions: [1.0, 2024-01-15], milestones: [m], sprints: [s], keys: [SHOP-2],
             title: '^a.*z$', paths: ['src/**']}
        retired: {on: 2026-11-10, reason: dropped}
      - id: KR1.2
        title: Errors stay below 2 percent
        kind: maintain
        direction: at_most
        metric: {target: 2, baseline: 2, cadence: 14, lag: 2w, cumulative: true, counted: true}
""",
    )
    one, two = folder.load(goals=goals).programme.objectives[0].key_results
    assert one.retired == Retirement(date(2026, 11, 10), "dropped")
    assert one.work == (
        WorkRule(
            source="shop",
            projects=("SHOP",),
            repos=("a/b",),
            types=("Bug",),
            labels=("x", "1.10", "007"),
            components=("c",),
            epics=("SHOP-1",),
            versions=("1.0", "2024-01-15"),
            milestones=("m",),
            sprints=("s",),
            keys=("SHOP-2",),
            title="^a.*z$",
            paths=("src/**",),
        ),
    )
    assert (two.kind, two.metric.direction, two.metric.cadence) == (Kind.MAINTAIN, "at_most", timedelta(days=14))
    assert (two.metric.lag, two.metric.cumulative, two.metric.counted) == (timedelta(days=14), True, True)


def test_cumulative_may_stand_in_the_source(folder: Folder) -> None:
    config = folder.load(goals=GOALS.replace("value: shops}", "value: shops, cumulative: true}"))
    assert config.programme.objectives[0].key_results[0].metric.cumulative


@pytest.mark.parametrize(
    ("numbers", "direction"),
    [
        ("{target: 99, baseline: 100}", "at_least"),
        ("{target: 2, baseline: 1}", "at_most"),
        ("{target: 2, baseline: 2}", None),
        ("{target: 2}", None),
        ("{target: 99, baseline: 100, direction: at_most}", "at_most"),
    ],
)
def test_direction_of_maintain(folder: Folder, numbers: str, direction: str | None) -> None:
    goals = GOALS.replace("kind: milestone,", f"kind: maintain, metric: {numbers},")
    assert folder.load(goals=goals).programme.objectives[1].key_results[0].metric.direction == direction


def test_every_key_of_the_configuration(folder: Folder) -> None:
    main = """
        store: postgresql+psycopg://okr:${PASSWORD}@db.example/okr
        timezone: Asia/Shanghai
        language: zh
        okrs: okrs/*.yaml
        publish:
          - {type: folder, path: wiki/}
        schedule: {sync: "0 * * * *", report: "*/5 8-18/2 1,15 JAN-MAR MON"}
        census: 12h
        not_completed: [Dropped, 10003]
        sources:
        people:
    """
    config = folder.load(main, GOALS.replace("source: shop, ", ""), PASSWORD="hunter22")
    assert config.store == "postgresql+psycopg://okr:hunter22@db.example/okr"
    assert config.shown_store == "postgresql+psycopg://okr:***@db.example/okr"
    assert "hunter22" not in repr(config)
    assert (str(config.timezone), config.language, config.census) == ("Asia/Shanghai", "zh", timedelta(hours=12))
    assert config.not_completed == ("Dropped", "10003", "not_planned", "duplicate", "unmerged")
    assert config.schedule is not None
    assert (config.schedule.sync, config.schedule.report) == ("0 * * * *", "*/5 8-18/2 1,15 JAN-MAR MON")
    assert [each.type for each in config.publish] == ["folder"]
    assert (config.sources, config.people) == ({}, ())


@pytest.mark.parametrize(
    ("store", "result"),
    [
        ("sqlite:///data/o.db", "sqlite:///{base}/data/o.db"),
        ("sqlite:////var/o.db", "sqlite:////var/o.db"),
        ("sqlite+pysqlite:///o.db?timeout=5", "sqlite+pysqlite:///{base}/o.db?timeout=5"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("postgres://u:${TOKEN}@h/d", f"postgresql+psycopg://u:{SECRET}@h/d"),
    ],
)
def test_store(folder: Folder, store: str, result: str) -> None:
    assert folder.load(f"store: {store}\n{MAIN}").store == result.format(base=folder.path)


def test_a_stranger_is_one_warning(folder: Folder) -> None:
    config = folder.load(goals=GOALS.replace("owner: lin", "owner: mei"))
    assert [str(each) for each in config.warnings] == ["okrs/q4.yaml:12: owner 'mei' is not among 'people'"]
    assert folder.load(MAIN.split("people")[0], GOALS.replace("owner: lin", "owner: mei")).warnings == ()


def test_goals_in_several_files(folder: Folder) -> None:
    folder.write("okrs/.hidden.yaml", "broken: [")
    folder.write("okrs/.git/x.yaml", "broken: [")
    folder.write("okrs/notes.txt", "broken: [")
    folder.write("okrs/a/teams.yml", "teams: [{id: acme, level: company}, {id: growth, level: team}]")
    folder.write("okrs/b.yaml", "objectives: [{id: O9, team: growth, title: More, supports: O1}]")
    programme = folder.load().programme
    assert [each.id for each in programme.teams] == ["acme", "growth", "payments"]
    assert [(each.id, each.cycle) for each in programme.objectives] == [
        ("O9", "2026-Q4"),
        ("O1", "2026-Q4"),
        ("O2", "2026-Q4"),
    ]
    folder.write("okrs/c.yaml", "cycle: {id: Q1, start: 2026-01-01, end: 2026-03-31}\nobjectives: []")
    folder.write("okrs/d.yaml", "cycle: {id: Q1, start: 2026-01-01, end: 2026-03-31}")
    assert folder.problems() == ["okrs/b.yaml:1: which cycle are these objectives for? Add 'cycle': there are 2 cycles"]
    folder.write("okrs/b.yaml", "cycle: {id: Q1, start: 2026-01-01, end: 2026-03-31}")
    assert [each.id for each in folder.load().programme.cycles] == ["Q1", "2026-Q4"]


@pytest.mark.parametrize("okrs", ["okrs/q4.yaml", "okrs", "okrs/*.yaml", "**/q?.yaml", "./okrs/"])
def test_okrs_is_a_file_a_folder_or_a_glob(folder: Folder, okrs: str) -> None:
    assert len(folder.load(f"okrs: '{okrs}'\n{MAIN}").programme.objectives) == 2


def test_okrs_glob_in_a_folder_with_brackets(folder: Folder) -> None:
    inside = Folder(folder.path / "a[b]c")
    assert len(inside.load(f"okrs: okrs/*.yaml\n{MAIN}").programme.objectives) == 2


def test_variables(folder: Folder) -> None:
    goals = GOALS.replace("Sell within a day", "'${WHO} sell in $${A} ${WHO}'").replace("target: 300", 'target: "${T}"')
    objective = folder.load(goals=goals, WHO="a: [b", T="310").programme.objectives[0]
    assert objective.title == "a: [b sell in ${A} a: [b"
    assert objective.key_results[0].metric.target == 310


def test_found_upwards_by_name_or_by_variable(folder: Folder, tmp_path: Path) -> None:
    path = folder.load().path
    below = tmp_path / "x" / "y"
    below.mkdir(parents=True)
    env = {"TOKEN": SECRET}
    assert load_config(cwd=below, environ=env).path == path
    elsewhere = tmp_path.parent
    named = {**env, "OKRSYNC_CONFIG": f"{tmp_path.name}/okrsync.yaml"}
    assert load_config(cwd=elsewhere, environ=named).path == path
    config = load_config(Path(tmp_path.name), cwd=elsewhere, environ={**env, "OKRSYNC_CONFIG": "/nowhere"})
    assert config.path == path
    assert config.programme.objectives[0].file == f"{tmp_path.name}/okrs/q4.yaml"


def test_not_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no okrsync.yaml in .* or above: `okrsync init` writes one"):
        load_config(cwd=tmp_path, environ={})
    with pytest.raises(ConfigError, match=r"^gone.yaml: cannot be read: No such file or directory$"):
        load_config(Path("gone.yaml"), cwd=tmp_path, environ={})


def test_the_example_is_valid() -> None:
    if not {"manual", "csv"} <= plugins.installed(plugins.OUTCOMES).keys():
        pytest.skip("the built-in outcome sources are not installed")
    environ = {"JIRA_TOKEN": "j" * 8, "GITHUB_TOKEN": "g" * 8, "WIKI_PASSWORD": "w" * 8}
    config = load_config(EXAMPLE, environ=environ, cwd=EXAMPLE)
    assert list(config.sources) == ["shop-jira", "shop-github", "storefront-git"]
    assert [each.type for each in config.publish] == ["folder", "git", "confluence", "mediawiki"]
    assert [each.message for each in config.warnings if "among" in each.message] == ["lead 'mei' is not among 'people'"]
    key_result = config.programme.objectives[0].key_results[0]
    assert (key_result.metric.lag, len(key_result.work)) == (timedelta(days=14), 4)


def test_reading_imports_nothing_heavy() -> None:
    heavy = ("jira", "github", "sqlalchemy", "numpy", "scipy", "requests", "rich", "jinja2")
    code = f"""
import sys
from pathlib import Path
from okrsync.config import load_config
load_config(Path({str(EXAMPLE)!r}), environ=dict(JIRA_TOKEN="j" * 8, GITHUB_TOKEN="g" * 8, WIKI_PASSWORD="w" * 8))
print(*[name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_a_single_text_stands_for_a_list_of_one() -> None:
    from okrsync_file.settings import FileSettings
    from okrsync_git import GitSettings
    from okrsync_github.settings import Settings as GitHubSettings
    from okrsync_jira.settings import JiraSettings

    auth = {"token": "x"}
    url = "https://jira.acme.example"
    assert GitHubSettings.model_validate({"type": "github", "auth": auth, "repos": "acme/x"}).repos == ("acme/x",)
    assert JiraSettings.model_validate({"url": url, "auth": auth, "projects": "SHOP"}).projects == ("SHOP",)
    assert GitSettings.model_validate({"type": "git", "path": ".", "branches": "main"}).branches == ("main",)
    assert FileSettings.model_validate({"path": "a.csv", "dates": "%Y"}).dates == ("%Y",)
