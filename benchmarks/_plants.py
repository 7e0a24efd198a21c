"""All plants: each module enters its own."""

from __future__ import annotations

from benchmarks import (  # noqa: F401 - imported for what they enter
    _plants_alignment,
    _plants_bottleneck,
    _plants_drift,
    _plants_persistence,
    _plants_strategy,
)
from benchmarks._plant import PLANTS, WIDE, Planted, put

__all__ = ["PLANTS", "WIDE", "Planted", "put"]
