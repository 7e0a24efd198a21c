"""The outcome source ``csv``, from files and from a server on loopback."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY
from okrsync.outcomes import download
from okrsync.outcomes.csv import Csv, CsvSettings
from okrsync.outcomes.interface import OutcomeContext, OutcomeSource, Reading
from okrsync.outcomes.manual import Manual
from okrsync.sandbox.server import Request, Response
from okrsync.testing import OutcomeContract
from tests.shop import Shop

START, END = date(2026, 10, 1), date(2026, 12, 31)
TABLE = "date,value\n2026-11-09,1\n2026-11-16,2\n"
AT_ONCE = {"Retry-After": "0"}


def source(folder: Path, path: str = "a.csv", **settings: Any) -> Csv:
    return Csv(CsvSettings(type="csv", path=path, **settings), OutcomeContext(folder, ZoneInfo("Asia/Shanghai")))


def read(folder: Path, text: str | bytes, **settings: Any) -> dict[str, float]:
    (folder / "a.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return {str(reading.at): reading.value for reading in source(folder, **settings).read(START, END)}


def refused(folder: Path, text: str | bytes, **settings: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(folder, text, **settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "settings", "found"),
    [
        pytest.param(TABLE, {}, {"2026-11-09": 1, "2026-11-16": 2}, id="plain"),
        pytest.param("\ufeff" + TABLE, {}, {"2026-11-09": 1, "2026-11-16": 2}, id="byte order mark"),
        pytest.param(TABLE.replace("\n", "\r\n"), {}, {"2026-11-09": 1, "2026-11-16": 2}, id="CRLF"),
        pytest.param(TABLE.replace("\n", "\r"), {}, {"2026-11-09": 1, "2026-11-16": 2}, id="CR"),
        pytest.param(TABLE.rstrip("\n"), {}, {"2026-11-09": 1, "2026-11-16": 2}, id="no line end"),
        pytest.param(TABLE.replace(",", ";"), {}, {"2026-11-09": 1, "2026-11-16": 2}, id="semicolons"),
        pytest.param(TABLE.replace(",", "\t"), {}, {"2026-11-09": 1, "2026-11-16": 2}, id="tabs"),
        pytest.param('"a, b, c";date;value\nx;2026-11-09;1\n', {}, {"2026-11-09": 1}, id="commas in a header"),
        pytest.param('date,value\n"2026-11-09","1,234.5"\n', {}, {"2026-11-09": 1234.5}, id="quoted"),
        pytest.param("date;value\n2026-11-09;1,234.5\n", {}, {"2026-11-09": 1234.5}, id="thousands and decimals"),
        pytest.param('date,note,value\n2026-11-09,"a\n""b"", c",3\n', {}, {"2026-11-09": 3}, id="line end in a cell"),
        pytest.param("\n\ndate , value\n\n , \n2026-11-09 , 3 \n", {}, {"2026-11-09": 3}, id="blanks"),
        pytest.param("date,value\n2026-11-09,1,,\n", {}, {"2026-11-09": 1}, id="blank cells at the end"),
        pytest.param("date,value\n2026-11-09,\n2026-11-16,NaN\n2026-11-23,0\n", {}, {"2026-11-23": 0}, id="missing"),
        pytest.param("date,value\n2026-11-09,2\n2026-11-02,1\n", {}, {"2026-11-02": 1, "2026-11-09": 2}, id="unsorted"),
        pytest.param("date,value\n2026-11-09,2\n2026-11-09,2.0\n", {}, {"2026-11-09": 2}, id="a row twice"),
        pytest.param("date,value\n2026-11-09,2\n2026-11-09,\n", {}, {"2026-11-09": 2}, id="a row again, blank"),
        pytest.param("date,value\n", {}, {}, id="header alone"),
        pytest.param(
            "date,value\n2026-09-30,1\n2026-10-01,2\n2026-12-31,3\n2027-01-01,4\n",
            {},
            {"2026-10-01": 2, "2026-12-31": 3},
            id="both days belong to it",
        ),
        pytest.param("date,value\n2026-11-16T16:00:00Z,1\n", {}, {"2026-11-17": 1}, id="time stamp"),
        pytest.param("week,shops\n2026-W46,1\n", {"date": "week", "value": "shops"}, {"2026-11-09": 1}, id="columns"),
        pytest.param("日期,数值\n2026-11-09,1\n", {"date": "日期", "value": "数值"}, {"2026-11-09": 1}, id="Chinese"),
    ],
)
def test_tables(tmp_path: Path, text: str, settings: dict[str, Any], found: dict[str, float]) -> None:
    assert read(tmp_path, text, **settings) == found


SEGMENTS = (
    "date,value,segment,plan,paid\n2026-11-09,1,eu,1,TRUE\n2026-11-09,2,us,2.0,false\n2026-11-16,3, us ,2,False\n"
)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"segment": "eu"}, {"2026-11-09": 1}),
        ({"segment": "us"}, {"2026-11-09": 2, "2026-11-16": 3}),
        ({"plan": 2}, {"2026-11-09": 2, "2026-11-16": 3}),
        ({"plan": "2"}, {"2026-11-16": 3}),
        ({"paid": True}, {"2026-11-09": 1}),
        ({"paid": False, "plan": 2.0}, {"2026-11-09": 2, "2026-11-16": 3}),
        ({"segment": "us", "date": "2026-11-16"}, {"2026-11-16": 3}),
    ],
)
def test_where(tmp_path: Path, where: dict[str, Any], found: dict[str, float]) -> None:
    assert read(tmp_path, SEGMENTS, where=where) == found


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        pytest.param(TABLE, {"value": "shops"}, "a.csv:1: there is no column 'shops'; columns: date, value", id="none"),
        pytest.param(
            TABLE, {"where": {"segment": "eu"}}, "a.csv:1: there is no column 'segment'; columns: date, value",
            id="none for where",
        ),
        pytest.param("\n\na,b\n", {}, "a.csv:3: there is no column 'date'; columns: a, b", id="line of the header"),
        pytest.param("", {}, "a.csv:1: there is no column 'date'; columns: none", id="empty"),
        pytest.param("date,value,value\n", {}, "a.csv:1: there are 2 columns 'value'", id="column twice"),
        pytest.param(
            "date,value\n2026-11-09\n", {},
            "a.csv:2: 1 cells where the header has 2; a cell that holds ',' stands in double quotes", id="short",
        ),
        pytest.param(
            "date,value\n2026-11-09,1,234\n", {},
            "a.csv:2: 3 cells where the header has 2; a cell that holds ',' stands in double quotes", id="long",
        ),
        pytest.param(
            "date,value\n2026-11-09,1\n\n09.11.2026,1\n", {},
            "a.csv:4: '09.11.2026' in column 'date' is no date; write 2026-11-16", id="date",
        ),
        pytest.param(
            'date,value\n"2026-11-09",1\n2026-11-16,"12,5"\n', {},
            "a.csv:3: '12,5' in column 'value' is no number; write 1234.5 or 1,234.5", id="decimal comma",
        ),
        pytest.param(
            "date;value\n2026-11-16;1,234\n", {}, "a.csv:2: '1,234' is ambiguous; write 1234 or 1.234", id="ambiguous",
        ),
        pytest.param(
            'date,note,value\n2026-11-09,"a\nb\nc",1\n2026-11-16,"d\ne",x\n', {},
            "a.csv:5: 'x' in column 'value' is no number; write 1234.5 or 1,234.5", id="line where the row begins",
        ),
        pytest.param(
            "date,value\n2026-11-09,1\n2026-11-16,5\n2026-11-09,2\n", {},
            "a.csv:4: a second value for 2026-11-09 (the first is in line 2): choose the rows that count with `where`",
            id="two values",
        ),
        pytest.param(
            SEGMENTS, {"where": {"segment": "EMEA", "plan": 1}}, "a.csv: none of 3 rows has segment: EMEA, plan: 1",
            id="nothing left",
        ),
        pytest.param('date,value\n2026-11-09,"1\n', {}, "a.csv:2: this is not CSV: unexpected end of data", id="quote"),
        pytest.param(
            'date,value\n2026-11-09,1\n2026-11-16,"1"x\n', {}, "a.csv:3: this is not CSV: ',' expected after '\"'",
            id="after a quote",
        ),
        pytest.param(
            b"date,value\n2026-11-09,\xff\n", {}, "a.csv:2: this is not UTF-8; save the file as UTF-8", id="Latin 1",
        ),
        pytest.param(
            TABLE.encode("utf-16"), {}, "a.csv:1: this is not UTF-8; save the file as UTF-8", id="UTF-16",
        ),
        pytest.param(
            "date,value\n2026-11-09,\x1b[2Jx\n", {},
            "a.csv:2: '[2Jx' in column 'value' is no number; write 1234.5 or 1,234.5", id="control characters",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, text: str | bytes, settings: dict[str, Any], message: str) -> None:
    assert refused(tmp_path, text, **settings) == message


def test_a_long_cell_is_shortened(tmp_path: Path) -> None:
    assert len(refused(tmp_path, f"date,value\n2026-11-09,{'x' * 10_000}\n")) < 150
    assert len(refused(tmp_path, ",".join(f"column {number}" * 50 for number in range(100)))) < 1000


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path, message in {
        "none.csv": "none.csv: cannot be read: No such file or directory",
        "folder": "folder: cannot be read: Is a directory",
        "a\x00b.csv": "a b.csv: cannot be read: embedded null byte",
        "x" * 5000: "x" * 199 + "…: cannot be read: File name too long",
    }.items():
        with pytest.raises(SourceError) as caught:
            source(tmp_path, path).read(START, END)
        assert str(caught.value) == message


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    assert len(source(Path("/nowhere"), str(tmp_path / "a.csv")).read(START, END)) == 2


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(SourceError, match=r"^a\.csv: larger than 64 MiB$"):
        source(tmp_path).read(START, END)


@pytest.mark.parametrize(
    "path",
    ["", "ftp://acme.example/a.csv", "file:///etc/passwd", "https://lin:secret@acme.example/a.csv", "https:///a"],
)
def test_paths_that_the_configuration_refuses(path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CsvSettings(type="csv", path=path)
    assert "secret" not in str(caught.value)


# --- behind a URL ---


def table(body: bytes = TABLE.encode(), status: int = 200, **headers: str) -> Response:
    return Response(status, body=body, headers={"Content-Type": "text/csv", **headers})


def downloaded(shop: Shop, path: str = "/a.csv") -> list[Reading]:
    return list(source(Path("/nowhere"), shop.url + path).read(START, END))


def failure(shop: Shop, path: str = "/a.csv", kind: type[SourceError] = SourceError) -> str:
    with pytest.raises(kind) as caught:
        downloaded(shop, path)
    assert type(caught.value) is kind
    return str(caught.value).replace(shop.url, "URL")


TWO = [Reading(date(2026, 11, 9), 1.0), Reading(date(2026, 11, 16), 2.0)]


def test_a_url(shop: Shop) -> None:
    shop.pages["/a.csv"] = [table()]
    assert downloaded(shop) == TWO
    assert downloaded(shop, "/a.csv?token=secret") == TWO


def test_a_compressed_answer(shop: Shop) -> None:
    shop.pages["/a.csv"] = [table(gzip.compress(TABLE.encode()), **{"Content-Encoding": "gzip"})]
    assert downloaded(shop) == TWO


def test_a_broken_compressed_answer(shop: Shop) -> None:
    shop.pages["/a.csv"] = [table(b"no gzip", **{"Content-Encoding": "gzip"})]
    assert failure(shop) == "URL/a.csv: cannot be read (ContentDecodingError)"


def test_a_failure_that_passes(shop: Shop) -> None:
    shop.pages["/a.csv"] = [table(status=500, **AT_ONCE), table(status=429, **AT_ONCE), table()]
    waits: list[tuple[str, float]] = []

    def on_wait(why: str, seconds: float) -> None:
        waits.append((why.replace(shop.url, "URL"), seconds))

    context = OutcomeContext(Path("/nowhere"), ZoneInfo("UTC"), on_wait)
    assert Csv(CsvSettings(type="csv", path=f"{shop.url}/a.csv"), context).read(START, END) == TWO
    assert waits == [
        ("URL/a.csv answered 500: Internal Server Error", 0.0),
        ("URL/a.csv answered 429: Too Many Requests", 0.0),
    ]


def test_a_failure_that_stays(shop: Shop) -> None:
    shop.pages["/a.csv"] = [table(status=503, **AT_ONCE)]
    assert failure(shop, kind=RetryableError) == "URL/a.csv answered 503: Service Unavailable"
    assert shop.count() == DEFAULT_POLICY.attempts


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (404, SourceError, "URL/a.csv answered 404: Not Found"),
        (204, SourceError, "URL/a.csv answered 204: No Content"),
        (401, AuthError, "URL/a.csv answered 401: Unauthorized. Check the token: it may be wrong or expired"),
    ],
)
def test_refusals_are_not_tried_again(shop: Shop, status: int, kind: type[SourceError], message: str) -> None:
    shop.pages["/a.csv"] = [table(status=status)]
    assert failure(shop, "/a.csv?token=secret", kind) == message
    assert shop.count() == 1


def test_a_page_where_a_table_should_be(shop: Shop) -> None:
    shop.pages["/a.csv"] = [Response(body=b"<!doctype html>\n<title>Sign in</title>\n<p>Who are you?\n")]
    assert failure(shop) == "URL/a.csv:1: there is no column 'date'; columns: <!doctype html>"


@pytest.mark.usefixtures("one_try")
def test_an_answer_that_ends_early_is_no_shorter_series() -> None:
    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + TABLE.encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(RetryableError, match=r"/a\.csv: no whole answer \(ChunkedEncodingError\)$"):
            source(Path("/nowhere"), f"http://127.0.0.1:{server.getsockname()[1]}/a.csv").read(START, END)
        thread.join()


@pytest.mark.usefixtures("loopback_is_outside")
def test_redirects(shop: Shop) -> None:
    with Shop() as other:
        other.pages["/b.csv"] = [table()]
        shop.pages["/a.csv"] = [Response(302, headers={"Location": f"{other.url}/b.csv"})]
        assert downloaded(shop) == TWO
        assert other.requests[0].headers.get("Authorization") is None


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("/a.csv?token=secret", "URL/a.csv: redirects more than 10 times"),
        ("file:///etc/passwd", "URL/a.csv: redirects to what is no http(s) address"),
    ],
)
def test_redirects_that_lead_nowhere(shop: Shop, location: str, message: str) -> None:
    shop.pages["/a.csv"] = [Response(302, headers={"Location": location})]
    assert failure(shop, "/a.csv?token=secret") == message


def test_a_huge_answer_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "LARGEST", 1024 * 1024)
    shop.pages["/a.csv"] = [table(gzip.compress(b"x" * (3 * 1024 * 1024)), **{"Content-Encoding": "gzip"})]
    assert failure(shop) == "URL/a.csv: larger than 1 MiB"


@pytest.mark.usefixtures("one_try")
def test_nobody_answers() -> None:
    with Shop() as shop:
        url = shop.url
    with pytest.raises(RetryableError, match=r"/a\.csv: no whole answer \(ConnectionError\)$"):
        source(Path("/nowhere"), f"{url}/a.csv?token=secret").read(START, END)


# --- the contract of every outcome source ---


class TestCsvFile(OutcomeContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> OutcomeSource:
        rows = "".join(f"2026-{month:02}-15,{month}\n" for month in range(1, 13))
        (tmp_path / "a.csv").write_text(f"date,value\n{rows}")
        return source(tmp_path)

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        return START, END

    @pytest.fixture
    def fail(self, tmp_path: Path) -> Callable[[], None]:
        return (tmp_path / "a.csv").unlink


class TestCsvAtAnAddress(OutcomeContract):
    secrets = ("s3cret-in-the-query", "s3cret-token")

    @pytest.fixture
    def source(self, shop: Shop, tmp_path: Path) -> OutcomeSource:
        rows = "".join(f"2026-{month:02}-15,{month}\n" for month in range(1, 13))
        shop.pages["/a.csv"] = [Response(body=f"date,value\n{rows}".encode())]
        return source(tmp_path, f"{shop.url}/a.csv?token={self.secrets[0]}", auth={"token": self.secrets[1]})

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        return START, END

    @pytest.fixture
    def fail(self, shop: Shop) -> Callable[[], None]:
        def refuse(request: Request) -> Response:
            return Response(403, {"message": f"no: {dict(request.headers)} {request.query}"})

        return lambda: shop.faults.append(refuse)


def test_manual_has_nothing_to_ask(tmp_path: Path) -> None:
    manual = Manual(Manual.Settings(type="manual"), OutcomeContext(tmp_path, ZoneInfo("UTC")))
    assert not manual.pulled
    assert manual.read(START, END) == ()
    OutcomeContract().test_settings_refuse_what_they_do_not_know(manual)
    OutcomeContract().test_same_readings_again(manual, (START, END))
