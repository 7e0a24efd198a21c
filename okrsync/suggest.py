"""Work that serves no key result yet: which one it resembles, and the work rule to paste. Nothing is linked here. Pure.

The rule is the shortest that takes most of the similar work of a key result and hardly any other: an epic, a label, a
component or a milestone of one source, narrowed to a project where it must be, or a whole project; else the keys.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from okrsync.model import KeyResult, Objective, Piece, Suggestion, WorkText
from okrsync.similarity import Resemblance

MINIMUM = 0.25
"""The least score that is suggested; ``benchmarks/RESULTS.md`` has how often scores above it are right."""
_KEYS_IN_A_RULE = 10
_STRANGERS = 0.05
"""This share of what a rule takes may be linked to other key results already."""
_UNLIKE = 0.25
"""For each similar piece, a rule may take this many unlinked ones that resemble the key result too little."""
_RULE_FACETS = ("epics", "labels", "components", "milestones")
"""Versions and sprints say when something was done, not what for: they help to compare, but are no rule."""
_PLAIN = re.compile(r"[^\W\d_][\w./-]*")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def suggest(
    goals: Sequence[tuple[KeyResult, Objective]], work: Sequence[WorkText], *, minimum: float = MINIMUM
) -> list[Suggestion]:
    """Suggestions for the pieces among ``work`` that serve no key result, the one that would link most first.

    ``goals`` are the key results that may be suggested: of one cycle, and none that is retired. The pieces that are
    linked already are what new ones are compared with, and what a rule must not take.
    """
    resemblance = Resemblance(goals, work)
    similar: dict[str, list[tuple[WorkText, float]]] = defaultdict(list)
    placed: dict[int, str] = {}
    unlinked = [one for one in work if not one.piece.key_results]
    for one, nearest in zip(unlinked, resemblance.nearest(unlinked), strict=True):
        if nearest is not None and nearest[1] >= minimum:
            kr_id, score = nearest
            similar[kr_id].append((one, score))
            placed[one.piece.id] = kr_id
    if not placed:
        return []
    reach = _Reach(work, placed)
    found = [each for kr_id, scored in similar.items() for each in _rules(kr_id, scored, reach)]
    return sorted(found, key=lambda each: (-sum(score for _, score in each.pieces), each.key_result, each.rule))


_Rule = tuple[str, str, str, str]
"""Source; project or ""; facet key or ""; its value."""


class _Reach:
    """How much work each possible rule takes: of which key results, and how much that resembles which."""

    def __init__(self, work: Iterable[WorkText], placed: dict[int, str]) -> None:
        alike: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Piece]] = defaultdict(list)
        for one in work:
            alike[one.piece.source, one.project, one.facets].append(one.piece)
        useful = {
            rule
            for place, pieces in alike.items()
            if any(piece.id in placed for piece in pieces)
            for rule in _possible(*place)
        }
        self.total: Counter[_Rule] = Counter()
        self.linked: Counter[_Rule] = Counter()
        self.linked_to: Counter[tuple[_Rule, str]] = Counter()
        self.similar_to: Counter[tuple[_Rule, str]] = Counter()
        for place, pieces in alike.items():
            rules = [rule for rule in _possible(*place) if rule in useful]
            if not rules:
                continue
            linked = sum(bool(piece.key_results) for piece in pieces)
            linked_to = Counter(kr_id for piece in pieces for kr_id in piece.key_results)
            similar_to = Counter(placed[piece.id] for piece in pieces if piece.id in placed)
            for rule in rules:
                self.total[rule] += len(pieces)
                self.linked[rule] += linked
                for kr_id, number in linked_to.items():
                    self.linked_to[rule, kr_id] += number
                for kr_id, number in similar_to.items():
                    self.similar_to[rule, kr_id] += number

    def fits(self, rule: _Rule, key_result: str) -> bool:
        """Would the rule take at least two similar pieces, few other unlinked ones, and hardly any of others?"""
        similar, own = self.similar_to[rule, key_result], self.linked_to[rule, key_result]
        of_others = self.linked[rule] - own
        unlike = self.total[rule] - self.linked[rule] - similar
        return similar >= 2 and unlike <= _UNLIKE * similar and of_others <= _STRANGERS * (similar + own)


def _possible(source: str, project: str, written: Sequence[tuple[str, str]]) -> list[_Rule]:
    facets = [(key, value) for key, value in written if key in _RULE_FACETS]
    return [
        *((source, "", key, value) for key, value in facets),
        *((source, project, key, value) for key, value in facets),
        (source, project, "", ""),
    ]


def _rules(key_result: str, scored: list[tuple[WorkText, float]], reach: _Reach) -> list[Suggestion]:
    """The rules that together take all similar work of one key result."""
    rest = {one.piece.id: (one, score) for one, score in scored}
    takes: dict[_Rule, list[int]] = defaultdict(list)
    for one, _ in scored:
        for rule in _possible(one.piece.source, one.project, one.facets):
            takes[rule].append(one.piece.id)
    fitting = [rule for rule in takes if reach.fits(rule, key_result)]
    suggestions = []
    while fitting:
        best = min(fitting, key=lambda rule: (-sum(id_ in rest for id_ in takes[rule]), _length(rule), rule))
        taken = [rest.pop(id_) for id_ in takes[best] if id_ in rest]
        if len(taken) < 2:
            rest |= {one.piece.id: (one, score) for one, score in taken}
            break
        suggestions.append(Suggestion(key_result, _in_yaml(best), _best_first(taken)))
        fitting = [rule for rule in fitting if any(id_ in rest for id_ in takes[rule])]
    left = _best_first(rest.values())
    for start in range(0, len(left), _KEYS_IN_A_RULE):
        some = left[start : start + _KEYS_IN_A_RULE]
        keys = ", ".join(_scalar(piece.key) for piece, _ in some)
        suggestions.append(Suggestion(key_result, f"{{keys: [{keys}]}}", some))
    return suggestions


def _length(rule: _Rule) -> tuple[int, int]:
    """Fewer keys are shorter; an epic says more than a label, a label more than a component."""
    _, project, key, _ = rule
    return bool(project) + bool(key), _RULE_FACETS.index(key) if key else len(_RULE_FACETS)


def _best_first(scored: Iterable[tuple[WorkText, float]]) -> tuple[tuple[Piece, float], ...]:
    pairs = ((one.piece, round(score, 2)) for one, score in scored)
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0].source, pair[0].key, pair[0].id)))


def _in_yaml(rule: _Rule) -> str:
    source, project, key, value = rule
    said = [f"source: {_scalar(source)}"]
    if project:
        said.append(f"{'repos' if '/' in project else 'projects'}: [{_scalar(project)}]")
    if key:
        said.append(f"{key}: [{_scalar(value)}]")
    return f"{{{', '.join(said)}}}"


def _scalar(text: str) -> str:
    """A YAML scalar within a flow list: quoted as in JSON, which YAML reads, wherever it could mean something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    # ``${`` begins an environment variable, quoted or not.
    return json.dumps(text, ensure_ascii=False).replace("${", "$${")
