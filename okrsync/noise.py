"""Readings and their noise: what ``okrsync.movement`` calculates with.

The noise is first-order autocorrelated, AR(1): the correlation of two readings ``d`` cadences apart is ``phi ** d``.
How strong it is, a few dozen readings hardly tell; so no value is estimated and then believed, but each of ``PHI``
counts by how well it explains the readings, times ``PRIOR``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

PHI: Array = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.94])
"""Autocorrelations of neighbours that are thought possible; negative ones make limits too wide, never too narrow."""
PRIOR: Array = np.array([5.0, 5, 2, 2, 2, 2, 2, 5, 5, 5, 5]) / 40
"""Before any reading: none and strong count for more, so that neither is overlooked (chosen by the benchmark)."""
WINDOW = 3
"""A reading is compared with so many neighbours on either side before it is taken for a spike."""
SPIKE = 3.0
"""A reading counts as at most this many σ from the median of its neighbours: one spike is no movement."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Brings any numbers, huge or tiny, to about -1 … 1, where squares neither overflow nor vanish."""

    shift: float
    size: float
    zero: float
    """What is smaller than this, inward, is rounding."""

    @classmethod
    def of_rows(cls, rows: Array) -> list[Scale]:
        """One for each series."""
        halves = np.sort(rows / 2, axis=1)  # halves: the sum of two huge values must not overflow
        count = halves.shape[1]
        middle = (halves[:, (count - 1) // 2] + halves[:, count // 2]) / 2
        half = np.maximum(middle - halves[:, 0], halves[:, -1] - middle)
        biggest = 2 * np.maximum(np.abs(halves[:, 0]), np.abs(halves[:, -1]))
        flat = half <= 1e-13 * biggest
        size = np.where(flat, 1.0, half)
        zero = np.where(flat, 1e-9, np.maximum(1e-9, 1e-13 * biggest / size))
        return [cls(*each) for each in zip((middle * 2).tolist(), size.tolist(), zero.tolist(), strict=True)]

    def inward(self, value: float) -> float:
        return (value / 2 - self.shift / 2) / self.size

    def width(self, value: float) -> float:
        """A difference, back again."""
        return value * self.size * 2

    def outward(self, value: float) -> float:
        """Back again, to the digits that are the same on every machine; beyond the largest number is that number."""
        most = sys.float_info.max
        return float(f"{max(-most, min(most, value * self.size * 2 + self.shift)):.12g}")


def without_spikes(rows: Array) -> Array:
    """Series (one a row) with each reading drawn to within ``SPIKE`` σ of its neighbours' median.

    σ is 1.4826 times the median distance from these medians (F. R. Hampel, *The influence curve and its role in robust
    estimation*, JASA 69, 1974), and 1.15 times that, as a reading pulls the median of its own window. Series of fewer
    than seven readings stay as they are, and so does one of which most readings are at their median.
    """
    count = rows.shape[1]
    if count <= 2 * WINDOW:
        return rows
    padded = np.pad(rows, ((0, 0), (WINDOW, WINDOW)), mode="reflect")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * WINDOW + 1, axis=1), axis=2)
    distance = rows - middle
    sigma = 1.15 * 1.4826 * np.median(np.abs(distance), axis=1, keepdims=True)
    reach = np.where(sigma > 0, SPIKE * sigma, np.inf)
    return np.asarray(middle + np.clip(distance, -reach, reach))


def precision(x: Sequence[float]) -> tuple[Array, Array, Array]:
    """The inverse of the correlations of readings at ``x`` (ascending, in cadences), for each of ``PHI``.

    It is tridiagonal: returned are its diagonal (phi, readings), what stands beside that (phi, readings − 1), and half
    the logarithm of its determinant (phi,). Readings closer than a cadence count as one cadence apart.
    """
    gaps = np.maximum(1.0, np.diff(np.asarray(x, dtype=np.float64)))
    carried = PHI[:, None] ** gaps[None, :]
    fresh = 1 - carried**2
    diagonal = np.ones((len(PHI), len(x)))
    diagonal[:, 1:] = 1 / fresh
    diagonal[:, :-1] += carried**2 / fresh
    return diagonal, -carried / fresh, -0.5 * np.log(fresh).sum(axis=1)


def line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Least squares: value at x = 0, and slope (0 where all ``x`` are one)."""
    mx, my = math.fsum(x) / len(x), math.fsum(y) / len(y)
    spread = math.fsum((a - mx) ** 2 for a in x)
    slope = math.fsum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0
    return my - slope * mx, slope
