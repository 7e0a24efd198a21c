"""`okrsync export` and `import`: the same store elsewhere, whole or not at all, SQLite and PostgreSQL alike."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from okrsync.errors import StoreError
from okrsync.store import schema
from okrsync.store.engine import open_store, writing
from okrsync.store.portable import exported, restore
from tests.cli_project import Project, clone, start

HOSTILE = 'Robert\'); DROP TABLE items;-- \u202e\n"quoted" \\ 重试 🎉'


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, in the order of their keys."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in schema.metadata.sorted_tables
        }


def filled(engine: Engine) -> Engine:
    """A store with a row of each sort: gaps in ids, times of any zone, texts of any kind, numbers of any size."""
    at = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
    rows = {
        "scopes": {"id": 7, "source": "shop", "scope": "SHOP", "name": HOSTILE, "configured": True, "last_success": at},
        "items": {
            "id": 90, "source": "shop", "native_id": "1", "scope_id": 7, "kind": "issue", "type": "Story", "level": 0,
            "key": "SHOP-1", "project": "SHOP", "title": HOSTILE, "state": "done", "status": "Done", "created_at": at,
            "updated_at": at, "points": 2.5, "content_hash": "x",
        },
        "measurements": {
            "id": 41, "key_result": "KR1", "origin": "csv", "at": date(2026, 11, 16), "value": 1e-300,
            "recorded_at": at,
        },
        "item_waits": {"item_id": 90, "kind": "review", "account": "lin", "since": at, "until": None},
        "milestones": {
            "source": "shop", "kind": "version", "native_id": "1", "name": "v1", "state": "open",
            "due": date(2027, 1, 1),
        },
    }  # fmt: skip
    with writing(engine) as connection:
        for table in schema.metadata.sorted_tables:
            if table.name in rows:
                connection.execute(insert(table), [rows[table.name]])
    return engine


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    engine = open_store(url)
    yield engine
    engine.dispose()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Engine]:
    engine = filled(open_store(f"sqlite:///{tmp_path / 'old.db'}"))
    yield engine
    engine.dispose()


def test_the_same_rows_elsewhere_and_back(source: Engine, empty: Engine, tmp_path: Path) -> None:
    before = everything(source)
    assert restore(empty, exported(source), "a file") == sum(map(len, before.values())) == 5
    assert everything(empty) == before
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}")
    restore(back, exported(empty), "a file")
    assert everything(back) == before
    back.dispose()


def test_ids_go_on_after_those_that_were_restored(source: Engine, empty: Engine) -> None:
    restore(empty, exported(source), "a file")
    scope = {"source": "shop", "scope": "PAY", "name": "PAY", "configured": True}
    with writing(empty) as connection:
        connection.execute(insert(schema.scopes), [scope])
        assert connection.execute(select(schema.scopes.c.id).order_by(schema.scopes.c.id)).scalars().all() == [7, 8]


def test_a_store_that_is_not_empty_is_left_alone(source: Engine, empty: Engine) -> None:
    filled(empty)
    before = everything(empty)
    with pytest.raises(StoreError, match="not empty"):
        restore(empty, exported(source), "a file")
    assert everything(empty) == before


def damaged(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    header = json.loads(lines[0])
    yield "is no file of `okrsync export`", []
    yield "is no file of `okrsync export`", ["PK\x03\x04"]
    yield "is no file of `okrsync export`", ['{"tables": []}\n', *lines[1:]]
    yield "newer than this one", [json.dumps(header | {"schema": "9999"}), *lines[1:]]
    yield "newer than this one", [json.dumps(header | {"format": 2}), *lines[1:]]
    yield "has a table 'spells'", [json.dumps(header | {"tables": {"spells": ["id"]}}), *lines[1:]]
    yield "has a table 'items'", [json.dumps(header | {"tables": {"items": ["id); DROP TABLE items;--"]}}), *lines[1:]]
    yield "was cut off after line", lines[:-1]
    yield "was cut off after line", lines[:2]
    yield "was cut off after line", [*lines[:2], *lines[3:]]
    yield "was cut off after line", [*lines, lines[1]]
    yield "a file:3: this is no row", [*lines[:2], '["items", [1]]\n', *lines[2:]]
    yield "a file:3: this is no row", [*lines[:2], "half a li"]
    yield "a file:2: this is no row", [lines[0], lines[1].replace("2026-11-20", "2026-13-20"), *lines[2:]]


@pytest.mark.parametrize("number", range(14))
def test_what_is_damaged_restores_nothing(source: Engine, tmp_path: Path, number: int) -> None:
    said, lines = list(damaged(list(exported(source))))[number]
    engine = open_store(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(StoreError) as raised:
        restore(engine, lines, "a file")
    assert said in str(raised.value)
    assert not any(everything(engine).values())
    engine.dispose()


def test_a_row_that_the_store_refuses_restores_nothing(source: Engine, empty: Engine) -> None:
    lines = list(exported(source))
    place = next(number for number, line in enumerate(lines) if line.startswith('["items"'))
    lines[place] = lines[place].replace('"SHOP-1"', "null")
    with pytest.raises(StoreError):
        restore(empty, lines, "a file")
    assert not any(everything(empty).values())


# --- the commands ---


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    started = start(tmp_path, monkeypatch, capsys)
    clone(started, "shop", "First", "KR: KR1.1")
    main = (started.path / "okrsync.yaml").read_text()
    started.write("okrsync.yaml", main.replace("sources: {}", "sources: {shop: {type: git, path: shop}}"))
    return started


@pytest.mark.parametrize("name", ["store.jsonl", "store.jsonl.gz"])
def test_a_report_elsewhere_says_the_same(project: Project, name: str) -> None:
    assert project.run("sync").code == 0
    assert project.run("check-in", "KR1.2", "35", "--by", "lin").code == 0
    before = project.run("report", "--format", "json")
    assert project.run("export", name).code == 0
    file = project.path / name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (gzip.decompress(file.read_bytes())[:1] if name.endswith("gz") else file.read_bytes()[:1]) == b"{"
    first = file.read_bytes()
    assert project.run("export", name).code == 0
    assert file.read_bytes() == first
    refused = project.run("import", name)
    assert refused.code == 4
    assert "not empty" in refused.err
    for store in project.path.glob("okrsync.db*"):
        store.unlink()
    restored = project.run("import", name)
    assert restored.code == 0
    assert "rows restored" in restored.err
    assert project.run("report", "--format", "json").out == before.out
    # It goes on from there: nothing is read twice.
    assert "0 new or changed" in project.run("sync").err


def test_files_that_cannot_be_used(project: Project) -> None:
    assert project.run("sync").code == 0
    assert project.run("export", "nowhere/x.jsonl").code == 2
    assert project.run("import", "missing.jsonl").code == 2
    project.write("cut.jsonl.gz", gzip.compress(b'{"okrsync": "1"' * 100)[:40])
    ran = project.run("import", "cut.jsonl.gz")
    assert ran.code == 4
    assert "Traceback" not in ran.err
    project.write("latin.jsonl", b"\xff\xfe")
    assert project.run("import", "latin.jsonl").code == 4
    assert not list(project.path.glob(".*.part"))
