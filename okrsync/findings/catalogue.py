"""All rules, mode by mode. A new rule is added to the list of its mode's file."""

from __future__ import annotations

from okrsync.findings import alignment, bottleneck, drift, persistence, strategy
from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = (
    *alignment.RULES,
    *persistence.RULES,
    *strategy.RULES,
    *drift.RULES,
    *bottleneck.RULES,
)
