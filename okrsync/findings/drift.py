"""Drift: goals changed, and not everybody followed."""

from __future__ import annotations

from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = ()
