"""The outcome source ``sql``, with a real SQLite and a real PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, create_engine, make_url, text

from okrsync.errors import SourceError
from okrsync.outcomes import sql
from okrsync.outcomes.interface import OutcomeContext, OutcomeSource, Reading
from okrsync.outcomes.sql import Sql, SqlSettings
from okrsync.testing import OutcomeContract
from tests.postgres import Postgres

START, END = date(2026, 10, 1), date(2026, 12, 31)
SHANGHAI = ZoneInfo("Asia/Shanghai")
FILE = "sqlite:///metrics.db"
SHOPS = "SELECT day, shops FROM activation WHERE day BETWEEN :start AND :end"


def source(folder: Path, query: str, url: str = FILE, **settings: Any) -> Sql:
    return Sql(SqlSettings(type="sql", url=url, query=query, **settings), OutcomeContext(folder, SHANGHAI))


def readings(folder: Path, query: str, url: str = FILE, **settings: Any) -> dict[str, float]:
    return {str(one.at): one.value for one in source(folder, query, url, **settings).read(START, END)}


def refused(folder: Path, query: str, url: str = FILE, **settings: Any) -> str:
    with pytest.raises(SourceError) as caught:
        source(folder, query, url, **settings).read(START, END)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small database."""
    with closing(sqlite3.connect(tmp_path / "metrics.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE activation (day TEXT, shops INTEGER);
            INSERT INTO activation VALUES ('2026-09-28', 1), ('2026-11-16', 3), ('2026-11-09', 2), ('2027-01-04', 4);
            """
        )
    return tmp_path


@pytest.fixture
def server(postgres_url: str) -> str:
    """A PostgreSQL database with a table of sign-ups, every hour of a day in UTC."""
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE numbers"))
        connection.execute(text("CREATE TABLE signups (at timestamptz, shops numeric)"))
        connection.execute(
            text(
                "INSERT INTO signups SELECT at, 1 FROM generate_series('2026-11-16T00:00Z'::timestamptz, "
                "'2026-11-17T23:00Z', '1 hour') AS at"
            )
        )
    engine.dispose()
    return postgres_url


def counted(url: str) -> tuple[int, int]:
    """How many sign-ups there are, and the next number of the sequence."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT (SELECT count(*) FROM signups), nextval('numbers')")).one()
    engine.dispose()
    return int(found[0]), int(found[1])


# --- SQLite ---


def test_rows_between_two_days(folder: Path) -> None:
    assert source(folder, SHOPS).read(START, END) == [Reading(date(2026, 11, 9), 2), Reading(date(2026, 11, 16), 3)]


def test_rows_outside_are_left_out_also_when_the_query_does_not_ask(folder: Path) -> None:
    assert readings(folder, "SELECT day, shops FROM activation") == {"2026-11-09": 2, "2026-11-16": 3}


def test_the_parameters_are_the_two_days(folder: Path) -> None:
    assert readings(folder, "SELECT :start, 1 UNION ALL SELECT :end, 2") == {"2026-10-01": 1, "2026-12-31": 2}
    assert readings(folder, r"SELECT :start, length('a \:b 12:30')") == {"2026-10-01": 10}


@pytest.mark.parametrize(
    ("day", "value", "found"),
    [
        ("'2026-11-16'", "12.5", {"2026-11-16": 12.5}),
        ("'2026-11-16 16:00:00Z'", "1", {"2026-11-17": 1}),
        ("'2026-W47'", "'1,234.5'", {"2026-11-16": 1234.5}),
        ("20261116", "'12%'", {"2026-11-16": 12}),
        ("1794844800", "1e2", {"2026-11-17": 100}),
        ("1794844800000", "-1", {"2026-11-17": -1}),
        ("'2026-11-16'", "NULL", {}),
        ("'2026-11-16'", "''", {}),
        ("NULL", "NULL", {}),
    ],
)
def test_cells(folder: Path, day: str, value: str, found: dict[str, float]) -> None:
    assert readings(folder, f"SELECT {day}, {value}") == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 'x', 1", "metrics.db: row 1: 'x' in the first column is no date; write 2026-11-16"),
        ("SELECT NULL, 1", "metrics.db: row 1: None in the first column is no date; write 2026-11-16"),
        (
            "SELECT '2026-11-09', 1 UNION ALL SELECT '2026-11-16', '12,5'",
            "metrics.db: row 2: '12,5' in the second column is no number; write 1234.5 or 1,234.5",
        ),
        (
            "SELECT '2026-11-16', 1 UNION ALL SELECT '2026-11-16', 2",
            "metrics.db: row 2: a second value for 2026-11-16 (the first is in row 1): "
            "the query must give one row a day",
        ),
        (
            "SELECT day, shops, 1 AS x FROM activation",
            "metrics.db: the query gives 3 columns (day, shops, x); select two, the day and the value, in this order",
        ),
        ("SELECT 1", "metrics.db: the query gives 1 columns (1); select two, the day and the value, in this order"),
        ("PRAGMA user_version = 7", "metrics.db: not authorized. okrsync only reads"),
        ("PRAGMA query_only = OFF", "metrics.db: not authorized. okrsync only reads"),
        ("SELECT name, 1 FROM pragma_table_info('activation')", "metrics.db: not authorized. okrsync only reads"),
        ("SELECT day FROM none", "metrics.db: no such table: none"),
        ("BEGIN", "metrics.db: not authorized. okrsync only reads"),
        ("SELECT '2026-11-16', '\x1b[2Jx'", "metrics.db: row 1: '[2Jx' in the second column is no number;"),
    ],
)
def test_what_is_refused(folder: Path, query: str, message: str) -> None:
    assert refused(folder, query).startswith(message)


WRITING = (
    "WITH new AS (SELECT 9 AS n) INSERT INTO activation SELECT '2026-11-16', n FROM new",
    "VACUUM",
    "VACUUM INTO 'copy.db'",
    "WITH new AS (SELECT 1) DELETE FROM activation",
    "EXPLAIN ATTACH 'other.db' AS other",
    "ANALYZE",
)


@pytest.mark.parametrize("query", WRITING)
def test_a_query_that_writes_is_stopped(folder: Path, query: str) -> None:
    before = (folder / "metrics.db").read_bytes()
    # 3.11's SQLite and later ones say it in different words.
    assert refused(folder, query).endswith(". okrsync only reads: write one SELECT of day and value")
    assert (folder / "metrics.db").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["metrics.db"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (FILE, "metrics.db"),
        ("sqlite:///data/metrics.db", "data/metrics.db"),
        ("sqlite:////nowhere/m.db", "/nowhere/m.db"),
    ],
)
def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, url: str, shown: str) -> None:
    assert refused(tmp_path, SHOPS, url) == f"{shown}: unable to open database file"
    assert list(tmp_path.iterdir()) == []


def test_an_absolute_path_and_odd_names(folder: Path) -> None:
    odd = folder / "a b%20?#ä.db"
    (folder / "metrics.db").rename(odd)
    with closing(sqlite3.connect(odd)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    url = f"sqlite:///{folder}/a b%20?#ä.db".replace("?", "%3F")
    assert "unable to open" in refused(Path("/nowhere"), SHOPS, url), "a % in the name of a file is a %"
    odd.rename(folder / "a b#ä.db")
    assert len(readings(Path("/nowhere"), SHOPS, f"sqlite:///{folder}/a b#ä.db")) == 2


def test_no_database_at_all(folder: Path) -> None:
    (folder / "metrics.db").write_text("no database, but long enough to be read as the header of one, and then more")
    assert refused(folder, SHOPS) == "metrics.db: file is not a database"


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT '2026-11-16', count(*) FROM n"


def test_a_query_without_end_is_stopped(folder: Path) -> None:
    assert refused(folder, ENDLESS, timeout="1s") == (
        "metrics.db: the query took longer than 1 s; `timeout` gives it more"
    )


def test_too_many_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "MOST_ROWS", 3)
    assert refused(folder, "SELECT day, shops FROM activation") == (
        "metrics.db: more than 3 rows; make one row a day of them in the query"
    )


# --- PostgreSQL ---

PER_DAY = """
    SELECT date_trunc('day', at), sum(shops) FROM signups WHERE at >= :start AND at < CAST(:end AS date) + 1 GROUP BY 1
"""


def test_days_are_those_of_the_configured_zone(server: str) -> None:
    assert readings(Path(), PER_DAY, server) == {"2026-11-16": 16, "2026-11-17": 24, "2026-11-18": 8}
    assert readings(Path(), PER_DAY.replace("date_trunc('day', at)", "at::date"), server) == {
        "2026-11-16": 16, "2026-11-17": 24, "2026-11-18": 8,
    }  # fmt: skip
    whole = source(Path(), PER_DAY, server)
    assert whole.read(date(2026, 11, 17), date(2026, 11, 17)) == [Reading(date(2026, 11, 17), 24)]


@pytest.mark.parametrize(
    ("day", "value", "found"),
    [
        ("DATE '2026-11-16'", "1.50::numeric", {"2026-11-16": 1.5}),
        ("TIMESTAMP '2026-11-16 23:59'", "2::bigint", {"2026-11-16": 2}),
        ("TIMESTAMPTZ '2026-11-16 16:00Z'", "2.5::real", {"2026-11-17": 2.5}),
        ("'2026-11-16'", "'1,234.5'", {"2026-11-16": 1234.5}),
        ("DATE '2026-11-16'", "NULL", {}),
        ("DATE '2026-11-16'", "'NaN'::numeric", {}),
        ("DATE '2026-11-16'", "'NaN'::float8", {}),
    ],
)
def test_cells_of_postgresql(server: str, day: str, value: str, found: dict[str, float]) -> None:
    assert readings(Path(), f"SELECT {day}, {value}", server) == found


@pytest.mark.parametrize(
    ("day", "value", "message"),
    [
        ("DATE '2026-11-16'", "'Infinity'::float8", "row 1: inf in the second column is no number"),
        ("DATE '2026-11-16'", "true", "row 1: True in the second column is no number"),
        ("DATE '2026-11-16'", "'{1}'::int[]", "row 1: [1] in the second column is no number"),
        ("'infinity'::date", "1", "date too large (after year 10K): 'infinity'"),
    ],
)
def test_cells_of_postgresql_that_are_refused(server: str, day: str, value: str, message: str) -> None:
    assert message in refused(Path(), f"SELECT {day}, {value}", server)


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM signups RETURNING at, shops) SELECT at::date, shops FROM gone",
        "SELECT DATE '2026-11-16', 1; DELETE FROM signups",
        "SELECT DATE '2026-11-16', 1; COMMIT; DELETE FROM signups",
        "COMMIT; DELETE FROM signups",
        "SELECT DATE '2026-11-16', setval('numbers', 7)",
        "SELECT DATE '2026-11-16', nextval('numbers')",
        "SELECT at::date, shops INTO gone FROM signups",
        "SELECT at::date, shops FROM signups FOR UPDATE",
        "COPY signups TO '/tmp/okrsync-copy'",
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/okrsync-copy'",
        "DO $$ BEGIN DELETE FROM signups; END $$",
        "CALL nothing()",
        "SET default_transaction_read_only = off",
    ],
)
def test_a_query_that_writes_is_stopped_in_postgresql(server: str, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the server itself: what okrsync sees in the text of a query is left out here."""
    monkeypatch.setattr(sql, "_NO_CODE", re.compile(".*", re.DOTALL))
    message = refused(Path(), query, server)
    assert message.endswith(". okrsync only reads: write one SELECT of day and value")
    assert counted(server) == (48, 1)


def test_a_query_cannot_undo_it_in_postgresql(server: str) -> None:
    """A function may not make the session writable once it reads; and nothing is left for a second statement."""
    undone = "SELECT DATE '2026-11-16', length(set_config('transaction_read_only', 'off', false))"
    assert "read-write mode" in refused(Path(), undone, server)


def test_what_the_account_may_do_in_postgresql(server: str, postgres: Postgres) -> None:
    """Checked for `okrsync doctor`; the reader that is advised is not warned of."""
    assert [check.message for check in source(Path(), PER_DAY, server).checkup()] == ["the account is a superuser"]
    name = make_url(server).database
    postgres.run("DROP ROLE IF EXISTS okr_reader", "CREATE ROLE okr_reader LOGIN")
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("GRANT SELECT ON signups TO okr_reader"))
    try:
        address = make_url(server).set(username="okr_reader").render_as_string(hide_password=False)
        reader = source(Path(), PER_DAY, address)
        assert len(reader.read(START, END)) == 3
        assert list(reader.checkup()) == []
        with engine.begin() as connection:
            connection.execute(text("GRANT INSERT ON signups TO okr_reader"))
        (check,) = reader.checkup()
        assert (check.state, check.message) == ("warning", "the account may write tables")
        assert check.about.endswith(f"/{name}")
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP OWNED BY okr_reader"))
        engine.dispose()
        postgres.run("DROP ROLE okr_reader")


@pytest.mark.parametrize(
    ("maria", "limit"),
    [(False, "SET SESSION max_execution_time = 60000"), (True, "SET SESSION max_statement_time = 60")],
)
def test_mysql_is_told_that_the_transaction_reads(maria: bool, limit: str) -> None:
    told: list[str] = []

    class Connection:
        class dialect:
            is_mariadb = maria

        def execute(self, statement: Any) -> None:
            told.append(str(statement))

    source(Path(), SHOPS, "mysql+pymysql://h/shop")._restrict_mysql(Connection())  # type: ignore[arg-type]
    assert told == [limit, "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"]


def test_a_slow_query_is_stopped_in_postgresql(server: str) -> None:
    message = refused(Path(), "SELECT now(), pg_sleep(30)", server, timeout="1s")
    assert message.endswith(": the query took longer than 1 s; `timeout` gives it more")


def test_a_connection_does_not_outlive_the_reading(server: str, postgres: Postgres) -> None:
    readings(Path(), PER_DAY, server)
    refused(Path(), "SELECT 1", server)
    engine: Engine = create_engine(server)
    with engine.connect() as connection:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(text(others)).scalar() == 0
    engine.dispose()


def test_what_cannot_be_reached_is_said_without_secrets(postgres: Postgres) -> None:
    message = refused(Path(), SHOPS, "postgresql://lin:s3cret@127.0.0.1:1/shop?sslmode=disable&sslpassword=hidden")
    assert message.startswith("postgresql://127.0.0.1:1/shop: ")
    assert "refused" in message
    assert "s3cret" not in message
    assert "hidden" not in message


# --- settings ---


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "no url"}, "must be a database URL"),
        ({"url": "postgresql://lin:s3cret@host:port/shop"}, "must be a database URL"),
        ({"url": "sqlite://"}, "must name a file: sqlite:///FILE"),
        ({"url": "sqlite:///:memory:"}, "must name a file: sqlite:///FILE"),
        ({"url": "sqlite:///file:s3cret.db?uri=true"}, "must name a file: sqlite:///FILE"),
        ({"query": ""}, "at least 1 character"),
        ({"query": "DELETE FROM activation"}, "begins with DELETE: okrsync only reads"),
        ({"query": "SELECT 1, 2; DELETE FROM activation"}, "holds more than one statement"),
        ({"query": "SELECT 1, ';'; SELECT 2, 3"}, "holds more than one statement"),
        ({"query": "SELECT 1, 'it\\'; DROP TABLE a --'"}, "holds more than one statement"),
        ({"query": "SELECT 1, $$ ; $$; SELECT 2"}, "holds more than one statement"),
        ({"query": "SELECT 1, 2 /*! ; DROP TABLE a */"}, "holds more than one statement"),
        ({"query": "WITH a AS (SELECT 1) DELETE FROM b", "url": "mssql+pyodbc://h/d"}, "the query holds DELETE"),
        ({"query": "SELECT day, n INTO b FROM a", "url": "oracle+oracledb://h/d"}, "the query holds INTO"),
        ({"query": "-- all\n /* of */ update activation SET shops = 0"}, "begins with UPDATE: okrsync only reads"),
        ({"query": "SELECT day, shops FROM a WHERE day > :from"}, "has a parameter :from; there are :start and :end"),
        ({"timeout": "0s"}, "must be a length of time from 1s to 1h"),
        ({"timeout": "2h"}, "must be a length of time from 1s to 1h"),
        ({"timeout": 5}, "must be a length of time from 1s to 1h"),
        ({"where": {}}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SqlSettings(**{"type": "sql", "url": FILE, "query": SHOPS, **settings})
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, 2;",
        "SELECT 1, 2 ; \n",
        "SELECT 1, ';' -- ; or so",
        'SELECT 1, "a;b" /* ; */',
        "SELECT 1, $x$ ; $x$",
        "SELECT day, 'delete; drop' FROM `update;`",
    ],
)
def test_one_statement_is_taken(query: str) -> None:
    for url in (FILE, "mssql+pyodbc://h/d"):
        assert SqlSettings(type="sql", url=url, query=query).query == query


def test_a_query_may_speak_of_what_writes(folder: Path) -> None:
    assert readings(folder, "SELECT '2026-11-16', 1 AS \"update\"") == {"2026-11-16": 1}
    assert readings(folder, "-- delete\n(SELECT '2026-11-16', 1)".replace("(", "").replace(")", "")) == {
        "2026-11-16": 1
    }


def test_the_url_is_not_shown() -> None:
    settings = SqlSettings(type="sql", url="postgresql://lin:s3cret@host/shop", query=SHOPS)
    assert "s3cret" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_a_driver_that_is_not_installed(tmp_path: Path) -> None:
    assert refused(tmp_path, SHOPS, "oracle+cx_none://lin:s3cret@host/shop") == (
        "oracle://host/shop: Can't load plugin: sqlalchemy.dialects:oracle.cx_none"
    )
    assert refused(tmp_path, SHOPS, "mysql+pymysql://lin:s3cret@host/shop") == (
        "mysql://host/shop: No module named 'pymysql'"
    )


# --- the contract of every outcome source ---


class TestSqlite(OutcomeContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> OutcomeSource:
        with closing(sqlite3.connect(tmp_path / "metrics.db")) as connection, connection:
            connection.execute("CREATE TABLE activation (day TEXT, shops INTEGER)")
            rows = [(f"2026-{month:02}-15", month) for month in range(1, 13)]
            connection.executemany("INSERT INTO activation VALUES (?, ?)", rows)
        return source(tmp_path, SHOPS)

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        return START, END

    @pytest.fixture
    def fail(self, tmp_path: Path) -> Callable[[], None]:
        return (tmp_path / "metrics.db").unlink


class TestPostgresql(OutcomeContract):
    secrets = ("s3cret-p4ssword",)

    @pytest.fixture
    def source(self, postgres_url: str) -> OutcomeSource:
        engine = create_engine(postgres_url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE activation (day date, shops integer)"))
            connection.execute(
                text("INSERT INTO activation SELECT make_date(2026, m, 15), m FROM generate_series(1, 12) AS m")
            )
        engine.dispose()
        return source(Path(), SHOPS, postgres_url.replace(":@", f":{self.secrets[0]}@"))

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        return START, END

    @pytest.fixture
    def fail(self, postgres_url: str) -> Callable[[], None]:
        def drop() -> None:
            engine = create_engine(postgres_url)
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE activation"))
            engine.dispose()

        return drop
