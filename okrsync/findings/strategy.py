"""Strategy: key results that are tasks, or that serve no strategy."""

from __future__ import annotations

from okrsync.findings import busy, counting, well_formed, work_rules
from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = tuple(
    sorted((*counting.RULES, *well_formed.RULES, *work_rules.RULES, *busy.RULES), key=lambda rule: rule.id)
)
