"""What all commands share: options, messages, exit codes, opening configuration and store."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from okrsync.errors import ConfigError, OkrsyncError, reason_of
from okrsync.language import LANGUAGES, _, choose
from okrsync.private import replacing
from okrsync.redaction import redacted

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.config import Config
    from okrsync.variables import Lookup

F = TypeVar("F", bound=Callable[..., Any])


VARIABLE = "OKRSYNC_LANGUAGE"


class Exit(IntEnum):
    """Exit codes, as DESIGN.md section 6 fixes them."""

    DONE = 0
    """All was done, and nothing was found that the command was to fail on."""
    FOUND = 1
    """`report --fail-on` matched a verdict, or `check` found errors in the goals."""
    USAGE = 2
    """The command line or a configuration file is wrong; nothing was begun."""
    IN_PART = 3
    """Some source, outcome source, wiki or chat failed; what the others gave is kept, and the failure is named."""
    NOTHING = 4
    """Nothing could be done: every source failed, the store cannot be opened, stdout cannot be written."""
    LOCKED = 75
    """Another run holds the lock: the store is in use, try again later (EX_TEMPFAIL)."""


class OutputError(OkrsyncError):
    """The result cannot be written to stdout. Exit code 4."""


class App:
    """One run of the program: what its global options say, and the only place that writes messages."""

    def __init__(self) -> None:
        self.config_path: Path | None = None
        self.quiet = False
        self.verbose = False
        self.color = not os.environ.get("NO_COLOR")  # whatever its value, says no-color.org
        self.language: str | None = None
        """The language that ``--language`` names."""
        self.json_lines: str | None = None
        """Messages are JSON objects, a line each, with this as their ``job``; ``None`` for text."""
        self._opened: list[Engine] = []

    def use(
        self,
        *,
        config_path: Path | None = None,
        quiet: bool = False,
        verbose: bool = False,
        no_color: bool = False,
        language: str | None = None,
    ) -> None:
        """Take options over; they may stand before and after the command."""
        if language is None and self.language is None:
            language = os.environ.get(VARIABLE) or None
            if language is not None and language not in LANGUAGES:
                raise click.UsageError(f"{VARIABLE}: {language!r} is not one of {', '.join(map(repr, LANGUAGES))}.")
        if language is not None:
            self.language = language
            choose(language)
        self.config_path = config_path or self.config_path
        self.quiet = self.quiet or quiet
        self.verbose = (self.verbose or verbose) and not self.quiet
        self.color = self.color and not no_color

    def error(self, message: str) -> None:
        """A failure; shown even with ``--quiet``."""
        for line in message.splitlines() or [""]:
            self._write("error", line, f"okrsync: {line}")

    def problem(self, message: str) -> None:
        """What is wrong in a file, as ``file:line: message``: editors and CI read it when it stands alone."""
        self._write("error", message, message)

    def usage_error(self, error: click.ClickException) -> None:
        """What is wrong on the command line, as click says it."""
        if self.json_lines is None:
            error.show()
        else:
            self._write("error", error.format_message(), "")

    def say(self, message: str) -> None:
        """Something a person may want to know."""
        if not self.quiet:
            self._write("info", message, message)

    def detail(self, message: str) -> None:
        """Something only ``--verbose`` shows."""
        if self.verbose:
            self._write("debug", message, message)

    def _write(self, level: str, message: str, text: str) -> None:
        # Messages are made of cleaned parts; should one part be forgotten, it still drives no terminal.
        message, text = _harmless(redacted(message)), _harmless(redacted(text))
        if self.json_lines is None:
            _to_stderr(text)
            return
        import json

        time = now().isoformat(timespec="milliseconds")
        entry = {"time": time, "level": level, "job": self.json_lines, "message": message}
        _to_stderr(json.dumps(entry, ensure_ascii=False))

    @property
    def watched(self) -> bool:
        """Whether a person sees what is shown while the work goes on."""
        return self.json_lines is None and on_terminal()

    def config(self) -> Config:
        """Load both files; warnings go to stderr. Raises as ``loaded`` does."""
        config = self.loaded()
        for problem in config.warnings:
            self.detail(_("warning: {problem}").format(problem=problem))
        return config

    def loaded(self, lookup: Lookup | None = None) -> Config:
        """Load both files; ``lookup`` gives what ``${NAME}`` stands for. From here on people are spoken to in the
        language of ``--language``, or that of the configuration. Raises ``ConfigError``.
        """
        from okrsync.config import load_config

        config = load_config(self.config_path, lookup=lookup, speak=lambda told: choose(self.language or told))
        config = replace(config, language=self.language or config.language)
        choose(config.language)
        return config

    def store(self, config: Config) -> Engine:
        """Open the store. Raises ``ConfigError`` or ``StoreError``."""
        from okrsync.store.engine import open_store

        self._opened.append(open_store(config.store))
        return self._opened[-1]

    def close(self) -> None:
        """Close what was opened."""
        for engine in self._opened:
            engine.dispose()
        self._opened.clear()


def common_options(function: F) -> F:
    """The options that every command takes, on either side of its name; the wrapped function does not see them."""

    @click.option(
        "-c",
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        help="okrsync.yaml; looked for from here upwards, or OKRSYNC_CONFIG.",
    )
    @click.option("-q", "--quiet", is_flag=True, help="Only failures on stderr.")
    @click.option("-v", "--verbose", is_flag=True, help="Also details on stderr.")
    @click.option(
        "--language",
        type=click.Choice(LANGUAGES),
        help="Of all that is said; else OKRSYNC_LANGUAGE, else that of okrsync.yaml.",
    )
    @click.option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
    @click.pass_context
    @wraps(function)
    def wrapper(
        ctx: click.Context,
        /,
        *,
        config_path: Path | None,
        quiet: bool,
        verbose: bool,
        no_color: bool,
        language: str | None,
        **rest: Any,
    ) -> Any:
        app = ctx.ensure_object(App)
        app.use(config_path=config_path, quiet=quiet, verbose=verbose, no_color=no_color, language=language)
        return ctx.invoke(function, **rest)

    return wrapper  # type: ignore[return-value]  # click's decorators keep the name and help of the function


pass_app = click.make_pass_decorator(App)


class Day(click.ParamType[date]):
    """A day in ISO 8601: ``2026-11-20``."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(_("{value!r} is not a day; write it like 2026-11-20").format(value=value), param, ctx)
        if not 1900 <= day.year < 3000:
            # Windows are counted from it, and must not lead out of the calendar.
            said = _("{value!r} is too far away: the years 1900 to 2999 can be judged")
            self.fail(said.format(value=value), param, ctx)
        return day


def now() -> datetime:
    """The clock: read here, at the edge, and passed on."""
    return datetime.now(UTC)


def write_output(text: str, output: Path | None) -> None:
    """Write a result to a file, or as UTF-8 to stdout (``None``, and ``-``) whatever the locale says.

    A file is replaced in one step, so that a reader never sees half of it; a new one is its owner's alone. What is no
    plain file (a pipe, ``/dev/null``) is written to. A reader of stdout that has gone (``okrsync links | head``) is no
    failure. Raises ``ConfigError`` when the file cannot be written, ``OutputError`` when stdout cannot.
    """
    content = text.encode("utf-8", "replace")
    if output is None or str(output) == "-":
        _to_stdout(content)
        return
    try:
        target = output.resolve()
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        with replacing(target, keep_mode=True) as stream:
            stream.write(content)
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise ConfigError(_("cannot write {file}: {reason}").format(file=output, reason=reason)) from error


def _to_stdout(content: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        raise OutputError(_("cannot write to stdout: {reason}").format(reason=reason_of(error))) from error


_DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _harmless(message: str) -> str:
    """What drives a terminal, visibly: an escape character is four characters."""
    return _DRIVES.sub(lambda found: found[0].encode("unicode_escape").decode(), message)


def _to_stderr(message: str) -> None:
    try:
        click.echo(message, err=True)
    except OSError:
        # Nobody can be told of it, and the work itself goes on.
        _discard(sys.stderr)


def _discard(stream: IO[str]) -> None:
    """Let what is still to be written go nowhere: the interpreter would complain about it as it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def on_terminal() -> bool:
    """True when a person watches stderr."""
    return sys.stderr.isatty()
