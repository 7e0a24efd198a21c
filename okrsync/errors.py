"""Errors, grouped by what one does next.

Each message is for the person who reads it: what failed, where, what to do next. The command line turns them into the
exit codes of ``okrsync.cli`` and never shows a traceback for one of these.
"""

from __future__ import annotations

from dataclasses import dataclass


class OkrsyncError(Exception):
    """Base of all errors that okrsync raises on purpose."""


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
