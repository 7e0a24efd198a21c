"""What a host asks of one process holds for all that share a store."""

from __future__ import annotations

import pytest
from requests.structures import CaseInsensitiveDict
from sqlalchemy import Engine

from okrsync.errors import RetryableError
from okrsync.pace import Pace, Paces
from okrsync.store.pauses import StoredPauses

HOST = "https://jira.acme.example"


def pace(engine: Engine, url: str = HOST) -> Pace:
    """That of a process of its own."""
    return Paces(board=StoredPauses(engine)).of(url)


def refuse(asked: Pace, seconds: int) -> None:
    with asked.request() as exchange:
        exchange.answered(429, CaseInsensitiveDict({"Retry-After": str(seconds)}))


def held(asked: Pace) -> str:
    with pytest.raises(RetryableError) as caught, asked.request():
        pass
    return str(caught.value)


def test_a_pause_holds_for_all_processes_and_for_this_host_alone(postgres_store: Engine) -> None:
    first, second, other = pace(postgres_store), pace(postgres_store), pace(postgres_store, "https://other.example")
    with second.request():
        pass  # nobody was refused yet
    refuse(first, 7200)
    late = pace(postgres_store)  # begins after the refusal
    assert held(late) == "jira.acme.example: it answered 429 and asks to wait 7200 s"
    with other.request():
        pass


def test_what_only_the_body_of_an_answer_says_is_told_too(postgres_store: Engine) -> None:
    pace(postgres_store).pause(7200, "GraphQL is over its limit")
    assert held(pace(postgres_store)) == "jira.acme.example: GraphQL is over its limit"


def test_the_longest_pause_holds_and_what_is_over_does_not(postgres_store: Engine) -> None:
    board = StoredPauses(postgres_store)
    assert board.left("a") is None
    for seconds, why in ((7200.0, "long"), (60.0, "short"), (1e12, "for ever")):
        board.pause("a", seconds, why)
        if why == "short":
            left = board.left("a")
            assert left is not None
            assert (7100 < left[0] <= 7200, left[1]) == (True, "long")
    assert (board.left("a") or (0, ""))[1] == "for ever"
    board.pause("b", -1.0, "over")
    assert board.left("b") is None
    with pace(postgres_store, "http://b").request() as exchange:
        exchange.answered(200, CaseInsensitiveDict())


def test_looking_is_not_a_query_for_each_request(postgres_store: Engine) -> None:
    looked: list[str] = []

    class Counting(StoredPauses):
        def left(self, host: str) -> tuple[float, str] | None:
            looked.append(host)
            return super().left(host)

    asked = Paces(1, clock=lambda: 5.0, board=Counting(postgres_store)).of(HOST)
    for _ in range(20):
        with asked.request() as exchange:
            exchange.answered(200, CaseInsensitiveDict())
    assert looked == ["jira.acme.example"]
