"""``python -m benchmarks._stand_in MODULE:CLASS ITEMS [NAME=VALUE …]``: a service on loopback, in a process of its own.

Built to never be what a measurement waits for: one asyncio loop, answers that are bytes already, and for each the time
that a real service would take. It prints its port, serves until its stdin ends, and answers at ``/_/stats`` how often
it was asked. ``--rate N`` refuses what comes faster than N requests a second; ``--refuse N`` refuses every Nth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    """Without the query."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and how long it takes."""

    body: bytes
    seconds: float
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Site(Protocol):
    """A service: made with the number of its items and further arguments."""

    url: str
    """Its own address; set before the first request."""

    def answer(self, asked: Asked) -> Given: ...


@dataclass
class Stats:
    """What a measurement wants to know of the service's side."""

    requests: int = 0
    refused: int = 0
    at_once: int = 0
    most_at_once: int = 0
    began_cpu: float = field(default_factory=time.process_time)
    paths: dict[str, int] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    def __init__(self, server: _Server) -> None:
        self.server = server
        self.pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while True:
            head, found, rest = self.pending.partition(b"\r\n\r\n")
            if not found:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self.pending = rest[length:]
            method, target, _ = first.split(" ", 2)
            path, _, query = target.partition("?")
            self.server.asked(self, Asked(method, path, query, headers, rest[:length]))

    def send(self, given: Given) -> None:
        if self.transport.is_closing():  # type: ignore[attr-defined]
            return
        lines = [f"HTTP/1.1 {given.status} -", f"Content-Length: {len(given.body)}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in given.headers.items()]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + given.body)  # type: ignore[attr-defined]


class _Server:
    def __init__(self, site: Site, rate: float | None, refuse: int | None) -> None:
        self.site, self.rate, self.refuse = site, rate, refuse
        self.stats = Stats()
        self.allowance, self.since = rate or 0.0, time.monotonic()
        self.asked_ever = 0

    def asked(self, connection: _Connection, asked: Asked) -> None:
        loop = asyncio.get_running_loop()
        if asked.path.startswith("/_/"):
            connection.send(Given(self._control(asked), 0))
            return
        stats = self.stats
        stats.requests += 1
        stats.paths[asked.path] = stats.paths.get(asked.path, 0) + 1
        stats.at_once += 1
        stats.most_at_once = max(stats.most_at_once, stats.at_once)
        given = self._refused() or self.site.answer(asked)

        def send() -> None:
            stats.at_once -= 1
            connection.send(given)

        loop.call_later(given.seconds, send)

    def _refused(self) -> Given | None:
        self.asked_ever += 1
        refused = self.refuse is not None and self.asked_ever % self.refuse == 0
        if self.rate is not None:
            now = time.monotonic()
            # A second's worth may come at once: services count in windows of about that.
            self.allowance = min(self.rate, self.allowance + (now - self.since) * self.rate)
            self.since = now
            if self.allowance < 1:
                refused = True
            else:
                self.allowance -= 1
        if not refused:
            return None
        self.stats.refused += 1
        return Given(b'{"errorMessages":["slow down"],"message":"slow down"}', 0.01, 429, {"Retry-After": "1"})

    def _control(self, asked: Asked) -> bytes:
        if asked.path == "/_/reset":
            self.stats = Stats()
        elif asked.path != "/_/stats":
            return self.site.answer(asked).body
        stats = self.stats
        said = {name: getattr(stats, name) for name in ("requests", "refused", "most_at_once", "paths")}
        return json.dumps({**said, "cpu": time.process_time() - stats.began_cpu}).encode()


async def _serve(site: Site, rate: float | None, refuse: int | None) -> None:
    loop = asyncio.get_running_loop()
    server_side = _Server(site, rate, refuse)
    server = await loop.create_server(lambda: _Connection(server_side), "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    site.url = f"http://127.0.0.1:{port}"
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until the one that started us is done
    server.close()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site")
    parser.add_argument("items", type=int)
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--refuse", type=int)
    given = parser.parse_args()
    module, _, name = given.site.partition(":")
    site: Site = getattr(import_module(module), name)(
        given.items, **dict(argument.split("=", 1) for argument in given.arguments)
    )
    asyncio.run(_serve(site, given.rate, given.refuse))


if __name__ == "__main__":
    main()
