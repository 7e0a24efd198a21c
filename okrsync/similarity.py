"""Which key result a piece of work resembles: cosine of TF-IDF vectors over titles, epics and labels. Pure.

A key result is described by its own title, its objective's, and the work that is linked to it already; that work says
more than the title, which names an outcome and not what one builds for it (the centroid of a class after J. Rocchio,
1971). Cost: one look into an inverted index for every word of a piece, whatever the number of key results; all pieces
together in arrays.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from okrsync.model import KeyResult, Objective, WorkText

Array: TypeAlias = NDArray[np.float64]
Ids: TypeAlias = NDArray[np.int64]

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

_SCORES = 500_000
"""So many scores, of pieces with key results, are in memory at once."""


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
        examples: dict[str, list[int]] = {kr.id: [] for kr, _ in goals}
        self._work = work  # so that what is remembered by identity stays what it is
        self._row = {id(one): row for row, one in enumerate(work)}
        linked = [row for row, one in enumerate(work) if one.piece.key_results]
        linked.sort(key=lambda row: (work[row].piece.updated_at, work[row].piece.id), reverse=True)
        for row in linked:
            for kr_id in work[row].piece.key_results:
                if kr_id in examples and len(examples[kr_id]) < _EXAMPLES:
                    examples[kr_id].append(row)
        own = {kr.id: list(dict.fromkeys((*words(kr.title), *words(objective.title)))) for kr, objective in goals}
        self._ids: dict[str, int] = {}
        """A number for each feature; all arrays of features hold these."""
        rows = [[self._ids.setdefault(each, len(self._ids)) for each in _features(one)] for one in work]
        rows += ([self._ids.setdefault(each, len(self._ids)) for each in terms] for terms in own.values())
        self._key_results = sorted(own)
        self._lengths = np.array([len(each) for each in rows], dtype=np.int64)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._features = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(self._lengths.sum()))
        occurs = np.bincount(self._features, minlength=len(self._ids)).tolist()
        self._rarity = np.array([math.log1p(len(rows) / count) for count in occurs])
        rarity = self._rarity[self._features]
        row_of = np.repeat(np.arange(len(rows)), self._lengths)
        # A bincount adds in order, as everywhere here: what is found does not depend on what else is looked at.
        length = np.sqrt(np.bincount(row_of, rarity * rarity, minlength=len(rows)))
        self._weights = rarity / np.where(length > 0, length, 1.0)[row_of]
        profiles = [
            self._profile(len(work) + number, examples[kr_id], self._key_results.index(kr_id))
            for number, kr_id in enumerate(own)
        ]
        self._index = _Index(profiles, len(self._ids))

    def _profile(self, own: int, examples: Sequence[int], key_result: int) -> tuple[Ids, Ids, Array]:
        """The heaviest features of a key result, itself with each of them, and their weights."""
        slices = [slice(self._starts[row], self._starts[row] + self._lengths[row]) for row in (own, *examples)]
        weights = [self._weights[each] for each in slices]
        features, place = np.unique(np.concatenate([self._features[each] for each in slices]), return_inverse=True)
        profile = np.bincount(place, np.concatenate([_OWN_WEIGHT * weights[0], *weights[1:]]), minlength=len(features))
        heaviest = np.lexsort((self._alphabetical[features], -profile))[:_PROFILE]
        profile = profile[heaviest]
        length = math.sqrt(sum((profile * profile).tolist())) or 1.0
        return features[heaviest], np.full(len(heaviest), key_result), profile / length

    @cached_property
    def _alphabetical(self) -> Ids:
        """The place of each feature in the alphabet."""
        places = np.empty(len(self._ids), dtype=np.int64)
        places[[self._ids[each] for each in sorted(self._ids)]] = np.arange(len(self._ids))
        return places

    def nearest(self, work: Sequence[WorkText]) -> Iterator[tuple[str, float] | None]:
        """For each piece of those that this was made with, the key result that it resembles most, and its score, 0 to
        1; None where it has nothing in common with any."""
        count = len(self._key_results)
        some = max(1, _SCORES // max(1, count))
        for first in range(0, len(work), some):
            rows = np.array([self._row[id(one)] for one in work[first : first + some]], dtype=np.int64)
            if not count:
                yield from (None for _ in rows)
                continue
            at = _ranges(self._starts[rows], self._lengths[rows])
            features, piece = self._features[at], np.repeat(np.arange(len(rows)), self._lengths[rows])
            postings = self._index.counts[features]
            posting = _ranges(self._index.starts[features], postings)
            place = np.repeat(piece, postings) * count + self._index.key_results[posting]
            parts = np.repeat(self._weights[at], postings) * self._index.weights[posting]
            scores = np.bincount(place, parts, minlength=len(rows) * count).reshape(len(rows), count)
            best = scores.argmax(axis=1)  # of equals the first in the alphabet
            for key_result, score in zip(best.tolist(), scores.max(axis=1).tolist(), strict=True):
                yield (self._key_results[key_result], min(1.0, score)) if score > 0 else None

    def of(self, one: WorkText, best: int = 3) -> list[tuple[str, float]]:
        """The ``best`` key results with their score, 0 to 1, the highest first, of any piece of work."""
        features = [each for each in (self._ids.get(name) for name in _features(one)) if each is not None]
        rarity = self._rarity[features].tolist()
        length = math.sqrt(sum(weight * weight for weight in rarity)) or 1.0
        scores: dict[int, float] = defaultdict(float)
        for feature, weight in zip(features, rarity, strict=True):
            first = self._index.starts[feature]
            postings = slice(first, first + self._index.counts[feature])
            for key_result, other in zip(
                self._index.key_results[postings].tolist(), self._index.weights[postings].tolist(), strict=True
            ):
                scores[key_result] += weight / length * other
        ranked = heapq.nsmallest(best, scores.items(), key=lambda entry: (-entry[1], entry[0]))
        return [(self._key_results[key_result], min(1.0, score)) for key_result, score in ranked]


class _Index:
    """For each feature the key results where it weighs most, from their profiles."""

    def __init__(self, profiles: Sequence[tuple[Ids, Ids, Array]], count: int) -> None:
        """``count`` is that of the features."""
        empty = np.empty(0, dtype=np.int64)
        features = np.concatenate([empty, *(each[0] for each in profiles)])
        key_results = np.concatenate([empty, *(each[1] for each in profiles)])
        weights = np.concatenate([np.empty(0), *(each[2] for each in profiles)])
        order = np.lexsort((key_results, -weights, features))
        all_of = np.bincount(features, minlength=count)
        place = np.arange(len(order)) - np.repeat(np.cumsum(all_of) - all_of, all_of)
        order = order[place < _POSTINGS]
        self.key_results, self.weights = key_results[order], weights[order]
        self.counts = np.minimum(all_of, _POSTINGS)
        self.starts = np.cumsum(self.counts) - self.counts


def _ranges(starts: Ids, lengths: Ids) -> Ids:
    """The numbers from each start on, so many as its length, one range after the other."""
    before = np.cumsum(lengths) - lengths
    return np.asarray(np.repeat(starts - before, lengths) + np.arange(lengths.sum()))


def _features(one: WorkText) -> tuple[str, ...]:
    """Terms, and facets as ``labels:payouts``; each once, in an order that does not depend on hashing."""
    texts = [one.piece.title] if one.epic_title is None else [one.piece.title, one.epic_title]
    terms = (word for text in texts for word in words(text))
    return tuple(dict.fromkeys((*terms, *(f"{key}:{value}" for key, value in one.facets))))
