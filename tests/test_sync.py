"""What is pulled is stored once, whole, and resumed where it was interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from okrsync.errors import AuthError, ConfigError, CursorExpired, SourceError, StoreError
from okrsync.model import Wait
from okrsync.store import work
from okrsync.store.engine import reading
from okrsync.store.read import source_statuses
from okrsync.store.schema import removed_keys
from tests.fake_source import FakeSource, issue, moment
from tests.stores import content, new_store, pairs, pull_all, use_fake


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    service = FakeSource()
    service.put("SHOP", *(issue(f"SHOP-{n}", labels=("a", f"l{n}")) for n in range(1, 10)))
    service.put("PAY", *(issue(f"PAY-{n}") for n in range(1, 4)))
    use_fake(monkeypatch, service)
    return service


@pytest.fixture
def engine(any_store: Engine) -> Engine:
    return any_store


def keys(engine: Engine) -> set[str]:
    return {key for (key,) in pairs(engine, "items", "key")}


def test_everything_is_stored_with_its_facets(service: FakeSource, engine: Engine) -> None:
    results = pull_all(engine, service)
    assert {r.scope.id: (r.items, r.changed, r.error) for r in results} == {
        "PAY": (3, 3, None),
        "SHOP": (9, 9, None),
    }
    assert keys(engine) == {f"SHOP-{n}" for n in range(1, 10)} | {f"PAY-{n}" for n in range(1, 4)}
    assert ("id-SHOP-3", "label", "l3") in pairs(engine, "facets", "native_id", "kind", "value")
    assert content(engine)["shards"] == []


def test_a_second_sync_changes_nothing_and_takes_no_census(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    before = content(engine)
    service.requests.clear()
    results = pull_all(engine, service)
    assert sum(r.changed for r in results) == 0
    assert content(engine) == before
    assert not [request for request in service.requests if "census" in request]


def test_waits_follow_the_item(service: FakeSource, engine: Engine) -> None:
    asked = Wait("review", "mei", moment(3), None)
    service.put("SHOP", issue("SHOP-1", waits=(asked, asked, Wait("assignment", "lin", moment(1), moment(2)))))
    pull_all(engine, service)
    assert pairs(engine, "waits", "native_id", "kind", "account", "until") == {
        ("id-SHOP-1", "review", "mei", None),
        ("id-SHOP-1", "assignment", "lin", "2026-10-03 00:00:00.000000"),
    }
    service.change("SHOP", "id-SHOP-1", waits=(Wait("review", "mei", moment(3), moment(9)),))
    pull_all(engine, service)
    assert pairs(engine, "waits", "account", "until") == {("mei", "2026-10-10 00:00:00.000000")}
    del service.scopes["SHOP"]["id-SHOP-1"]
    pull_all(engine, service, full=True)
    assert not content(engine)["waits"]


def test_a_removed_label_is_gone(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    service.change("SHOP", "id-SHOP-3", labels=("a",))
    pull_all(engine, service)
    labels = {v for i, _, v in pairs(engine, "facets", "native_id", "kind", "value") if i == "id-SHOP-3"}
    assert labels == {"a"}


def test_a_moved_issue_keeps_its_identity_and_answers_to_both_keys(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    moved = issue("PAY-99", id="id-SHOP-3", created=0, updated_at=moment(5))
    service.put("PAY", moved)
    # The project that it was moved to is the slower one: the other's census must wait for it.
    service.before_page = lambda scope, at: time.sleep(0.1 if scope == "PAY" else 0)
    pull_all(engine, service)
    assert len(keys(engine)) == 12
    assert ("id-SHOP-3", "PAY", "PAY-99") in pairs(engine, "items", "native_id", "scope", "key")
    found = pairs(engine, "keys", "key", "native_id")
    assert ("shop-3", "id-SHOP-3") in found
    assert ("pay-99", "id-SHOP-3") in found
    assert [row["removed"] for row in content(engine)["scopes"]] == [0, 0]


def test_an_issue_that_moved_to_a_project_that_fails_is_known_by_its_former_key_again(
    service: FakeSource, engine: Engine
) -> None:
    pull_all(engine, service)

    def refuse(scope: str, at: int) -> None:
        if scope == "PAY":
            raise SourceError("PAY: 503")

    service.put("PAY", issue("PAY-99", id="id-SHOP-3", created=0, updated_at=moment(5)))
    service.before_page = refuse
    pull_all(engine, service)
    assert "shop-3" not in {key for key, _ in pairs(engine, "keys", "key", "native_id")}
    service.before_page = lambda scope, at: None
    pull_all(engine, service)
    assert {("shop-3", "id-SHOP-3"), ("pay-99", "id-SHOP-3")} <= pairs(engine, "keys", "key", "native_id")
    with reading(engine) as connection:
        assert connection.execute(select(removed_keys)).all() == []


def test_a_deleted_issue_goes_as_soon_as_the_numbers_differ(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    del service.scopes["SHOP"]["id-SHOP-4"]
    results = pull_all(engine, service)
    assert {r.scope.id: r.removed for r in results} == {"PAY": 0, "SHOP": 1}
    assert "SHOP-4" not in keys(engine)


def test_what_the_number_of_items_hides_is_found_by_the_census_in_its_rhythm(
    service: FakeSource, engine: Engine
) -> None:
    pull_all(engine, service, day=40)
    # One deleted and one that no incremental query names: the number is the same.
    del service.scopes["SHOP"]["id-SHOP-4"]
    service.put("SHOP", issue("SHOP-10", updated_at=moment(-30)))
    pull_all(engine, service, day=40.5)
    assert "SHOP-4" in keys(engine)
    assert "SHOP-10" not in keys(engine)
    pull_all(engine, service, day=41.5)
    assert "SHOP-4" not in keys(engine)
    assert "SHOP-10" in keys(engine)


def test_the_census_fetches_what_was_missed(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    # Appears late in the index, older than the cursor: no incremental query will ever name it.
    late = issue("SHOP-11", updated_at=moment(-30))
    service.put("SHOP", late)
    pull_all(engine, service)
    assert "SHOP-11" in keys(engine)


def test_when_everything_vanishes_nothing_is_deleted(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    service.scopes["SHOP"].clear()
    results = {r.scope.id: r for r in pull_all(engine, service)}
    assert "nothing was removed" in (results["SHOP"].error or "")
    assert results["PAY"].error is None
    assert len(keys(engine)) == 12
    states = {s.scope: s.state for s in source_statuses(engine, sources=["fake"], end=moment(41))}
    assert states == {"PAY": "fresh", "SHOP": "failed"}
    pull_all(engine, service, full=True)
    assert keys(engine) == {"PAY-1", "PAY-2", "PAY-3"}


@pytest.mark.parametrize("error", [AuthError("SHOP: 401"), SourceError("SHOP: 404")])
def test_a_failing_scope_keeps_what_it_has_and_the_others_go_on(
    service: FakeSource, engine: Engine, error: SourceError
) -> None:
    pull_all(engine, service)

    def refuse(scope: str, at: int) -> None:
        if scope == "SHOP":
            raise error

    service.before_page = refuse
    service.put("PAY", issue("PAY-4", updated_at=moment(2)))
    results = {r.scope.id: r.error for r in pull_all(engine, service)}
    assert results == {"PAY": None, "SHOP": str(error)}
    assert len(keys(engine)) == 13
    service.before_page = lambda scope, at: None
    assert all(r.error is None for r in pull_all(engine, service))
    assert [row["error"] for row in content(engine)["scopes"]] == [None, None]


def test_an_interrupted_pull_goes_on_where_it_was(service: FakeSource, engine: Engine, tmp_path: Path) -> None:
    pages = []

    def fail_later(scope: str, at: int) -> None:
        pages.append(at)
        if scope == "SHOP" and at >= 4:
            raise SourceError("gone")

    service.before_page = fail_later
    pull_all(engine, service)
    assert content(engine)["shards"]
    service.before_page = lambda scope, at: None
    service.requests.clear()
    service.put("SHOP", issue("SHOP-20", updated_at=moment(7)))
    pull_all(engine, service)
    first_pages = [request for request in service.requests if request.startswith("page SHOP")]
    # Two shards resumed at their third page, then an incremental round for what changed since the first plan.
    assert [request for request in first_pages if request.endswith(" 4")]
    assert "SHOP-20" in keys(engine)
    (tmp_path / "other").mkdir()
    other = new_store(tmp_path / "other")
    pull_all(other, service)
    # Cursors aside (they say when the pull began), the store is that of a pull never interrupted.
    assert content(engine, but=("scopes",)) == content(other, but=("scopes",))


def test_a_refused_cursor_starts_its_shard_again(service: FakeSource, engine: Engine) -> None:
    def break_at_four(scope: str, at: int) -> None:
        if at >= 4:
            raise SourceError("gone")

    service.before_page = break_at_four
    pull_all(engine, service)
    refused = []

    def refuse_once(scope: str, at: int) -> None:
        if at >= 4 and not refused:
            refused.append(at)
            raise CursorExpired("too old")

    service.before_page = refuse_once
    service.requests.clear()
    assert all(r.error is None for r in pull_all(engine, service))
    assert len(keys(engine)) == 12
    assert refused


def test_a_source_that_cannot_list_its_scopes_fails_alone(
    service: FakeSource, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull_all(engine, service)
    known = keys(engine)

    class Down(dict):  # type: ignore[type-arg]  # of anything
        def __iter__(self) -> object:  # type: ignore[override]
            raise SourceError("the organisation cannot be listed")

    service.scopes = Down(service.scopes)
    results = pull_all(engine, service)
    assert {(r.scope.id, r.error) for r in results} == {
        ("PAY", "the organisation cannot be listed"),
        ("SHOP", "the organisation cannot be listed"),
    }
    assert keys(engine) == known


def test_a_scope_that_is_no_longer_configured_is_kept_but_not_reported(service: FakeSource, engine: Engine) -> None:
    pull_all(engine, service)
    service.scopes = {"SHOP": service.scopes["SHOP"]}
    pull_all(engine, service)
    assert [s.scope for s in source_statuses(engine, sources=["fake"], end=moment(41))] == ["SHOP"]
    assert "PAY-1" in keys(engine)


def test_only_a_full_sync_of_the_whole_source_gives_up_what_the_service_lists_no_more(
    service: FakeSource, engine: Engine
) -> None:
    service.listed_by_service = True
    pull_all(engine, service)
    service.scopes = {"SHOP": service.scopes["SHOP"]}

    def shown() -> set[tuple[str, str]]:
        return {(s.scope, s.state) for s in source_statuses(engine, sources=["fake"], end=moment(41))}

    pull_all(engine, service)
    assert shown() == {("PAY", "failed"), ("SHOP", "fresh")}
    pull_all(engine, service, full=True, only=("fake:SHOP",))
    assert shown() == {("PAY", "failed"), ("SHOP", "fresh")}
    pull_all(engine, service, full=True)
    assert shown() == {("SHOP", "fresh")}


@pytest.mark.parametrize(("only", "scopes"), [(("fake",), {"PAY", "SHOP"}), (("fake:PAY",), {"PAY"})])
def test_only_what_is_selected_is_pulled(
    service: FakeSource, engine: Engine, only: tuple[str, ...], scopes: set[str]
) -> None:
    assert {r.scope.id for r in pull_all(engine, service, only=only)} == scopes


@pytest.mark.parametrize("only", ["nowhere", "fake:NOWHERE"])
def test_selecting_what_does_not_exist_is_an_error(service: FakeSource, engine: Engine, only: str) -> None:
    with pytest.raises(ConfigError, match=r"has no scope|no source"):
        pull_all(engine, service, only=(only,))


def test_text_that_no_database_takes_is_stored_with_a_replacement(service: FakeSource, engine: Engine) -> None:
    service.put("PAY", issue("PAY-5", title="nul \0 and half a pair \ud800", labels=("\ud800x",)))
    pull_all(engine, service)
    titles = {title for (title,) in pairs(engine, "items", "title")}
    assert "nul � and half a pair �" in titles


def test_pulls_go_on_while_a_page_is_stored_but_not_without_end(
    service: FakeSource, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.put("BIG", *(issue(f"BIG-{n}") for n in range(400)))
    enough = threading.Event()
    asked_meanwhile = []
    real = work.save_pages

    def slow(engine: Engine, arrivals: Sequence[work.Arrival]) -> list[int]:
        if not asked_meanwhile:
            while len(service.requests) < 12:  # so many may wait, whatever the writer took at first
                time.sleep(0.001)
            enough.wait(0.2)  # they ask for no more, because the writer is too far behind
            asked_meanwhile.append(sum(request.startswith("page") for request in service.requests))
        return real(engine, arrivals)

    monkeypatch.setattr(work, "save_pages", slow)
    assert all(r.error is None for r in pull_all(engine, service, only=("fake:BIG",)))
    assert asked_meanwhile[0] <= 60  # of 200
    assert len(keys(engine)) == 400


def test_what_arrives_while_the_writer_is_busy_is_stored_in_one_transaction(
    service: FakeSource, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.put("BIG", *(issue(f"BIG-{n}") for n in range(200)))
    sizes = []
    real = work.save_pages

    def slow(engine: Engine, arrivals: Sequence[work.Arrival]) -> list[int]:
        sizes.append(len(arrivals))
        time.sleep(0.02)
        return real(engine, arrivals)

    monkeypatch.setattr(work, "save_pages", slow)
    pull_all(engine, service)
    assert sum(sizes) >= 100
    assert max(sizes) > 4


def test_a_store_that_refuses_ends_the_sync_with_its_reason(
    service: FakeSource, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(engine: Engine, arrivals: Sequence[work.Arrival]) -> list[int]:
        raise StoreError("the disk is full")

    monkeypatch.setattr(work, "save_pages", refuse)
    with pytest.raises(StoreError, match="the disk is full"):
        pull_all(engine, service)


def test_a_large_scope_does_not_keep_a_small_one_waiting(service: FakeSource, engine: Engine) -> None:
    service.put("BIG", *(issue(f"BIG-{n}") for n in range(60)))
    service.shards = 30
    service.put("SMALL", issue("SMALL-1"))
    service.before_page = lambda scope, at: time.sleep(0.005)
    pull_all(engine, service)
    pages = [request.split()[1] for request in service.requests if request.startswith("page")]
    assert pages.index("SMALL") < len(pages) / 4


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_more_pulls_at_once_than_jobs(service: FakeSource, engine: Engine, jobs: int) -> None:
    service.shards = 12
    now, most = 0, 0
    lock = threading.Lock()

    def count(scope: str, at: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == jobs:
                full.set()
        full.wait(60)
        time.sleep(0.01)  # for one more than there may be
        with lock:
            now -= 1

    full = threading.Event()
    service.before_page = count
    pull_all(engine, service, jobs=jobs)
    assert most == jobs


def test_half_of_a_killed_pull_is_not_asked_for_again(service: FakeSource, engine: Engine) -> None:
    service.put("BIG", *(issue(f"BIG-{n}", created=n / 100) for n in range(400)))
    whole = 200
    asked = []

    def fail_half_way(scope: str, at: int) -> None:
        asked.append(at)
        if scope == "BIG" and len(asked) > whole / 2:
            raise SourceError("the power went")

    service.before_page = fail_half_way
    pull_all(engine, service, only=("fake:BIG",))
    service.before_page = lambda scope, at: None
    service.requests.clear()
    pull_all(engine, service, only=("fake:BIG",))
    pages = [request for request in service.requests if request.startswith("page")]
    assert len(pages) <= 0.55 * whole
    assert len(keys(engine)) == 400


_KILLED = """
import os, signal, sys
from pathlib import Path
import pytest
sys.path.insert(0, sys.argv[1])
from tests.fake_source import FakeSource, issue
from tests.stores import new_store, pull_all, use_fake
from okrsync.store import scopes, work
service = FakeSource()
service.put("SHOP", *(issue(f"SHOP-{n}", labels=("a", f"l{n}")) for n in range(1, 10)))
with pytest.MonkeyPatch.context() as patch:
    use_fake(patch, service)
    writes = 0
    real = work.writing
    def counted(engine):
        global writes
        writes += 1
        if writes == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(engine)
    patch.setattr(work, "writing", counted)
    patch.setattr(scopes, "writing", counted)
    pull_all(new_store(Path(sys.argv[2])), service)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_before_any_of_its_writes_a_sync_ends_with_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FakeSource()
    service.put("SHOP", *(issue(f"SHOP-{n}", labels=("a", f"l{n}")) for n in range(1, 10)))
    use_fake(monkeypatch, service)
    (tmp_path / "whole").mkdir()
    whole = new_store(tmp_path / "whole")
    pull_all(whole, service)
    expected = content(whole)
    root = str(Path(__file__).resolve().parents[1])
    killed = 0
    for write in range(1, 9):
        folder = tmp_path / str(write)
        folder.mkdir()
        engine = new_store(folder)
        done = subprocess.run([sys.executable, "-c", _KILLED, root, str(folder), str(write)], check=False)
        killed += done.returncode == -signal.SIGKILL
        pull_all(engine, service)
        assert content(engine) == expected
    assert killed >= 4
