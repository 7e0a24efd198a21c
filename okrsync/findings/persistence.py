"""Persistence: given up before it could work."""

from __future__ import annotations

from okrsync.findings import giving_up, keeping_up, long_view
from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = (*keeping_up.RULES, *giving_up.RULES, *long_view.RULES)
