"""Errors, grouped by what one does next.

Each message is for the person who reads it: what failed, where, what to do next. The command line turns them into the
exit codes of ``okrsync.cli`` and never shows a traceback for one of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from okrsync.language import N_, _
from okrsync.redaction import redacted


class OkrsyncError(Exception):
    """Base of all errors that okrsync raises on purpose. Its text holds no secret, whatever a service said."""

    def __str__(self) -> str:
        return redacted(super().__str__())


def reason_of(error: OSError | Exception) -> str:
    """Why the operating system refused something, in the language in use where it is one of the usual reasons."""
    words = error.strerror if isinstance(error, OSError) else None
    return _(words) if words else str(error)


_USUAL = (
    *(N_("No such file or directory"), N_("Permission denied"), N_("Operation not permitted"), N_("File exists")),
    *(N_("Is a directory"), N_("Not a directory"), N_("Directory not empty"), N_("File name too long")),
    *(N_("No space left on device"), N_("Read-only file system"), N_("Input/output error"), N_("Broken pipe")),
)
"""Marked for the catalogues: so the C library says it."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file of the user's."""

    file: str
    """Path as the user would type it."""
    line: int | None
    """1-based, or None when the problem has no line (a missing file)."""
    message: str
    """What is wrong and, where it is known, what to write instead."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class ConfigError(OkrsyncError):
    """The configuration or the command line is wrong: correct it. Exit code 2."""

    def __init__(self, problems: str | Problem | list[Problem]) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = ()
            super().__init__(problems)
            return
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class WrongValue(ValueError):
    """What a settings' validator says of a value, as a whole sentence in which ``{name}`` is the key it stands under::

    raise WrongValue(_("{name} holds a blank"))
    raise WrongValue(_("{name} has {count} columns"), count=3)
    """

    def __init__(self, sentence: str, **places: object) -> None:
        self.sentence = sentence
        self.places = places
        super().__init__(self.about(_("this")))

    def about(self, name: str) -> str:
        """The sentence about the value that messages call ``name``."""
        return self.sentence.format(name=name, **self.places)


class StoreError(OkrsyncError):
    """The database cannot be opened, read or written. Nothing that was stored is lost. Exit code 4."""


class LockedError(OkrsyncError):
    """Another run holds the lock. Exit code 75: try again later."""


class SourceError(OkrsyncError):
    """A service refused one scope, outcome or wiki, or answered what cannot be used. The others go on. Exit code 3."""


class AuthError(SourceError):
    """A service does not know the account, or the account may not do this: mend the token or its permissions."""


class RetryableError(SourceError):
    """The service may answer the same request later.

    ``retry_after`` is what the server itself asked for, in seconds; None when it named no time.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CursorExpired(SourceError):
    """A page cursor kept from an earlier run is no longer accepted: the shard starts again from its beginning."""
