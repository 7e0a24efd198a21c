"""The HTTP policy and the one place where dates are text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from requests.structures import CaseInsensitiveDict

from okrsync.dates import day_of, end_of, iso, iso_week, parse_moment, start_of
from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import HttpPolicy, error_of, one_line, retry_after, shown_url, with_retries

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SOON = str(int(NOW.timestamp()) + 30)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "nan"}, 0),
        ({"Retry-After": "Fri, 20 Nov 2026 08:01:00 GMT"}, 60),
        ({"Retry-After": "Fri, 20 Nov 2026 07:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": SOON}, 30),
        ({"Retry-After": "7", "X-RateLimit-Reset": SOON}, 7),
        ({"X-RateLimit-Reset": SOON, "X-RateLimit-Remaining": "0"}, 30),
        ({"X-RateLimit-Reset": SOON, "X-RateLimit-Remaining": "12"}, None),
        ({"X-RateLimit-Reset": "2026-11-20T08:00:45Z"}, 45),
        ({"X-RateLimit-Reset": "2026-11-20T08:00:45"}, 45),
        ({"X-RateLimit-Reset": "2026-11-20T16:00:45+08:00"}, 45),
        ({"X-RateLimit-Reset": "never"}, None),
        ({"X-RateLimit-Reset": "1e99"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(CaseInsensitiveDict(headers), NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, AuthError),
        (403, {}, AuthError),
        (403, {"Retry-After": "1"}, RetryableError),
        (404, {}, SourceError),
        (410, {}, SourceError),
        (429, {}, RetryableError),
        (500, {}, RetryableError),
        (503, {"Retry-After": "9"}, RetryableError),
        (501, {}, SourceError),
    ],
)
def test_the_error_of_an_answer(status: int, headers: dict[str, str], kind: type[SourceError]) -> None:
    error = error_of(status, CaseInsensitiveDict(headers), "no\x1b[2J\nway" * 100, "shop: GET /x")
    assert type(error) is kind
    assert str(error).startswith(f"shop: GET /x answered {status}: no [2J way")
    assert len(str(error)) < 350
    assert "\n" not in str(error)
    if isinstance(error, RetryableError):
        assert error.retry_after == (float(headers["Retry-After"]) if headers else None)


def attempts(*errors: Exception, policy: HttpPolicy) -> tuple[list[float], object]:
    """The pauses that were told of, and what came of it."""
    left, waits = list(errors), list[float]()

    def call() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    try:
        return waits, with_retries(call, policy=policy, on_wait=lambda why, seconds: waits.append(seconds))
    except SourceError as error:
        return waits, error


def test_retries() -> None:
    policy = HttpPolicy(attempts=3, longest_wait=10)
    at_once = RetryableError("busy", 0.0)
    assert attempts(at_once, at_once, policy=policy) == ([0.0, 0.0], "answer")
    last = RetryableError("busy still", 0.0)
    assert attempts(at_once, at_once, last, policy=policy) == ([0.0, 0.0], last)
    for final in (SourceError("no"), AuthError("who?")):
        assert attempts(final, policy=policy) == ([], final)
    waits, error = attempts(RetryableError("tomorrow", 11.0), policy=policy)
    assert waits == []
    assert str(error) == "tomorrow. It asks to wait 11 s, which is too long for one run: try again later"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://lin:secret@acme.example:8443/a/b?token=secret#secret", "https://acme.example:8443/a/b"),
        ("https://acme.example/a", "https://acme.example/a"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("https://acme.example:99999/a?secret", "https://acme.example/a"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_one_line() -> None:
    assert one_line(" a\r\n\tb\x1b[31m\u202ec\u200b ") == "a b [31m c"
    assert one_line("x" * 300) == "x" * 199 + "…"
    assert one_line("x" * 5, 5) == "x" * 5


# --- dates ---


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", date(2026, 11, 20), "2026-11-20T00:00:00Z", 24),
        ("Asia/Shanghai", date(2026, 11, 20), "2026-11-19T16:00:00Z", 24),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T04:00:00Z", 25),
        ("America/New_York", date(2026, 3, 8), "2026-03-08T05:00:00Z", 23),
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00:00Z", 23),
    ],
)
def test_days_begin_and_end_in_their_zone(zone: str, day: date, start: str, hours: int) -> None:
    where = ZoneInfo(zone)
    assert iso(start_of(day, where)) == start
    assert end_of(day, where) - start_of(day, where) == timedelta(hours=hours)
    assert day_of(start_of(day, where), where) == day
    assert day_of(end_of(day, where) - timedelta(seconds=1), where) == day
    assert day_of(end_of(day, where), where) == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-03-28T16:06:08.713+0800", datetime(2021, 3, 28, 8, 6, 8, 713000, tzinfo=UTC)),
        ("2022-06-09T01:42:11Z", datetime(2022, 6, 9, 1, 42, 11, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    found = parse_moment(text)
    assert found == moment
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-11-20T08:00:00", "2026-11-20", "yesterday", ""])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError):
        parse_moment(text)


def test_dates_as_text() -> None:
    assert iso(datetime(2026, 11, 20, 16, tzinfo=timezone(timedelta(hours=8)))) == "2026-11-20T08:00:00Z"
    assert [iso_week(date(*day)) for day in ((2026, 11, 20), (2027, 1, 3), (2024, 12, 30))] == [
        "2026-W47", "2026-W53", "2025-W01",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="naive"):
        day_of(datetime(2026, 11, 20), ZoneInfo("UTC"))  # noqa: DTZ001
