"""The language in which people are spoken to: English is in the code, other languages are gettext catalogues.

A message is a whole sentence with named places, and is filled in after it was translated::

    _("{count} of {whole} pieces").format(count=part, whole=whole)
    ngettext("{count} finding", "{count} findings", n).format(count=n)

so that another language can order and inflect it as it must. ``make messages`` collects what is marked here and in the
templates; a test fails while one of them lacks a translation.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")
DOMAIN = "okrsync"

_default = "en"
_in_use: ContextVar[str | None] = ContextVar("okrsync_language", default=None)


def choose(language: str) -> None:
    """The language of this process from here on, in all its threads. Raises ``ValueError`` for an unknown one."""
    global _default
    _default = _known(language)


@contextmanager
def use(language: str) -> Iterator[None]:
    """The language of this thread while the block runs. Raises ``ValueError`` for one that is not known."""
    token = _in_use.set(_known(language))
    try:
        yield
    finally:
        _in_use.reset(token)


def current() -> str:
    """The language in use."""
    return _in_use.get() or _default


def _(message: str) -> str:
    """``message`` in the language in use, or as it stands where it has no translation."""
    return _catalogue(current()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a message that goes with ``count``, in the language in use."""
    return _catalogue(current()).ngettext(one, many, count)


def N_(message: str) -> str:  # noqa: N802 (the name that gettext's tools know)
    """Marks a message where it cannot be translated yet (a table of a module): ``_`` it when it is shown."""
    return message


def plural_(one: str, many: str) -> tuple[str, str]:
    """Marks both forms of a message where they cannot be chosen yet: ``ngettext(*forms, count)`` when it is shown."""
    return one, many


def joined(parts: Iterable[str]) -> str:
    """A list of things or clauses in a sentence: ``a, b and c``, ``a，b，c``."""
    *before, last = parts
    if not before:
        return last
    listed = before[0]
    for part in before[1:]:
        listed = _("{listed}, {next}").format(listed=listed, next=part)
    return _("{listed} and {last}").format(listed=listed, last=last)


def alternatives(parts: Iterable[str]) -> str:
    """What one may choose from, in a sentence: ``a, b or c``, ``a、b 或 c``."""
    *before, last = parts
    return _("{listed} or {last}").format(listed=_(", ").join(before), last=last) if before else last


def run_on(sentences: Iterable[str]) -> str:
    """Sentences one after the other: Chinese leaves no space between them."""
    return ("" if current() == "zh" else " ").join(sentences)


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"{language!r} is no language of okrsync: {', '.join(LANGUAGES)}")
    return language


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    file = files("okrsync").joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.mo")
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)
