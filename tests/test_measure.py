"""Reading outcomes into the store: corrections, withdrawals, failures, and cycles that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from okrsync.measure import MeasureResult, measure
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Programme
from okrsync.outcomes.csv import CsvSettings
from okrsync.outcomes.interface import OutcomeSettings
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
    assert office.measure() == [MeasureResult("KR1", "csv", 2), MeasureResult("KR2", "csv", 1)]
    assert office.values() == {"2026-11-09": 1, "2026-11-16": 2}
    assert office.measure() == [MeasureResult("KR1", "csv", 0), MeasureResult("KR2", "csv", 0)]
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
        MeasureResult("KR1", "csv", 0, message), MeasureResult("KR2", "csv", 1),
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
    message = "outcome sources of type abacus are not part of this version of okrsync"
    assert office.measure() == [MeasureResult("KR1", "abacus", 0, message)]


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
    office.put("a", {})
    office.measure()
    assert [(m.origin, m.by, m.confidence) for m in outcomes.measurements_of(office.engine, ["KR1"])["KR1"]] == [
        ("manual", "lin", 3.0)
    ]
    assert outcomes.measurements_of(office.engine, []) == {}
