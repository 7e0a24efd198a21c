"""Configuration that is made to be expensive: a message with file and line, exit code 2, in bounded memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from okrsync.config_yaml import MAX_PROBLEMS, read_document
from tests.cli_project import GOALS, MAIN

MEMORY = 600 * 1024**2
"""Bytes that a run may have; an ordinary one needs a fifth of it."""
STEPS = 60
"""Seconds of processor time after which the system ends it."""

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghijkl", "bcdefghijklm", strict=True)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{name}: &{name} {{<<: [*{before}, *{before}]}}\n" for before, name in zip("abcd", "bcde", strict=True)
)
BOMBS = {
    "billion laughs": LAUGHS,
    "aliases of mappings": LAUGHS.replace("[", "{p: [").replace("]", "]}"),
    "an alias that holds itself": "a: &a [*a]\n",
    "a mapping that holds itself": "a: &a {b: *a}\n",
    "merges": MERGES,
    "deep lists": "a: " + "[" * 20_000 + "]" * 20_000 + "\n",
    "deep lists without an end": "a: " + "[" * 50_000,
    "deep mappings": "a: " + "{a: " * 5_000 + "x" + "}" * 5_000 + "\n",
    "deep blocks": "".join(" " * depth + "a:\n" for depth in range(1_500)),
    "deep sequences": "a:\n  " + "- " * 10_000 + "x\n",
    "deep keys": "? " * 5_000 + "x\n",
    "many values": "a: [" + "x, " * 300_000 + "]\n",
    "many keys": "".join(f"k{number}: x\n" for number in range(250_000)),
    "many lines": "a:\n" + "- x\n" * 400_000,
    "a huge number": "a: " + "9" * 1_000_000 + "\n",
    "a huge fraction": "a: 1e" + "9" * 100_000 + "\n",
    "a huge octal": "a: 0o" + "7" * 500_000 + "\n",
    "a huge base 60": "a: " + "1:" * 100_000 + "1\n",
    "a huge key": f"{'k' * 2_000_000}: x\n",
    "a huge text": f"a: {'x' * 3_900_000}\n",
    "a huge anchor": f"a: &{'x' * 1_000_000} y\n",
    "five megabytes": "# " + "x" * 5_000_000 + "\n",
    "the same key twice": "store: sqlite:///a.db\nstore: sqlite:///b.db\n",
    "an unknown tag": "a: !!python/object/apply:os.system ['touch pwned']\n",
    "a tag of its own": "%TAG ! tag:evil.example,2002:\n---\na: !x y\n",
    "an unknown version": "%YAML 99999999999999999999999.1\n---\na: b\n",
    "two documents": "a: b\n---\nc: d\n",
    "an alias of nothing": "a: *nothing\n",
    "NUL": "a: 'x\x00'\n",
    "a control character": "a: 'x\x1b[31m'\n",
    "escaped NUL": 'a: "x\\0"\n',
    "half a surrogate pair": 'a: "\\ud800"\n',
    "an escape out of range": 'a: "\\UFFFFFFFF"\n',
    "no UTF-8": "a: \udcff\n",
    "UTF-16": "a: b\n".encode("utf-16").decode("utf-8", "surrogateescape"),
    "a list": "- x\n",
    "a text": "x\n",
    "nothing": "",
    "tabs": "\ta:\n\t\tb\n",
    "a key that is a list": "[a, b]: c\n",
    "a key that is null": "~: c\n",
    "a number too large for a float": "a: 1e999\n",
    "a date that is none": "a: 2026-99-99\n",
    "braces": "a: {{ x }}\n",
    "many anchors": "".join(f"k{number}: &a{number} x\n" for number in range(50_000)),
    "long comments": "# x\n" * 500_000 + "a: b\n",
    "long indentation": " " * 1_000_000 + "a: b\n",
    "many quotes": "a: " + "'" * 1_000_001 + "\n",
    "an open bracket": "a: [" + "\n" * 100_000,
    "many unknown keys": "".join(f"k{number}: x\n" for number in range(1_500)),
    "the same key often": "k: x\n" * 100_000,
    "many tokens": "a: b\n" + "".join(f"# ghp_{number:036}\n" for number in range(60_000)),
    "many passwords": "x:\n" + "".join(f"- {{password: secret{number}}}\n" for number in range(50_000)),
    "many variables": "x:\n" + "".join(f"- ${{A{number}}}\n" for number in range(60_000)),
}  # fmt: skip

_CYCLE = "cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31, check_in: 7d}\nteams: [{id: a, level: company}]\n"
GOALS_THAT_ARE_MANY = {
    "a chain of objectives": f"{_CYCLE}objectives:\n"
    + "".join(f"- {{id: o{at}, team: a, title: x, supports: o{at + 1}}}\n" for at in range(30_000)),
    "one id for many": f"{_CYCLE}objectives:\n" + "- {id: o, team: a, title: x}\n" * 20_000,
    "teams in a circle": _CYCLE.partition("teams")[0]
    + "teams:\n"
    + "".join(f"- {{id: t{at}, level: team, parent: t{(at + 1) % 10_000}}}\n" for at in range(10_000)),
}
"""What only a file of goals can hold. What takes a time that grows with the square of their number ends here."""


def bounded() -> None:
    """For the run alone: the system ends what takes more."""
    resource.setrlimit(resource.RLIMIT_AS, (4 * 1024**3, 4 * 1024**3))
    resource.setrlimit(resource.RLIMIT_CPU, (STEPS, STEPS))


# The system's own highest mark (`ru_maxrss`) begins with that of the program which started this one.
CHECK = """
import re, sys
from pathlib import Path
from okrsync.cli import main
try:
    main()
finally:
    highest = re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())
    print('MEMORY', int(highest[1]) * 1024, file=sys.stderr)
"""


NAMED_ALONE = frozenset({"five megabytes", "nothing"})
"""What has no line."""
SOAK = bool(os.environ.get("OKRSYNC_SOAK"))
READ = [name for name, text in BOMBS.items() if SOAK or len(text) <= 60_000]
IN_TEST = sorted(BOMBS) if SOAK else ["billion laughs", "deep lists without an end", "many unknown keys"]
RUN = [(name, ("okrsync.yaml", "okrs/q4.yaml")[at % 2], BOMBS[name]) for at, name in enumerate(IN_TEST)]
RUN += [(name, "okrs/q4.yaml", text) for name, text in GOALS_THAT_ARE_MANY.items() if SOAK]
"""As a program of its own. The largest texts are for the long form (``OKRSYNC_SOAK=1``)."""


@pytest.mark.parametrize("name", READ)
def test_a_bomb_is_read_with_a_message(name: str, tmp_path: Path) -> None:
    file = tmp_path / "okrsync.yaml"
    file.write_bytes(BOMBS[name].encode("utf-8", "surrogateescape"))
    document = read_document(file, "okrsync.yaml", lambda name: name)
    if document.data is None:
        assert document.problems
    for problem in document.problems:
        assert len(str(problem)) < 500
        assert problem.line is not None or name in NAMED_ALONE | RULED_BY_RUAMEL, problem


RULED_BY_RUAMEL = frozenset({"an escape out of range"})
"""What libyaml leaves to ruamel, and ruamel names no line of."""


@pytest.mark.parametrize(("where", "text"), [each[1:] for each in RUN], ids=[each[0] for each in RUN])
def test_a_bomb_is_a_message(where: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "okrs").mkdir()
    (tmp_path / "okrsync.yaml").write_text(MAIN)
    (tmp_path / "okrs" / "q4.yaml").write_text(GOALS)
    (tmp_path / where).write_bytes(text.encode("utf-8", "surrogateescape"))
    done = subprocess.run(
        [sys.executable, "-c", CHECK, "check"], cwd=tmp_path, preexec_fn=bounded, capture_output=True, check=False
    )
    said = done.stderr.decode("utf-8", "backslashreplace")
    assert done.returncode == 2, (done.returncode, said[-2000:])
    *lines, last = said.splitlines()
    assert "Traceback" not in said
    assert int(last.removeprefix("MEMORY ")) < MEMORY, last
    # The file, and the line where there is one; and no megabyte of what is wrong.
    assert any(where in line for line in lines), lines[:3]
    assert len(lines) <= MAX_PROBLEMS + 1
    assert len(said) < 40_000
    assert not (tmp_path / "pwned").exists()


def test_of_very_many_problems_the_first_are_said_and_that_there_are_more(tmp_path: Path) -> None:
    file = tmp_path / "okrsync.yaml"
    file.write_text("k: x\n" * 5_000)
    document = read_document(file, "okrsync.yaml", lambda name: name)
    *shown, last = document.in_order()
    assert [problem.line for problem in shown] == list(range(2, MAX_PROBLEMS + 2))
    assert str(last).startswith(f"okrsync.yaml:{MAX_PROBLEMS + 2}: more than {MAX_PROBLEMS} problems in this file")
