"""What wikis with an HTTP API share: which addresses may be given, a session that gives secrets to nobody else, and the
mark that tells our own uploads from a person's."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from okrsync.errors import SourceError
from okrsync.http import DEFAULT_POLICY, HttpPolicy, shown_url
from okrsync.language import N_, _

if TYPE_CHECKING:
    import requests

_UPLOADED = re.compile(r"okrsync sha256=([0-9a-f]{64})")


def web_address(url: str) -> str:
    """``url`` without a slash at its end.

    Raises ``ValueError`` for one that holds a login, is no http(s) address, or would send a secret in the clear: plain
    http is for this machine alone.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
        _port = parts.port
    except ValueError:
        raise ValueError(_("this is not an address")) from None
    if parts.scheme not in {"https", "http"} or not host:
        raise ValueError(_("write an address that begins with https://"))
    if parts.username is not None or parts.password is not None:
        raise ValueError(_("a user, token or password does not belong in the url: write it under `auth:`"))
    if parts.query or parts.fragment:
        raise ValueError(_("the address has neither ? nor #"))
    if is_open(url):
        raise ValueError(_(PLAIN_HTTP))
    return url.strip().rstrip("/")


PLAIN_HTTP = N_(
    "with http:// everybody on the way could read the token or password: write https://. (Where the service has no "
    "https, let a proxy on its machine add it, or tunnel: `ssh -L 8080:localhost:80 HOST`, then http://localhost:8080)"
)


def is_open(url: str) -> bool:
    """Whether what is sent to ``url`` crosses a network unencrypted."""
    parts = urlsplit(url.strip())
    if parts.scheme.lower() != "http":
        return False
    host = (parts.hostname or "").lower()
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def session(where: str, policy: HttpPolicy = DEFAULT_POLICY) -> requests.Session:
    """A session with time-outs that follows no redirect: a write would become a read on the way, or go elsewhere.

    A redirect raises ``SourceError`` with the address to write instead.
    """
    import requests

    from okrsync.deadline import timed

    class Session(requests.Session):
        def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            if kwargs.get("timeout") is None:
                kwargs["timeout"] = policy.timeout
            kwargs["allow_redirects"] = False
            response = super().send(request, **kwargs)
            if response.is_redirect:
                to = shown_url(urljoin(request.url or "", response.headers["Location"]))
                response.close()
                raise SourceError(
                    _("{where} sends on to {to}: if that is the wiki, write its address as `url`").format(
                        where=where, to=to
                    )
                )
            return response

    return timed(Session(), policy)


def upload_note(hash_: str) -> str:
    """The comment of an upload of ours; ``hash_`` is the ``digest`` of what was uploaded."""
    return f"okrsync sha256={hash_}"


def uploaded(comment: str | None) -> str | None:
    """The ``digest`` that the comment of a file's newest version names; None when a person put it there."""
    found = _UPLOADED.fullmatch((comment or "").strip())
    return found[1] if found else None
