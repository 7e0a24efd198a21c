"""The report for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okrsync.dates import day_of
from okrsync.language import _, run_on
from okrsync.model import Judgement, Verdict
from okrsync.report import words
from okrsync.report.console import heading as _heading
from okrsync.report.console import new_console, printed
from okrsync.report.console import say as _say
from okrsync.report.escape import clean
from okrsync.report.modes import also, modes, sentence
from okrsync.report.sparkline import sparkline
from okrsync.report.value import Report, newest

if TYPE_CHECKING:
    from rich.console import Console

NAMED = 3
"""How many finished pieces of a busy key result are named."""
ID_WIDTH = 20
"""Characters of an id that are shown."""
WIDE = 110
"""From this width on there is room for longer series, units and dates."""

STYLES = {
    Verdict.BUSY: "bold red",
    Verdict.TOO_EARLY: "cyan",
    Verdict.NEGLECTED: "yellow",
    Verdict.BUILDING: "cyan",
    Verdict.UNATTRIBUTED: "magenta",
    Verdict.UNMEASURED: "yellow",
    Verdict.DELIVERING: "green",
    Verdict.ACHIEVED: "bold green",
    Verdict.RETIRED: "dim",
}


def to_terminal(report: Report, *, color: bool, width: int) -> str:
    """The report as lines of at most ``width`` columns (``console.MINIMUM`` at least), with a line feed at the end.

    Without ``color`` it is plain text without escape codes. Foreign text cannot steer the terminal.
    """
    console = new_console(color=color, width=width)
    _lead(console, report)
    _overview(console, report)
    _busy(console, report)
    _changes(console, report)
    _unlinked(console, report)
    _findings(console, report)
    _trust(console, report)
    _say(console, _(words.CLOSING), style="dim")
    return printed(console)


def _lead(console: Console, report: Report) -> None:
    _say(console, words.title(report), style="bold")
    _say(console, words.when(report), style="dim")
    console.print()
    _say(console, words.headline(report), style="bold")
    others = words.others(report)
    if others:
        _say(console, others)


def _overview(console: Console, report: Report) -> None:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    if not report.key_results:
        return
    wide = console.width >= WIDE
    titles = [
        *(_("verdict"), _("key result"), _("outcome"), _("now"), _("target"), _("done")),
        *([_("since")] if wide else []),
    ]
    rows = [(judgement, _cells(judgement, wide)) for judgement in report.key_results]
    widths = [max(map(cell_len, column)) for column in zip(titles, *(cells for _judgement, cells in rows), strict=True)]
    # Only titles give way: an id, a verdict or a number cut in half says something else.
    widths[1] = max(20, min(widths[1], console.width - (sum(widths) - widths[1]) - 2 * (len(widths) - 1)))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for number, (title, column) in enumerate(zip(titles, widths, strict=True)):
        numeric = number in (3, 4, 5)
        table.add_column(title, justify="right" if numeric else "left", width=column, no_wrap=True, overflow="ellipsis")
    for judgement, (verdict, *cells) in rows:
        table.add_row(Text(verdict, style=STYLES[judgement.verdict]), *map(Text, cells))
    console.print()
    console.print(table)


def _cells(judgement: Judgement, wide: bool) -> list[str]:
    key_result, outcome = judgement.key_result, judgement.outcome
    verdict = words.VERDICTS[judgement.verdict]
    line = sparkline([point.value for point in judgement.series], 16 if wide else 8)
    cells = [
        f"{verdict.mark} {verdict.name}",
        f"{clean(key_result.id, ID_WIDTH)} {clean(key_result.title)}",
        f"{line} {words.movement(judgement, short=not wide)}".strip(),
        words.now(judgement),
        words.target(judgement) if wide or words.target(judgement) == words.NOTHING else words.number(outcome.target),
        f"{judgement.activity.completed:,}",
    ]
    return [*cells, words.day(judgement.since)] if wide else cells


def _busy(console: Console, report: Report) -> None:
    busy = [judgement for judgement in report.key_results if judgement.verdict is Verdict.BUSY]
    if not busy:
        return
    _heading(console, _("Busy: {meaning}").format(meaning=words.VERDICTS[Verdict.BUSY].meaning))
    for judgement in busy:
        console.print()
        _busy_one(console, report, judgement)
    console.print()
    decide = _("To decide: {question}").format(question=words.VERDICTS[Verdict.BUSY].decide)
    _say(console, decide, style="bold", indent=2)


def _busy_one(console: Console, report: Report, judgement: Judgement) -> None:
    _say(console, words.name(judgement), style=STYLES[Verdict.BUSY], indent=2, hanging=2)
    about = [words.lasting(report, judgement), words.owner(report, judgement)]
    _say(console, " · ".join(part for part in about if part), style="dim", indent=4)
    if words.standing(judgement):
        _say(console, _("{sentence}.").format(sentence=words.standing(judgement)), indent=4)
    for reason in judgement.reasons:
        _say(console, f"- {reason}", indent=4, hanging=2)
    named = newest(judgement.completed, NAMED)
    for piece in named:
        done = "" if piece.done_at is None else f"{words.day(day_of(piece.done_at, report.zone))}{_(': ')}"
        _say(console, f"{done}{words.piece(piece)}", indent=4, hanging=2)
    if judgement.activity.completed > len(named) > 0:
        _say(console, words.more(judgement.activity.completed - len(named)), indent=4)


def _changes(console: Console, report: Report) -> None:
    closing = report.closing
    if closing is not None:
        _heading(console, _("What changed since the cycle ended on {day}").format(day=words.day(closing.as_of)))
        for id_, text in words.changes_since_end(closing):
            _say(console, f"{clean(id_, ID_WIDTH)}{_(': ')}{text}", indent=2)
        for sentence in words.after_the_end(closing):
            _say(console, sentence, indent=2, hanging=2)
    if not report.changes or (closing is not None and report.previous_as_of == closing.as_of):
        return
    _heading(console, _("What changed since {day}").format(day=words.day(report.previous_as_of)))
    for id_, text in words.changes(report):
        _say(console, f"{clean(id_, ID_WIDTH)}{_(': ')}{text}", indent=2)


def _unlinked(console: Console, report: Report) -> None:
    _heading(console, _("Work that serves no key result: {share}").format(share=words.serving_none(report)))
    if not report.unlinked.completed:
        return
    for scope, count in report.unlinked.by_scope:
        _say(console, f"{clean(scope, 60)}{_(': ')}{words.pieces(count)}", indent=2)
    named = _(", ").join(words.piece(piece) for piece in report.unlinked.examples)
    _say(console, _("Newest: {pieces}").format(pieces=named), indent=2, hanging=2)
    if report.unlinked.suggestions:
        _say(console, _(words.SUGGESTED), indent=2)
    for each in report.unlinked.suggestions:
        _say(console, words.suggestion(each), indent=4, hanging=2)
        _say(console, f"- {clean(each.rule, 1000)}", indent=6, hanging=2)


def _findings(console: Console, report: Report) -> None:
    _heading(console, _("The five failure modes"))
    for view in modes(report):
        console.print()
        meaning = words.MODES[view.mode].meaning
        lead = _("{name}: {state} ({meaning})").format(name=view.name, state=view.state, meaning=meaning)
        _say(console, lead, style="bold", indent=2, hanging=2)
        for same in view.groups:
            first = same[0]
            if first.severity == "info":
                continue
            said = run_on([sentence(first.message), *first.evidence])
            severity = _(words.SEVERITIES[first.severity])
            _say(console, f"{severity} {first.rule} {first.subject.id}{_(': ')}{said}", indent=4, hanging=2)
            _say(console, _("Next: {action}").format(action=first.action), indent=6)
            if len(same) > 1:
                _say(console, _("The same of {subjects}.").format(subjects=also(same)), indent=6)
        for gap in view.gaps:
            _say(console, gap, style="dim", indent=4, hanging=2)
    if report.silenced:
        silenced = _("Silenced by `ignore`: {findings}.").format(findings=words.findings(len(report.silenced)))
        _say(console, silenced, indent=2)
    _say(console, _(words.RULES_EXPLAINED), style="dim", indent=2)


def _trust(console: Console, report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    _heading(console, _("How far to trust this"))
    if report.sources:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("  " + _("source"), overflow="ellipsis", no_wrap=True)
        table.add_column(_("last read"), no_wrap=True)
        table.add_column(_("items"), justify="right", no_wrap=True)
        table.add_column(_("removed"), justify="right", no_wrap=True)
        table.add_column(_("state"), no_wrap=True)
        for status in report.sources:
            table.add_row(
                Text(f"  {clean(status.source, 60)}:{clean(status.scope, 60)}"),
                Text(words.moment(status.last_success, report.zone)),
                Text(words.number(status.items)),
                Text(words.number(status.removed)),
                Text(_(words.STATES[status.state]), style="" if status.state == "fresh" else "bold red"),
            )
        console.print(table)
        for status in report.sources:
            if status.error:
                _say(
                    console,
                    f"{clean(status.source, 60)}:{clean(status.scope, 60)}{_(': ')}{clean(status.error, 300)}",
                    style="red",
                    indent=2,
                    hanging=2,
                )
        _say(console, _("Times are those of {zone}.").format(zone=report.zone), style="dim", indent=2)
    else:
        _say(console, _("No source of work is configured: what was finished is not known."), indent=2)
    for judgement in report.key_results:
        reason = words.reading(judgement)
        if reason is not None:
            _say(console, f"{clean(judgement.key_result.id, ID_WIDTH)}{_(': ')}{reason}", indent=2, hanging=2)
    console.print()
