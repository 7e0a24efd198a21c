"""The store of every release opens in this one: each row is kept, it goes on working, a kill leaves old or new."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, func, insert, select, text
from sqlalchemy import types as sql

from okrsync.cli import run_command
from okrsync.cli.common import App
from okrsync.cli.demo import CLONE, _texts
from okrsync.cli.sync import opening, pull
from okrsync.sandbox.company import found_company
from okrsync.sandbox.company_goals import NOW, check_ins
from okrsync.store import outcomes, schema
from okrsync.store.engine import HEAD, alembic_config, open_store, reading, writing
from okrsync.store.portable import exported, restore
from tests.store_dump import VERSIONS, load
from tests.stores import content

HOSTILE = 'Robert\'); DROP TABLE items;-- \u202e\n"q" \\ %s :x 重试 🎉' + "x" * 100_000
Rows = dict[str, "Counter[tuple[tuple[str, object], ...]]"]


def old_store(version: str, url: str, scratch: Path, *, also: Callable[[Connection], None]) -> None:
    """The store of a release at ``url``, as that release left it, and what ``also`` puts into it."""
    if url.startswith("sqlite"):
        load(version, Path(url.removeprefix("sqlite:///")))
        engine = create_engine(url)
        with engine.begin() as connection:
            also(connection)
        engine.dispose()
        return
    load(version, scratch / "old.db")
    old, engine = create_engine(f"sqlite:///{scratch / 'old.db'}"), create_engine(url)
    config = alembic_config()
    with old.connect() as source, engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for table in reflected(connection).sorted_tables:
            if table.name == "alembic_version":
                continue
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            rows = [
                {column.name: typed(column.type, value) for column, value in zip(table.columns, row, strict=True)}
                for row in source.execute(text(f"SELECT {names} FROM {table.name}"))
            ]
            if rows:
                connection.execute(insert(table), rows)
        count_on(connection)
        also(connection)
    old.dispose()
    engine.dispose()


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    return found


def typed(kind: Any, value: Any) -> Any:
    """What SQLite holds, as PostgreSQL takes it."""
    if value is None:
        return None
    if isinstance(kind, sql.DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(kind, sql.Date):
        return date.fromisoformat(value)
    return bool(value) if isinstance(kind, sql.Boolean) else value


def count_on(connection: Connection) -> None:
    """Ids that were given do not come again."""
    for table in reflected(connection).sorted_tables:
        if "id" in table.columns:
            highest = connection.scalar(select(func.coalesce(func.max(table.c.id), 0)))
            sequence = connection.scalar(text(f"SELECT pg_get_serial_sequence('{table.name}', 'id')"))
            connection.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": max(1, highest or 0)})


def fill(connection: Connection) -> None:
    """A hostile row in each table that is empty, and hostile texts in one that is not."""
    known = reflected(connection)
    for table in known.sorted_tables:
        if connection.scalar(select(func.count()).select_from(table)) == 0:
            connection.execute(insert(table), [a_row(connection, table)])
    items = known.tables["items"]
    last = connection.scalar(select(func.max(items.c.id)))
    connection.execute(items.update().where(items.c.id == last).values(title=HOSTILE, assignee=HOSTILE))


def a_row(connection: Connection, table: Table) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.foreign_keys:
            [key] = column.foreign_keys
            row[column.name] = connection.scalar(select(func.max(key.column)))
        elif isinstance(column.type, sql.DateTime):
            row[column.name] = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
        elif isinstance(column.type, sql.Date):
            row[column.name] = date(2026, 11, 16)
        elif isinstance(column.type, sql.Boolean):
            row[column.name] = True
        elif isinstance(column.type, sql.Float | sql.Integer):
            row[column.name] = 1
        else:
            # What is part of a key has a limit of its own in PostgreSQL's indexes.
            row[column.name] = HOSTILE[:60] if column.primary_key else HOSTILE
    if table.name == "dirty_items":
        row["item_id"] = connection.scalar(text("SELECT MAX(id) FROM items"))
    return row


def rows_of(engine: Engine) -> Rows:
    """All rows of all tables, each as pairs of column and value."""
    with engine.connect() as connection:
        return {
            table.name: Counter(
                tuple(sorted(row.items()))
                for row in connection.execute(
                    text(f"SELECT * FROM {table.name}")  # as they are, whatever type one takes them for
                ).mappings()
            )
            for table in reflected(connection).sorted_tables
            if table.name != "alembic_version"
        }


def kept(before: Rows, after: Rows) -> None:
    """Every row of every table is there, with the columns that it had and the table still has."""
    for name, rows in before.items():
        assert rows, f"{name}: the test has nothing to lose there"
        assert name in after, f"{name} is gone"
        columns = {column for row in after[name] for column, _ in row}
        assert cut(rows, columns) == cut(after[name], {column for row in rows for column, _ in row}), name


def cut(rows: Counter[tuple[tuple[str, object], ...]], columns: set[str]) -> Counter[tuple[tuple[str, object], ...]]:
    return Counter(tuple(pair for pair in row if pair[0] in columns) for row in rows.elements())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'okrsync.db'}"
    return str(request.getfixturevalue("postgres_url"))


def test_every_version_has_its_store() -> None:
    """Add the store of the release that brought a migration: see CONTRIBUTING.md."""
    known = {path.name[:4] for path in (Path(schema.__file__).parent / "migrations" / "versions").glob("0*.py")}
    released = known - {HEAD} if HEAD not in VERSIONS else known
    assert set(VERSIONS) == released


@pytest.mark.parametrize("version", VERSIONS)
def test_every_row_is_kept(version: str, url: str, tmp_path: Path) -> None:
    old_store(version, url, tmp_path, also=fill)
    old = create_engine(url)
    before = rows_of(old)
    old.dispose()
    engine = open_store(url)
    after = rows_of(engine)
    kept(before, after)
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
        for view in ("v_work_items", "v_links", "v_pieces", "v_measurements", "v_scopes"):
            connection.execute(text(f"SELECT * FROM {view}")).all()
    with writing(engine) as connection:  # ids go on
        scope = {"source": "new", "scope": "N", "name": "N", "configured": True}
        connection.execute(insert(schema.scopes), [scope])
    engine.dispose()
    again = open_store(url)
    assert rows_of(again).keys() == after.keys()
    again.dispose()


# --- it goes on working ---


class Demo:
    """The sample company's folder, with a store in it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        for name, body in _texts().items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body.replace("sqlite:///okrsync.db", url), encoding="utf-8")
        self.company = found_company(folder / CLONE)

    def sync(self) -> None:
        app = App()
        app.quiet, app.config_path = True, self.folder / "okrsync.yaml"
        config = app.config()
        engine = app.store(config)
        try:
            with self.company.on_loopback(), opening(config, full=True, clock=lambda: NOW) as opened:
                pulled = pull(app, config, engine, opened)
            assert not pulled.failed
            for check_in in check_ins():
                outcomes.save_check_in(engine, check_in)
        finally:
            engine.dispose()

    def content(self) -> dict[str, Any]:
        engine = open_store(self.url)
        try:
            return content(engine, but=("scopes", "shards"))
        finally:
            engine.dispose()

    def report(self, capture: pytest.CaptureFixture[str]) -> dict[str, Any]:
        capture.readouterr()
        arguments = ["-c", str(self.folder), "report", "--as-of", "2026-11-20", "--format", "json"]
        assert run_command(arguments, App()) == 0
        return dict(json.loads(capture.readouterr().out))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The sample company in a store of this version."""
    folder = tmp_path_factory.mktemp("fresh")
    demo = Demo(folder, f"sqlite:///{folder / 'okrsync.db'}")
    demo.sync()
    return demo


@pytest.mark.parametrize(
    ("url", "version"),
    [*(("sqlite", version) for version in VERSIONS), ("postgresql", VERSIONS[0])],
    indirect=["url"],
)
def test_it_reports_and_syncs_as_one_of_today(
    version: str, url: str, tmp_path: Path, fresh: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = Demo(tmp_path, url)
    old_store(version, url, tmp_path, also=lambda connection: None)
    before = demo.report(capsys)
    assert len(before["key_results"]) == 14
    assert before["headline"]["completed"] > 100
    demo.sync()
    assert demo.content() == fresh.content()
    ours, theirs = demo.report(capsys), fresh.report(capsys)
    assert ours["headline"] == theirs["headline"]
    assert [(one["id"], one["verdict"], one["activity"]) for one in ours["key_results"]] == [
        (one["id"], one["verdict"], one["activity"]) for one in theirs["key_results"]
    ]


# --- newer than this one ---


@pytest.mark.parametrize("arguments", [["report", "--as-of", "2026-11-20"], ["sync"], ["check-in", "KR1.1", "3"]])
def test_a_newer_store_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'okrsync.db'}")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    Demo(tmp_path, f"sqlite:///{tmp_path / 'okrsync.db'}")
    before = (tmp_path / "okrsync.db").read_bytes()
    capsys.readouterr()
    assert run_command(["-c", str(tmp_path), *arguments], App()) == 4
    said = capsys.readouterr().err
    assert "9999" in said
    assert "newer" in said
    assert "Traceback" not in said
    assert (tmp_path / "okrsync.db").read_bytes() == before


# --- killed in the middle ---

KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from okrsync.store.engine import open_store
left = int(sys.argv[2])
begun = False
@event.listens_for(Engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    global left, begun
    begun = begun or "CREATE" in statement or "DROP" in statement or "ALTER" in statement
    if begun:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
open_store(sys.argv[1])
print("done")
"""


@pytest.mark.parametrize(
    ("url", "statements"),
    [*(("sqlite", number) for number in (1, 4, 9, 15)), ("postgresql", 9)],
    indirect=["url"],
)
def test_killed_in_the_middle_of_a_migration(url: str, tmp_path: Path, statements: int) -> None:
    old_store(VERSIONS[0], url, tmp_path, also=fill)
    engine = create_engine(url)
    before = rows_of(engine)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(statements)], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode() + done.stdout.decode()
    with engine.connect() as connection:
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert version in {VERSIONS[0], HEAD}
    kept(before, rows_of(engine))
    engine.dispose()
    mended = open_store(url)
    kept(before, rows_of(mended))
    with reading(mended) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    mended.dispose()


# --- elsewhere and back ---


def test_all_tables_go_elsewhere_and_back(tmp_path: Path, postgres_store: Engine) -> None:
    load(VERSIONS[-1], tmp_path / "okrsync.db")
    here = open_store(f"sqlite:///{tmp_path / 'okrsync.db'}")
    with writing(here) as connection:
        fill(connection)
    before = by_model(here)
    assert all(before.values()), "a table is empty: nothing to lose there"
    restore(postgres_store, exported(here), "a file")
    assert by_model(postgres_store) == before
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}")
    restore(back, exported(postgres_store), "a file")
    assert by_model(back) == before
    assert list(exported(back)) == list(exported(here))
    for engine in (here, back):
        engine.dispose()


def by_model(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables as the program reads them."""
    with reading(engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
        }
