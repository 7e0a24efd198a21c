"""Each fault by its name, once and for ever: what a person is told, and how often a service is asked."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from okrsync.sandbox.faults import FAULTS
from okrsync.sandbox.server import StandIn
from tests.faulty_runs import Machine, Runs
from tests.faulty_world import World
from tests.postgres import Postgres

ATTEMPTS = 6


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with Runs() as made:
        yield made


@pytest.fixture(scope="module")
def shared_world(runs: Runs) -> Iterator[World]:
    made = World(runs, "cloud", graphql=True, skew=0.0)
    for _ in range(5):
        made.create_issue("SHOP", ["blue"])
        made.create_on_hub("acme/one", "issue", ["blue"])
    made.create_on_hub("acme/one", "pull")
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    """Each test finds it mended, and something that the store does not know yet."""
    shared_world.mend()
    shared_world.create_issue("SHOP", ["blue"])
    shared_world.create_on_hub("acme/one", "issue", ["blue"])
    return shared_world


TOLD = {
    "429": None, "429 with Retry-After": None, "403 with Retry-After": None, "500": None, "502": None, "504": None,
    "503 with Retry-After": None, "closed": None, "dropped": None, "hanging": None,
    "404": None,  # a gateway that lets GET through only: asked again so
    "429 for an hour": "asks to wait 3600 s, which is too long for one run: try again later",
    "403 secondary limit": "The account may not do this: check its permissions",
    "401": "Check the token: it may be wrong or expired",
    "truncated": "answered what is not JSON",
    "nothing": "answered what is not JSON",
    "null": "a search answered without issues",
    "an object": "a search answered without issues",
    "login page": "answered with a web page, probably a login page. Check the token",
    "to the login page": "sends us to a login page",
    "to another host": "redirects to http://192.0.2.1",
    "a stranger": "Jira does not accept the token and answers as to a stranger. Renew the token",
    "repeated token": "repeats a page token",
}  # fmt: skip
"""What is said of a fault of Jira's search that happens once; None where it is overcome."""


@pytest.mark.parametrize(("fault", "told"), TOLD.items())
def test_once_at_jira(world: World, fault: str, told: str | None) -> None:
    if fault == "repeated token":
        for _ in range(4):
            world.create_issue("SHOP")
    world.faults["jira"].plan(fault, path="/search/jql")
    before, done = world.stored(), world.faults["jira"].injected[fault]
    ended = world.run("sync")
    assert world.faults["jira"].injected[fault] == done + 1
    assert ended.code == (3 if told else 0), ended.err
    assert (told or "") in ended.err
    world.check(ended, before)


@pytest.mark.parametrize(
    "fault",
    [
        "429", "403 secondary limit", "401", "404", "502", "closed", "truncated", "null", "hanging", "login page",
        "to another host", "partial data", "GraphQL limit",
    ],
)  # fmt: skip
def test_once_at_github(world: World, fault: str) -> None:
    world.faults["hub"].plan(fault)
    before = world.stored()
    world.check(world.run("sync"), before)


def test_the_table_knows_all_faults() -> None:
    assert FAULTS.keys() - TOLD.keys() == {"partial data", "GraphQL limit"}


@pytest.mark.parametrize("service", ["jira", "hub"])
@pytest.mark.parametrize("fault", ["429", "500", "closed"])
def test_for_ever_costs_a_bounded_number_of_requests(world: World, service: str, fault: str) -> None:
    stand_in: StandIn = world.jira if service == "jira" else world.hub
    world.faults[service].plan(fault, times=10_000)
    begun, before = len(stand_in.requests), world.stored()
    ended = world.run("sync")
    assert ended.code == 3, ended.err
    world.check(ended, before)
    asked = Counter((one.method, one.path, str(one.query), one.body) for one in stand_in.requests[begun:])
    assert max(asked.values()) <= 2 * ATTEMPTS  # two scopes may ask the same
    assert sum(asked.values()) <= 8 * ATTEMPTS


@pytest.mark.parametrize(
    ("machine", "code", "told"),
    [
        (Machine(pages=0), 4, "full"),
        (Machine(read_only=True), 4, "readonly"),
        (Machine(nameless=1), 0, ""),
        (Machine(nameless=10_000), 4, "did not answer"),
    ],
)
def test_a_broken_machine(world: World, machine: Machine, code: int, told: str) -> None:
    for _ in range(40):
        world.create_issue("SHOP", [f"a label that needs room {world.numbers}"])
    ended = world.run("sync", machine=machine)
    assert (ended.code, told in ended.err) == (code, True), ended.err
    before = world.stored()
    world.check(world.run("sync"), before)


def test_a_database_that_another_program_has_locked(world: World) -> None:
    with closing(sqlite3.connect(world.project / "okrsync.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ended = world.run("sync")
        other.execute("ROLLBACK")
    assert ended.code == 4
    assert "okrsync.db cannot be written: database is locked" in ended.err
    before = world.stored()
    world.check(world.run("sync"), before)


def test_of_two_runs_at_once_one_works(world: World) -> None:
    before = world.stored()
    with Runs() as others:
        assert others.run(world.project, "--help", name="second").code == 0
        arrived, go_on = Event(), Event()

        def wait(request: object) -> None:
            arrived.set()
            go_on.wait(20)

        world.jira.faults.append(wait)
        first = world.start("sync")
        assert arrived.wait(20)
        second = others.run(world.project, "sync", environ={"JIRA_TOKEN": "x", "HUB_TOKEN": "x"}, name="second")
        world.jira.faults.remove(wait)
        go_on.set()
        ended = first.wait()
    assert (second.code, "try again when it is done" in second.err) == (75, True), second.err
    world.check(ended, before)


def test_postgresql_that_is_restarted_meanwhile(world: World, postgres: Postgres) -> None:
    """All connections are closed by the server, as a restart does, while pages are on their way."""
    name = postgres.new_store()
    folder = world.new_project("postgres", postgres.url(name))
    closed: list[str] = []

    def restart(request: object) -> None:
        if "search/jql" in getattr(request, "path", "") and not closed:
            closed.append(name)
            postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    world.jira.faults.append(restart)
    try:
        ended = world.run("sync", folder=folder)
    finally:
        world.jira.faults.remove(restart)
    assert closed
    assert ended.code in (0, 4), ended.err
    if ended.code == 4:
        assert "the store" in ended.err
    assert world.run("sync", folder=folder).code == 0
    told = world.run("report", "--format", "json", folder=folder)
    assert told.out.count('"state": "fresh"') == 4
