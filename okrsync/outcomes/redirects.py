"""Where a server may send us on to: to any server outside, never inwards (the machine itself, a cloud's metadata)."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from okrsync.errors import SourceError
from okrsync.http import shown_url
from okrsync.language import _

if TYPE_CHECKING:
    import requests
    from urllib3 import HTTPConnectionPool

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def is_inside(address: str, *, from_private: bool) -> bool:
    """May no server outside send us to this IP address?

    ``from_private``: the server that sends us there is on a private network itself, whose other addresses it may name.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_inside(str(inner), from_private=from_private)
    if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
        return True
    return not ip.is_global and not from_private


def session_for(target: str, *, origin: str, where: str) -> requests.Session:
    """A session to ask ``target`` with, where ``origin`` sends us.

    Every address of the target's name is looked at before it is connected to, and the one that answers before anything
    is sent: a name may stand for another address the next time. Through a proxy the proxy connects; then only an
    address that is written as such can be judged. Raises ``SourceError`` for an address inside, here or when it is
    asked; ``where`` says in the message what was read.
    """
    import requests

    from okrsync.deadline import TimedAdapter

    from_private = _is_private(urlsplit(origin).hostname or "")

    def check(address: str) -> None:
        if is_inside(address, from_private=from_private):
            raise SourceError(
                _(
                    "{where}: redirects to {target}, an address inside this network that no other server may send "
                    "okrsync to. If it is right, write that address in its place"
                ).format(where=where, target=shown_url(target))
            )

    def checked(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        made_by: Any = pool.ConnectionCls

        class Connection(made_by):  # type: ignore[misc]  # of either scheme
            def _new_conn(self) -> socket.socket:
                for address in addresses_of(self.host):
                    check(address)
                made: socket.socket = super()._new_conn()
                try:
                    check(made.getpeername()[0])
                except SourceError:
                    made.close()
                    raise
                return made

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    class Adapter(TimedAdapter):
        def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
            super().init_poolmanager(*arguments, **named)
            pools = self.poolmanager.pool_classes_by_scheme
            self.poolmanager.pool_classes_by_scheme = {scheme: checked(pool) for scheme, pool in pools.items()}

    host = urlsplit(target).hostname or ""
    try:
        check(host)
    except ValueError:  # a name, not an address
        if host == "localhost" or host.endswith(".localhost"):
            check("127.0.0.1")
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


def addresses_of(host: str) -> list[str]:
    """All IP addresses of a name; none when it has none, which connecting to it will tell."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(each[4][0]) for each in found]


def _is_private(host: str) -> bool:
    """Is a server on a private network, and not on this machine?"""
    found = [ipaddress.ip_address(address.partition("%")[0]) for address in addresses_of(host)]
    return bool(found) and all(not ip.is_global and not ip.is_loopback for ip in found)
