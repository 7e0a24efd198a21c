"""What a run asks before it opens its store is used when it holds, and only then."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from okrsync.connector import Plan
from okrsync.coordinator import ScopeResult
from okrsync.errors import SourceError
from okrsync.opening import Opened, SyncOptions
from okrsync.store.remembered import Remembered
from okrsync.sync import sync
from tests.fake_source import FakeSource, issue, moment
from tests.stores import UTC_ZONE, Silent, content, new_store, pairs, pull_all, use_fake


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    service = FakeSource()
    service.put("SHOP", *(issue(f"SHOP-{n}") for n in range(1, 10)))
    service.put("PAY", *(issue(f"PAY-{n}") for n in range(1, 4)))
    use_fake(monkeypatch, service)
    return service


def _remembered(folder: Path) -> Remembered:
    return Remembered(f"sqlite:///{folder}/okrsync.db")


def _asked_ahead(service: FakeSource, remembered: Remembered, *, full: bool = False, jobs: int = 4) -> Opened:
    options = SyncOptions(Path(), UTC_ZONE, census=timedelta(days=1), full=full, jobs=jobs, now=lambda: moment(40))
    opened = Opened({"fake": service.settings()}, options, remembered=remembered)
    opened.listings["fake"].result()
    return opened


def _sync(folder: Path, opened: Opened) -> list[ScopeResult]:
    return sync(new_store(folder), {}, opened.options, Silent(), opened=opened)


def _plans(service: FakeSource) -> list[str]:
    return sorted(request for request in service.requests if request.startswith("plan"))


def test_plans_are_asked_once_and_before_there_is_a_store(service: FakeSource, tmp_path: Path) -> None:
    with _asked_ahead(service, _remembered(tmp_path)) as opened:
        for _cursor, asked in opened._plans.values():
            asked.result()
        assert _plans(service) == ["plan PAY", "plan SHOP"]
        assert not list(tmp_path.iterdir())
        results = _sync(tmp_path, opened)
    assert {result.scope.id: result.items for result in results} == {"PAY": 3, "SHOP": 9}
    assert _plans(service) == ["plan PAY", "plan SHOP"]


def test_the_next_run_plans_from_where_this_one_ended(service: FakeSource, tmp_path: Path) -> None:
    pull_all(new_store(tmp_path), service)
    service.change("SHOP", "id-SHOP-3", title="Checkout in one page", created_at=moment(2))
    service.requests.clear()
    with _asked_ahead(service, _remembered(tmp_path)) as opened:
        results = _sync(tmp_path, opened)
    assert _plans(service) == ["plan PAY", "plan SHOP"]
    assert {result.scope.id: result.changed for result in results} == {"PAY": 0, "SHOP": 1}
    # All of PAY's were made at the cursor's very moment, of SHOP's only what changed since is read.
    assert sum("page SHOP" in request for request in service.requests) < 6


def test_a_plan_from_another_cursor_than_the_store_has_is_not_used(service: FakeSource, tmp_path: Path) -> None:
    store = new_store(tmp_path)
    pull_all(store, service)
    with _asked_ahead(service, _remembered(tmp_path)) as opened:
        for _cursor, asked in opened._plans.values():
            asked.result()
        # Another run between the glance and the lock, after which the store is behind: as when a backup is put back.
        with closing(sqlite3.connect(tmp_path / "okrsync.db")) as behind, behind:
            behind.execute("UPDATE scopes SET cursor = NULL")
            behind.execute("DELETE FROM items")
        service.requests.clear()
        results = _sync(tmp_path, opened)
    assert _plans(service) == ["plan PAY", "plan SHOP"]
    assert {result.scope.id: result.changed for result in results} == {"PAY": 3, "SHOP": 9}
    assert len(pairs(store, "items", "key")) == 12


def test_an_interrupted_plan_goes_on(service: FakeSource, tmp_path: Path) -> None:
    def refuse(scope: str, at: int) -> None:
        if scope == "SHOP" and at:
            raise SourceError("enough")

    service.before_page = refuse
    pull_all(new_store(tmp_path), service)
    service.before_page = lambda scope, at: None
    service.requests.clear()
    remembered = _remembered(tmp_path)
    assert not remembered.may_plan("fake", "SHOP")
    assert remembered.may_plan("fake", "PAY")
    with _asked_ahead(service, remembered) as opened:
        assert [scope.id for scope in opened._plans] == ["PAY"]
        _sync(tmp_path, opened)
    # What was interrupted is read to its end, and then what changed since.
    assert service.requests.index("page SHOP part 0 2") < service.requests.index("plan SHOP")
    assert not content(new_store(tmp_path))["shards"]


def test_a_refusal_ahead_is_the_scope_s(service: FakeSource, tmp_path: Path) -> None:
    pull_all(new_store(tmp_path), service)
    remembered = _remembered(tmp_path)
    opened = _asked_ahead(service, remembered)
    with opened:
        assert opened._plans
        gone = next(scope for scope in opened._plans if scope.id == "PAY")
        opened._plans[gone] = (
            remembered.cursor_of("fake", "PAY"),
            opened._planning.submit(_refuse),
        )
        results = _sync(tmp_path, opened)
    assert {result.scope.id: result.error for result in results} == {"PAY": "no entry", "SHOP": None}
    assert len(pairs(new_store(tmp_path), "items", "key")) == 12


def _refuse() -> Plan:
    raise SourceError("no entry")


def test_full_plans_everything_whatever_the_store_holds(service: FakeSource, tmp_path: Path) -> None:
    pull_all(new_store(tmp_path), service)
    service.requests.clear()
    with _asked_ahead(service, Remembered("postgresql+psycopg://there/okrsync"), full=True) as opened:
        assert {cursor for cursor, _asked in opened._plans.values()} == {None}
        results = _sync(tmp_path, opened)
    assert {result.scope.id: result.items for result in results} == {"PAY": 3, "SHOP": 9}
    assert _plans(service) == ["plan PAY", "plan SHOP"]


def test_no_more_plans_are_made_ahead_than_can_be_asked_at_once(service: FakeSource, tmp_path: Path) -> None:
    with _asked_ahead(service, _remembered(tmp_path), jobs=1) as opened:
        assert len(opened._plans) == 1
        assert len(_sync(tmp_path, opened)) == 2


@pytest.mark.parametrize(
    "store",
    [
        "postgresql+psycopg://there/okrsync",
        "sqlite:///file:{folder}/okrsync.db?mode=rw&uri=true",
        "sqlite:///{folder}/notes.txt",
        "sqlite:///{folder}/other.db",
        "sqlite:///{folder}",
    ],
)
def test_what_cannot_be_told_is_not_guessed(tmp_path: Path, store: str) -> None:
    (tmp_path / "notes.txt").write_text("no database at all, but longer than the header of one would be" * 9)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other, other:
        other.execute("CREATE TABLE scopes (source, scope)")
    before = sorted(tmp_path.iterdir())
    assert not Remembered(store.format(folder=tmp_path)).may_plan("fake", "SHOP")
    assert sorted(tmp_path.iterdir()) == before


def test_a_store_in_a_folder_with_any_name(service: FakeSource, tmp_path: Path) -> None:
    folder = tmp_path / "订单 #1 100%"
    folder.mkdir()
    pull_all(new_store(folder), service)
    remembered = _remembered(folder)
    assert remembered.may_plan("fake", "SHOP")
    assert remembered.cursor_of("fake", "SHOP") is not None
    assert remembered.cursor_of("fake", "PEN") is None
