"""The git history of the files of goals: who changed which goal, in real repositories."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from okrsync import goal_history
from okrsync.goal_history import History, read_history
from okrsync.goals import changes, timelines

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CYCLE = "cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}\n"
GOALS = (
    CYCLE
    + """\
objectives:
  - id: O1
    team: acme
    title: A shop in a day
    key_results:
      - {id: KR1.1, title: Shops, metric: {target: 500}}
      - {id: KR1.2, title: Orders, metric: {target: 20}}
  # the second
  - id: O2
    team: acme
    title: |
      Two lines

      # no remark
    supports: O1
"""
)


class Repository:
    """A git repository whose commits are an hour apart from 2026-10-01 on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hours = 0
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, author: str = "Lin Wei") -> str:
        date = f"2026-10-{1 + self.hours // 24:02}T{self.hours % 24:02}:00:00Z"
        environ = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": "x@acme.example",
            "GIT_COMMITTER_NAME": "Mei",
            "GIT_COMMITTER_EMAIL": "mei@acme.example",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environ, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(
        self, text: str | bytes | None, message: str = "x", *, file: str = "okrs/q4.yaml", author: str = "Lin Wei"
    ) -> str:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.hours += 1
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, author=author)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo")


def read(repository: Repository, okrs: str = "okrs/", after: str = "") -> History:
    found = read_history(repository.folder, okrs, NOW, after)
    assert found is not None
    return found


def told(history: History, goal: str | None = None) -> list[tuple[str, str, str | None, str | None]]:
    """Goal, what changed, who, why; oldest first."""
    found = [
        change
        for id_, line in timelines(history.versions).items()
        for change in changes(line, ZoneInfo("UTC"))
        if goal in (None, id_)
    ]
    found.sort(key=lambda change: (change.at, change.goal))
    return [(change.goal, change.words, change.author, change.reason) for change in found]


def test_who_changed_what_and_why(repository: Repository) -> None:
    repository.commit(GOALS, author="Mei")
    repository.commit("x", file="README.md")
    second = repository.commit(GOALS.replace("500", "350"), "Ease\n\nMore words.\nReason: two shops left\n")
    repository.commit(GOALS.replace("500", "350").replace("title: Orders", "title: Sales"), author="林薇")
    history = read(repository)
    assert told(history) == [
        ("KR1.1", "added", "Mei", None),
        ("KR1.2", "added", "Mei", None),
        ("O1", "added", "Mei", None),
        ("O2", "added", "Mei", None),
        ("KR1.1", "target 500 → 350", "Lin Wei", "two shops left"),
        ("KR1.2", "title “Orders” → “Sales”", "林薇", None),
    ]
    (eased,) = (each for each in history.versions if each.goal == "KR1.1" and each.reason)
    assert (eased.commit, eased.subject, eased.seen_at.hour) == (second, "Ease", 3)
    assert (history.notes, history.whole) == ((), True)
    assert history.head == repository.git("rev-parse", "HEAD")


def test_removed_and_moved_goals(repository: Repository) -> None:
    repository.commit(GOALS)
    first, second = GOALS.split("  # the second\n")
    repository.commit(first)
    repository.commit("objectives:\n" + second, file="okrs/below/two.yml")
    repository.commit(first)
    (repository.folder / "okrs/q5.yaml").write_text(first)
    repository.commit(None)
    assert told(read(repository), "O2") == [
        ("O2", "added", "Lin Wei", None), ("O2", "removed", "Lin Wei", None), ("O2", "added", "Lin Wei", None),
    ]  # fmt: skip
    assert told(read(repository), "KR1.1") == [("KR1.1", "added", "Lin Wei", None)]


@pytest.mark.parametrize(
    ("okrs", "found"),
    [
        ("okrs/", {"a", "b", "c"}),
        ("okrs", {"a", "b", "c"}),
        ("okrs/a.yaml", {"a"}),
        ("okrs/*.yaml", {"a"}),
        ("okrs/**/*.yaml", {"a", "c"}),
        ("okrs/[!a].y*ml", {"b"}),
        ("./okrs/below", {"c"}),
    ],
)
def test_only_files_of_goals_are_read(repository: Repository, okrs: str, found: set[str]) -> None:
    for name in ("a.yaml", "b.yml", "below/c.yaml", ".hidden/d.yaml", ".e.yaml", "f.txt", "../elsewhere/g.yaml"):
        id_ = Path(name).stem.strip(".")
        repository.commit(f"objectives:\n- {{id: {id_}, team: x, title: {id_}}}\n", file=f"okrs/{name}")
    assert {version.goal for version in read(repository, okrs).versions} == found


def test_a_branch_is_attributed_to_who_wrote_it_and_counts_when_it_is_merged(repository: Repository) -> None:
    repository.commit(GOALS, author="Mei")
    repository.git("checkout", "-q", "-b", "ease")
    repository.commit(GOALS.replace("500", "350"), "Ease\n\nReason: two shops left", author="Lin Wei")
    repository.git("checkout", "-q", "main")
    repository.commit(GOALS.replace("A shop in a day", "A shop in two days"), author="Mei")
    repository.hours += 1
    repository.git("merge", "-q", "--no-ff", "-m", "Merge ease", "ease", author="Mei")
    assert told(read(repository))[4:] == [
        ("O1", "title “A shop in a day” → “A shop in two days”", "Mei", None),
        ("KR1.1", "target 500 → 350", "Lin Wei", "two shops left"),
    ]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("objectives: [\n", "not valid YAML"),
        (b"objectives: \xff", "not UTF-8"),
        ("", "the file is empty"),
        ("- a list\n", "not a list"),
        (GOALS.replace("target: 500", "target: many"), "'target' must be a number"),
        (GOALS.replace("supports: O1", "suports: O1"), "unknown key 'suports'"),
    ],
)
def test_an_old_file_that_cannot_be_read_is_said_and_stepped_over(
    repository: Repository, broken: str | bytes, said: str
) -> None:
    repository.commit(GOALS)
    bad = repository.commit(broken)
    repository.commit(GOALS.replace("500", "350"))
    history = read(repository)
    assert told(history, "KR1.1")[1:] == [("KR1.1", "target 500 → 350", "Lin Wei", None)]
    (note,) = history.notes
    assert f"commit {bad[:10]}: q4.yaml" in note
    assert said in note


def test_variables_and_what_is_not_installed_any_more_can_be_read(repository: Repository) -> None:
    repository.commit(
        "objectives:\n- {id: O1, team: x, title: '${NAME}', key_results: [{id: K, title: t, metric: {target: 1,"
        " source: {type: tea-leaves, url: 'https://bot:s3cret@h/'}}, work: [{source: gone, labels: [a]}]}]}\n"
    )
    history = read(repository)
    assert history.notes == ()
    assert "tea-leaves" in repr(history.versions)
    assert "s3cret" not in repr(history.versions)


def test_only_what_is_new_is_read(repository: Repository) -> None:
    repository.commit(GOALS)
    first = read(repository).head
    assert read_history(repository.folder, "okrs/", NOW, first) is None
    repository.commit(GOALS.replace("500", "350"))
    again = read(repository, after=first)
    assert again.whole is False
    new = [version for version in again.versions if version.commit == again.head]
    assert [version.goal for version in new] == ["O1", "KR1.1"]


def test_a_rewritten_history_is_read_anew(repository: Repository) -> None:
    repository.commit(GOALS)
    old = repository.commit(GOALS.replace("500", "350"))
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit(GOALS.replace("500", "400"))
    again = read(repository, after=old)
    assert again.whole is True
    assert told(again, "KR1.1")[-1][1] == "target 500 → 400"
    for strange in ("--all", "0" * 40, "HEAD"):
        assert read(repository, after=strange).whole is True


def test_a_shallow_clone_says_so_and_accuses_nobody(repository: Repository, tmp_path: Path) -> None:
    repository.commit(GOALS, author="Mei")
    repository.commit(GOALS.replace("500", "350"), author="Mei")
    repository.commit(GOALS.replace("500", "300"), author="Lin Wei")
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "2", f"file://{repository.folder}", str(shallow))
    history = read_history(shallow, "okrs/", NOW)
    assert history is not None
    assert told(history, "KR1.1") == [
        ("KR1.1", "added", None, None),
        ("KR1.1", "target 350 → 300", "Lin Wei", None),
    ]
    assert "is shallow" in history.notes[0]
    assert "git fetch --unshallow" in history.notes[0]


def test_what_is_read_is_bounded(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for target in (500, 400, 300, 200):
        repository.commit(GOALS.replace("500", str(target)))
    monkeypatch.setattr(goal_history, "_BATCH", 1)
    monkeypatch.setattr(goal_history, "MOST_YAML", 400)
    history = read(repository)
    assert told(history, "KR1.1")[-1] == ("KR1.1", "target 300 → 200", "Lin Wei", None)
    assert told(history, "KR1.1")[0] == ("KR1.1", "added", None, None)
    assert len(told(history, "KR1.1")) < 4
    assert "are not read" in history.notes[0]
    monkeypatch.setattr(goal_history, "MOST_YAML", 100_000)
    assert read(repository).notes == ()
    monkeypatch.setattr(goal_history, "MOST_COMMITS", 2)
    assert "are not read" in read(repository).notes[0]


@pytest.mark.parametrize("case", ["no repository", "no commit", "not committed"])
def test_no_history(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "repo"
    if case == "no repository":
        folder.mkdir()
    else:
        repository = Repository(folder)
        if case == "not committed":
            repository.commit("x", file="README.md")
    (folder / "okrs").mkdir()
    (folder / "okrs/q4.yaml").write_text(GOALS)
    history = read_history(folder, "okrs/", NOW)
    assert history is None or history.versions == ()


def test_names_that_look_like_options_and_patterns(repository: Repository) -> None:
    repository.commit(GOALS, file="okrs/--output=x.yaml")
    repository.git("checkout", "-q", "-b", "b")
    repository.commit(GOALS.replace("500", "1"), file="okrs/--output=x.yaml", author="Lin Wei")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "M", "b", author="Mei")
    repository.commit("objectives:\n- {id: O9, team: x, title: y}\n", file="okrs/:(top)[a]*.yaml")
    history = read(repository)
    assert told(history, "KR1.1")[-1] == ("KR1.1", "target 500 → 1", "Lin Wei", None)
    assert told(history, "O9") == [("O9", "added", "Lin Wei", None)]
    assert sorted(path.name for path in repository.folder.iterdir()) == [".git", "okrs"]


def test_links_and_folders_are_no_files(repository: Repository) -> None:
    repository.commit(GOALS)
    (repository.folder / "okrs/link.yaml").symlink_to("/etc/passwd")
    repository.commit(GOALS.replace("500", "1"))
    assert read(repository).notes == ()


def test_times_that_nobody_can_mean(repository: Repository) -> None:
    repository.commit(GOALS)
    repository.hours = 24 * 29
    repository.git("config", "x.y", "z")
    repository.commit(GOALS.replace("500", "400"))  # a clock that is ahead
    repository.hours = 2
    repository.commit(GOALS.replace("500", "300"))
    early = datetime(2026, 10, 20, tzinfo=UTC)
    history = read_history(repository.folder, "okrs/", early)
    assert history is not None
    assert max(version.seen_at for version in history.versions).date() == early.date()
    assert [said for _, said, _, _ in told(history, "KR1.1")] == ["added", "target 500 → 400", "target 400 → 300"]


def test_a_file_that_becomes_the_next_cycles(repository: Repository) -> None:
    repository.commit(GOALS.replace(CYCLE, "cycle: {id: 2026-Q3, start: 2026-07-01, end: 2026-09-30}\n"))
    repository.commit(GOALS)
    assert [said for _, said, _, _ in told(read(repository), "O1")] == ["added", "cycle 2026-Q3 → 2026-Q4"]


@pytest.mark.parametrize(
    "goals",
    [
        GOALS,
        GOALS.replace("\n", "\r\n"),
        "--- # start\n" + GOALS,
        GOALS.replace("  - id", "- id").replace("\n    ", "\n  "),
        GOALS + "\nteams:\n- {id: acme, level: company}\n",
        GOALS.replace(CYCLE, "") + CYCLE,
        GOALS.replace(CYCLE, "'cycle':\n  id: 2026-Q4\n\n  # its days\n  start: 2026-10-01\n  end: 2026-12-31\n"),
        GOALS.replace(CYCLE, ""),
        "# a remark\n\nstrategy: &s [{id: a, title: b}]\n" + GOALS,
        GOALS.replace(CYCLE, "cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31\n}\n"),
    ],
)
def test_parts_say_what_the_whole_says(goals: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = goal_history._split(goals.encode())
    whole, problem = goal_history._goals(goals.encode(), "x")
    assert problem is None
    if "&" not in goals and "\n}" not in goals:
        assert len(parts) == 2
    together = {
        goal: each for part in parts for goal, each in (goal_history._goals(part.encode(), "")[0] or {}).items()
    }
    assert not parts or together == whole
