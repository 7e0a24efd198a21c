"""The outcome source ``http``, from a server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.outcomes.http import Http, HttpSettings
from okrsync.outcomes.interface import OutcomeContext
from okrsync.sandbox.server import Request, Response
from okrsync.testing import OutcomeContract
from tests.shop import Shop

START, END = date(2026, 10, 1), date(2026, 12, 31)
TWO = {"2026-11-09": 1, "2026-11-16": 2}
ROWS = [{"date": "2026-11-09", "value": 1}, {"date": "2026-11-16", "value": 2}]


def source(shop: Shop, path: str = "/series", **settings: Any) -> Http:
    context = OutcomeContext(Path("/nowhere"), ZoneInfo("Asia/Shanghai"))
    return Http(HttpSettings(type="http", url=shop.url + path, **settings), context)


def read(shop: Shop, answer: Any, **settings: Any) -> dict[str, float]:
    shop.pages["/series"] = [answer if isinstance(answer, Response) else Response(json=answer)]
    return {str(one.at): one.value for one in source(shop, **settings).read(START, END)}


def refused(shop: Shop, answer: Any, kind: type[SourceError] = SourceError, **settings: Any) -> str:
    with pytest.raises(kind) as caught:
        read(shop, answer, **settings)
    assert type(caught.value) is kind
    return str(caught.value).replace(shop.url, "URL")


def text(body: str, kind: str = "application/json", **headers: str) -> Response:
    return Response(body=body.encode(), headers={"Content-Type": kind, **headers})


@pytest.mark.parametrize(
    ("answer", "settings", "found"),
    [
        pytest.param(ROWS, {"rows": "@"}, TWO, id="a list of rows"),
        pytest.param(ROWS, {"date": "[].date", "value": "[].value"}, TWO, id="two lists"),
        pytest.param(
            {"data": {"points": [{"t": {"day": "2026-11-09"}, "n": 1}, {"t": {"day": "2026-11-16"}, "n": 2}]}},
            {"rows": "data.points", "date": "t.day", "value": "n"}, TWO, id="rows further in",
        ),
        pytest.param(
            {"data": {"points": [["2026-11-09", 1], ["2026-11-16", 2]]}},
            {"rows": "data.points", "date": "[0]", "value": "[1]"}, TWO, id="rows that are lists",
        ),
        pytest.param(
            {"data": [["2026-11-09", 1], ["2026-11-16", 2]]}, {"date": "data[*][0]", "value": "data[*][1]"}, TWO,
            id="lists in a list",
        ),
        pytest.param(
            {"days": ["2026-11-09", "2026-11-16"], "shops": [1, 2]}, {"date": "days", "value": "shops"}, TWO,
            id="columns",
        ),
        pytest.param(
            {"2026-11-09": 1, "2026-11-16": 2}, {"date": "keys(@)", "value": "values(@)"}, TWO, id="days as keys"
        ),
        pytest.param({"date": "2026-11-16", "value": 2}, {}, {"2026-11-16": 2}, id="a single value"),
        pytest.param(
            [{"date": "2026-11-02", "value": None}, *ROWS], {"date": "[].date", "value": "[].value"}, TWO,
            id="a null in two lists",
        ),
        pytest.param(
            [{"date": "2026-11-02"}, *ROWS, {"date": None, "value": None}], {"date": "[*].date", "value": "[*].value"},
            TWO, id="a key that is missing",
        ),
        pytest.param(
            [{"segment": "eu", **one} for one in ROWS] + [{"segment": "us", "date": "2026-11-09", "value": 9}],
            {"rows": "[?segment=='eu']"}, TWO, id="a filter",
        ),
        pytest.param(
            {"a": {"date": "2026-11-09", "value": 1}, "b": {"date": "2026-11-16", "value": 2}},
            {"date": "*.date", "value": "*.value"}, TWO, id="the values of an object",
        ),
        pytest.param(
            [{"day": "2026-11-09", "shops": [{"n": 1}, {"n": None}, {"n": 4}]}],
            {"rows": "@", "date": "day", "value": "sum(shops[].n)"}, {"2026-11-09": 5}, id="a sum leaves nulls out",
        ),
        pytest.param(
            [{"date": 1794844799, "value": 1}, {"date": 1794844800000, "value": "1,234.5"}], {"rows": "@"},
            {"2026-11-16": 1, "2026-11-17": 1234.5}, id="epoch seconds and milliseconds, in the zone",
        ),
        pytest.param(
            [{"date": "2026-11-16T16:00:00Z", "value": "12%"}], {"rows": "@"}, {"2026-11-17": 12}, id="a time stamp"
        ),
        pytest.param(
            [{"date": "2026-09-30", "value": 1}, {"date": "2027-01-01", "value": 1}, *ROWS], {"rows": "@"}, TWO,
            id="days outside",
        ),
        pytest.param([], {"rows": "@"}, {}, id="no rows"),
        pytest.param(ROWS, {}, TWO, id="the answer is the list of rows"),
        pytest.param(text('[{"date": "2026-11-16", "value": NaN}, {"date": "2026-11-09", "value": 1}]'),
            {"rows": "@"}, {"2026-11-09": 1}, id="NaN"),
    ],
)  # fmt: skip
def test_answers(shop: Shop, answer: Any, settings: dict[str, Any], found: dict[str, float]) -> None:
    assert read(shop, answer, **settings) == found


@pytest.mark.parametrize(
    ("answer", "settings", "message"),
    [
        ({}, {"rows": "data"}, "URL/series: `rows` (data) finds nothing in the answer"),
        ({"data": {}}, {"rows": "data"}, "URL/series: `rows` (data) finds no list in the answer"),
        (ROWS, {"rows": "@", "value": "shops"}, "URL/series: `value` (shops) finds nothing in the answer"),
        (ROWS, {"value": "shops"}, "URL/series: `value` (shops) finds nothing in the answer"),
        (ROWS, {"rows": "@", "date": "day"}, "URL/series: `date` (day) finds nothing in the answer"),
        ({}, {}, "URL/series: `date` (date) finds nothing in the answer"),
        ({"date": "2026-11-16"}, {}, "URL/series: `value` (value) finds nothing in the answer"),
        (
            {"date": ["2026-11-09"], "value": [1, 2]}, {},
            "URL/series: `date` finds 1 and `value` 2: they must come in pairs; with `rows` they are read row by row",
        ),
        (
            [*ROWS, {"date": "2026-11-16", "value": 3}], {"rows": "@"},
            "URL/series: row 3: a second value for 2026-11-16 (the first is in row 2): "
            "`rows`, `date` and `value` must give one value a day",
        ),
        (
            [*ROWS, {"date": "16.11.2026", "value": 3}], {"rows": "@"},
            "URL/series: row 3: '16.11.2026' as `date` is no date; write 2026-11-16",
        ),
        ([*ROWS, {"value": 3}], {"rows": "@"}, "URL/series: row 3: None as `date` is no date; write 2026-11-16"),
        (
            [*ROWS, {"date": "2026-11-23", "value": True}], {"rows": "@"},
            "URL/series: row 3: True as `value` is no number; write 1234.5 or 1,234.5",
        ),
        (
            text('[{"date": "2026-11-16", "value": Infinity}]'), {"rows": "@"},
            "URL/series: row 1: inf as `value` is no number; write 1234.5 or 1,234.5",
        ),
        ([{"date": "2026-11-23", "value": {"a": 1}}], {"rows": "@"}, "URL/series: row 1: {'a': 1} as `value` is no"),
        ([1], {"rows": "@", "date": "abs(@)", "value": "length(@)"}, "URL/series: 'length(@)' cannot be applied: In"),
        (text("<!doctype html>", "text/html; charset=utf-8"), {},
            "URL/series: the answer is not JSON but text/html: is it a page to log in? Check `auth`"),
        (text("", "application/json"), {}, "URL/series: the answer is not JSON but application/json"),
        (text("[" * 100_000), {}, "URL/series: the "),
        (Response(json=ROWS, headers={"Link": '</series?page=2>; rel="next"'}), {"rows": "@"},
            "URL/series: the answer has more pages; ask for all in one, in the URL"),
        (Response(404), {}, "URL/series answered 404: Not Found"),
        (Response(204), {}, "URL/series answered 204: No Content"),
        (Response(302), {}, "URL/series answered 302: Found"),
    ],
)  # fmt: skip
def test_what_is_refused(shop: Shop, answer: Any, settings: dict[str, Any], message: str) -> None:
    assert refused(shop, answer, **settings).startswith(message)


def test_a_token_that_is_not_accepted(shop: Shop) -> None:
    message = refused(shop, Response(401, {"message": "no"}), AuthError, auth={"token": "s3cret"})
    assert message == "URL/series answered 401: Unauthorized. Check the token: it may be wrong or expired"


@pytest.mark.usefixtures("one_try")
def test_a_server_that_is_down(shop: Shop) -> None:
    assert refused(shop, Response(503), RetryableError) == "URL/series answered 503: Service Unavailable"


def test_the_days_go_into_the_url(shop: Shop) -> None:
    shop.pages["/2026-10-01"] = [Response(json=ROWS)]
    source(shop, "/{start}?to={end}&token=s3cret", rows="@").read(START, END)
    assert [(each.path, each.query) for each in shop.requests] == [
        ("/2026-10-01", {"to": ["2026-12-31"], "token": ["s3cret"]})
    ]
    shop.pages.clear()
    with pytest.raises(SourceError) as caught:
        source(shop, "/{start}?to={end}&token=s3cret").read(START, END)
    assert str(caught.value).replace(shop.url, "URL") == "URL/2026-10-01 answered 404: Not Found"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "ftp://host/a"}, "must begin with http:// or https://"),
        ({"url": "https:///a"}, "must name a host"),
        ({"url": "https://lin:s3cret@host/a"}, "no user or password in a URL"),
        ({"url": "https://host:port/a"}, "must name a host"),
        ({"url": "https://host/{from}"}, "holds '{from}': okrsync fills in {start} and {end}"),
        ({"rows": "data["}, "is no JMESPath expression"),
        ({"date": ""}, "at least 1 character"),
        ({"value": "nothing(@"}, "is no JMESPath expression"),
        ({"value": "nothing(@)", "rows": None, "values": 1}, "Extra inputs are not permitted"),
        ({"auth": {"token": "s3cret\n"}}, "must be one line of ASCII"),
        ({"auth": {"token": ""}}, "must be one line of ASCII"),
        ({"auth": {"user": "lin:x", "password": "s3cret"}}, "should match pattern"),
        ({"auth": {"user": "lin", "password": ""}}, "must not be empty"),
        ({"auth": {"header": "X Key", "value": "s3cret"}}, "should match pattern"),
        ({"auth": {"token": "s3cret", "user": "lin"}}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpSettings(**{"type": "http", "url": "https://host/a", **settings})
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def _echo(request: Request) -> Response:
    """A refusal that repeats what it was sent."""
    return Response(403, {"message": f"no: {dict(request.headers)}"})


class Months(Shop):
    """Gives the middle of each month of a year, between the days that the URL names; wants a token."""

    def handle(self, request: Request) -> Response:
        if request.headers.get("X-Api-Key") != "s3cret":
            return Response(403, {"message": "who are you?"})
        days = [f"2026-{month:02}-15" for month in range(12, 0, -1)]
        kept = [day for day in days if request.first("from") <= day <= request.first("to")]
        return Response(json={"points": [{"day": day, "n": int(day[5:7])} for day in kept]})


class TestHttp(OutcomeContract):
    secrets = ("s3cret",)

    @pytest.fixture
    def months(self) -> Iterator[Months]:
        with Months() as months:
            yield months

    @pytest.fixture
    def fail(self, months: Months) -> Callable[[], None]:
        return lambda: months.faults.append(_echo)

    @pytest.fixture
    def source(self, months: Months) -> Any:
        return source(
            months,
            "/series?from={start}&to={end}",
            rows="points",
            date="day",
            value="n",
            auth={"header": "X-Api-Key", "value": "s3cret"},
        )

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        return START, END
