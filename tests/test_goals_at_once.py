"""Two runs that record the goals at once, in a real PostgreSQL: SQLite takes its one write lock in any case."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, text

from okrsync.model import KeyResult, Kind, Metric, Objective, Programme
from okrsync.store.engine import open_store
from okrsync.store.goals import record, versions
from tests.postgres import Postgres

NOW = datetime(2026, 10, 1, 4, tzinfo=UTC)
KR = KeyResult("KR1", "O1", "Shops from 120 to 500", "lin", Kind.METRIC, Metric("shops", 120.0, 500.0))
GOALS = Programme(objectives=(Objective("O1", "2026-Q4", "acme", "A shop in a day", (KR,)),))
LONG = 60
"""Seconds after which a test that hangs is given up."""


@pytest.fixture
def stores(postgres: Postgres) -> Iterator[tuple[Engine, Engine, Engine]]:
    """One store, as two runs and somebody who looks on have it open, each with connections of its own."""
    name = postgres.new_store()
    engines = open_store(postgres.url(name)), open_store(postgres.url(name)), open_store(postgres.url(name))
    yield engines
    for engine in engines:
        engine.dispose()
    postgres.drop(name)


@contextmanager
def held_before_commit(engine: Engine) -> Iterator[tuple[threading.Event, threading.Event]]:
    """What is written is not committed until it may: two events, *has written* and *may commit*."""
    has_written, may_commit = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        has_written.set()
        assert may_commit.wait(LONG)

    event.listen(engine, "commit", hold)
    try:
        yield has_written, may_commit
    finally:
        may_commit.set()
        event.remove(engine, "commit", hold)


def waits_for_its_turn(onlooker: Engine) -> bool:
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with onlooker.connect() as connection:
        return bool(connection.execute(query).scalar_one())


def test_two_runs_at_once_store_each_version_once(stores: tuple[Engine, Engine, Engine]) -> None:
    first, second, onlooker = stores
    with ThreadPoolExecutor(2) as pool, held_before_commit(first) as (has_written, may_commit):
        one = pool.submit(record, first, GOALS, NOW)
        assert has_written.wait(LONG)
        # A second later: what both saw differs in its time, so that no unique key keeps the second one out.
        other = pool.submit(record, second, GOALS, NOW + timedelta(seconds=1))
        pause = threading.Event()
        while not (other.done() or waits_for_its_turn(onlooker)):
            pause.wait(0.02)
        may_commit.set()
        assert (one.result(LONG), other.result(LONG)) == (2, 0)
    assert sorted(version.goal for version in versions(onlooker)) == ["KR1", "O1"]


def test_a_run_that_sees_nothing_new_waits_for_nobody(stores: tuple[Engine, Engine, Engine]) -> None:
    first, second, _ = stores
    assert record(first, GOALS, NOW) == 2
    with first.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x676F616C73})
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(record, second, GOALS, NOW + timedelta(days=1))
            assert other.result(LONG) == 0
