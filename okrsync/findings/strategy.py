"""Strategy: key results that are tasks, or that serve no strategy."""

from __future__ import annotations

from okrsync.findings import well_formed, work_rules
from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = (*well_formed.RULES, *work_rules.RULES)
