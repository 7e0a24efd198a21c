"""Reading outcomes into the store: corrections, withdrawals, failures, and cycles that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from okrsync import measure as module
from okrsync.errors import ConfigError
from okrsync.measure import MeasureResult, measure
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Programme
from okrsync.outcomes.csv import CsvSettings
from okrsync.outcomes.interface import OutcomeContext, OutcomeSettings, OutcomeSource, Reading
from okrsync.plugins import load
from okrsync.store import outcomes
from tests.stores import new_store

CYCLE = Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))
LAG = timedelta(days=14)


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def key_result(name: str, path: str | None, **fields: object) -> KeyResult:
    if path is None:
        metric = Metric(baseline=1, target=2, source_type="manual", source_settings=OutcomeSettings(type="manual"))
    else:
        metric = Metric(
            baseline=1, target=2, lag=LAG, source_type="csv", source_settings=CsvSettings(type="csv", path=path)
        )
    return KeyResult(
        id=name, objective="O1", title=name, owner=None, kind=Kind.METRIC, metric=replace(metric, **fields)
    )  # type: ignore[arg-type]


class Office:
    """A store, a folder of series, and a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Engine = new_store(folder)
        self.key_results = [key_result("KR1", "a.csv"), key_result("KR2", "b.csv"), key_result("KR3", None)]
        self.put("a", {"2026-11-09": 1, "2026-11-16": 2})
        self.put("b", {"2026-11-16": 20})

    def put(self, name: str, values: dict[str, float]) -> None:
        rows = "".join(f"{day},{value}\n" for day, value in values.items())
        (self.folder / f"{name}.csv").write_text(f"date,value\n{rows}")

    def measure(self, day: date = date(2026, 11, 20), *, full: bool = False) -> list[MeasureResult]:
        objective = Objective(id="O1", cycle=CYCLE.id, team="acme", title="O", key_results=tuple(self.key_results))
        programme = Programme(cycles=(CYCLE,), strategy=(), teams=(), objectives=(objective,))
        return measure(
            self.engine, programme, base=self.folder, timezone=ZoneInfo("Asia/Shanghai"), now=at(day), full=full
        )

    def values(self, name: str = "KR1", known_at: datetime | None = None) -> dict[str, float]:
        found = outcomes.measurements_of(self.engine, [name], known_at=known_at)[name]
        return {str(each.at): each.value for each in found}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.engine.dispose()


def test_what_sources_say_is_stored_once(office: Office) -> None:
    assert office.measure() == [MeasureResult("KR1", "csv", 2, values=2), MeasureResult("KR2", "csv", 1, values=1)]
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}
    assert office.measure() == [MeasureResult("KR1", "csv", 0, values=2), MeasureResult("KR2", "csv", 0, values=1)]
    assert office.values("KR3") == {}


def test_a_correction_is_a_revision(office: Office) -> None:
    office.measure(date(2026, 11, 20))
    office.put("a", {"2026-11-09": 1, "2026-11-16": 5})
    assert office.measure(date(2026, 11, 23))[0].changed == 1
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 5}
    assert office.values(known_at=at(date(2026, 11, 23), 0)) == {"2026-11-09": 1, "2026-11-16": 2}
    assert office.values(known_at=at(date(2026, 11, 23))) == {"2026-11-09": 1, "2026-11-16": 2}, "known after it only"
    assert office.values(known_at=at(date(2026, 11, 20), 0)) == {}


def test_a_withdrawn_value_vanishes_and_may_come_back(office: Office) -> None:
    office.measure(date(2026, 11, 20))
    office.put("a", {"2026-11-09": 1})
    assert office.measure(date(2026, 11, 21))[0].changed == 1
    assert office.values() == {"2026-11-09": 1}
    assert office.measure(date(2026, 11, 21))[0].changed == 0
    assert office.values(known_at=at(date(2026, 11, 21), 0)) == {"2026-11-09": 1, "2026-11-16": 2}
    office.put("a", {"2026-11-09": 1, "2026-11-16": 2})
    assert office.measure(date(2026, 11, 22))[0].changed == 1
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}


def test_a_failure_keeps_what_was_read_and_stops_no_other(office: Office) -> None:
    office.measure(date(2026, 11, 20))
    (office.folder / "a.csv").unlink()
    office.put("b", {"2026-11-16": 21})
    message = "a.csv: cannot be read: No such file or directory"
    assert office.measure(date(2026, 11, 21)) == [
        MeasureResult("KR1", "csv", 0, message), MeasureResult("KR2", "csv", 1, values=1),
    ]  # fmt: skip
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}
    assert office.values("KR2") == {"2026-11-16": 21}
    status = outcomes.statuses(office.engine)["KR1"]
    assert (status.last_success, status.error) == (at(date(2026, 11, 20)), message)
    office.put("a", {"2026-11-09": 1})
    office.measure(date(2026, 11, 22))
    assert outcomes.statuses(office.engine)["KR1"].error is None


def test_a_first_failure_is_remembered(office: Office) -> None:
    (office.folder / "a.csv").unlink()
    office.measure()
    status = outcomes.statuses(office.engine)["KR1"]
    assert status.last_success is None
    assert status.error is not None


def test_a_type_that_is_not_installed(office: Office) -> None:
    office.key_results = [key_result("KR1", "a.csv", source_type="abacus")]
    with pytest.raises(ConfigError, match="no plugin 'abacus'"):
        office.measure()


def test_values_of_the_future_and_of_long_ago_are_left_out(office: Office) -> None:
    office.put("a", {"2024-09-30": 1, "2024-10-01": 2, "2026-11-20": 3, "2026-11-21": 4})
    office.measure(date(2026, 11, 20))
    assert office.values() == {"2024-10-01": 2, "2026-11-20": 3}


def test_today_is_the_day_in_the_configured_zone(office: Office) -> None:
    office.put("a", {"2026-11-21": 4})
    objective = Objective(id="O1", cycle=CYCLE.id, team="acme", title="O", key_results=tuple(office.key_results[:1]))
    programme = Programme(cycles=(CYCLE,), strategy=(), teams=(), objectives=(objective,))
    late = at(date(2026, 11, 20), 17)
    measure(office.engine, programme, base=office.folder, timezone=ZoneInfo("UTC"), now=late)
    assert office.values() == {}
    measure(office.engine, programme, base=office.folder, timezone=ZoneInfo("Asia/Shanghai"), now=late)
    assert office.values() == {"2026-11-21": 4}


def test_a_cycle_that_has_ended_is_read_until_its_lag_is_over_and_once_after(office: Office) -> None:
    office.key_results = office.key_results[:1]
    last = CYCLE.end + LAG
    office.put("a", {str(last): 1, str(last + timedelta(days=1)): 2})
    assert office.measure(last)[0].changed == 1
    office.put("a", {str(last): 3})
    assert office.measure(last + timedelta(days=1))[0].changed == 1
    assert office.values() == {str(last): 3}
    office.put("a", {str(last): 4})
    assert office.measure(last + timedelta(days=2)) == []
    assert office.values() == {str(last): 3}
    assert office.measure(last + timedelta(days=3), full=True)[0].changed == 1
    assert office.values() == {str(last): 4}


def test_a_closed_cycle_is_tried_until_it_was_read(office: Office) -> None:
    office.key_results = office.key_results[:1]
    after = CYCLE.end + LAG + timedelta(days=5)
    (office.folder / "a.csv").unlink()
    assert office.measure(after)[0].error is not None
    office.put("a", {"2026-12-28": 1})
    assert office.measure(after)[0].changed == 1
    assert office.measure(after) == []


def test_a_check_in_and_a_series_of_a_day_stand_side_by_side(office: Office) -> None:
    from okrsync.model import Measurement

    office.measure()
    day = date(2026, 11, 16)
    outcomes.save_check_in(office.engine, Measurement("KR1", day, 9.0, "manual", at(day), confidence=3.0, by="lin"))
    found = outcomes.measurements_of(office.engine, ["KR1", "KR2"])
    assert [(m.at.day, m.origin, m.value) for m in found["KR1"]] == [(9, "csv", 1), (16, "csv", 2), (16, "manual", 9)]
    office.put("a", {"2026-11-23": 3})
    office.measure(date(2026, 11, 24), full=True)
    assert [(m.origin, m.by, m.confidence) for m in outcomes.measurements_of(office.engine, ["KR1"])["KR1"]] == [
        ("manual", "lin", 3.0), ("csv", None, None),
    ]  # fmt: skip
    assert outcomes.measurements_of(office.engine, []) == {}


# --- what a source no longer has ---


def test_what_is_older_than_the_first_reading_may_only_be_forgotten(office: Office) -> None:
    """An export of the last weeks leaves the weeks before as they were; ``--full`` believes it wholly."""
    office.put("a", {"2026-11-02": 1, "2026-11-09": 2, "2026-11-16": 3})
    office.measure(date(2026, 11, 20))
    office.put("a", {"2026-11-16": 3, "2026-11-23": 4})
    assert office.measure(date(2026, 11, 24))[0].changed == 1
    assert office.values() == {"2026-11-02": 1, "2026-11-09": 2, "2026-11-16": 3, "2026-11-23": 4}
    assert office.measure(date(2026, 11, 25), full=True)[0].changed == 2
    assert office.values() == {"2026-11-16": 3, "2026-11-23": 4}


def test_a_series_that_is_gone_altogether_is_a_failure(office: Office) -> None:
    office.measure(date(2026, 11, 20))
    office.put("a", {})
    message = (
        "it gave no value between 2024-10-01 and 2026-11-21, and 2 values before: what is known is kept "
        "(`okrsync sync outcomes --full` takes them away)"
    )
    assert office.measure(date(2026, 11, 21))[0] == MeasureResult("KR1", "csv", 0, message)
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}
    assert outcomes.statuses(office.engine)["KR1"].error == message
    assert office.measure(date(2026, 11, 22), full=True)[0] == MeasureResult("KR1", "csv", 2)
    assert office.values() == {}
    assert office.measure(date(2026, 11, 23))[0] == MeasureResult("KR1", "csv", 0), "there was nothing to lose"


def test_another_definition_is_another_series(office: Office) -> None:
    office.measure(date(2026, 11, 20))
    office.put("new", {"2026-11-16": 7})
    office.key_results[0] = key_result("KR1", "new.csv")
    assert office.measure(date(2026, 11, 21))[0].changed == 2
    assert office.values() == {"2026-11-16": 7}, "nothing of the old file is left among the new values"
    assert office.values(known_at=at(date(2026, 11, 21), 0)) == {"2026-11-09": 1, "2026-11-16": 2}
    office.put("new", {"2026-11-23": 8})
    office.measure(date(2026, 11, 24))
    assert office.values() == {"2026-11-16": 7, "2026-11-23": 8}


def test_another_definition_that_fails_changes_nothing(office: Office) -> None:
    office.measure(date(2026, 11, 20))
    office.key_results[0] = key_result("KR1", "none.csv")
    assert office.measure(date(2026, 11, 21))[0].error is not None
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}
    office.key_results[0] = key_result("KR1", "a.csv")
    office.put("a", {"2026-11-16": 2})
    office.measure(date(2026, 11, 22))
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}, "the definition that holds is that of the values"


class Service(OutcomeSource):
    """A service that keeps values for some time only; the test says which it has."""

    type_name = "service"
    Settings = OutcomeSettings
    forgets = True
    has: ClassVar[dict[str, float]] = {}
    contexts: ClassVar[list[OutcomeContext]] = []
    under_way: ClassVar[Barrier] = Barrier(1)

    def read(self, start: date, end: date) -> list[Reading]:
        self.contexts.append(self.context)
        self.under_way.wait(timeout=30)
        return [Reading(date.fromisoformat(day), value) for day, value in self.has.items()]


@pytest.fixture
def service(office: Office, monkeypatch: pytest.MonkeyPatch) -> type[Service]:
    """The first key result is measured by a service."""
    monkeypatch.setattr(module, "load", lambda group, name: Service if name == "service" else load(group, name))
    monkeypatch.setattr(Service, "contexts", [])
    monkeypatch.setattr(Service, "under_way", Barrier(1))
    settings = OutcomeSettings(type="service")
    office.key_results = [key_result("KR1", "a.csv", source_type="service", source_settings=settings)]
    return Service


def test_what_a_service_forgets_is_kept(office: Office, service: type[Service]) -> None:
    service.has = {"2026-11-09": 1, "2026-11-16": 2}
    office.measure(date(2026, 11, 20))
    service.has = {"2026-11-16": 2}
    assert office.measure(date(2026, 11, 21), full=True)[0] == MeasureResult("KR1", "service", 0, values=1)
    service.has = {}
    message = "it gave no value between 2024-10-01 and 2026-11-22, and 2 values before: what is known is kept"
    assert office.measure(date(2026, 11, 22))[0] == MeasureResult("KR1", "service", 0, message)
    assert office.measure(date(2026, 11, 22), full=True)[0] == MeasureResult("KR1", "service", 0, message)
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}
    last = CYCLE.end + LAG
    assert office.measure(last + timedelta(days=1))[0] == MeasureResult("KR1", "service"), "it may have forgotten all"
    assert office.measure(last + timedelta(days=2)) == [], "and is asked no more"
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}


def test_what_a_source_is_told_of_its_key_result(office: Office, service: type[Service]) -> None:
    week, month = timedelta(days=7), timedelta(days=28)
    first = office.key_results[0]
    for fields in ({}, {"cadence": month}, {"counted": True}, {"cumulative": True}):
        office.key_results = [replace(first, metric=replace(first.metric, **fields))]  # type: ignore[arg-type]
        office.measure()
    told = [(each.cadence, each.periods) for each in service.contexts]
    assert told == [(week, False), (month, False), (week, True), (week, True)]
    assert {each.now for each in service.contexts} == {at(date(2026, 11, 20))}
    assert {each.base for each in service.contexts} == {office.folder}


def test_sources_are_read_side_by_side_and_told_in_order(office: Office, service: type[Service]) -> None:
    service.has = {"2026-11-16": 2}
    service.under_way = Barrier(4)
    (first,) = office.key_results
    office.key_results = [replace(first, id=f"KR{number}") for number in range(8)]
    assert [result.key_result for result in office.measure()] == [f"KR{number}" for number in range(8)]
    downloads = {id(each.downloads) for each in service.contexts}
    assert len(downloads) == 1, "what one source has downloaded, the next need not ask for"
