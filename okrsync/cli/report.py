"""``okrsync report``."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from okrsync.cli.common import App, Day, Exit, common_options, now, pass_app, write_output
from okrsync.language import _
from okrsync.model import Verdict

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.config import Config
    from okrsync.report.value import Report

FORMATS = ("terminal", "markdown", "html", "json")


class _Verdicts(click.ParamType[frozenset[Verdict]]):
    """Verdicts separated by commas."""

    name = "verdict,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[Verdict]:
        if isinstance(value, frozenset):
            return value
        known = [verdict.value for verdict in Verdict]
        wanted = [word.strip() for word in value.split(",") if word.strip()]
        for word in wanted:
            if word not in known:
                from okrsync.config_errors import did_you_mean

                self.fail(
                    _("{word!r} is no verdict{hint}").format(word=word, hint=did_you_mean(word, known)), param, ctx
                )
        return frozenset(Verdict(word) for word in wanted)


@click.command(name="report")
@click.option("--cycle", "cycle_id", metavar="ID", help="The cycle (default: the one that the day of judgement is in).")
@click.option("--as-of", type=Day(), metavar="DATE", help="The day of judgement (default: today).")
@click.option("--known-at", type=Day(), metavar="DATE", help="Leave out what was learned after this day.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Instead of stdout."
)
@click.option(
    "--template",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="A Markdown template of your own (docs/templates.md) instead of a format.",
)
@click.option(
    "--fail-on", type=_Verdicts(), default="", metavar="VERDICT,…", help="Exit with 1 when a KR has one of these."
)
@common_options
@pass_app
def command(
    app: App,
    cycle_id: str | None,
    as_of: date | None,
    known_at: date | None,
    format_: str,
    output: Path | None,
    template: Path | None,
    fail_on: frozenset[Verdict],
) -> int:
    """Show which key results move, and which are only busy; from the store alone.

    Markdown is one file that stands for itself: its charts are lines of block characters. `publish` puts charts on
    wikis.
    """
    if template is not None and format_ not in ("terminal", "markdown"):
        raise click.UsageError("--template makes Markdown: leave --format out")
    config = app.config()
    report = make(config, app.store(config), cycle_id, as_of, known_at)
    if template is not None:
        from okrsync.report.markdown import to_markdown

        text = to_markdown(report, templates=template.parent, template=template.name)
    else:
        color = app.color and output is None and sys.stdout.isatty()
        text = render(report, format_, color=color, templates=config.templates)
    write_output(text, output)
    failed = sorted(j.key_result.id for j in report.key_results if j.verdict in fail_on)
    if failed:
        app.say(_("--fail-on matched: {key_results}").format(key_results=", ".join(failed)))
    return Exit.FOUND if failed else Exit.DONE


def make(
    config: Config,
    engine: Engine,
    cycle_id: str | None,
    as_of: date | None,
    known_at: date | None = None,
    *,
    history: bool = False,
) -> Report:
    """The report that the options ask for; raises ``ConfigError`` when there is no such cycle."""
    from okrsync.reporting import cycle_for, make_report, today
    from okrsync.store.linking import link_all

    moment = now()
    day = as_of or today(config, moment)
    cycle = cycle_for(config.programme.cycles, day, cycle_id)
    # The rules may have changed since the last sync: a report always shows what they say now.
    link_all(engine, config.programme)
    return make_report(engine, config, cycle, day, known_at=known_at, read_at=moment, history=history)


def render(report: Report, format_: str, *, color: bool, templates: Path | None = None) -> str:
    """The report in one of ``FORMATS``; ``templates`` is the folder of the user's own, for Markdown."""
    if format_ == "json":
        from okrsync.report.json import to_json

        return to_json(report)
    if format_ == "html":
        from okrsync.report.html import to_html

        return to_html(report)
    if format_ == "markdown":
        from okrsync.report.markdown import to_markdown

        return to_markdown(report, templates=templates)
    from okrsync.report.terminal import to_terminal

    return to_terminal(report, color=color, width=shutil.get_terminal_size((100, 24)).columns)
