"""Whom work waited for, as reports read it back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from okrsync.model import Cycle, ItemWait, KeyResult, Kind, Metric, Objective, Programme, Wait, WorkRule
from okrsync.store import read
from okrsync.store.linking import link_all
from tests.fake_source import START, FakeSource, issue, moment, pull
from tests.stores import new_store, pull_all, use_fake

CYCLE = Cycle("Q4", START.date(), START.date() + timedelta(days=90))


def programme(**rules: tuple[WorkRule, ...]) -> Programme:
    key_results = tuple(KeyResult(id_, "O1", id_, None, Kind.METRIC, Metric(), work) for id_, work in rules.items())
    return Programme(cycles=(CYCLE,), objectives=(Objective("O1", "Q4", "t", "O", key_results),))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    service = FakeSource()
    use_fake(monkeypatch, service)
    asked = Wait("review", "mei", moment(10), moment(20))
    service.put(
        "SHOP",
        issue("SHOP-1", labels=("a",), waits=(Wait("assignment", "lin", moment(1), None),)),
        issue("SHOP-2", labels=("b",)),
        pull("acme/shop#3", names=("shop-1", "shop-2"), waits=(asked,)),
        issue("SHOP-4", waits=(Wait("assignment", "mei", moment(30), None),)),
    )
    engine = new_store(tmp_path)
    pull_all(engine, service)
    link_all(engine, programme(KR1=(WorkRule(labels=("a",)),), KR2=(WorkRule(labels=("b",)),)))
    return engine


def waits(engine: Engine, start: float, end: float, *, key_results: tuple[str, ...] = ("KR1", "KR2")) -> list[ItemWait]:
    found = read.waits(engine, sources=("fake",), key_results=key_results, start=moment(start), end=moment(end))
    return sorted(found, key=lambda one: one.key)


def test_waits_name_the_key_results_of_all_pieces_that_the_item_is_part_of(engine: Engine) -> None:
    assert waits(engine, 0, 40) == [
        ItemWait("fake", "SHOP-1", Wait("assignment", "lin", moment(1), None), frozenset({"KR1"})),
        ItemWait("fake", "SHOP-4", Wait("assignment", "mei", moment(30), None)),
        ItemWait("fake", "acme/shop#3", Wait("review", "mei", moment(10), moment(20)), frozenset({"KR1", "KR2"})),
    ]
    assert waits(engine, 0, 40, key_results=("KR2",))[0].key_results == frozenset()


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 10, {"SHOP-1": None}),  # asked as the window ended
        (0, 11, {"SHOP-1": None, "acme/shop#3": None}),  # acted on after the window: still waited for in it
        (0, 20.5, {"SHOP-1": None, "acme/shop#3": moment(20)}),
        (20, 25, {"SHOP-1": None, "acme/shop#3": moment(20)}),
        (21, 25, {"SHOP-1": None}),
    ],
)
def test_a_window_shows_what_was_waited_for_in_it(
    engine: Engine, start: float, end: float, found: dict[str, object]
) -> None:
    assert {one.key: one.wait.until for one in waits(engine, start, end)} == found


def test_sources_that_are_not_asked_for_have_no_waits(engine: Engine) -> None:
    assert not read.waits(engine, sources=("other",), key_results=("KR1",), start=moment(0), end=moment(40))
