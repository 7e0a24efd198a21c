"""What all commands share: options, messages, exit codes, opening configuration and store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.config import Config

F = TypeVar("F", bound=Callable[..., Any])


class Exit(IntEnum):
    """Exit codes, as DESIGN.md section 6 fixes them."""

    DONE = 0
    FOUND = 1
    USAGE = 2
    IN_PART = 3
    NOTHING = 4
    LOCKED = 75


class App:
    """One run of the program: what its global options say, and the only place that writes messages."""

    def __init__(self) -> None:
        self.config_path: Path | None = None
        self.quiet = False
        self.verbose = False
        self.color = True

    def use(self, *, config_path: Path | None, quiet: bool, verbose: bool, no_color: bool) -> None:
        """Take options over; they may stand before and after the command."""
        self.config_path = config_path or self.config_path
        self.quiet = self.quiet or quiet
        self.verbose = (self.verbose or verbose) and not self.quiet
        self.color = self.color and not no_color

    def error(self, message: str) -> None:
        """A failure; shown even with ``--quiet``."""
        for line in message.splitlines() or [""]:
            click.echo(f"okrsync: {line}", err=True)

    def say(self, message: str) -> None:
        """Something a person may want to know."""
        if not self.quiet:
            click.echo(message, err=True)

    def detail(self, message: str) -> None:
        """Something only ``--verbose`` shows."""
        if self.verbose:
            click.echo(message, err=True)

    def config(self) -> Config:
        """Load both files; warnings go to stderr. Raises ``ConfigError``."""
        from okrsync.config import load_config

        config = load_config(self.config_path)
        for problem in config.warnings:
            self.detail(f"warning: {problem}")
        return config

    def store(self, config: Config) -> Engine:
        """Open the store. Raises ``ConfigError`` or ``StoreError``."""
        from okrsync.store.engine import open_store

        return open_store(config.store)


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
    @click.option("--no-color", is_flag=True, envvar="NO_COLOR", help="No colours; NO_COLOR does the same.")
    @click.pass_context
    @wraps(function)
    def wrapper(
        ctx: click.Context, /, *, config_path: Path | None, quiet: bool, verbose: bool, no_color: bool, **rest: Any
    ) -> Any:
        ctx.find_object(App).use(config_path=config_path, quiet=quiet, verbose=verbose, no_color=no_color)  # type: ignore[union-attr]  # main() always makes one
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
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day; write it like 2026-11-20", param, ctx)


def now() -> datetime:
    """The clock: read here, at the edge, and passed on."""
    return datetime.now(UTC)


def write_output(text: str, output: Path | None) -> None:
    """Write a result to a file, or as UTF-8 to stdout whatever the locale says.

    A file is replaced in one step, so that a reader never sees half of it. Raises ``ConfigError`` when it cannot be.
    """
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
        return
    from okrsync.errors import ConfigError

    draft = output.with_name(f".{output.name}.part")
    try:
        draft.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        draft.replace(output)
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror}") from error


def on_terminal() -> bool:
    """True when a person watches stderr."""
    return sys.stderr.isatty()
