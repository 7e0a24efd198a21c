"""``okrsync links``."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Day, common_options, now, pass_app, write_output
from okrsync.errors import ConfigError
from okrsync.language import N_, _

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from okrsync.config import Config
    from okrsync.model import Cycle, Link, Piece


@click.command(name="links")
@click.option("--kr", "key_result", metavar="KR", help="Only the work that serves this key result.")
@click.option("--unlinked", is_flag=True, help="Instead: the pieces of work in the cycle that serve no key result.")
@click.option("--suggest", "suggesting", is_flag=True, help="Instead: which key results unlinked work resembles.")
@click.option("--cycle", "cycle_id", metavar="ID", help="For unlinked work: the cycle (default: the one of --as-of).")
@click.option("--as-of", type=Day(), metavar="DATE", help="For unlinked work: the day to look from (default: today).")
@common_options
@pass_app
def command(
    app: App, key_result: str | None, unlinked: bool, suggesting: bool, cycle_id: str | None, as_of: date | None
) -> None:
    """Show which work serves which key result, and by which rule.

    One line an item, columns separated by tabs: key result, source, item, rule, title. With --unlinked: source and
    scope, item, state, title.

    With --suggest, which links nothing and is about unlinked work in any case: key result, score (0 to 1), the rule to
    paste under its `work:`, source and scope, item, title; the rule that would link most comes first.
    """
    from okrsync.reporting import cycle_for, today
    from okrsync.store.linking import link_all

    if unlinked and key_result is not None and not suggesting:
        raise ConfigError(_("{option} and --unlinked exclude each other").format(option="--kr"))
    config = app.config()
    known = [kr.id for objective in config.programme.objectives for kr in objective.key_results]
    if key_result is not None and key_result not in known:
        from okrsync.config_errors import did_you_mean

        raise ConfigError(
            _("there is no key result {key_result!r}{hint}").format(
                key_result=key_result, hint=did_you_mean(key_result, known)
            )
        )
    engine = app.store(config)
    # The rules may have changed since the last sync: what is shown is what they say now.
    link_all(engine, config.programme)
    if unlinked or suggesting:
        day = as_of or today(config, now())
        cycle = cycle_for(config.programme.cycles, day, cycle_id)
        if suggesting:
            lines = _suggested(app, engine, config, cycle, day, key_result)
        else:
            lines = _unlinked(engine, config, cycle, day)
    else:
        lines = _linked(app, engine, config, key_result)
    write_output("".join(f"{line}\n" for line in lines), None)


def _linked(app: App, engine: Engine, config: Config, key_result: str | None) -> list[str]:
    from okrsync.link import describe
    from okrsync.report.escape import clean
    from okrsync.store.read import listed_links

    lines, used = [], set()
    for link in listed_links(engine, sources=config.sources.keys(), key_result=key_result):
        used.add((link.key_result, link.rule))
        lines.append(
            "\t".join(clean(x) for x in (link.key_result, link.source, link.item_key, _why(link), link.item_title))
        )
    for objective in config.programme.objectives:
        for kr in objective.key_results:
            if key_result not in (None, kr.id):
                continue
            for index, rule in enumerate(kr.work, 1):
                if not any(kr_id == kr.id and words.startswith(f"work[{index}]:") for kr_id, words in used):
                    said = _("{key_result} {rule} matches nothing in the store")
                    said = said.format(key_result=kr.id, rule=describe(index, rule))
                    app.say(f"{kr.file}:{rule.line}: {said}")
    return lines


_THROUGH = {
    "parent": N_("{rule} (parent {key})"),
    "closes": N_("{rule} (closes {key})"),
    "names": N_("{rule} (names {key})"),
}


def _why(link: Link) -> str:
    """The rule, and the item that the link came through."""
    said = _THROUGH.get(link.reason)
    return link.rule if said is None else _(said).format(rule=link.rule, key=link.via)


def _unlinked(engine: Engine, config: Config, cycle: Cycle, as_of: date) -> list[str]:
    from okrsync.report.escape import clean

    return [
        "\t".join(
            clean(text)
            for text in (
                f"{piece.source}:{piece.scope}",
                piece.key,
                _state(piece),
                piece.title,
            )
        )
        for piece in _pieces(engine, config, cycle, as_of)
        if not piece.key_results
    ]


def _state(piece: Piece) -> str:
    if piece.done_at is None:
        return _("Open").lower()
    return _("Completed").lower() if piece.counts else _("dropped")


def _suggested(
    app: App, engine: Engine, config: Config, cycle: Cycle, as_of: date, key_result: str | None
) -> list[str]:
    from okrsync.report.escape import clean
    from okrsync.store.read import work_texts
    from okrsync.suggest import suggest

    goals = [
        (kr, objective)
        for objective in config.programme.objectives_of(cycle.id)
        for kr in objective.key_results
        if kr.retired is None or kr.retired.on > as_of
    ]
    pieces = _pieces(engine, config, cycle, as_of)
    found = [
        each
        for each in suggest(
            goals, work_texts(engine, [piece for piece in pieces if piece.done_at is None or piece.counts])
        )
        if key_result in (None, each.key_result)
    ]
    alike = sum(len(each.pieces) for each in found)
    unlinked = sum(not piece.key_results for piece in pieces)
    said = _("{alike:,} of {unlinked:,} unlinked pieces of work resemble a key result; nothing is linked by this")
    app.say(said.format(alike=alike, unlinked=unlinked))
    return [
        "\t".join(
            clean(text, 1000)
            for text in (
                each.key_result, f"{score:.2f}", each.rule, f"{piece.source}:{piece.scope}", piece.key, piece.title
            )
        )
        for each in found
        for piece, score in each.pieces
    ]  # fmt: skip


def _pieces(engine: Engine, config: Config, cycle: Cycle, as_of: date) -> list[Piece]:
    """All work of the cycle, each piece with the key results that it served when it was done."""
    from okrsync.dates import end_of, start_of
    from okrsync.reporting import served_when_done
    from okrsync.store.read import pieces

    key_results = {kr.id: kr for kr in config.programme.key_results_of(cycle.id)}
    found = pieces(
        engine,
        sources=config.sources.keys(),
        key_results=key_results,
        start=start_of(cycle.start, config.timezone),
        end=end_of(min(as_of, cycle.end), config.timezone),
        not_completed=config.not_completed,
        all_open=True,
    )
    return [served_when_done(piece, key_results, config.timezone) for piece in found]
