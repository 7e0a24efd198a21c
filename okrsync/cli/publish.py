"""``okrsync publish``, and what `run` and `demo` share with it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Day, Exit, common_options, now, pass_app, write_output
from okrsync.cli.report import make
from okrsync.language import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from okrsync.config import Config
    from okrsync.publishing import PublishResult
    from okrsync.report.value import Report


_WEEK = re.compile(r"OKR-\d{4}-W\d\d")


@click.command(name="publish")
@click.option("--as-of", type=Day(), metavar="DATE", help="The day of judgement (default: today).")
@click.option("--draft", is_flag=True, help="Print the page instead of writing it to a wiki.")
@common_options
@pass_app
def command(app: App, as_of: date | None, draft: bool) -> int:
    """Write the week's page to each wiki of `publish:`; again in the same week updates the same page.

    Beside it go a page of all weeks and a page of each key result, with its history. A wiki that was down gets the
    pages of the weeks that it missed in this cycle, as they were known then; other pages of past weeks stay as they
    are.
    """
    from okrsync.errors import ConfigError
    from okrsync.store import goals
    from okrsync.wiki_pages import draft as drafted

    config = app.config()
    if not config.publish and not draft:
        raise ConfigError(
            _("{file}: there is no wiki under `publish:`; --draft prints the page").format(file=config.path)
        )
    engine = app.store(config)
    if not draft:
        goals.record(engine, config.programme, now())
    report = make(config, engine, None, as_of, history=True)
    if draft:
        write_output(drafted(report, config.templates), None)
        return Exit.DONE
    results = bring(app, config, engine, report)
    worked = sum(result.published is not None for result in results)
    if worked == len(results):
        return Exit.DONE
    return Exit.IN_PART if worked else Exit.NOTHING


def bring(app: App, config: Config, engine: Engine, report: Report) -> list[PublishResult]:
    """Publish to every wiki and say what became of it; ``report`` has a ``history``."""
    from okrsync.publishing import publish

    def on_wait(why: str, seconds: float) -> None:
        app.detail(_("waiting {seconds:.0f} s: {why}").format(seconds=seconds, why=why))

    results = publish(config, engine, report, on_wait)
    for result in results:
        if result.published is None:
            app.error(f"{result.wiki}: {result.error}")
            continue
        for names, said in (
            (result.published.written, _("{wiki}: {pages} written")),
            (result.published.unchanged, _("{wiki}: {pages} unchanged")),
        ):
            if names:
                app.say(said.format(wiki=result.wiki, pages=_listed(names)))
        for note in result.published.notes:
            app.error(f"{result.wiki}: {note}")
        if result.published.kept:
            # Shown even with --quiet: from here on this page no longer follows the report.
            kept = ", ".join(result.published.kept)
            said = _(
                "{wiki}: {pages} left alone: a person edited what okrsync had written there. Undo that edit, "
                "or rename the page, to have it written again"
            )
            app.error(said.format(wiki=result.wiki, pages=kept))
    return results


def _listed(names: Sequence[str]) -> str:
    """The weeks' pages by name, and how many others there are."""
    weeks = [name for name in names if _WEEK.fullmatch(name)]
    others = len(names) - len(weeks)
    if not others:
        return _(", ").join(weeks)
    counted = ngettext("{count} other page", "{count} other pages", others).format(count=others)
    return _("{listed} and {last}").format(listed=_(", ").join(weeks), last=counted) if weeks else counted
