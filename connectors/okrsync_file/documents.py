"""The objects in a JSON file, one at a time: a list, lists one after the other, an answer with a list in it, or lines.

A file is never decoded whole. What ``gh api --paginate`` writes (lists one after the other) and what Jira's search
answers (an object with ``issues``) is read as it comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

from okrsync.language import _
from okrsync_file.files import LONGEST_LINE
from okrsync_file.table import Unreadable

_LISTS = frozenset({"issues", "items"})
"""Keys of an answer whose list holds the items: Jira's search, GitHub's search."""
_CHUNK = 1024 * 1024
_BLANK = " \t\r\n\ufeff"


def objects(text: TextIOWrapper) -> Iterator[tuple[int, Any]]:
    """Line and value of each. Raises ``Unreadable`` where the JSON ends to be JSON."""
    reader = _Reader(text)
    while (mark := reader.peek()) is not None:
        if mark == "[":
            yield from reader.listed()
        elif mark == "{":
            yield from reader.answer()
        else:
            raise reader.unreadable()


class _Reader:
    """A window on the text that moves on as values are taken from it."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self._window = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._decoder = json.JSONDecoder(parse_constant=_refused)

    def peek(self) -> str | None:
        """The next character that is not blank; None at the end."""
        while True:
            while self._at < len(self._window):
                mark = self._window[self._at]
                if mark not in _BLANK:
                    return mark
                self._line += mark == "\n"
                self._at += 1
            if not self._more():
                return None

    def listed(self) -> Iterator[tuple[int, Any]]:
        """The values of a list, whose bracket is next."""
        self._at += 1
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            self.peek()
            line = self._line
            yield line, self._value()
            mark = self.peek()
            self._at += 1
            if mark == "]":
                return
            if mark != ",":
                raise self.unreadable()

    def answer(self) -> Iterator[tuple[int, Any]]:
        """The values of an object's list of items, or the object itself where it has none."""
        line = self._line
        self._at += 1
        found: dict[str, Any] = {}
        has_list = False
        mark = self.peek()
        while mark != "}":
            key = self._value()
            if not isinstance(key, str) or self.peek() != ":":
                raise self.unreadable()
            self._at += 1
            if key in _LISTS and self.peek() == "[":
                has_list = True
                yield from self.listed()
            else:
                self.peek()
                found[key] = self._value()
            mark = self.peek()
            if mark == ",":
                self._at += 1
                self.peek()
            elif mark != "}":
                raise self.unreadable()
        self._at += 1
        if not has_list:
            yield line, found

    def unreadable(self) -> Unreadable:
        return Unreadable(_("from here on this is no JSON; is the file whole?"), self._line)

    def _value(self) -> Any:
        while True:
            whole = self._ended
            try:
                value, end = self._decoder.raw_decode(self._window, self._at)
            except (ValueError, RecursionError):
                if whole or len(self._window) - self._at > LONGEST_LINE:
                    raise self.unreadable() from None
            else:
                if whole or end < len(self._window):  # a number that ends with the window may go on behind it
                    break
            self._more()
        self._line += self._window.count("\n", self._at, end)
        self._at = end
        return value

    def _more(self) -> bool:
        """Read on, at least as much again as is waiting: a large value is not decoded again and again."""
        if self._ended:
            return False
        read = self._text.read(max(_CHUNK, len(self._window) - self._at))
        self._ended = not read
        self._window = self._window[self._at :] + read
        self._at = 0
        return bool(read)


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
