"""The names of pages and of their attachments: stable between runs, and safe as file names on every system."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date

from okrsync.dates import iso_week
from okrsync.report.value import natural

INDEX = "OKR-Reports"
"""The page that lists all weeks."""
LONGEST = 60


def week_page(day: date) -> str:
    """The page of the week that a day is in: ``OKR-2026-W47``."""
    return f"OKR-{iso_week(day)}"


def key_result_pages(ids: Iterable[str]) -> dict[str, str]:
    """The page of each key result: ``OKR-KR1.1``, or ``OKR-KR-activation`` for one whose id begins otherwise.

    What a file name cannot hold becomes a hyphen, with a short digest of the id behind it. So it does where two ids
    differ in case alone, which some systems take for one file.
    """
    pages: dict[str, str] = {}
    taken = {INDEX.lower()}
    for id_ in sorted(set(ids), key=natural):
        plain = re.sub(r"[^A-Za-z0-9.]+", "-", id_).strip("-.")
        plain = re.sub(r"[-.]{2,}", "-", plain)[:LONGEST].rstrip("-.")
        name = f"OKR-{plain}" if re.match(r"KR[0-9]", plain) else f"OKR-KR-{plain}"
        if plain != id_ or name.lower() in taken:
            name = f"{name.rstrip('-')}-{hashlib.sha256(id_.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        taken.add(name.lower())
        pages[id_] = name
    return pages


def week_chart(day: date, page: str) -> str:
    """The chart of a key result on the page of a week, by the key result's own page: ``OKR-2026-W47-KR1.1.png``."""
    return f"{week_page(day)}-{page.removeprefix('OKR-')}.png"


def own_chart(page: str) -> str:
    """The chart on a key result's own page: ``OKR-KR1.1-chart.png``."""
    return f"{page}-chart.png"
