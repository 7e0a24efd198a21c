"""``okrsync run``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Exit, common_options, now, pass_app
from okrsync.language import _, run_on

if TYPE_CHECKING:
    from okrsync.config import Config
    from okrsync.publishing import PublishResult
    from okrsync.report.value import Report


@click.command(name="run")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests at once to each service."
)
@click.option("--executor", metavar="URL", help="Pull on a Dask cluster: dask://HOST:PORT. Needs PostgreSQL.")
@common_options
@pass_app
def command(app: App, jobs: int, executor: str | None) -> int:
    """Sync, measure, report and publish: what a scheduler calls.

    Safe to repeat: nothing is stored or published twice. When the week's page is new or has changed, the
    chats under `notify:` are told. A second run beside this one exits with 75.
    """
    from okrsync.cli.publish import bring
    from okrsync.cli.report import make
    from okrsync.cli.sync import opening, pull
    from okrsync.report.words import headline

    config = app.config()
    with opening(config, jobs=jobs) as opened:
        from okrsync.store.engine import run_lock

        engine = app.store(config)
        with run_lock(engine):
            pulled = pull(app, config, engine, opened, executor=executor)
            report = make(config, engine, None, None, history=True)
            app.say(headline(report))
            results = bring(app, config, engine, report)
    untold = tell_chats(app, config, report, results)
    published = sum(result.published is not None for result in results)
    if not pulled.failed and published == len(results) and not untold:
        return Exit.DONE
    return Exit.IN_PART if pulled.worked or published else Exit.NOTHING


def tell_chats(app: App, config: Config, report: Report, results: Sequence[PublishResult]) -> int:
    """Tell every chat of ``notify:`` when the week's page was written anew or changed; how many could not be told."""
    from okrsync.errors import SourceError
    from okrsync.notify import Message, safe_link, send
    from okrsync.report import words
    from okrsync.report.names import week_page

    page = week_page(report.as_of)
    written = [result.published for result in results if result.published and page in result.published.written]
    if not written:
        return 0
    address = next((one.links[page] for one in written if page in one.links), None)
    text = run_on(part for part in (words.headline(report), words.others(report)) if part)
    failed = 0
    for chat in config.notify:
        link = chat.link.replace("{page}", page) if chat.link else safe_link(address)
        try:
            send(chat, Message(words.title(report), text, link, page), now())
        except SourceError as error:
            app.error(str(error))
            failed += 1
        else:
            app.detail(_("{chat}: told").format(chat=chat.where))
    return failed
