"""What an explanation reads from the store, SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from okrsync.model import Cycle, KeyResult, Kind, Measurement, Metric, Objective, Programme, WorkRule
from okrsync.outcomes.interface import Reading
from okrsync.provenance import ItemLink
from okrsync.store import outcomes, provenance
from okrsync.store.engine import writing
from okrsync.store.linking import link_all
from okrsync.store.schema import scopes
from tests.fake_source import START, FakeSource, commit, epic, issue, moment, pull
from tests.stores import new_store, pull_all, use_fake

KR = KeyResult("KR1", "O", "KR1", None, Kind.METRIC, Metric(), (WorkRule(keys=("S-1", "S-3")),))
GOALS = Programme((Cycle("C", START.date(), moment(90).date()),), (), (), (Objective("O", "C", "team", "O", (KR,)),))
RULE = "work[1]: keys=S-1,S-3"
WORK = (
    epic("S-1"),
    issue("S-2", parent_id="id-S-1", done=3),
    issue("S-3", done=4, status="Closed", resolution="Won't Do"),
    issue("S-4", level=-1, type="Sub-task", parent_id="id-S-3"),
    pull("acme/shop#7", closes=("s-2",), contains=("a" * 40,)),
    commit("a" * 40, 3),
    commit("b" * 40, 5, trailers=("KR1",)),
    issue("S-5"),
    pull("acme/shop#8", closes=("s-5",), names=("s-3",)),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    made: Engine = new_store(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres_store")
    service = FakeSource(page_size=50)
    use_fake(monkeypatch, service)
    service.put("S", *WORK)
    pull_all(made, service)
    link_all(made, GOALS)
    return made


def test_linked_items_with_all_parts_of_their_pieces(engine: Engine) -> None:
    found = {item.key[:12]: item for item in provenance.linked_items(engine, sources=["fake"], key_result="KR1")}
    assert {key: item.links for key, item in found.items()} == {
        "S-1": (ItemLink(RULE, "rule", None),),
        "S-2": (ItemLink(RULE, "parent", "S-1"),),
        "S-3": (ItemLink(RULE, "rule", None),),
        "S-4": (ItemLink(RULE, "parent", "S-3"),),
        "acme/shop#7": (ItemLink(RULE, "closes", "S-2"),),
        "a" * 12: (ItemLink(RULE, "names", "acme/shop#7"),),
        "b" * 12: (ItemLink("trailer KR: KR1", "trailer", None),),
        "acme/shop#8": (ItemLink(RULE, "names", "S-3"),),
    }
    assert found["S-1"].pieces == ()
    for key, piece in (("S-2", "S-2"), ("acme/shop#7", "S-2"), ("S-4", "S-3"), ("b" * 12, "b" * 12)):
        assert found[piece].id in found[key].pieces
    # It closes S-5 too, which serves nothing: a name does not spread to another piece.
    assert len(found["acme/shop#8"].pieces) == 2
    dropped = found["S-3"]
    assert (dropped.status, dropped.resolution, dropped.done_at) == ("Closed", "Won't Do", moment(4))
    assert provenance.linked_items(engine, sources=["fake"], key_result="KR2") == []


def test_what_is_configured_no_more_is_not_there(engine: Engine) -> None:
    assert provenance.linked_items(engine, sources=["other"], key_result="KR1") == []
    with writing(engine) as connection:
        connection.execute(update(scopes).values(configured=False))
    assert provenance.linked_items(engine, sources=["fake"], key_result="KR1") == []


def test_every_value_that_was_ever_recorded(engine: Engine) -> None:
    first, second = date(2026, 10, 5), date(2026, 10, 12)
    for day, values in ((20, {first: 118.0, second: 120.0}), (21, {first: 119.0, second: 120.0}), (22, {first: 119.0})):
        readings = [Reading(at, value) for at, value in values.items()]
        outcomes.save_readings(engine, "KR1", "csv", readings, first, second, moment(day))
    outcomes.save_check_in(engine, Measurement("KR1", second, 7.0, "manual", moment(23), 4.0, "said", "lin"))
    outcomes.save_check_in(engine, Measurement("KR2", second, 9.0, "manual", moment(23)))
    found = provenance.recorded(engine, "KR1")
    assert [(each.at, each.origin, each.value, each.recorded_at) for each in found] == [
        (first, "csv", 118.0, moment(20)),
        (second, "csv", 120.0, moment(20)),
        (first, "csv", 119.0, moment(21)),
        (second, "csv", None, moment(22)),
        (second, "manual", 7.0, moment(23)),
    ]
    assert (found[-1].confidence, found[-1].note, found[-1].by) == (4.0, "said", "lin")
    assert len(provenance.recorded(engine, "KR1", known_at=moment(21))) == 2
    in_force = outcomes.measurements_of(engine, ["KR1"], known_at=moment(21))["KR1"]
    assert [(each.at, each.value) for each in in_force] == [(first, 118.0), (second, 120.0)]
