"""How fast one host may be asked: pure rules over a clock that the caller reads. ``okrsync.pace`` adds the threads.

Four things hold a request back, each for a reason that can be told: a pause that the host asked for, an allowance that
it said is used up, the points a minute that its operator publishes, and what this file finds out for itself:

*How many at once.* The window starts at four and grows by one with every good answer, which doubles it each round trip,
until something speaks against it; from then on by one each round trip. It shrinks when answers of one sort take more
than twice as long as they did at a smaller window (as in Netflix's concurrency-limits, with a test whether shrinking
helps: a service that has become slow by itself is not mended by asking less of it), and when the host refuses.

*How many a second.* See ``okrsync.pacing_rate``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from okrsync.language import _
from okrsync.pacing_rate import Rate

START = 4.0
"""Requests at once in the beginning."""

_SLOWER = 2.0
"""Answers that take this many times longer than at a smaller window say that the host is at its end."""

_LEAST_PAUSE = 1.0
"""Seconds without a request after a refusal, whatever it asks for: services count in whole seconds."""

_UNNAMED_PAUSE = 1.0
"""Seconds of the first pause after a refusal that names none; doubles with each that follows at once."""

_LONGEST_UNNAMED = 30.0

PATIENCE = 600.0
"""Seconds for which a host may give no usable answer before a run gives it up. Longer than one request is tried for
(``okrsync.http``), and it is what a source that is down costs, however many scopes it has."""
_MINUTE = 60.0
_SORTS = 64


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What a host's operator says that it bears."""

    at_once: int | None = None
    """Requests under way at the same time."""
    points_a_minute: Mapping[str, int] = field(default_factory=dict)
    """By kind of request; what a request costs is told when it is made."""

    def shared(self, processes: int) -> HostLimits:
        """What each of so many processes may use of it."""
        if processes == 1:
            return self
        return HostLimits(
            None if self.at_once is None else max(1, self.at_once // processes),
            {kind: max(1, points // processes) for kind, points in self.points_a_minute.items()},
        )


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
        self._rate = Rate()
        self._pause_until = -math.inf
        self._pause_why = ""
        self._refusals_in_a_row = 0
        self._useless: tuple[float, float] | None = None
        """From when to when it gave no usable answer; None after a usable one."""
        self._refused_with_200: tuple[float, float] | None = None
        """The same of answers that only their readers know for refusals."""
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

    @property
    def paused(self) -> tuple[float, str]:
        """Until when the host is not asked at all, on the caller's clock, and why; in the past when it may be."""
        return self._pause_until, self._pause_why

    @property
    def given_up(self) -> bool:
        """Has it been asked in vain for so long that no more should be asked of it?"""
        spans = (self._useless, self._refused_with_200)
        return any(span is not None and span[1] - span[0] > PATIENCE for span in spans)

    def ask(self, now: float, kind: str = "", points: int = 1) -> Hold | None:
        """May a request start now? None, or what it must wait for."""
        if now < self._pause_until:
            return Hold(self._pause_until, self._pause_why)
        allowance = self._allowances.get(kind)
        if allowance is not None:
            if now >= allowance.reset_at:
                del self._allowances[kind]
            elif allowance.under_way >= allowance.left:
                return Hold(allowance.reset_at, _("its allowance is used up until then"))
        budget = self._limits.points_a_minute.get(kind)
        if budget is not None:
            free_at = self._points_free_at(now, kind, budget, min(points, budget))
            if free_at > now:
                return Hold(free_at, _("it allows {budget} points a minute, which are spent").format(budget=budget))
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
        self._useless = None
        self._end(kind)

    def refused(self, now: float, started: float, wait: float | None, why: str, kind: str = "") -> None:
        """The host refused: too much was asked of it. ``wait`` is how many seconds it asks for."""
        if self._rate.refused(now, started, wait, self._under_way):
            self._refusals_in_a_row += 1
            self._window.steady()
        if wait is None:
            wait = min(_LONGEST_UNNAMED, _UNNAMED_PAUSE * 2.0 ** (self._refusals_in_a_row - 1))
        self.pause(now, max(wait, _LEAST_PAUSE), why)
        self._in_vain(now, started)
        self._end(kind)

    def failed(self, now: float, started: float, kind: str = "") -> None:
        """No answer, or one that says that the host is overloaded."""
        self._window.shrink(now, started)
        self._rate.unanswered(now, started)
        self._in_vain(now, started)
        self._end(kind)

    def read(self, now: float, *, usable: bool) -> None:
        """What a good answer turned out to be, where a host refuses with status 200 as well (GraphQL)."""
        if usable:
            self._refused_with_200 = None
        else:
            self._refused_with_200 = (self._refused_with_200[0] if self._refused_with_200 else now, now)

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

    def spent(self, now: float, kind: str) -> float:
        """Seconds until the host counts anew what it said is used up of a kind of requests; 0 while some are left."""
        allowance = self._allowances.get(kind)
        if allowance is None or allowance.under_way < allowance.left:
            return 0.0
        return max(0.0, allowance.reset_at - now)

    def _in_vain(self, now: float, started: float) -> None:
        self._useless = (started if self._useless is None else self._useless[0], now)

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

    def steady(self) -> None:
        """The host was asked for too much: no more doubling."""
        self._doubling = False

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
