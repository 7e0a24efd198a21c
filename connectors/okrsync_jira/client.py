"""The wire: sends one request, judges the answer, says in words what went wrong. Knows URLs, not what an issue is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import HttpPolicy, error_of, one_line, shown_url, with_retries
from okrsync.language import _
from okrsync.pace import Paces
from okrsync_jira.wire import SearchAnswer, decoded, search_answer

if TYPE_CHECKING:
    import requests

GATEWAY = "https://api.atlassian.com"
"""Where Cloud's scoped tokens work; at the site itself they are refused."""

POST_REFUSED = frozenset({404, 405, 501})
"""What a gateway for reading answers to a POST, or a server that has no such endpoint."""

_CLOUD_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Refused(SourceError):
    """The service refused a request for good; ``status`` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request that went well."""

    data: Any
    """The decoded JSON, of a search a ``SearchAnswer`` or None."""
    headers: Mapping[str, str]
    """Looked up without case."""


class JiraClient:
    """Requests to one Jira site with one account; safe to use from several threads.

    The ``jira`` library keeps session and authentication; its own retries are off, because ``okrsync.http`` is the one
    policy, and its object trees are not used, because they cost more than the network.
    """

    def __init__(
        self,
        url: str,
        *,
        email: str | None,
        token: str,
        scoped: bool,
        source: str,
        jobs: int,
        policy: HttpPolicy,
        paces: Paces,
        on_wait: Callable[[str, float], None],
    ) -> None:
        """``url`` is the site's address without a trailing slash; no ``email`` means a personal access token.

        ``scoped`` tokens are sent to Atlassian's gateway, whose id for the site is asked for here, without credentials.
        """
        from jira import JIRA

        from okrsync.paced import PacedAdapter

        self._policy = policy
        self._on_wait = on_wait
        self._only_get = False
        self._base = f"{GATEWAY}/ex/jira/{self._cloud_id(url, source)}" if scoped else url
        login: dict[str, Any] = {"token_auth": token} if email is None else {"basic_auth": (email, token)}
        self._jira = JIRA(
            server=self._base, get_server_info=False, max_retries=0, timeout=policy.timeout, validate=False, **login
        )
        adapter = PacedAdapter(paces.of(self._base), on_wait=on_wait, pool_maxsize=max(10, 2 * jobs), policy=policy)
        session = self._jira._session
        for scheme in ("https://", "http://"):
            session.mount(scheme, adapter)
        # Proxies and certificates of the environment, read once: requests would look for them at every request.
        found = session.merge_environment_settings(self._base, {}, None, None, None)
        session.proxies, session.verify, session.cert = found["proxies"], found["verify"], found["cert"]
        session.trust_env = False

    def get(self, path: str, where: str, **params: str | int) -> Answer:
        """GET ``path`` (from ``/rest`` on). ``where`` is source and scope, for messages.

        Raises ``AuthError``, ``RetryableError`` once the policy's tries are used up, ``Refused`` and ``SourceError``.
        """
        return self._ask("GET", path, where, decoded, params=params)

    def post(self, path: str, where: str, body: Mapping[str, Any]) -> Answer:
        """POST ``body`` as JSON; for reading only, so it is tried again as freely as a GET. Raises as ``get`` does."""
        return self._ask("POST", path, where, decoded, json=dict(body))

    def search(self, path: str, where: str, body: Mapping[str, Any]) -> SearchAnswer:
        """A search: POST, whose length has no limit, or GET where something on the way lets only GET through.

        Raises as ``get`` does, and ``SourceError`` for an answer without issues.
        """
        answer = None
        if not self._only_get:
            try:
                answer = self._ask("POST", path, where, search_answer, json=dict(body))
            except Refused as error:
                if error.status not in POST_REFUSED:
                    raise
        if answer is None:
            params = {name: _in_query(value) for name, value in body.items()}
            answer = self._ask("GET", path, where, search_answer, params=params)
            self._only_get = True
        if not isinstance(answer.data, SearchAnswer):
            raise SourceError(_("{where}: a search answered without issues").format(where=where))
        return answer.data

    def close(self) -> None:
        """Let go of the connections."""
        self._jira._session.close()

    def _ask(self, method: str, path: str, where: str, decode: Callable[[bytes], Any], **arguments: Any) -> Answer:
        session = self._jira._session
        return self._judged(
            f"{where}: {method} {shown_url(self._base + path)}",
            # A redirect is an answer to report: to follow one could carry the token to another host.
            lambda: session.request(method, self._base + path, allow_redirects=False, **arguments),
            decode,
        )

    def _cloud_id(self, url: str, source: str) -> str:
        import requests

        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}/_edge/tenant_info"

        def send() -> requests.Response:
            # An auth that adds nothing: without one, requests would look for credentials in the user's .netrc.
            return requests.get(address, auth=lambda r: r, allow_redirects=False, timeout=self._policy.timeout)

        where = f"{source}: GET {address}"
        data = self._judged(where, send, decoded).data
        cloud_id = data.get("cloudId") if isinstance(data, dict) else None
        if not isinstance(cloud_id, str) or not _CLOUD_ID.fullmatch(cloud_id):
            raise SourceError(
                _("{where} names no cloudId: `scoped` tokens exist on Jira Cloud only. Check `url`").format(where=where)
            )
        return cloud_id

    def _judged(self, where: str, send: Callable[[], requests.Response], decode: Callable[[bytes], Any]) -> Answer:
        return with_retries(lambda: _once(where, send, decode), policy=self._policy, on_wait=self._on_wait)


def _once(where: str, send: Callable[[], requests.Response], decode: Callable[[bytes], Any]) -> Answer:
    """Send one request and read its answer, every way to fail turned into an error of ours."""
    import requests
    from jira import JIRAError

    try:
        response = send()
    except JIRAError as error:
        # The library parses the body of an error; its str() would show headers and the whole URL.
        raise _refusal(where, error.status_code or 0, error.response, error.text or "") from None
    except requests.exceptions.SSLError as error:
        raise SourceError(
            _("{where}: the certificate is not trusted: {error}").format(where=where, error=one_line(str(error)))
        ) from None
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise RetryableError(
            _("{where} did not answer ({name})").format(where=where, name=type(error).__name__)
        ) from None
    except (requests.RequestException, AttributeError, TypeError) as error:
        # The library trips over error bodies that are JSON but no object. Foreign text is not shown: a header may be
        # part of it.
        raise SourceError(_("{where} cannot be read ({name})").format(where=where, name=type(error).__name__)) from None
    if response.status_code >= 400:
        raise _refusal(where, response.status_code, response, response.text)
    _as_a_stranger(where, response.headers)
    if 300 <= response.status_code < 400:
        target = shown_url(response.headers.get("Location", ""))
        if "login" in target.lower():
            raise AuthError(
                _("{where} sends us to a login page ({target}). Check the token").format(
                    where=where, target=one_line(target)
                )
            )
        raise SourceError(_("{where} redirects to {target}. Check `url`").format(where=where, target=one_line(target)))
    try:
        return Answer(decode(response.content), response.headers)
    except (ValueError, RecursionError):
        kind = one_line(response.headers.get("Content-Type", "no type"), 60)
        if "html" in kind.lower():
            raise AuthError(
                _(
                    "{where} answered with a web page, probably a login page. Check the token, and that `url` is Jira's"
                ).format(where=where)
            ) from None
        raise SourceError(
            _("{where} answered what is not JSON ({kind}). Check `url`").format(where=where, kind=kind)
        ) from None


def _in_query(value: Any) -> Any:
    """A value of a JSON body as a GET writes it."""
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else value


def _refusal(where: str, status: int, response: requests.Response | None, detail: str) -> SourceError:
    headers: Mapping[str, str] = response.headers if response is not None else {}
    _as_a_stranger(where, headers)
    if "html" in headers.get("Content-Type", "").lower():
        detail = ""
    error = error_of(status, headers, detail, where)
    return Refused(str(error), status) if type(error) is SourceError else error


def _as_a_stranger(where: str, headers: Mapping[str, str]) -> None:
    """FACTS: an expired token may answer 200 with no issues, because search allows anonymous access; and 404."""
    reason = headers.get("X-Seraph-LoginReason", "")
    if "AUTHENTICATED_FAILED" in reason or "AUTHENTICATION_DENIED" in reason:
        raise AuthError(
            _("{where}: Jira does not accept the token and answers as to a stranger. Renew the token").format(
                where=where
            )
        )
