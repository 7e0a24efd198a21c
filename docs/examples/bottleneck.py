"""Examples for the rules of the mode bottleneck."""

from __future__ import annotations

from docs.examples.example import Pair

EXAMPLES: dict[str, Pair] = {}
