"""The one HTTP policy: time-outs, which answers are tried again and when, and what may be shown of a request.

The libraries keep their sessions and their authentication; what they raise or answer is brought here to be judged.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.language import _
from okrsync.redaction import redacted

T = TypeVar("T")

# At DEBUG these log addresses with their queries, and answers, as they are; there may be secrets in both.
for _library in ("urllib3.connectionpool", "atlassian.rest_client"):
    logging.getLogger(_library).setLevel(logging.INFO)

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """All times in seconds."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    """Without a byte."""
    whole_timeout: float = 180.0
    """For a whole answer, however steadily it comes (``okrsync.deadline``)."""
    attempts: int = 6
    """Tries of one request, the first included."""
    longest_wait: float = 120.0
    """A server that asks for a longer pause than this makes the scope fail, with that time in the message."""

    @property
    def timeout(self) -> tuple[float, float]:
        """As ``requests`` takes it."""
        return (self.connect_timeout, self.read_timeout)


DEFAULT_POLICY = HttpPolicy()


def with_retries(
    call: Callable[[], T],
    *,
    policy: HttpPolicy = DEFAULT_POLICY,
    on_wait: Callable[[str, float], None] = lambda why, seconds: None,
) -> T:
    """Call until it answers, as long as it raises ``RetryableError``.

    The pause is what the server asked for (``RetryableError.retry_after``), else it doubles from half a second with
    jitter. ``on_wait`` is told of each pause before it begins. Raises the last ``RetryableError`` when the tries are
    used up or the server asks for more than ``policy.longest_wait``; other exceptions pass at once.
    """
    try:
        return call()
    except RetryableError as error:
        failed: RetryableError | None = error
    # Imported where it is needed: most runs need no second try of anything.
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    def again() -> T:
        # The first try has been made.
        nonlocal failed
        if failed is not None:
            first, failed = failed, None
            raise first
        return call()

    backoff = wait_random_exponential(multiplier=0.5, max=30.0)

    def worth_another(error: BaseException) -> bool:
        return isinstance(error, RetryableError) and (error.retry_after or 0.0) <= policy.longest_wait

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetryableError) else None
        return backoff(state) if asked is None else asked

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        on_wait(str(error), state.upcoming_sleep)

    retrying = Retrying(
        retry=retry_if_exception(worth_another),
        stop=stop_after_attempt(policy.attempts),
        wait=pause,
        before_sleep=tell,
        reraise=True,
    )
    try:
        return retrying(again)
    except RetryableError as error:
        if (error.retry_after or 0.0) <= policy.longest_wait:
            raise
        asked = _("{error}. It asks to wait {seconds:.0f} s, which is too long for one run: try again later")
        raise RetryableError(asked.format(error=error, seconds=error.retry_after), error.retry_after) from error


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the server asks us to wait, or None when it names no time.

    Reads ``Retry-After`` (seconds or an HTTP date), then ``X-RateLimit-Reset`` where ``X-RateLimit-Remaining`` is 0 or
    absent: epoch seconds at GitHub, ISO 8601 at Jira Cloud (FACTS: "ISO 8601, not epoch"). ``headers`` must look names
    up without case, as those of ``requests`` do.
    """
    now = now or datetime.now(UTC)
    asked = headers.get("Retry-After")
    if asked is not None:
        try:
            return max(0.0, float(asked))
        except ValueError:
            try:
                return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds())
            except (TypeError, ValueError):
                pass
    reset = headers.get("X-RateLimit-Reset")
    if reset is None or headers.get("X-RateLimit-Remaining", "0").strip() != "0":
        return None
    return _until(reset, now)


def _until(reset: str, now: datetime) -> float | None:
    """Seconds from now to a moment that a header names as epoch seconds or in ISO 8601."""
    try:
        moment = datetime.fromtimestamp(float(reset), UTC)
    except (ValueError, OverflowError, OSError):
        try:
            moment = datetime.fromisoformat(reset)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def quota(headers: Mapping[str, str], now: datetime | None = None) -> tuple[int, float] | None:
    """How many more requests the server takes, and in how many seconds it counts anew; None when it says neither.

    Reads ``X-RateLimit-Remaining`` with ``X-RateLimit-Reset`` (GitHub, Jira Cloud) or ``X-RateLimit-Interval-Seconds``
    (Jira Data Center). ``headers`` must look names up without case.
    """
    try:
        left = int(headers.get("X-RateLimit-Remaining", ""))
    except ValueError:
        return None
    reset = headers.get("X-RateLimit-Reset")
    if reset is not None:
        seconds = _until(reset, now or datetime.now(UTC))
    else:
        try:
            seconds = float(headers.get("X-RateLimit-Interval-Seconds", ""))
        except ValueError:
            return None
    return None if seconds is None or not math.isfinite(seconds) else (max(0, left), max(0.0, seconds))


def error_of(status: int, headers: Mapping[str, str], detail: str, where: str) -> SourceError:
    """The error that an HTTP answer stands for.

    ``detail`` is the server's own message (hostile text: it is shortened and its control characters go), ``where`` says
    which source and request it was. A 403 that carries a rate limit is retryable (GitHub's secondary limits answer 403
    or 429).
    """
    said = _("{where} answered {status}: {detail}") if detail.strip() else _("{where} answered {status}")
    message = said.format(where=where, status=status, detail=one_line(detail))
    if status in RETRYABLE_STATUS or (status == 403 and retry_after(headers) is not None):
        return RetryableError(message, retry_after(headers))
    if status == 401:
        return AuthError(_("{answer}. Check the token: it may be wrong or expired").format(answer=message))
    if status == 403:
        return AuthError(_("{answer}. The account may not do this: check its permissions").format(answer=message))
    return SourceError(message)


_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffe\uffff]+"
)


def one_line(text: str, limit: int = 200) -> str:
    """Foreign text made fit for a message: one line, no control or direction characters, at most ``limit`` long, and
    without this run's secrets, of which a part would be known by nobody as such once it is cut."""
    # A megabyte costs no more than a line.
    clean = _CONTROL.sub(" ", redacted(text)[: limit * 20]).strip()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def shown_url(url: str) -> str:
    """A URL without user, password, query and fragment: what may stand in messages and logs."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))
