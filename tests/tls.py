"""Stand-ins that speak TLS and plain HTTP on one port, so that a redirect from https to http changes nothing else."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from okrsync.sandbox.server import Request, Response, StandIn, _Server

_HANDSHAKE = b"\x16"
"""The first byte of TLS."""


@cache
def _certificates() -> tuple[bytes, bytes]:
    """An authority's certificate; a certificate of 127.0.0.1 by it with its key. Both in PEM form."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("okrsync tests", "here")]
    now = datetime.now(UTC)

    def builder(number: int) -> x509.CertificateBuilder:
        public = keys[number].public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
        )

    signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    authority = builder(0).add_extension(signs, critical=True).sign(keys[0], hashes.SHA256())
    server = builder(1).add_extension(here, critical=False).sign(keys[0], hashes.SHA256())
    pem = serialization.Encoding.PEM
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return authority.public_bytes(pem), server.public_bytes(pem) + key


class _EitherServer(_Server):
    """Looks at the first byte that a client sends."""

    context: ssl.SSLContext

    def __init__(self, stand_in: StandIn) -> None:
        self.here = threading.local()
        super().__init__(stand_in)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            self.here.secure = request.recv(1, socket.MSG_PEEK) == _HANDSHAKE
            secure = self.context.wrap_socket(request, server_side=True) if self.here.secure else request
        except OSError:  # the client hung up, or does not trust us
            self.shutdown_request(request)
            return
        if secure is not request:
            with self._connections_lock:
                self._connections.discard(request)
                self._connections.add(secure)
        super().process_request_thread(secure, client_address)


def over_tls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[StandIn, Request]]:
    """From now on every stand-in is at https://, and okrsync and git trust it. What comes to one in plain HTTP."""
    authority, server = (folder / name for name in ("authority.pem", "server.pem"))
    for file, content in zip((authority, server), _certificates(), strict=True):
        file.write_bytes(content)
    _EitherServer.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _EitherServer.context.load_cert_chain(server)
    plain: list[tuple[StandIn, Request]] = []
    answer, url = StandIn.answer, StandIn.url

    def noted(stand_in: StandIn, request: Request) -> Response:
        assert isinstance(stand_in._server, _EitherServer)
        if not stand_in._server.here.secure:
            plain.append((stand_in, request))
        return answer(stand_in, request)

    monkeypatch.setattr("okrsync.sandbox.server._Server", _EitherServer)
    monkeypatch.setattr(StandIn, "answer", noted)
    monkeypatch.setattr(StandIn, "url", property(lambda self: url.fget(self).replace("http:", "https:")))  # type: ignore[attr-defined]
    for name in ("REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO"):
        monkeypatch.setenv(name, str(authority))
    return plain
