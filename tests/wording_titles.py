"""Reads ``wording_titles*.txt``: titles of key results, each a result or a task, in lists and halves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, get_args

Half = Literal["first, odd", "first, even", "second", "third", "fourth", "fifth", "sixth"]
HALVES: tuple[Half, ...] = get_args(Half)
TUNED: tuple[Half, ...] = ("first, odd", "second", "third", "fourth", "fifth", "sixth")
"""What the rules' author looked at and mended the rules with; the others were only ever looked at as a number."""
HELD_OUT: tuple[Half, ...] = tuple(half for half in HALVES if half not in TUNED)
_FILES = {
    "first": "wording_titles.txt",
    "second": "wording_titles_second.txt",
    "third": "wording_titles_third.txt",
    "fourth": "wording_titles_fourth.txt",
    "fifth": "wording_titles_fifth.txt",
    "sixth": "wording_titles_sixth.txt",
}
"""Each was written before the rules were run on it."""


class Title(NamedTuple):
    """A title and what it is."""

    text: str
    language: str
    is_task: bool


def titles(half: Half) -> list[Title]:
    """The odd titles of each section of a list, the even ones, or all of it."""
    name, _, which = half.partition(", ")
    found: list[Title] = []
    section: list[Title] = []
    language = kind = ""
    for line in Path(__file__).with_name(_FILES[name]).read_text("utf-8").splitlines():
        if line.startswith("["):
            language, kind = line.strip("[]").split()
            section = []
        elif line and not line.startswith("#"):
            section.append(Title(line, language, kind == "task"))
            if not which or (len(section) % 2 == 1) == (which == "odd"):
                found.append(section[-1])
    return found
