"""``python -m tests.hostile [REPORTS]``: the long form. What it counted goes into ``docs/hostile.md``.

Each report holds texts that a fuzzer composes of the corpus in more than five hundred places, and is written in every
format. As soon as a text does something it ends with 1, and says which text, in which format, and what.
"""

from __future__ import annotations

import os
import platform
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hostile.corpus import _ALPHABET, CORPUS, EVERY, HUGE
from tests.hostile.formats import QUICK, every, holes
from tests.hostile.planted import planted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hostile.md"
BEGIN, END = "<!-- hostile:begin -->\n", "<!-- hostile:end -->"
REPORTS = 200
EVERY_FORMAT = 10
"""One report in so many is also written in the formats that take longer."""


def composed(chance: random.Random) -> str:
    """Some texts of the corpus with other characters between them."""
    parts = []
    for _ in range(chance.randint(1, 4)):
        parts.append(chance.choice(EVERY))
        parts.append("".join(chance.choices(_ALPHABET, k=chance.randint(0, 6))))
    return "".join(parts)


def main(reports: int) -> int:
    """Try so many reports; 0 when nothing did anything."""
    begun, seed = time.monotonic(), int(time.time())
    chance = random.Random(seed)
    tried, places, written = set(EVERY), 0, 0
    with TemporaryDirectory() as folder:
        formats = every(Path(folder))
        for number in range(reports):
            texts = [composed(chance) for _ in range(250)]
            if number == 0:
                texts = EVERY
            elif number == 1:
                texts = [*HUGE, *(f"Onboarding step {each}" for each in range(150))]
            chosen = formats if number % EVERY_FORMAT == 0 else QUICK
            if number == 1:
                chosen = {name: format_ for name, format_ in formats.items() if name != "JSON"}
            found = holes(texts, chosen)
            if found:
                print(f"seed {seed}, report {number}:", *found, sep="\n")
                return 1
            tried |= set(texts)
            places += planted(texts)[1]
            written += len(chosen)
            print(f"{number + 1} reports, {len(tried):,} texts, no hole", flush=True)
    rows = [
        ("texts of the corpus, by " + str(len(CORPUS)) + " kinds", len(EVERY)),
        ("texts of a megabyte", len(HUGE)),
        ("texts tried, with those that the fuzzer composed", len(tried)),
        ("places that they were put into, over all reports", places),
        ("formats", len(formats)),
        ("pages written and compared with their harmless twins", written),
        # One of these ends it, and nothing is written.
        ("texts that changed the structure of a page, ran, linked elsewhere or drove a terminal", 0),
    ]
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    table = "\n".join(["", "| | |", "|---|---|", *(f"| {name} | {count:,} |" for name, count in rows)])
    command = "python -m tests.hostile" if reports == REPORTS else f"python -m tests.hostile {reports}"
    minutes = (time.monotonic() - begun) / 60
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    counted = f"{table}\n\n`{command}` on {machine}, {minutes:.0f} minutes.\n\n"
    PAGE.write_text(before + BEGIN + counted + END + rest.split(END)[1], encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REPORTS))
