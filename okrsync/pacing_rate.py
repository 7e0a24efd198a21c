"""How many requests a second a host bears, found out from its refusals alone. Pure, as ``okrsync.pacing`` is.

A refusal says that the host counts, not what. How it went on tells: a bucket that fills still takes some of the
requests that were under way, a window that is full takes none until it is over. Of a window, the number of requests
that were let through in the last second is the answer; of a bucket it is what was let through between two refusals, the
pause included (which is also how BBR finds a policer's rate). From the first refusal on requests leave evenly spaced,
just below the lowest rate that was refused; a higher one is tried after many good answers, and seldomer each time that
this fails.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_BELOW = 0.97
"""So close one keeps to what a host seems to bear."""

_SPAN = 1.0
"""Seconds over which a host that refuses is supposed to count, until it is known better."""

_CATCH_UP = 0.02
"""Seconds by which a late request may be followed early by the next, so that the rate holds on average."""

_PATIENCE = 100
"""Good answers at one rate before a higher one is tried."""

_SURE_PATIENCE = 500
"""The same where the first guess is a count of what was let through."""

_UNSURE_PATIENCE = 10
"""The same where the host refused before much was tried."""

_LONGEST_PATIENCE = 3200
_STEP = 0.03
"""By how much more is tried; twice that after each step that went well."""

_UNSURE_STEP = 0.1
_LARGEST_STEP = 0.3
_SLOWEST = 0.2


class Rate:
    """How many a second: none known until the host refuses, then just below what it bears."""

    def __init__(self) -> None:
        self.limit: float | None = None
        self._next = -math.inf
        self._starts: deque[float] = deque()
        self._accepted: deque[float] = deque()
        """When those began that were accepted of late."""
        self._since: float | None = None
        """When the first request after the last overshoot began."""
        self._count = 0
        """Accepted since then."""
        self._cut_at = -math.inf
        """When the last refusal came: those of requests that began before it belong to the same overshoot."""
        self._overshoot: _Overshoot | None = None
        self._past: deque[tuple[float, int]] = deque(maxlen=4)
        """When the last overshoots began, and how many were accepted before each."""
        self._echoes = 0
        self._held = 0.0
        """The highest rate that was borne for a while since the last overshoot."""
        self._patience = _PATIENCE
        self._step = _STEP
        self._unharmed = 0
        self._raised_at = -math.inf

    def next_at(self, now: float) -> float:
        """When the next request may start."""
        return self._next if self.limit is not None else now

    def begin(self, now: float) -> None:
        """A request starts."""
        if self._since is None:
            self._since = now
        self._starts.append(now)
        while self._starts[0] < now - 2 * _SPAN:
            self._starts.popleft()
        if self.limit is not None:
            self._next = max(self._next, now - _CATCH_UP) + 1.0 / self.limit

    def good(self, now: float, started: float) -> None:
        """A request was accepted: after many of them a higher rate is tried."""
        if started <= self._cut_at:
            self._late(now, started, accepted=True)
            return
        self._count += 1
        self._accepted.append(started)
        while self._accepted[0] < started - 2 * _SPAN:
            self._accepted.popleft()
        if self.limit is None or self._overshoot is not None:
            return
        self._unharmed += 1
        patience = min(self._patience, _PATIENCE) if self._held else self._patience
        if self._unharmed >= patience and now - self._raised_at >= _SPAN:
            self._held = self.limit
            self.limit *= 1.0 + self._step
            self._step = min(_LARGEST_STEP, self._step * 2.0)
            self._unharmed, self._raised_at = 0, now

    def refused(self, now: float, started: float, wait: float | None, under_way: int) -> bool:
        """A request was refused. False when it belongs to an overshoot that is known."""
        if started <= self._cut_at:
            self._late(now, started, accepted=False)
            return False
        lasted = started - self._since if self._since is not None else 0.0
        span = max(0.1, min(_SPAN / 2, lasted))
        tried = max(1.0, sum(begun > started - span for begun in self._starts)) / span
        if self.limit is not None:
            tried = min(tried, self.limit)
        self._overshoot = _Overshoot(
            first=started,
            lasted=lasted,
            wait=0.0 if wait is None else wait,
            tried=tried,
            recent=sum(begun > started - _SPAN for begun in self._accepted),
            outstanding=under_way - 1,
        )
        self._cut_at = now
        if self.limit is None:
            self.limit = tried / 2
        if not self._overshoot.outstanding:
            self._settle(now)
        return True

    def unanswered(self, now: float, started: float) -> None:
        """A request ended without telling anything of the rate."""
        if started <= self._cut_at:
            self._late(now, started, accepted=None)

    def _late(self, now: float, started: float, *, accepted: bool | None) -> None:
        """The end of a request that was under way when the host refused another."""
        over = self._overshoot
        if over is None:
            return
        over.outstanding -= 1
        if accepted is not None and started >= over.first:
            over.accepted += accepted
            over.refused += not accepted
        elif accepted:
            self._count += 1
            over.recent += 1
        if over.outstanding <= 0:
            self._settle(now)

    def _settle(self, now: float) -> None:
        """All that was under way when the host refused has been answered: set the rate by what is known now."""
        over = self._overshoot
        assert over is not None
        assert self.limit is not None
        self._overshoot = None
        count = self._count + over.accepted
        step = _STEP
        if len(self._past) > 1 and all(abs(count - earlier) <= 1 for _, earlier in list(self._past)[-2:]):
            limit = over.tried  # slower does not help: it refuses for another reason
        elif not self._past:
            limit = over.first_guess() * _BELOW
            if count < 12 and over.lasted < _SPAN / 2:
                self._patience, step = _UNSURE_PATIENCE, _UNSURE_STEP
            else:
                self._patience = _SURE_PATIENCE if over.closed else _PATIENCE
        elif over.lasted < _SPAN and over.recent >= self.limit * _SPAN * 0.97 and self._echoes < 5:
            limit = self.limit  # what came before the pause still counts, not what came after
            self._echoes += 1
        else:
            limit = self._lower(over, count)
            self._patience = min(_LONGEST_PATIENCE, max(2 * _PATIENCE, self._patience * 2))
            self._echoes = 0
        self.limit = max(_SLOWEST, limit)
        self._past.append((over.first, count))
        self._held, self._step, self._unharmed, self._raised_at = 0.0, step, 0, now
        self._count, self._since, self._next = 0, None, -math.inf

    def _lower(self, over: _Overshoot, count: int) -> float:
        begun, _ = self._past[0]
        through = (sum(earlier for _, earlier in list(self._past)[1:]) + count) / (over.first - begun)
        if over.recent_rate < over.tried * 0.97:
            return over.recent_rate * _BELOW  # a window: so many it took
        if self._held:
            return self._held * 0.99
        if over.closed:
            return max(through, over.tried * 0.65) * _BELOW
        return over.tried * min(0.96, max(0.7, math.pow(through / over.tried, 0.7)))


@dataclass(slots=True)
class _Overshoot:
    """What is known of a refusal, and of the requests that were under way then."""

    first: float
    """When the first that was refused began."""
    lasted: float
    """How long requests had been let through since the overshoot before."""
    wait: float
    tried: float
    """Requests a second that were made just before."""
    recent: int
    """Accepted in the last second before."""
    outstanding: int
    """Under way, and not answered yet."""
    accepted: int = 0
    """Of those that began after the first that was refused."""
    refused: int = 1

    @property
    def closed(self) -> bool:
        """After the first refusal it took hardly anything: a window that is full, not a bucket that fills."""
        return self.accepted * 4 < self.refused

    @property
    def recent_rate(self) -> float:
        return max(1.0, self.recent) / _SPAN if self.lasted >= _SPAN or self.closed else self.tried

    def first_guess(self) -> float:
        """Requests a second that the host bears, as far as one overshoot tells."""
        if self.closed:
            return max(self.recent, 1) / max(_SPAN, self.lasted + self.wait if self.wait > _SPAN else 0.0)
        if self.lasted >= _SPAN:
            return self.tried * max(0.6, self.accepted / (self.accepted + self.refused))
        return max(self.tried * self.accepted / (self.accepted + self.refused), min(self.tried, self.recent / _SPAN))
