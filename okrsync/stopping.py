"""How a run ends when the system asks it to (SIGTERM): at once where nothing is lost, after the page in hand elsewhere.

A signal belongs to the process, and so does what this module keeps.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """The system asked the program to end. Not an ``Exception``: nothing that goes on after failures may catch it."""


class _State:
    asked = False
    holds = 0


@contextmanager
def on_sigterm() -> Iterator[None]:
    """While the block runs in the main thread, SIGTERM raises ``Terminated`` in it, or when ``finishing`` is over."""
    _State.asked, _State.holds = False, 0
    before = signal.signal(signal.SIGTERM, _ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def finishing() -> Iterator[None]:
    """What must not be left half done, such as a page on a wiki: a SIGTERM that comes meanwhile acts at its end."""
    _State.holds += 1
    try:
        yield
    finally:
        _State.holds -= 1
        if _State.asked and not _State.holds:
            raise Terminated


def _ask(number: int, frame: FrameType | None) -> None:
    _State.asked = True
    if not _State.holds:
        raise Terminated
