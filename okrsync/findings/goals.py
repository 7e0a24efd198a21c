"""The tree of goals: what supports what, and which work reaches an objective at the top through an unbroken chain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from okrsync.findings.interface import Facts
from okrsync.findings.teams import tree_of
from okrsync.language import _
from okrsync.model import Cycle, KeyResult, Objective, Verdict
from okrsync.report.value import GoalNode


class Goals:
    """The objectives that are pursued while the cycle runs, those of a longer cycle around it included."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.teams = facts.once(tree_of)
        running = {
            cycle.id
            for cycle in facts.programme.cycles
            if cycle.start <= facts.cycle.end and facts.cycle.start <= cycle.end
        }
        self.pursued = tuple(
            objective
            for objective in facts.programme.objectives
            if objective.cycle in running
            and (not objective.key_results or not all(map(facts.is_retired, objective.key_results)))
        )
        self._pursued = frozenset(objective.id for objective in self.pursued)
        self._all = {objective.id: objective for objective in facts.programme.objectives}
        self._of_key_result = {
            key_result.id: (objective, key_result)
            for objective in facts.programme.objectives
            for key_result in objective.key_results
        }

    @cached_property
    def by_team(self) -> dict[str, list[Objective]]:
        """The pursued objectives of each team that has any."""
        found: dict[str, list[Objective]] = {}
        for objective in self.pursued:
            found.setdefault(objective.team, []).append(objective)
        return found

    @cached_property
    def named(self) -> frozenset[str]:
        """The ids of objectives and key results that a pursued objective supports."""
        return frozenset(objective.supports for objective in self.pursued if objective.supports is not None)

    def target(self, objective: Objective) -> tuple[Objective, KeyResult | None] | None:
        """What an objective supports: an objective, and which of its key results where it names one."""
        if objective.supports is None:
            return None
        if objective.supports in self._all:
            return self._all[objective.supports], None
        return self._of_key_result.get(objective.supports)

    def is_pursued(self, objective: Objective) -> bool:
        """True when it is among ``pursued``."""
        return objective.id in self._pursued

    def is_top(self, objective: Objective) -> bool:
        """True for an objective of a team that stands below none."""
        return next(self.teams.above(objective.team), None) is None

    def flaw(self, objective: Objective) -> str | None:
        """Why what an objective supports leads nowhere, in words; None when it leads on, or supports nothing."""
        target = self.target(objective)
        if target is None:
            return None
        above, key_result = target
        if key_result is not None and self.facts.is_retired(key_result):
            assert key_result.retired is not None
            return _("{id} was dropped on {day}").format(id=key_result.id, day=key_result.retired.on)
        if not self.is_pursued(above):
            if any(cycle.id == above.cycle and cycle.end < self.facts.cycle.start for cycle in self._cycles):
                return _("{id} belongs to {cycle}, which is over").format(id=above.id, cycle=above.cycle)
            return _("{id} is not pursued in this cycle").format(id=above.id)
        if above.team == objective.team:
            return _("{id} belongs to the same team").format(id=above.id)
        if self.teams.depth(above.team) >= self.teams.depth(objective.team):
            return _("{id} stands no level higher").format(id=above.id)
        return None

    def reaches_top(self, objective: Objective) -> bool:
        """True when the objective, or what it supports step by step, is pursued by a team at the top."""
        seen: set[str] = set()
        here: Objective | None = objective
        while here is not None and here.id not in seen and self.is_pursued(here):
            if self.is_top(here):
                return True
            seen.add(here.id)
            target = self.target(here)
            if target is None or (target[1] is not None and self.facts.is_retired(target[1])):
                return False
            here = target[0]
        return False

    def aligned(self) -> frozenset[str]:
        """The key results of the cycle through which work reaches an objective at the top."""
        return frozenset(
            key_result.id
            for objective in self.facts.objectives
            if self.reaches_top(objective)
            for key_result in objective.key_results
            if not self.facts.is_retired(key_result)
        )

    def above(self, objective: Objective) -> Iterator[Objective]:
        """The objectives that the teams above pursue, those of the nearest first."""
        for team in self.teams.above(objective.team):
            yield from self.by_team.get(team.id, ())

    def nodes(self) -> Iterator[GoalNode]:
        """The pursued objectives as the report draws them."""
        busy = {each.key_result.id for each in self.facts.judgements if each.verdict is Verdict.BUSY}
        for objective in self.pursued:
            target = self.target(objective)
            flawed = self.flaw(objective) is not None
            lonely = target is None and next(self.above(objective), None) is not None
            leads_on = target is not None and not flawed and self.is_pursued(target[0])
            yield GoalNode(
                id=objective.id,
                title=objective.title,
                team=objective.team,
                depth=self.teams.depth(objective.team),
                parent=target[0].id if target is not None and leads_on else None,
                broken=flawed or lonely,
                busy=sum(each.id in busy for each in objective.key_results),
            )

    @property
    def _cycles(self) -> tuple[Cycle, ...]:
        return self.facts.programme.cycles
