"""``okrsync sync``, and what `run` and `demo` share with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Exit, common_options, now, pass_app
from okrsync.language import _

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.config import Config
    from okrsync.measure import MeasureResult
    from okrsync.opening import Opened

OUTCOMES_ALONE = "outcomes"


@dataclass(frozen=True)
class Pulled:
    """How much of a sync went well."""

    worked: int
    failed: int

    @property
    def exit_code(self) -> Exit:
        if not self.failed:
            return Exit.DONE
        return Exit.IN_PART if self.worked else Exit.NOTHING


@click.command(name="sync")
@click.argument("selected", metavar="[SOURCE[:SCOPE] …|outcomes]", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything again, not only what changed, and count all ids.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests at once to each service."
)
@click.option("--executor", metavar="URL", help="Pull on a Dask cluster: dask://HOST:PORT. Needs PostgreSQL.")
@common_options
@pass_app
def command(app: App, selected: tuple[str, ...], full: bool, jobs: int, executor: str | None) -> int:
    """Pull what changed: work from every source, measurements from every outcome source.

    SOURCE or SOURCE:SCOPE pulls these alone; `outcomes` the measurements alone. Exit code 3 when some of it failed (the
    rest is kept), 4 when all of it did, 75 while another run holds the store.
    """
    config = app.config()
    with opening(config, selected, full=full, jobs=jobs) as opened:
        # Imported only now: the sources are answering already.
        from okrsync.store.engine import run_lock

        engine = app.store(config)
        with run_lock(engine):
            return pull(app, config, engine, opened, selected, executor).exit_code


def opening(
    config: Config,
    selected: Sequence[str] = (),
    *,
    full: bool = False,
    jobs: int = 8,
    clock: Callable[[], datetime] | None = None,
) -> Opened:
    """Begin to ask the sources that a command line selects. Raises ``ConfigError`` for one that is not there."""
    from okrsync.config_errors import did_you_mean
    from okrsync.errors import ConfigError
    from okrsync.opening import Opened, Selector, SyncOptions
    from okrsync.store.remembered import Remembered

    only = [Selector.parse(text) for text in selected if text != OUTCOMES_ALONE]
    for selector in only:
        if selector.source not in config.sources:
            known = [*config.sources, OUTCOMES_ALONE]
            said = _("there is no source {source!r}{hint}")
            raise ConfigError(said.format(source=selector.source, hint=did_you_mean(selector.source, known)))
    options = SyncOptions(
        base=config.base,
        timezone=config.timezone,
        census=config.census,
        full=full,
        jobs=jobs,
        people=config.accounts(),
        now=clock or now,
    )
    return Opened(config.sources if only or not selected else {}, options, only, Remembered(config.store))


def pull(
    app: App,
    config: Config,
    engine: Engine,
    opened: Opened,
    selected: Sequence[str] = (),
    executor: str | None = None,
) -> Pulled:
    """Sync what was opened, link and measure, telling the person at the terminal how it goes.

    Raises ``ConfigError`` for a scope that is not there, ``StoreError`` when the store refuses.
    """
    from okrsync.cli.progress import progress_observer
    from okrsync.goal_record import record_goals
    from okrsync.measure import measure
    from okrsync.store.linking import link_all
    from okrsync.sync import sync

    options, only = opened.options, opened.only
    for note in record_goals(engine, config, options.now()):
        app.say(_("goals: {note}").format(note=note))
    worked = failed = 0
    if opened.connectors:
        with progress_observer(app) as observer:
            if executor is None:
                results = sync(engine, config.sources, options, observer, only, opened=opened)
            else:
                from okrsync.remote import dask_cluster

                with dask_cluster(executor, config, options.jobs, observer.waiting) as elsewhere:
                    results = sync(engine, config.sources, options, observer, only, elsewhere, opened)
        worked += sum(result.error is None for result in results)
        failed += sum(result.error is not None for result in results)
        link_all(engine, config.programme)
    if not selected or OUTCOMES_ALONE in selected:
        measured = measure(
            engine,
            config.programme,
            base=config.base,
            timezone=config.timezone,
            now=options.now(),
            full=options.full,
            jobs=options.jobs,
            on_wait=lambda why, seconds: app.detail(
                _("waiting {seconds:.0f} s: {why}").format(seconds=seconds, why=why)
            ),
            on_result=lambda result: _say(app, result),
        )
        good = sum(one.error is None for one in measured)
        if measured:
            said = _("outcomes: {good} of {count} key results read")
            app.say(said.format(good=good, count=len(measured)))
        worked += good
        failed += len(measured) - good
    return Pulled(worked, failed)


def _say(app: App, result: MeasureResult) -> None:
    if result.error is not None:
        app.error(f"{result.key_result}: {result.error}")
    elif not result.values:
        said = _("{key_result}: its {source} source has no value yet")
        app.say(said.format(key_result=result.key_result, source=result.origin))
    else:
        said = _("{key_result}: {count} new or corrected values from {source}")
        app.detail(said.format(key_result=result.key_result, count=result.changed, source=result.origin))
