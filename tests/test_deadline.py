"""An answer that comes a byte at a time, for ever, holds no request for ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import requests

from okrsync.deadline import timed
from okrsync.http import HttpPolicy
from okrsync.pace import Paces
from okrsync.paced import PacedAdapter

POLICY = HttpPolicy(read_timeout=5.0, whole_timeout=0.4)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n"
STEADILY = {
    "the head": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 200 + b"\r\nContent-Length: 0\r\n\r\n"),
    "the body": (HEAD, b"x" * 200),
    "a body in chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 40 + b"0\r\n\r\n"),
}


@contextmanager
def sending(at_once: bytes, byte_by_byte: bytes) -> Iterator[str]:
    """A server on loopback that answers one request a connection; all of its answer takes ten seconds or more."""
    ended = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            while client.recv(65536):
                client.sendall(at_once)
                for byte in byte_by_byte:
                    if ended.wait(0.05):
                        return
                    client.sendall(bytes([byte]))

    def accept() -> None:
        with suppress(OSError):
            while True:
                thread = threading.Thread(target=serve, args=(listening.accept()[0],))
                threads.append(thread)
                thread.start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


@pytest.mark.parametrize("part", STEADILY)
def test_an_answer_that_trickles_is_given_up(part: str) -> None:
    pace = Paces(1).of("http://127.0.0.1")
    with sending(*STEADILY[part]) as url, requests.Session() as session:
        session.mount("http://", PacedAdapter(pace, policy=POLICY))
        for _ in range(2):  # the place among those under way is given back
            with pytest.raises((requests.Timeout, requests.ConnectionError)):
                session.get(url, timeout=POLICY.timeout)


def test_an_answer_in_time_is_read_and_its_connection_used_again() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000
    with sending(said, b"") as url, timed(requests.Session(), HttpPolicy(whole_timeout=60.0)) as session:
        answers = [session.get(url, timeout=POLICY.timeout).content for _ in range(3)]
        assert {len(answer) for answer in answers} == {3_000_000}
        pools = session.get_adapter(url).poolmanager.pools  # type: ignore[attr-defined]
        assert pools[next(iter(pools.keys()))].num_connections == 1
