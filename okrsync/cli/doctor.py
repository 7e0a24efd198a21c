"""``okrsync doctor``."""

from __future__ import annotations

import click

from okrsync.cli.common import App, Exit, common_options, now, pass_app, write_output
from okrsync.language import N_, _

_MARKS = {"good": N_("ok     "), "warning": N_("warning"), "bad": N_("BAD    "), "note": N_("note   ")}


@click.command(name="doctor")
@common_options
@pass_app
def command(app: App) -> int:
    """Ask each source, outcome source and wiki, and say what a run would stumble over.

    Finds what cannot be reached or read, tokens that may not do what is needed or may do more than that, clocks and
    time zones that disagree, wikis that cannot be written, and work rules that match nothing. Nothing is pulled or
    published. Exit code 3 when something has to be mended, 4 when nothing can work; warnings change nothing.
    """
    from okrsync.doctor import examine
    from okrsync.http import one_line

    config = app.config()
    for problem in config.warnings:
        write_output(f"{_('warning')}  {one_line(str(problem), 1000)}\n", None)
    states: list[str] = []
    for check in examine(
        config,
        now(),
        lambda why, seconds: app.detail(_("waiting {seconds:.0f} s: {why}").format(seconds=seconds, why=why)),
    ):
        states.append(check.state)
        mark = _(_MARKS[check.state])
        lines = [f"{mark}  {one_line(check.about, 100)}: {one_line(check.message, 1000)}"]
        if check.action:
            lines.append(f"         {one_line(check.action, 1000)}")
        write_output("".join(f"{line}\n" for line in lines), None)
    if "bad" not in states:
        return Exit.DONE
    return Exit.IN_PART if "good" in states else Exit.NOTHING
