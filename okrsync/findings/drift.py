"""Drift: goals changed, and not everybody followed."""

from __future__ import annotations

from okrsync.findings import changed_goals, off_course
from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = tuple(sorted((*changed_goals.RULES, *off_course.RULES), key=lambda rule: rule.id))
