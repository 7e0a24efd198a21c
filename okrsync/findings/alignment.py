"""Alignment: the goals of some levels do not carry those above them."""

from __future__ import annotations

from okrsync.findings.interface import Rule

RULES: tuple[Rule, ...] = ()
