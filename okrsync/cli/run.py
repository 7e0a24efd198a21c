"""``okrsync run``."""

from __future__ import annotations

import click

from okrsync.cli.common import App, Exit, common_options, pass_app


@click.command(name="run")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests at once to each service."
)
@common_options
@pass_app
def command(app: App, jobs: int) -> int:
    """Sync, measure, report and publish: what a scheduler calls.

    Safe to repeat: nothing is stored or published twice. A second run beside this one exits with 75.
    """
    from okrsync.cli.publish import bring
    from okrsync.cli.report import make
    from okrsync.cli.sync import pull
    from okrsync.report.words import headline
    from okrsync.store.engine import run_lock

    config = app.config()
    engine = app.store(config)
    with run_lock(engine):
        pulled = pull(app, config, engine, jobs=jobs)
        report = make(config, engine, None, None)
        app.say(headline(report))
        published, unpublished = bring(app, config, report)
    if not pulled.failed and not unpublished:
        return Exit.DONE
    return Exit.IN_PART if pulled.worked or published else Exit.NOTHING
