"""``okrsync sync``, and what `run` and `demo` share with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Exit, common_options, now, pass_app

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.config import Config

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
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests under way at once.")
@common_options
@pass_app
def command(app: App, selected: tuple[str, ...], full: bool, jobs: int) -> int:
    """Pull what changed: work from every source, measurements from every outcome source.

    SOURCE or SOURCE:SCOPE pulls these alone; `outcomes` the measurements alone.
    """
    from okrsync.store.engine import run_lock

    config = app.config()
    engine = app.store(config)
    with run_lock(engine):
        return pull(app, config, engine, selected, full=full, jobs=jobs).exit_code


def pull(
    app: App, config: Config, engine: Engine, selected: Sequence[str] = (), *, full: bool = False, jobs: int = 8
) -> Pulled:
    """Sync, link and measure, telling the person at the terminal how it goes."""
    from okrsync.cli.progress import progress_observer
    from okrsync.measure import measure
    from okrsync.store.linking import link_all
    from okrsync.sync import Selector, SyncOptions, sync

    only = [Selector.parse(text) for text in selected if text != OUTCOMES_ALONE]
    worked = failed = 0
    if config.sources and (only or not selected):
        options = SyncOptions(
            base=config.base, timezone=config.timezone, census=config.census, full=full, jobs=jobs, now=now
        )
        with progress_observer(app) as observer:
            results = sync(engine, config.sources, options, observer, only)
        worked += sum(result.error is None for result in results)
        failed += sum(result.error is not None for result in results)
        link_all(engine, config.programme)
    if not selected or OUTCOMES_ALONE in selected:
        measured = measure(
            engine, config.programme, base=config.base, timezone=config.timezone, now=now(),
        )  # fmt: skip
        for one in measured:
            if one.error is not None:
                app.error(f"{one.key_result}: {one.error}")
            else:
                app.detail(f"{one.key_result}: {one.changed} new or corrected values from {one.origin}")
        good = sum(one.error is None for one in measured)
        if measured:
            app.say(f"outcomes: {good} of {len(measured)} key results read")
        worked += good
        failed += len(measured) - good
    return Pulled(worked, failed)
