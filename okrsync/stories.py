"""How well each story of a series explains its readings.

A *story* says how the level went. Before the cycle: it stood still, or it had a trend; it followed the year, or not. In
the cycle: it stayed, or it went up or down by a step or a ramp, or it was up or down for a while and came back. Every
story is a regression with AR(1) noise; its *weight* is the probability that it gives to the readings, with everything
unknown averaged out (size of the change, level, slope, season, σ, autocorrelation), times what the story was thought
worth before. The averages have closed forms (conjugate normal regression; A. Gelman et al., *Bayesian Data Analysis*,
3rd ed., chapter 14): for the autocorrelation ``phi`` with correlations ``R`` and the design ``X``,

    log weight = log prior(phi) − ½ log|R| − ½ log|X'R⁻¹X + Λ| + ½ log|Λ|
                 − d/2 · log(y'R⁻¹y − y'R⁻¹X (X'R⁻¹X + Λ)⁻¹ X'R⁻¹y)

where ``Λ`` holds one over the prior variances (in σ²; 0, and left out of ``log|Λ|``, for the level, which may be
anything) and ``d`` is the number of readings, less one where the level is not declared. A change's sign is known in a
story, so its weight is multiplied by twice the posterior probability of that sign.

What does not depend on the readings' values is worked out once for each pattern of days (``design``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

from okrsync.noise import PRIOR, Array, precision

SHORTEST = 3
"""A change must have lasted so many readings."""
ONSETS = 13
"""In so many places of the cycle a step may be thought to begin."""
RAMPS = (0.0, 0.15, 0.3, 0.45, 0.6)
"""Where in the cycle a ramp may be thought to begin, as a share of the readings in it."""
BRIEF = (2, 4)
"""How many readings a change that went away may have lasted."""
BRIEF_SIZE = 4.0
"""Its prior size, in σ."""
SEASON = 4.0
"""Prior size of each wave of a season (one of a year, one of half a year), in σ."""
SEASON_YEARS = 2
"""A history of so many years can show a season."""
_REGRESSORS = 6
"""At most: level, slope, two waves with their phases."""
LONG_ENOUGH = 8
"""Fewer readings before the cycle show no trend."""
_FLOOR = 1e-12


Question: TypeAlias = Literal["movement", "trend"]
"""What stories are weighed for; the forecast lets those go on that are weighed for the trend."""


@dataclass(frozen=True)
class Family:
    """Stories with one past."""

    trend: str
    """Before the cycle: "none", one that "ended" as the cycle began, or one that "goes on" through it."""
    slope: float
    """Prior size of that trend, in σ a cadence."""
    size: float
    """Prior size of a change, in σ."""
    ramps: float
    """Prior share of ramps among changes; the others are steps."""
    share: float
    """Prior share among the families with the same trend: gentle and steep ones, small and large changes."""
    season: bool = False
    """Does the level follow the year?"""


_FAMILIES: dict[Question, tuple[Family, ...]] = {
    "movement": (
        Family("none", 0.0, 1.5, 0.4, 0.8),
        Family("none", 0.0, 8.0, 0.4, 0.2),
        Family("ended", 0.2, 1.5, 0.4, 0.5),
        Family("ended", 2.0, 8.0, 0.4, 0.5),
    ),
    "trend": (
        Family("none", 0.0, 4.0, 0.8, 0.7),
        Family("none", 0.0, 20.0, 0.8, 0.3),
        Family("goes on", 0.2, 4.0, 0.8, 0.5),
        Family("goes on", 2.0, 20.0, 0.8, 0.5),
    ),
}


def families(question: Question, history: int, *, season: bool) -> tuple[Family, ...]:
    """The families that so many readings before the cycle can tell apart, with and without a ``season``."""
    known = [each for each in _FAMILIES[question] if history >= LONG_ENOUGH or each.trend == "none"]
    return tuple(
        replace(each, season=seasonal) for seasonal in ([False, True] if season else [False]) for each in known
    )


@dataclass(frozen=True)
class Design:
    """All that follows from the days of the readings; arrays begin with (families, phi, …)."""

    x: tuple[float, ...]
    """Ascending, in cadences from the cycle's start."""
    history: int
    year: float | None
    """How many cadences a year has, where the history spans ``SEASON_YEARS``; else None."""
    families: tuple[Family, ...]
    freedom: int
    shapes: Array
    """(changes, readings): what each change adds to the readings, for a size of 1."""
    lasting: int
    """The first so many shapes are changes that lasted; the others went away."""
    log_shares: Array
    """(families, 1, lasting): logarithms of the prior shares of the changes that lasted."""
    sizes: Array
    """(families, 1, shapes): prior sizes of the changes, in σ."""
    constant: Array
    """(families, phi): the part of the logarithm of the weights that the readings do not change."""
    diagonal: Array
    """(phi, readings): of the inverse of the correlations."""
    beside: Array
    """(phi, readings − 1): what stands beside that diagonal."""
    taken: Array
    """(…, regressors, readings): level, slope and season take the squares of products with these out of a sum of
    squares."""
    contrasts: Array
    """(…, shapes, readings): products with the readings are the changes' sizes, not yet divided."""
    information: Array
    """(…, shapes): how much the readings can tell of a change's size."""


@dataclass(frozen=True)
class Weights:
    """Logarithms of the stories' weights for series in rows; arrays begin with (rows, families, phi)."""

    same: Array
    """Nothing changed."""
    up: Array
    """(…, lasting)"""
    down: Array
    brief: Array
    """A change that went away."""
    rest: Array
    """(…, 1 + lasting): what is left of the sum of squares where nothing changed, then for each change that lasted."""

    def of(self, rows: Sequence[int]) -> Weights:
        """Those of some of the series."""
        some = list(rows)
        return Weights(self.same[some], self.up[some], self.down[some], self.brief[some], self.rest[some])


def change_shapes(history: int, during: int) -> tuple[Array, int, int]:
    """What steps, ramps and brief changes add to the readings, as rows; how many rows are steps, how many ramps.

    A step begins in one of at most ``ONSETS`` places, a ramp in one of ``RAMPS``; the last ``SHORTEST`` readings show
    it. A ramp reaches its size with the last reading. A brief change ended two readings ago or earlier.
    """
    position = np.arange(during)
    last = during - SHORTEST
    steps = [(position >= onset).astype(np.float64) for onset in _places(last)]
    begins = sorted({int(share * during) for share in RAMPS if int(share * during) <= last})
    ramps = [np.maximum(position - begin + 1.0, 0.0) / (during - begin) for begin in begins]
    brief = [
        ((position >= onset) & (position < onset + length)).astype(np.float64)
        for length in BRIEF
        for onset in _places(during - length - 2)
    ]
    rows = [*steps, *ramps, *brief]
    shapes = np.zeros((len(rows), history + during))
    for row, shape in zip(shapes, rows, strict=True):
        row[history:] = shape
    return shapes, len(steps), len(ramps)


def _places(last: int) -> Sequence[int]:
    """At most ``ONSETS`` whole numbers from 0 to ``last``, evenly."""
    if last < ONSETS:
        return range(last + 1)
    return sorted({round(last * i / (ONSETS - 1)) for i in range(ONSETS)})


@lru_cache(maxsize=512)
def design(question: Question, x: tuple[float, ...], history: int, year: float = math.inf) -> Design:
    """Work out all that the days alone decide.

    ``x`` are the days of the readings in cadences from the cycle's start, ascending; the first ``history`` of them
    stand before it. With ``history`` 0 the level before the cycle is declared: the readings are given as distances from
    it. ``year`` is the length of a year in cadences. Families with a trend or a season are left out where the history
    is too short for one.
    """
    yearly = year if history and x[history - 1] - x[0] + 1 >= SEASON_YEARS * year else None
    told_apart = families(question, history, season=yearly is not None)
    shapes, steps, ramps = change_shapes(history, len(x) - history)
    diagonal, beside, logdet = precision(x)
    at = np.asarray(x, dtype=np.float64)
    constant = np.tile(np.log(PRIOR) + logdet, (len(told_apart), 1))
    taken = np.zeros((len(told_apart), len(PRIOR), _REGRESSORS, len(x)))
    contrasts = np.tile(_times(diagonal, beside, shapes), (len(told_apart), 1, 1, 1))
    for number, family in enumerate(told_apart):
        for place, (regressor, ridge) in enumerate(regressors(at, history, yearly, family)):
            along = _times(diagonal, beside, regressor[None])[:, 0]
            # What is told of a regressor here is what those before it have left.
            earlier = taken[number, :, :place]
            along = along - np.einsum("pi,pij->pj", earlier @ regressor, earlier)
            amount = along @ regressor + ridge
            constant[number] += -0.5 * np.log(amount) + (0.5 * math.log(ridge) if ridge else 0.0)
            taken[number, :, place] = along / np.sqrt(amount)[:, None]
        share = np.einsum("sj,pij->psi", shapes, taken[number])
        contrasts[number] -= np.einsum("psi,pij->psj", share, taken[number])
    sizes = [[each.size] * (steps + ramps) + [BRIEF_SIZE] * (len(shapes) - steps - ramps) for each in told_apart]
    shares = [[(1 - each.ramps) / steps] * steps + [each.ramps / ramps] * ramps if steps else [] for each in told_apart]
    return Design(
        x=x,
        history=history,
        year=yearly,
        families=told_apart,
        freedom=len(x) - (history > 0),
        shapes=shapes,
        lasting=steps + ramps,
        log_shares=np.log(np.array(shares))[:, None],
        sizes=np.array(sizes)[:, None],
        constant=constant,
        diagonal=diagonal,
        beside=beside,
        taken=taken,
        contrasts=contrasts,
        information=np.einsum("fpsi,si->fps", contrasts, shapes),
    )


def regressors(at: Array, history: int, year: float | None, family: Family) -> list[tuple[Array, float]]:
    """Level, slope and season of a family's stories as functions of time, each with one over its prior variance."""
    found = [(np.ones(len(at)), 0.0)] if history else []
    if family.trend == "ended":
        found.append((np.minimum(at, 0.0), family.slope**-2))
    if family.trend == "goes on":
        found.append((at, family.slope**-2))
    if family.season and year is not None:
        for turns in (2 * math.pi / year, 4 * math.pi / year):
            found += [(np.cos(turns * at), SEASON**-2), (np.sin(turns * at), SEASON**-2)]
    return found


def weigh(plan: Design, rows: Array, *, rest: bool = True) -> Weights:
    """The weights of all stories, for series in ``rows`` (series, readings); without ``rest`` that is left empty."""
    d = plan.freedom
    whole = rows**2 @ plan.diagonal.T + 2 * (rows[:, 1:] * rows[:, :-1]) @ plan.beside.T
    out = np.einsum("rj,fpkj->rfpk", rows, plan.taken)
    squares = np.maximum(whole[:, None] - (out**2).sum(axis=-1), _FLOOR)
    found = np.einsum("rj,fpsj->rfps", rows, plan.contrasts)
    precise = plan.information + plan.sizes**-2
    left = np.maximum(squares[..., None] - found**2 / precise, _FLOOR)
    changed = plan.constant[..., None] - 0.5 * np.log(precise * plan.sizes**2) - d / 2 * np.log(left)
    lasting, brief = changed[..., : plan.lasting], changed[..., plan.lasting :]
    t = (found / np.sqrt(precise * left / d))[..., : plan.lasting]
    log_up, log_down = log_sign(t, d)
    lasting = lasting + plan.log_shares + math.log(2)
    return Weights(
        same=plan.constant - d / 2 * np.log(squares),
        up=lasting + log_up,
        down=lasting + log_down,
        brief=log_sum(brief, -1) - math.log(max(1, brief.shape[-1])),
        rest=np.concatenate([squares[..., None], left[..., : plan.lasting]], axis=-1) if rest else np.empty(0),
    )


def _times(diagonal: Array, beside: Array, rows: Array) -> Array:
    """The inverse of the correlations, for each phi, times each row: (phi, rows, readings)."""
    found = diagonal[:, None] * rows
    found[..., 1:] += beside[:, None] * rows[:, :-1]
    found[..., :-1] += beside[:, None] * rows[:, 1:]
    return found


def log_sign(t: Array, freedom: float) -> tuple[Array, Array]:
    """Logarithms of the probabilities that a quantity is above and below 0, from its Student t.

    By the normal approximation of Abramowitz & Stegun, *Handbook of Mathematical Functions*, 26.7.8.
    """
    z = np.abs(t) * (1 - 1 / (4 * freedom)) / np.sqrt(1 + t * t / (2 * freedom))
    tail = erfc(z / math.sqrt(2)) / 2
    likely, unlikely = np.log1p(-tail), np.log(np.maximum(tail, 1e-300))
    return np.where(t > 0, likely, unlikely), np.where(t > 0, unlikely, likely)


def erfc(values: Array) -> Array:
    """The complementary error function of numbers that are not negative, to a relative 1.2e-7.

    The rational approximation of W. H. Press et al., *Numerical Recipes*, 2nd ed., section 6.2; numpy has none, and the
    import of scipy takes longer than a report.
    """
    t = 1 / (1 + values / 2)
    series = np.full(t.shape, _CHEBYSHEV[0])
    for coefficient in _CHEBYSHEV[1:]:
        series = series * t + coefficient
    return np.asarray(t * np.exp(np.maximum(series - values * values, -700.0)))


_CHEBYSHEV = (
    *(0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807),
    *(-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223),
)


def log_sum(values: Array, axis: int | tuple[int, ...]) -> Array:
    """Logarithm of the sum of exponentials; −inf of nothing."""
    if 0 in values.shape:
        return np.full(np.sum(values, axis=axis).shape, -np.inf)
    most = np.maximum(values.max(axis=axis, keepdims=True), -1e300)  # of nothing but −inf
    total = most + np.log(np.maximum(np.exp(values - most).sum(axis=axis, keepdims=True), 1e-300))
    return np.asarray(np.squeeze(total, axis))
