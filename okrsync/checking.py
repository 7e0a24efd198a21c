"""What ``okrsync check`` says of valid files: the rules of the findings for which the configuration alone suffices."""

from __future__ import annotations

from dataclasses import replace

from okrsync.config import Config
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import Diagnosis, Located, diagnose
from okrsync.findings.interface import Facts
from okrsync.model import Cycle


def check_goals(config: Config, cycle: Cycle) -> Diagnosis:
    """Diagnose the goals of one cycle as they stand in the files; ``located`` is in their order."""
    facts = Facts(
        as_of=cycle.start,
        cycle=cycle,
        zone=config.timezone,
        programme=config.programme,
        people=config.people,
        thresholds=config.thresholds,
        store=False,
    )
    found = diagnose(
        facts, (rule for rule in RULES if config.people_judged or rule.mode != "bottleneck"), config.silences
    )
    return replace(found, located=tuple(sorted(found.located, key=_place)))


def _place(located: Located) -> tuple[str, int]:
    return located.file or "", located.line or 0
