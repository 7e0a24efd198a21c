"""The tree of teams, and which team an account works for (DESIGN section 7, *Teams*)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from okrsync.findings.interface import Facts
from okrsync.model import Piece, Team


class TeamTree:
    """The teams, with what stands above and below each. Circles were refused when the files were read."""

    def __init__(self, teams: Sequence[Team]) -> None:
        self.by_id = {team.id: team for team in teams}
        self._depths: dict[str, int] = {}
        self.children: dict[str | None, list[Team]] = {}
        for team in teams:
            parent = team.parent if team.parent in self.by_id else None
            self.children.setdefault(parent, []).append(team)

    def above(self, team: str) -> Iterator[Team]:
        """The team's parent, its parent, and so on to the top."""
        here = self.by_id.get(team)
        while here is not None and (here := self.by_id.get(here.parent or "")) is not None:
            yield here

    def below(self, team: str) -> Iterator[Team]:
        """All teams below, those of one branch together."""
        for child in self.children.get(team, ()):
            yield child
            yield from self.below(child.id)

    def depth(self, team: str) -> int:
        """0 at the top."""
        if team not in self._depths:
            self._depths[team] = sum(1 for _ in self.above(team))
        return self._depths[team]

    def levels(self) -> list[str]:
        """The levels' names from the top down: by the least depth of their teams, then in the order of the files."""
        least: dict[str, int] = {}
        for team in self.by_id.values():
            depth = self.depth(team.id)
            least[team.level] = min(depth, least.get(team.level, depth))
        return sorted(least, key=lambda level: least[level])


def tree_of(facts: Facts) -> TeamTree:
    """The tree of all teams on file, for ``Facts.once``."""
    return TeamTree(facts.programme.teams)


def name_of(facts: Facts, team: str) -> str:
    """A team's name, or its id where it has none."""
    found = facts.once(tree_of).by_id.get(team)
    return (found.name if found is not None else None) or team


def lead_of(facts: Facts, team: str) -> str | None:
    """Who leads a team; None where no file says so."""
    found = facts.once(tree_of).by_id.get(team)
    return found.lead if found is not None else None


_Alike: TypeAlias = tuple[str, str | None, frozenset[str]]
"""What decides which team does a piece: its source, its assignee and the key results that it serves."""
_Worker: TypeAlias = tuple[str | None, str]
"""A person (None and the id), or an account: its source and its name without case."""


class Workers:
    """Which team does a piece of work.

    An account belongs to the team that its person names in ``people:``; otherwise to the team whose key results' work
    it is assigned most (to none when two are equal).
    """

    def __init__(self, facts: Facts) -> None:
        self._persons = {
            (source, account.casefold()): person.id for person in facts.people for source, account in person.accounts
        }
        self._declared = {person.id: person.team for person in facts.people if person.team is not None}
        self._teams = {
            key_result.id: objective.team for objective in facts.objectives for key_result in objective.key_results
        }
        self._found: dict[_Alike, str | None] = {}
        self._by_work = _most(self._linked(facts.completed, facts.open))

    def person_of(self, piece: Piece) -> str | None:
        """The id of the person among ``people:`` whose account does the piece."""
        return None if piece.assignee is None else self._persons.get((piece.source, piece.assignee.casefold()))

    def teams_served(self, piece: Piece) -> set[str]:
        """The teams whose key results the piece serves."""
        return self._served(piece.key_results)

    def team_of(self, piece: Piece) -> str | None:
        """The team that does the piece: its assignee's; where that is not known, the one whose key result it serves."""
        alike = (piece.source, piece.assignee, piece.key_results)
        if alike not in self._found:
            self._found[alike] = self._team_of(*alike)
        return self._found[alike]

    def _team_of(self, source: str, assignee: str | None, key_results: frozenset[str]) -> str | None:
        worker = self._worker_of(source, assignee)
        if worker is not None:
            team = self._declared.get(worker[1]) if worker[0] is None else None
            team = team or self._by_work.get(worker)
            if team is not None:
                return team
        served = self._served(key_results)
        return served.pop() if len(served) == 1 else None

    def _served(self, key_results: frozenset[str]) -> set[str]:
        return {self._teams[each] for each in key_results if each in self._teams}

    def _worker_of(self, source: str, assignee: str | None) -> _Worker | None:
        """A person known by id, or an account at its source; None when nobody is assigned."""
        if assignee is None:
            return None
        person = self._persons.get((source, assignee.casefold()))
        return (source, assignee.casefold()) if person is None else (None, person)

    def _linked(self, *pieces: Iterable[Piece]) -> Iterator[tuple[_Worker, str, int]]:
        alike: Counter[_Alike] = Counter()
        for each in (piece for group in pieces for piece in group if piece.assignee is not None and piece.key_results):
            alike[each.source, each.assignee, each.key_results] += each.number
        for (source, assignee, key_results), number in alike.items():
            worker = self._worker_of(source, assignee)
            if worker is not None:
                for team in self._served(key_results):
                    yield worker, team, number


def _most(found: Iterable[tuple[_Worker, str, int]]) -> Mapping[_Worker, str]:
    counts: dict[_Worker, Counter[str]] = {}
    for worker, team, number in found:
        counts.setdefault(worker, Counter())[team] += number
    most = {}
    for worker, teams in counts.items():
        (first, number), *others = teams.most_common(2)
        if not others or others[0][1] < number:
            most[worker] = first
    return most
