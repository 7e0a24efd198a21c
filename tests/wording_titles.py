"""Reads ``wording_titles.txt``: titles of key results, each a result or a task, in two halves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

FILE = Path(__file__).with_name("wording_titles.txt")


class Title(NamedTuple):
    """A title and what it is."""

    text: str
    language: str
    is_task: bool


def titles(half: Literal["tuning", "held out"], file: Path = FILE) -> list[Title]:
    """One half of the list: of each section the odd titles (``tuning``) or the even ones (``held out``)."""
    found: list[Title] = []
    section: list[Title] = []
    language = kind = ""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("["):
            language, kind = line.strip("[]").split()
            section = []
        elif line and not line.startswith("#"):
            section.append(Title(line, language, kind == "task"))
            if (len(section) % 2 == 1) == (half == "tuning"):
                found.append(section[-1])
    return found
