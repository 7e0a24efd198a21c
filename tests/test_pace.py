"""One budget a host: what is let through, what waits, and what is said of it. The clock is the test's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from okrsync_github import Settings
from okrsync_github.client import GitHubClient
from requests.structures import CaseInsensitiveDict

from okrsync.connector import ConnectorContext
from okrsync.errors import RetryableError, SourceError
from okrsync.pace import Paces, host_of
from okrsync.paced import Cost, PacedAdapter
from okrsync.pacing import PATIENCE, START, HostLimits, Pacing
from okrsync.sandbox.server import Request, Response, StandIn


def full(pacing: Pacing, now: float) -> int:
    """Start what may start at one moment; how many that were."""
    begun = 0
    while pacing.ask(now) is None:
        pacing.begin(now)
        begun += 1
    return begun


def test_it_starts_low_and_doubles_each_round_trip_up_to_the_ceiling() -> None:
    pacing = Pacing(ceiling=20)
    rounds = []
    for trip in range(4):
        rounds.append(full(pacing, trip))
        for _ in range(rounds[-1]):
            pacing.good(trip + 0.9, trip)
    assert rounds == [START, 2 * START, 4 * START, 20]


@pytest.mark.parametrize(("ceiling", "limits", "most"), [(3, None, 3), (500, 100, 100), (8, 100, 8)])
def test_never_more_at_once_than_asked_for_and_than_the_operator_bears(
    ceiling: int, limits: int | None, most: int
) -> None:
    pacing = Pacing(ceiling, HostLimits(at_once=limits))
    for trip in range(12):
        for _ in range(full(pacing, trip)):
            pacing.good(trip + 0.9, trip)
    assert full(pacing, 100) == most


def test_one_at_a_time_does_not_raise_what_was_never_tried() -> None:
    pacing = Pacing(ceiling=64)
    for trip in range(200):
        pacing.begin(trip)
        pacing.good(trip + 0.5, trip)
    assert pacing.window <= 2 * START


def test_points_a_minute_are_never_exceeded_in_any_minute() -> None:
    pacing = Pacing(50, HostLimits(points_a_minute={"rest": 90, "graphql": 20}))
    starts: list[float] = []
    now = 0.0
    while len(starts) < 400:
        hold = pacing.ask(now, "rest", 3)
        if hold is None:
            pacing.begin(now, "rest", 3)
            pacing.good(now, now, kind="rest")
            starts.append(now)
        else:
            assert hold.until is not None
            assert "90 points a minute" in hold.why
            now = hold.until
    for start in starts:
        assert 3 * sum(start <= other <= start + 60 for other in starts) <= 90
    assert pacing.ask(now, "graphql") is None  # counted by itself


def test_a_request_that_costs_more_than_a_minute_allows_is_made_alone() -> None:
    pacing = Pacing(8, HostLimits(points_a_minute={"": 10}))
    assert pacing.ask(0, points=50) is None


def test_a_pause_holds_everybody_and_says_why() -> None:
    pacing = Pacing(8)
    pacing.begin(0)
    pacing.refused(1, 0, 5, "it answered 429")
    hold = pacing.ask(2)
    assert hold is not None
    assert (hold.until, hold.why) == (6, "it answered 429")
    assert pacing.ask(6) is None


def test_refusals_without_a_time_pause_longer_each_time() -> None:
    pacing = Pacing(1)
    now, pauses = 0.0, []
    for _ in range(8):
        pacing.begin(now)
        pacing.refused(now + 0.1, now, None, "no")
        hold = pacing.ask(now + 0.1)
        assert hold is not None
        assert hold.until is not None
        pauses.append(round(hold.until - now - 0.1, 3))
        now = hold.until + 10
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_what_an_answer_leaves_is_not_exceeded() -> None:
    pacing = Pacing(50)
    pacing.begin(0, "core")
    pacing.good(1, 0, kind="core")
    pacing.allowance(1, "core", left=3, reset_in=30)
    begun = 0
    while (hold := pacing.ask(1, "core")) is None:
        pacing.begin(1, "core")
        begun += 1
    assert begun == 3
    assert hold.until == 31
    assert "allowance" in hold.why
    assert pacing.ask(1, "search") is None
    assert pacing.ask(31, "core") is None


def test_answers_that_overtake_each_other_do_not_raise_an_allowance() -> None:
    pacing = Pacing(50)
    pacing.allowance(1, "", left=0, reset_in=30)
    pacing.allowance(1.1, "", left=2, reset_in=29.9)
    assert pacing.ask(2) is not None


def windows(pacing: Pacing, rounds: int, *, seconds: float, bears: int) -> list[int]:
    """The windows of some rounds against a service that does so many at once, and lets the others queue."""
    now, begun = 0.0, []
    for _ in range(rounds):
        begun.append(full(pacing, now))
        took = seconds * max(1.0, begun[-1] / bears)
        for _ in range(begun[-1]):
            pacing.good(now + took, now, "page")
        now += took
    return begun


def test_it_asks_less_when_more_at_once_only_takes_longer() -> None:
    assert max(windows(Pacing(200), 60, seconds=0.1, bears=16)[10:]) <= 2.3 * 16


def test_a_service_that_became_slow_by_itself_is_not_asked_less_for_long() -> None:
    pacing = Pacing(16)
    windows(pacing, 10, seconds=0.1, bears=99)
    assert windows(pacing, 12, seconds=0.5, bears=99)[-1] == 16


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"Retry-After": "7"}, 7), (403, {"Retry-After": "3"}, 3), (503, {"Retry-After": "2"}, 2), (429, {}, 1)],
)
def test_which_answers_hold_the_host_back(status: int, headers: dict[str, str], wait: float) -> None:
    clock = [0.0]
    pace = Paces(8, lambda: clock[0]).of("https://acme.example/x")
    with pace.request() as request:
        request.answered(status, CaseInsensitiveDict(headers))
    hold = pace._pacing.ask(0)
    assert hold is not None
    assert hold.until == wait


@pytest.mark.parametrize("status", [200, 304, 401, 403, 404])
def test_other_refusals_hold_nobody_back(status: int) -> None:
    pace = Paces(8, lambda: 0.0).of("https://acme.example/x")
    with pace.request() as request:
        request.answered(status, CaseInsensitiveDict())
    assert pace._pacing.ask(0) is None


def test_a_host_has_one_pace_whatever_asks_it() -> None:
    paces = Paces(8)
    assert paces.of("https://bot:secret@ACME.example/a") is paces.of("https://acme.example/b?c")
    assert paces.of("https://acme.example:8443") is not paces.of("https://acme.example")
    assert host_of("https://bot:secret@ACME.example:8443/a") == "acme.example:8443"


def test_a_pause_longer_than_a_run_waits_is_an_error_that_names_it() -> None:
    pace = Paces(8, lambda: 0.0).of("https://acme.example")
    pace.pause(900, "it answered 403")
    with pytest.raises(RetryableError, match=r"acme\.example: it answered 403") as caught, pace.request():
        pass
    assert caught.value.retry_after == 900


def test_nobody_waits_for_a_run_that_ends() -> None:
    paces = Paces(1)
    pace = paces.of("https://acme.example")
    outcome: list[str] = []

    def second() -> None:
        try:
            with pace.request():
                outcome.append("let through")
        except SourceError as error:
            outcome.append(f"{type(error).__name__}: {error}")

    with pace.request():
        thread = threading.Thread(target=second)
        thread.start()
        paces.close()
        thread.join()
    assert outcome == ["SourceError: acme.example: not asked any more, the sync is ending"]


class Counting(StandIn):
    """Answers 429 to every third request, and knows how many were under way at once."""

    def __init__(self) -> None:
        super().__init__(latency=0.005)
        self.at_once = self.most = self.served = 0
        self.lock = threading.Lock()

    def answer(self, request: Request) -> Response:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            return super().answer(request)
        finally:
            with self.lock:
                self.at_once -= 1

    def handle(self, request: Request) -> Response:
        with self.lock:
            self.served += 1
            refuse = self.served % 3 == 0
        return Response(429, {}, {"Retry-After": "0.01"}) if refuse else Response(200, {})


@pytest.fixture
def service() -> Iterator[Counting]:
    with Counting() as service:
        yield service


def test_every_request_of_a_session_keeps_to_the_pace(service: Counting) -> None:
    pace = Paces(3).of(service.url)
    costs: list[str] = []

    def cost(request: requests.PreparedRequest) -> Cost:
        costs.append(request.path_url)
        return Cost("rest")

    with requests.Session() as session:
        session.mount("http://", PacedAdapter(pace, cost=cost))
        threads = [threading.Thread(target=session.get, args=(f"{service.url}/{n}",)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert service.most <= 3
    assert sorted(costs) == sorted(f"/{n}" for n in range(12))
    assert pace.rate is not None  # it was refused, and is careful from here on


def test_a_host_that_does_not_answer_gives_its_place_back() -> None:
    pace = Paces(1).of("http://127.0.0.1:9")
    with requests.Session() as session:
        session.mount("http://", PacedAdapter(pace))
        for _ in range(3):
            with pytest.raises(requests.ConnectionError):
                session.get("http://127.0.0.1:9/")


def in_vain(pacing: Pacing, start: float, end: float, status: int = 0) -> None:
    """One request that brings nothing, or a refusal."""
    pacing.begin(start)
    if status:
        pacing.refused(end, start, 100.0, "it answered 429")
    else:
        pacing.failed(end, start)


@pytest.mark.parametrize("status", [0, 429])
def test_a_host_that_brings_nothing_for_long_is_given_up(status: int) -> None:
    pacing = Pacing(8)
    trips = int(PATIENCE // 100)
    for trip in range(trips):
        in_vain(pacing, trip * 100, trip * 100 + 60, status)
        assert not pacing.given_up
    in_vain(pacing, trips * 100, trips * 100 + 60, status)
    assert pacing.given_up


def test_one_usable_answer_is_reason_to_go_on_and_time_without_requests_is_none_to_give_up() -> None:
    pacing = Pacing(8)
    in_vain(pacing, 0, 60)
    in_vain(pacing, 500, 560)
    pacing.begin(570)
    pacing.good(571, 570)
    in_vain(pacing, 580, 640)
    assert not pacing.given_up
    assert pacing.ask(640 + 2 * PATIENCE) is None


def test_a_host_that_was_given_up_is_not_asked_for_other_scopes() -> None:
    clock = iter(range(0, 100_000, 61))
    pace = Paces(8, lambda: float(next(clock))).of("http://127.0.0.1:9")
    with requests.Session() as session:
        session.mount("http://", PacedAdapter(pace))
        for _ in range(6):  # 61 s each, and 61 s between them
            with pytest.raises(requests.ConnectionError):
                session.get("http://127.0.0.1:9/")
        with pytest.raises(SourceError, match="no usable answer for 10 minutes") as caught:
            session.get("http://127.0.0.1:9/")
    # Not one of those that are tried again.
    assert not isinstance(caught.value, RetryableError)


def test_a_host_that_goes_on_refusing_with_200_is_given_up() -> None:
    pacing = Pacing(8)
    trips = int(PATIENCE // 100)
    for trip in range(trips + 1):
        pacing.begin(trip * 100)
        pacing.good(trip * 100 + 1, trip * 100)
        pacing.read(trip * 100 + 1, usable=False)
        assert not pacing.given_up
    pacing.read(trips * 100 + 2, usable=False)
    assert pacing.given_up
    pacing.read(trips * 100 + 3, usable=True)
    assert not pacing.given_up


class OnlyLimits(StandIn):
    """GraphQL that answers nothing but that its limit is reached, with status 200."""

    def handle(self, request: Request) -> Response:
        limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
        return Response(200, limited, {"Retry-After": "0"})


def test_graphql_that_only_speaks_of_its_limit_costs_minutes_whatever_there_is_to_ask() -> None:
    clock = iter(range(0, 100_000, 30))
    paces = Paces(8, lambda: float(next(clock)))
    settings = Settings.model_validate({"type": "github", "auth": {"token": "t"}, "repos": ["a/b"]})
    with OnlyLimits() as service:
        settings = settings.model_copy(update={"url": service.url})
        context = ConnectorContext("shop-github", Path(), ZoneInfo("UTC"), paces=paces)
        client = GitHubClient(settings, context)
        asked = 0
        with pytest.raises(SourceError, match="no usable answer for 10 minutes") as caught:  # noqa: PT012
            while True:  # another scope, and another
                asked += 1
                try:
                    client.graphql(lambda lacks: "query { viewer { login } }", {})
                except RetryableError:
                    continue
        client.close()
    assert not isinstance(caught.value, RetryableError)
    assert asked < 10
