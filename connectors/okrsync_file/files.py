"""Which files a source has, whether they changed, and their text: opened once, read in pieces."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import stat
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic, iglob
from pathlib import Path

from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.language import _

LONGEST_LINE = 16 * 1024 * 1024
"""Characters of one line, one cell or one JSON value: a file that has more is no export of a tracker."""
_JUST_NOW = 2_000_000_000
"""Nanoseconds in which a file may be written twice and show the same time (FAT counts in two seconds)."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that a source reads."""

    path: Path
    name: str
    """As the configuration would name it: relative to the folder of ``okrsync.yaml`` where it is below."""


def find(patterns: Sequence[str], base: Path, where: str) -> list[File]:
    """The files, the one whose name comes last first: exports are often named after their day.

    Raises ``SourceError`` when a file that is named outright is missing, when a pattern finds none (which must not look
    like a tracker without items), for what is no file, and for a link below a pattern that leads out of its folder.
    """
    found: dict[Path, File] = {}
    for pattern in patterns:
        full = os.path.normpath(base / Path(pattern).expanduser())
        if not has_magic(pattern):
            found.setdefault(Path(full), File(Path(full), pattern))
            continue
        folder = Path(_fixed_part(full))
        names = [Path(name) for name in iglob(full, recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern
        matching = [path for path in names if not path.is_dir()]
        if not matching:
            raise SourceError(
                _("{where}: no file matches {pattern}: nothing was removed. Export again, or correct `path`").format(
                    where=where, pattern=one_line(pattern)
                )
            )
        for path in matching:
            if not path.resolve().is_relative_to(folder.resolve()):
                raise SourceError(
                    _("{where}: {file} is a link that leads out of {folder}: name it outright if it is meant").format(
                        where=where, file=one_line(str(path)), folder=one_line(str(folder))
                    )
                )
            name = str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
            found.setdefault(path, File(path, name))
    return sorted(found.values(), key=lambda file: file.name, reverse=True)


def _fixed_part(pattern: str) -> str:
    """The folder that everything a pattern finds is below."""
    parts = Path(pattern).parts
    return str(Path(*parts[: next(at for at, part in enumerate(parts) if has_magic(part))]))


def times(files: Sequence[File], where: str) -> list[tuple[int, int]]:
    """When each was written (nanoseconds since 1970) and its size. Raises ``SourceError`` where one is missing."""
    return [_times(file, where) for file in files]


def _times(file: File, where: str) -> tuple[int, int]:
    try:
        found = file.path.stat()
    except OSError as error:
        raise _unreadable(file, where, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(_("{where}: {file} is no file").format(where=where, file=one_line(file.name)))
    return found.st_mtime_ns, found.st_size


def stamps(files: Sequence[File], before: object, where: str) -> dict[str, list[object]]:
    """What tells whether files changed: name → time, size and digest. ``before`` is an earlier answer: a file whose
    time and size are the same is not read again. Raises ``SourceError``."""
    known = before if isinstance(before, dict) else {}
    found: dict[str, list[object]] = {}
    for file, (written, size) in zip(files, times(files, where), strict=True):
        was = known.get(file.name)
        if isinstance(was, list) and was[:2] == [written, size] and len(was) == 3:
            found[file.name] = was
            continue
        # What was written this very moment may be written again without showing another time.
        shown = written if time.time_ns() - written > _JUST_NOW else 0
        found[file.name] = [shown, size, _digest(file, where)]
    return found


def _digest(file: File, where: str) -> str:
    try:
        with file.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(file, where, error) from error


def _unreadable(file: File, where: str, error: OSError) -> SourceError:
    return SourceError(
        _("{where}: {file} cannot be read: {reason}. Nothing was removed").format(
            where=where, file=one_line(file.name), reason=error.strerror or type(error).__name__
        )
    )


@contextmanager
def text_of(file: File, encoding: str | None, where: str) -> Iterator[io.TextIOWrapper]:
    """A file's text with its line ends as they are; ``.gz`` is unpacked.

    Raises ``SourceError`` when it cannot be read or is not in its encoding, also while it is being read, and at the end
    when it was written meanwhile.
    """
    before = _times(file, where)
    try:
        with file.path.open("rb") as raw:
            packed = file.path.suffix.lower() == ".gz"
            with gzip.open(raw) if packed else raw as stream:
                mark = stream.peek(4)[:4]
                found = next((name for start, name in _MARKS if mark.startswith(start)), None)
                with io.TextIOWrapper(stream, encoding=found or encoding or "utf-8", newline="") as text:
                    yield text
    except UnicodeDecodeError as error:
        raise SourceError(
            _(
                "{where}: {file} is not {encoding}: write how it is encoded, such as `encoding: gb18030` (Chinese "
                "Excel) or `encoding: cp1252`, or export it as UTF-8"
            ).format(where=where, file=one_line(file.name), encoding=error.encoding.upper())
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SourceError(
            _("{where}: {file} is not whole: it cannot be unpacked to its end").format(
                where=where, file=one_line(file.name)
            )
        ) from None
    except OSError as error:
        raise _unreadable(file, where, error) from error
    if _times(file, where) != before:
        raise SourceError(
            _("{where}: {file} was written while it was read: sync again when it is whole").format(
                where=where, file=one_line(file.name)
            )
        )
