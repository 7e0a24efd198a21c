"""The contract suite of outcome sources finds what is wrong: each of these sources breaks it in one way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from pydantic import ConfigDict

from okrsync.errors import SourceError, StoreError
from okrsync.outcomes.interface import OutcomeContext, OutcomeSettings, OutcomeSource, Reading
from okrsync.testing import OutcomeContract

DAYS = (date(2026, 10, 1), date(2026, 12, 31))
SUITE = [name for name in dir(OutcomeContract) if name.startswith("test_")]


SECRET = "s3cret-canary"


class Good(OutcomeSource):
    """The middle of each month; ``broken`` makes the service refuse."""

    broken: ClassVar[bool] = False

    type_name: ClassVar[str] = "good"
    Settings: ClassVar[type[OutcomeSettings]] = OutcomeSettings
    all: ClassVar[list[Reading]] = [Reading(date(2026, month, 15), float(month)) for month in range(1, 13)]

    def read(self, start: date, end: date) -> Sequence[Reading]:
        if self.broken:
            return self.refused()
        return [one for one in self.all if start <= one.at <= end]

    def refused(self) -> Sequence[Reading]:
        raise SourceError("the service answered 403")


class Silent(Good):
    def refused(self) -> Sequence[Reading]:
        return []


class Wordless(Good):
    def refused(self) -> Sequence[Reading]:
        raise SourceError("")


class Telling(Good):
    def refused(self) -> Sequence[Reading]:
        raise SourceError(f"Bearer {SECRET} was refused")


class Partial(Good):
    def refused(self) -> Sequence[Reading]:
        return self.all[9:10]


class ShowsAll(Good):
    def __repr__(self) -> str:
        return f"{SECRET} logs in"


class Backwards(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        return list(super().read(start, end))[::-1]


class Twice(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        return [one for one in super().read(start, end) for _ in range(2)]


class Whole(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        return self.all


class WithoutFirst(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        return [one for one in self.all if start < one.at <= end]


class WithoutLast(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        return [one for one in self.all if start <= one.at < end]


class Short(Good):
    all: ClassVar[list[Reading]] = Good.all[-2:]


class Empty(Good):
    all: ClassVar[list[Reading]] = []


class Whole_numbers(Good):
    all: ClassVar[list[Reading]] = [Reading(one.at, int(one.value)) for one in Good.all]


class Not_a_number(Good):
    all: ClassVar[list[Reading]] = [Reading(one.at, float("nan")) for one in Good.all]


class Moments(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        found = super().read(start, end)
        return [Reading(datetime(one.at.year, one.at.month, 15), one.value) for one in found]  # noqa: DTZ001


class Wavering(Good):
    def read(self, start: date, end: date) -> Sequence[Reading]:
        self.again = not getattr(self, "again", False)
        return super().read(start, end if self.again else end - timedelta(days=60))


class AnyKey(OutcomeSettings):
    model_config = ConfigDict(extra="ignore")


class Careless(Good):
    Settings: ClassVar[type[OutcomeSettings]] = AnyKey


class Nameless(Good):
    type_name: ClassVar[str] = ""


def failed(kind: type[OutcomeSource]) -> set[str]:
    source = kind(kind.Settings(type="good"), OutcomeContext(Path(), ZoneInfo("UTC")))
    suite: Any = OutcomeContract()
    suite.secrets = (SECRET,)
    found = set()
    for name in SUITE:
        test = getattr(suite, name)
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            fixtures = {
                "source": source,
                "days": DAYS,
                "fail": lambda patch=patch: patch.setattr(kind, "broken", True),
                "tmp_path": Path(folder),
                "monkeypatch": patch,
            }
            try:
                test(**{wanted: fixtures[wanted] for wanted in signature(test).parameters})
            except (AssertionError, IndexError, TypeError, ValueError, pytest.fail.Exception, StoreError):
                found.add(name)
    return found


def test_a_good_source_passes() -> None:
    assert len(SUITE) >= 5
    assert failed(Good) == set()


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Backwards, "test_readings_are_in_order_and_finite"),
        (Twice, "test_readings_are_in_order_and_finite"),
        (Whole, "test_readings_are_in_order_and_finite"),
        (Whole_numbers, "test_readings_are_in_order_and_finite"),
        (Not_a_number, "test_readings_are_in_order_and_finite"),
        (Moments, "test_readings_are_in_order_and_finite"),
        (Empty, "test_readings_are_in_order_and_finite"),
        (Wavering, "test_same_readings_again"),
        (WithoutFirst, "test_both_days_belong_to_what_is_asked_for"),
        (WithoutLast, "test_both_days_belong_to_what_is_asked_for"),
        (Short, "test_there_is_more_outside"),
        (Careless, "test_settings_refuse_what_they_do_not_know"),
        (Nameless, "test_settings_refuse_what_they_do_not_know"),
        (ShowsAll, "test_settings_show_no_secret"),
        (Silent, "test_a_failure_is_an_error_without_secrets"),
        (Wordless, "test_a_failure_is_an_error_without_secrets"),
        (Telling, "test_a_failure_is_an_error_without_secrets"),
        (Telling, "test_what_was_read_is_kept_when_the_source_fails"),
        (Partial, "test_what_was_read_is_kept_when_the_source_fails"),
    ],
)
def test_what_is_wrong_is_found(kind: type[OutcomeSource], test: str) -> None:
    assert test in failed(kind)
