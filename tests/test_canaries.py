"""No secret leaves by any way: a company whose every secret is a canary is run through everything, and all that was
written, said, logged, started and sent is searched, in every form that a secret may take."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from okrsync.sandbox.server import Request, Response, StandIn
from tests.canaries import (
    BAD,
    CANARIES,
    OWNERS,
    Company,
    Records,
    Watch,
    elsewhere,
    in_git,
    search,
    search_files,
    search_objects,
    sent,
    watching,
)

Watched = tuple[Company, Watch]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Watched]:
    with watching(tmp_path, monkeypatch, capsys) as found:
        yield found


def nothing_leaked(company: Company, watch: Watch) -> None:
    """The one check at the end of each test."""
    assert isinstance(watch.records, Records)
    found = [*watch.found, *in_git(watch.log.read_text())]
    assert "ARGUMENTS" in watch.log.read_text(), "no git was watched"
    found += search_files(company.folder / "company")
    found += search_files(company.folder / "served")
    found += search_files(company.folder / "tmp")
    for line in watch.records.lines:
        found += search("the log", line)
    assert not found, "\n".join(dict.fromkeys(map(str, found)))
    assert not list((company.folder / "tmp").iterdir()), "a temporary file was left"
    for name, canaries in sent(company).items():
        assert canaries <= OWNERS.get(name, frozenset()), f"{name} was sent {canaries}"
    assert company.outside.requests == [], "a server was asked that nobody named"


def test_a_search_finds_what_it_should(tmp_path: Path) -> None:
    """Else all that follows would mean nothing."""
    for name, canary in CANARIES.items():
        for said in (f"x {canary} y", f"Basic {_basic(canary)}", f"/a?b={_quoted(canary)}&c"):
            assert [each.name for each in search("here", said)] == [name]
    (tmp_path / "a").mkdir()
    subprocess.run(["git", "init", "-q", tmp_path / "a"], check=True)
    write = ["git", "hash-object", "-w", "--stdin"]
    subprocess.run(write, input=CANARIES["HOOK"].encode(), cwd=tmp_path / "a", check=True, capture_output=True)
    assert [each.name for each in search_files(tmp_path)] == ["HOOK"]


def _basic(canary: str) -> str:
    import base64

    return base64.b64encode(f"bot@acme.example:{canary}".encode()).decode()


def _quoted(canary: str) -> str:
    from urllib.parse import quote

    return quote(canary, safe="")


def test_every_command(watched: Watched) -> None:
    """At each verbosity, in each format, with wikis and outcome sources of which some fail."""
    company, watch = watched
    seen: list[object] = []

    def look(service: StandIn, request: Request) -> None:
        # In the middle of a request of each kind, when clients and their requests are alive.
        if service not in seen:
            seen.append(service)
            watch.found.extend(search_objects())

    with company.answering(look):
        assert watch.run("check").code == 0
        assert watch.run("doctor", "-v").code == 3
        assert watch.run("sync", "-v").code == 3
        assert watch.run("run", "-v").code == 3
    assert len(seen) == len(company.services)
    for name in OWNERS:
        assert sent(company)[name] == OWNERS[name], f"{name} was not asked, so nothing is proved"
    assert watch.run("sync", "--full", "-q").code == 3
    for format_ in ("terminal", "markdown", "html", "json"):
        assert watch.run("report", "--format", format_, "-o", f"report.{format_}").code == 0
    assert watch.run("report").code == 0
    assert watch.run("explain", "KR2.1").code == 0
    assert watch.run("links", "--suggest").code == 0
    assert watch.run("history").code == 0
    assert watch.run("publish", "-v").code == 3
    for file in ("all.jsonl", "all.jsonl.gz"):
        assert watch.run("export", file).code == 0
    for unit in ("cron", "systemd", "github-actions", "kubernetes"):
        assert watch.run("schedule", "--print", unit).code == 0
    assert watch.run("init", "new").code == 0
    nothing_leaked(company, watch)


@pytest.mark.parametrize("how", [*BAD, "echo"])
def test_services_that_refuse(watched: Watched, how: str) -> None:
    """``echo``: the service's own message repeats what it was sent, as a gateway for finding errors does."""
    company, watch = watched

    def answer(service: StandIn, request: Request) -> Response:
        if how != "echo":
            return BAD[how]
        # What logs in first: messages are cut.
        headers = sorted(request.headers.items(), key=lambda each: each[0] not in ("Authorization", "X-Api-Key"))
        told = f"no: {dict(headers[:1])} {request.body.decode()} {request.path} {request.query} {dict(headers)}"
        return Response(400, {"message": told, "errorMessages": [told], "msg": told, "errmsg": told, "code": 1})

    with company.answering(answer):
        for arguments in (("doctor", "-v"), ("run", "-v")):
            assert watch.run(*arguments).code in (3, 4)
    watch.run("report")
    nothing_leaked(company, watch)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_services_that_send_us_elsewhere(watched: Watched, status: int) -> None:
    """To another port, which is another server; no credentials go there, and no request at all."""
    company, watch = watched

    def answer(service: StandIn, request: Request) -> Response:
        return Response(status, headers={"Location": f"{company.outside.url}{request.path}"})

    with company.answering(answer):
        for arguments in (("doctor",), ("run",)):
            assert watch.run(*arguments).code in (3, 4)
    nothing_leaked(company, watch)


def test_answers_that_point_elsewhere(watched: Watched) -> None:
    """Addresses in answers (``self``, ``url``, ``_links``, ``Link: rel=next``) are of another server."""
    company, watch = watched
    with company.answering(lambda service, request: elsewhere(company, service, request)):
        for arguments in (("doctor",), ("run",)):
            watch.run(*arguments)
    nothing_leaked(company, watch)


def test_a_store_in_postgresql(watched: Watched, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own password, and that of a database to read from."""
    company, watch = watched
    store, sql = (postgres_url.replace(":@", f":${{{name}}}@") for name in ("STORE_PASSWORD", "SQL_PASSWORD"))
    assert "STORE_PASSWORD" in store
    monkeypatch.setenv("STORE_PASSWORD", CANARIES["STORE_PASSWORD"])
    watch.project.write("okrsync.yaml", company.main(f"'{store}'"))
    query = "SELECT DATE ''2026-11-16'' - 7 * n, n FROM generate_series(0, 9) AS n"
    watch.project.write("okrs/q4.yaml", company.goals(f"{{type: sql, url: '{sql}', query: '{query}'}}"))
    for arguments in (("doctor",), ("sync", "-v"), ("report",), ("export", "all.jsonl")):
        assert watch.run(*arguments).code in (0, 3)
    nothing_leaked(company, watch)
    # And one that refuses.
    gone = "postgresql://okr:${STORE_PASSWORD}@127.0.0.1:1/okr"
    watch.project.write("okrsync.yaml", company.main(gone))
    for arguments in (("doctor",), ("report",)):
        assert watch.run(*arguments).code in (3, 4)
    nothing_leaked(company, watch)


_BREAKS = """
import requests, sys, logging
logging.basicConfig(level=0)
def send(self, request, *arguments, **named):
    raise ZeroDivisionError("a defect")
requests.adapters.HTTPAdapter.send = send
from okrsync.cli import main
sys.argv[0] = "okrsync"
main()
"""


def test_a_defect_shows_no_secret(watched: Watched) -> None:
    """A traceback holds lines of code, no values; and the program's command line none either."""
    company, watch = watched
    for command in ("sync", "publish"):
        program = [sys.executable, "-c", _BREAKS, command]
        done = subprocess.run(program, cwd=watch.project.path, capture_output=True, check=False, timeout=60)
        assert b"ZeroDivisionError: a defect" in done.stderr
        watch.found += search(f"traceback of {command}", done.stderr + done.stdout)
    nothing_leaked(company, watch)


@pytest.mark.parametrize("secret", ["canary\nX-Evil: 1", "canary 4711", "Kanárie-канарейка-金丝雀", "canary\x7f4711"])
def test_secrets_that_no_header_can_hold(watched: Watched, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """What libraries say of a header that they cannot send quotes it."""
    _, watch = watched
    for name in CANARIES:
        monkeypatch.setenv(name, secret)
    for arguments in (("check",), ("doctor",), ("run",)):
        ran = watch.run(*arguments)
        shown = ran.out + ran.err
        assert not [part for part in secret.split() if len(part) > 5 and part in shown], shown
        assert secret not in shown
