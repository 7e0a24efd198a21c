"""What outcome sources read over HTTP: one way to log in, to follow redirects, to try again, to refuse too much."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Annotated
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from okrsync.errors import RetryableError, SourceError, WrongValue
from okrsync.http import DEFAULT_POLICY, error_of, one_line, shown_url, with_retries
from okrsync.language import _
from okrsync.outcomes.redirects import session_for

LARGEST = 64 * 1024 * 1024
"""Bytes; a larger answer is refused rather than read into memory, and no more than that is remembered."""
_LONGEST_REFUSAL = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
_SECRET = re.compile(r"[!-~]+")


def _sendable(secret: SecretStr) -> SecretStr:
    if not _SECRET.fullmatch(secret.get_secret_value()):
        raise WrongValue(_("{name} must be one line of ASCII without blanks: is there a line end in the variable?"))
    return secret


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value():
        raise WrongValue(_("{name} must not be empty"))
    return secret


_Token = Annotated[SecretStr, AfterValidator(_sendable)]


class _Auth(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BearerAuth(_Auth):
    """``auth: {token: "${TOKEN}"}``: sent as ``Authorization: Bearer``."""

    token: _Token
    """A bearer token; write it as ${NAME}."""

    def header_fields(self) -> dict[str, str]:
        """What a request carries."""
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"}


class BasicAuth(_Auth):
    """``auth: {user: okrsync, password: "${PASSWORD}"}``: sent as ``Authorization: Basic``."""

    user: str = Field(pattern=r"^[^:\x00-\x1f\x7f]+$")
    """The user's name, without a colon."""
    password: Annotated[SecretStr, AfterValidator(_not_empty)]
    """The password; write it as ${NAME}."""

    def header_fields(self) -> dict[str, str]:
        """What a request carries."""
        login = base64.b64encode(f"{self.user}:{self.password.get_secret_value()}".encode()).decode()
        return {"Authorization": f"Basic {login}"}


class HeaderAuth(_Auth):
    """``auth: {header: X-Api-Key, value: "${KEY}"}``: sent as that header."""

    header: str = Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
    """The header's name."""
    value: _Token
    """The header's value; write it as ${NAME}."""

    def header_fields(self) -> dict[str, str]:
        """What a request carries."""
        return {self.header: self.value.get_secret_value()}


HttpAuth = BearerAuth | BasicAuth | HeaderAuth


def is_url(text: str) -> bool:
    """Does it begin like an http(s) address?"""
    return text.lower().startswith(("http://", "https://"))


def checked_url(url: str) -> str:
    """The address, when it can be asked. Raises ``ValueError`` saying what to write instead."""
    if not is_url(url):
        raise WrongValue(_("{name} must begin with http:// or https://"))
    try:
        host, _port = urlsplit(url).hostname, urlsplit(url).port
    except ValueError:
        host = None
    if not host:
        raise WrongValue(_("{name} must name a host after http(s)://"))
    if "@" in urlsplit(url).netloc:
        raise ValueError(
            _("no user or password in a URL, it would end up in messages and logs: write them under `auth`")
        )
    return url


Url = Annotated[str, AfterValidator(checked_url)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, with status 200."""

    body: bytes
    content_type: str
    """As the header says it, lower case, without parameters."""
    has_next: bool
    """The server says that the answer goes on at another address."""


@dataclass(frozen=True, slots=True)
class _Request:
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    accept: str


class Downloads:
    """What one run has read over HTTP; several threads may ask at once.

    Several key results often stand in one table: an address is asked once in a run. A host that stayed silent through
    all tries is given one try by everything that asks it later in the run.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: dict[_Request, Lock] = {}
        self._answers: dict[_Request, Answer | SourceError] = {}
        self._remembered = 0
        self._silent: set[str] = set()

    def get(
        self,
        url: str,
        *,
        auth: HttpAuth | None = None,
        parameters: Mapping[str, str] | None = None,
        accept: str = "*/*",
        refusal: Callable[[bytes], str] = lambda body: "",
        on_wait: Callable[[str, float], None] = lambda why, seconds: None,
    ) -> Answer:
        """The answer of status 200 to a GET, whole.

        ``parameters`` are added to the query of ``url``. ``refusal`` finds the server's own message in the body of
        another status. ``auth`` is not sent to another host that the server redirects to. Raises ``SourceError``
        (``AuthError``, ``RetryableError`` after all tries) naming the address without its query.
        """
        if parameters:
            parts = urlsplit(url)
            query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
            url = urlunsplit(parts._replace(query=query))
        request = _Request(url, tuple(auth.header_fields().items()) if auth else (), accept)
        with self._lock:
            turn = self._turns.setdefault(request, Lock())
        with turn:
            known = self._answers.get(request)
            if known is None:
                known = self._ask(request, refusal, on_wait)
        if isinstance(known, SourceError):
            raise known
        return known

    def _ask(
        self, request: _Request, refusal: Callable[[bytes], str], on_wait: Callable[[str, float], None]
    ) -> Answer | SourceError:
        host = urlsplit(request.url).netloc
        policy = replace(DEFAULT_POLICY, attempts=1) if host in self._silent else DEFAULT_POLICY
        found: Answer | SourceError
        try:
            found = with_retries(lambda: _follow(request, refusal), policy=policy, on_wait=on_wait)
        except SourceError as error:
            found = error
        with self._lock:
            size = len(found.body) if isinstance(found, Answer) else 0
            if isinstance(found, RetryableError):
                self._silent.add(host)
            if self._remembered + size <= LARGEST:
                self._remembered += size
                self._answers[request] = found
        return found


def _follow(request: _Request, refusal: Callable[[bytes], str]) -> Answer:
    """Ask, and go where the server points; what logs in stays with the host that it is for."""
    where = one_line(shown_url(request.url))
    url, headers = request.url, dict(request.headers)
    origin: str | None = None
    for _redirect in range(_MOST_REDIRECTS + 1):
        found = _once(url, {"Accept": request.accept, **headers}, where, refusal, origin)
        if isinstance(found, Answer):
            return found
        target = urljoin(url, found)
        try:
            checked_url(target)
        except ValueError:
            raise SourceError(_("{where}: redirects to what is no http(s) address").format(where=where)) from None
        if not _same_host(url, target):
            headers, origin = {}, request.url
        url = target
    raise SourceError(_("{where}: redirects more than {count} times").format(where=where, count=_MOST_REDIRECTS))


def _same_host(one: str, other: str) -> bool:
    """The same server, or the same one by https now."""
    before, after = _place(one), _place(other)
    return before == after or (before[0] == after[0] and (before[1:], after[1:]) == (("http", 80), ("https", 443)))


def _place(url: str) -> tuple[str | None, str, int]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return parts.hostname, scheme, parts.port or (443 if scheme == "https" else 80)


def _once(
    url: str, headers: dict[str, str], where: str, refusal: Callable[[bytes], str], origin: str | None
) -> Answer | str:
    """The answer, or where the server points. ``origin``: the address that was named, where it sent us to another."""
    import requests

    from okrsync.deadline import timed

    try:
        with (
            timed(requests.Session()) if origin is None else session_for(url, origin=origin, where=where) as session,
            session.get(
                url,
                headers=headers,
                auth=lambda request: request,  # without one, requests would take a login from the user's .netrc
                timeout=DEFAULT_POLICY.timeout,
                stream=True,
                allow_redirects=False,
            ) as response,
        ):
            if response.status_code in _REDIRECTS and "Location" in response.headers:
                return response.headers["Location"]
            if response.status_code != requests.codes.ok:
                body = next(response.iter_content(_LONGEST_REFUSAL), b"")
                said = refusal(body) or response.reason or ""
                raise error_of(response.status_code, response.headers, said, where)
            content = bytearray()
            for part in response.iter_content(1024 * 1024):
                content += part
                check_size(len(content), where)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(bytes(content), kind, "next" in response.links)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise RetryableError(
            _("{where}: no whole answer ({name})").format(where=where, name=type(error).__name__)
        ) from error
    except requests.RequestException as error:
        # Its text may hold the whole URL, a token in the query included.
        raise SourceError(
            _("{where}: cannot be read ({name})").format(where=where, name=type(error).__name__)
        ) from error


def check_size(size: int, where: str) -> None:
    """Raises ``SourceError`` for more than ``LARGEST`` bytes."""
    if size > LARGEST:
        raise SourceError(_("{where}: larger than {size} MiB").format(where=where, size=LARGEST // 1024 // 1024))
