"""Cron expressions: what is read, what is refused, and when they match, with cronsim as a second opinion."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from okrsync import cron
from okrsync.schedule import next_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 20, 9, 30, tzinfo=SHANGHAI)  # a Friday


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 * * * *", "2026-11-20T10:00"),
        ("30 9 * * *", "2026-11-21T09:30"),  # strictly after
        ("0 8 * * 1", "2026-11-23T08:00"),  # cron's Monday, which is APScheduler's Tuesday
        ("0 8 * * mon", "2026-11-23T08:00"),
        ("0 8 * * 0", "2026-11-22T08:00"),
        ("0 8 * * 7", "2026-11-22T08:00"),
        ("0 8 * * sat-sun", "2026-11-21T08:00"),
        ("0 8 * * 5-7", "2026-11-21T08:00"),
        ("0 8 1 * 1", "2026-11-23T08:00"),  # either day
        ("0 8 1 * *", "2026-12-01T08:00"),
        ("0 8 */2 * 1", "2026-11-23T08:00"),  # a star with a step restricts, but is no "either"
        ("*/20 8-10 * * *", "2026-11-20T09:40"),
        ("5,50 9 * nov,jan *", "2026-11-20T09:50"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
    ],
)
def test_the_next_time(text: str, first: str) -> None:
    found = next_time(cron.parse(text), SHANGHAI, START)
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M") == first
    assert found.utcoffset() == START.utcoffset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "five fields"),
        ("0 8 * *", "five fields"),
        ("@hourly", "five fields"),
        ("0 25 * * 1", "25 is not between 0 and 23"),
        ("60 8 * * 1", "60 is not between 0 and 59"),
        ("0 8 0 * *", "0 is not between 1 and 31"),
        ("0 8 * * 8", "8 is not between 0 and 7"),
        ("0 8 * * moon", "'moon' is no weekday"),
        ("0 8 * mon *", "'mon' is no month"),
        ("0 8 L * *", "'l' is no day of the month"),
        ("0 8 * * 1#2", "'1#2' is no weekday"),
        ("0 8 ? * *", "'?' is no day of the month"),
        ("5/15 * * * *", "'5/15' is no minute"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("30-10 * * * *", "runs backwards"),
        ("0 8 30 2 *", "none of its months has a day 30"),
        ("0 8 31 4,6 *", "none of its months has a day 31"),
        ("٣ 8 * * *", "is no minute"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="must be") as raised:
        cron.parse(text)
    assert said in str(raised.value)


def _field(low: int, high: int, words: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    # A range of one value with a step is read differently by everybody.
    span = st.lists(number, min_size=2, max_size=2, unique=True).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    step = st.integers(1, max(2, high // 2))
    stepped = st.builds("{}/{}".format, span | st.just("*"), step)
    single = number.map(str) | span | stepped | (st.sampled_from(words) if words else st.nothing())
    return st.just("*") | st.lists(single, min_size=1, max_size=3).map(",".join)


@given(
    st.tuples(
        _field(0, 59),
        _field(0, 23),
        _field(1, 28),
        _field(1, 12, ("jan", "sep")),
        _field(0, 7, cron.WEEKDAYS),
    ).map(" ".join)
)
def test_the_times_are_those_of_another_reader(text: str) -> None:
    written = cron.parse(text)
    expected = list(islice(CronSim(text, START.astimezone(UTC)), 3))
    moment, found = START.astimezone(UTC), []
    for _ in expected:
        following = next_time(written, ZoneInfo("UTC"), moment)
        assert following is not None
        found.append(following)
        moment = following
    assert found == expected
