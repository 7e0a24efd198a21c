"""Lines for a terminal: wrapped at words, with foreign text made harmless, the same bytes everywhere."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

from okrsync.report.escape import clean

if TYPE_CHECKING:
    from rich.console import Console

MINIMUM = 60
"""A narrower terminal gets lines of this width: below it a table says nothing any more."""


def new_console(*, color: bool, width: int) -> Console:
    """Where to print to; ``printed`` gives what was. Without ``color`` it is plain text without escape codes."""
    from rich.console import Console

    # All is said here and nothing taken from the environment, so that the same report gives the same bytes everywhere.
    return Console(
        file=io.StringIO(),
        width=max(width, MINIMUM),
        height=1000,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


def printed(console: Console) -> str:
    """All that was printed, without white space at the ends of lines, and with a line feed at the end."""
    text = cast("io.StringIO", console.file).getvalue()
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def say(console: Console, text: str, *, style: str = "", indent: int = 0, hanging: int = 0) -> None:
    """Print foreign or own text as text, wrapped at words, in a column of its own."""
    from rich.padding import Padding
    from rich.text import Text

    lines = Text(clean(text, 2000), style=style).wrap(console, console.width - indent - hanging)
    for number, line in enumerate(lines):
        console.print(Padding(line, (0, 0, 0, indent + (hanging if number else 0))))


def heading(console: Console, text: str) -> None:
    """A line of its own, after an empty one."""
    console.print()
    say(console, text, style="bold")
