"""A whole answer within a time: ``requests``' own read time-out begins anew with every byte that comes.

A server, or something on the way, that sends a byte a second would otherwise hold a request for ever.
"""

from __future__ import annotations

import io
from functools import cache
from http.client import HTTPResponse
from socket import socket
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from okrsync.http import DEFAULT_POLICY, HttpPolicy

_BUFFER = 1 << 16


class TimedAdapter(HTTPAdapter):
    """Gives up an answer that has not come whole within ``HttpPolicy.whole_timeout`` of its request, as ``requests``
    gives one up whose next byte does not come: with ``ReadTimeout``, or ``ConnectionError`` in its body."""

    def __init__(self, policy: HttpPolicy = DEFAULT_POLICY, **arguments: Any) -> None:
        self._pools = _pools(policy.whole_timeout)
        super().__init__(**arguments)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def timed(session: requests.Session, policy: HttpPolicy = DEFAULT_POLICY) -> requests.Session:
    """The session, whose answers must come whole in time."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, TimedAdapter(policy))
    return session


@cache
def _pools(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    class Response(HTTPResponse):
        def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            # What is read from the socket goes through here.
            self.fp: Any = io.BufferedReader(_Timed(self.fp.detach(), sock, seconds), _BUFFER)

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Timed(io.RawIOBase):
    """The bytes of one answer, up to a moment."""

    def __init__(self, raw: io.RawIOBase, sock: socket, seconds: float) -> None:
        self._raw = raw
        self._sock = sock
        self._until = monotonic() + seconds
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not come whole in time")
        if self._patience is None or left < self._patience:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
