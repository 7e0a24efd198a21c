"""``okrsync explain``."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import click

from okrsync.cli.common import App, Day, common_options, now, pass_app, write_output

FORMATS = ("terminal", "json")


@click.command(name="explain")
@click.argument("key_result", metavar="KR")
@click.option("--as-of", type=Day(), metavar="DATE", help="The day of judgement (default: today).")
@click.option("--known-at", type=Day(), metavar="DATE", help="Leave out measurements that were learned after this day.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Instead of stdout."
)
@common_options
@pass_app
def command(
    app: App, key_result: str, as_of: date | None, known_at: date | None, format_: str, output: Path | None
) -> None:
    """Show every step from work items and measurements to the verdict on a key result, and what would change it.

    From the store alone. Every number can be redone by hand from what is listed.
    """
    from okrsync.explaining import make_explanation
    from okrsync.report import explanation
    from okrsync.reporting import today
    from okrsync.store.linking import link_all

    config = app.config()
    engine = app.store(config)
    # The rules may have changed since the last sync: what is explained is what they say now.
    link_all(engine, config.programme)
    made = make_explanation(engine, config, key_result, as_of or today(config, now()), known_at=known_at)
    if format_ == "json":
        text = explanation.to_json(made)
    else:
        color = app.color and output is None and sys.stdout.isatty()
        text = explanation.to_terminal(made, color=color, width=shutil.get_terminal_size((100, 24)).columns)
    write_output(text, output)
