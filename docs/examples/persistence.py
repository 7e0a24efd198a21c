"""Examples for the rules of the mode persistence."""

from __future__ import annotations

from docs.examples.example import Pair

EXAMPLES: dict[str, Pair] = {}
