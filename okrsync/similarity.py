"""Which key result a piece of work resembles: cosine of TF-IDF vectors over titles, epics and labels. Pure.

A key result is described by its own title, its objective's, and the work that is linked to it already; that work says
more than the title, which names an outcome and not what one builds for it (the centroid of a class after J. Rocchio,
1971). Cost: one look into an inverted index for every word of a piece, whatever the number of key results.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from okrsync.model import KeyResult, Objective, WorkText

_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_ASCII = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_ANY = re.compile(rf"[{_CJK}]+|[^\W\d_{_CJK}]+|[0-9]+")
_TITLE_LENGTH = 300
_OWN_WEIGHT = 2.0
"""A key result's own words weigh as much as this many pieces of linked work."""
_EXAMPLES = 300
"""So many pieces of linked work, the latest, describe a key result: more cost time and say nothing new."""
_PROFILE = 300
"""So many features of a key result are kept, the heaviest."""
_POSTINGS = 8
"""So many key results are looked at for one feature, those where it weighs most: what all have in common tells none."""


@lru_cache(4096)
def words(text: str) -> tuple[str, ...]:
    """A text as terms: lower case, English endings cut, ``textField`` as two, Chinese as overlapping pairs of signs."""
    text = text[:_TITLE_LENGTH]
    if text.isascii():
        return tuple(_stem(word) for word in _ASCII.findall(text) if len(word) > 1)
    found: list[str] = []
    for word in _ANY.findall(text):
        if re.match(f"[{_CJK}]", word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif len(word) > 1:
            found.append(_stem(word))
    return tuple(found)


@lru_cache(50_000)
def _stem(word: str) -> str:
    word = word.lower()
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


class Resemblance:
    """How much any piece of work resembles each key result."""

    def __init__(self, goals: Sequence[tuple[KeyResult, Objective]], work: Sequence[WorkText]) -> None:
        """``work`` is all of it, linked (the examples) and not (whose words say what is common)."""
        examples: dict[str, list[WorkText]] = {kr.id: [] for kr, _ in goals}
        for one in sorted(work, key=lambda one: (one.piece.updated_at, one.piece.id), reverse=True):
            for kr_id in one.piece.key_results:
                if kr_id in examples and len(examples[kr_id]) < _EXAMPLES:
                    examples[kr_id].append(one)
        own = {kr.id: list(dict.fromkeys((*words(kr.title), *words(objective.title)))) for kr, objective in goals}
        occurs: Counter[str] = Counter()
        self._work = work  # so that what is remembered by identity stays what it is
        self._features: dict[int, tuple[str, ...]] = {}
        for one in work:
            features = self._features[id(one)] = _features(one)
            occurs.update(features)
        for terms in own.values():
            occurs.update(terms)
        total = len(work) + len(own)
        self._rarity = {feature: math.log1p(total / count) for feature, count in occurs.items()}
        self._index: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for kr_id, terms in own.items():
            profile: dict[str, float] = defaultdict(float)
            for feature, weight in self._vector(terms).items():
                profile[feature] += _OWN_WEIGHT * weight
            for one in examples[kr_id]:
                for feature, weight in self._vector(self._features[id(one)]).items():
                    profile[feature] += weight
            heaviest = sorted(profile.items(), key=lambda entry: (-entry[1], entry[0]))[:_PROFILE]
            length = math.sqrt(sum(weight * weight for _, weight in heaviest)) or 1.0
            for feature, weight in heaviest:
                self._index[feature].append((kr_id, weight / length))
        for feature, postings in self._index.items():
            if len(postings) > _POSTINGS:
                self._index[feature] = sorted(postings, key=lambda entry: (-entry[1], entry[0]))[:_POSTINGS]

    def of(self, one: WorkText, best: int = 3) -> list[tuple[str, float]]:
        """The ``best`` key results with their score, 0 to 1, the highest first."""
        scores: dict[str, float] = defaultdict(float)
        features = self._features.get(id(one)) or _features(one)
        for feature, weight in self._vector(features).items():
            for kr_id, other in self._index.get(feature, ()):
                scores[kr_id] += weight * other
        if best == 1:  # a third of the time of what follows, and what is asked for every piece
            highest = max(scores.values(), default=0.0)
            ranked = [(min(kr_id for kr_id, score in scores.items() if score == highest), highest)] if scores else []
        else:
            ranked = heapq.nsmallest(best, scores.items(), key=lambda entry: (-entry[1], entry[0]))
        return [(kr_id, min(1.0, score)) for kr_id, score in ranked]

    def _vector(self, features: Iterable[str]) -> Mapping[str, float]:
        weights = {feature: self._rarity.get(feature, 0.0) for feature in features}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {feature: weight / length for feature, weight in weights.items()}


def _features(one: WorkText) -> tuple[str, ...]:
    """Terms, and facets as ``labels:payouts``; each once, in an order that does not depend on hashing."""
    texts = [one.piece.title] if one.epic_title is None else [one.piece.title, one.epic_title]
    terms = (word for text in texts for word in words(text))
    return tuple(dict.fromkeys((*terms, *(f"{key}:{value}" for key, value in one.facets))))
