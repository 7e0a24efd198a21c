"""The outcome source ``prometheus``, with a real server, and with answers that a real one gives only when it is ill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.outcomes import prometheus
from okrsync.outcomes.interface import OutcomeContext, OutcomeSource
from okrsync.outcomes.prometheus import Prometheus, PrometheusSettings
from okrsync.sandbox.server import Request, Response
from okrsync.testing import OutcomeContract
from tests.prometheus import PASSWORD, USER, needs_prometheus, running_prometheus
from tests.shop import Shop

BERLIN = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2026, 9, 1), date(2026, 12, 6)
"""The days that the server has data of; clocks change on 25 October."""
NOW = datetime(2026, 12, 7, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def local(day: date, hour: int, minute: int = 0) -> float:
    return datetime.combine(day, time(hour, minute), BERLIN).timestamp()


def days(first: date = FIRST, last: date = LAST) -> Iterator[date]:
    return (first + number * DAY for number in range((last - first).days + 1))


def samples() -> Iterator[tuple[str, float, float]]:
    yield "# TYPE shops gauge\n" + f"shops {FIRST.day} {local(FIRST, 0, 1):.3f}\nshops", FIRST.day, local(FIRST, 0, 2)
    for day in days():
        yield "shops", day.day, local(day, 23, 58)
        yield "shops", 999, local(day + DAY, 0)
    yield "# TYPE gaps gauge\ngaps", 1, local(date(2026, 11, 9), 23, 58)
    yield "gaps", float("nan"), local(date(2026, 11, 10), 23, 58)
    yield "gaps", float("inf"), local(date(2026, 11, 11), 23, 58)
    yield "gaps", 4, local(date(2026, 11, 13), 23, 58)
    for shop in ("a", "b"):
        yield f'# TYPE visits_{shop} gauge\nvisits_{shop}{{shop="{shop}"}}', 1, local(date(2026, 11, 9), 23, 58)
    for version, first in (("1", date(2026, 10, 1)), ("2", date(2026, 11, 1))):
        head = "# TYPE build gauge\n" if version == "1" else ""
        for number, day in enumerate(days(first, first + 20 * DAY)):
            yield f'{"" if number else head}build{{version="{version}"}}', 5, local(day, 23, 58)
    for hour in range(24 * 97 + 1):  # one more: clocks were set back
        head = "" if hour else "# TYPE signups counter\n"
        yield f"{head}signups_total", hour, local(FIRST, 0, 30) + 3600 * hour


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that wants a login and holds weeks of history."""
    with running_prometheus(tmp_path_factory.mktemp("prometheus"), samples(), login=True) as url:
        yield url


def source(url: str, query: str, *, context: dict[str, Any] | None = None, **settings: Any) -> Prometheus:
    settings = {"auth": {"user": USER, "password": PASSWORD}, **settings}
    made = OutcomeContext(Path("/nowhere"), BERLIN, now=NOW, cadence=DAY)
    return Prometheus(
        PrometheusSettings(type="prometheus", url=url, query=query, **settings), replace(made, **context or {})
    )


def read(url: str, query: str, first: date = FIRST, last: date = LAST, **more: Any) -> dict[date, float]:
    return {reading.at: reading.value for reading in source(url, query, **more).read(first, last)}


def refused(
    url: str, query: str, kind: type[SourceError] = SourceError, first: date = FIRST, last: date = LAST, **more: Any
) -> str:
    with pytest.raises(kind) as caught:
        read(url, query, first, last, **more)
    assert type(caught.value) is kind
    return str(caught.value).replace(url, "URL")


# --- a real server ---


@needs_prometheus
def test_a_value_is_that_of_the_last_moment_of_its_day(server: str) -> None:
    assert read(server, "shops") == {day: day.day for day in days()}


@needs_prometheus
def test_weeks_of_a_level_stand_at_their_sunday(server: str) -> None:
    found = read(server, "shops", step="7d")
    assert found == {day: day.day for day in days() if day.isoweekday() == 7}
    assert read(server, "shops", context={"cadence": 7 * DAY}) == found


@needs_prometheus
def test_weeks_of_a_count_stand_at_their_monday(server: str) -> None:
    """That of 168 hours, also in the week that had one more."""
    found = read(server, "increase(signups_total[7d])", date(2026, 9, 7), step="7d", context={"periods": True})
    mondays = [day for day in days(date(2026, 9, 7)) if day.isoweekday() == 1]
    assert found == pytest.approx(dict.fromkeys(mondays, 168))


@needs_prometheus
def test_what_is_not_over_is_left_out(server: str) -> None:
    noon = datetime(2026, 11, 18, 11, tzinfo=UTC)
    assert max(read(server, "shops", context={"now": noon})) == date(2026, 11, 17)
    midnight = datetime.combine(date(2026, 11, 19), time(), BERLIN)
    assert max(read(server, "shops", context={"now": midnight})) == date(2026, 11, 18)
    assert max(read(server, "shops", context={"now": midnight - timedelta(seconds=1)})) == date(2026, 11, 17)
    weekly = {"now": noon, "periods": True}
    assert max(read(server, "last_over_time(signups_total[2h])", step="7d", context=weekly)) == date(2026, 11, 9)


@needs_prometheus
def test_a_running_total(server: str) -> None:
    found = read(server, "signups_total", date(2026, 9, 7), date(2026, 9, 27), step="7d", context={"periods": True})
    assert found == {}, "older than five minutes: Prometheus gives nothing"
    query = "last_over_time(signups_total[2h])"
    found = read(server, query, date(2026, 9, 7), date(2026, 9, 27), step="7d", context={"periods": True})
    assert found == {date(2026, 9, 7): 24 * 13 - 1, date(2026, 9, 14): 24 * 20 - 1, date(2026, 9, 21): 24 * 27 - 1}


@needs_prometheus
def test_what_is_no_number_is_a_gap(server: str) -> None:
    assert read(server, "gaps") == {date(2026, 11, 9): 1, date(2026, 11, 13): 4}


@needs_prometheus
def test_nothing_is_an_empty_series(server: str) -> None:
    assert read(server, "nothing") == {}


@needs_prometheus
@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            '{__name__=~"visits_.*"}',
            'the query gives 2 series, {__name__="visits_a", shop="a"} and {__name__="visits_b", shop="b"}: '
            "make one, as with sum(…)",
        ),
        (
            "build",
            'the query gives 2 series, {__name__="build", version="1"} and {__name__="build", version="2"}: '
            "make one, as with sum(…)",
        ),
        ("sum(", "1:5: parse error: unclosed left parenthesis"),
        ('"text"', 'invalid expression type "string" for range query, must be Scalar or instant Vector'),
    ],
)
def test_queries_that_are_refused(server: str, query: str, message: str) -> None:
    assert message in refused(server, query)


@needs_prometheus
def test_series_that_become_one_in_the_query(server: str) -> None:
    assert read(server, 'sum({__name__=~"visits_.*"})') == {date(2026, 11, 9): 2}
    assert len(read(server, "max without (version) (build)")) == 42


@needs_prometheus
def test_a_login_that_is_not_accepted(server: str) -> None:
    message = refused(server, "shops", AuthError, auth={"user": USER, "password": "s3cret"})
    assert message == ("URL/api/v1/query_range answered 401: Unauthorized. Check the token: it may be wrong or expired")


@needs_prometheus
def test_more_points_than_a_server_gives_at_once(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forty_years = {"first": date(1987, 1, 1), "last": LAST, "context": {"timezone": ZoneInfo("UTC")}}
    assert len(read(server, "vector(1)", **forty_years)) == (LAST - date(1987, 1, 1)).days + 1
    monkeypatch.setattr(prometheus, "MOST_POINTS", 20_000)
    assert "exceeded maximum resolution of 11,000 points" in refused(server, "vector(1)", **forty_years)


# --- how often it asks, and what an ill server says ---


class Recorder(Shop):
    """Gives the moment itself as the value, at every moment that it is asked for."""

    def handle(self, request: Request) -> Response:
        if request.path != "/api/v1/query_range":
            return super().handle(request)
        first, last, step = (round(float(request.first(name)) * 1000) for name in ("start", "end", "step"))
        values = [[moment / 1000, str(moment)] for moment in range(first, last + 1, step)]
        return matrix([{"metric": {}, "values": values}])


def matrix(result: Any, **more: Any) -> Response:
    return Response(json={"status": "success", "data": {"resultType": "matrix", "result": result}, **more})


@pytest.mark.parametrize(
    ("zone", "step", "requests"),
    [("UTC", "1d", 1), ("Asia/Shanghai", "1d", 1), ("Europe/Berlin", "1d", 5), ("Europe/Berlin", "7d", 5)],
)
def test_requests_of_two_years(zone: str, step: str, requests: int) -> None:
    with Recorder() as server:
        context = {"timezone": ZoneInfo(zone)}
        found = read(server.url, "shops", LAST - 729 * DAY, LAST, step=step, context=context, auth=None)
    assert server.count() == requests
    assert len(found) == (730 if step == "1d" else 105)
    for day, moment in found.items():
        last_moment = datetime.fromtimestamp((moment + 1) / 1000, ZoneInfo(zone))
        assert (last_moment.date(), last_moment.time()) == (day + DAY, time()), "the end of its day in the zone"


@pytest.mark.parametrize("step", ["1d", "3d", "7d", "30d"])
def test_periods_stand_still_whenever_they_are_asked_for(step: str) -> None:
    with Recorder() as server:
        whole = read(server.url, "shops", step=step, auth=None)
        for shift in range(8):
            first, last = FIRST + shift * DAY, LAST - shift * DAY
            part = read(server.url, "shops", first, last, step=step, auth=None)
            assert part == {day: value for day, value in whole.items() if first <= day <= last}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Response(body=b"<html>Sign in</html>"), "this is no answer of a Prometheus server: check `url` and `auth`"),
        (Response(json=[]), "this is no answer of a Prometheus server: check `url` and `auth`"),
        (Response(json={"status": "success", "data": {"resultType": "vector", "result": []}}), "this is no answer"),
        (Response(json={"status": "error", "data": {"resultType": "matrix", "result": []}}), "this is no answer"),
        (matrix([{"metric": {}, "values": [[1, "1"]]}]), "this is no answer"),
        (matrix([{"metric": {}, "values": "no"}]), "this is no answer"),
        (matrix([{"values": []}]), "this is no answer"),
        (matrix(None), "this is no answer"),
        (matrix([], warnings=["a store is\x1b[2J away"]), "the answer may not be whole: a store is [2J away"),
        (matrix([{"metric": {}, "histograms": [[1, {}]]}]), "the query gives histograms: make numbers of them"),
        (Response(400, {"status": "error", "error": "bad\nquery"}), "answered 400: bad query"),
        (Response(422, body=b"\xff"), "answered 422: "),
    ],
)
def test_answers_that_are_refused(shop: Shop, answer: Response, message: str) -> None:
    shop.pages["/prom/api/v1/query_range"] = [answer]
    said = refused(f"{shop.url}/prom/", "shops", auth=None)
    assert said.replace("URL", "").removeprefix("api/v1/query_range").lstrip(": ").startswith(message)


def test_remarks_on_the_query_are_no_failure(shop: Shop) -> None:
    shop.pages["/api/v1/query_range"] = [
        matrix([], warnings=["PromQL info: metric might not be a counter"], infos=["x"])
    ]
    assert read(shop.url, "rate(shops[1d])", auth=None) == {}


@pytest.mark.usefixtures("one_try")
def test_a_server_that_is_starting(shop: Shop) -> None:
    shop.pages["/api/v1/query_range"] = [Response(503, body=b"Service Unavailable")]
    assert "answered 503" in refused(shop.url, "shops", RetryableError, auth=None)


def test_the_query_in_the_address_stays(shop: Shop) -> None:
    shop.pages["/api/v1/query_range"] = [matrix([])]
    read(f"{shop.url}?dedup=true", "shops", auth={"token": "s3cret"})
    request = shop.requests[0]
    assert request.first("dedup") == "true"
    assert request.first("query") == "shops"
    assert request.headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "prometheus:9090"}, "must begin with http:// or https://"),
        ({"query": ""}, "at least 1 character"),
        ({"step": "1h"}, "must be whole days, such as 7d or 2w"),
        ({"step": "0d"}, "must be a day or longer"),
        ({"steps": "1d"}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PrometheusSettings(**{"type": "prometheus", "url": "http://host", "query": "up", **settings})
    assert words in str(caught.value)


# --- the contract of every outcome source ---


@needs_prometheus
class TestPrometheus(OutcomeContract):
    @pytest.fixture
    def source(self, server: str) -> OutcomeSource:
        return source(server, "shops")

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        return date(2026, 10, 20), date(2026, 10, 30)

    @pytest.fixture
    def fail(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        def refuse(*_: object) -> object:
            raise SourceError("the server answered 403")

        return lambda: monkeypatch.setattr("okrsync.outcomes.download._once", refuse)
