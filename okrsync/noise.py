"""Readings and their noise: what ``okrsync.movement`` calculates with.

The noise is first-order autocorrelated, AR(1): the correlation of two readings ``d`` cadences apart is ``phi ** d``.
Any sum of readings with weights ``w`` then has the variance ``σ² w'Rw``. The lag-1 autocorrelation of residuals is too
small in short series; it is corrected by its first-order bias (M. G. Kendall, *Note on bias in the estimation of
autocorrelation*, Biometrika 41, 1954; for a fitted line, Marriott & Pope in the same volume). σ² is the sum of squares
over what it is expected to be, ``σ² (n − 1'R1/n)`` for residuals around a mean.

Plain Python on purpose: a series has some dozens of readings, and the import of numpy costs more than their judgement.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median


@dataclass(frozen=True, slots=True)
class Scale:
    """Brings any numbers, huge or tiny, to about -1 … 1, where squares neither overflow nor vanish."""

    shift: float
    size: float
    zero: float
    """What is smaller than this, inward, is rounding."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Scale:
        shift = median(v / 2 for v in values) * 2  # halves: the sum of two huge values must not overflow
        half = max(abs(v / 2 - shift / 2) for v in values)
        biggest = max(abs(v) for v in values)
        if half <= 1e-13 * biggest:
            return cls(shift, 1.0, 1e-9)
        return cls(shift, half, max(1e-9, 1e-13 * biggest / half))

    def inward(self, value: float) -> float:
        return (value / 2 - self.shift / 2) / self.size

    def width(self, value: float) -> float:
        """A difference, back again."""
        return value * self.size * 2

    def outward(self, value: float) -> float:
        """Back again; what would be beyond the largest number is that number."""
        most = sys.float_info.max
        return max(-most, min(most, value * self.size * 2 + self.shift))


@dataclass(frozen=True, slots=True)
class Part:
    """Readings: ``x`` in cadences from the cycle's start, ``y`` scaled."""

    x: list[float]
    y: list[float]

    def mean(self) -> float:
        return math.fsum(self.y) / len(self.y)

    def middle(self) -> float:
        """The mean of ``x``."""
        return math.fsum(self.x) / len(self.x)

    def line(self) -> tuple[float, float]:
        """Least squares: value at x = 0, and slope."""
        mx, my = self.middle(), self.mean()
        slope = math.fsum((x - mx) * (y - my) for x, y in zip(self.x, self.y, strict=True)) / self.spread()
        return my - slope * mx, slope

    def around(self, level: float, slope: float) -> list[float]:
        """Residuals around ``level + slope·x``."""
        return [y - level - slope * x for x, y in zip(self.x, self.y, strict=True)]

    def spread(self) -> float:
        """Sum of squared distances of ``x`` from its mean."""
        mx = self.middle()
        return math.fsum((x - mx) ** 2 for x in self.x)

    def around_shape(self) -> list[float]:
        """Residuals around what fits better: a line, or one step."""
        straight = self.around(*self.line())
        n, total = len(self.y), math.fsum(self.y)
        best, cut, left = -1.0, 2, self.y[0]
        for i in range(2, n - 1):
            left += self.y[i - 1]
            gain = (left - total * i / n) ** 2 * n / (i * (n - i))
            if gain > best:
                best, cut = gain, i
        first, second = math.fsum(self.y[:cut]) / cut, math.fsum(self.y[cut:]) / (n - cut)
        stepped = [y - (first if i < cut else second) for i, y in enumerate(self.y)]
        return min(straight, stepped, key=lambda residuals: math.fsum(r * r for r in residuals))


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of single readings, autocorrelation of neighbours, and how well both are known."""

    sigma: float
    phi: float
    freedom: float

    def error(self, x: Sequence[float], weights: Sequence[float]) -> float:
        """Standard error of a weighted sum of readings at ``x`` (ascending)."""
        return self.sigma * math.sqrt(max(0.0, quadratic_form(x, weights, self.phi)))

    @property
    def caution(self) -> float:
        """By how much limits widen because the autocorrelation is itself only estimated (chosen by the benchmark)."""
        return 1 + self.phi * self.phi

    @property
    def inflation(self) -> float:
        """How many times wider than for independent readings the variance of a long mean is."""
        return (1 + self.phi) / (1 - self.phi)

    def limit(self, alpha: float) -> float:
        """How many standard errors are more than noise."""
        return student_quantile(1 - alpha, self.freedom) * self.caution


def quadratic_form(x: Sequence[float], weights: Sequence[float], phi: float) -> float:
    """w'Rw for R[i][j] = phi ** |x[i] − x[j]| (at least one step apart), in one pass."""
    square, cross, carried = 0.0, 0.0, 0.0
    last_x, last_w = x[0], 0.0
    for at, weight in zip(x, weights, strict=True):
        carried = (carried + last_w) * phi ** max(1.0, at - last_x)
        square += weight * weight
        cross += weight * carried
        last_x, last_w = at, weight
    return square + 2 * cross


def estimate(parts: Sequence[tuple[Part, list[float], int]]) -> Noise:
    """The noise of residuals; with each part, how many numbers were fitted to it (1: mean; 2: line or step)."""
    total = sum(len(residuals) for _, residuals, _ in parts)
    squares = math.fsum(r * r for _, residuals, _ in parts for r in residuals)
    if squares == 0:
        return Noise(0.0, 0.0, 1.0)
    products = math.fsum(
        left * right
        for part, residuals, _ in parts
        for left, right, a, b in zip(residuals, residuals[1:], part.x, part.x[1:], strict=False)
        if b - a < 1.75
    )
    fitted = sum(count for _, _, count in parts)
    pull = sum(count + 2 for _, _, count in parts)
    raw = products / squares
    phi = min(0.95, max(0.0, (raw + fitted / total) / max(0.3, 1 - pull / total)))
    expected = 0.0
    for part, residuals, count in parts:
        n = len(residuals)
        expected += n - count * quadratic_form(part.x, [1.0] * n, phi) / n
    expected = max(expected, 0.1 * total)
    freedom = max(1.0, total * (1 - phi * phi) / (1 + phi * phi) - fitted)
    return Noise(math.sqrt(squares / expected), phi, freedom)


def student_quantile(p: float, freedom: float) -> float:
    """Quantile of Student's t for any real number of degrees of freedom (G. W. Hill, CACM Algorithm 396, 1970).

    Within 1% for one degree of freedom and more. scipy's is exact, but its import takes longer than a report.
    """
    if freedom < 3:
        one, two = math.tan(math.pi * (p - 0.5)), (2 * p - 1) / math.sqrt(2 * p * (1 - p))
        three = 0.0 if freedom <= 2 else _hill(p, 3.0)
        return one + (two - one) * (freedom - 1) if freedom <= 2 else two + (three - two) * (freedom - 2)
    return _hill(p, freedom)


def _hill(p: float, n: float) -> float:
    tail = 2 * (1 - p)
    a = 1 / (n - 0.5)
    b = 48 / (a * a)
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * n
    y = (d * tail) ** (2 / n)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(tail / 2)
        y = x * x
        if n < 5:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * (n + 1) / (
            n + 2
        ) + 1 / y
    return math.sqrt(n * y)
