"""How text becomes a day or a number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from okrsync.outcomes.values import as_day, as_number, parse_day, parse_number

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-16", date(2026, 11, 16)),
        (" 2026-11-16 ", date(2026, 11, 16)),
        ("2026/11/16", date(2026, 11, 16)),
        ("20261116", date(2026, 11, 16)),
        ("2026-W47", date(2026, 11, 16)),
        ("2026W47", date(2026, 11, 16)),
        ("2026-W47-3", date(2026, 11, 18)),
        ("2026-11", date(2026, 11, 1)),
        ("2026-11-16T23:59:59", date(2026, 11, 16)),
        ("2026/11/16 23:59", date(2026, 11, 16)),
        ("2026-11-16T16:00:00Z", date(2026, 11, 17)),
        ("2026-11-16T15:59:59.999Z", date(2026, 11, 16)),
        ("2026-11-16 16:00:00+00:00", date(2026, 11, 17)),
        ("2026-11-17T00:30:00+09:00", date(2026, 11, 16)),
        ("20261116T160000Z", date(2026, 11, 17)),
        ("2026年11月16日", date(2026, 11, 16)),
        ("2026年1月5日", date(2026, 1, 5)),
        ("2026年11月", date(2026, 11, 1)),
        ("２０２６-１１-１６", date(2026, 11, 16)),
        ("２０２６／１１／１６", date(2026, 11, 16)),
    ],
)
def test_days(text: str, day: date) -> None:
    found = parse_day(text, SHANGHAI)
    assert found == day
    assert type(found) is date


@pytest.mark.parametrize(
    "text",
    [
        "", "today", "16.11.2026", "11/16/2026", "16 Nov 2026", "2026-13-01", "2026-02-30", "2026-W54", "2026-13",
        "1763251200", "20261116123", "2026-11-16x12", "2026-11-16T25:00", "2026", "2026-1", "2026年13月", "11月16日",
        "2026-11-16\x00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-12:00",
    ],
)  # fmt: skip
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValueError):
        parse_day(text, SHANGHAI)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("120", 120), ("1234.5", 1234.5), ("1,234.5", 1234.5), ("1,234,567", 1234567), ("-1,234.5", -1234.5),
        ("12%", 12), ("12.5 %", 12.5), (" 7 ", 7), ("+7", 7), (".5", 0.5), ("5.", 5), ("1.2e3", 1200), ("-3E-2", -0.03),
        ("0", 0), ("", None), ("   ", None), ("NaN", None), ("nan", None), ("n/a", None), ("NA", None),
        ("null", None), ("None", None), ("-", None), ("–", None), ("—", None), ("#N/A", None),
        ("１２３４．５", 1234.5), ("１，２３４．５", 1234.5), ("－１２％", -12),
        ("−12", -12), ("　7　", 7), ("－", None),
    ],
)  # fmt: skip
def test_numbers(text: str, number: float | None) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "12,5", "1,23,456", "1,2345", "0,125", "012,345", "1.234,5", "1 234", "$5", "5 EUR", "five", "%", "5%%", "--5",
        "1e999", "-1e999", "inf", "0x10", "1_000", "١٢", "5\x00", "(12)", "5‰", "1万", "#DIV/0!", "1’234", "1\u00a0234",
    ],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):
        parse_number(text)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-11-16", date(2026, 11, 16)),
        (date(2026, 11, 16), date(2026, 11, 16)),
        (datetime(2026, 11, 16, 23, 59), date(2026, 11, 16)),  # noqa: DTZ001
        (datetime(2026, 11, 16, 16, 0, tzinfo=UTC), date(2026, 11, 17)),
        (datetime(2026, 11, 17, 0, 30, tzinfo=timezone(timedelta(hours=9))), date(2026, 11, 16)),
        (20261116, date(2026, 11, 16)),
        (Decimal(20261116), date(2026, 11, 16)),
        (1794844799, date(2026, 11, 16)),
        (1794844800, date(2026, 11, 17)),
        (1794844799.999, date(2026, 11, 16)),
        (1794844799999, date(2026, 11, 16)),
        (1794844800000, date(2026, 11, 17)),
        (Decimal(1794844800), date(2026, 11, 17)),
    ],
)
def test_days_of_json_and_databases(value: object, day: date) -> None:
    found = as_day(value, SHANGHAI)
    assert found == day
    assert type(found) is date


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {},
        0,
        -1,
        2026,
        202611,
        20261301,
        45977,
        1e14,
        1794844800000000,
        float("nan"),
        float("inf"),
        b"a",
    ],
)
def test_what_is_no_day_in_json_and_databases(value: object) -> None:
    with pytest.raises(ValueError):
        as_day(value, SHANGHAI)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3), (3.5, 3.5), (Decimal("3.50"), 3.5), ("1,234.5", 1234.5), ("12%", 12), (0, 0), (-2, -2), (None, None),
        (float("nan"), None), (Decimal("NaN"), None), ("", None), ("NaN", None),
    ],
)  # fmt: skip
def test_numbers_of_json_and_databases(value: object, number: float | None) -> None:
    found = as_number(value)
    assert found == number
    assert found is None or type(found) is float


@pytest.mark.parametrize(
    "value", [True, False, float("inf"), float("-inf"), Decimal("Infinity"), 10**400, [], {}, b"3", "12,5", date.max]
)
def test_what_is_no_number_in_json_and_databases(value: object) -> None:
    with pytest.raises(ValueError):
        as_number(value)
