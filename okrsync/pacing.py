"""How fast one host may be asked: pure rules over a clock that the caller reads. ``okrsync.pace`` adds the threads.

Four things hold a request back, each for a reason that can be told: a pause that the host asked for, an allowance that
it said is used up, the points a minute that its operator publishes, and what this file finds out for itself:

*How many at once.* The window starts at four and grows by one with every good answer, which doubles it each round trip,
until something speaks against it; from then on by one each round trip. It shrinks when answers of one sort take more
than twice as long as they did at a smaller window (as in Netflix's concurrency-limits, with a test whether shrinking
helps: a service that has become slow by itself is not mended by asking less of it), and when the host refuses.

*How many a second.* A refusal says that the host counts. What it counts is found like a policer's rate in BBR: what was
accepted between two refusals, the pause included, is what a token bucket lets through; what was accepted in the last
second before the first is what a window of a second does. From the first refusal on requests leave evenly spaced,
just below the lowest rate that was refused, and seldom try more.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

START = 4.0
"""Requests at once in the beginning."""

_SLOWER = 2.0
"""Answers that take this many times longer than at a smaller window say that the host is at its end."""

_BELOW = 0.97
"""So close one keeps to what a host seems to bear."""

_SPAN = 1.0
"""Seconds over which a host that refuses is supposed to count, until it is known better."""

_CATCH_UP = 0.02
"""Seconds by which a late request may be followed early by the next, so that the rate holds on average."""

_PATIENCE = 50
"""Good answers at one rate before a higher one is tried; four times as many after each time that trying failed."""

_LONGEST_PATIENCE = 3200
_STEP = 0.05
"""By how much more is tried; twice that after each step that went well."""

_LARGEST_STEP = 0.5
_SLOWEST = 0.2

_UNNAMED_PAUSE = 1.0
"""Seconds of the first pause after a refusal that names none; doubles with each that follows at once."""

_LONGEST_UNNAMED = 30.0
_MINUTE = 60.0
_SORTS = 64


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What a host's operator says that it bears."""

    at_once: int | None = None
    """Requests under way at the same time."""
    points_a_minute: Mapping[str, int] = field(default_factory=dict)
    """By kind of request; what a request costs is told when it is made."""


NO_LIMITS = HostLimits()
"""Of a host whose operator says nothing."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a request may not start yet."""

    until: float | None
    """On the caller's clock; None: until an answer comes."""
    why: str = ""
    """In words, where a person may want to know; empty for what passes in a moment."""


@dataclass(slots=True)
class _Allowance:
    """What an answer said is left of one kind of requests."""

    left: int
    reset_at: float
    under_way: int = 0


class Pacing:
    """The state of one host. Not safe for several threads: ``okrsync.pace.Pace`` locks around it.

    Times are seconds on one monotonic clock. For each request: ``ask`` until it returns None, ``begin``, and then one
    of ``good``, ``refused`` and ``failed``.
    """

    def __init__(self, ceiling: int, limits: HostLimits = NO_LIMITS) -> None:
        self._ceiling = float(max(1, ceiling if limits.at_once is None else min(ceiling, limits.at_once)))
        self._limits = limits
        self._under_way = 0
        self._window = _Window(min(START, self._ceiling), self._ceiling)
        self._rate = _Rate()
        self._pause_until = -math.inf
        self._pause_why = ""
        self._refusals_in_a_row = 0
        self._allowances: dict[str, _Allowance] = {}
        self._spent: dict[str, deque[tuple[float, int]]] = {kind: deque() for kind in limits.points_a_minute}

    @property
    def window(self) -> int:
        """How many requests may be under way at once now."""
        return int(self._window.size)

    @property
    def rate(self) -> float | None:
        """How many a second; None while the host has refused none."""
        return self._rate.limit

    def ask(self, now: float, kind: str = "", points: int = 1) -> Hold | None:
        """May a request start now? None, or what it must wait for."""
        if now < self._pause_until:
            return Hold(self._pause_until, self._pause_why)
        allowance = self._allowances.get(kind)
        if allowance is not None:
            if now >= allowance.reset_at:
                del self._allowances[kind]
            elif allowance.under_way >= allowance.left:
                return Hold(allowance.reset_at, "its allowance is used up until then")
        budget = self._limits.points_a_minute.get(kind)
        if budget is not None:
            free_at = self._points_free_at(now, kind, budget, min(points, budget))
            if free_at > now:
                return Hold(free_at, f"it allows {budget} points a minute, which are spent")
        if self._under_way >= int(self._window.size):
            return Hold(None)
        next_at = self._rate.next_at(now)
        return Hold(next_at) if next_at > now else None

    def begin(self, now: float, kind: str = "", points: int = 1) -> None:
        """A request starts."""
        self._under_way += 1
        if self._under_way >= int(self._window.size):
            self._window.full_at = now
        self._rate.begin(now)
        if kind in self._spent:
            self._spent[kind].append((now, points))
        if (allowance := self._allowances.get(kind)) is not None:
            allowance.under_way += 1

    def good(self, now: float, started: float, sort: str = "", kind: str = "") -> None:
        """The host answered a request that began at ``started``; ``sort`` says with which its time compares."""
        self._window.good(now, started, sort)
        self._rate.good(now, started)
        self._refusals_in_a_row = 0
        self._end(kind)

    def refused(self, now: float, started: float, wait: float | None, why: str, kind: str = "") -> None:
        """The host refused: too much was asked of it. ``wait`` is how many seconds it asks for."""
        if self._rate.refused(now, started, wait, self._under_way):
            self._refusals_in_a_row += 1
            self._window.shrink(now, started)
        if wait is None:
            wait = min(_LONGEST_UNNAMED, _UNNAMED_PAUSE * 2.0 ** (self._refusals_in_a_row - 1))
        self.pause(now, wait, why)
        self._end(kind)

    def failed(self, now: float, started: float, kind: str = "") -> None:
        """No answer, or one that says that the host is overloaded."""
        self._window.shrink(now, started)
        self._rate.unanswered(now, started)
        self._end(kind)

    def pause(self, now: float, seconds: float, why: str) -> None:
        """Nothing starts for so long."""
        if now + seconds > self._pause_until:
            self._pause_until, self._pause_why = now + seconds, why

    def allowance(self, now: float, kind: str, left: int, reset_in: float) -> None:
        """An answer told how many requests of a kind the host still takes, and in how many seconds it counts anew."""
        known = self._allowances.get(kind)
        reset_at = now + reset_in
        if known is not None and reset_at <= known.reset_at + 1.0:
            # Answers overtake each other: within one period the lowest number is the newest.
            known.left = min(known.left, left)
        else:
            self._allowances[kind] = _Allowance(left, reset_at)

    def _end(self, kind: str) -> None:
        self._under_way -= 1
        if (allowance := self._allowances.get(kind)) is not None and allowance.under_way:
            allowance.under_way -= 1

    def _points_free_at(self, now: float, kind: str, budget: int, points: int) -> float:
        """When so many points are free again. A minute and a second count: requests do not arrive evenly."""
        spent = self._spent[kind]
        while spent and spent[0][0] <= now - _MINUTE - 1.0:
            spent.popleft()
        over = sum(cost for _, cost in spent) + points - budget
        free_at = now
        for begun, cost in spent:
            if over <= 0:
                break
            over -= cost
            free_at = begun + _MINUTE + 1.0
        return free_at


class _Window:
    """How many at once."""

    def __init__(self, size: float, ceiling: float) -> None:
        self.size = size
        self.full_at = -math.inf
        """When it was last used whole: one that is not needed says nothing about a larger one."""
        self._ceiling = ceiling
        self._doubling = True
        self._sorts: dict[str, _Times] = {}
        self._shrunk_at = -math.inf

    def good(self, now: float, started: float, sort: str) -> None:
        if self.full_at >= started:
            self.size = min(self._ceiling, self.size + (1.0 if self._doubling else 1.0 / self.size))
        if started < self._shrunk_at or (sort not in self._sorts and len(self._sorts) >= _SORTS):
            return
        times = self._sorts.setdefault(sort, _Times())
        if times.speak_against(now - started) and self.size > START:
            self.shrink(now, started, START)

    def shrink(self, now: float, started: float, least: float = 1.0) -> None:
        """Once for all that was under way together."""
        if started >= self._shrunk_at:
            self._shrunk_at = now
            self._doubling = False
            self.size = max(least, self.size * 0.75)


class _Times:
    """How long one sort of answers takes, a handful at a time, and whether that speaks against the window."""

    _HANDFUL = 8

    def __init__(self) -> None:
        self._times: list[float] = []
        self._usual = math.inf
        self._tolerance = _SLOWER
        self._before: float | None = None
        """The typical time that made the window shrink: does it come down now?"""

    def speak_against(self, took: float) -> bool:
        """Add one; True when the window should shrink."""
        self._times.append(took)
        if len(self._times) < self._HANDFUL:
            return False
        typical = sorted(self._times)[len(self._times) // 2]
        self._times.clear()
        if self._before is not None and typical > self._before * 0.9:
            # A smaller window was no help: the service became slower by itself, or these requests ask for more.
            self._before, self._usual = None, typical
            self._tolerance *= 1.5
            return False
        self._before = typical if typical > self._usual * self._tolerance else None
        self._usual = min(typical, self._usual)
        return self._before is not None


class _Rate:
    """How many a second: none known until the host refuses, then just below what it bears."""

    def __init__(self) -> None:
        self.limit: float | None = None
        self.cut_at = -math.inf
        """When the last refusal came: those of requests that began before it belong to the same overshoot."""
        self._next = -math.inf
        self._starts: deque[float] = deque()
        self._accepted: deque[float] = deque()
        self._since: float | None = None
        """When the first request after the last overshoot began."""
        self._count = 0
        """Accepted since then."""
        self._counts: deque[int] = deque(maxlen=2)
        """The same of the last overshoots."""
        self._overshoot: _Overshoot | None = None
        self._held = 0.0
        """The highest rate that was borne for a while since the last refusal."""
        self._patience = _PATIENCE
        self._unharmed = 0
        self._raised_at = -math.inf
        self._step = _STEP

    def next_at(self, now: float) -> float:
        """When the next request may start."""
        return self._next if self.limit is not None else now

    def begin(self, now: float) -> None:
        if self._since is None:
            self._since = now
        self._starts.append(now)
        while self._starts[0] < now - 2 * _SPAN:
            self._starts.popleft()
        if self.limit is not None:
            self._next = max(self._next, now - _CATCH_UP) + 1.0 / self.limit

    def good(self, now: float, started: float) -> None:
        if started <= self.cut_at:
            self._late(now, started, accepted=True)
            return
        self._count += 1
        self._accepted.append(started)
        while self._accepted[0] < started - 2 * _SPAN:
            self._accepted.popleft()
        if self.limit is not None and self._overshoot is None:
            self._unharmed += 1
            if self._unharmed >= self._patience and now - self._raised_at >= _SPAN:
                self._held = self.limit
                self.limit *= 1.0 + self._step
                self._step = min(_LARGEST_STEP, self._step * 2.0)
                self._unharmed, self._patience, self._raised_at = 0, min(self._patience, _PATIENCE), now

    def refused(self, now: float, started: float, wait: float | None, under_way: int) -> bool:
        """False when it belongs to an overshoot that is known."""
        if started <= self.cut_at:
            self._late(now, started, accepted=False)
            return False
        lasted = started - self._since if self._since is not None else 0.0
        span = max(0.1, min(_SPAN / 2, lasted))
        tried = sum(begun > started - span for begun in self._starts) / span
        if self.limit is not None:
            tried = min(tried, self.limit)
        self._overshoot = _Overshoot(
            first=started,
            lasted=lasted,
            wait=0.0 if wait is None else wait,
            tried=max(tried, 0.2),
            recent=sum(begun > started - _SPAN for begun in self._accepted),
            outstanding=under_way - 1,
        )
        self.cut_at = now
        if self.limit is None:
            self.limit = tried / 2
        if not self._overshoot.outstanding:
            self._settle(now)
        return True

    def unanswered(self, now: float, started: float) -> None:
        """A request ended without telling anything of the rate."""
        if started <= self.cut_at and self._overshoot is not None:
            self._late(now, started, accepted=None)

    def _late(self, now: float, started: float, *, accepted: bool | None) -> None:
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
        self._overshoot = None
        count = self._count + over.accepted
        probing = self._held > 0.0
        bears = over.bears(count)
        if len(self._counts) == 2 and all(abs(count - earlier) <= 1 for earlier in self._counts):
            limit = over.tried  # slower does not help: it refuses for another reason
        elif probing:
            limit = min(self._held, max(bears * _BELOW, self._held * 0.9))
            self._patience = min(_LONGEST_PATIENCE, self._patience * 4)
        else:
            limit = min(over.tried * _BELOW, bears * _BELOW)
        self.limit = max(_SLOWEST, limit)
        self._counts.append(count)
        self._held, self._step, self._unharmed, self._raised_at = 0.0, _STEP, 0, now
        self._count, self._since = 0, None
        self._accepted.clear()
        self._next = -math.inf


@dataclass(slots=True)
class _Overshoot:
    """What is known of a refusal, and of the requests that were under way then."""

    first: float
    lasted: float
    wait: float
    tried: float
    recent: int
    outstanding: int
    accepted: int = 0
    refused: int = 1

    def bears(self, count: int) -> float:
        """Requests a second that the host seems to bear; ``count`` were accepted since the overshoot before."""
        through = count / max(1e-9, self.lasted + self.wait)
        if self.accepted * 4 >= self.refused:
            # It still takes some, as fast as a bucket is filled.
            return max(through, self.tried * self.accepted / (self.accepted + self.refused))
        if self.wait > _SPAN:
            return through
        if self.lasted <= _SPAN:
            return max(self.recent, 1) / _SPAN
        return math.sqrt(through * self.tried)
