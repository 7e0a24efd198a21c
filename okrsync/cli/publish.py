"""``okrsync publish``, and what `run` and `demo` share with it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Day, Exit, common_options, now, pass_app, write_output
from okrsync.cli.report import make

if TYPE_CHECKING:
    from okrsync.config import Config
    from okrsync.publishing import PublishResult
    from okrsync.report.value import Report


@click.command(name="publish")
@click.option("--as-of", type=Day(), metavar="DATE", help="The day of judgement (default: today).")
@click.option("--draft", is_flag=True, help="Print the page instead of writing it to a wiki.")
@common_options
@pass_app
def command(app: App, as_of: date | None, draft: bool) -> int:
    """Write the week's page to each wiki of `publish:`; again in the same week updates the same page."""
    from okrsync.errors import ConfigError
    from okrsync.publishing import weekly_page
    from okrsync.store import goals

    config = app.config()
    if not config.publish and not draft:
        raise ConfigError(f"{config.path}: there is no wiki under `publish:`; --draft prints the page")
    engine = app.store(config)
    if not draft:
        goals.record(engine, config.programme, now())
    report = make(config, engine, None, as_of)
    if draft:
        write_output(weekly_page(report).markdown, None)
        return Exit.DONE
    results = bring(app, config, report)
    worked = sum(result.published is not None for result in results)
    if worked == len(results):
        return Exit.DONE
    return Exit.IN_PART if worked else Exit.NOTHING


def bring(app: App, config: Config, report: Report) -> list[PublishResult]:
    """Publish to every wiki and say what became of it."""
    from okrsync.publishing import publish, weekly_page

    def on_wait(why: str, seconds: float) -> None:
        app.detail(f"waiting {seconds:.0f} s: {why}")

    results = publish(config, [weekly_page(report)], on_wait)
    for result in results:
        if result.published is None:
            app.error(f"{result.wiki}: {result.error}")
            continue
        for names, what in ((result.published.written, "written"), (result.published.unchanged, "unchanged")):
            if names:
                app.say(f"{result.wiki}: {', '.join(names)} {what}")
        for note in result.published.notes:
            app.error(f"{result.wiki}: {note}")
        if result.published.kept:
            # Shown even with --quiet: from here on this page no longer follows the report.
            kept = ", ".join(result.published.kept)
            app.error(
                f"{result.wiki}: {kept} left alone: a person edited what okrsync had written there. Undo that edit, "
                "or rename the page, to have it written again"
            )
    return results
