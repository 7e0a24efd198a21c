"""Numbers for people: the one place where a number becomes text."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal


def show(value: float) -> str:
    """A finite number, short and free of any locale: ``124``, ``2.1``, ``0.00312``, ``1200000000``.

    Whole numbers are shown in full, others with four significant digits or all digits before the point, whichever is
    more. Never in scientific notation, except beyond 15 digits on either side of the point, where digits would not be
    read any more: ``1e+300``.
    """
    if value == 0:
        return "0"
    if not 1e-15 <= abs(value) < 1e15:
        return f"{value:.4g}"
    exact = Decimal(repr(value))
    places = max(0, 3 - exact.adjusted())
    rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    text = f"{rounded:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def count_of(number: int, noun: str) -> str:
    """``1 reading``, ``14 readings``; for nouns whose plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
