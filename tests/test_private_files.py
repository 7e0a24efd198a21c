"""What holds data is its owner's alone, whatever the umask; what is published is for others to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from okrsync.private import make_folder, replacing
from okrsync.schedule import Health
from okrsync.store.engine import open_store, run_lock, writing
from tests.cli_project import MAIN, Project, start


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):o}"


def test_the_store_and_what_stands_beside_it(project: Project) -> None:
    project.write("okrsync.yaml", MAIN.replace("okrsync.db", "data/deep/okrsync.db"))
    assert project.run("sync").code == 0
    folder = project.path / "data/deep"
    assert (mode(folder), mode(folder.parent)) == ("700", "700")
    engine = open_store(f"sqlite:///{folder / 'okrsync.db'}")
    with run_lock(engine), writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
        found = {path.name: mode(path) for path in folder.iterdir()}
        assert set(found) >= {"okrsync.db", "okrsync.db-wal", "okrsync.db-shm", "okrsync.db.lock"}
        assert set(found.values()) == {"600"}
    engine.dispose()


def test_exports_and_reports(project: Project) -> None:
    assert project.run("sync").code == 0
    for name in ("all.jsonl", "all.jsonl.gz"):
        assert project.run("export", name).code == 0
        assert mode(project.path / name) == "600"
    (project.path / "all.jsonl").chmod(0o666)
    assert project.run("export", "all.jsonl").code == 0
    assert mode(project.path / "all.jsonl") == "600"
    for format_ in ("terminal", "markdown", "html", "json"):
        assert project.run("report", "--format", format_, "-o", format_).code == 0
        assert mode(project.path / format_) == "600"
    # Who has opened it to others need not do so each week.
    (project.path / "html").chmod(0o644)
    assert project.run("report", "--format", "html", "-o", "html").code == 0
    assert mode(project.path / "html") == "644"
    assert not list(project.path.glob(".*part"))


def test_the_health_file(tmp_path: Path) -> None:
    file = tmp_path / "health.json"
    Health(file, lambda: datetime.now(UTC)).note("sync", exit_code=0)
    assert mode(file) == "600"


def test_what_is_published_is_for_others(project: Project) -> None:
    assert project.run("publish").code == 0
    assert {mode(path) for path in (project.path / "wiki").iterdir()} == {"666"}
    assert mode(project.path / "wiki") == "777"


def test_nobody_writes_through_a_link_that_was_put_in_the_way(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".report.part").symlink_to(victim)
    with replacing(tmp_path / "report") as stream:
        stream.write(b"new")
    assert (victim.read_text(), (tmp_path / "report").read_text()) == ("mine", "new")


def test_a_failure_leaves_the_file_before(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("old")
    with pytest.raises(TypeError), replacing(tmp_path / "report") as stream:
        stream.write("no bytes")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report").read_text() == "old"


def test_folders(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert [mode(path) for path in (tmp_path, tmp_path / "a", tmp_path / "a/b")] == ["755", "700", "700"]
