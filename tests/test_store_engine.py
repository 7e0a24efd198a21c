"""Opening the store: migrations, views, the file's mode, the lock, and what cannot be opened."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, delete, insert, select, text

from okrsync.errors import ConfigError, LockedError, StoreError
from okrsync.model import Measurement
from okrsync.store import outcomes
from okrsync.store.engine import HEAD, alembic_config, open_store, reading, run_lock, writing
from okrsync.store.schema import items, links, measurements, metadata, parts, scopes
from okrsync.store.views import VIEWS
from tests.stores import new_store

HOLDER = """
import sys
from okrsync.store.engine import open_store, run_lock
with run_lock(open_store(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
OPENER = "import sys; from okrsync.store.engine import open_store; sys.stdin.read(1); open_store(sys.argv[1]).dispose()"


def url(folder: Path, name: str = "okrsync.db") -> str:
    return f"sqlite:///{folder / name}"


def opened(folder: Path, name: str = "okrsync.db") -> Engine:
    return open_store(url(folder, name))


def migrated(folder: Path) -> Engine:
    """A store that went through every migration, as one does that is as old as the first."""
    engine = create_engine(url(folder, "migrated.db"))
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return engine


def test_migrations_make_what_the_schema_says(tmp_path: Path) -> None:
    for engine in (migrated(tmp_path), opened(tmp_path)):
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
        engine.dispose()


def test_a_new_store_is_what_migrations_make(tmp_path: Path) -> None:
    stores = []
    for engine in (migrated(tmp_path), opened(tmp_path)):
        with engine.connect() as connection:
            things = connection.execute(text("SELECT type, name, tbl_name FROM sqlite_master")).all()
            views = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'view'")).all()
            columns = {
                (table, column.name, column.type, column.notnull, column.dflt_value, column.pk)
                for _, _, table in things
                for column in connection.execute(text(f"PRAGMA table_info({table})"))
            }
            keys = {
                (table, *key[2:])
                for _, _, table in things
                for key in connection.execute(text(f"PRAGMA foreign_key_list({table})"))
            }
            rowids = {
                name
                for name, sql in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
                if "WITHOUT ROWID" in sql
            }
        stores.append((sorted(map(tuple, things)), sorted(map(tuple, views)), columns, keys, rowids))
        engine.dispose()
    assert stores[0] == stores[1]


@pytest.mark.parametrize("view", VIEWS)
def test_views_can_be_selected(tmp_path: Path, view: str) -> None:
    engine = new_store(tmp_path)
    with reading(engine) as connection:
        assert connection.execute(text(f"SELECT * FROM {view}")).all() == []
    engine.dispose()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        engine = opened(tmp_path, "new/okrsync.db")
        with run_lock(engine), engine.connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            files = sorted((tmp_path / "new").iterdir())
            assert [path.name for path in files] == [
                "okrsync.db", "okrsync.db-shm", "okrsync.db-wal", "okrsync.db.lock",
            ]  # fmt: skip
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        engine.dispose()
    finally:
        os.umask(before)


def test_several_processes_make_a_new_store_at_once(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen([sys.executable, "-c", OPENER, url(tmp_path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write(b"x")
        opener.stdin.flush()
    ends = [(opener.communicate(timeout=60)[1].decode(), opener.returncode) for opener in openers]
    assert ends == [("", 0)] * 4


def test_a_reader_sees_what_was_there_while_another_writes(tmp_path: Path) -> None:
    engine = new_store(tmp_path)
    row = {"key_result": "KR1", "origin": "csv", "at": datetime(2026, 11, 16).date(), "value": 1.0,  # noqa: DTZ001
           "recorded_at": datetime.now(UTC)}  # fmt: skip
    with ThreadPoolExecutor(1) as other, writing(engine) as connection:
        connection.execute(insert(measurements), [row])

        def read() -> int:
            with reading(engine) as reader:
                return len(reader.execute(select(measurements)).all())

        assert other.submit(read).result(timeout=20) == 0
    with reading(engine) as connection:
        assert len(connection.execute(select(measurements)).all()) == 1
    engine.dispose()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    engine = new_store(tmp_path)
    twice = "INSERT INTO dirty_items VALUES (1)"

    def write() -> None:
        with writing(engine) as connection:
            connection.execute(text(twice))
            connection.execute(text(twice))

    with pytest.raises(StoreError, match="cannot be written"):
        write()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM dirty_items")).scalar() == 0
    engine.dispose()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 16, 8, 30, 1, 123456, tzinfo=UTC),
        datetime(2026, 11, 16, 8, 30, tzinfo=timezone(timedelta(hours=8))),
        datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
    ],
)
def test_moments_come_back(tmp_path: Path, moment: datetime) -> None:
    engine = new_store(tmp_path)
    check_in = Measurement("KR1", moment.date(), 1.0, "manual", moment, note="a\x00b 林\U0001f600")
    outcomes.save_check_in(engine, check_in)
    (found,) = outcomes.measurements_of(engine, ["KR1"])["KR1"]
    assert found == check_in
    assert found.recorded_at.utcoffset() == timedelta(0)
    engine.dispose()


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    from sqlalchemy.exc import StatementError

    engine = new_store(tmp_path)
    naive = datetime(2026, 11, 16, 8, 30)  # noqa: DTZ001
    with pytest.raises(StatementError, match="naive datetime"):
        outcomes.save_check_in(engine, Measurement("KR1", naive.date(), 1.0, "manual", naive))
    engine.dispose()


# --- what cannot be opened ---


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "okrsync.db").mkdir()
    with pytest.raises(StoreError, match=r"okrsync\.db cannot be opened for writing: Is a directory"):
        opened(tmp_path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "okrsync.db").write_bytes(b"date,value\n" * 1000)
    with pytest.raises(StoreError, match="cannot be opened: file is not a database"):
        opened(tmp_path)
    assert (tmp_path / "okrsync.db").read_bytes() == b"date,value\n" * 1000


def test_a_folder_that_cannot_be_written() -> None:
    with pytest.raises(StoreError, match="cannot be opened for writing"):
        open_store("sqlite:////proc/okrsync.db")


def test_a_store_of_a_newer_okrsync(tmp_path: Path) -> None:
    new_store(tmp_path).dispose()
    with sqlite3.connect(tmp_path / "okrsync.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=r"has schema version 9999, which this okrsync does not know.*Upgrade okrsync"):
        opened(tmp_path)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "okrsync.db") as connection:
        connection.execute("CREATE TABLE items (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="table items already exists"):
        opened(tmp_path)
    with sqlite3.connect(tmp_path / "okrsync.db") as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    assert tables == [("items",)]


@pytest.mark.parametrize(
    "address",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file:okrsync.db?uri=true", "mysql://host/name", "no url"],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"^store: "):
        open_store(address)


def test_a_password_is_not_shown() -> None:
    with pytest.raises((StoreError, ConfigError)) as caught:
        open_store("postgresql+psycopg://lin:s3cret@127.0.0.1:1/none")
    assert "s3cret" not in str(caught.value)


# --- the lock ---


def test_the_lock_is_free_again_after_its_holder_was_killed(tmp_path: Path) -> None:
    engine = new_store(tmp_path)
    (tmp_path / "link.db").symlink_to("okrsync.db")
    link = opened(tmp_path, "link.db")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    with holder.stdout, holder.stdin:
        assert holder.stdout.readline() == b"held\n"
        for each in (engine, link):
            with pytest.raises(LockedError, match="another okrsync run is working on"), run_lock(each):
                pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=20)
    with run_lock(link):
        pass
    engine.dispose()
    link.dispose()


def test_the_lock_is_let_go_of_after_an_error(tmp_path: Path) -> None:
    engine = new_store(tmp_path)
    with pytest.raises(ZeroDivisionError), run_lock(engine):
        raise ZeroDivisionError
    with run_lock(engine):
        pass
    engine.dispose()


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_store_of_the_version_before_keeps_its_links(
    request: pytest.FixtureRequest, tmp_path: Path, backend: str
) -> None:
    address = url(tmp_path) if backend == "sqlite" else request.getfixturevalue("postgres_url")
    filled = create_engine(address)
    config = alembic_config()
    with filled.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            insert(scopes), [{"id": 1, "source": "s", "scope": "P", "name": "P", "configured": True, "removed": 0}]
        )
        texts = ("native_id", "type", "key", "project", "title", "status", "content_hash")
        moments = dict.fromkeys(("created_at", "updated_at"), datetime(2026, 11, 16, tzinfo=UTC))
        for id_ in (1, 2):
            item = {"source": "s", "scope_id": 1, "kind": "issue", "level": 0, "state": "done", **moments}
            connection.execute(insert(items), [{**item, **dict.fromkeys(texts, f"P-{id_}"), "id": id_}])
        rows = [("KR1", 1, "work[1]: labels=a", "rule", None), ("KR1", 2, "work[1]: labels=a", "parent", "P-1")]
        connection.execute(insert(links), [dict(zip(links.c.keys(), row, strict=True)) for row in rows])
        connection.execute(insert(parts), [{"item_id": 1, "piece_id": 1}, {"item_id": 2, "piece_id": 1}])
    filled.dispose()
    engine = open_store(address)
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert [tuple(row) for row in connection.execute(select(links).order_by(links.c.item_id))] == rows
        assert [tuple(row) for row in connection.execute(select(parts).order_by(parts.c.item_id))] == [(1, 1), (2, 1)]
        assert connection.execute(text("SELECT COUNT(*) FROM v_pieces")).scalar() == 1
    with writing(engine) as connection:
        connection.execute(delete(items).where(items.c.id == 1))
        assert connection.execute(select(links.c.item_id)).all() == [(2,)]
        assert connection.execute(select(parts.c.item_id)).all() == [(2,)]
    engine.dispose()
