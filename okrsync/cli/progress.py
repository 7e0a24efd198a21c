"""How a sync shows on the terminal: a bar a scope where a person watches, else a line a scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from okrsync.cli.common import App
from okrsync.http import one_line
from okrsync.language import _

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from okrsync.coordinator import Observer, ScopeResult
    from okrsync.model import Scope

_WORTH_A_LINE = 5.0
"""Seconds: shorter pauses are shown on a terminal's progress bar or with --verbose only."""


class _Lines:
    """Writes a line when a scope is done."""

    def __init__(self, app: App) -> None:
        self._app = app

    def scope_started(self, scope: Scope) -> None:
        self._app.detail(_("{scope}: started").format(scope=f"{scope.source}:{scope.id}"))

    def page_stored(self, scope: Scope, items: int) -> None:
        pass

    def waiting(self, source: str, why: str, seconds: float) -> None:
        message = f"{source}: {_('waiting {seconds:.0f} s: {why}').format(seconds=seconds, why=why)}"
        if seconds >= _WORTH_A_LINE:
            self._app.say(message)
        else:
            self._app.detail(message)

    def note(self, source: str, text: str) -> None:
        self._app.say(f"{source}: {text}")

    def scope_done(self, result: ScopeResult) -> None:
        name = f"{result.scope.source}:{result.scope.id}"
        if result.error is not None:
            self._app.error(result.error if name in result.error else f"{name}: {result.error}")
            return
        if result.removed:
            said = _("{scope}: {read} read, {changed} new or changed, {removed} removed")
        else:
            said = _("{scope}: {read} read, {changed} new or changed")
        self._app.say(
            said.format(scope=one_line(name), read=result.items, changed=result.changed, removed=result.removed)
        )


class _Bars(_Lines):
    """The same, and a bar for each scope that is under way."""

    def __init__(self, app: App, progress: Progress) -> None:
        super().__init__(app)
        self._progress = progress
        self._tasks: dict[Scope, TaskID] = {}

    def scope_started(self, scope: Scope) -> None:
        from rich.markup import escape

        if scope not in self._tasks:
            name = escape(one_line(f"{scope.source}:{scope.id}", 40))
            self._tasks[scope] = self._progress.add_task(name, total=None, waiting="")

    def page_stored(self, scope: Scope, items: int) -> None:
        self._progress.update(self._tasks[scope], advance=items, waiting="")

    def waiting(self, source: str, why: str, seconds: float) -> None:
        from rich.markup import escape

        for scope, task in self._tasks.items():
            if scope.source == source:
                self._progress.update(
                    task,
                    waiting=escape(one_line(_("waiting {seconds:.0f} s: {why}").format(seconds=seconds, why=why), 60)),
                )

    def scope_done(self, result: ScopeResult) -> None:
        task = self._tasks.pop(result.scope, None)
        if task is not None:
            self._progress.remove_task(task)
        super().scope_done(result)


@contextmanager
def progress_observer(app: App) -> Iterator[Observer]:
    """The observer that fits where stderr goes."""
    if app.quiet or not app.watched:
        yield _Lines(app)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True, no_color=not app.color)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f} " + _("items")),
        TextColumn("{task.fields[waiting]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bars(app, progress)
