"""The thread that stores pages: a page that was not stored is asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine

from okrsync.errors import StoreError
from okrsync.store import work
from tests.fake_source import FakeSource, issue
from tests.stores import new_store, pairs, pull_all, use_fake


def test_a_page_that_the_store_refuses_holds_back_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store refuses the first page (a server restarts) when the second is already there, and takes what follows."""
    service = FakeSource(shards=1)
    service.put("SHOP", *(issue(f"SHOP-{number}") for number in range(6)))
    first_is_being_stored, third_is_asked_for, save_pages, refused = Event(), Event(), work.save_pages, list[int]()

    def before_page(scope: str, at: int) -> None:
        if at == 2:
            assert first_is_being_stored.wait(10)
        if at == 4:
            third_is_asked_for.set()

    service.before_page = before_page

    def restarting(engine: Engine, arrivals: Sequence[work.Arrival]) -> list[int]:
        if not refused:
            refused.append(len(arrivals))
            first_is_being_stored.set()
            assert third_is_asked_for.wait(10)
            raise StoreError("the server restarts")
        return save_pages(engine, arrivals)

    monkeypatch.setattr(work, "save_pages", restarting)
    use_fake(monkeypatch, service)
    store = new_store(tmp_path)
    with pytest.raises(StoreError, match="the server restarts"):
        pull_all(store, service)
    assert refused == [1]
    pull_all(store, service)
    assert pairs(store, "items", "key") == {(f"SHOP-{number}",) for number in range(6)}
