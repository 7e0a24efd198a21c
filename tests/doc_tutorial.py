"""Runs a tutorial as its reader does: writes the files it says to write, and compares what the commands print.

A text block after a shell block is what its last command prints, where a line ``…`` stands for any lines and ``…``
within a line for anything; scopes may be done in any order. The clock stands at the sample company's day, and the
company's services answer in place of the reader's own.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from okrsync.sandbox.company_goals import ACCOUNT, GITHUB, JIRA, NOW, REPO, TOKEN
from tests.doc_blocks import blocks_of, commands_of

_STANDS_FOR = {
    "https://acme.atlassian.net": JIRA,
    "bot@acme.example": ACCOUNT,
    "acme/storefront": REPO,
    "type: github\n": f"type: github\n    url: {GITHUB}\n",
}
_PROGRAM = f"""
import sys
from datetime import datetime
from okrsync.cli import common, main
common.now = lambda: datetime.fromisoformat({NOW.isoformat()!r})
main(sys.argv[1:])
"""
_TOLD = re.compile(r"(?P<how>Write|Replace|Add to|把|在) `(?P<file>[^`]+)`(?: 改成| 末尾加上)?[:：]$")
_HOW = {"Write": "new", "Replace": "other", "把": "other", "Add to": "more", "在": "more"}
_ELSEWHERE = {"python3", "pip", "make", "git"}
"""What is installed with these is what the tests run with."""


@dataclass
class Reader:
    """Somebody who works through a page, from a folder."""

    folder: Path
    environ: dict[str, str]
    printed: str = ""
    ran: list[str] = field(default_factory=list)

    def follow(self, page: Path) -> None:
        """Work through the page. Raises ``AssertionError`` where something else happens than it says."""
        text = page.read_text("utf-8")
        for block in blocks_of(page):
            before = "\n".join(text.splitlines()[: block.line - 1]).rstrip()
            told = _TOLD.search(before)
            if told:
                self._write(told["file"], block.text, _HOW[told["how"]])
            elif block.language == "sh":
                for words in commands_of(block.text):
                    self._run(words, str(block))
            elif block.language == "text":
                problem = difference(block.text, self.printed)
                assert problem is None, f"{block}: {problem}\n--- printed:\n{self.printed}"

    def _write(self, name: str, text: str, how: str) -> None:
        for theirs, ours in _STANDS_FOR.items():
            text = text.replace(theirs, ours)
        file = self.folder / name
        assert file.exists() == (how != "new"), f"{name} should {'not ' if how == 'new' else ''}exist"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((file.read_text("utf-8") if how == "more" else "") + text, encoding="utf-8")

    def _run(self, words: list[str], where: str) -> None:
        program = words[0]
        if program == "cd":
            self.folder = (self.folder / words[1]).resolve()
            assert self.folder.is_dir(), where
        elif re.fullmatch(r"[A-Z_]+=.*", program):
            pass
        elif program == "okrsync":
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, *words[1:]],
                cwd=self.folder,
                env={**self.environ, "COLUMNS": "100"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=120,
            )
            self.printed = done.stdout
            self.ran.append(shlex.join(words))
            assert done.returncode in (0, 1), (
                f"{where}: {shlex.join(words)} ended with {done.returncode}\n{done.stdout}"
            )
        else:
            assert Path(program).name in _ELSEWHERE, f"{where}: {program}"


def _in_order(lines: list[str]) -> list[str]:
    """The lines, with what scopes say when they are done in the order of their names: any may be the first."""
    found: list[str] = []
    for done, group in groupby(lines, lambda line: bool(re.search(r": \d+ read", line))):
        these = list(group)
        found += sorted(these) if done else these
    return found


def difference(expected: str, printed: str) -> str | None:
    """Where what was printed is not what a block shows; None when it is."""
    rest = _in_order([line.rstrip() for line in printed.splitlines()])
    anywhere = False
    for line in _in_order(expected.splitlines()):
        if line.strip() == "…":
            anywhere = True
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.rstrip().split("…")))
        found = next((at for at, one in enumerate(rest) if pattern.fullmatch(one)), None)
        if found is None or (found and not anywhere):
            return f"not printed here: {line!r}" + (f", but {rest[0]!r}" if rest and not anywhere else "")
        rest, anywhere = rest[found + 1 :], False
    return None if anywhere or not rest else f"more was printed: {rest[0]!r}"


def environment(proxy: str, home: Path) -> dict[str, str]:
    """The reader's environment: nothing of ours but the way to the stand-ins."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(home), "http_proxy": proxy, "JIRA_TOKEN": TOKEN, "GITHUB_TOKEN": TOKEN}
