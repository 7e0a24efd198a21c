"""Reads ``wording_titles.txt``: titles of key results, each a result or a task, in two halves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

FILE = Path(__file__).with_name("wording_titles.txt")
LISTS = {
    "second list": Path(__file__).with_name("wording_titles_second.txt"),
    "third list": Path(__file__).with_name("wording_titles_third.txt"),
    "fourth list": Path(__file__).with_name("wording_titles_fourth.txt"),
}
"""Each written before the rules were run on it. With what the second and third showed, the rules were mended; the
fourth is held out still."""


Half = Literal["tuning", "held out", "second list", "third list", "fourth list"]


class Title(NamedTuple):
    """A title and what it is."""

    text: str
    language: str
    is_task: bool


def titles(half: Half) -> list[Title]:
    """The odd titles of each section (``tuning``), the even ones (``held out``), or all of another list."""
    file = LISTS.get(half, FILE)
    found: list[Title] = []
    section: list[Title] = []
    language = kind = ""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("["):
            language, kind = line.strip("[]").split()
            section = []
        elif line and not line.startswith("#"):
            section.append(Title(line, language, kind == "task"))
            if half in LISTS or (len(section) % 2 == 1) == (half == "tuning"):
                found.append(section[-1])
    return found
