"""One budget for each host, which all scopes and sources of a run share: how many requests at once, and how fast.

The rules are in ``okrsync.pacing``; here are the threads that wait for them. Connectors send through
``okrsync.paced.PacedAdapter``, which puts ``Pace.request`` around every exchange of a ``requests`` session, so that
none can be forgotten.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from okrsync.errors import RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY, RETRYABLE_STATUS, quota, retry_after
from okrsync.language import _
from okrsync.pacing import NO_LIMITS, PATIENCE, Hold, HostLimits, Pacing

_WORTH_TELLING = 0.5
"""Seconds: shorter pauses pass before anybody reads of them."""

_LOOK = 0.25
"""Seconds after which it is looked again whether another process was told to wait."""

OnWait = Callable[[str, float], None]


class Board(Protocol):
    """Where the processes of a run tell each other what a host has asked for. Safe to use from several threads."""

    def pause(self, host: str, seconds: float, why: str) -> None:
        """Nobody asks ``host`` for so long."""

    def left(self, host: str) -> tuple[float, str] | None:
        """Seconds for which ``host`` is not to be asked yet, and why."""


class Exchange:
    """One request that is under way."""

    def __init__(self, pace: Pace, kind: str, sort: str, started: float) -> None:
        self._pace = pace
        self._kind = kind
        self._sort = sort
        self._started = started
        self.ended = False

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Tell what came back, once it has been read whole. ``headers`` must look names up without case."""
        if not self.ended:
            self.ended = True
            self._pace._answered(self._started, self._kind, self._sort, status, headers)

    def failed(self) -> None:
        """Tell that nothing came back."""
        if not self.ended:
            self.ended = True
            self._pace._failed(self._started, self._kind)


class Pace:
    """How fast one host is asked. Safe to use from several threads."""

    def __init__(
        self,
        host: str,
        ceiling: int,
        limits: HostLimits,
        clock: Callable[[], float],
        longest_wait: float = DEFAULT_POLICY.longest_wait,
        board: Board | None = None,
    ) -> None:
        self.host = host
        self._pacing = Pacing(ceiling, limits)
        self._clock = clock
        self._longest_wait = longest_wait
        self._changed = threading.Condition()
        self._closed = False
        self._board = board
        self._looked = -math.inf

    @contextmanager
    def request(
        self, points: int = 1, *, kind: str = "", sort: str = "", on_wait: OnWait = lambda why, seconds: None
    ) -> Iterator[Exchange]:
        """Wait until a request may leave, and keep its place until it is answered.

        ``kind`` and ``points`` are those of ``HostLimits.points_a_minute``; ``sort`` names requests whose times can be
        compared. ``on_wait`` is told of pauses of some length, with the reason in words and the seconds. Raises
        ``RetryableError`` when the host wants a longer pause than one run waits, and ``SourceError`` once it has given
        no usable answer for ``PATIENCE``: a run with a thousand scopes must not wait for each of them.
        """
        exchange = Exchange(self, kind, sort, self._start(points, kind, on_wait))
        try:
            yield exchange
        finally:
            exchange.failed()

    def pause(self, seconds: float, why: str) -> None:
        """Nothing more is asked for so long: for what only the body of an answer says (GraphQL refuses with 200)."""
        with self._telling() as now:
            self._pacing.pause(now, seconds, why)

    def read(self, *, usable: bool) -> None:
        """Tell what an answer with status 200 turned out to be, where a host refuses that way too: one that goes on
        refusing for ``PATIENCE`` is given up as one that does not answer is."""
        with self._changed:
            self._pacing.read(self._clock(), usable=usable)

    def spend(self, kind: str, seconds: float) -> None:
        """Nothing more is asked of one kind for so long: its allowance is used up."""
        with self._changed:
            self._pacing.allowance(self._clock(), kind, 0, seconds)

    def spent(self, kind: str) -> float:
        """Seconds until the host counts anew what is used up of a kind of requests; 0 while some are left."""
        with self._changed:
            return self._pacing.spent(self._clock(), kind)

    def share_pauses(self, board: Board) -> None:
        """See ``Paces.share_pauses``."""
        with self._changed:
            self._board = board

    def close(self) -> None:
        """Let nobody wait any more: what still wants to start is refused with ``SourceError``."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def at_once(self) -> int:
        """How many requests may be under way at once now."""
        with self._changed:
            return self._pacing.window

    @property
    def rate(self) -> float | None:
        """How many requests a second the host is taken to bear; None as long as it refuses none."""
        with self._changed:
            return self._pacing.rate

    def _start(self, points: int, kind: str, on_wait: OnWait) -> float:
        told: Hold | None = None
        while True:
            self._look()
            with self._changed:
                now = self._clock()
                hold = None if self._closed else self._pacing.ask(now, kind, points)
                if self._closed:
                    # Not worth another try: whoever closed it waits for this one to end.
                    raise SourceError(_("{host}: not asked any more, the sync is ending").format(host=self.host))
                if self._pacing.given_up:
                    raise SourceError(
                        _(
                            "{host} has given no usable answer for {minutes:.0f} minutes and is not asked any more in "
                            "this run: try again later"
                        ).format(host=self.host, minutes=PATIENCE / 60)
                    )
                if hold is None:
                    self._pacing.begin(now, kind, points)
                    return now
                seconds = None if hold.until is None else hold.until - now
                if seconds is None or not hold.why or seconds < _WORTH_TELLING or hold == told:
                    self._changed.wait(seconds)
                    continue
            # Told without the lock: whoever is told may take its time.
            if seconds > self._longest_wait:
                # Whoever tries again (okrsync.http.with_retries) says that this is longer than a run waits.
                raise RetryableError(f"{self.host}: {hold.why}", seconds)
            told = hold
            on_wait(f"{self.host}: {hold.why}", seconds)

    def _answered(self, started: float, kind: str, sort: str, status: int, headers: Mapping[str, str]) -> None:
        wait = retry_after(headers)
        left = quota(headers)
        with self._telling() as now:
            if status == 429 or (status == 403 and wait is not None):
                self._pacing.refused(now, started, wait, _answer(status, wait), kind)
            elif status in RETRYABLE_STATUS:
                if wait is not None:
                    self._pacing.pause(now, wait, _answer(status, wait))
                self._pacing.failed(now, started, kind)
            else:
                self._pacing.good(now, started, sort, kind)
                if left is not None:
                    self._pacing.allowance(now, kind, *left)
            self._changed.notify_all()

    @contextmanager
    def _telling(self) -> Iterator[float]:
        """What happened at this moment: a pause that comes of it is told to the other processes."""
        with self._changed:
            now = self._clock()
            before, _ = self._pacing.paused
            yield now
            until, why = self._pacing.paused
        if self._board is not None and until > before:
            self._board.pause(self.host, until - now, why)

    def _look(self) -> None:
        """Heed what another process was told."""
        if self._board is None:
            return
        with self._changed:
            now = self._clock()
            if now < self._looked + _LOOK:
                return
            self._looked = now
        left = self._board.left(self.host)
        if left is not None:
            with self._changed:
                self._pacing.pause(self._clock(), *left)

    def _failed(self, started: float, kind: str) -> None:
        with self._changed:
            self._pacing.failed(self._clock(), started, kind)
            self._changed.notify_all()


class Paces:
    """The paces of a run, one a host."""

    def __init__(
        self,
        ceiling: int = 8,
        clock: Callable[[], float] = time.monotonic,
        share: int = 1,
        board: Board | None = None,
    ) -> None:
        """``ceiling`` is the highest number of requests under way at once to one host (``--jobs``), ``share`` how many
        processes divide what a host's operator bears, ``board`` where they tell each other of pauses."""
        self._share = max(1, share)
        self._board = board
        self._ceiling = ceiling
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Pace] = {}

    def of(self, url: str, limits: HostLimits = NO_LIMITS) -> Pace:
        """The pace of the host that a URL names. The first who asks for a host says which limits it has."""
        host = host_of(url)
        with self._lock:
            if host not in self._known:
                self._known[host] = Pace(
                    host, self._ceiling, limits.shared(self._share), self._clock, board=self._board
                )
            return self._known[host]

    def share_pauses(self, board: Board) -> None:
        """Tell the other processes of pauses, and heed theirs, from now on."""
        with self._lock:
            self._board = board
            for pace in self._known.values():
                pace.share_pauses(board)

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._lock:
            paces = list(self._known.values())
        for pace in paces:
            pace.close()


def _answer(status: int, wait: float | None) -> str:
    """What the host said, as the reason of a pause."""
    if wait is None:
        return _("it answered {status}").format(status=status)
    return _("it answered {status} and asks to wait {seconds:.0f} s").format(status=status, seconds=wait)


def host_of(url: str) -> str:
    """Host and port of a URL, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()
