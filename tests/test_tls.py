"""A server that sends us from https to http gets no secret in the clear: whoever listens on the way reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from okrsync.sandbox.server import Request, Response, StandIn
from tests.canaries import OWNERS, Company, Watch, _told, search, sent, watching
from tests.test_canaries import nothing_leaked
from tests.tls import over_tls

Plain = list[tuple[StandIn, Request]]


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plain:
    return over_tls(tmp_path, monkeypatch)


@pytest.fixture
def watched(
    plain: Plain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Company, Watch]]:
    with watching(tmp_path, monkeypatch, capsys) as found:
        yield found


def downgraded(status: int) -> object:
    """Each service sends everybody to itself, by http: the same host and port."""

    def answer(service: StandIn, request: Request) -> Response:
        return Response(status, headers={"Location": f"{service.url.replace('https:', 'http:')}{request.path}"})

    return answer


def test_everything_is_asked_by_https_alone(watched: tuple[Company, Watch], plain: Plain) -> None:
    """Else what follows would prove nothing."""
    company, watch = watched
    assert watch.run("run").code == 3  # a wiki and a database refuse
    for name in OWNERS:
        assert sent(company)[name] == OWNERS[name], f"{name} was not asked"
    assert plain == []
    nothing_leaked(company, watch)


@pytest.mark.parametrize("status", [302, 308])
def test_no_secret_goes_from_https_to_http(watched: tuple[Company, Watch], plain: Plain, status: int) -> None:
    company, watch = watched
    with company.answering(downgraded(status)):  # type: ignore[arg-type]
        assert watch.run("doctor").code == 3
        ran = watch.run("run")
        assert ran.code in (3, 4)
    assert plain == [], "nothing is to be asked in the clear"
    assert "http://127.0.0.1" in ran.err  # where it leads
    nothing_leaked(company, watch)


def test_what_may_be_followed_is_followed_without_a_secret(
    watched: tuple[Company, Watch], plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``csv``, ``http`` and ``prometheus`` go on to a public server; as if this machine were one."""
    company, watch = watched
    monkeypatch.setattr("okrsync.outcomes.redirects.is_inside", lambda address, from_private: False)
    shop = company.shop
    away = Response(302, headers={"Location": f"{shop.url.replace('https:', 'http:')}/plain"})
    for path in ("/a.csv", "/stats", "/api/v1/query_range"):
        shop.pages[path] = [away]
    shop.pages["/plain"] = [Response(body=b"date,value\n2026-11-16,1\n")]
    watch.run("run")
    assert {service for service, _ in plain} == {shop}
    assert {request.path for _, request in plain} == {"/plain"}
    for _, request in plain:
        assert not search("plain http", _told(request))
        assert not {"authorization", "x-api-key", "cookie"} & {name.lower() for name in request.headers}
    nothing_leaked(company, watch)
