"""What every stand-in shares: a threaded HTTP/1.1 server on 127.0.0.1 that keeps a log of what it was asked."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


class Headers(Mapping[str, str]):
    """Header fields, found without regard to case; iteration gives the names as they were sent."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = {name.lower(): (name, value) for name, value in fields}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    """Without the query, percent-decoded."""
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; None for an empty one. Raises ``ValueError`` when it is not JSON."""
        return json.loads(self.body) if self.body else None

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: ``body`` as it is, else ``json`` encoded, else nothing."""

    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    dropped_after: int | None = None
    """The connection breaks after so many bytes of the body; below zero before the first byte of the answer."""

    def payload(self) -> bytes:
        """The bytes of the body."""
        if self.body is not None:
            return self.body
        return b"" if self.json is None else json.dumps(self.json, separators=(",", ":")).encode()


class StandIn:
    """A service's stand-in: a subclass answers in ``handle``, which several threads call at once.

    ``faults`` are asked first, in order; the first answer that is not None is sent instead (a test's 429, say).
    ``latency`` is slept before each answer, in seconds. With ``record`` each answer is kept in ``answers``.
    """

    def __init__(self, *, record: bool = False, latency: float = 0.0) -> None:
        self.record = record
        self.latency = latency
        self.requests: list[Request] = []
        self.answers: list[tuple[Request, Response]] = []
        self.faults: list[Callable[[Request], Response | None]] = []
        self.skew = 0.0
        """Seconds that its clock is ahead of ours, as the ``Date`` of its answers tells."""
        self.ending = threading.Event()
        """Set when it stops: who lets a client wait looks at it."""
        self._log_lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def handle(self, request: Request) -> Response:
        """The answer to one request; an unknown path answers 404, as here."""
        return Response(404, {"message": "Not Found"})

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``. Raises ``RuntimeError`` before ``start``."""
        if self._server is None:
            raise RuntimeError("the stand-in is not started")
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self, path_prefix: str = "") -> int:
        """How many requests came in for paths that begin so."""
        with self._log_lock:
            return sum(request.path.startswith(path_prefix) for request in self.requests)

    def start(self) -> Self:
        """Listen on a free port, in threads of its own."""
        if self._server is None:
            self.ending.clear()
            self._server = _Server(self)
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection that a client still keeps alive."""
        if self._server is not None and self._thread is not None:
            self.ending.set()
            self._server.shutdown()
            self._thread.join()
            self._server.close_all()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Response:
        """Log a request, ask the faults, then ``handle``; what the server calls."""
        with self._log_lock:
            self.requests.append(request)
        if self.latency:
            time.sleep(self.latency)
        response = next((said for fault in self.faults if (said := fault(request)) is not None), None)
        if response is None:
            response = self.handle(request)
        if self.record:
            with self._log_lock:
                self.answers.append((request, response))
        return response


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # stop() waits for them, so that no socket outlives a test
    request_queue_size = 128

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for the host's name here, which may take seconds.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        with self._connections_lock:
            for connection in self._connections:
                with suppress(OSError):  # the client was quicker
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is everyday life; anything else is a defect of the stand-in and must be seen.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    server: _Server

    def _respond(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Response(411, {"message": "Length Required"}))
            return
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            self.close_connection = True
            self._send(Response(400, {"message": "Bad Content-Length"}))
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers=Headers(self.headers.items()),
            body=self.rfile.read(length) if length > 0 else b"",
        )
        self._send(self.server.stand_in.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _respond  # noqa: N815 (http.server names them)

    def _send(self, response: Response) -> None:
        body, dropped = response.payload(), response.dropped_after
        if dropped is not None:
            self.close_connection = True
            if dropped < 0:
                return
        self.send_response(response.status)
        if response.body is None and response.json is not None and "Content-Type" not in response.headers:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in (204, 304):
            self.wfile.write(body[:dropped])

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.server.stand_in.skew if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr: ``StandIn.requests`` is the log."""
