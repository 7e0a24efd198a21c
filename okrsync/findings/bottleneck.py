"""Bottleneck: work waits for the one who leads."""

from __future__ import annotations

from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = ()
