"""Persistence: given up before it could work."""

from __future__ import annotations

from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = ()
