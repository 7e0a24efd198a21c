"""``okrsync check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Exit, common_options, now, pass_app
from okrsync.language import _, ngettext

if TYPE_CHECKING:
    from okrsync.findings.diagnose import Located


@click.command(name="check")
@common_options
@pass_app
def command(app: App) -> int:
    """Check that both files are valid, and that the OKRs are well formed.

    Exit code 1 when an OKR has an error, 2 when a file is not valid; warnings alone leave it at 0. Of cycles that have
    ended, only errors are shown, unless with --verbose. docs/findings.md explains each rule.
    """
    from okrsync.checking import check_goals
    from okrsync.reporting import today

    config = app.loaded()
    for problem in config.warnings:
        app.say(_("{problem} [warning]").format(problem=problem))
    errors = silenced = 0
    for cycle in config.programme.cycles:
        diagnosis = check_goals(config, cycle)
        say = app.detail if cycle.end < today(config, now()) else app.say
        for located in diagnosis.located:
            if located.finding.severity == "error":
                errors += 1
                click.echo(_line(located), err=True)
            else:
                say(_line(located))
        silenced += len(diagnosis.silenced)
        for each in diagnosis.silenced:
            said = _("{rule} of {subject} is silenced: {reason}")
            app.detail(said.format(rule=each.finding.rule, subject=each.finding.subject.id, reason=each.reason))
    objectives = len(config.programme.objectives)
    key_results = sum(len(objective.key_results) for objective in config.programme.objectives)
    cycles = len(config.programme.cycles)
    what = [
        ngettext("{count} cycle", "{count} cycles", cycles).format(count=cycles),
        ngettext("{count} objective", "{count} objectives", objectives).format(count=objectives),
        ngettext("{count} key result", "{count} key results", key_results).format(count=key_results),
    ]
    found = [ngettext("{count} error", "{count} errors", errors).format(count=errors)]
    if silenced:
        said = ngettext("{count} finding silenced", "{count} findings silenced", silenced)
        found.append(said.format(count=silenced))
    app.say(f"{config.path}: {_(', ').join(what)}{_('; ')}{_('; ').join(found)}")
    return Exit.FOUND if errors else Exit.DONE


def _line(located: Located) -> str:
    from okrsync.errors import Problem
    from okrsync.report.escape import clean
    from okrsync.report.words import SEVERITIES

    finding = located.finding
    text = clean(finding.message, 500)
    place = str(Problem(located.file, located.line, text)) if located.file is not None else text
    return f"{place} [{_(SEVERITIES[finding.severity])}] {finding.rule}"
