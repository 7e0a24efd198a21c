"""Stores for tests, and what one holds, in a form that two stores can be compared in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from okrsync import opening, plugins, sync
from okrsync.connector import Connector
from okrsync.coordinator import ScopeResult
from okrsync.model import Scope
from okrsync.opening import Selector, SyncOptions
from okrsync.store.engine import open_store, reading
from tests.fake_source import FakeSource, moment

UTC_ZONE = ZoneInfo("UTC")
OPENED: list[Engine] = []
"""Closed after each test, see conftest.py."""


class Silent:
    """An observer that only remembers notes and waits."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.waits: list[tuple[str, float]] = []

    def scope_started(self, scope: Scope) -> None: ...

    def page_stored(self, scope: Scope, items: int) -> None: ...

    def waiting(self, source: str, why: str, seconds: float) -> None:
        self.waits.append((why, seconds))

    def note(self, source: str, text: str) -> None:
        self.notes.append(text)

    def scope_done(self, result: ScopeResult) -> None: ...


@cache
def _empty_store() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "okrsync.db"
        engine = open_store(f"sqlite:///{path}")
        engine.dispose()
        return path.read_bytes()


def new_store(folder: Path) -> Engine:
    """The store in a folder; a new one is a copy of one that was migrated once, which is quicker."""
    path = folder / "okrsync.db"
    if not path.exists():
        path.write_bytes(_empty_store())
    OPENED.append(open_store(f"sqlite:///{path}"))
    return OPENED[-1]


def use_fake(monkeypatch: pytest.MonkeyPatch, service: FakeSource) -> None:
    """Make ``service`` what a source of type ``fake`` reads."""
    real = plugins.load

    def load(group: str, name: str) -> type[Connector]:
        return service.connector() if name == "fake" else real(group, name)

    monkeypatch.setattr(opening, "load", load)


def pull_all(
    engine: Engine,
    service: FakeSource,
    *,
    full: bool = False,
    day: float = 40,
    only: tuple[str, ...] = (),
    jobs: int = 4,
) -> list[ScopeResult]:
    options = SyncOptions(
        base=Path(), timezone=UTC_ZONE, census=timedelta(days=1), full=full, jobs=jobs, now=lambda: moment(day)
    )
    return sync.sync(engine, {"fake": service.settings()}, options, Silent(), [Selector.parse(one) for one in only])


_QUERIES = {
    "items": """
        SELECT i.native_id, s.scope, i.kind, i.type, i.level, i.key, i.project, i.title, i.url, i.state, i.status,
               i.resolution, i.created_at, i.updated_at, i.done_at, i.assignee, i.parent_native_id, i.parent_key,
               i.points, i.content_hash, p.native_id AS parent
        FROM items i JOIN scopes s ON s.id = i.scope_id LEFT JOIN items p ON p.id = i.parent_id ORDER BY 1, 2
    """,
    "keys": "SELECT k.key, i.native_id FROM item_keys k JOIN items i ON i.id = k.item_id ORDER BY 1, 2",
    "facets": """
        SELECT i.native_id, f.kind, f.value FROM item_facets x JOIN items i ON i.id = x.item_id
        JOIN facets f ON f.id = x.facet_id ORDER BY 1, 2, 3
    """,
    "references": """
        SELECT i.native_id, r.kind, r.target FROM item_references r JOIN items i ON i.id = r.item_id ORDER BY 1, 2, 3
    """,
    "waits": """
        SELECT i.native_id, w.kind, w.account, w.since, w.until FROM item_waits w JOIN items i ON i.id = w.item_id
        ORDER BY 1, 2, 3, 4
    """,
    "milestones": "SELECT * FROM milestones ORDER BY 1, 2, 3",
    "scopes": "SELECT source, scope, name, configured, cursor, plan, removed, error FROM scopes ORDER BY 1, 2",
    "shards": "SELECT * FROM shards ORDER BY 1, 2",
    "links": """
        SELECT l.key_result, i.native_id, l.rule, l.reason, l.via FROM links l
        JOIN items i ON i.id = l.item_id ORDER BY 1, 2, 3
    """,
    "parts": """
        SELECT i.native_id, p.native_id AS piece FROM parts JOIN items i ON i.id = parts.item_id
        JOIN items p ON p.id = parts.piece_id ORDER BY 1, 2
    """,
}


def content(engine: Engine, *, but: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    """All that a store holds, without row numbers, which depend on the order in which things came."""
    with reading(engine) as connection:
        return {
            name: sorted(
                (
                    {column: _plain(value) for column, value in row.items()}
                    for row in connection.execute(text(query)).mappings()
                ),
                key=lambda row: [str(value) for value in row.values()],
            )
            for name, query in _QUERIES.items()
            if name not in but
        }


def _plain(value: Any) -> Any:
    """A value as SQLite has it, whatever the database."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


def pairs(engine: Engine, name: str, *columns: str) -> set[tuple[Any, ...]]:
    """Some columns of one part of ``content``."""
    return {tuple(row[column] for column in columns) for row in content(engine)[name]}
