"""What a work rule means, and when its links must be made again. Nothing here opens a database.

All keys of a rule must match; within a key, any of its values. Values are compared exactly, case included, as the
service shows them; project keys, repository names and issue keys are compared without case, as every service does.
``title`` and ``paths`` are judged in Python: no two databases agree on regular expressions.
``okrsync.store.linking_rules`` finds what matches.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from okrsync.matching import matcher
from okrsync.model import KeyResult, WorkRule

FACETS: dict[str, tuple[str, ...]] = {
    "labels": ("label",),
    "components": ("component",),
    "versions": ("version",),
    "sprints": ("sprint",),
    # A milestone is a GitHub milestone or release, a Jira version or a sprint (DESIGN.md section 2).
    "milestones": ("milestone", "version", "sprint"),
}
"""Keys of a rule, and the kinds of facets that each asks for."""
_KEYS = (
    "source", "projects", "repos", "types", "labels", "components", "epics", "versions", "milestones", "sprints",
    "keys", "title", "paths",
)  # fmt: skip
_LINKS_VERSION = 1
"""Raise it when the meaning of a rule changes: every link is then made again."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the store knows that a rule may name in another way."""

    projects: Collection[str]
    """All ``items.project`` values."""
    renamed: Mapping[str, str]
    """Lower-case configured scope name → present name, where they differ."""

    def matching(self, names: Collection[str]) -> list[str]:
        """The stored projects that some names mean, also under a name they had before."""
        wanted = {name.lower() for name in names}
        for former, present in self.renamed.items():
            if not wanted.isdisjoint((former, present.lower())):
                wanted |= {former, present.lower()}
        return sorted(project for project in self.projects if project.lower() in wanted)


def describe(index: int, rule: WorkRule) -> str:
    """A rule in words, as every link carries it: ``work[1]: source=shop-jira labels=activation``; 1 is the first."""
    said = []
    for key in _KEYS:
        value = getattr(rule, key)
        if value:
            said.append(f"{key}={value if isinstance(value, str) else ','.join(value)}")
    return f"work[{index}]: {' '.join(said) or 'everything'}"


def fingerprint(key_result: KeyResult) -> str:
    """Changes when, and only when, the links of a key result must be made again."""
    rules = "\n".join(describe(index, rule) + repr(rule) for index, rule in enumerate(key_result.work, 1))
    return hashlib.blake2b(f"{_LINKS_VERSION}\n{rules}".encode(), digest_size=16).hexdigest()


def title_matcher(pattern: str) -> Callable[[str], bool]:
    """A test for titles: the regular expression is found anywhere in them. The test raises ``matching.TooSlow``."""
    return matcher(pattern)


def path_matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """A test for paths: ``*`` and ``?`` stay within a folder, ``**`` crosses folders, a folder takes all below it.

    The test raises ``matching.TooSlow``.
    """
    tests = [matcher(_glob_to_regex(glob), "fullmatch", end="(?:/.*)?") for glob in globs]
    return lru_cache(maxsize=65536)(lambda path: any(test(path) for test in tests))


def _glob_to_regex(glob: str) -> str:
    glob = glob.removeprefix("./").rstrip("/")
    regex = ""
    position = 0
    while position < len(glob):
        if glob.startswith("**/", position):
            regex += "(?:.*/)?"
            position += 3
        elif glob.startswith("**", position):
            regex += ".*"
            position += 2
        elif glob[position] == "*":
            regex += "[^/]*"
            position += 1
        elif glob[position] == "?":
            regex += "[^/]"
            position += 1
        else:
            regex += re.escape(glob[position])
            position += 1
    return regex
