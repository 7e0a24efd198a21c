"""The pace of a host at the one place that all requests of a ``requests`` session go through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from okrsync.deadline import TimedAdapter
from okrsync.http import DEFAULT_POLICY, HttpPolicy
from okrsync.pace import OnWait, Pace

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request is to its host."""

    kind: str = ""
    """Which of the host's allowances it counts against."""
    points: int = 1


class PacedAdapter(TimedAdapter):
    """Sends each request when its host's pace lets it: ``session.mount("https://", PacedAdapter(pace))``."""

    def __init__(
        self,
        pace: Pace,
        *,
        on_wait: OnWait = lambda why, seconds: None,
        cost: Callable[[requests.PreparedRequest], Cost] = lambda request: Cost(),
        pool_maxsize: int = 10,
        policy: HttpPolicy = DEFAULT_POLICY,
    ) -> None:
        """``on_wait`` is the connector context's; ``cost`` tells what the host's operator counts; ``policy`` how long
        a whole answer may take."""
        super().__init__(policy, pool_maxsize=pool_maxsize)
        self._pace = pace
        self._on_wait = on_wait
        self._cost = cost

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """See ``HTTPAdapter.send``. Raises ``RetryableError`` when the host wants a longer pause than a run waits,
        ``SourceError`` when it has not answered for too long."""
        cost = self._cost(request)
        sort = f"{request.method} {_sort(request.url or '')}"
        with self._pace.request(cost.points, kind=cost.kind, sort=sort, on_wait=self._on_wait) as exchange:
            response = super().send(request, *args, **kwargs)
            streamed = kwargs.get("stream", args[0] if args else False)
            if not streamed:
                # A request is under way until its answer has been read. In pieces of this size it is one piece, as a
                # rule; requests' own are of 10 kB, which costs as much as to decode what is in them.
                response._content = b"".join(response.iter_content(_PIECE))
            exchange.answered(response.status_code, response.headers)
            return response


def _sort(url: str) -> str:
    """The last segment of the path that is a word: its requests ask for the same sort of thing."""
    words = [segment for segment in urlsplit(url).path.split("/") if not segment.isdecimal()]
    return words[-1] if words else ""
